"""Mouth against voice: each step against NumPy and scipy in float64, and the whole under known delays."""

import math
import wave
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads
from scipy import signal

import jaxeval.demo
from jaxeval.metrics import audio_envelope as sound_module
from jaxeval.metrics import lip_envelope as eager
from jaxeval.metrics.lip_envelope import mouth_opening

# Compiled once for each shape; test_without_compilation runs them as they are.
lip_envelope = jax.jit(eager.lip_envelope, static_argnames=("max_offset",))
speech_rhythm = jax.jit(eager.speech_rhythm, static_argnames=("fps",))
standardize = jax.jit(eager.standardize)
audio_envelope = jax.jit(sound_module.audio_envelope, static_argnames=("sample_rate", "fps", "count"))

FPS = 25
SPEECH = Path(jaxeval.demo.__file__).parent / "material" / "speech.wav"


def syllables(count: int, late: float = 0.0, seed: int = 0) -> np.ndarray:
    """A curve of components between 2 and 7 Hz, `late` frames late, which needn't be whole."""
    rng = np.random.default_rng(seed)
    hertz, phase, size = rng.uniform(2, 7, 12), rng.uniform(0, 2 * np.pi, 12), rng.uniform(0.5, 1, 12)
    seconds = (np.arange(count) - late)[:, None] / FPS
    return (size * np.sin(2 * np.pi * hertz * seconds + phase)).sum(axis=1)


def pair(count_lips: int = 120, count_sound: int = 120, late: float = 0.0, seed: int = 0):
    curves = syllables(count_lips, late, seed), syllables(count_sound, 0, seed)
    return tuple(standardize(jnp.asarray(curve, jnp.float32)) for curve in curves)


def by_loop(lips, sound, max_offset, mask=None):
    """From the definition in float64: the mean of both columns' Pearson correlations at each offset."""
    mask = np.ones(len(sound), bool) if mask is None else mask
    curve = []
    for offset in range(-max_offset, max_offset + 1):
        pairs = [(t, t - offset) for t in range(len(lips)) if 0 <= t - offset < len(sound) and mask[t - offset]]
        x, y = (np.array([side[k] for k in index], np.float64) for side, index in zip((lips, sound), zip(*pairs)))  # noqa: B905
        curve.append(np.mean([np.corrcoef(x[:, c], y[:, c])[0, 1] for c in range(2)]))
    return np.array(curve)


def z_scores(curve):
    """A curve and NumPy's gradient of it, each with mean 0 and variance 1."""
    return np.stack([(x - x.mean()) / x.std() for x in (curve, np.gradient(curve, edge_order=1))], axis=1)


def vertex(curve):
    """Where the parabola through the largest value and its neighbours is highest."""
    best = int(curve.argmax())
    if best in (0, len(curve) - 1):
        return best
    square, slope, _ = np.polyfit([-1, 0, 1], curve[best - 1 : best + 2], 2)
    return best - slope / (2 * square)


def test_mouth_opening_is_the_ratio_of_two_distances():
    mesh = np.random.default_rng(0).normal(size=(5, 468, 3)).astype(np.float32)
    lips = np.linalg.norm(mesh[:, 13] - mesh[:, 14], axis=1)
    expected = lips / np.linalg.norm(mesh[:, 33] - mesh[:, 263], axis=1)
    np.testing.assert_allclose(mouth_opening(jnp.asarray(mesh)), expected, rtol=1e-5)


@settings(deadline=None, max_examples=20)
@given(st.floats(-3, 3), st.floats(0.1, 10), st.floats(-100, 100))
def test_mouth_opening_sees_no_turn_size_or_place(angle, scale, shift):
    mesh = np.random.default_rng(0).normal(size=(1, 468, 3))
    turn = np.array([[math.cos(angle), 0, math.sin(angle)], [0, 1, 0], [-math.sin(angle), 0, math.cos(angle)]])
    moved = scale * mesh @ turn + shift
    np.testing.assert_allclose(*(mouth_opening(jnp.asarray(m, jnp.float32)) for m in (mesh, moved)), rtol=1e-3)


