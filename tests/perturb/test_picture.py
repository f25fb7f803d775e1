"""Perturbations, read back by the number in each picture, and by a numerical solution of the time map."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.signal import fftconvolve

from jaxeval.perturb.picture import blurred, degraded, late, late_audio, rubato, rubato_audio, rubato_time

from ..media.numbered_clips import bar_code, read_bar_code


def numbered(count):
    return np.stack([bar_code(k) for k in range(count)])


def numbers(clip):
    return np.array([read_bar_code(frame) for frame in clip])


@pytest.mark.parametrize(("seconds", "fps", "delay"), [(0.12, 25, 3), (0.0, 25, 0), (0.1, 30, 3), (9.0, 25, 20)])
def test_late_holds_the_first_frame_and_cuts_the_end(seconds, fps, delay):
    frames, lag = late(numbered(20), seconds, fps=fps)
    expected = ([0] * delay + list(range(20)))[:20]
    assert numbers(frames).tolist() == expected
    np.testing.assert_array_equal(lag, np.arange(20) - expected)


@pytest.mark.parametrize(("rate", "period", "phase"), [(0.15, 3.0, 0.0), (0.15, 2.0, 1.3), (0.3, 5.0, 4.0)])
def test_rubato_solves_its_differential_equation(rate, period, phase):
    time = np.linspace(0, 6, 200)

    def speed(t, _):
        return [1 + rate * np.sin(2 * np.pi * t / period + phase)]

    solution = solve_ivp(speed, (0, 6), [0.0], t_eval=time, rtol=1e-10, atol=1e-12)
    tau = rubato_time(time, rate, period=period, phase=phase)
    np.testing.assert_allclose(tau, solution.y[0], atol=1e-8)
    assert (np.diff(tau) > 0).all()


@pytest.mark.parametrize(("rate", "period", "phase"), [(0.15, 3.0, 0.0), (0.15, 3.0, 3.0), (0.4, 1.0, 1.5)])
def test_rubato_shows_the_frames_of_its_time_and_tells_the_lag(rate, period, phase):
    count, fps = 60, 25
    frames, lag = rubato(numbered(count), rate, period=period, phase=phase, fps=fps)
    wanted = rubato_time(np.arange(count) / fps, rate, period=period, phase=phase) * fps
    shown = numbers(frames)
    assert np.abs(shown - wanted.clip(0, count - 1)).max() <= 0.5 + 1e-9
    np.testing.assert_array_equal(lag, np.arange(count) - shown)


def test_rubato_at_rate_nought_changes_nothing():
    frames, lag = rubato(numbered(10), rate=0.0)
    np.testing.assert_array_equal(frames, numbered(10))
    assert not lag.any()


def test_sound_goes_wrong_together_with_the_picture():
    rate, fps, count = 16000, 25, 60
    clicks = np.zeros(count * rate // fps, np.float32)
    clicks[rate // fps // 2 :: rate // fps * 5] = 1  # in the middle of every fifth frame
    frames, _ = rubato(numbered(count))
    sound = rubato_audio(clicks, sample_rate=rate)
    assert len(sound) == len(clicks)
    for position in np.flatnonzero(sound > 0.5):
        assert abs(numbers(frames)[position * fps // rate] % 5) in (0, 1, 4)
    delayed = late_audio(clicks, 0.12, sample_rate=rate)
    np.testing.assert_array_equal(np.flatnonzero(delayed), np.flatnonzero(clicks) + int(0.12 * rate))
    assert delayed.dtype == sound.dtype == np.float32


@pytest.mark.parametrize("sigma", [1.0, 2.5])
def test_blur_is_a_convolution_with_a_gaussian(sigma):
    frames = np.random.default_rng(0).integers(0, 256, (2, 60, 50, 3), np.uint8)
    reach = np.arange(-20, 21)
    kernel = np.exp(-(reach[:, None] ** 2 + reach[None] ** 2) / (2 * sigma**2))
    kernel /= kernel.sum()
    expected = fftconvolve(frames.astype(float), kernel[None, :, :, None], mode="same")
    result, lag = blurred(frames, sigma)
    inner = (slice(None), slice(20, -20), slice(20, -20))
    assert np.abs(result[inner] - expected[inner]).max() <= 0.6
    assert (result.dtype, lag.tolist()) == (np.uint8, [0, 0])


@pytest.mark.parametrize("shape", [(64, 96), (35, 51)])
def test_degraded_keeps_time_and_size_and_loses_detail(shape):
    rng = np.random.default_rng(0)
    texture = rng.integers(0, 256, (*shape, 3), np.uint8)
    clip = np.stack([np.full_like(texture, 20 * k) // 2 + texture // 2 for k in range(12)])
    mild, lag = degraded(clip, crf=20, scale=1.0)
    harsh, _ = degraded(clip, crf=45, scale=0.5)
    assert mild.shape == harsh.shape == clip.shape
    assert not lag.any()
    brightness = clip.mean(axis=(1, 2, 3))
    np.testing.assert_allclose(harsh.mean(axis=(1, 2, 3)), brightness, atol=8)  # each frame in its place
    errors = [np.abs(worse.astype(float) - clip).mean() for worse in (mild, harsh)]
    assert errors[0] < errors[1]
    assert harsh.std(axis=(1, 2)).mean() < 0.5 * clip.std(axis=(1, 2)).mean()


@pytest.mark.parametrize("perturb", [late, rubato, blurred, degraded])
@pytest.mark.parametrize("shape", [(0, 8, 8, 3), (8, 8, 3), (4, 8, 8, 1)])
def test_what_is_no_clip(perturb, shape):
    with pytest.raises(ValueError, match=r"Expected frames of shape \[T >= 1, H, W, 3\], got \["):
        perturb(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(("rate", "period"), [(1.0, 3.0), (-0.1, 3.0), (0.1, 0.0)])
def test_time_that_would_stand_still(rate, period):
    with pytest.raises(ValueError, match=r"Expected rate in \[0, 1\) and period > 0, got"):
        rubato_time(np.zeros(3), rate, period=period)


def test_late_does_not_run_early():
    with pytest.raises(ValueError, match="Expected seconds >= 0, got -1"):
        late(numbered(3), seconds=-1)
