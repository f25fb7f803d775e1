"""LPIPS: the golden pairs, all pairs by matrix products against pairwise calls, gradients."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.checkpoints import load_encoder
from jaxeval.metrics.aligned import aligned_from_costs
from jaxeval.metrics.perceptual import lpips, lpips_features, lpips_matrix
from tests.quickly import QUICKLY

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("st_lpips_alex")


@pytest.fixture(scope="module")
def clip():
    """Seven smooth frames that change slowly."""
    rng = np.random.default_rng(0)
    coarse = rng.uniform(size=(7, 9, 9, 3)).cumsum(0) / 7
    return jax.image.resize(jnp.asarray(coarse, jnp.float32), (7, 48, 48, 3), "cubic").clip(0, 1)


distance = jax.jit(lpips)
matrix = jax.jit(lpips_matrix, static_argnames=("band", "block"))
quick_matrix = jax.jit(lpips_matrix, static_argnames=("band", "block"), compiler_options=QUICKLY)


def from_nchw(images):
    """The golden pairs are NCHW in [-1, 1]."""
    return jnp.asarray((images.transpose(0, 2, 3, 1) + 1) / 2)


def test_golden_pairs(encoder):
    golden = np.load(GOLDEN / "stlpips_alex.npz")
    measured = distance(encoder, from_nchw(golden["a"]), from_nchw(golden["b"]))
    np.testing.assert_allclose(measured, golden["dist"], atol=1e-5)
    face = from_nchw(golden["face"])
    for name, expected in zip(("face", "shift", "blur", "noise"), golden["face_dist"], strict=True):
        np.testing.assert_allclose(distance(encoder, face, from_nchw(golden[name])), [expected], atol=1e-5)


def test_lpips_with_its_trained_weights_is_the_original():
    golden, images = np.load(GOLDEN / "lpips_trained.npz"), np.load(GOLDEN / "stlpips_alex.npz")
    trained = load_encoder("lpips_alex")
    measured = distance(trained, from_nchw(images["a"]), from_nchw(images["b"]))
    np.testing.assert_allclose(measured, golden["alex.dist"], atol=1e-6)
    face = from_nchw(images["face"])
    for name, expected in zip(("face", "shift", "blur", "noise"), golden["alex.face_dist"], strict=True):
        np.testing.assert_allclose(distance(trained, face, from_nchw(images[name])), [expected], atol=1e-6)


def test_identical_frames_are_exactly_zero(encoder, clip):
    np.testing.assert_array_equal(distance(encoder, clip, clip), 0)


def test_features_are_the_trajectory_whose_squared_distance_is_lpips(encoder, clip):
    features = np.asarray(jax.jit(lpips_features)(encoder, clip), np.float64)
    expected = ((features[:-1] - features[1:]) ** 2).sum(1)
    np.testing.assert_allclose(distance(encoder, clip[:-1], clip[1:]), expected, rtol=1e-5)


@pytest.mark.parametrize("block", [1, 3, 100])
def test_matrix_is_all_pairwise_calls(encoder, clip, block):
    x, y = clip[:4], clip[1:]
    costs = matrix(encoder, x, y, block=block)
    for t in range(len(x)):
        pairwise = distance(encoder, jnp.broadcast_to(x[t][None], y.shape), y)
        np.testing.assert_allclose(costs[t], pairwise, atol=2e-6)


def test_matrices_of_identical_clips_are_identical(encoder, clip):
    xy, xx = matrix(encoder, clip, clip + 0), matrix(encoder, clip, clip)
    np.testing.assert_array_equal(xy, xx)
    assert aligned_from_costs(xy, xx, xx, gamma=1e-3).divergence == 0


@pytest.mark.parametrize("gamma", [0.0, 1e-4, 1e-2, 1.0])
@pytest.mark.parametrize("band", [None, 2])
def test_the_divergence_of_different_clips_is_not_negative(encoder, clip, gamma, band):
    x, y = clip[:5], clip[2:]
    score = aligned_from_costs(*(matrix(encoder, *pair) for pair in ((x, y), (x, x), (y, y))), gamma=gamma, band=band)
    assert score.divergence * 5 >= -1e-6 * (1 + abs(score.seq * 5))
    if gamma <= 1e-4:
        assert score.divergence > 0


@pytest.mark.parametrize("block", [2, 4, 100])
@pytest.mark.parametrize(("rows", "band"), [(7, 2), (7, 0), (4, 1.5), (5, 9)])
def test_band_leaves_out_what_lies_outside(encoder, clip, rows, band, block):
    x, y = clip[:rows], clip
    full, banded = quick_matrix(encoder, x, y), quick_matrix(encoder, x, y, band=band, block=block)
    i, j = np.indices(full.shape)
    outside = abs(i * 6 / (rows - 1) - j) > band + 1e-9
    np.testing.assert_array_equal(np.isinf(banded), outside)
    np.testing.assert_allclose(np.where(outside, 0, banded), np.where(outside, 0, full), atol=2e-6)


def test_a_band_meets_only_the_frames_inside(encoder):
    frames = jnp.zeros((60, 32, 32, 3))
    cost = matrix.lower(encoder, frames, frames, band=2, block=8).cost_analysis()["flops"]
    met = []

    class Counting:
        heads = encoder.heads

        def __call__(self, few):
            met.append(few.shape[0])
            return encoder(few)

    jax.eval_shape(lambda x: lpips_matrix(Counting(), x, x, band=2, block=8), frames)
    assert cost > 0
    assert sum(met) < 60  # one block's frames, traced once for all blocks, and the centre's


def test_eager_is_jitted(encoder, clip):
    np.testing.assert_allclose(lpips(encoder, clip[:2], clip[1:3]), distance(encoder, clip[:2], clip[1:3]), rtol=1e-5)


def test_gradient_is_finite_at_constant_and_equal_frames(encoder):
    @partial(jax.jit, compiler_options=QUICKLY)
    @jax.grad
    def slope(a, b, encoder):
        return lpips(encoder, a, b).sum() + lpips_matrix(encoder, a, b).sum()

    for value in (0.0, 1.0):
        x = jnp.full((2, 32, 32, 3), value)
        assert np.isfinite(slope(x, x, encoder)).all()


def test_wrong_shapes_are_named(encoder):
    with pytest.raises(ValueError, match=r"Expected x and y of one shape"):
        lpips(encoder, jnp.zeros((2, 32, 32, 3)), jnp.zeros((3, 32, 32, 3)))
    with pytest.raises(ValueError, match=r"Expected frames of one size"):
        lpips_matrix(encoder, jnp.zeros((2, 32, 32, 3)), jnp.zeros((3, 32, 40, 3)))
    with pytest.raises(ValueError, match=r"Expected block >= 1, got 0"):
        lpips_matrix(encoder, jnp.zeros((2, 32, 32, 3)), jnp.zeros((3, 32, 32, 3)), block=0)
