"""What holds for any costs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jaxeval.alignment import dtw, soft_dtw, soft_dtw_alignment, soft_dtw_divergence, soft_dtw_value_and_alignment
from jaxeval.alignment.distances import cosine, squared_euclidean

from .oracles import enumerated, inside

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


@settings(few, max_examples=10)
@given(costs, gammas, st.tuples(st.integers(2, 6), st.integers(2, 8)))
def test_transposing_transposes_within_a_band_and_lengths_too(cost, gamma, lengths):
    options = {"gamma": gamma, "band": 6}
    value, alignment = soft_dtw_value_and_alignment(cost, lengths=lengths, **options)
    value_t, alignment_t = soft_dtw_value_and_alignment(cost.T, lengths=lengths[::-1], **options)
    np.testing.assert_allclose(value, value_t, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(alignment, alignment_t.T, atol=1e-4)


@settings(few, max_examples=10)
@given(costs, gammas, st.integers(1, 6))
def test_band_0_of_equal_lengths_is_frame_wise(cost, gamma, length):
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=gamma, lengths=(length, length), band=0)
    frame_wise = np.diagonal(cost)[:length].sum(dtype=np.float64)
    np.testing.assert_allclose(value, frame_wise, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(alignment, np.eye(6, 8) * (np.arange(6) < length)[:, None], atol=1e-5)


@few
@given(costs, gammas, st.tuples(st.integers(1, 6), st.integers(1, 8)), st.sampled_from([np.nan, np.inf, -np.inf, 1e30]))
def test_what_padding_holds_changes_nothing(cost, gamma, lengths, junk):
    outside = np.ones(cost.shape, bool)
    outside[: lengths[0], : lengths[1]] = False
    found = soft_dtw_value_and_alignment(np.where(outside, np.float32(junk), cost), gamma=gamma, lengths=lengths)
    expected = soft_dtw_value_and_alignment(cost, gamma=gamma, lengths=lengths)
    jax.tree.map(np.testing.assert_array_equal, found, expected)


within = jax.jit(
    lambda cost, gamma, lengths, band: soft_dtw_value_and_alignment(cost, gamma=gamma, lengths=lengths, band=band),
    static_argnums=3,
)


@settings(few, max_examples=50)
@given(
    arrays(np.float32, (5, 5), elements=st.floats(-4, 4, width=32)),
    st.floats(0.1, 10),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.sampled_from([0, 1, 1.5, 2.5, None]),
)
def test_the_paths_inside_the_band_and_the_lengths_are_all_that_count(cost, gamma, lengths, band):
    t, s = lengths
    paths = inside(t, s, np.inf if band is None else band)
    value, alignment = within(cost, gamma, lengths, band)
    if not paths:
        assert np.isnan(value)
        with pytest.raises(ValueError, match="Expected band"):
            soft_dtw(cost, gamma=gamma, lengths=lengths, band=band)
        return
    expected, expected_alignment = enumerated(cost[:t, :s], gamma, paths)
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(alignment, np.pad(expected_alignment, ((0, 5 - t), (0, 5 - s))), atol=1e-5)


trajectories = arrays(np.float32, (6, 2), elements=numbers)


@jax.jit
def divergences(x, y, gamma):
    """Divergence and value of either distance."""

    def of(distance):
        value = soft_dtw(distance(x, y), gamma=gamma)
        return soft_dtw_divergence(x, y, distance=distance, gamma=gamma), value

    return of(squared_euclidean), of(cosine)


@few
@given(trajectories, trajectories, gammas)
def test_a_divergence_is_not_negative_and_exactly_0_of_itself(x, y, gamma):
    for divergence, value in divergences(x, y, gamma):
        assert divergence >= -1e-6 * (1 + abs(value))
    for divergence, _ in divergences(x, x.copy(), gamma):
        assert divergence == 0


@few
@given(trajectories, trajectories, gammas)
def test_a_divergence_in_float64_is_not_negative(x, y, gamma):
    with jax.enable_x64(True):
        for divergence, value in divergences(x.astype(np.float64), y.astype(np.float64), jnp.float64(gamma)):
            assert divergence >= -1e-9 * (1 + abs(value))
