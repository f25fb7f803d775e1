"""Smoothness: jerk and SPARC against their authors' functions, VBench's form against its steps in NumPy."""

from itertools import pairwise
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxeval.metrics.smoothness import jerk, log_dimensionless_jerk, smooth, spectral_arc_length

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "smoothness.npz")
PROFILES = sorted({key.split("/")[0] for key in GOLDEN.files if "/" in key})
OF_TRAJECTORIES = {
    "jerk": lambda x, length=None: jerk(x, fps=25.0, length=length),
    "log_dimensionless_jerk": lambda x, length=None: log_dimensionless_jerk(x, length=length),
    "spectral_arc_length": lambda x, length=None: spectral_arc_length(x, fps=25.0, length=length),
}


def from_profile(name):
    """A straight path with that speed, in one dimension or along a diagonal."""
    speed = GOLDEN[f"{name}/speed"]
    return np.concatenate([[0], np.cumsum(speed)])[:, None] / GOLDEN[f"{name}/fps"], float(GOLDEN[f"{name}/fps"])


def wander(seed=0, count=40, dimensions=3):
    return np.cumsum(np.random.default_rng(seed).normal(size=(count, dimensions)), axis=0).astype(np.float32)


@pytest.mark.parametrize("name", PROFILES)
def test_sparc_is_its_authors(name):
    path, fps = from_profile(name)
    ways = path[None] * np.array([[[0.0, 2.0, 0.0]], [[0.6, 0.0, -0.8]]])

    @jax.jit
    @jax.vmap
    def found(way):
        settings = [(float(cutoff), float(threshold)) for cutoff, threshold in GOLDEN["settings"]]
        return jnp.stack([spectral_arc_length(way, fps=fps, cutoff=c, threshold=t) for c, t in settings])

    expected = np.tile(GOLDEN[f"{name}/sparc"], (2, 1))
    np.testing.assert_allclose(found(jnp.asarray(ways, jnp.float32)), expected, rtol=2e-5)
    with jax.enable_x64(True):
        np.testing.assert_allclose(found(jnp.asarray(ways)), expected, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in PROFILES if f"{name}/ldlj" in GOLDEN])
def test_the_dimensionless_jerk_is_its_authors(name):
    path, _ = from_profile(name)
    with jax.enable_x64(True):
        for scale in (1.0, 30.0):
            found = log_dimensionless_jerk(jnp.asarray(path) * scale)
            np.testing.assert_allclose(found, GOLDEN[f"{name}/ldlj"], rtol=1e-9)


def test_jerk_is_the_mean_over_third_differences():
    x = wander().astype(np.float64)
    squares = [
        sum((x[t + 3, k] - 3 * x[t + 2, k] + 3 * x[t + 1, k] - x[t, k]) ** 2 for k in range(3))
        for t in range(len(x) - 3)
    ]
    np.testing.assert_allclose(jerk(wander(), fps=30.0), np.sqrt(np.mean(squares)) * 30**3, rtol=1e-5)


def test_jerk_has_the_unit_per_second_cubed():
    # x = a t³ has the jerk 6a at any frame rate; a sine of ω has ω³ / √2.
    for fps in (25.0, 50.0):
        t = np.arange(0, 4, 1 / fps)
        with jax.enable_x64(True):
            np.testing.assert_allclose(jerk(jnp.asarray(7 * t**3)[:, None], fps=fps), 42, rtol=1e-6)
            sine = jerk(jnp.asarray(np.sin(2 * np.pi * t))[:, None], fps=fps)
        np.testing.assert_allclose(sine, (2 * np.pi) ** 3 / np.sqrt(2), rtol=0.01 if fps == 50 else 0.03)


def test_a_clip_that_goes_on_keeps_its_jerk_but_not_its_dimensionless_one():
    x = np.sin(2 * np.pi * np.arange(401) / 20)[:, None]
    with jax.enable_x64(True):
        long, short = jnp.asarray(x), jnp.asarray(x[:201])
        np.testing.assert_allclose(jerk(long, fps=25.0), jerk(short, fps=25.0), rtol=0.01)
        fall = log_dimensionless_jerk(short) - log_dimensionless_jerk(long)
    np.testing.assert_allclose(fall, 4 * np.log(2), rtol=0.01)


