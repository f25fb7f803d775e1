"""No scale of costs or γ, of one pair or of its neighbours in a batch, costs a digit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.alignment import dtw, soft_dtw_value_and_alignment

from .oracles import random_cost, random_walk, swept

SHAPES = ((500, 500), (150, 190))


def walks(t, s):
    cost = np.square(random_walk(t)[:, None] - random_walk(s, seed=1)).sum(axis=-1)
    return cost / cost.max()


COSTS = {"random": random_cost, "walks": walks}


def agree(found, expected, cost, gamma, atol):
    value, alignment = found
    tolerance = 1e-6 * max(abs(expected[0]), gamma * len(cost), np.abs(cost).max(where=np.isfinite(cost), initial=0))
    assert abs(float(value) - expected[0]) <= tolerance
    assert np.abs(alignment - expected[1]).max() <= atol


def holds(cost, gamma, atol):
    agree(soft_dtw_value_and_alignment(cost, gamma=gamma), swept(cost, gamma), cost, gamma, atol)


@pytest.mark.parametrize(("gamma", "atol"), [(1.0, 1e-5), (1e-3, 1e-5), (1e-4, 1e-3)])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("costs", COSTS.values(), ids=COSTS)
def test_small_gamma_on_long_clips(costs, shape, gamma, atol):
    holds(costs(*shape), gamma, atol)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("costs", COSTS.values(), ids=COSTS)
@pytest.mark.parametrize(("scale", "offset"), [(1, 1e3), (1e6, 0), (1e12, 0), (1, -0.5), (1e3, -500)])
def test_large_and_negative_costs(costs, shape, scale, offset):
    holds(np.float32(scale) * costs(*shape) + np.float32(offset), 1e-3, 1e-5)


@pytest.mark.parametrize("inside", [0.0, 1.0])
def test_a_labyrinth_whose_walls_leave_the_range_of_the_exponents(inside):
    # Three walls with a gap each, on alternating sides of the diagonal: the way along it is shut.
    cost = np.float32(inside) * random_cost(150, 190)
    cost[30], cost[30, 120:123] = 1e6, cost[31, 120:123]
    cost[:, 130], cost[110:112, 130] = 1e6, cost[110:112, 131]
    cost[135], cost[135, 180] = 1e6, 0
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=1e-4)
    expected, expected_alignment = swept(cost, 1e-4)
    assert expected_alignment[cost == 1e6].sum() == 0
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(alignment, expected_alignment, atol=1e-3)


def test_vanishing_gamma_is_exact_dtw():
    cost = random_cost(150, 190)
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=1e-30)
    assert value == dtw(cost)
    expected, path = swept(cost, 0.0)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    np.testing.assert_array_equal(alignment, path)


def test_bfloat16_is_float32_of_the_rounded_numbers():
    cost = jnp.asarray(random_cost(150, 190)).astype(jnp.bfloat16)
    holds(np.asarray(cost.astype(jnp.float32)), 1e-3, 1e-5)
    found = soft_dtw_value_and_alignment(cost, gamma=1e-3)
    wide = soft_dtw_value_and_alignment(cost.astype(jnp.float32), gamma=1e-3)
    jax.tree.map(np.testing.assert_array_equal, found, wide)


def test_a_pair_of_extreme_scale_takes_no_digit_from_its_neighbours():
    costs = np.stack([random_cost(60, 75, seed) * np.float32(scale) for seed, scale in enumerate((1, 1e12, 1e-6, 1))])
    values, alignments = jax.jit(jax.vmap(lambda c: soft_dtw_value_and_alignment(c, gamma=1e-3)))(costs)
    for cost, *found in zip(costs, values, alignments, strict=True):
        agree(found, swept(cost, 1e-3), cost, 1e-3, 1e-5)


@pytest.mark.parametrize("gammas", [(1.0, 1e-2, 1e-3, 1e2), (1.0, 0.0, 1e-30, 1e-3)])
def test_each_pair_may_have_a_gamma_of_its_own(gammas):
    cost = random_cost(60, 75)
    function = jax.vmap(lambda gamma: soft_dtw_value_and_alignment(cost, gamma=gamma))
    for gamma, *found in zip(gammas, *jax.jit(function)(np.float32(gammas)), strict=True):
        agree(found, swept(cost, float(np.float32(gamma))), cost, gamma, 1e-5)


@pytest.mark.parametrize("gamma", [1.0, 1e-3])
@pytest.mark.parametrize("offset", [0.0, -0.5])
def test_float64(gamma, offset):
    cost = random_cost(150, 190, offset=offset).astype(np.float64)
    with jax.enable_x64(True):
        value, alignment = soft_dtw_value_and_alignment(jnp.asarray(cost), gamma=gamma)
    expected, expected_alignment = swept(cost, gamma)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(alignment, expected_alignment, atol=1e-12)


@pytest.mark.parametrize("gamma", [1e-1, 1e-3, 1e-4])
@pytest.mark.parametrize("offset", [1e6, 8e6])
def test_equal_sums_of_large_costs_keep_their_shares(gamma, offset):
    # Whole numbers, of which many paths have the same sum: the shares hang on what is taken off it, 1e-13 of its size.
    cost = (np.random.default_rng(3).integers(0, 4, (100, 120)) + offset).astype(np.float32)
    expected, expected_alignment = swept(cost, gamma)
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=gamma)
    np.testing.assert_allclose(value, float(expected), rtol=1e-6)
    assert np.abs(alignment - np.asarray(expected_alignment, np.float64)).max() <= 1e-5
