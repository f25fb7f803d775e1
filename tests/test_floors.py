"""The house keeps its floors: a module imports from its own floor and those below, never from above."""

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(importlib.util.find_spec("jaxeval").origin).parent
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
FLOORS = (
    ("compiled", "errors", "files", "numerics", "protocol"),
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
    ("api",),
    ("benchmark",),
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


def imported(path: Path, code: ast.AST | None = None) -> set[str]:
    """Absolute names of all that a module imports, at its head or inside a function."""
    names = set()
    package = ("jaxeval", *parts(path)[:-1])
    for node in ast.walk(code or tree(path)):
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


HEAVY = ("jax", "jaxlib", "flax", "orbax", "av")


class WithoutTypes(ast.NodeTransformer):
    """Leaves out what is imported for a type checker alone."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        named = {part.id for part in ast.walk(node.test) if isinstance(part, ast.Name)}
        named |= {part.attr for part in ast.walk(node.test) if isinstance(part, ast.Attribute)}
        return [self.visit(child) for child in node.orelse] if "TYPE_CHECKING" in named else self.generic_visit(node)


def module_of(path: Path) -> str:
    names = ("jaxeval", *parts(path))
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def uses(path: Path) -> Iterator[str]:
    """Modules that a module imports when it runs: of `from a import b`, b if it is a module, or else a."""
    known = {module_of(other) for other in MODULES}
    for name in imported(path, WithoutTypes().visit(tree(path))):
        found = name if name in known else name.rpartition(".")[0]
        if found in known:
            yield found


GRAPH = {module_of(path): set(uses(path)) for path in MODULES}


def test_no_module_comes_back_to_itself():
    try:
        order = list(TopologicalSorter(GRAPH).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' → '.join(reversed(error.args[1]))}")
    assert set(order) == set(GRAPH)


def test_the_graph_is_that_of_the_imports():
    """At a module's head, inside a function, relative or not, of a module or of a name in it; not of types alone."""
    assert {"jaxeval.errors", "jaxeval.scoring.run"} <= GRAPH["jaxeval.api"]
    assert "jaxeval.api" in GRAPH["jaxeval.cli.run_pairs"], "inside a function"
    assert "jaxeval.scoring.run" not in GRAPH["jaxeval.cli.run_pairs"], "for types alone"
    assert "jaxeval.alignment.distances" in GRAPH["jaxeval.scoring.plan"], "a module, from its folder"
    assert sum(map(len, GRAPH.values())) > 3 * len(GRAPH)
    with pytest.raises(CycleError):
        TopologicalSorter(GRAPH | {"jaxeval.errors": {"jaxeval.api"}}).prepare()


def without_heavy(code: str) -> subprocess.CompletedProcess[str]:
    """Run some code where the heavy packages can't even be looked for."""
    hook = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY}:
            raise AssertionError(f"{{name}} is looked for")  # which nobody catches, as one would an ImportError

sys.meta_path.insert(0, Absent())
"""
    check = f"\nassert not set({HEAVY}) & {{name.partition('.')[0] for name in sys.modules}}\n"
    return subprocess.run([sys.executable, "-c", hook + code + check], capture_output=True, text=True)


LIGHT = [module_of(path) for path in MODULES if parts(path)[0] == "results" or parts(path) == ("report", "table")]


def test_results_and_their_table_need_no_heavy_package():
    assert {"jaxeval.results", "jaxeval.results.compare", "jaxeval.report.table"} <= set(LIGHT)
    done = without_heavy("".join(f"import {name}\n" for name in LIGHT))
    assert done.returncode == 0, done.stderr


def test_the_hook_sees_them():
    for name in HEAVY:
        assert f"{name} is looked for" in without_heavy(f"import {name}").stderr


DOCUMENT = '{"clips": [{"id": "a", "scores": {"l1": 0.5}}, {"id": "b", "scores": {"l1": 0.25}}], "summary": {"l1": {}}}'


@pytest.mark.parametrize("options", [[], ["--json"], ["--csv"], ["--fail-if-worse", "l1"]], ids=str)
def test_compare_needs_no_heavy_package(tmp_path, options):
    (tmp_path / "scores.json").write_text(DOCUMENT)
    words = ["compare", str(tmp_path), str(tmp_path / "scores.json"), *options]
    run = f"""
from jaxeval.cli.main import main

try:
    main({words!r})
except SystemExit as stopped:
    assert stopped.code == 0
"""
    done = without_heavy(run)
    assert done.returncode == 0, done.stderr
    assert "l1" in done.stdout
