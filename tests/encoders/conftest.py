"""Trained encoders, loaded once, and the reference data."""

import functools
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxeval.checkpoints import load_encoder

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session")
def trained():
    """`trained(name)` is the encoder with its weights."""
    return functools.cache(load_encoder)


@pytest.fixture(scope="session")
def run():
    """`run(encoder, frames)`, compiled once for each encoder and shape of frames."""
    return jax.jit(lambda encoder, frames: encoder(frames))


@pytest.fixture(scope="session")
def golden():
    """`golden(name)` is a reference file's arrays."""
    return functools.cache(lambda name: dict(np.load(GOLDEN / f"{name}.npz")))
