"""The names that examples, documentation and users rely on."""

import ast
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import jaxeval


@pytest.mark.parametrize("name", jaxeval.__all__)
def test_every_public_name_is_there_and_explained(name):
    value = getattr(jaxeval, name)
    assert value.__doc__


def test_the_stub_that_type_checkers_read_names_them_all():
    stub = ast.parse(Path(jaxeval.__file__).with_suffix(".pyi").read_text("utf-8"))
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    named = {alias.asname or alias.name for node in imports for alias in node.names}
    assert sorted({*named, "__version__"}) == sorted(jaxeval.__all__)
    assert len(set(jaxeval.__all__)) == len(jaxeval.__all__)
    assert set(jaxeval.__all__) - {"__version__"} <= set(dir(jaxeval))


def test_the_version_is_that_of_the_package():
    assert jaxeval.__version__ == version("jaxeval")


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="No jaxeval attribute fid"):
        _ = jaxeval.fid


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import jaxeval, jaxeval.metrics.motion", ("flax", "orbax")),
        ("import jaxeval; jaxeval.JaxevalError, jaxeval.__version__", ("jax", "flax", "orbax", "av", "polars")),
    ],
)
def test_a_name_brings_along_what_it_needs_and_nothing_else(code, absent):
    code = f"import sys; {code}; sys.exit(any(name in sys.modules for name in {absent}))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
