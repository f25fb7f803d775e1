"""Crops of a frame: squares that follow a face, and one static window.

Coordinates are continuous: a frame of width W spans [0, W], the centre of pixel i lies at i + 0.5.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Squares:
    """A turned square for each frame.

    Attributes:
        center: `[T, 2]` x, y in pixels of the frame.
        side: `[T]` pixels of the frame.
        angle: `[T]` radians, clockwise in the picture: by how much the face's eye line is turned.
    """

    center: np.ndarray
    side: np.ndarray
    angle: np.ndarray

    def matrices(self, size: int) -> np.ndarray:
        """Affine maps from a crop of `size` pixels to the frame, `[T, 2, 3]`.

        Args:
            size: side of the crop in pixels.
        """
        cos, sin = np.cos(self.angle) * self.side / size, np.sin(self.angle) * self.side / size
        linear = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
        shift = self.center - linear @ np.array([size / 2, size / 2])
        return np.concatenate([linear, shift[..., None]], axis=-1)


def warp(frame: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """A crop under an affine map, bilinear, antialiased where it shrinks, black outside the frame.

    Args:
        frame: `[H, W, 3]` uint8.
        matrix: `[2, 3]` map from the crop's coordinates to the frame's.
        size: side of the crop in pixels.

    Returns:
        `[size, size, 3]` uint8.
    """
    image = Image.fromarray(frame)
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if shrink > 1:
        image, matrix = _reduced(image, matrix, size, shrink)
    data = tuple(matrix.ravel())
    return np.asarray(image.transform((size, size), Image.Transform.AFFINE, data, Image.Resampling.BILINEAR))


def _reduced(image: Image.Image, matrix: np.ndarray, size: int, shrink: float) -> tuple[Image.Image, np.ndarray]:
    """The part of a picture that a crop shows, with a pixel for each of the crop's, and the crop's map to it."""
    corners = matrix @ np.array([[0, 0, size, size], [0, size, 0, size], [1, 1, 1, 1]])  # [2, 4]
    low = np.floor(corners.min(1) - shrink).clip(0, image.size)
    high = np.ceil(corners.max(1) + shrink).clip(0, image.size)
    if (high <= low).any():
        return image, matrix
    sides = np.ceil((high - low) / shrink).astype(int)
    image = image.resize(tuple(sides), Image.Resampling.BILINEAR, (*low, *high))
    return image, (matrix - [[0, 0, low[0]], [0, 0, low[1]]]) * (sides / (high - low))[:, None]


def parallel_map(function: Callable[..., np.ndarray], *columns: Iterable[Any]) -> np.ndarray:
    """A function of pictures for each of them, on all cores, for Pillow lets others run while it works.

    Args:
        function: to an array.
        columns: its arguments, one of each for a picture, and so as many of each.

    Returns:
        The arrays, stacked in order.

    Raises:
        ValueError: the columns differ in length.

    Example:
        >>> parallel_map(lambda a, b: a + b, np.eye(2), np.ones(2)).tolist()
        [[2.0, 1.0], [1.0, 2.0]]
    """
    with ThreadPoolExecutor(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None) as pool:
        return np.stack(list(pool.map(lambda row: function(*row), list(zip(*columns, strict=True)))))


def to_frame(landmarks: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Landmarks of crops in the coordinates of their frames; depth is scaled like the picture.

    Args:
        landmarks: `[T, N, 3]` x, y, z in pixels of the crop.
        matrices: `[T, 2, 3]` maps from the crop to the frame.

    Returns:
        `[T, N, 3]` in pixels of the frame.
    """
    plane = landmarks[..., :2] @ matrices[:, :, :2].transpose(0, 2, 1) + matrices[:, None, :, 2]
    scale = np.sqrt(np.abs(np.linalg.det(matrices[:, :, :2])))
    return np.concatenate([plane, landmarks[..., 2:] * scale[:, None, None]], axis=-1)


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The least-squares similarity of the plane that takes source to target, as `[2, 3]`; complex numbers do it.

    Args:
        source: `[N, 2]` points.
        target: `[N, 2]` where they shall lie.
    """
    a, b = source @ [1, 1j], target @ [1, 1j]
    turn = np.vdot(a - a.mean(), b - b.mean()) / np.vdot(a - a.mean(), a - a.mean())
    shift = b.mean() - turn * a.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def inverse(matrix: np.ndarray) -> np.ndarray:
    """The way back of an affine map of the plane, both as `[2, 3]`.

    Args:
        matrix: `[2, 3]`.
    """
    return np.linalg.inv(np.concatenate([matrix, [[0, 0, 1]]]))[:2]


@dataclass(frozen=True)
class Window:
    """A static upright rectangle of a frame, in whole pixels: left, top, right, bottom."""

    left: int
    top: int
    right: int
    bottom: int

    def cut(self, frame: np.ndarray, size: int) -> np.ndarray:
        """The window of a frame, resized with antialiasing (triangle filter) to `[size, size, 3]` uint8.

        Args:
            frame: `[H, W, 3]` uint8.
            size: side of the result in pixels.
        """
        box = (self.left, self.top, self.right, self.bottom)
        return np.asarray(Image.fromarray(frame).resize((size, size), Image.Resampling.BILINEAR, box))


def face_window(boxes: np.ndarray, width: int, height: int, *, padding: float, inside: Window | None = None) -> Window:
    """One square window that holds the face all through a clip: the union of its boxes, padded, inside a section.

    Args:
        boxes: `[T, 4]` left, top, right, bottom in pixels of the frame.
        width: of the frame, pixels.
        height: of the frame, pixels.
        padding: added on every side, as a share of the union's longer side.
        inside: the section of the frame that may be looked at; None for all of it.

    Returns:
        A square where there is room for it; its part inside otherwise.
    """
    inside = inside or Window(0, 0, width, height)
    (left, top), (right, bottom) = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    half = max(right - left, bottom - top) * (0.5 + padding)
    x0, x1 = _span((left + right) / 2, half, inside.left, inside.right)
    y0, y1 = _span((top + bottom) / 2, half, inside.top, inside.bottom)
    return Window(x0, y0, x1, y1)


def _span(center: float, half: float, first: int, last: int) -> tuple[int, int]:
    """The interval of length 2·half around centre, moved inside [first, last] if it fits, else all of it."""
    length = min(max(round(2 * half), 1), last - first)
    start = min(max(round(center - half), first), last - length)
    return start, start + length


def resize(frame: np.ndarray, width: int, height: int) -> np.ndarray:
    """A frame at another size, antialiased (triangle filter); the same array if it has that size already.

    Args:
        frame: `[H, W, 3]` uint8.
        width: pixels.
        height: pixels.
    """
    if frame.shape[:2] == (height, width):
        return frame
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BILINEAR))
