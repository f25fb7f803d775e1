"""The examples in the docstrings run and print what they say."""

import doctest
import importlib

import pytest

NAMES = ("arguments", "bands", "distances", "divergence", "hard", "soft", "timing", "wavefront")


@pytest.mark.parametrize("name", [*(f"alignment.{name}" for name in NAMES), "metrics.aligned"])
def test_examples(name):
    failures, attempted = doctest.testmod(importlib.import_module(f"jaxeval.{name}"))
    assert attempted > 0
    assert failures == 0
