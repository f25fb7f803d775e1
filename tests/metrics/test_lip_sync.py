"""`lip_sync` and its variates against the NumPy oracle in float64, and what must hold whatever the numbers are."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

import jaxeval
from jaxeval.checkpoints.lip_projection import lip_projection
from jaxeval.metrics.voice_spectrum import voice_spectrum

from . import lip_sync_oracle as oracle

PROJECTION = lip_projection()
CONSTANTS = oracle.Constants(*(np.asarray(part, np.float64) for part in PROJECTION))
RATE = oracle.SAMPLE_RATE


def face(seed, count):
    """`[T, 468, 3]` a face of some shape whose points wander smoothly."""
    rng = np.random.default_rng(seed)
    return 60 * rng.normal(size=(468, 3)) + gaussian_filter1d(3 * rng.normal(size=(count, 468, 3)), 1.5, axis=0)


def voice(seed, count):
    rng = np.random.default_rng(seed)
    return gaussian_filter1d(rng.normal(size=count), 2) * (0.1 + np.abs(np.sin(np.arange(count) / 3000)))


def ours(landmarks, samples, late, count=None, **how):
    landmarks, samples = jnp.asarray(landmarks, jnp.float32), jnp.asarray(samples, jnp.float32)
    lips = jaxeval.lip_variates(landmarks, PROJECTION, length=count)
    sound = jaxeval.voice_variates(samples, PROJECTION, count=len(landmarks), start=late / RATE, pictures=count, **how)
    lengths = None if count is None else (count, count)
    return lips, sound, jaxeval.lip_sync(lips, sound.values, PROJECTION.weights, mask=sound.mask, lengths=lengths)


@pytest.mark.parametrize(
    ("count", "late", "length"),
    [
        (120, 0, 77_100),
        (120, 3000, 70_000),
        (90, 700, 40_000),
        (200, 0, 300_000),
        (31, 0, 20_000),
        (80, 20_000, 51_000),
    ],
)
def test_it_is_the_oracle(count, late, length):
    landmarks, samples = face(count, count), voice(late, length)
    filled = np.concatenate([np.zeros(late), samples])
    mouth, spectrum, heard = oracle.features(landmarks, filled, late)
    expected = oracle.score(mouth, spectrum, heard, CONSTANTS)
    lips, sound, found = ours(landmarks, samples, late)
    np.testing.assert_allclose(lips, mouth @ CONSTANTS.lips, atol=2e-5)
    np.testing.assert_allclose(sound.values, spectrum @ CONSTANTS.sound, atol=2e-6)
    np.testing.assert_array_equal(sound.mask, heard)
    np.testing.assert_allclose(found.curve, expected.curve, atol=1e-5)
    np.testing.assert_allclose(found.correlation, expected.correlation, atol=1e-5)
    np.testing.assert_allclose(40 * found.offset, expected.offset_ms, atol=1e-2)
    np.testing.assert_allclose(found.confidence, expected.confidence, atol=1e-4)


def test_the_spectrum_and_the_mouths_shape_are_the_oracles():
    landmarks, samples = face(1, 50), voice(2, 30_000)
    expected, heard = oracle.voice_spectrum(samples, 0, 50)
    found = voice_spectrum(jnp.asarray(samples, jnp.float32), count=50)
    np.testing.assert_allclose(found.values, expected, atol=2e-5)
    np.testing.assert_array_equal(found.mask, heard)
    np.testing.assert_allclose(
        jaxeval.mouth_shape(jnp.asarray(landmarks, jnp.float32)), oracle.mouth_shape(landmarks), rtol=1e-5
    )


def test_what_is_heard_before_the_first_picture_is_cut():
    landmarks, samples = face(3, 70), voice(3, 60_000)
    _, early, _ = ours(landmarks, samples, -8000)
    _, cut, _ = ours(landmarks, samples[8000:], 0)
    np.testing.assert_allclose(early.values, cut.values, atol=1e-5)


@pytest.mark.parametrize("count", [40, 77])
def test_padding_changes_nothing(count):
    landmarks, samples = face(4, count), voice(4, 100_000)
    expected = ours(landmarks, samples, 300)
    padded = np.concatenate([landmarks, face(5, 128 - count)])
    found = jax.jit(partial(ours, late=300, length=len(samples)))(
        padded, np.concatenate([samples, voice(6, 999)]), count=jnp.int32(count)
    )
    for a, b in zip(jax.tree.leaves(found[:2]), jax.tree.leaves(expected[:2]), strict=True):
        np.testing.assert_allclose(a[:count], b, atol=2e-5)
    for a, b in zip(found[2], expected[2], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


@pytest.mark.parametrize("frames", [-7, -1, 0, 4, 12])
def test_a_picture_late_by_k_frames_raises_the_offset_by_k(frames):
    sound = jax.random.normal(jax.random.key(0), (120, 6))
    found = jaxeval.lip_sync(jnp.roll(sound, frames, axis=0), sound, PROJECTION.weights)
    np.testing.assert_allclose(found.offset, frames, atol=0.05)
    assert found.correlation > 0.99


def test_nothing_that_stands_still_is_in_sync():
    landmarks, samples = jnp.asarray(face(0, 60), jnp.float32), jnp.asarray(voice(0, 40_000), jnp.float32)
    still = jnp.tile(landmarks[:1], (60, 1, 1))

    def correlation(landmarks, samples):
        return ours(landmarks, samples, 0)[2].correlation

    for case in ((still, samples), (landmarks, 0 * samples), (0 * landmarks, samples)):
        value, slopes = jax.value_and_grad(correlation, (0, 1))(*case)
        assert value == 0
        assert all(np.isfinite(slope).all() for slope in slopes)


def test_the_gradient_is_that_of_finite_differences():
    with jax.enable_x64(True):
        landmarks, samples = jnp.asarray(face(7, 50)), jnp.asarray(voice(7, 32_000))

        def correlation(landmarks, samples):
            return ours_in_double(landmarks, samples).correlation

        slopes = jax.grad(correlation, (0, 1))(landmarks, samples)
        rng, step = np.random.default_rng(0), 1e-5
        for side, slope in enumerate(slopes):
            direction = jnp.asarray(rng.normal(size=slope.shape))
            moved = []
            for sign in (1, -1):
                given = [landmarks, samples]
                given[side] = given[side] + sign * step * direction
                moved.append(correlation(*given))
            np.testing.assert_allclose(jnp.vdot(slope, direction), (moved[0] - moved[1]) / (2 * step), rtol=1e-4)


def ours_in_double(landmarks, samples):
    lips = jaxeval.lip_variates(landmarks, PROJECTION)
    sound = jaxeval.voice_variates(samples, PROJECTION, count=len(landmarks))
    return jaxeval.lip_sync(lips, sound.values, PROJECTION.weights, mask=sound.mask)


def test_standardized_variates_are_z_scores_in_shares():
    values = np.random.default_rng(0).normal(size=(50, 3)) * [1, 5, 0.01] + 7
    weights = np.array([0.5, 0.3, 0.2])
    expected = np.sqrt(weights) * (values - values.mean(0)) / values.std(0)
    found = jaxeval.standardized_variates(jnp.asarray(values, jnp.float32), jnp.asarray(weights, jnp.float32))
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jaxeval.mouth_shape(jnp.zeros((3, 68, 3))), r"\[T, 468, 3\], got float32 of shape \(3, 68, 3\)"),
        (lambda: voice_spectrum(jnp.zeros((3, 2)), count=2), r"samples \[N\], got float32 of shape \(3, 2\)"),
        (lambda: voice_spectrum(jnp.zeros(30), count=0), "count >= 1, got 0"),
        (lambda: jaxeval.lip_sync(jnp.zeros((40, 6)), jnp.zeros((40, 5)), jnp.ones(6)), r"sound \[T, K\]"),
        (lambda: jaxeval.lip_sync(jnp.zeros((40, 2)), jnp.zeros((30, 2)), jnp.ones(2)), "more than 30 frames"),
        (
            lambda: jaxeval.lip_sync(jnp.zeros((40, 2)), jnp.zeros((40, 2)), jnp.ones(2), max_offset=0),
            "max_offset >= 1, got 0",
        ),
        (
            lambda: jaxeval.lip_sync(jnp.zeros((40, 2)), jnp.zeros((40, 2)), jnp.ones(2), mask=jnp.ones(40)),
            r"boolean mask of shape \(40,\), got float32",
        ),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
