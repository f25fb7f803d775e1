"""The crop that SyncNet was trained on: the lower face, from a detector's boxes, as its own pipeline cuts it."""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from scipy.ndimage import median_filter

from jaxeval.media.crops import Window

_SIZE = 224
_BORDER = 110
_SCALE = 0.4
_MEDIAN = 13
_FEWEST = _MEDIAN // 2 + 1


def syncnet_windows(boxes: np.ndarray) -> list[Window]:
    """Where SyncNet's pipeline cuts each frame.

    With x, y the box's centre and s half its longer side, each under a running median of 13 frames, and c = 0.4, the
    crop reaches from x − s(1 + c) to x + s(1 + c) and from y − s to y + s(1 + 2c), whole pixels, rounded down: a square
    of side 2.8 s (one row or column more or less by rounding), more below the face than above.

    As upstream does it, the median counts frames beyond the clip's ends as 0, so it is the minimum of the seven first
    or last frames there, and a face that moves is followed late.

    Args:
        boxes: `[T, 4]` left, top, right, bottom of the face in pixels of the frame, at 25 frames per second, T ≥ 7. The
            scores depend on how tightly a detector draws them; upstream's is S3FD.

    Returns:
        One `Window` for each frame, which may reach beyond it.

    Raises:
        ValueError: boxes are not `[T, 4]` or fewer than 7 (of which the median is 0), or one is smaller than a pixel or
            not finite.

    References:
        Chung and Zisserman, Out of time: automated lip sync in the wild, ACCV workshop on multi-view lip-reading 2016;
        its public pipeline for the numbers.

    Example:
        >>> syncnet_windows(np.tile([100.0, 80.0, 200.0, 200.0], (9, 1)))[0]
        Window(left=66, top=80, right=234, bottom=248)
    """
    if boxes.ndim != 2 or boxes.shape[1] != 4 or len(boxes) < _FEWEST:
        raise ValueError(f"Expected boxes [T, 4] with T at least {_FEWEST}, got shape {boxes.shape}.")
    corners = boxes.astype(np.float64).reshape(-1, 2, 2)
    sides = corners[:, 1] - corners[:, 0]
    if not (sides >= 1).all() or not np.isfinite(sides).all():
        worst = int(np.argmin(np.where(np.isfinite(sides), sides, -np.inf).min(axis=1)))
        raise ValueError(f"Expected boxes of at least one pixel, got {boxes[worst].tolist()} in frame {worst}.")
    half = _running_median(sides.max(axis=1) / 2)
    x, y = (_running_median(column) for column in corners.mean(axis=1).T)
    edges = [x - half * (1 + _SCALE), y - half, x + half * (1 + _SCALE), y + half * (1 + 2 * _SCALE)]
    return [Window(*row) for row in np.floor(edges).astype(int).T.tolist()]


def syncnet_crops(chunks: Iterable[np.ndarray], boxes: np.ndarray) -> Iterator[np.ndarray]:
    """A clip's crops for SyncNet: `syncnet_windows`, grey (110) beyond the frame, resized to 224×224.

    Resizing is bilinear without antialiasing, as upstream's `cv2.resize`.

    Args:
        chunks: successive frames `[k, H, W, 3]` uint8 RGB, as `Video.chunks` gives them.
        boxes: `[T, 4]` as for `syncnet_windows`, one for each frame.

    Yields:
        `[k, 224, 224, 3]` uint8 RGB for each chunk.

    Raises:
        ValueError: as `syncnet_windows`, or there are more or fewer frames than boxes.

    Example:
        >>> frames = np.full((8, 240, 320, 3), 200, np.uint8)
        >>> boxes = np.tile([100.0, 80.0, 200.0, 200.0], (8, 1))
        >>> [crops.shape for crops in syncnet_crops([frames[:5], frames[5:]], boxes)]
        [(5, 224, 224, 3), (3, 224, 224, 3)]
    """
    windows, count = iter(syncnet_windows(boxes)), 0
    for chunk in chunks:
        count += len(chunk)
        if count > len(boxes):
            raise ValueError(f"Expected {len(boxes)} frames, one for each box, got more.")
        yield np.stack([_cut(frame, window) for frame, window in zip(chunk, islice(windows, len(chunk)), strict=True)])
    if count < len(boxes):
        raise ValueError(f"Expected {len(boxes)} frames, one for each box, got {count}.")


def _running_median(values: np.ndarray) -> np.ndarray:
    return median_filter(values, _MEDIAN, mode="constant", cval=0)


def _cut(frame: np.ndarray, window: Window) -> np.ndarray:
    """The window of a frame, grey beyond it, at 224×224."""
    height, width, _ = frame.shape
    top, bottom = np.clip([window.top, window.bottom], 0, height)
    left, right = np.clip([window.left, window.right], 0, width)
    canvas = np.full((window.bottom - window.top, window.right - window.left, 3), _BORDER, np.float32)
    inside = np.s_[top - window.top : bottom - window.top, left - window.left : right - window.left]
    canvas[inside] = frame[top:bottom, left:right]
    return np.rint(_resized(_resized(canvas, 0), 1)).astype(np.uint8)


def _resized(image: np.ndarray, axis: int) -> np.ndarray:
    """One axis to 224 by linear interpolation between pixel centres, held beyond the outermost."""
    length = image.shape[axis]
    place = np.clip((np.arange(_SIZE) + 0.5) * length / _SIZE - 0.5, 0, length - 1)
    lower = place.astype(int)
    share = (place - lower).astype(np.float32).reshape(-1, *[1] * (2 - axis))
    upper = np.minimum(lower + 1, length - 1)
    return image.take(lower, axis) * (1 - share) + image.take(upper, axis) * share
