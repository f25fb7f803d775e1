"""CSIM and the identity distance against NumPy in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.stats import directional_stats

from jaxeval.metrics.identity import csim, id_distance, id_stability


@pytest.fixture
def embeddings():
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, 7, 128)).astype(np.float32)


def test_values(embeddings):
    x, y = embeddings.astype(np.float64)
    cosine = np.array([a @ b / np.sqrt(a @ a) / np.sqrt(b @ b) for a, b in zip(x, y, strict=True)])
    np.testing.assert_allclose(csim(*embeddings), cosine, atol=1e-6)
    np.testing.assert_allclose(id_distance(*embeddings), np.sqrt(((x - y) ** 2).sum(1)), rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-25, 1e20])
def test_scale_does_not_matter(embeddings, scale):
    x, y = embeddings
    np.testing.assert_allclose(csim(x * np.float32(scale), y), csim(x, y), atol=1e-6)


def test_squared_distance_of_unit_vectors_is_two_minus_two_csim(embeddings):
    x, y = (e / np.linalg.norm(e, axis=1, keepdims=True) for e in embeddings)
    np.testing.assert_allclose(id_distance(x, y) ** 2, 2 - 2 * csim(x, y), atol=1e-6)


@pytest.mark.parametrize("function", [csim, id_distance])
def test_gradient_at_zero_and_at_equality_is_finite(function):
    zero = jnp.zeros((1, 4))
    for x, y in ((zero, zero), (zero, zero + 1), (zero + 1, zero + 1)):
        assert np.isfinite(jax.grad(lambda a, b=y: function(a, b).sum())(x)).all()


@pytest.mark.parametrize("function", [csim, id_distance])
def test_jit_vmap_and_gradient(function, embeddings):
    x, y = embeddings
    np.testing.assert_allclose(jax.jit(function)(x, y), function(x, y), rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(function)(x[:, None], y[:, None])[:, 0], function(x, y), rtol=1e-6)
    with jax.enable_x64(True):
        check_grads(lambda a: function(a, jnp.asarray(y, jnp.float64)), (jnp.asarray(x, jnp.float64),), 1)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"Expected two equal shapes \[T, D\], got \(3, 4\) and \(2, 4\)"):
        csim(jnp.zeros((3, 4)), jnp.zeros((2, 4)))


def test_stability_is_scipys_mean_resultant_length(embeddings):
    x = embeddings[0] + np.float32(2)
    unit = x / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    assert id_stability(x) == pytest.approx(directional_stats(unit).mean_resultant_length, abs=1e-6)
    short = np.concatenate([x, np.full((3, 128), np.nan, np.float32)])
    assert id_stability(short, length=len(x)) == pytest.approx(float(id_stability(x)), abs=1e-6)
    assert id_stability(np.repeat(x[:1], 5, axis=0)) == pytest.approx(1, abs=1e-6)


def test_stabilitys_jit_vmap_and_gradient(embeddings):
    x = embeddings[0]
    np.testing.assert_allclose(jax.jit(id_stability)(x), id_stability(x), rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(id_stability)(embeddings), [id_stability(e) for e in embeddings], rtol=1e-5)
    opposite = jnp.array([[1.0, 0.0], [-1.0, 0.0]])
    np.testing.assert_array_equal(jax.grad(id_stability)(opposite), jnp.zeros((2, 2)))
    with jax.enable_x64(True):
        check_grads(id_stability, (jnp.asarray(x, jnp.float64),), 1)
    with pytest.raises(ValueError, match=r"Expected embeddings \[T, D\], got \(3,\)"):
        id_stability(jnp.zeros(3))
