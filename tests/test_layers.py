"""The layers hold: an import points down the house, and no two modules need each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

LAYERS = ("base", "store", "track", "data", "models", "flow", "serve", "web", "cli")
SOURCE = Path(__file__).parents[1] / "src"
# These only re-export for users; no layer imports them, and they may import any.
SURFACE = {"instar", "instar.prep", "instar.rules", "instar.steps", "instar.__main__"}


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted((SOURCE / "instar").rglob("*.py"))}


def imports(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, module of ours) of every import, those under TYPE_CHECKING and inside functions included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name.split(".")[0] == "instar")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports are absolute here"
            source = node.module or ""
            if source.split(".")[0] == "instar":
                for alias in node.names:  # ``from instar.data import frames`` names a module, not a value
                    inner = f"{source}.{alias.name}"
                    yield node.lineno, inner if inner in MODULES else source


GRAPH = {name: list(imports(name, ast.parse(path.read_text("utf-8")))) for name, path in MODULES.items()}


def layer(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("module", sorted(set(MODULES) - SURFACE))
def test_a_module_imports_only_from_its_own_layer_and_those_below(module: str) -> None:
    assert layer(module) in LAYERS, f"{module}: no layer of the house"
    height = LAYERS.index(layer(module))
    for line, target in GRAPH[module]:
        where = f"{MODULES[module].name}:{line}: {module} imports {target}"
        assert target in MODULES, f"{where}, which does not exist"
        assert target not in SURFACE, f"{where}, which is for users only"
        assert LAYERS.index(layer(target)) <= height, f"{where}, which lies above it"


def test_no_two_modules_need_each_other() -> None:
    sorter = TopologicalSorter({name: {target for _, target in found} - {name} for name, found in GRAPH.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        pytest.fail("a cycle of imports: " + " -> ".join(error.args[1]))