@pytest.mark.parametrize("name", OF_TRAJECTORIES)
def test_tremor_is_less_smooth(name):
    t = np.arange(75) / 25
    sway = np.stack([np.sin(2 * np.pi * 0.4 * t), np.cos(2 * np.pi * 0.3 * t)], axis=1)
    tremor = np.sin(2 * np.pi * 7 * t)[:, None] * np.ones((1, 2))
    values = [float(OF_TRAJECTORIES[name]((sway + a * tremor).astype(np.float32))) for a in (0, 0.01, 0.03, 0.1)]
    assert np.all(np.diff(values) * (1 if name == "jerk" else -1) > 0)


@pytest.mark.parametrize("name", OF_TRAJECTORIES)
@pytest.mark.parametrize("length", [5, 17, 33, 39, 40])
def test_padding_is_not_seen(name, length):
    function, x = OF_TRAJECTORIES[name], wander(1)
    alone = jax.jit(function)(x[:length])
    padded = np.where(np.arange(40)[:, None] < length, x, np.nan).astype(np.float32)
    np.testing.assert_allclose(jax.jit(lambda a: function(a, length))(padded), alone, rtol=2e-5)
    np.testing.assert_allclose(jax.jit(function)(padded, jnp.int32(length)), alone, rtol=2e-5)
    gradient = jax.jit(jax.grad(function))(padded, jnp.int32(length))
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient[length:], 0)


@pytest.mark.parametrize("name", OF_TRAJECTORIES)
def test_jit_vmap_and_gradient(name):
    function = OF_TRAJECTORIES[name]
    batch = np.stack([wander(seed) for seed in range(3)])
    eager = [function(x) for x in batch]
    np.testing.assert_allclose(jax.jit(jax.vmap(function))(batch), eager, rtol=2e-5)
    function = jax.jit(function)
    with jax.enable_x64(True):
        for x in batch:
            check_grads(function, (jnp.asarray(x, jnp.float64),), order=1, modes=("rev", "fwd"), eps=1e-7)


@pytest.mark.parametrize(("name", "value"), [*zip(OF_TRAJECTORIES, [0.0, np.nan, np.nan], strict=True)])
def test_nothing_that_moves(name, value):
    function, x = OF_TRAJECTORIES[name], jnp.ones((20, 3))
    np.testing.assert_array_equal(function(x), value)
    np.testing.assert_array_equal(jax.grad(function)(x), 0)


def test_motion_without_jerk():
    x = jnp.arange(20.0)[:, None]
    assert np.isposinf(log_dimensionless_jerk(x))
    np.testing.assert_array_equal(jax.grad(log_dimensionless_jerk)(x), 0)
    assert jerk(x, fps=25.0) == 0
    assert np.isfinite(jax.grad(lambda a: spectral_arc_length(a, fps=25.0))(x)).all()


def test_traced_lengths_that_are_too_short_have_no_value():
    x = wander()
    for name, least in zip(OF_TRAJECTORIES, (4, 4, 3), strict=True):
        at = jax.jit(OF_TRAJECTORIES[name])
        assert np.isnan(at(x, jnp.int32(least - 1)))
        assert np.isfinite(at(x, jnp.int32(least)))


@pytest.mark.parametrize("name", OF_TRAJECTORIES)
def test_what_is_no_trajectory_is_refused(name):
    function = OF_TRAJECTORIES[name]
    with pytest.raises(ValueError, match=r"Expected a floating-point trajectory \[T, D\], got float32\[9\]"):
        function(jnp.ones(9))
    with pytest.raises(ValueError, match=r"Expected at least \d rows, got shape \[2, 3\]"):
        function(jnp.ones((2, 3)))
    with pytest.raises(ValueError, match=r"Expected length in \d\.\.9, got 10"):
        function(jnp.ones((9, 3)), 10)


