"""How one clip's picture lies in another's: a scale and a shift along each axis."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxeval.media.crops import resize

_SQUASHED = 0.01


@dataclass(frozen=True)
class Resized:
    """A video whose frames are brought to another size as they are read.

    Attributes:
        video: with `chunks`, as `jaxeval.media.video.Video`.
        width: pixels.
        height: pixels.
    """

    video: Any
    width: int
    height: int

    def chunks(self, n: int) -> Iterator[np.ndarray]:
        """All frames, up to n at a time: `[k, height, width, 3]` uint8.

        Args:
            n: frames per chunk, at least 1.
        """
        for chunk in self.video.chunks(n):
            yield np.stack([resize(frame, self.width, self.height) for frame in chunk])


@dataclass(frozen=True)
class Placement:
    """The map from a point of the reference to the generated clip, both in pixels of their own frames.

        x' = scale_x · x + shift_x,    y' = scale_y · y + shift_y

    Pixels are counted continuously, as in `jaxeval.media.crops`: a frame of width W spans [0, W].

    Attributes:
        scale: along x and y, above 0.
        shift: along x and y, pixels of the generated clip.

    Example:
        >>> half = Placement.between(np.array([0, 0, 640, 360]), np.array([0, 0, 320, 180]))
        >>> half.boxes(np.array([10.0, 20, 30, 40])).tolist(), half.squash
        ([5.0, 10.0, 15.0, 20.0], 1.0)
    """

    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def between(cls, reference: np.ndarray, generated: np.ndarray) -> "Placement":
        """The map that takes one box (left, top, right, bottom) to another.

        Args:
            reference: `[4]` in pixels of the reference.
            generated: `[4]` in pixels of the generated clip.
        """
        scale = (generated[2:] - generated[:2]) / (reference[2:] - reference[:2])
        shift = generated[:2] - scale * reference[:2]
        return cls((float(scale[0]), float(scale[1])), (float(shift[0]), float(shift[1])))

    @property
    def squash(self) -> float:
        """How much wider the generated picture is drawn than it should be for its height; 1 is right."""
        return self.scale[0] / self.scale[1]

    @property
    def zoom(self) -> float:
        """How much larger the generated picture is drawn: the geometric mean of both scales."""
        return float(np.sqrt(self.scale[0] * self.scale[1]))

    def points(self, points: np.ndarray) -> np.ndarray:
        """Points `[..., 2]` of the reference, in the generated clip.

        Args:
            points: in pixels of the reference.
        """
        return points * np.array(self.scale) + np.array(self.shift)

    def boxes(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes `[..., 4]` (left, top, right, bottom) of the reference, in the generated clip.

        Args:
            boxes: in pixels of the reference.
        """
        return boxes * np.tile(self.scale, 2) + np.tile(self.shift, 2)

    def points_back(self, points: np.ndarray) -> np.ndarray:
        """Points `[..., 2]` of the generated clip, in the reference.

        Args:
            points: in pixels of the generated clip.
        """
        return (points - np.array(self.shift)) / np.array(self.scale)

    def boxes_back(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes `[..., 4]` of the generated clip, in the reference.

        Args:
            boxes: in pixels of the generated clip.
        """
        return (boxes - np.tile(self.shift, 2)) / np.tile(self.scale, 2)

    def matrices(self, matrices: np.ndarray) -> np.ndarray:
        """Affine maps `[..., 2, 3]` from crops to the reference, followed by this map: from crops to the clip.

        Args:
            matrices: as `Squares.matrices` gives them.
        """
        scaled = matrices * np.array(self.scale)[:, None]
        scaled[..., 2] += self.shift
        return scaled

    def proportioned(self, video: Any, boxes: np.ndarray) -> tuple[Any, np.ndarray]:
        """The generated clip as it would be unsquashed, for networks that look at its own pixels.

        Args:
            video: the generated clip, with `width`, `height` and `chunks`.
            boxes: `[T, 4]` in pixels of the reference.

        Returns:
            The video, its frames resized if they are squashed by more than 1 %, and the boxes in its pixels.
        """
        placed = self.boxes(boxes)
        if abs(np.log(self.squash)) <= _SQUASHED:
            return video, placed
        width, height = round(video.width / np.sqrt(self.squash)), round(video.height * np.sqrt(self.squash))
        return Resized(video, width, height), placed * np.tile([width / video.width, height / video.height], 2)


HERE = Placement()
"""Every point where it is: of a reference, or of a clip on its own."""


def common(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The part that two boxes share; without any, right is left of left or bottom above top.

    Args:
        a: `[4]` left, top, right, bottom.
        b: the same.
    """
    return np.concatenate([np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])])


def area(box: np.ndarray) -> float:
    """Of a box; 0 for an empty one.

    Args:
        box: `[4]` left, top, right, bottom.
    """
    return float(np.maximum(box[2:] - box[:2], 0).prod())


def same_shape(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether two (width, height) have one aspect ratio: to 1 %, or as near as whole pixels allow.

    Args:
        a: pixels.
        b: pixels.

    Example:
        >>> same_shape((854, 480), (1280, 720)), same_shape((640, 360), (640, 480))
        (True, False)
    """
    apart = a[0] * b[1] - b[0] * a[1]
    return abs(apart) <= max(0.01 * a[0] * b[1], *a, *b)
