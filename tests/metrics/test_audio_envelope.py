"""The voice's envelope against scipy's filters and loops over frames, and its place beside the pictures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy import optimize, signal

from jaxeval.media.audio import decode_audio
from jaxeval.media.video import Video
from jaxeval.metrics.audio_envelope import audio_envelope

from ..media.test_audio import write_sound

RATE = 16000


def voice(seconds: float, seed: int = 0) -> np.ndarray:
    """Noise that swells and fades four times a second."""
    n = np.arange(int(seconds * RATE))
    return np.random.default_rng(seed).normal(size=len(n)) * (1.1 + np.sin(2 * np.pi * 4 * n / RATE)) / 4


def cochlear_edges() -> np.ndarray:
    """Seven evenly spaced places between those of 100 Hz and 4 kHz, found by searching Greenwood's map."""

    def greenwood(place):
        return 165.4 * (10 ** (2.1 * place) - 0.88)

    ends = [optimize.brentq(lambda place, hertz=hertz: greenwood(place) - hertz, 0, 1) for hertz in (100, 4000)]
    return greenwood(np.linspace(*ends, 7))


def by_scipy(samples: np.ndarray, rate: int) -> np.ndarray:
    """The mean of six Hilbert envelopes, in float64; two seconds of silence keep the ends apart."""
    padded = np.pad(samples.astype(np.float64), (0, 2 * rate))
    hertz = np.fft.rfftfreq(len(padded), 1 / rate)
    envelopes = []
    for low, high in zip(cochlear_edges()[:-1], cochlear_edges()[1:], strict=True):
        _, response = signal.freqs(*signal.butter(4, [low, high], "bandpass", analog=True), worN=hertz)
        band = np.fft.irfft(np.fft.rfft(padded) * np.abs(response) ** 2, len(padded))
        envelopes.append(np.abs(signal.hilbert(band)))
    return np.mean(envelopes, axis=0)[: len(samples)]


def by_loop(samples: np.ndarray, rate: int, fps: float, count: int, start: float) -> tuple[np.ndarray, np.ndarray]:
    envelope, delay = by_scipy(samples, rate), round(start * rate)
    values, mask = np.zeros(count), np.zeros(count, bool)
    for k in range(count):
        frame = range(round(k * rate / fps) - delay, round((k + 1) * rate / fps) - delay)
        inside = [envelope[n] for n in frame if 0 <= n < len(samples)]
        mask[k] = 2 * len(inside) >= len(frame)
        values[k] = np.mean(inside) if mask[k] else 0
    return values, mask


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("fps", [25, 30, 30000 / 1001])
def test_it_is_scipys(rate, fps):
    samples = voice(1.5)[: int(1.5 * rate)]
    values, mask = by_loop(samples, rate, fps, 30, 0.1)
    ours = audio_envelope(jnp.asarray(samples, jnp.float32), sample_rate=rate, fps=fps, count=30, start=0.1)
    np.testing.assert_array_equal(ours.mask, mask)
    # At 8 kHz the highest band ends at the Nyquist frequency, and rings for as long as there is silence to ring in.
    np.testing.assert_allclose(ours.values, values, rtol=1e-3 if rate == 8000 else 1e-5)


@pytest.mark.parametrize("start", [-0.9, -0.2, -0.013, 0.0, 0.05, 0.4, 0.9])
@pytest.mark.parametrize("seconds", [0.5, 0.995, 2.0])
def test_late_early_short_and_long_sound(start, seconds):
    samples = voice(seconds)
    values, mask = by_loop(samples, RATE, 25, 25, start)
    ours = audio_envelope(jnp.asarray(samples, jnp.float32), sample_rate=RATE, fps=25, count=25, start=start)
    np.testing.assert_array_equal(ours.mask, mask)
    np.testing.assert_allclose(ours.values, values, rtol=1e-5, atol=1e-7)


def test_a_start_of_k_frames_moves_the_envelope_by_k_frames():
    samples = jnp.asarray(voice(1.0), jnp.float32)
    plain, late = (audio_envelope(samples, sample_rate=RATE, fps=25, count=30, start=s) for s in (0.0, 5 / 25))
    np.testing.assert_array_equal(late.values[5:], plain.values[:-5])
    np.testing.assert_array_equal(late.mask, np.arange(30) >= 5)


@pytest.mark.parametrize(("hertz", "passes"), [(20, False), (300, True), (1000, True), (3000, True), (7000, False)])
def test_the_carrier_band(hertz, passes):
    tone = jnp.sin(2 * jnp.pi * hertz / RATE * jnp.arange(float(RATE)))
    middle = audio_envelope(tone, sample_rate=RATE, fps=25, count=25).values[5:-5]
    # One band of six holds the tone, at full amplitude.
    assert (np.abs(middle - 1 / 6) < 0.02).all() if passes else (middle < 0.01).all()


