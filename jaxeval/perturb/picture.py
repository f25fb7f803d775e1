"""Known faults, put into any clip on purpose: of timing, with the sound beside it, and of the picture."""

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from jaxeval.media.video import Video
from jaxeval.media.write import write_video


class Perturbed(NamedTuple):
    """A perturbed clip and the truth about its timing.

    Attributes:
        frames: [S, H, W, 3] uint8 RGB, as many as there were unless the pace is another.
        lag: [S] how late each frame is against the original, in frames: t minus the index of the frame that it shows.
    """

    frames: np.ndarray
    lag: np.ndarray


def late(frames: np.ndarray, seconds: float = 0.12, *, fps: float = 25.0) -> Perturbed:
    """Show everything later: the first frame is held, and what no longer fits at the end is cut.

    Output frame t shows frame max(0, t − k), k = ⌊seconds · fps + ½⌋.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        seconds: the delay, at least 0.
        fps: frames per second.

    Returns:
        The clip and its lag: k wherever the clip has begun.

    Raises:
        ValueError: frames has no frame or more or fewer than four axes, or seconds is negative.

    Example:
        >>> clip = np.arange(5, dtype=np.uint8)[:, None, None, None] + np.zeros((5, 2, 2, 3), np.uint8)
        >>> late(clip, seconds=0.08, fps=25).frames[:, 0, 0, 0].tolist()
        [0, 0, 0, 1, 2]
    """
    if seconds < 0:
        raise ValueError(f"Expected seconds >= 0, got {seconds}.")
    require_clip(frames)
    return retimed(frames, np.arange(len(frames)) - int(seconds * fps + 0.5))


def late_audio(samples: np.ndarray, seconds: float = 0.12, *, sample_rate: int = 16000) -> np.ndarray:
    """Delay sound as `late` delays frames: silence first, the end cut.

    Args:
        samples: [N] mono samples.
        seconds: the delay, at least 0.
        sample_rate: samples per second, in Hz.

    Returns:
        [N] samples.

    Example:
        >>> late_audio(np.asarray([0.1, 0.2, 0.3]), seconds=0.5, sample_rate=2)
        array([0. , 0.1, 0.2])
    """
    delay = int(seconds * sample_rate + 0.5)
    return np.concatenate([np.zeros(delay, samples.dtype), samples])[: len(samples)]


def rubato_time(time: np.ndarray, rate: float = 0.15, *, period: float = 3.0, phase: float = 0.0) -> np.ndarray:
    """The moment of the original that is shown at each moment, where the speaking rate wanders.

        dτ/dt = 1 + rate · sin(2πt / period + phase),  τ(0) = 0

    Args:
        time: moments of the perturbed clip, in seconds.
        rate: largest relative change of the rate, in [0, 1).
        period: of the wandering, in seconds.
        phase: of the wandering, in radians.

    Returns:
        τ(time) in seconds, increasing.

    Raises:
        ValueError: rate or period is out of its range.

    Example:
        >>> rubato_time(np.asarray([0.0, 1.5, 3.0]), rate=0.15, period=3.0).round(3)
        array([0.   , 1.643, 3.   ])
    """
    if not (0 <= rate < 1 and period > 0):
        raise ValueError(f"Expected rate in [0, 1) and period > 0, got {rate} and {period}.")
    angle = 2 * np.pi * time / period
    return time + rate * period / (2 * np.pi) * (np.cos(phase) - np.cos(angle + phase))


def rubato(
    frames: np.ndarray, rate: float = 0.15, *, period: float = 3.0, phase: float = 0.0, fps: float = 25.0
) -> Perturbed:
    """Let the speaking rate wander: output frame t shows the frame nearest to τ(t / fps), see `rubato_time`.

    The wandering stays within the clip: where τ passes its end, the last frame is held.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        rate: largest relative change of the rate, in [0, 1).
        period: of the wandering, in seconds.
        phase: of the wandering, in radians.
        fps: frames per second.

    Returns:
        The clip and its lag in whole frames, negative where it runs ahead.

    Raises:
        ValueError: frames is no clip, or rate or period is out of its range.

    Example:
        >>> rubato(np.zeros((75, 2, 2, 3), np.uint8)).lag[[0, 37, 74]]
        array([ 0, -4,  0])
    """
    require_clip(frames)
    shown = rubato_time(np.arange(len(frames)) / fps, rate, period=period, phase=phase) * fps
    return retimed(frames, np.floor(shown + 0.5).astype(int))


