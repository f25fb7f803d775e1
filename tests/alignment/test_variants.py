"""Soft-DTW's relatives against their definitions as sums over all paths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.alignment import (
    dtw,
    expected_path,
    lag,
    mean_cost,
    normalized_soft_dtw,
    sharp_soft_dtw,
    soft_dtw,
    soft_dtw_alignment,
)

from .oracles import differences, inside, random_cost, swept

SHAPE, GAMMA = (5, 4), 0.1
OPTIONS = [
    {},
    {"lengths": (4, 4)},
    {"lengths": (3, 2)},
    {"band": 2},
    {"band": 1.5, "lengths": (4, 3)},
]


def over_paths(cost, gamma=GAMMA, lengths=SHAPE, band=np.inf):
    """All paths of finite cost: their number of cells, their costs, their probabilities, and the value."""
    paths = inside(*lengths, band)
    totals = np.array([sum(np.float64(cost[cell]) for cell in path) for path in paths])
    counts = np.array([len(path) for path in paths])[np.isfinite(totals)]
    totals = totals[np.isfinite(totals)]
    weights = np.exp(-(totals - totals.min()) / gamma)
    return counts, totals, weights / weights.sum(), totals.min() - gamma * np.log(weights.sum())


def sharp(cost, **options):
    _, totals, shares, _ = over_paths(cost, **options)
    return totals @ shares


def mean(cost, **options):
    return over_paths(cost, **options)[1].mean()


def normalized(cost, **options):
    counts, _, shares, value = over_paths(cost, **options)
    return value / (counts @ shares)


def cost_with_forbidden_cells():
    cost = random_cost(*SHAPE)
    cost[1, 1] = cost[2, 3] = np.inf
    return cost


COSTS = {
    "random": random_cost(*SHAPE),
    "negative": random_cost(*SHAPE, offset=-0.5),
    "inf": cost_with_forbidden_cells(),
}
RELATIVES = {
    "sharp": (lambda cost, **options: sharp_soft_dtw(cost, gamma=GAMMA, **options), sharp),
    "mean": (mean_cost, mean),
    "normalized": (lambda cost, **options: normalized_soft_dtw(cost, gamma=GAMMA, **options), normalized),
}
relatives = pytest.mark.parametrize(("function", "oracle"), RELATIVES.values(), ids=RELATIVES)
options = pytest.mark.parametrize("options", OPTIONS, ids=str)


@relatives
@options
@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
def test_is_its_definition_over_all_paths(function, oracle, options, cost):
    np.testing.assert_allclose(function(cost, **options), oracle(cost, **options), rtol=1e-5, atol=1e-6)


@relatives
def test_padding_and_cells_outside_the_band_may_hold_anything(function, oracle):
    cost = np.full(SHAPE, np.nan, np.float32)
    cost[:4, :3] = random_cost(4, 3)
    cost[0, 2] = np.nan  # 3 frames from the line
    found = function(cost, lengths=(4, 3), band=1.5)
    np.testing.assert_allclose(found, oracle(cost, lengths=(4, 3), band=1.5), rtol=1e-5)


@relatives
@pytest.mark.parametrize("options", [{}, {"band": 1.5, "lengths": (4, 3)}], ids=str)
def test_without_a_path_it_is_inf_and_its_gradient_0(function, oracle, options):
    cost = random_cost(*SHAPE)
    cost[1] = np.inf
    value, gradient = jax.value_and_grad(lambda c: function(c, **options))(jnp.asarray(cost))
    assert value == np.inf
    np.testing.assert_array_equal(gradient, 0)


@relatives
@pytest.mark.parametrize("options", [{"lengths": (5, 3)}, {"lengths": (4, 3), "band": 1.5}], ids=str)
def test_the_gradient_is_the_definitions(function, oracle, options):
    point = random_cost(*SHAPE).astype(np.float64)
    expected = differences(lambda at: oracle(at.reshape(SHAPE), **options), point.reshape(-1)).reshape(SHAPE)
    with jax.enable_x64(True):
        found = jax.jit(jax.grad(lambda c: function(c, **options)))(jnp.asarray(point))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("gamma", [1.0, 1e-2, 1e-4])
def test_sharp_is_the_value_without_its_entropy_and_at_least_dtw(gamma):
    cost = random_cost(30, 20)
    value, slope = jax.value_and_grad(lambda g: soft_dtw(cost, gamma=g))(jnp.float32(gamma))
    found = sharp_soft_dtw(cost, gamma=gamma)
    np.testing.assert_allclose(found, value - gamma * slope, rtol=1e-5)
    assert dtw(cost) <= found * (1 + 1e-6)


def test_sharp_has_both_its_ends():
    cost = random_cost(30, 20)
    np.testing.assert_allclose(sharp_soft_dtw(cost, gamma=0.0), swept(cost, 0.0)[0], rtol=1e-6)
    np.testing.assert_allclose(sharp_soft_dtw(cost, gamma=1e6), mean_cost(cost), rtol=1e-4)


@pytest.mark.parametrize("lengths", [None, (12, 9), (7, 9), (5, 1), (1, 6)])
def test_expected_path_and_confidence_are_their_definitions(lengths):
    alignment = np.full((12, 9), np.nan, np.float32)
    t, s = lengths or alignment.shape
    alignment[:t, :s] = random_cost(t, s)
    mass = alignment[:t, :s].astype(np.float64)
    path, confidence = expected_path(alignment, lengths=lengths), lag(alignment, lengths=lengths).confidence
    np.testing.assert_allclose(path[:t], mass @ np.arange(s) / mass.sum(axis=1), atol=1e-5)
    np.testing.assert_array_equal(confidence[:t], mass.max(axis=1))
    assert np.isnan(path[t:]).all()
    assert np.isnan(confidence[t:]).all()


def test_expected_path_of_an_alignment_never_turns_back():
    path = np.asarray(expected_path(soft_dtw_alignment(random_cost(30, 20), gamma=0.1)))
    assert (np.diff(path) >= -1e-5).all()
    assert path.min() >= 0
    assert path.max() <= 19


@pytest.mark.parametrize("read", [expected_path, lambda alignment, **more: lag(alignment, **more).confidence])
def test_the_gradient_of_what_is_read_off_an_alignment(read):
    point = random_cost(4, 3).astype(np.float64)

    def total(cells):
        return jnp.square(read(cells.reshape(4, 3), lengths=(3, 3))[:3]).sum()

    with jax.enable_x64(True):
        function = jax.jit(total)
        expected = differences(lambda at: np.asarray(function(at)), point.reshape(-1))
        np.testing.assert_allclose(jax.jit(jax.grad(total))(point.reshape(-1)), expected, rtol=1e-7, atol=1e-8)
