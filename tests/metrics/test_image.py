"""PSNR, SSIM and L1 against scikit-image and NumPy, MS-SSIM against pytorch-msssim."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from skimage import metrics as oracle

from jaxeval.metrics.image import l1, ms_ssim, psnr, ssim
from tests.golden.make_quality import HERE, pairs, pictures
from tests.quickly import QUICKLY

FUNCTIONS = (psnr, ssim, l1)
MS_SSIM = np.load(HERE / "ms_ssim.npz")
PAIRS = pairs()
BLURS = ("_blur1", "_blur4", "_blur16")
JITTED = jax.jit(ms_ssim)
GRADIENT = jax.jit(jax.value_and_grad(lambda x, y: ms_ssim(x, y)[0]), compiler_options=QUICKLY)


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
@pytest.mark.parametrize("size", [(11, 11), (40, 33), (64, 64), (65, 118), (63, 120)])
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
        x, y = jnp.asarray(x, jnp.float64) / 2, jnp.asarray(y, jnp.float64) / 2 + 0.5  # away from |.|'s kink
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


def pair(name: str, dtype: jnp.dtype = jnp.float32) -> tuple[jax.Array, jax.Array]:
    x, y = (jnp.asarray(picture[None] / 255, dtype) for picture in PAIRS[name])
    return x, y


@pytest.mark.parametrize("name", PAIRS)
def test_ms_ssim_is_pytorch_msssims(name):
    np.testing.assert_allclose(JITTED(*pair(name)), [MS_SSIM[name]], atol=1e-5)


@pytest.mark.parametrize("name", ["least", "odd", "odd_noise"])
def test_ms_ssim_in_float64_has_the_digits_of_pytorch_msssim(name):
    with jax.enable_x64(True):
        np.testing.assert_allclose(JITTED(*pair(name, jnp.float64)), [MS_SSIM[name]], rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in PAIRS if f"torchmetrics_{name}" in MS_SSIM])
def test_torchmetrics_differs_by_its_border(name):
    # It mirrors the picture's border on the coarsest scale, and drops the last row of an odd side.
    assert abs(MS_SSIM[name] - MS_SSIM[f"torchmetrics_{name}"]) < 1e-3


def test_ms_ssim_of_identical_frames_is_one():
    x, _ = pair("least")
    np.testing.assert_allclose(JITTED(x, x), 1, atol=1e-6)


def test_ms_ssim_falls_with_each_blur():
    found = pictures()
    face, *blurs = (jnp.asarray(found[f"face{end}"][None] / 255, jnp.float32) for end in ("", *BLURS))
    values = [float(JITTED(x, face)[0]) for x in (face, *blurs)]
    assert values == sorted(set(values), reverse=True)


def test_ms_ssim_eager_and_vmap_give_the_same():
    rows = [pair("least"), pair("negative")]
    x, y = (jnp.concatenate(side) for side in zip(*rows, strict=True))
    np.testing.assert_allclose(ms_ssim(x, y), [MS_SSIM["least"], 0], atol=1e-5)
    np.testing.assert_allclose(jax.vmap(ms_ssim)(x[:, None], y[:, None])[:, 0], [MS_SSIM["least"], 0], atol=1e-5)


def test_ms_ssim_gradient_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        x, y = pair("least", jnp.float64)
        gradient = GRADIENT(x, y)[1]
        direction = jnp.asarray(rng.normal(size=x.shape))
        step = 1e-6 * direction
        numeric = (JITTED(x + step, y) - JITTED(x - step, y))[0] / 2e-6
        np.testing.assert_allclose(jnp.vdot(gradient, direction), numeric, rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_ms_ssim_gradient_is_finite_at_constant_and_equal_frames(value):
    x = jnp.full((1, 161, 161, 3), value)
    score, gradient = GRADIENT(x, x)
    np.testing.assert_allclose(score, 1, atol=1e-6)
    assert np.isfinite(gradient).all()


def test_ms_ssim_gradient_is_zero_where_it_is_clipped():
    score, gradient = GRADIENT(*pair("negative"))
    assert score == 0
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("shape", [(1, 160, 200, 3), (1, 200, 160, 3)])
def test_frames_too_small_for_five_scales_are_refused(shape):
    with pytest.raises(ValueError, match=r"Expected frames of at least 161x161 pixels for MS-SSIM, got \(1, "):
        ms_ssim(jnp.zeros(shape), jnp.zeros(shape))


def test_ms_ssim_refuses_unequal_shapes_and_bytes():
    with pytest.raises(ValueError, match=r"Expected two equal shapes \[T, H, W, 3\], got \(1, 161, 161, 3\)"):
        ms_ssim(jnp.zeros((1, 161, 161, 3)), jnp.zeros((1, 161, 162, 3)))
    with pytest.raises(ValueError, match=r"Expected floating-point frames in \[0, 1\], got uint8 and uint8"):
        ms_ssim(jnp.zeros((1, 161, 161, 3), jnp.uint8), jnp.zeros((1, 161, 161, 3), jnp.uint8))
