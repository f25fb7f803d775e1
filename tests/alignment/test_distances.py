"""Distances against SciPy in float64, and their gradients where a norm is 0."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.spatial.distance import cdist

from jaxeval.alignment.distances import cosine, euclidean, squared_euclidean

DISTANCES = {
    "squared_euclidean": (squared_euclidean, lambda x, y: cdist(x, y, "sqeuclidean")),
    "euclidean": (euclidean, cdist),
    "cosine": (cosine, lambda x, y: 2 * cdist(x, y, "cosine")),
}
parametrize = pytest.mark.parametrize(("distance", "oracle"), DISTANCES.values(), ids=DISTANCES)


def pair(t=9, s=7, dimensions=5):
    rng = np.random.default_rng(0)
    return rng.normal(size=(t, dimensions)).astype(np.float32), rng.normal(size=(s, dimensions)).astype(np.float32)


@parametrize
def test_agrees_with_scipy(distance, oracle):
    x, y = pair()
    expected = oracle(x.astype(np.float64), y.astype(np.float64))
    np.testing.assert_allclose(distance(x, y), expected, rtol=1e-6, atol=1e-7)
    with jax.enable_x64(True):
        np.testing.assert_allclose(distance(x.astype(np.float64), y.astype(np.float64)), expected, rtol=1e-13)


@parametrize
def test_near_frames_keep_their_digits(distance, oracle):
    x, _ = pair()
    y = x + np.float32(1e-3)
    expected = oracle(x.astype(np.float64), y.astype(np.float64))
    np.testing.assert_allclose(np.diagonal(distance(x, y)), np.diagonal(expected), rtol=1e-3)
    np.testing.assert_array_equal(np.diagonal(distance(x, x)), 0)


@parametrize
def test_gradients_and_batches(distance, oracle):
    x, y = pair(4, 3)
    check_grads(jax.jit(distance), (x, y), order=1, modes=("rev",), atol=1e-2, rtol=1e-2)
    batch = jax.jit(jax.vmap(distance))(jnp.stack([x, x + 1]), jnp.stack([y, y]))
    np.testing.assert_allclose(batch[1], oracle(x + 1, y), rtol=1e-5)


@parametrize
def test_equal_and_zero_frames_have_a_finite_gradient(distance, oracle):
    x = np.zeros((3, 4), np.float32)
    x[0] = 1
    gradients = jax.jit(jax.grad(lambda a, b: distance(a, b).sum(), argnums=(0, 1)))(x, x)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_a_zero_vector_is_2_from_everything():
    x = np.array([[0, 0], [3, 4]], np.float32)
    np.testing.assert_array_equal(cosine(x, x), [[2, 2], [2, 0]])


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_cosine_knows_no_scale(scale):
    x, y = pair()
    np.testing.assert_allclose(cosine(np.float32(scale) * x, y), cosine(x, y), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.int32])
def test_narrow_types_are_widened(dtype):
    assert squared_euclidean(jnp.ones((2, 3), dtype), jnp.ones((2, 3), dtype)).dtype == jnp.float32


@parametrize
@pytest.mark.parametrize("shapes", [((3, 4), (3, 5)), ((3,), (3, 4)), ((2, 3, 4), (3, 4))])
def test_wrong_shapes_are_told(distance, oracle, shapes):
    with pytest.raises(ValueError, match=r"Expected trajectories \[T, D\] and \[S, D\] of the same D, got shapes"):
        distance(*map(jnp.ones, shapes))
