"""The structure of the package, read from its imports."""
import ast
import graphlib

import pytest
from conftest import ROOT

PACKAGE = ROOT / "anime_gan_tf"
# From the lowest layer to the highest; a module imports its own layer and those before it.
LAYERS = (("errors", "console", "tag_grammar", "labels", "published", "families", "losses",
           "optimizers", "recipes", "runtime"),
          ("storage",), ("data",), ("networks",), ("evaluation",), ("generation",), ("web",),
          ("training",), ("library", ""), ("cli", "__main__"))
MODULES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(
    "__init__").removesuffix("."): path for path in PACKAGE.rglob("*.py")}


def imports(path):
    """Names of modules of the package that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "anime_gan_tf":
            base = node.module.removeprefix("anime_gan_tf").removeprefix(".")
            for alias in node.names:
                if alias.name == "__version__":  # is there before anything is imported
                    continue
                name = f"{base}.{alias.name}".removeprefix(".")
                yield name if name in MODULES else base


def layer(name):
    return next(i for i, names in enumerate(LAYERS) if name.split(".")[0] in names)


@pytest.mark.parametrize("name", MODULES)
def test_nothing_imports_something_higher(name):
    for other in imports(MODULES[name]):
        assert other in MODULES and layer(other) <= layer(name), f"{name} imports {other}"


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith("cli.")
                                  and name != "library"])
def test_only_commands_and_the_library_import_inside_a_function(name):
    functions = [node for node in ast.walk(ast.parse(MODULES[name].read_text()))
                 if isinstance(node, ast.FunctionDef)]
    inner = [node for function in functions for node in ast.walk(function)
             if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert not inner, f"{name} imports in line {inner[0].lineno}"


def test_no_two_modules_import_each_other():
    graph = {name: set(imports(path)) - {name} for name, path in MODULES.items()}
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(MODULES)