@pytest.mark.parametrize("mesh", [jnp.zeros((2, 468, 3)), jnp.ones((2, 468, 3)).at[:, 33].set(5.0)])
def test_mouth_opening_of_a_shut_mouth_and_of_no_face(mesh):
    value, gradient = jax.value_and_grad(lambda m: mouth_opening(m).sum())(mesh)
    assert value == 0
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("fps", [25, 30, 50])
@pytest.mark.parametrize(
    ("hertz", "gain"), [(0.5, 0.0), (2.0, 0.5), (3.0, 1.0), (4.5, 1.0), (6.0, 1.0), (7.0, 0.5), (9, 0)]
)
def test_speech_rhythm_passes_2_to_7_hz(fps, hertz, gain):
    wave_ = np.sin(2 * np.pi * hertz / fps * np.arange(8 * fps))
    middle = np.s_[2 * fps : -2 * fps]
    rhythm = speech_rhythm(jnp.asarray(3 + wave_, jnp.float32), fps=fps)
    np.testing.assert_allclose(rhythm[middle], gain * wave_[middle], atol=0.02)


def test_speech_rhythm_is_scipys_windowed_filter():
    """scipy's window method, unscaled, has the same taps: an ideal band times a Hann window."""
    curve = np.random.default_rng(0).normal(size=90)
    taps = signal.firwin(53, [2, 7], pass_zero=False, window="hann", scale=False, fs=FPS)[1:-1]
    expected = np.convolve(curve - curve.mean(), taps)[25:-25]
    np.testing.assert_allclose(speech_rhythm(jnp.asarray(curve, jnp.float32), fps=FPS), expected, atol=1e-5)


def test_standardize_is_numpys_gradient_and_z_score():
    curve = np.random.default_rng(0).normal(size=60) * 7 + 100
    np.testing.assert_allclose(standardize(jnp.asarray(curve, jnp.float32)), z_scores(curve), atol=2e-4)


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_what_does_not_move_is_0_with_a_finite_gradient(filtered, value):
    def trajectory(curve):
        return standardize(speech_rhythm(curve, fps=FPS) if filtered else curve)

    still, moving = jnp.full(60, value), pair(60, 60)[1]
    np.testing.assert_array_equal(trajectory(still), 0)
    score = lip_envelope(trajectory(still), moving, max_offset=10)
    assert (float(score.correlation), float(score.offset)) == (0.0, 0.0)
    gradient = jax.jit(
        jax.grad(lambda curve: sum(map(jnp.sum, lip_envelope(trajectory(curve), moving, max_offset=10))))
    )(still)
    assert np.isfinite(gradient).all()


def test_rounding_is_no_movement():
    """The mouth moves in the first five frames only: at an offset that leaves those out, nothing correlates."""
    noise = np.random.default_rng(0).normal(size=(60, 2)) * 1e-6
    moves = np.where(np.arange(60) < 5, syllables(60) * 10, 0)[:, None]
    score = lip_envelope(jnp.asarray(moves + noise, jnp.float32), pair(60, 60)[1], max_offset=10)
    np.testing.assert_array_equal(score.curve[15:], 0)
    assert (np.abs(score.curve[:15]) > 0).all()


def test_a_steady_velocity_is_0():
    ramp = standardize(jnp.linspace(0.1, 5.3, 60))
    np.testing.assert_array_equal(ramp[:, 1], 0)
    assert float(jnp.std(ramp[:, 0])) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "function", [lambda x, v: speech_rhythm(x, fps=FPS, valid=v), lambda x, v: standardize(x, valid=v)]
)
@pytest.mark.parametrize("padding", [0.0, 1e6, np.nan])
def test_frames_that_are_not_valid_have_no_part(function, padding):
    curve = syllables(70, seed=3)
    padded = jnp.asarray(np.pad(curve, (4, 16), constant_values=padding), jnp.float32)
    valid = jnp.asarray(np.pad(np.ones(70, bool), (4, 16)))
    alone = function(jnp.asarray(curve, jnp.float32), None)
    np.testing.assert_allclose(function(padded, valid)[4:74], alone, atol=1e-5)
    np.testing.assert_array_equal(function(padded, valid)[74:], 0)
    assert np.isfinite(jax.jit(jax.grad(lambda x: function(x, valid).sum()))(padded)).all()


