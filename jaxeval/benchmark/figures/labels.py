"""Where names can stand beside points so that none covers a point or another name."""

from collections.abc import Sequence

import numpy as np

_DISTANCES = (0.06, 0.13, 0.22, 0.34, 0.5)
_ANGLES = np.deg2rad([0, 180, 90, 270, 35, 145, 325, 215, 65, 115, 295, 245])
_POINT = 0.045

Box = tuple[float, float, float, float]
"""Left, bottom, right and top."""


def place_labels(points: np.ndarray, widths: Sequence[float], height: float, room: Box) -> list[Box | None]:
    """Find a place for each label, the most crowded points first.

    Args:
        points: `[N, 2]` in inches.
        widths: of the labels, in inches.
        height: of each label, in inches.
        room: where they may stand.

    Returns:
        A box for each; None where no place is left. Boxes overlap neither each other nor a point.

    Example:
        >>> [(left, bottom, right, top)] = place_labels(np.array([[1.0, 1.0]]), [0.5], 0.1, (0.0, 0.0, 2.0, 2.0))
        >>> print(round(left, 2), round(bottom, 2), round(right, 2), round(top, 2))
        1.06 0.95 1.56 1.05
    """
    dots = np.concatenate([points - _POINT, points + _POINT], axis=1)
    taken = dots.reshape(-1, 4)
    found: list[Box | None] = [None] * len(points)
    gaps = np.linalg.norm(points[:, None] - points, axis=2)
    crowding = (np.exp(-gaps / 0.3)).sum(axis=1)
    for k in np.argsort(-crowding, kind="stable"):
        for box in _candidates(points[k], widths[k], height):
            if _inside(box, room) and not _overlaps(box, taken):
                found[k] = box
                taken = np.concatenate([taken, [box]])
                break
    return found


def _candidates(point: np.ndarray, width: float, height: float):
    """Boxes around a point, the nearest first; each touches the end of a spoke with the side or corner next to it."""
    for distance in _DISTANCES:
        for angle in _ANGLES:
            across, up = np.cos(angle), np.sin(angle)
            x = point[0] + distance * across - width * (1 - across.round(6)) / 2
            y = point[1] + distance * up - height * (1 - up.round(6)) / 2
            yield float(x), float(y), float(x + width), float(y + height)


def _inside(box: Box, room: Box) -> bool:
    return box[0] >= room[0] and box[1] >= room[1] and box[2] <= room[2] and box[3] <= room[3]


def _overlaps(box: Box, taken: np.ndarray) -> bool:
    left, bottom, right, top = taken.T
    return bool(((box[0] < right) & (left < box[2]) & (box[1] < top) & (bottom < box[3])).any())
