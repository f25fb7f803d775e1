"""The examples in the docstrings run and print what they say, and every public name has what its reader needs."""

import doctest
import importlib
import inspect
import pkgutil
import re
import sys
from functools import cache
from types import ModuleType

import pytest

import jaxeval

MODULES = [module.name for module in pkgutil.walk_packages(jaxeval.__path__, "jaxeval.") if not module.ispkg]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failures, _ = doctest.testmod(importlib.import_module(name))
    assert failures == 0


def test_there_are_examples_in_every_floor():
    finder = doctest.DocTestFinder()
    for floor in (
        "alignment",
        "metrics",
        "encoders",
        "checkpoints",
        "media",
        "results",
        "scoring",
        "training",
        "report",
    ):
        modules = [importlib.import_module(name) for name in MODULES if name.startswith(f"jaxeval.{floor}.")]
        assert any(test.examples for module in modules for test in finder.find(module))


def public():
    """Every public name, those of public modules too, with what it is; a version is but a string."""
    for name in jaxeval.__all__:
        value = getattr(jaxeval, name)
        if isinstance(value, ModuleType):
            inside = {
                key: part for key, part in vars(value).items() if getattr(part, "__module__", "") == value.__name__
            }
            yield from ((f"{name}.{key}", part) for key, part in inside.items() if not key.startswith("_"))
        if name != "__version__":
            yield name, value


PUBLIC = dict(public())
FUNCTIONS = {name: value for name, value in PUBLIC.items() if callable(value) and not inspect.isclass(value)}
CLASSES = {name: value for name, value in PUBLIC.items() if inspect.isclass(value)}
OTHERS = PUBLIC.keys() - FUNCTIONS.keys() - CLASSES.keys()


def section(value, title):
    """The lines of a docstring's section."""
    found = re.search(rf"^{title}:\n((?:    .*\n|\n)+)", (inspect.getdoc(value) or "") + "\n\n", re.MULTILINE)
    return found[1] if found else ""


def told(value, title):
    """The names that a section explains, in their order."""
    named = re.findall(r"^    (\w+(?:, \w+)*): \S", section(value, title), re.MULTILINE)
    return [name for names in named for name in names.split(", ")]


@cache
def examples(module):
    """Name to the examples that `test_examples` runs."""
    found = doctest.DocTestFinder().find(importlib.import_module(module))
    return {test.name: test.examples for test in found}


def is_tried(value):
    """Whether its example is run, and prints something that is compared."""
    run = examples(value.__module__).get(f"{value.__module__}.{value.__qualname__}", [])
    return bool(section(value, "Example") and any(example.want for example in run))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_explains_every_parameter_and_its_result_by_an_example(name):
    function = FUNCTIONS[name]
    assert told(function, "Args") == list(inspect.signature(function).parameters)
    assert section(function, "Returns").strip()
    assert is_tried(function)


@pytest.mark.parametrize("name", CLASSES)
def test_a_public_class_has_its_attributes_or_an_example(name):
    explained = CLASSES[name]
    assert inspect.getdoc(explained).splitlines()[0].endswith((".", "`"))
    assert told(explained, "Attributes") or is_tried(explained)


@pytest.mark.parametrize("name", CLASSES)
def test_public_methods_are_explained(name):
    for key, method in vars(CLASSES[name]).items():
        if inspect.isfunction(method) and not key.startswith("_"):
            assert inspect.getdoc(method), key
            parameters = list(inspect.signature(method).parameters)[1:]
            assert not section(method, "Args") or told(method, "Args") == parameters, key


def test_they_are_all_that_there_are(capsys):
    assert [*OTHERS] == ["distances"]
    assert jaxeval.distances.__doc__
    assert len(PUBLIC) + 1 == len(jaxeval.__all__) + sum("." in name for name in PUBLIC)
    assert min(len(FUNCTIONS), len(CLASSES)) > 10
    assert {"score", "soft_dtw", "distances.cosine"} <= FUNCTIONS.keys()
    assert all(value.__module__ in sys.modules for value in (FUNCTIONS | CLASSES).values())
    with capsys.disabled():
        print(f"\n{len(PUBLIC)} public names explained: {len(FUNCTIONS)} functions and {len(CLASSES)} classes")