@pytest.mark.parametrize("max_offset", [1, 5, 15])
@pytest.mark.parametrize(("lips", "sound"), [(80, 80), (50, 90), (90, 50)])
def test_the_curve_is_the_loops(max_offset, lips, sound):
    mask = np.arange(sound) >= 4
    mouth, voice = pair(lips, sound, 2.0)
    score = lip_envelope(mouth, voice, max_offset=max_offset, mask=jnp.asarray(mask))
    expected = by_loop(mouth, voice, max_offset, mask)
    np.testing.assert_allclose(score.curve, expected, atol=1e-5)
    np.testing.assert_allclose(score.correlation, expected.max(), atol=1e-5)
    np.testing.assert_allclose(score.offset, vertex(expected) - max_offset, atol=1e-3)


@pytest.mark.parametrize("late", [-9.0, -3.0, 0.0, 1.0, 8.0])
@pytest.mark.parametrize("lengths", [(120, 120), (90, 140), (140, 90)])
def test_positive_is_a_late_picture(late, lengths):
    score = lip_envelope(*pair(*lengths, late), max_offset=10)
    assert round(float(score.offset)) == late


@pytest.mark.parametrize("late", np.arange(-2, 2, 0.25))
def test_the_offset_is_right_to_a_twentieth_of_a_frame(late):
    assert float(lip_envelope(*pair(250, 250, late), max_offset=10).offset) == pytest.approx(late, abs=0.05)


def speech() -> np.ndarray:
    with wave.open(str(SPEECH)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768


def score_of(envelope, lips):
    mask = envelope.mask
    sound = standardize(speech_rhythm(envelope.values, fps=FPS, valid=mask), valid=mask)
    return lip_envelope(lips, sound, max_offset=10, mask=mask)


@pytest.mark.parametrize("delay", [1, 4, 7])
@pytest.mark.parametrize("how", ["samples", "container"])
def test_speech_delayed_by_k_frames_lowers_the_offset_by_k(delay, how):
    """The mouth follows a real voice two frames late; then the voice is delayed, in its samples or by a start."""
    samples, count = speech(), 72
    opening = audio_envelope(jnp.asarray(samples), sample_rate=16000, fps=FPS, count=count, start=2 / FPS)
    lips = standardize(speech_rhythm(opening.values, fps=FPS))
    plain = score_of(audio_envelope(jnp.asarray(samples), sample_rate=16000, fps=FPS, count=count), lips)
    assert round(float(plain.offset)) == 2
    lead = 0 if how == "container" else delay
    later = jnp.asarray(np.pad(samples, (lead * 640, 0)))
    start = delay / FPS if how == "container" else 0.0
    moved = score_of(audio_envelope(later, sample_rate=16000, fps=FPS, count=count, start=start), lips)
    assert int(jnp.argmax(plain.curve) - jnp.argmax(moved.curve)) == delay
    assert float(plain.offset - moved.offset) == pytest.approx(delay, abs=0.1)
    assert float(moved.correlation) > 0.9


def test_sound_that_is_cut_short_is_scored_where_it_is_heard():
    samples = speech()
    lips = standardize(speech_rhythm(jnp.asarray(syllables(72), jnp.float32), fps=FPS))
    envelope = audio_envelope(jnp.asarray(samples[:28000]), sample_rate=16000, fps=FPS, count=72, start=0.3)
    assert int(envelope.mask.sum()) == 44
    score = score_of(envelope, lips)
    sound = standardize(speech_rhythm(envelope.values, fps=FPS, valid=envelope.mask), valid=envelope.mask)
    np.testing.assert_allclose(score.curve, by_loop(lips, sound, 10, np.asarray(envelope.mask)), atol=1e-5)


def test_lengths_under_vmap_and_jit():
    clips = [pair(80, 70, 3.0, seed=1), pair(60, 75, -2.0, seed=2)]
    sides = zip(*clips, strict=True)
    lips, sound = (
        jnp.stack([jnp.pad(x, ((0, 90 - len(x)), (0, 0)), constant_values=jnp.nan) for x in side]) for side in sides
    )
    lengths = jnp.array([80, 60], jnp.int32), jnp.array([70, 75], jnp.int32)

    @jax.jit
    @jax.vmap
    def together(lips, sound, t, s):
        return lip_envelope(lips, sound, max_offset=10, lengths=(t, s))

    batch = together(lips, sound, *lengths)
    alone = [lip_envelope(*clip, max_offset=10) for clip in clips]
    stacked = jax.tree.map(lambda *values: np.stack(values), *alone)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), batch, stacked)
    gradient = jax.jit(jax.grad(lambda x: together(x, sound, *lengths).correlation.sum()))(lips)
    assert np.isfinite(gradient).all()
    assert (gradient[0, 80:] == 0).all()


