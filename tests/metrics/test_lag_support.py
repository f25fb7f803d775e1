"""The support of a lag: its definition by loops, and lags that are right, wrong and open."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.alignment import lag, soft_dtw_alignment
from jaxeval.metrics.lag_support import lag_support
from jaxeval.results.flags import TRUSTED


def walk(seed=0, count=100):
    return np.cumsum(np.random.default_rng(seed).normal(size=(count, 6)), axis=0)


def costs(x, y):
    return np.square(x[:, None] - y[None]).sum(axis=-1).astype(np.float32)


def by_loops(cost, curve):
    t, s = cost.shape
    partner = [k - round(float(np.mean(curve[max(0, k - 12) : k + 13]))) for k in range(t)]
    shares = []
    for shift in (*range(-10, -1), *range(2, 11)):
        differences = {
            k: float(cost[k, p + shift]) - float(cost[k, p])
            for k, p in enumerate(partner)
            if 0 <= p < s and 0 <= p + shift < s
        }
        batches = [sum(differences.get(k, 0.0) for k in range(start, start + 10)) for start in range(0, t, 10)]
        if 2 * len(differences) >= t:
            shares.append(sum(batches) / sum(map(abs, batches)))
    return min(shares, default=1.0)


def drifting(count, rate):
    """Not on a half, where NumPy and JAX could round a mean differently."""
    return (rate * np.arange(count) + 0.1234).astype(np.float32)


@pytest.mark.parametrize(("count", "other"), [(60, 60), (47, 71), (83, 58)])
@pytest.mark.parametrize("rate", [0.0, 0.05, -0.08])
def test_it_is_its_definition(count, other, rate):
    cost, curve = costs(walk(1, count), walk(2, other)), drifting(count, rate)
    expected = by_loops(cost, curve)
    np.testing.assert_allclose(lag_support(jnp.asarray(cost), jnp.asarray(curve)), expected, rtol=1e-4, atol=1e-6)
    padded = np.full((count + 9, other + 7), np.nan, np.float32)
    padded[:count, :other] = cost
    filled = np.concatenate([curve, np.full(9, np.nan, np.float32)])
    traced = jax.jit(lambda c, late, n: lag_support(c, late, lengths=n))(
        padded, filled, (jnp.int32(count), jnp.int32(other))
    )
    np.testing.assert_allclose(traced, expected, rtol=1e-4, atol=1e-6)


def found(cost, gamma=1.0):
    curve = lag(soft_dtw_alignment(jnp.asarray(cost), gamma=gamma)).curve
    return float(jnp.mean(curve)), float(lag_support(jnp.asarray(cost), curve))


@pytest.mark.parametrize("delay", [0, 4])
def test_the_lag_of_a_clip_that_is_only_late_is_trusted(delay):
    y = walk()
    mean, support = found(costs(y[np.maximum(np.arange(100) - delay, 0)], y))
    assert mean == pytest.approx(delay, abs=0.3)
    assert support > 0.9


def test_a_late_clip_whose_every_frame_is_dear_reads_0_and_is_not_trusted():
    y = walk()
    late = y[np.maximum(np.arange(100) - 4, 0)]
    mean, support = found(costs(late, y) + np.float32(1e4))
    assert mean == pytest.approx(0, abs=0.1)
    assert support < 0


def test_unlike_clips_have_no_lag_to_trust():
    matrices = []
    for seed in range(40):
        x, y = np.sin(0.5 * np.cumsum(np.random.default_rng(seed).normal(size=(2, 100, 6)), axis=1))
        matrices.append(costs(x, y))

    @jax.jit
    @jax.vmap
    def support(cost):
        return lag_support(cost, lag(soft_dtw_alignment(cost, gamma=0.1)).curve)

    assert np.mean(support(jnp.stack(matrices)) >= TRUSTED) <= 0.05


@pytest.mark.parametrize("count", [1, 5, 39])
def test_a_short_clip_has_none(count):
    cost = jnp.asarray(costs(walk(0, count), walk(0, count)))
    assert lag_support(cost, jnp.zeros(count)) == 0


def test_nothing_moves_and_gradients_are_zero():
    assert lag_support(jnp.ones((60, 60)), jnp.zeros(60)) == 0
    gradient = jax.grad(lambda c: lag_support(c, jnp.zeros(60)))(jnp.asarray(costs(walk(0, 60), walk(1, 60))))
    np.testing.assert_array_equal(gradient, 0)


def test_under_vmap():
    batch = jnp.stack([jnp.asarray(costs(walk(k, 60), walk(k + 1, 60))) for k in range(2)])
    together = jax.vmap(lambda c: lag_support(c, jnp.zeros(60)))(batch)
    np.testing.assert_allclose(together, [lag_support(c, jnp.zeros(60)) for c in batch], rtol=1e-5)


def test_a_curve_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"Expected a curve \[60\] beside costs \(60, 50\), got shape \(50,\)"):
        lag_support(jnp.ones((60, 50)), jnp.zeros(50))
