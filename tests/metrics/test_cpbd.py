"""CPBD against the package `cpbd`, and its edge detector against scikit-image's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage
from skimage.feature import canny as oracle

from jaxeval.metrics.canny import canny
from jaxeval.metrics.cpbd import cpbd
from tests.golden.make_quality import HERE, blurred, pictures

PICTURES = pictures()
GOLDEN = np.load(HERE / "cpbd.npz")
SYNTHETIC = {"flat", "black", "half", "ramp"}


def frames(name: str) -> jax.Array:
    return jnp.asarray(PICTURES[name][None] / 255, jnp.float32)


def grey(name: str) -> np.ndarray:
    return PICTURES[name].astype(np.float64) @ [0.299, 0.587, 0.114]


@pytest.mark.parametrize("name", PICTURES)
def test_cpbd_is_the_packages(name):
    np.testing.assert_allclose(cpbd(frames(name)), [GOLDEN[name]], atol=1e-7)


def test_the_pictures_tell_sharp_from_blurred():
    values = [GOLDEN[name] for name in PICTURES]
    assert min(values) == 0
    assert max(values) == 1
    assert len(set(np.round(values, 3))) > 15


def test_several_frames_are_scored_one_by_one():
    stack = jnp.concatenate([frames(name) for name in ("face", "faint", "face_blur1")])
    expected = [GOLDEN[name] for name in ("face", "faint", "face_blur1")]
    np.testing.assert_allclose(cpbd(stack), expected, atol=1e-7)
    np.testing.assert_allclose(jax.jit(cpbd)(stack), expected, atol=1e-7)
    np.testing.assert_allclose(jax.vmap(cpbd)(stack[:, None])[:, 0], expected, atol=1e-7)


def test_float64_gives_the_same():
    with jax.enable_x64(True):
        value = cpbd(jnp.asarray(PICTURES["portrait"][None] / 255, jnp.float64))
        assert value.dtype == jnp.float64
        np.testing.assert_allclose(value, [GOLDEN["portrait"]], rtol=1e-14)


@pytest.mark.parametrize("name", ["face", "coffee", "cat", "page"])
def test_each_blur_is_less_sharp(name):
    picture, values = PICTURES[name], []
    for _ in range(4):
        values.append(float(cpbd(jnp.asarray(picture[None] / 255, jnp.float32))[0]))
        picture = blurred(picture, 1)
    assert values == sorted(values, reverse=True)
    assert values[0] > 2 * values[-1]


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_a_constant_frame_has_no_edge_to_be_sharp(level):
    np.testing.assert_array_equal(cpbd(jnp.full((2, 64, 64, 3), level)), 0)


def ramps(width: int, low: int, high: int) -> jax.Array:
    """64×64: from low to high and back in so many pixels, eight times, with an uneven first step for one maximum."""
    up = np.linspace(low, high, width + 1)
    middle = (width + 1) // 2
    up[middle:-1] += (high - low) * 0.2 / width  # the step into the middle is the steepest
    row = np.concatenate([np.full(6, low), up, np.full(6, high), up[::-1]])
    row = np.round(np.resize(row, 64))
    return jnp.asarray(np.tile(row[None, None, :, None], (1, 64, 1, 3)) / 255, jnp.float32)


@pytest.mark.parametrize(("low", "high", "noticeable"), [(10, 60, 5), (10, 61, 3), (0, 255, 3)])
def test_the_just_noticeable_width_depends_on_the_blocks_contrast(low, high, noticeable):
    values = [float(cpbd(ramps(width, low, high))[0]) for width in (2, 3, 4, 5, 6)]
    np.testing.assert_array_equal(values, [float(width <= noticeable) for width in (2, 3, 4, 5, 6)])


def test_incomplete_blocks_are_left_out():
    value = cpbd(frames("face")[:, :192, :192])
    trailing = jnp.concatenate([frames("face")[:, :192, :192], jnp.zeros((1, 192, 0, 3))], axis=2)
    np.testing.assert_array_equal(cpbd(trailing), value)


def test_the_gradient_is_zero():
    np.testing.assert_array_equal(jax.grad(lambda x: cpbd(x).sum())(frames("face")[:, :64, :64]), 0)


@pytest.mark.parametrize("shape", [(1, 63, 80, 3), (1, 80, 63, 3), (64, 64, 3), (1, 64, 64, 1)])
def test_wrong_shapes_are_named(shape):
    with pytest.raises(ValueError, match=r"Expected frames \[T, H, W, 3\] of at least 64x64 pixels, got \("):
        cpbd(jnp.zeros(shape))


def test_bytes_are_refused():
    with pytest.raises(ValueError, match=r"Expected floating-point frames in \[0, 1\], got uint8"):
        cpbd(jnp.zeros((1, 64, 64, 3), jnp.uint8))


@pytest.mark.parametrize("name", sorted(PICTURES.keys() - SYNTHETIC))
@pytest.mark.parametrize("thresholds", [(0.1, 0.2), (20, 200)])
def test_canny_is_scikit_images(name, thresholds):
    low, high = thresholds
    found = canny(jnp.asarray(grey(name), jnp.float32), low=low, high=high)
    expected = oracle(grey(name), low_threshold=low, high_threshold=high)
    # A near-tie of two neighbouring magnitudes, or of one with a threshold, may fall otherwise in float32.
    assert (found != expected).mean() < 1e-3


@pytest.mark.parametrize("name", ["face", "faint", "noise", "page"])
@pytest.mark.parametrize("thresholds", [(0.1, 0.2), (20, 200)])
def test_canny_is_exactly_scikit_images_in_float64(name, thresholds):
    with jax.enable_x64(True):
        found = canny(jnp.asarray(grey(name), jnp.float64), low=thresholds[0], high=thresholds[1])
    expected = oracle(grey(name), low_threshold=thresholds[0], high_threshold=thresholds[1])
    assert (found != expected).sum() <= 2


def test_weak_edges_live_by_their_connection_to_strong_ones():
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.normal(size=(90, 70)), 3) * 100
    kept = [int(canny(jnp.asarray(smooth, jnp.float32), low=1, high=high).sum()) for high in (1, 20, 40, 1000)]
    expected = [int(oracle(smooth, low_threshold=1, high_threshold=high).sum()) for high in (1, 20, 40, 1000)]
    assert kept == expected
    assert kept[0] > kept[1] > kept[2] > kept[3] == 0
