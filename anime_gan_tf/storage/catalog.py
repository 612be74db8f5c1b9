"""Which runs there are, with the bundled ones, and which generator draws by default. Needs no
TensorFlow."""
from __future__ import annotations

import logging
import pathlib

from anime_gan_tf import recipes
from anime_gan_tf.errors import choose, Fault, UserError
from anime_gan_tf.storage import checkpoints, kinds, npz, schema

log = logging.getLogger(__name__)

# The perceptual Frechet distance of an evaluation at which a person recognizes faces, if crude
# ones, and the length of training after which this is likely: docs/experiments/recipes.md.
RECOGNIZABLE_FRECHET = 600.0
RECOGNIZABLE_KIMG = 20.0


def runs() -> dict[str, pathlib.Path]:
    """{name: path of the generator to draw with}: the newest run first, the bundled ones last."""
    folders = ((checkpoints.BUNDLED, "pretrained_*"), (checkpoints.ROOT, "*"))
    found = {path.parent.name: path for folder, pattern in folders
             for path in folder.glob(f"{pattern}/generator.npz")}
    # The bundled ones are last, however old the user's runs are.
    order = sorted(found,
                   key=lambda name: (name.startswith("pretrained_"), -_changed(found[name])))
    best = {name: found[name].with_name(checkpoints.BEST) for name in order}
    return {name: best[name] if best[name].exists() else found[name] for name in order}


def _changed(path):
    """The time of a file's last change; 0 for a broken link."""
    try:
        return path.stat().st_mtime
    except OSError:  # read_info() will report it
        return 0.0


def draws(info: dict) -> bool:
    """Whether a generator draws faces from noise, as an enlarger does not. info: of
    checkpoints.read_info()."""
    return not recipes.from_saved(info["recipe"]).enlarges


def draws_faces(info: dict) -> bool:
    """Whether a generator is trained well enough to draw recognizable faces. info: of
    checkpoints.read_info()."""
    if recipes.FRECHET in info.get("figures", {}):
        return info["figures"][recipes.FRECHET] <= RECOGNIZABLE_FRECHET
    return info["kimg"] >= RECOGNIZABLE_KIMG


def run_labels(run):
    """The Labels of an existing run; None if there is no such run.

    Raises:
      UserError: its run.json cannot be read.
    """
    path = checkpoints.ROOT / run / "run.json"
    if not path.is_file() or path.is_symlink():  # locking.py refuses links
        return None
    content = npz.read_json(path)
    kinds.check(path, schema.RUN, content)
    return schema.labels_of(content)


def check_labels(run, labels):
    """Refuses to resume a run with other Labels.

    Raises:
      UserError: the run has other Labels, or its run.json cannot be read.
    """
    before = run_labels(run)
    if before not in (None, labels):
        raise UserError("--axes", Fault.CONFLICT, f"{run} was trained with the labels "
                        f"{before.describe()}, not {labels.describe()}; go on with those, or name "
                        f"another run")


def find_generator(run: str | None = None, model: str | None = None, steered=None,
                   young: bool = False, subject: str = "--run") -> pathlib.Path:
    """The path of the generator to draw with: that of `run`, or the first of candidates().

    Args: run: name of a run, or path of a generator.npz; model, steered, young: as in candidates();
      subject: what `run` is called in an error.
    Raises:
      UserError: there is none; with the names of the existing runs.
    """
    if model:
        choose("--model", model, recipes.RECIPES)
    if run and run.lower().endswith(".npz"):
        return pathlib.Path(run)
    if run:
        found = runs()
        return found[choose(subject, run, sorted(found))]
    return candidates(model, steered, young)[0]


def candidates(model=None, steered=None, young=False, with_sliders=False):
    """Paths of the generators that may be the default, in the order of preference. There is a note
    if the first is not of the newest run, and for each run that cannot be read.

    First the runs that draw recognizable faces, the newest first and the bundled one last; then
    those that do not yet.

    Args: model: name of a recipe, for only its runs; steered: names of axes, for which generators
      that have them come first, or None; young: whether runs that draw no recognizable faces yet,
      and enlargers, are treated as the others; with_sliders: whether generators with sliders come
      before all others.
    Raises:
      UserError: there is none.
    """
    infos = {}
    for path in runs().values():
        try:
            checkpoints.weights(path)  # to check them
            infos[path] = checkpoints.read_info(path)
        except UserError as error:
            log.warning(f"note: left out: {error}")
    folder = checkpoints.ROOT.resolve()
    found = [path for path in infos
             if (infos[path]["model"] == model if model else young or draws(infos[path]))]
    if not found and model:
        raise UserError("--model", Fault.MISSING, f"no {model} is trained in {folder}/; start with "
                        f"--mode train --model {model}")
    if not found:
        raise UserError("--run", Fault.MISSING,
                        f"nothing is trained yet in {folder}/; start with --mode train")
    ready = lambda path: bool(model or young) or draws_faces(infos[path])
    tagged = lambda path: steered is None or bool(infos[path]["table"]) and set(steered) <= set(
        schema.labels_of(infos[path]).axes)
    slides = lambda path: not with_sliders or checkpoints.sliders_path(path).exists()
    newest = found[0]
    # Stable: the newest first.
    found.sort(key=lambda path: (not slides(path), not tagged(path), not ready(path)))
    if found[0] != newest:
        _say_why(newest, infos[newest], infos[found[0]]["run"], slides(newest), tagged(newest),
                 steered)
    return found


def _say_why(newest, info, chosen, slides, tagged, steered):
    """Logs why the default is not the newest run, and how to choose that."""
    if not slides:
        why = f"has no sliders yet (--mode sliders --run {newest.parent.name} finds them)"
    elif not tagged:
        why = (f"has no {' and '.join(steered)}" if info["table"] else "was trained without tags")
    elif "figures" in info:
        distance = info["figures"][recipes.FRECHET]
        why = (f"draws no faces yet (Frechet distance {distance:,.0f} after "
               f"{info['kimg']:,.0f} kimg, above {RECOGNIZABLE_FRECHET:g})")
    else:
        why = f"was trained for {info['kimg']:,.1f} kimg, fewer than {RECOGNIZABLE_KIMG:g}"
    run = newest.parent.name
    log.warning(f"note: {chosen} is used; your newest run, {run}, {why}; --run {run} uses it")
