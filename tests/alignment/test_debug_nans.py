"""`jax_debug_nans` and `jax_debug_infs` find nothing in any public function: where NaN is met, it is the input's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.quickly import XLA_FLAGS

from .every_function import CASES

LONG = {"niqe", "ms_ssim", "cpbd", "canny", "registration", "misregistered"}


def run(names):
    script = Path(__file__).with_name("under_debug_nans.py")
    command, environment = [sys.executable, script, *names], os.environ | {"XLA_FLAGS": XLA_FLAGS}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)


@pytest.mark.parametrize(
    "names", [CASES.keys() - LONG, pytest.param(LONG, marks=pytest.mark.slow)], ids=["most", "long"]
)
def test_nothing_that_is_no_number_is_made(names):
    done = run(sorted(names))
    assert done.returncode == 0, done.stderr
