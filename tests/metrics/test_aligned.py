"""The composition of distance, alignment and timing against its parts computed apart."""

import pickle
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.spatial.distance import cdist

from jaxeval.alignment.distances import cosine, squared_euclidean
from jaxeval.metrics.aligned import AlignedMetric, AlignedScore, aligned, aligned_from_costs

from ..alignment.oracles import looped


def clip(frames, seed=0, dimensions=4):
    return np.random.default_rng(seed).normal(size=(frames, dimensions)).cumsum(axis=0).astype(np.float32)


def late_by(k, x):
    return x[np.clip(np.arange(len(x)) - k, 0, len(x) - 1)]


@pytest.mark.parametrize(
    ("distance", "oracle"),
    [(squared_euclidean, lambda x, y: cdist(x, y, "sqeuclidean")), (cosine, lambda x, y: 2 * cdist(x, y, "cosine"))],
)
@pytest.mark.parametrize(("t", "s"), [(9, 8), (1, 1)])
def test_scores_are_per_frame(t, s, distance, oracle):
    x, y = clip(t), clip(s, seed=1)
    score = aligned(distance, gamma=0.1)(x, y)
    (xy, alignment, _), (xx, _, _), (yy, _, _) = (looped(oracle(*pair), 0.1) for pair in ((x, y), (x, x), (y, y)))
    np.testing.assert_allclose(score.framewise, np.diagonal(oracle(x, y)).mean(), rtol=1e-6)
    np.testing.assert_allclose(score.seq, xy / max(t, s), rtol=1e-5)
    np.testing.assert_allclose(score.divergence, (xy - (xx + yy) / 2) / max(t, s), rtol=1e-5)
    np.testing.assert_allclose(score.alignment, alignment, atol=1e-5)


@pytest.mark.parametrize("k", [-4, 3])
def test_a_late_clip_is_forgiven_and_told(k):
    x = clip(40)
    score = aligned(squared_euclidean, gamma=0.01)(late_by(k, x), x)
    assert abs(score.lag - k) < 0.25 * abs(k)
    assert score.divergence <= 0.2 * score.framewise
    assert score.lag_std < 0.5 * abs(k)


@pytest.mark.parametrize("gamma", [0.0, 1e-3, 0.1])
def test_a_clip_against_itself(gamma):
    x = clip(40)
    score = aligned(squared_euclidean, gamma=gamma)(x, x.copy())
    assert score.framewise == score.divergence == 0
    assert abs(score.lag) < 1e-5


def test_band_0_is_the_frame_wise_score():
    score = aligned(squared_euclidean, gamma=0.1, band=0)(clip(40), clip(40, seed=1))
    for value in (score.seq, score.divergence):
        np.testing.assert_allclose(value, score.framewise, rtol=1e-6)


def test_costs_may_come_from_elsewhere():
    x, y = clip(9), clip(8, seed=1)
    costs = squared_euclidean(x, y), squared_euclidean(x, x), squared_euclidean(y, y)
    jax.tree.map(np.testing.assert_array_equal, aligned_from_costs(*costs), aligned(squared_euclidean)(x, y))


def test_batches_of_padded_clips():
    lengths = np.array([[9, 8], [5, 8], [4, 3]])
    xs, ys = np.stack([clip(9)] * 3), np.stack([clip(8, seed=1)] * 3)
    for x, y, (t, s) in zip(xs, ys, lengths, strict=True):
        x[t:], y[s:] = np.nan, np.inf
    metric = aligned(squared_euclidean, gamma=0.1)
    batch = jax.jit(jax.vmap(metric))(xs, ys, lengths)
    for index, (t, s) in enumerate(lengths):
        one = metric(clip(9), clip(8, seed=1), lengths=(int(t), int(s)))
        for found, expected in zip(batch, one, strict=True):
            np.testing.assert_allclose(found[index], expected, rtol=1e-5, atol=1e-5)