def test_offsets_with_too_few_pairs_are_nan_and_do_not_win():
    mouth, voice = pair(60, 60, 0.0)
    mask = jnp.arange(60) >= 45  # 15 frames; at a positive offset fewer of them have a partner
    score = lip_envelope(mouth, voice, max_offset=10, mask=mask)
    np.testing.assert_array_equal(np.isnan(score.curve), [*[False] * 15, *[True] * 6])
    assert round(float(score.offset)) == 0
    nothing = lip_envelope(mouth, voice, max_offset=10, mask=jnp.zeros(60, bool))
    assert np.isnan([nothing.correlation, nothing.offset]).all()


def test_without_compilation_it_is_the_same():
    curve, (_, voice) = jnp.asarray(syllables(60, 2.0), jnp.float32), pair(60, 60)
    lips = eager.standardize(eager.speech_rhythm(curve, fps=FPS))
    np.testing.assert_allclose(lips, standardize(speech_rhythm(curve, fps=FPS)), atol=1e-5)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-4),
        eager.lip_envelope(lips, voice, max_offset=5),
        lip_envelope(lips, voice, max_offset=5),
    )


def test_gradient_is_that_of_finite_differences():
    with jax.enable_x64(True):
        curve = jnp.asarray(syllables(40, 1.3) + 5)
        voice = standardize(jnp.asarray(syllables(44)))

        def loss(curve):
            score = lip_envelope(standardize(speech_rhythm(curve, fps=FPS)), voice, max_offset=3)
            return score.correlation + score.offset + score.curve[0]

        check_grads(jax.jit(loss), (curve,), order=1, modes=("rev", "fwd"), eps=1e-6)
        mesh = jnp.asarray(np.random.default_rng(0).normal(size=(2, 468, 3)))
        check_grads(jax.jit(mouth_opening), (mesh,), order=1, modes=("rev",), eps=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: mouth_opening(jnp.zeros((3, 478, 3))),
            r"Expected floating-point landmarks \[T, 468, 3\], got float32 of",
        ),
        (
            lambda: speech_rhythm(jnp.zeros((3, 2)), fps=25),
            r"Expected a floating-point curve \[T\], got float32 of shape",
        ),
        (lambda: speech_rhythm(jnp.zeros(30), fps=14), r"Expected fps > 14.0 \(the band reaches to 7.0 Hz\), got 14"),
        (
            lambda: standardize(jnp.zeros(30), valid=jnp.zeros(29, bool)),
            r"Expected a boolean mask of shape \(30,\), got bool of shape \(29,\)",
        ),
        (
            lambda: lip_envelope(jnp.zeros((40, 2)), jnp.zeros((40, 3)), max_offset=5),
            r"Expected trajectories \[T, 2\] and \[S, 2\], got \(40, 2\) and \(40, 3\)",
        ),
        (
            lambda: lip_envelope(jnp.zeros((40, 2)), jnp.zeros((30, 2)), max_offset=15),
            "Expected more than 30 frames on both sides, got 40 and 30",
        ),
        (lambda: lip_envelope(jnp.zeros((40, 2)), jnp.zeros((40, 2)), max_offset=0), "Expected max_offset >= 1, got 0"),
        (
            lambda: eager.lip_envelope(*[jnp.zeros((40, 2))] * 2, max_offset=5, lengths=(41, 40)),
            r"Expected lengths\[0\] in 1..40",
        ),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(call)