def test_it_follows_the_modulation():
    seconds = np.arange(2 * RATE) / RATE
    swell = 1 + 0.5 * np.sin(2 * np.pi * 4 * seconds)
    tone = jnp.asarray(swell * np.sin(2 * np.pi * 650 * seconds), jnp.float32)
    values = audio_envelope(tone, sample_rate=RATE, fps=25, count=50).values[5:-5]
    expected = swell.reshape(50, -1).mean(axis=1)[5:-5]
    assert np.corrcoef(values, expected)[0, 1] > 0.999
    np.testing.assert_allclose(values / values.mean(), expected / expected.mean(), atol=0.03)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize(("sound_starts", "picture_starts"), [(0.52, 0.0), (0.0, 0.52), (0.52, 0.52)])
def test_a_containers_offset(tmp_path, suffix, sound_starts, picture_starts):
    """A burst at 1.2 s of the file's clock is loud in the frames that are shown then, whichever stream begins late."""
    seconds = sound_starts + np.arange(int(1.5 * RATE)) / RATE
    burst = 0.5 * np.sin(2 * np.pi * 650 * seconds) * ((seconds >= 1.2) & (seconds < 1.4))
    path = write_sound(tmp_path / f"clip.{suffix}", [(sound_starts, burst)], RATE, picture_starts=picture_starts)
    samples, start_s = decode_audio(path)
    info = Video(path).info
    envelope = audio_envelope(
        jnp.asarray(samples), sample_rate=RATE, fps=25, count=info.frames, start=start_s - info.start_s
    )
    loud = np.flatnonzero(envelope.values > 0.5 * envelope.values.max())
    first = round((1.2 - picture_starts) * 25)
    np.testing.assert_array_equal(loud, np.arange(first, first + 5))


def test_start_and_length_may_be_traced_and_batched():
    clips = [voice(1.0, seed=1), voice(0.7, seed=2)]
    padded = jnp.asarray(np.stack([np.pad(x, (0, RATE - len(x)), constant_values=9) for x in clips]), jnp.float32)
    starts, lengths = jnp.array([0.08, -0.1], jnp.float32), jnp.array([len(x) for x in clips], jnp.int32)

    @jax.jit
    @jax.vmap
    def together(samples, start, length):
        return audio_envelope(samples, sample_rate=RATE, fps=25, count=30, start=start, length=length)

    batch = together(padded, starts, lengths)
    for k, clip in enumerate(clips):
        values, mask = by_loop(clip, RATE, 25, 30, float(starts[k]))
        np.testing.assert_array_equal(batch.mask[k], mask)
        np.testing.assert_allclose(batch.values[k], values, rtol=1e-5, atol=1e-7)


def test_gradient_is_that_of_finite_differences():
    with jax.enable_x64(True):
        samples = jnp.asarray(voice(0.1), jnp.float64)

        def loss(samples):
            return audio_envelope(samples, sample_rate=RATE, fps=25, count=4, start=0.03).values

        check_grads(jax.jit(loss), (samples,), order=1, modes=("rev",), eps=1e-6)


def test_gradient_is_finite_in_silence():
    samples = jnp.concatenate([jnp.zeros(4000), jnp.asarray(voice(0.25), jnp.float32)])
    for clip in (samples, jnp.zeros(8000)):
        loss = jax.jit(jax.grad(lambda x: audio_envelope(x, sample_rate=RATE, fps=25, count=12).values.sum()))
        gradient = loss(clip)
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("samples", "arguments", "message"),
    [
        (jnp.zeros((2, 100)), {}, r"Expected floating-point samples \[N\], got float32 of shape \(2, 100\)"),
        (jnp.zeros(100, jnp.int16), {}, r"Expected floating-point samples \[N\], got int16"),
        (jnp.zeros(100), {"sample_rate": 7999}, "Expected sample_rate >= 8000, got 7999"),
        (jnp.zeros(100), {"fps": 0}, "Expected 0 < fps <= 16000, got 0"),
        (jnp.zeros(100), {"count": 0}, "Expected count >= 1, got 0"),
        (jnp.zeros(100), {"length": 101}, r"Expected length in 1\.\.100, got 101"),
    ],
)
def test_bad_arguments(samples, arguments, message):
    arguments = {"sample_rate": RATE, "fps": 25, "count": 10} | arguments
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda x: audio_envelope(x, **arguments), samples)
