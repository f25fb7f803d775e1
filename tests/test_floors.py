"""The house keeps its floors: a module imports from its own floor and those below, never from above."""

import ast
import importlib.util
from pathlib import Path

import pytest

PACKAGE = Path(importlib.util.find_spec("jaxeval").origin).parent
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
FLOORS = (
    ("errors", "files", "numerics", "protocol"),
    ("alignment",),
    ("encoders",),
    ("metrics",),
    ("media",),
    ("checkpoints",),
    ("perturb",),
    ("results",),
    ("scoring",),
    ("training",),
    ("report",),
    ("demo",),
    ("cli",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}
# Alignment and metrics are arrays in, numbers out: no networks' library, no file, nothing that reads one.
IMPURE = {"PIL", "av", "files", "flax", "glob", "io", "orbax", "os", "pathlib", "shutil", "tempfile"}


def parts(path: Path) -> tuple[str, ...]:
    return path.with_suffix("").parts


def tree(path: Path) -> ast.Module:
    return ast.parse((PACKAGE / path).read_text(encoding="utf-8"))


def is_pure(path: Path) -> bool:
    return parts(path)[0] in ("alignment", "metrics")


def imported(path: Path) -> set[str]:
    """Absolute names of all that a module imports, at its head or inside a function."""
    names = set()
    package = ("jaxeval", *parts(path)[:-1])
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*above, *filter(None, [node.module])))
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def floors_used(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name.startswith("jaxeval.")}


@pytest.mark.parametrize("path", [path for path in MODULES if parts(path)[0] in LEVEL], ids=str)
def test_imports_only_from_below(path):
    # A name that is no floor comes from the package itself, which stands above them all.
    above = {name for name in floors_used(path) if LEVEL.get(name, len(FLOORS)) > LEVEL[parts(path)[0]]}
    assert not above
    assert "jaxeval" not in imported(path)


@pytest.mark.parametrize("path", [*filter(is_pure, MODULES)], ids=str)
def test_pure_floors_touch_no_file_and_no_networks_library(path):
    assert not {name.split(".")[0] for name in imported(path)} & IMPURE
    assert not floors_used(path) & IMPURE
    calls = (node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
    assert not {function.id for function in calls if isinstance(function, ast.Name)} & {"open", "__import__"}


def test_every_module_has_its_floor():
    assert {parts(path)[0] for path in MODULES} - set(LEVEL) <= {"__init__"}
    assert {name for name, level in LEVEL.items() if level} >= {"alignment", "metrics", "encoders", "scoring"}
