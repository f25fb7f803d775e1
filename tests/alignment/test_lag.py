"""The lag against its definition in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.alignment import lag, soft_dtw_alignment

from .oracles import random_cost


@pytest.mark.parametrize("lengths", [None, (12, 9), (7, 9), (5, 1), (1, 6)])
def test_is_its_definition(lengths):
    alignment = np.full((12, 9), np.nan, np.float32)
    t, s = lengths or alignment.shape
    alignment[:t, :s] = random_cost(t, s)
    mass = alignment[:t, :s].astype(np.float64)
    expected = np.arange(t) - mass @ np.arange(s) / mass.sum(axis=1)
    result = lag(alignment, lengths=lengths)
    np.testing.assert_allclose(result.curve[:t], expected, atol=1e-5)
    assert np.isnan(result.curve[t:]).all()
    np.testing.assert_allclose((result.mean, result.std), (expected.mean(), expected.std()), atol=1e-5)


@pytest.mark.parametrize("k", [-3, 0, 2])
def test_a_clip_k_frames_late_has_lag_k(k):
    columns = np.clip(np.arange(20) - k, 0, 19)
    result = lag(np.eye(20, dtype=np.float32)[columns])
    np.testing.assert_array_equal(result.curve, np.arange(20) - columns)
    assert result.curve[10] == k


def test_gradients_are_finite_where_the_spread_is_0():
    cost = jnp.ones((6, 6)) - jnp.eye(6)

    def mean_and_spread(cost):
        _, mean, std, _ = lag(soft_dtw_alignment(cost, gamma=0.1, band=0))
        return mean + std

    assert np.isfinite(jax.jit(jax.grad(mean_and_spread))(cost)).all()
