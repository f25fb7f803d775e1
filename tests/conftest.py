"""Strict numerics for every test, and compiled programs let go before there are too many of them."""

import gc
from pathlib import Path

import jax
import pytest

MAPS = Path("/proc/self/maps")
MOST_MAPS = 20_000
"""Linux allows a process 65,530; every compiled program takes some, and where none is left the compiler crashes."""


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
