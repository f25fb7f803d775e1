"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import jaxeval

MODULES = [module.name for module in pkgutil.walk_packages(jaxeval.__path__, "jaxeval.") if not module.ispkg]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failures, _ = doctest.testmod(importlib.import_module(name))
    assert failures == 0


def test_there_are_examples_in_every_floor():
    finder = doctest.DocTestFinder()
    for floor in ("alignment", "metrics", "encoders", "checkpoints", "media", "scoring", "report"):
        modules = [importlib.import_module(name) for name in MODULES if name.startswith(f"jaxeval.{floor}.")]
        assert any(test.examples for module in modules for test in finder.find(module))
