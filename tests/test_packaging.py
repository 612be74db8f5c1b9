"""The package as a wheel: what it needs, and that it draws where no clone is."""
import re
import shutil
import subprocess
import sys
import tomllib

from conftest import ROOT, user_environment

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def requirements(lines):
    """{package: version range}, without extras and markers."""
    found = {}
    for line in lines:
        match = re.match(r"([\w-]+)(?:\[[\w-]+\])?([^;#]*)", line.strip())
        if match:
            found.setdefault(match[1], set()).add(match[2].strip())
    return found


def test_requirements_are_what_the_package_and_its_tests_need():
    extras = PROJECT["optional-dependencies"]
    listed = requirements((ROOT / "requirements.txt").read_text().splitlines())
    assert listed == requirements([*PROJECT["dependencies"], *extras["gpu"], *extras["dev"]])


def test_a_wheel_draws_faces_elsewhere(tmp_path):
    source, site, home = (tmp_path / name for name in ("source", "site", "home"))
    # setuptools writes beside what it builds.
    shutil.copytree(ROOT / "anime_gan_tf", source / "anime_gan_tf",
                    ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index",
                    "--no-build-isolation", "--target", site, source], check=True)
    home.mkdir()
    files = lambda folder: {path.relative_to(folder) for path in folder.rglob("*.*")
                            if path.suffix != ".pyc" and path.is_file()}
    assert files(source / "anime_gan_tf") == files(site / "anime_gan_tf")
    environment = user_environment() | {"PYTHONPATH": str(site)}
    page = ("--mode", "page", "--out", "faces.html")  # draws faces, and has a program of its own
    module, script = ["-P", "-m", "anime_gan_tf"], [site / "bin/anime-gan"]
    outputs = []
    for program, words in ((script, page), (module, ["--help"]), (script, ["--help"])):
        done = subprocess.run([sys.executable, *program, *words], cwd=home, env=environment,
                              capture_output=True, text=True)
        assert done.returncode == 0 or words == ["--help"], done.stderr
        outputs.append(done.stdout)
    assert outputs[1] == outputs[2] and "--mode" in outputs[1]
    assert (home / "faces.html").stat().st_size > 1e6
