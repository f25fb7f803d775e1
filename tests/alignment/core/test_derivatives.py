"""Derivatives of every kind against finite differences in float64, and float32 against float64."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.alignment import dtw, soft_dtw, soft_dtw_alignment
from tests.quickly import QUICKLY

from ..oracles import differences, looped, random_cost

quick = partial(jax.jit, compiler_options=QUICKLY)
COSTS = {"random": random_cost(4, 5), "tied": np.zeros((4, 5), np.float32)}


def value(point, lengths):
    """Soft-DTW as a function of one vector: a 4 × 5 matrix's cells, then γ."""
    return soft_dtw(point[:-1].reshape(4, 5), gamma=point[-1], lengths=lengths, band=3)


def alignment(point, lengths):
    return soft_dtw_alignment(point[:-1].reshape(4, 5), gamma=point[-1], lengths=lengths, band=3).reshape(-1)


@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
@pytest.mark.parametrize("lengths", [(4, 5), (3, 4)])
@pytest.mark.parametrize(
    ("function", "derivative"),
    [
        (value, quick(jax.jacfwd(value))),
        (value, quick(jax.jacrev(value))),
        (alignment, quick(jax.jacrev(alignment))),
        (quick(jax.grad(value)), quick(jax.jacfwd(jax.grad(value)))),
    ],
    ids=("value-fwd", "value-rev", "alignment-rev", "hessian-fwd"),
)
def test_cost_and_gamma(function, derivative, cost, lengths):
    with jax.enable_x64(True):
        point, lengths = np.append(cost.astype(np.float64), 0.3), jnp.array(lengths)
        expected = differences(lambda at: np.asarray(function(jnp.asarray(at), lengths)), point)
        np.testing.assert_allclose(derivative(jnp.asarray(point), lengths), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("gamma", [1e-1, 1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize("shape", [(40, 50), (40, 40)])
def test_derivative_in_gamma_keeps_its_digits_in_float32(gamma, offset, shape):
    cost = random_cost(*shape, offset=offset)
    _, _, expected = looped(cost, gamma)
    derivative = jax.grad(lambda g: soft_dtw(cost, gamma=g))(jnp.float32(gamma))
    np.testing.assert_allclose(derivative, expected, rtol=1e-5, atol=1e-30)


def test_the_loops_derivative_in_gamma_is_its_finite_difference():
    cost = random_cost(6, 7)
    plus, minus = (looped(cost, 0.1 + step)[0] for step in (1e-6, -1e-6))
    np.testing.assert_allclose(looped(cost, 0.1)[2], (plus - minus) / 2e-6, rtol=1e-8)


hessian_of_dtw = quick(jax.hessian(lambda cells: dtw(cells.reshape(4, 5))))


@pytest.mark.parametrize("cost", COSTS.values(), ids=COSTS)
def test_gamma_0_is_finite_and_has_no_slope(cost):
    result, slope = jax.value_and_grad(lambda g: soft_dtw(cost, gamma=g))(0.0)
    assert result == dtw(cost)
    assert slope == 0
    np.testing.assert_array_equal(hessian_of_dtw(jnp.asarray(cost).reshape(-1)), 0)


def test_ties_at_gamma_0_share_the_path():
    tied = jnp.array([[0.0, 0.0], [5.0, 0.0]])
    np.testing.assert_array_equal(soft_dtw_alignment(tied, gamma=0.0), [[1, 0.5], [0, 1]])


def test_vanishing_gamma_approaches_exact_dtw():
    cost = jnp.asarray(random_cost(20, 30))
    function = jax.jit(jax.value_and_grad(lambda c, g: soft_dtw(c, gamma=g), argnums=(0, 1)))
    for gamma in (1e-6, 1e-12, 1e-37):
        result, slopes = function(cost, gamma)
        np.testing.assert_allclose(result, dtw(cost), rtol=1e-5)
        assert all(np.isfinite(slope).all() for slope in slopes)