def test_each_score_is_differentiable():
    with jax.enable_x64(True):
        x, y = (jnp.asarray(clip(5, seed), jnp.float64) for seed in (0, 1))
        metric = jax.jit(aligned(squared_euclidean, gamma=1.0))
        check_grads(metric, (x, y), order=1, modes=("rev",), atol=1e-5, rtol=1e-5, eps=1e-5)


def test_frames_of_any_rank_are_trajectories():
    def of_images(x, y):
        return squared_euclidean(x.reshape(len(x), -1), y.reshape(len(y), -1))

    x, y = clip(9, dimensions=12), clip(8, 1, dimensions=12)
    score = aligned(of_images)(x.reshape(9, 2, 2, 3), y.reshape(8, 2, 2, 3), lengths=(6, 4))
    jax.tree.map(np.testing.assert_array_equal, score, aligned(squared_euclidean)(x, y, lengths=(6, 4)))


def test_wrong_lengths_are_told():
    with pytest.raises(ValueError, match=r"Expected lengths\[1\] in 1\.\.8 \(cost has 8 columns\), got 9\."):
        aligned(squared_euclidean)(clip(9), clip(8), lengths=(9, 9))


@pytest.mark.parametrize("gamma", [0.1, np.float32(0.1), jnp.float32(0.1)], ids=["float", "NumPy", "JAX"])
def test_a_metric_is_its_settings(gamma):
    metric = aligned(squared_euclidean, gamma=gamma, band=5)
    same = pickle.loads(pickle.dumps(metric))
    assert metric == same == AlignedMetric(squared_euclidean, float(gamma), 5)
    assert hash(metric) == hash(same)
    assert metric != aligned(squared_euclidean, gamma=gamma)
    assert metric != aligned(cosine, gamma=gamma, band=5)
    assert metric != "metric"


def test_metrics_of_the_same_settings_share_a_program():
    traced = []

    @partial(jax.jit, static_argnums=0)
    def score(metric, x, y):
        traced.append(metric)
        return metric(x, y)

    x, y = clip(6), clip(5, seed=1)
    first, second = (score(aligned(squared_euclidean, gamma=0.1), x, y) for _ in range(2))
    jax.tree.map(np.testing.assert_array_equal, first, second)
    assert len(traced) == 1


def test_gamma_may_be_traced():
    x, y = clip(6), clip(5, seed=1)
    gammas = jnp.array([0.1, 1.0])
    batch = jax.vmap(lambda gamma: jax.jit(aligned(squared_euclidean, gamma=gamma))(x, y))(gammas)
    for k, gamma in enumerate(gammas):
        one = aligned(squared_euclidean, gamma=gamma)(x, y)
        jax.tree.map(lambda found, expected, k=k: np.testing.assert_allclose(found[k], expected, rtol=1e-5), batch, one)


def test_a_score_prints_its_numbers_or_its_shapes():
    x = clip(40)
    score = AlignedScore(*map(jnp.float32, (0.03125, -0.5, 0.0012, 3, 0.25)), jnp.zeros((240, 200)))
    expected = (
        "AlignedScore(framewise=0.0312, seq=-0.5, divergence=0.0012, lag=+3.0 ± 0.2 frames, alignment [240, 200])"
    )
    assert repr(score) == str(jax.device_get(score)) == expected
    seen = []
    jax.jit(lambda x: seen.append(repr(aligned(squared_euclidean)(x, x))))(x)
    assert seen == ["AlignedScore(framewise=[], seq=[], divergence=[], lag=[] ± [] frames, alignment [40, 40])"]
    batch = jax.tree.map(lambda leaf: jnp.stack([leaf] * 3), score)
    shapes = "AlignedScore(framewise=[3], seq=[3], divergence=[3], lag=[3] ± [3] frames, alignment [3, 240, 200])"
    assert repr(batch) == shapes
    assert jax.tree.structure(score).num_leaves == 6
    assert "framewise=[]" in repr(jax.tree.map(lambda _: None, score))
