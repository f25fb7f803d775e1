"""Strict numerics for every test, and where the shared material lies."""

import jax
import pytest


@pytest.fixture(autouse=True)
def _strict_numerics():
    """No silent dtype promotion and no silent rank promotion anywhere in the library."""
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        yield
