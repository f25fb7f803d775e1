"""A band's costs computed from features block by block, against all costs with those outside the band forbidden."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from jaxeval import aligned
from jaxeval.alignment import soft_dtw_divergence
from jaxeval.alignment.band_costs import band_costs, fill_padding
from jaxeval.alignment.core.banded import cells
from jaxeval.alignment.distances import cosine, squared_euclidean
from tests.quickly import QUICKLY

from .oracles import differences, members, only_inside, random_walk, swept

BAND, GAMMA = 6, 0.5
SHAPE = (30, 41)
LENGTHS = [SHAPE, (30, 30), (17, 20), (25, 38)]
DISTANCES = {
    "squared_euclidean": (squared_euclidean, lambda x, y: cdist(x, y, "sqeuclidean")),
    "cosine": (cosine, lambda x, y: 2 * cdist(x, y, "cosine")),
}
distances = pytest.mark.parametrize(("distance", "oracle"), DISTANCES.values(), ids=DISTANCES)


def batch():
    """Trajectories of four pairs of different lengths, NaN in padding."""
    xs, ys = (np.stack([random_walk(size, seed=seed + k) for seed in range(4)]) for k, size in enumerate(SHAPE))
    for x, y, (t, s) in zip(xs, ys, LENGTHS, strict=True):
        x[t:], y[s:] = np.nan, np.nan
    return xs, ys, np.array(LENGTHS, np.int32)


def cut():
    for x, y, (t, s) in zip(*batch(), strict=True):
        yield x[:t].astype(np.float64), y[:s].astype(np.float64)


def by_anti_diagonals(cost, band, shape):
    """Cell (i, j) of a band in lane i modulo W of anti-diagonal i + j."""
    laid_out = np.zeros(shape)
    for i, j in np.argwhere(members(*cost.shape, band)):
        laid_out[i + j, i % shape[1]] += cost[i, j]
    return laid_out


@distances
def test_costs_are_those_inside_the_band_and_else_0(distance, oracle):
    @jax.jit
    @jax.vmap
    def costs(x, y, lengths):
        return band_costs(distance, *fill_padding(x, y, lengths), tuple(lengths), BAND)

    for found, (x, y) in zip(costs(*batch()), cut(), strict=True):
        expected = by_anti_diagonals(oracle(x, y), BAND, found.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        assert len(found) == sum(SHAPE) + 1


@pytest.mark.parametrize(("t", "s", "band"), [(9, 9, 0), (60, 60, 3), (12, 40, 2.5), (40, 12, 2.5), (1, 4, 3)])
def test_costs_of_static_shapes(t, s, band):
    x, y = random_walk(t), random_walk(s, seed=1)
    found = band_costs(squared_euclidean, x, y, None, band)
    expected = by_anti_diagonals(cdist(x, y, "sqeuclidean"), band, found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def of_pairs(x, y, oracle):
    """Value and alignment of xy, xx and yy with all cells outside the band forbidden."""
    return [swept(only_inside(oracle(*pair), BAND), GAMMA) for pair in ((x, y), (x, x), (y, y))]


def test_the_divergence_is_that_of_the_forbidden_costs():
    distance, oracle = DISTANCES["cosine"]

    def divergence(x, y, lengths):
        return soft_dtw_divergence(x, y, distance=distance, gamma=GAMMA, lengths=lengths, band=BAND)

    for found, (x, y) in zip(jax.jit(jax.vmap(divergence))(*batch()), cut(), strict=True):
        xy, xx, yy = (value for value, _ in of_pairs(x, y, oracle))
        np.testing.assert_allclose(found, xy - (xx + yy) / 2, rtol=1e-5, atol=1e-5 * abs(xy))


def test_gradients_are_those_of_the_forbidden_costs_and_0_in_padding():
    def divergence(x, y, lengths):
        return soft_dtw_divergence(x, y, gamma=GAMMA, lengths=lengths, band=BAND)

    gradients = jax.jit(jax.vmap(jax.grad(divergence, argnums=(0, 1))))(*batch())
    for dx, dy, (x, y) in zip(*gradients, cut(), strict=True):
        np.testing.assert_array_equal(dx[len(x) :], 0)
        np.testing.assert_array_equal(dy[len(y) :], 0)
        (_, xy), (_, xx), (_, yy) = of_pairs(x, y, DISTANCES["squared_euclidean"][1])
        for found, a, b, ab, aa in ((dx, x, y, xy, xx), (dy, y, x, xy.T, yy)):
            # ∂/∂a of Σ_ij E_ij |a_i − b_j|², less half of the same with b = a.
            own = (aa + aa.T) / 2
            expected = 2 * (ab.sum(axis=1)[:, None] * a - ab @ b) - 2 * (own.sum(axis=1)[:, None] * a - own @ a)
            np.testing.assert_allclose(found[: len(a)], expected, rtol=1e-4, atol=1e-4)


def test_a_gradient_is_the_finite_difference():
    def divergence(point):
        x, y = point[:14].reshape(7, 2), point[14:].reshape(5, 2)
        return soft_dtw_divergence(x, y, distance=cosine, gamma=GAMMA, lengths=(6, 5), band=2.5)

    point = np.concatenate([random_walk(7, 2).reshape(-1), random_walk(5, 2, seed=1).reshape(-1)]).astype(np.float64)
    with jax.enable_x64(True):
        value, gradient = (jax.jit(f, compiler_options=QUICKLY) for f in (divergence, jax.grad(divergence)))
        expected = differences(lambda at: np.asarray(value(at)), point)
        np.testing.assert_allclose(gradient(point), expected, rtol=1e-6, atol=1e-8)
        np.testing.assert_array_equal(gradient(point)[12:14], 0)


def test_a_second_derivative_is_the_finite_difference_of_the_first():
    def divergence(point):
        return soft_dtw_divergence(point[:14].reshape(7, 2), point[14:].reshape(5, 2), gamma=GAMMA, band=2.5)

    point, direction = np.random.default_rng(0).normal(size=(2, 24))
    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(divergence), compiler_options=QUICKLY)
        second = jax.jit(lambda at: jax.jvp(jax.grad(divergence), (at,), (direction,))[1], compiler_options=QUICKLY)
        found = second(point)
        expected = (gradient(point + 1e-5 * direction) - gradient(point - 1e-5 * direction)) / 2e-5
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


def test_the_metric_is_that_of_the_forbidden_costs():
    distance, oracle = DISTANCES["squared_euclidean"]
    metric = aligned(distance, gamma=GAMMA, band=BAND)
    scores = jax.jit(jax.vmap(metric))(*batch())
    for index, (x, y) in enumerate(cut()):
        score = jax.tree.map(lambda values, index=index: np.asarray(values[index]), scores)
        (t, s), frames = (len(x), len(y)), max(len(x), len(y))
        (xy, alignment), (xx, _), (yy, _) = of_pairs(x, y, oracle)
        curve = np.arange(t) - alignment @ np.arange(s) / alignment.sum(axis=1)
        np.testing.assert_allclose(score.framewise, np.diagonal(oracle(x, y)).mean(), rtol=1e-5)
        np.testing.assert_allclose(score.seq, xy / frames, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(score.divergence, (xy - (xx + yy) / 2) / frames, rtol=1e-5, atol=1e-5 * abs(xy))
        np.testing.assert_allclose((score.lag, score.lag_std), (curve.mean(), curve.std()), atol=1e-4)
        np.testing.assert_allclose(score.alignment[:t, :s], alignment, atol=1e-5)
        assert not score.alignment[t:].any()
        assert not score.alignment[:, s:].any()


def memory(frames):
    def total(x, y):
        score = aligned(squared_euclidean, band=5)(x, y)
        return score.framewise + score.seq + score.divergence + score.lag + score.lag_std

    clip = jax.ShapeDtypeStruct((frames, 8), jnp.float32)
    lowered = jax.jit(jax.value_and_grad(total, argnums=(0, 1))).lower(clip, clip)
    compiled = lowered.compile(compiler_options={"xla_backend_optimization_level": 0})  # buffers don't depend on it
    return compiled.memory_analysis().temp_size_in_bytes


def test_memory_grows_with_the_band_and_not_with_the_matrix():
    once, twice = memory(10_000), memory(20_000)
    assert once < 10_000 * 10_000 * 4 / 10
    assert twice == pytest.approx(2 * once, rel=0.3)


@pytest.mark.parametrize(("shape", "band"), [((12, 200), 150), ((200, 12), 150), ((90, 100), 3)])
def test_a_block_holds_the_frames_it_meets_whatever_the_slope(shape, band):
    # Of very unequal clips a block of anti-diagonals can meet more frames of the longer one than it has itself.
    t, s = shape
    x, y = random_walk(t), random_walk(s, seed=1)
    found = band_costs(squared_euclidean, x, y, None, band)
    where = cells(shape, (np.array([t]), np.array([s])), band)
    inside = where.inside[:, 0]
    expected = cdist(x, y, "sqeuclidean")[where.rows[:, 0][inside], where.columns[:, 0][inside]]
    assert inside.sum() == sum(
        abs(i * (max(shape) - 1) / (t - 1) - j * (max(shape) - 1) / (s - 1)) <= band + 1e-9
        for i in range(t)
        for j in range(s)
    )
    np.testing.assert_allclose(found[inside], expected, rtol=1e-5, atol=1e-5)
