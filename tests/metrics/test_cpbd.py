"""CPBD against the package `cpbd`, and its edge detector against scikit-image's."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage
from skimage.feature import canny as oracle

from jaxeval.metrics.canny import canny
from jaxeval.metrics.cpbd import cpbd
from tests.golden.make_quality import HERE, pictures, steps

PICTURES = pictures() | steps()
GOLDEN = np.load(HERE / "cpbd.npz")
PHOTOGRAPHS = sorted(pictures().keys() - {"flat", "black", "half", "slope"})

EDGES = jax.jit(lambda image, low, high: canny(image, low=low, high=high))


def score(name: str, dtype: str = "float32") -> float:
    """Of a picture."""
    return _scores(PICTURES[name].shape, dtype)[name]


@functools.cache
def _scores(shape: tuple[int, ...], dtype: str) -> dict[str, float]:
    """Of all pictures of one size together."""
    names = [name for name, picture in PICTURES.items() if picture.shape == shape]
    stack = jnp.asarray(np.stack([PICTURES[name] for name in names]) / 255, dtype)
    return dict(zip(names, jax.jit(cpbd)(stack).tolist(), strict=True))


def frames(name: str) -> jax.Array:
    return jnp.asarray(PICTURES[name][None] / 255, jnp.float32)


def gray(name: str) -> np.ndarray:
    return PICTURES[name].astype(np.float64) @ [0.299, 0.587, 0.114]


@pytest.mark.parametrize("name", PICTURES)
def test_cpbd_is_the_packages(name):
    np.testing.assert_allclose(score(name), GOLDEN[name], atol=1e-7)


def test_float64_gives_the_packages_digits():
    with jax.enable_x64(True):
        np.testing.assert_allclose(score("portrait", "float64"), GOLDEN["portrait"], rtol=1e-14)


def test_eager_and_vmap_give_the_same():
    names = ("step3_60", "step4_61", "step6_60")
    stack = jnp.concatenate([frames(name) for name in names])
    np.testing.assert_allclose(cpbd(stack), [GOLDEN[name] for name in names], atol=1e-7)
    np.testing.assert_allclose(jax.vmap(cpbd)(stack[:, None])[:, 0], [GOLDEN[name] for name in names], atol=1e-7)


@pytest.mark.parametrize(("high", "noticeable"), [(60, 5), (61, 3)])
def test_the_just_noticeable_width_depends_on_the_blocks_contrast(high, noticeable):
    # Wide edges leave some narrow ones beside the steepest pixel, but most are what they were made to be.
    for width in range(2, 8):
        assert (score(f"step{width}_{high}") > 0.5) == (width <= noticeable)


@pytest.mark.parametrize("name", ["face", "coffee"])
def test_each_blur_is_less_sharp(name):
    values = [score(key) for key in (name, *(f"{name}_blur{times}" for times in (1, 4, 16)))]
    assert values == sorted(set(values), reverse=True)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_a_constant_frame_has_no_edge_to_be_sharp(level):
    np.testing.assert_array_equal(cpbd(jnp.full((2, 64, 64, 3), level)), 0)


def test_incomplete_blocks_count_only_for_the_thresholds():
    # What is beyond the last whole block adds no edges of its own.
    x = frames("step3_60")
    np.testing.assert_allclose(cpbd(jnp.pad(x, ((0, 0), (0, 0), (0, 40), (0, 0)), mode="edge")), 1)


def test_the_gradient_is_zero():
    np.testing.assert_array_equal(jax.grad(lambda x: cpbd(x).sum())(frames("step4_61")), 0)


@pytest.mark.parametrize("shape", [(1, 63, 80, 3), (1, 80, 63, 3), (64, 64, 3), (1, 64, 64, 1)])
def test_wrong_shapes_are_named(shape):
    with pytest.raises(ValueError, match=r"Expected frames \[T, H, W, 3\] of at least 64x64 pixels, got \("):
        cpbd(jnp.zeros(shape))


def test_bytes_are_refused():
    with pytest.raises(ValueError, match=r"Expected floating-point frames in \[0, 1\], got uint8"):
        cpbd(jnp.zeros((1, 64, 64, 3), jnp.uint8))


@pytest.mark.parametrize("name", PHOTOGRAPHS)
@pytest.mark.parametrize("thresholds", [(0.1, 0.2), (20, 200)])
def test_canny_is_scikit_images(name, thresholds):
    low, high = thresholds
    found = EDGES(jnp.asarray(gray(name), jnp.float32), low, high)
    expected = oracle(gray(name), low_threshold=low, high_threshold=high)
    # A near-tie of two neighbouring magnitudes, or of one with a threshold, may fall otherwise in float32.
    assert (found != expected).mean() < 1e-3


@pytest.mark.parametrize("name", ["face", "faint", "noise"])
@pytest.mark.parametrize("thresholds", [(0.1, 0.2), (20, 200)])
def test_canny_is_exactly_scikit_images_in_float64(name, thresholds):
    with jax.enable_x64(True):
        found = EDGES(jnp.asarray(gray(name), jnp.float64), *thresholds)
    expected = oracle(gray(name), low_threshold=thresholds[0], high_threshold=thresholds[1])
    assert (found != expected).sum() <= 2


def test_weak_edges_live_by_their_connection_to_strong_ones():
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.normal(size=(90, 70)), 3) * 100
    kept = [int(EDGES(jnp.asarray(smooth, jnp.float32), 1, high).sum()) for high in (1, 20, 40, 1000)]
    expected = [int(oracle(smooth, low_threshold=1, high_threshold=high).sum()) for high in (1, 20, 40, 1000)]
    assert kept == expected
    assert kept[0] > kept[1] > kept[2] > kept[3] == 0