def rubato_audio(
    samples: np.ndarray, rate: float = 0.15, *, period: float = 3.0, phase: float = 0.0, sample_rate: int = 16000
) -> np.ndarray:
    """Let sound wander as `rubato` lets frames wander; its pitch wanders with it.

    Args:
        samples: [N] mono samples.
        rate: largest relative change of the rate, in [0, 1).
        period: of the wandering, in seconds.
        phase: of the wandering, in radians.
        sample_rate: samples per second, in Hz.

    Returns:
        [N] samples, linearly interpolated at τ; the last one is held past the end.

    Raises:
        ValueError: rate or period is out of its range.

    Example:
        >>> rubato_audio(np.arange(4.0), rate=0.0, sample_rate=2)
        array([0., 1., 2., 3.])
    """
    index = np.arange(len(samples))
    played = rubato_time(index / sample_rate, rate, period=period, phase=phase) * sample_rate
    return np.interp(played, index, samples).astype(samples.dtype)


def blurred(frames: np.ndarray, sigma: float = 2.0) -> Perturbed:
    """Blur each frame with a Gaussian, edges repeated.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        sigma: standard deviation in pixels, at least 0.

    Returns:
        The clip; its lag is 0.

    Raises:
        ValueError: frames is no clip.

    Example:
        >>> dot = np.zeros((1, 9, 9, 3), np.uint8)
        >>> dot[0, 4, 4] = 255
        >>> blurred(dot, sigma=1.0).frames[0, 4, :, 0].tolist()  # 255 / 2π at the centre
        [0, 0, 5, 25, 41, 25, 5, 0, 0]
    """
    require_clip(frames)
    blurry = (gaussian_filter(frame.astype(np.float32), (sigma, sigma, 0), mode="nearest") for frame in frames)
    return Perturbed(np.stack([np.rint(frame).astype(np.uint8) for frame in blurry]), np.zeros(len(frames), int))


def noisy(frames: np.ndarray, sigma: float = 8.0, *, seed: int = 0) -> Perturbed:
    """Add Gaussian noise to every pixel and channel, anew in each frame.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        sigma: standard deviation in grey levels, at least 0.
        seed: of the noise.

    Returns:
        The clip, rounded and clipped to 0..255; its lag is 0.

    Raises:
        ValueError: frames is no clip, or sigma is negative.

    Example:
        >>> grey = np.full((2, 64, 64, 3), 128, np.uint8)
        >>> print(f"{noisy(grey, sigma=8.0).frames.std():.1f}")
        8.0
    """
    require_clip(frames)
    if sigma < 0:
        raise ValueError(f"Expected sigma >= 0, got {sigma}.")
    rng = np.random.default_rng(seed)
    spoilt = ((frame + rng.normal(0, sigma, frame.shape)).clip(0, 255) for frame in frames)  # a clip's would be huge
    return Perturbed(np.stack([np.rint(frame).astype(np.uint8) for frame in spoilt]), np.zeros(len(frames), int))


def degraded(frames: np.ndarray, *, crf: int = 40, scale: float = 1.0, fps: float = 25.0) -> Perturbed:
    """Compress a clip far too much: shrunk, written as H.264 at a high crf, read and enlarged again.

    A fault of the picture alone as long as the codec still follows the mouth. Above crf 40 or so it does not update
    small movements in every frame, and the fault becomes one of timing, too.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        crf: strength of compression, 0 to 51.
        scale: size at which it is compressed, relative to the original, in (0, 1].
        fps: frames per second.

    Returns:
        The clip; its lag is 0.

    Raises:
        ValueError: frames is no clip.

    Example:
        >>> degraded(np.full((3, 32, 32, 3), 90, np.uint8)).frames.shape
        (3, 32, 32, 3)
    """
    require_clip(frames)
    height, width = frames.shape[1:3]
    small = [max(2, 2 * round(side * scale / 2)) for side in (height, width)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "degraded.mp4"
        write_video(path, (_resized(frame, *small) for frame in frames), fps, crf=crf)
        read = [_resized(frame, height, width) for chunk in Video(path, fps).chunks(16) for frame in chunk]
    return Perturbed(np.stack(read), np.zeros(len(frames), int))


def retimed(frames: np.ndarray, index: np.ndarray) -> Perturbed:
    """The clip that shows frame index[t] at t, held at both ends.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        index: [S] whole numbers; those outside of 0..T − 1 count as the nearest inside.

    Returns:
        The clip of S frames and its lag.

    Example:
        >>> retimed(np.zeros((3, 2, 2, 3), np.uint8), np.array([-1, 0, 0, 2, 5])).lag
        array([0, 1, 2, 1, 2])
    """
    index = index.clip(0, len(frames) - 1)
    return Perturbed(frames[index], np.arange(len(index)) - index)


def _resized(frame: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BICUBIC))


def require_clip(frames: np.ndarray) -> None:
    """Refuse what is no clip, with a ValueError."""
    if frames.ndim != 4 or frames.shape[3] != 3 or not len(frames):
        raise ValueError(f"Expected frames of shape [T >= 1, H, W, 3], got {list(frames.shape)}.")
