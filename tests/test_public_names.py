"""The names that examples, documentation and users rely on."""

import subprocess
import sys

import pytest

import jaxeval


@pytest.mark.parametrize("name", jaxeval.__all__)
def test_every_public_name_is_there_and_explained(name):
    value = getattr(jaxeval, name)
    assert value.__doc__


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="No jaxeval attribute fid"):
        _ = jaxeval.fid


def test_alignment_and_metrics_bring_no_flax_along():
    code = "import sys, jaxeval, jaxeval.metrics.motion; sys.exit('flax' in sys.modules or 'orbax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