def test_settings_out_of_range_are_refused():
    for settings in ({"fps": 0.0}, {"fps": 25.0, "cutoff": -1.0}, {"fps": 25.0, "threshold": 0.0}):
        with pytest.raises(ValueError, match="Expected fps > 0, cutoff > 0, threshold in"):
            spectral_arc_length(jnp.ones((9, 3)), **settings)


def clip(seed=0, count=7, levels=256):
    return np.random.default_rng(seed).integers(0, levels, (count, 6, 5, 3), np.uint8)


def vbench(frames, interpolate):
    """VBench's steps: float32 in [0, 1], whole levels by truncation, mean absolute differences of odd frames."""
    errors = []
    for k, (a, b) in enumerate(pairwise(frames[::2].astype(np.float32) / np.float32(255))):
        middle = (interpolate(a, b) * np.float32(255)).clip(0, 255).astype(np.uint8)
        errors.append(np.abs(frames[2 * k + 1].astype(int) - middle).mean())
    return (255.0 - np.mean(errors)) / 255.0


@pytest.mark.parametrize("count", [3, 4, 7, 8])
@pytest.mark.parametrize(
    "interpolate", [lambda a, b: (a + b) / 2, lambda a, b: 0.3 * a + 0.7 * b + 0.013, lambda a, b: 1.5 * a - 0.4 * b]
)
def test_smooth_is_vbenchs(count, interpolate):
    frames = clip(count, count)
    found = smooth(jnp.asarray(frames / 255, jnp.float32), interpolate)
    # In single precision a value on a whole level may fall below it: one level in 90 numbers of one frame.
    np.testing.assert_allclose(found, vbench(frames, interpolate), atol=1.01 / 255 / 90)
    if interpolate(1, 1) == 1:
        np.testing.assert_allclose(smooth(jnp.asarray(frames / 255, jnp.float32)), found)


def test_smooth_at_its_ends():
    still = jnp.asarray(np.repeat(clip(0, 1), 6, axis=0) / 255, jnp.float32)
    assert smooth(still) == 1
    flicker = jnp.tile(jnp.array([0.0, 1.0]), 4)[:, None, None, None] * jnp.ones((8, 4, 4, 3))
    assert smooth(flicker) == 0


@pytest.mark.parametrize("length", [3, 4, 5, 8, 9])
def test_smooth_does_not_see_padding(length):
    frames = jnp.asarray(clip(1, 9) / 255, jnp.float32)
    padded = frames.at[length:].set(jnp.nan)
    np.testing.assert_allclose(smooth(padded, length=length), smooth(frames[:length]), rtol=1e-6)
    assert np.isnan(jax.jit(lambda n: smooth(frames, length=n))(jnp.int32(2)))


def test_smooth_under_jit_vmap_and_gradient():
    frames = jnp.asarray(np.stack([clip(seed) for seed in range(2)]) / 255, jnp.float32)
    np.testing.assert_allclose(jax.jit(jax.vmap(smooth))(frames), [smooth(f) for f in frames], atol=1e-4)
    with jax.enable_x64(True):
        x = np.asarray(frames[0], np.float64)
        gradient = jax.grad(smooth)(jnp.asarray(x))
        expected = np.zeros_like(x)
        for k in range(3):
            sign = np.sign(x[2 * k + 1] - np.floor((x[2 * k] + x[2 * k + 2]) / 2 * 255) / 255) / (3 * x[0].size)
            expected[2 * k + 1] -= sign
            expected[2 * k] += sign / 2
            expected[2 * k + 2] += sign / 2
    np.testing.assert_allclose(gradient, expected, atol=1e-12)


def test_smooth_refuses_what_is_no_clip():
    with pytest.raises(ValueError, match=r"Expected floating-point frames \[T, H, W, 3\], got uint8\[7, 6, 5, 3\]"):
        smooth(jnp.asarray(clip()))
    with pytest.raises(ValueError, match=r"Expected at least 3 rows, got shape \[2, 6, 5, 3\]"):
        smooth(jnp.zeros((2, 6, 5, 3)))
