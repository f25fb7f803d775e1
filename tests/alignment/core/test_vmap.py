"""However pairs are batched, and in whatever pieces the recursion takes them, each has the result of its own."""

from functools import cache

import jax
import numpy as np
import pytest

from jaxeval.alignment import soft_dtw, soft_dtw_value_and_alignment

from ..oracles import random_cost, swept

GAMMA = 1e-2
SHAPES = ((64, 64), (20, 31))


@cache
def pairs(shape):
    """70 costs, lengths, and what the loops make of them."""
    rng = np.random.default_rng(1)
    costs = np.stack([random_cost(*shape, seed) for seed in range(70)])
    lengths = np.stack([rng.integers(1, size + 1, 70) for size in shape], axis=1).astype(np.int32)
    return costs, lengths, [expected(*pair) for pair in zip(costs, lengths, strict=True)]


def expected(cost, lengths, gamma=GAMMA):
    t, s = lengths
    value, alignment = swept(cost[:t, :s], float(np.float32(gamma)))
    return value, np.pad(alignment, ((0, cost.shape[0] - t), (0, cost.shape[1] - s)))


def agree(found, expected):
    for value, alignment, of_loop in zip(*found, expected, strict=True):
        np.testing.assert_allclose(value, of_loop[0], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(alignment, of_loop[1], atol=1e-5)


@jax.jit
@jax.vmap
def in_one_batch(cost, lengths):
    return soft_dtw_value_and_alignment(cost, gamma=GAMMA, lengths=lengths)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch", [1, 3, 33, 70])
def test_batches_that_fill_no_whole_chunks(shape, batch):
    costs, lengths, loops = pairs(shape)
    agree(in_one_batch(costs[:batch], lengths[:batch]), loops[:batch])


@pytest.mark.parametrize("batch", [33])
def test_a_batch_without_lengths(batch):
    costs = pairs(SHAPES[1])[0][:batch]
    found = jax.jit(jax.vmap(lambda cost: soft_dtw_value_and_alignment(cost, gamma=GAMMA)))(costs)
    agree(found, [expected(cost, cost.shape) for cost in costs])


FUNCTIONS = {
    "value-and-alignment": soft_dtw_value_and_alignment,
    "value-and-gradient": lambda cost, **options: jax.value_and_grad(soft_dtw)(cost, **options),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_vmap_of_vmap(function):
    costs, lengths, loops = pairs(SHAPES[1])

    def one(cost, lengths):
        return function(cost, gamma=GAMMA, lengths=lengths)

    found = jax.jit(jax.vmap(jax.vmap(one)))(costs[:6].reshape(2, 3, *SHAPES[1]), lengths[:6].reshape(2, 3, 2))
    agree([array.reshape(6, *array.shape[2:]) for array in found], loops[:6])


@pytest.mark.parametrize("in_axes", [(0, None, 0), (0, 0, None), (None, 0, None), (None, None, 0)], ids=str)
def test_what_isnt_batched_is_the_same_for_all(in_axes):
    costs, lengths, _ = pairs(SHAPES[1])
    arguments = (costs[:4], np.float32([1, 0.1, 1e-2, 1e-3]), lengths[:4])
    given = [array if axis == 0 else array[1] for array, axis in zip(arguments, in_axes, strict=True)]
    full = [array if axis == 0 else [array] * 4 for array, axis in zip(given, in_axes, strict=True)]

    def one(cost, gamma, lengths):
        return soft_dtw_value_and_alignment(cost, gamma=gamma, lengths=lengths)

    found = jax.jit(jax.vmap(one, in_axes=in_axes))(*given)
    agree(found, [expected(cost, pair, gamma) for cost, gamma, pair in zip(*full, strict=True)])


@pytest.mark.parametrize("outer", [(0, None), (None, 0)])
def test_gammas_and_pairs_of_a_grid(outer):
    costs, gammas = pairs(SHAPES[1])[0][:3], np.float32([0.0, 1.0])
    inner = tuple(None if axis == 0 else 0 for axis in outer)
    grid = jax.vmap(jax.vmap(lambda cost, gamma: soft_dtw(cost, gamma=gamma), in_axes=inner), in_axes=outer)
    found = jax.jit(grid)(costs, gammas)
    loops = np.array([[expected(cost, cost.shape, gamma)[0] for gamma in gammas] for cost in costs])
    np.testing.assert_allclose(found, loops if outer[0] == 0 else loops.T, rtol=1e-5)


@pytest.mark.parametrize(
    ("shape", "lengths"), [((700, 800), None), ((700, 800), (699, 350)), ((701, 640), None), ((700, 800), (3, 640))]
)
def test_large_matrices_go_in_strips(shape, lengths):
    cost = random_cost(*shape)
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=GAMMA, lengths=lengths)
    of_loop = expected(cost, lengths or shape)
    assert abs(float(value) - of_loop[0]) <= 1e-6 * max(abs(of_loop[0]), GAMMA * shape[0])
    np.testing.assert_allclose(alignment, of_loop[1], atol=1e-5)
