"""One face followed through a clip: linked over time, gaps filled, smoothed."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from jaxeval.media.crops import Squares
from jaxeval.media.faces import Faces, overlap

# How far a face may have moved since it was last seen, in units of its own size, to be the same face.
_REACH = 1.0
_BEGIN = 0.5
_SMOOTHING = 1.0
_MESH_MARGIN = 1.5
_RIGHT_EYE, _LEFT_EYE = 33, 263


# Frame to box and eyes.
_Seen = dict[int, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Track:
    """The clip's main face.

    Attributes:
        boxes: `[T, 4]` left, top, right, bottom in pixels of the frame, smoothed, gaps filled.
        eyes: `[T, 2, 2]` the person's right and left eye, likewise.
        found: `[T]` whether the face was detected in this frame.
    """

    boxes: np.ndarray
    eyes: np.ndarray
    found: np.ndarray

    @property
    def longest_gap(self) -> int:
        """The longest run of frames without a detection."""
        runs = "".join("01"[int(seen)] for seen in self.found).split("1")
        return max(len(run) for run in runs)


def follow(faces: list[Faces]) -> Track | None:
    """The clip's main face, followed by its position.

    A detection continues the track whose last box it overlaps most, or, if it overlaps none, one that lies within a
    face's size; one with a score of 0.5 may begin a track, a weaker one may only continue it. Of all tracks the one
    with the largest sum of size · (score − 0.5)₊ is kept: large, often seen and surely a face. Frames without it are
    interpolated linearly (held at the clip's ends); then boxes and eyes are smoothed with a Gaussian of one frame,
    which is symmetric and so shifts nothing in time.

    Args:
        faces: what `detect_faces` found, one entry for each frame of the clip.

    Returns:
        The track, or None if no frame has a face.
    """
    tracks: list[_Seen] = []
    weights: list[float] = []
    for time, found in enumerate(faces):
        open_tracks = list(range(len(tracks)))
        for box, keypoints, score in zip(found.boxes, found.keypoints, found.scores, strict=True):
            best = _closest(box, [(k, tracks[k][next(reversed(tracks[k]))][0]) for k in open_tracks])
            if best is not None:
                open_tracks.remove(best)
            elif score >= _BEGIN:
                best = len(tracks)
                tracks.append({})
                weights.append(0.0)
            else:
                continue
            tracks[best][time] = (box, keypoints[:2])
            weights[best] += _size(box) * max(float(score) - _BEGIN, 0.0)
    return _fill(tracks[int(np.argmax(weights))], len(faces)) if tracks else None


def _closest(box: np.ndarray, candidates: list[tuple[int, np.ndarray]]) -> int | None:
    def nearness(last: np.ndarray) -> float:
        distance = np.linalg.norm((box[:2] + box[2:] - last[:2] - last[2:]) / 2) / max(_size(last), 1e-9)
        return overlap(box, last) + max(0.0, 1 - float(distance) / _REACH)

    scored = [(nearness(last), key) for key, last in candidates]
    value, key = max(scored, default=(0.0, -1))
    return key if value > 0 else None


def _size(box: np.ndarray) -> float:
    return float(np.sqrt(max((box[2] - box[0]) * (box[3] - box[1]), 0)))


def _fill(seen: _Seen, length: int) -> Track:
    times = sorted(seen)
    boxes = np.stack([seen[t][0] for t in times]).reshape(len(times), -1)
    eyes = np.stack([seen[t][1] for t in times]).reshape(len(times), -1)
    found = np.zeros(length, bool)
    found[times] = True
    rows = np.concatenate([boxes, eyes], axis=1)
    filled = np.stack([np.interp(np.arange(length), times, column) for column in rows.T], axis=1)
    smooth = gaussian_filter1d(filled, _SMOOTHING, axis=0, mode="nearest")
    return Track(smooth[:, :4], smooth[:, 4:].reshape(length, 2, 2), found)


def squares_from_track(track: Track) -> Squares:
    """Where the face mesh first looks: the box's centre and longer side times 1.5, turned with the eyes."""
    boxes = track.boxes
    side = np.max(boxes[:, 2:] - boxes[:, :2], axis=1) * _MESH_MARGIN
    return Squares((boxes[:, :2] + boxes[:, 2:]) / 2, side, _angle(track.eyes[:, 0], track.eyes[:, 1]))


def squares_from_landmarks(landmarks: np.ndarray) -> Squares:
    """Where the face mesh looks again: around its own landmarks, upright in the crop.

    Args:
        landmarks: `[T, 468, 3]` in pixels of the frame.

    Returns:
        Squares 1.5 times as large as the turned bounding box's longer side.
    """
    points = landmarks[..., :2]
    angle = _angle(points[:, _RIGHT_EYE], points[:, _LEFT_EYE])
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    # In the turned axes u runs along the eye line, v across it.
    u = points[..., 0] * cos + points[..., 1] * sin
    v = points[..., 1] * cos - points[..., 0] * sin
    middle_u, middle_v = (axis.max(1) + axis.min(1) for axis in (u, v))
    centre = (
        np.concatenate(
            [middle_u[:, None] * cos - middle_v[:, None] * sin, middle_u[:, None] * sin + middle_v[:, None] * cos],
            axis=1,
        )
        / 2
    )
    side = np.maximum(np.ptp(u, axis=1), np.ptp(v, axis=1)) * _MESH_MARGIN
    return Squares(centre, side, angle)


def where(choose: np.ndarray, a: Squares, b: Squares) -> Squares:
    """Squares of a in the frames where `choose` `[T]` is true, of b elsewhere."""
    return Squares(
        np.where(choose[:, None], a.centre, b.centre),
        np.where(choose, a.side, b.side),
        np.where(choose, a.angle, b.angle),
    )


def smoothed(squares: Squares) -> Squares:
    """Squares under a Gaussian of one frame over time, which is symmetric and so delays nothing."""
    rows = np.concatenate([squares.centre, squares.side[:, None], np.unwrap(squares.angle)[:, None]], axis=1)
    smooth = gaussian_filter1d(rows, _SMOOTHING, axis=0, mode="nearest")
    return Squares(smooth[:, :2], smooth[:, 2], smooth[:, 3])


def _angle(right_eye: np.ndarray, left_eye: np.ndarray) -> np.ndarray:
    across = left_eye - right_eye
    return np.arctan2(across[:, 1], across[:, 0])
