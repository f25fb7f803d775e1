"""Exact DTW and its path against all paths."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.alignment import dtw, dtw_path

from .oracles import enumerated, is_monotone_path, random_cost


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 4)])
@pytest.mark.parametrize("offset", [0.0, -0.5])
def test_the_path_is_monotone_and_attains_the_minimum_of_all_paths(shape, offset):
    for seed in range(5):
        cost = random_cost(*shape, seed=seed, offset=offset)
        path = np.asarray(dtw_path(cost))
        assert is_monotone_path(path, *shape)
        expected, _ = enumerated(cost, 0.0)
        np.testing.assert_allclose(cost[tuple(path.T)].sum(dtype=np.float64), expected, rtol=1e-6)
        np.testing.assert_allclose(dtw(cost), expected, rtol=1e-6)


@pytest.mark.parametrize("options", [{}, {"lengths": (50, 33)}, {"lengths": (3, 60), "band": 40}])
def test_the_cost_along_a_long_path_sums_to_dtw(options):
    cost = random_cost(50, 60)
    path = np.asarray(dtw_path(cost, **options))
    assert is_monotone_path(path, *options.get("lengths", cost.shape))
    np.testing.assert_allclose(cost[tuple(path.T)].sum(dtype=np.float64), dtw(cost, **options), rtol=1e-6)


def test_equal_costs_are_walked_diagonally():
    np.testing.assert_array_equal(dtw_path(jnp.zeros((4, 4))), np.arange(4)[:, None].repeat(2, axis=1))


@pytest.mark.parametrize("size", [3, 20])
def test_with_a_size_the_path_is_padded_and_batches(size):
    costs = jnp.stack([random_cost(5, 4, seed) for seed in range(3)])
    batch = jax.jit(jax.vmap(lambda cost: dtw_path(cost, size=size)))(costs)
    assert batch.shape == (3, size, 2)
    for cost, padded in zip(costs, batch, strict=True):
        path = np.full((20, 2), -1)
        own = dtw_path(cost)
        path[: len(own)] = own
        np.testing.assert_array_equal(padded, path[:size])


def test_a_traced_path_needs_a_size():
    with pytest.raises(ValueError, match=r"Expected size= under jit or vmap \(T \+ S - 1 = 8 always suffices\)"):
        jax.jit(dtw_path)(jnp.ones((4, 5)))


def test_without_a_finite_path_there_is_no_cell():
    assert dtw_path(jnp.full((3, 3), jnp.inf)).shape == (0, 2)
