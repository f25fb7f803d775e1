"""What holds for any costs."""

import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jaxeval.alignment import dtw, soft_dtw, soft_dtw_alignment, soft_dtw_divergence

few = settings(max_examples=25, deadline=None, derandomize=True)
numbers = st.floats(-100, 100, width=32)
costs = arrays(np.float32, (6, 8), elements=numbers)
gammas = st.floats(1e-3, 10)


@few
@given(costs, gammas)
def test_transposing_the_cost_transposes_the_alignment(cost, gamma):
    np.testing.assert_allclose(soft_dtw(cost, gamma=gamma), soft_dtw(cost.T, gamma=gamma), rtol=1e-5, atol=1e-4)
    alignment = soft_dtw_alignment(cost, gamma=gamma)
    np.testing.assert_allclose(alignment, soft_dtw_alignment(cost.T, gamma=gamma).T, atol=1e-4)


@few
@given(costs, gammas, gammas)
def test_more_smoothing_lowers_the_value(cost, gamma, more):
    slack = 1e-4
    assert soft_dtw(cost, gamma=max(gamma, more)) <= soft_dtw(cost, gamma=min(gamma, more)) + slack
    assert soft_dtw(cost, gamma=gamma) <= dtw(cost) + slack


@settings(few, max_examples=10)
@given(costs, gammas, st.permutations([2, 3.5, 6]))
def test_a_wider_band_lowers_the_value(cost, gamma, order):
    narrow, wide = sorted(order[:2])
    assert soft_dtw(cost, gamma=gamma, band=wide) <= soft_dtw(cost, gamma=gamma, band=narrow) + 1e-4
    assert soft_dtw(cost, gamma=gamma) <= soft_dtw(cost, gamma=gamma, band=wide) + 1e-4


@few
@given(costs, gammas)
def test_the_alignment_is_a_distribution_over_paths(cost, gamma):
    alignment = np.asarray(soft_dtw_alignment(cost, gamma=gamma), np.float64)
    assert alignment.min() >= 0
    assert alignment.max() <= 1 + 1e-5
    np.testing.assert_allclose(alignment[[0, -1], [0, -1]], 1, atol=1e-6)
    # A path takes one step in i + j or leaves one anti-diagonal out by a step of two.
    skewed = np.array([np.fliplr(alignment).trace(offset) for offset in range(7, -6, -1)])
    assert (skewed[:-1] + skewed[1:] >= 1 - 1e-4).all()
    assert (skewed <= 1 + 1e-4).all()


@few
@given(arrays(np.float32, (6, 2), elements=numbers), gammas)
def test_a_trajectory_is_exactly_0_from_itself(x, gamma):
    assert soft_dtw_divergence(x, jnp.array(x), gamma=gamma) == 0
