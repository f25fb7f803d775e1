"""A clip's mean picture, and the bars at its edges."""

from dataclasses import dataclass, field

import numpy as np

# One frame in five is enough for a mean picture and for bars.
_STEP = 5
# Codecs leave ripples of a few levels in a bar; a few odd frames (black, a flash) mustn't hide it.
_FLAT, _MOST = 12, 0.9
# The picture begins behind a bar within so many pixels, with at least this range of levels.
_EDGE, _PICTURE = 3, 32
# A bar below this share of the side is an artefact of cutting.
_LEAST = 0.02


@dataclass(frozen=True)
class Still:
    """A clip's mean picture and bars.

    Attributes:
        picture: `[H, W]` float32, the mean of its green channel (which is most of luma), 0 to 255.
        content: `[4]` left, top, right, bottom of what lies inside its bars; the whole frame without any.
    """

    picture: np.ndarray
    content: np.ndarray

    @property
    def frame(self) -> np.ndarray:
        """`[4]` left, top, right, bottom of the whole frame."""
        return np.array([0, 0, *self.picture.shape[::-1]], float)


@dataclass
class StillBuilder:
    """Collects a `Still` from frames as they are decoded.

    Example:
        >>> builder = StillBuilder()
        >>> frames = np.zeros((10, 40, 60, 3), np.uint8)
        >>> frames[:, 10:30] = np.random.default_rng(0).integers(0, 255, (20, 60, 3))
        >>> builder.add(frames)
        >>> builder.still().content.tolist()
        [0.0, 10.0, 60.0, 30.0]
    """

    _sum: np.ndarray | None = None
    _count: int = 0
    _seen: int = 0
    _lines: tuple[list[np.ndarray], list[np.ndarray]] = field(default_factory=lambda: ([], []))

    def add(self, frames: np.ndarray) -> None:
        """The next frames, `[k, H, W, 3]` uint8.

        Args:
            frames: in the clip's order.
        """
        for frame in frames[-self._seen % _STEP :: _STEP]:
            green = np.ascontiguousarray(frame[..., 1])
            if self._sum is None:
                self._sum = np.zeros(green.shape, np.float32)
            self._sum += green
            self._count += 1
            for axis, lines in enumerate(self._lines):
                lines.append(np.stack([green.min(axis=1 - axis), green.max(axis=1 - axis)]))
        self._seen += len(frames)

    def still(self) -> Still:
        """What was collected.

        Raises:
            ValueError: no frame was added.
        """
        if self._sum is None:
            raise ValueError("Expected at least one frame, got none.")
        (top, bottom), (left, right) = (_inside(np.stack(lines).astype(int)) for lines in self._lines)
        return Still(self._sum / self._count, np.array([left, top, right, bottom], float))


def _inside(lines: np.ndarray) -> tuple[int, int]:
    """Where the picture begins and ends along one axis.

    Args:
        lines: `[K, 2, N]` lowest and highest level of each of N rows (or columns) in each of K frames.

    Returns:
        Without bars 0 and N.
    """
    length = lines.shape[2]
    first, last = _bar(lines), _bar(lines[..., ::-1])
    return (first, length - last) if first + last < length else (0, length)


def _bar(lines: np.ndarray) -> int:
    """How many rows at the beginning are of one colour in nearly every frame, up to where a picture begins."""
    spread, middle = lines[:, 1] - lines[:, 0], lines.sum(axis=1) / 2
    flat = (spread <= _FLAT) & (np.abs(middle - middle[:, :1]) <= _FLAT)
    always = flat.mean(axis=0) >= _MOST
    thickness = int(np.argmin(always)) if not always.all() else 0
    if thickness < max(_LEAST * lines.shape[2], 2):
        return 0
    return thickness if (spread[:, thickness : thickness + _EDGE].max(axis=1) >= _PICTURE).mean() >= 0.5 else 0
