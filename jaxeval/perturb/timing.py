"""More faults of timing: another pace, jitter, frames that are dropped, a picture that freezes."""

import numpy as np

from jaxeval.perturb.picture import Perturbed, require_clip, retimed


def paced(frames: np.ndarray, factor: float) -> Perturbed:
    """Show a clip faster or slower as a whole: output frame t shows the frame nearest to factor · t.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        factor: of the pace, above 0; 1.2 for a fifth faster.

    Returns:
        The clip of max(1, round(T / factor)) frames, and its lag, which grows as t · (1 − factor).

    Raises:
        ValueError: frames is no clip, or factor isn't above 0.

    Example:
        >>> paced(np.zeros((10, 2, 2, 3), np.uint8), 1.25).lag
        array([ 0,  0, -1, -1, -1, -1, -2, -2])
    """
    require_clip(frames)
    if not factor > 0:
        raise ValueError(f"Expected factor > 0, got {factor}.")
    count = max(1, round(len(frames) / factor))
    return retimed(frames, np.floor(np.arange(count) * factor + 0.5).astype(int))


def paced_audio(samples: np.ndarray, factor: float) -> np.ndarray:
    """Play sound faster or slower as `paced` shows frames; its pitch moves along.

    Args:
        samples: [N] mono samples.
        factor: of the pace, above 0.

    Returns:
        [max(1, round(N / factor))] samples, linearly interpolated.

    Example:
        >>> paced_audio(np.arange(4.0), 0.5)
        array([0. , 0.5, 1. , 1.5, 2. , 2.5, 3. , 3. ])
    """
    count = max(1, round(len(samples) / factor))
    return np.interp(np.arange(count) * factor, np.arange(len(samples)), samples).astype(samples.dtype)


def jittered(frames: np.ndarray, reach: float, *, seed: int = 0) -> Perturbed:
    """Show each frame a little early or late, at random, in the right order.

    The moments t + u_t with u_t uniform in [−reach, reach] are sorted; output frame t shows the nearest to the t-th.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        reach: frames by which a moment moves at most, at least 0.
        seed: of the jitter.

    Returns:
        The clip and its lag.

    Raises:
        ValueError: frames is no clip, or reach is negative.

    Example:
        >>> lag = jittered(np.zeros((200, 2, 2, 3), np.uint8), 2.0).lag
        >>> bool(abs(lag).max() <= 2), bool(abs(lag.mean()) < 0.5)
        (True, True)
    """
    require_clip(frames)
    if reach < 0:
        raise ValueError(f"Expected reach >= 0, got {reach}.")
    moments = np.arange(len(frames)) + np.random.default_rng(seed).uniform(-reach, reach, len(frames))
    return retimed(frames, np.floor(np.sort(moments) + 0.5).astype(int))


def dropped(frames: np.ndarray, share: float, *, seed: int = 0) -> Perturbed:
    """Drop frames at random; the one before is held instead.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        share: of the frames to drop, in [0, 1); the first one stays.
        seed: of the choice.

    Returns:
        The clip, as long as it was, and its lag: for how many frames each has been held.

    Raises:
        ValueError: frames is no clip, or share is out of its range.

    Example:
        >>> lag = dropped(np.zeros((200, 2, 2, 3), np.uint8), 0.25).lag
        >>> int((lag > 0).sum()), int((lag < 0).sum())
        (50, 0)
    """
    require_clip(frames)
    if not 0 <= share < 1:
        raise ValueError(f"Expected share in [0, 1), got {share}.")
    count = min(round(share * len(frames)), len(frames) - 1)
    lost = 1 + np.random.default_rng(seed).permutation(len(frames) - 1)[:count]
    index = np.arange(len(frames))
    index[lost] = 0
    return retimed(frames, np.maximum.accumulate(index))


def frozen(frames: np.ndarray, seconds: float, *, start: float = 0.5, fps: float = 25.0) -> Perturbed:
    """Let the picture stand still for a while; then it is as it would have been.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        seconds: for how long, at least 0.
        start: middle of the freeze, as a share of the clip, in [0, 1].
        fps: frames per second.

    Returns:
        The clip and its lag, which climbs while the picture stands still.

    Raises:
        ValueError: frames is no clip, or seconds or start is out of its range.

    Example:
        >>> frozen(np.zeros((9, 2, 2, 3), np.uint8), 0.16, fps=25).lag
        array([0, 0, 0, 1, 2, 3, 4, 0, 0])
    """
    require_clip(frames)
    if seconds < 0 or not 0 <= start <= 1:
        raise ValueError(f"Expected seconds >= 0 and start in [0, 1], got {seconds} and {start}.")
    index, held = np.arange(len(frames)), int(seconds * fps + 0.5)
    first = min(max(0, int(start * len(frames)) - held // 2), len(frames) - 1)
    index[first : first + held + 1] = first
    return retimed(frames, index)
