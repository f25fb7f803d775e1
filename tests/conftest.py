"""Strict numerics for every test, compiled programs shared by all processes, and let go before they are too many."""

import ast
import atexit
import gc
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

if "JAX_COMPILATION_CACHE_DIR" not in os.environ:  # before JAX is there; workers and subprocesses inherit it
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="jaxeval-tests-")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.3")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # XLA warns of every program that it takes from there
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)

import jax
import pytest

SLOW = set(Path(__file__).with_name("slow.txt").read_text("utf-8").splitlines())
"""Tests, or single parameters of them, that take some seconds in all: see `pytest --durations=0 -m ""`."""
MAPS = Path("/proc/self/maps")
MOST_MAPS = 3_000
"""Linux allows a process 65,530; every compiled program takes some, and memory. What a later module needs of them is in
the folder above or compiled in no time."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the tests of `slow.txt`, and those that skip without an optional package."""
    for item in items:
        if not SLOW.isdisjoint((item.nodeid, item.nodeid.partition("[")[0])):
            item.add_marker(pytest.mark.slow)
        if not _skipping(item.path).isdisjoint(("", item.originalname)):
            item.add_marker(pytest.mark.oracle)


@cache
def _skipping(path: Path) -> set[str]:
    """Functions of a module that call `importorskip` themselves or name one that does, as fixtures are; "" for all."""
    words = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        parts = ((getattr(n, "id", ""), getattr(n, "attr", ""), getattr(n, "arg", "")) for n in ast.walk(node))
        words.setdefault(node.name if isinstance(node, ast.FunctionDef) else "", set()).update(*parts)
    found = {"importorskip"}
    while more := {name for name, used in words.items() if not used.isdisjoint(found)} - found:
        found |= more
    return found


@pytest.fixture(autouse=True)
def _strict_numerics():
    """No silent dtype promotion and no silent rank promotion anywhere in the library."""
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield


@pytest.fixture(autouse=True, scope="module")
def _compiled_programs_let_go():
    yield
    if MAPS.exists() and len(MAPS.read_bytes().splitlines()) > MOST_MAPS:
        jax.clear_caches()
        gc.collect()
