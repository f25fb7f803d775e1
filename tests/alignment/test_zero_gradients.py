"""Where a docstring promises a gradient of 0: at zero vectors, equal frames, silence, curves that don't move."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxeval
from jaxeval.alignment import distances
from jaxeval.metrics.identity import csim, id_distance
from jaxeval.metrics.smoothness import log_dimensionless_jerk
from jaxeval.metrics.voice_spectrum import voice_spectrum

RNG = np.random.default_rng(0)
VECTORS = RNG.standard_normal((3, 4)).astype(np.float32)
ONE_IS_ZERO = VECTORS * np.array([[1], [0], [1]], np.float32)
FRAMES = RNG.uniform(0.1, 0.9, (2, 162, 162, 3)).astype(np.float32)
SMALL = FRAMES[:, :64, :64]
MESH = RNG.uniform(0, 100, (2, 468, 3)).astype(np.float32)
STILL = np.ones((12, 3), np.float32)
LINE = np.arange(12, dtype=np.float32)[:, None] * np.ones((1, 3), np.float32)
CURVE = 5 * np.sin(np.arange(20, dtype=np.float32))
FORBIDDEN = np.full((3, 3), np.inf, np.float32)
ALL, SECOND = slice(None), slice(1, 2)


def shares(curve):
    found = jaxeval.timing(curve, fps=25.0)
    return found.beyond_40 + found.beyond_80 + found.beyond_160


def apart(x):
    return jaxeval.frechet_distance(jaxeval.moments(x), jaxeval.moments(jax.lax.stop_gradient(x)))


PROMISES = {
    "csim of a zero vector": (lambda x: csim(x, VECTORS), ONE_IS_ZERO, SECOND),
    "csim against a zero vector": (lambda y: csim(VECTORS, y), ONE_IS_ZERO, SECOND),
    "csim beside a zero vector": (lambda x: csim(x, ONE_IS_ZERO), VECTORS, SECOND),
    "csim of two": (lambda x: csim(x, ONE_IS_ZERO), ONE_IS_ZERO, SECOND),
    "cosine of a zero vector": (lambda x: distances.cosine(x, VECTORS), ONE_IS_ZERO, SECOND),
    "cosine against a zero vector": (lambda y: distances.cosine(VECTORS, y), ONE_IS_ZERO, SECOND),
    "cosine, aligned": (lambda x: jaxeval.soft_dtw(distances.cosine(x, VECTORS)), ONE_IS_ZERO, SECOND),
    "euclidean of equal frames": (lambda x: jnp.diagonal(distances.euclidean(x, VECTORS)), VECTORS, ALL),
    "id_distance of equal embeddings": (lambda x: id_distance(x, VECTORS), VECTORS, ALL),
    "psnr of identical frames": (lambda x: jaxeval.psnr(x, SMALL), SMALL, ALL),
    "ms_ssim of means below 0": (lambda x: jaxeval.ms_ssim(x, 1 - FRAMES), FRAMES, ALL),
    "lmd of points that coincide": (lambda x: jaxeval.lmd(x, MESH), MESH, ALL),
    "m_lmd of points that coincide": (lambda x: jaxeval.m_lmd(x, MESH), MESH, ALL),
    "head_motion where nothing moves": (lambda x: jaxeval.head_motion(x, LINE).degrees, STILL, ALL),
    "head_motion's ratio where the reference doesn't move": (lambda x: jaxeval.head_motion(LINE, x).ratio, STILL, ALL),
    "eye_openness of eyes without contrast": (lambda x: jaxeval.eye_openness(x, MESH), 0 * SMALL, ALL),
    "blink_rate": (partial(jaxeval.blink_rate, fps=25.0), RNG.uniform(-1, 1, (75, 2)).astype(np.float32), ALL),
    "tlpips of equal steps": (lambda x: jaxeval.tlpips(x, LINE[:, 0]), LINE[:, 0], ALL),
    "mouth_shape of points that coincide": (jaxeval.mouth_shape, 0 * MESH, ALL),
    "standardized_variates of a constant": (
        lambda x: jaxeval.standardized_variates(x, jnp.ones(x.shape[1])),
        STILL,
        ALL,
    ),
    "jerk where there is none": (partial(jaxeval.jerk, fps=25.0), LINE, ALL),
    "dimensionless jerk where nothing moves": (log_dimensionless_jerk, STILL, ALL),
    "dimensionless jerk where there is none": (log_dimensionless_jerk, LINE, ALL),
    "spectral arc length where nothing moves": (partial(jaxeval.spectral_arc_length, fps=25.0), STILL, ALL),
    "shares of a lag curve": (shares, CURVE, ALL),
    "cpbd": (jaxeval.cpbd, SMALL, ALL),
    "mfcc of silence": (jaxeval.mfcc, np.zeros(800, np.float32), ALL),
    "voice_spectrum of silence": (lambda x: voice_spectrum(x, count=3).values, np.zeros(1920, np.float32), ALL),
    "soft_dtw without a path": (jaxeval.soft_dtw, FORBIDDEN, ALL),
    "soft_dtw in gamma, at 0": (lambda gamma: jaxeval.soft_dtw(VECTORS, gamma=gamma), np.zeros((), np.float32), ALL),
}


@pytest.mark.parametrize("name", PROMISES)
def test_the_gradient_is_0(name):
    function, x, rows = PROMISES[name]
    slope = jax.jit(jax.grad(lambda x: jnp.sum(function(x))))(jnp.asarray(x))
    assert np.isfinite(slope).all()
    assert not np.any(slope[rows] if slope.ndim else slope)


def test_the_gradient_of_a_frechet_distance_of_equal_sets_is_0_up_to_rounding():
    x = jnp.asarray(RNG.standard_normal((40, 3)), jnp.float32)
    assert np.abs(jax.jit(jax.grad(apart))(x)).max() < 1e-5


@pytest.mark.parametrize("function", [csim, distances.cosine])
def test_values_at_a_zero_vector(function):
    expected = {csim: [0.0], distances.cosine: [[2.0]]}[function]
    for x, y in ((jnp.zeros((1, 4)), VECTORS[:1]), (VECTORS[:1], jnp.zeros((1, 4))), (jnp.zeros((1, 4)),) * 2):
        np.testing.assert_allclose(function(x, y), expected, atol=1e-6)
