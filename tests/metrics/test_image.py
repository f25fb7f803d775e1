"""PSNR, SSIM and L1 against scikit-image and NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from skimage import metrics as oracle

from jaxeval.metrics.image import l1, psnr, ssim

FUNCTIONS = (psnr, ssim, l1)


def frames(seed: int, count: int = 3, height: int = 40, width: int = 33) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    smooth = np.cumsum(rng.normal(size=(count, height, width, 3)), axis=2)
    x = (smooth - smooth.min()) / np.ptp(smooth)
    y = np.clip(x + rng.normal(size=x.shape) * 0.05, 0, 1)
    return x.astype(np.float32), y.astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
def test_psnr_is_scikit_images(seed):
    x, y = frames(seed)
    expected = [
        oracle.peak_signal_noise_ratio(b.astype(np.float64), a.astype(np.float64), data_range=1)
        for a, b in zip(x, y, strict=True)
    ]
    np.testing.assert_allclose(psnr(x, y), expected, rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [(11, 11), (40, 33), (64, 64)])
def test_ssim_is_scikit_images(seed, size):
    x, y = frames(seed, 2, *size)
    expected = [
        oracle.structural_similarity(
            a.astype(np.float64),
            b.astype(np.float64),
            data_range=1,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for a, b in zip(x, y, strict=True)
    ]
    np.testing.assert_allclose(ssim(x, y), expected, atol=2e-5)


def test_l1_is_the_mean_absolute_difference():
    x, y = frames(0)
    np.testing.assert_allclose(l1(x, y), np.abs(x.astype(np.float64) - y).mean((1, 2, 3)), rtol=1e-5)


def test_identical_frames():
    x, _ = frames(0)
    assert np.isposinf(psnr(x, x)).all()
    np.testing.assert_array_equal(l1(x, x), 0)
    np.testing.assert_allclose(ssim(x, x), 1, atol=1e-6)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_gradient_is_finite_at_constant_and_equal_frames(function, value):
    x = jnp.full((2, 16, 16, 3), value)
    gradient = jax.grad(lambda a: jnp.where(jnp.isfinite(s := function(a, x)), s, 0).sum())(x)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_jit_vmap_and_gradient(function):
    x, y = frames(4, 2, 16, 16)
    eager = function(x, y)
    np.testing.assert_allclose(jax.jit(function)(x, y), eager, rtol=1e-5)
    np.testing.assert_allclose(jax.vmap(function)(x[:, None], y[:, None])[:, 0], eager, rtol=1e-5)
    with jax.enable_x64(True):
        x, y = jnp.asarray(x, jnp.float64), jnp.asarray(y, jnp.float64) + 0.5  # away from |.|'s kink
        check_grads(lambda a: function(a, y), (x,), order=1, modes=("rev", "fwd"), eps=1e-6)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_wrong_shapes_are_named(function):
    with pytest.raises(ValueError, match=r"Expected two equal shapes \[T, H, W, 3\], got \(1, 16, 16, 3\)"):
        function(jnp.zeros((1, 16, 16, 3)), jnp.zeros((2, 16, 16, 3)))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_bytes_are_refused(function):
    with pytest.raises(ValueError, match=r"Expected floating-point frames in \[0, 1\], got uint8 and uint8"):
        function(jnp.zeros((1, 16, 16, 3), jnp.uint8), jnp.zeros((1, 16, 16, 3), jnp.uint8))


def test_frames_too_small_for_the_window_are_refused():
    with pytest.raises(ValueError, match="at least 11x11"):
        ssim(jnp.zeros((1, 10, 16, 3)), jnp.zeros((1, 10, 16, 3)))
