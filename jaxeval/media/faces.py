"""Faces in frames: BlazeFace on the whole frame, and on overlapping tiles of it where that finds nothing."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
from PIL import Image

from jaxeval.encoders.detections import intersection_over_union, weighted_non_maximum_suppression
from jaxeval.media.crops import parallel_map
from jaxeval.media.held import CHUNK

_INPUT = 128
# The short-range model misses faces below about a fifth of its square; tiles of half the shorter side show it those.
_TILE = 0.5
# Real faces score about 0.9 in a tile and textures up to 0.65, so a tile must be surer than a frame.
_SURE = 0.75
_HINT = 0.4
# A face below this share of the frame's longer side is looked at again in a square of so many times its size.
_SMALL, _NEAR = 0.25, 3.0


@dataclass(frozen=True)
class Faces:
    """The faces found in one frame, best first; coordinates are pixels of the frame.

    Attributes:
        boxes: `[N, 4]` left, top, right, bottom.
        keypoints: `[N, 6, 2]` right eye, left eye, nose tip, mouth, right and left ear (the person's right and left).
        scores: `[N]` in (0, 1).
    """

    boxes: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray

    def __getitem__(self, chosen: Any) -> "Faces":
        """Some of them, by an index of NumPy's."""
        return Faces(self.boxes[chosen], self.keypoints[chosen], self.scores[chosen])


def detect_faces(encoder: Any, frames: np.ndarray) -> list[Faces]:
    """All candidate faces in each frame: with a score of 0.4 in the whole frame, or of 0.75 in one of its tiles.

    Tiles are looked at where the whole frame shows no face of 0.75. A single frame's face below 0.5 is no more than a
    hint, with which a track may go on. Whole frames and tiles are seen in a picture that is reduced by the largest
    whole number that leaves a tile as many pixels as the network takes, small faces in the frame itself.

    Args:
        encoder: `load_encoder("blaze_face")`.
        frames: `[T, H, W, 3]` uint8 RGB.

    Returns:
        One `Faces` for each frame, empty where none was found.
    """
    height, width = frames.shape[1:3]
    whole, factor = _square(width / 2, height / 2, max(width, height)), _reduction(width, height)
    small = frames if factor == 1 else parallel_map(partial(_reduced, factor=factor), frames)
    found = _detect_squares(encoder, [(frame, whole) for frame in small], factor)
    found = _look_closer(encoder, frames, found)
    for index in [i for i, faces in enumerate(found) if not (faces.scores > _SURE).any()]:
        tiles = _detect_squares(encoder, [(small[index], tile) for tile in _tiles(width, height)], factor)
        found[index] = _merge([found[index], *(faces[faces.scores > _SURE] for faces in tiles)])
    return found


def _look_closer(encoder: Any, frames: np.ndarray, found: list[Faces]) -> list[Faces]:
    """Faces that are small in the whole frame, seen again from near: their eyes may be off by half a face."""
    side = max(frames.shape[1:3]) * _SMALL
    small = [k for k, faces in enumerate(found) if len(faces.scores) and _sides(faces.boxes[0]).max() < side]
    places = []
    for k in small:
        (left, top), (right, bottom) = found[k].boxes[0].reshape(2, 2)
        square = _square((left + right) / 2, (top + bottom) / 2, _NEAR * _sides(found[k].boxes[0]).max())
        places.append((frames[k], square))
    for k, near in zip(small, _detect_squares(encoder, places), strict=True):
        # The nearer look goes first, since the two are the same face.
        if len(near.scores) and near.scores[0] >= found[k].scores[0]:
            found[k] = _merge([near[:1], found[k]])
    return found


def _reduction(width: int, height: int) -> int:
    return max(1, int(min(width, height) * _TILE) // _INPUT)


def _reduced(frame: np.ndarray, factor: int) -> np.ndarray:
    """Each pixel the mean of a square of pixels."""
    return np.asarray(Image.fromarray(frame).reduce(factor))


def _sides(box: np.ndarray) -> np.ndarray:
    return box[2:] - box[:2]


def _square(x: float, y: float, side: float) -> tuple[float, float, float]:
    return (x - side / 2, y - side / 2, side)


def _tiles(width: int, height: int) -> list[tuple[float, float, float]]:
    """Squares of half the shorter side that overlap by half, over the whole frame."""
    side = min(width, height) * _TILE
    across, down = (1 + int(np.ceil((length - side) / (side / 2))) for length in (width, height))
    lefts, tops = np.linspace(0, width - side, across), np.linspace(0, height - side, down)
    return [(left, top, side) for top in tops for left in lefts]


def _detect_squares(
    encoder: Any, places: list[tuple[np.ndarray, tuple[float, float, float]]], factor: int = 1
) -> list[Faces]:
    """The faces in squares (left, top, side) of frames, which are seen in pictures reduced by a factor."""
    faces = []
    for start in range(0, len(places), CHUNK):
        part = places[start : start + CHUNK]
        pixels = np.zeros((CHUNK, _INPUT, _INPUT, 3), np.uint8)
        pixels[: len(part)] = parallel_map(lambda place: _letterbox(place[0], *np.divide(place[1], factor)), part)
        found = jax.device_get(_detect(encoder, pixels))
        faces += [_in_frame(found, row, *square) for row, (_, square) in enumerate(part)]
    return faces


@jax.jit
def _detect(encoder: Any, pixels: jax.Array) -> Any:
    detections = encoder(pixels.astype(np.float32) / 255)
    return jax.vmap(partial(weighted_non_maximum_suppression, max_faces=8, min_score=_HINT))(detections)


def _letterbox(frame: np.ndarray, left: float, top: float, side: float) -> np.ndarray:
    """A square of the frame at the network's size, antialiased; black where the square leaves the frame."""
    height, width = frame.shape[:2]
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    scale = _INPUT / side
    columns, rows = max(1, round((x1 - x0) * scale)), max(1, round((y1 - y0) * scale))
    small = Image.fromarray(frame).resize((columns, rows), Image.Resampling.BILINEAR, (x0, y0, x1, y1))
    out = np.zeros((_INPUT, _INPUT, 3), np.uint8)
    x, y = round((x0 - left) * scale), round((y0 - top) * scale)
    out[y : y + rows, x : x + columns] = np.asarray(small)[: _INPUT - y, : _INPUT - x]
    return out


def _in_frame(found: Any, row: int, left: float, top: float, side: float) -> Faces:
    kept = found.scores[row] > 0
    corner = np.array([left, top])
    boxes = found.boxes[row][kept] * side + np.tile(corner, 2)
    return Faces(boxes, found.keypoints[row][kept] * side + corner, found.scores[row][kept])


def _merge(parts: list[Faces]) -> Faces:
    """The faces of all parts, without those that overlap a better one."""
    names = ("boxes", "keypoints", "scores")
    faces = Faces(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
    kept: list[int] = []
    for index in np.argsort(-faces.scores):
        if (intersection_over_union(faces.boxes[index][None], faces.boxes[kept]) < 0.3).all():
            kept.append(int(index))
    return faces[kept]
