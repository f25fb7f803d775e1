"""The faces of a clip, linked over time: one list of detections for each of them."""

from dataclasses import dataclass, field

import numpy as np

from jaxeval.encoders.detections import intersection_over_union
from jaxeval.media.faces import Faces

# How far a face may be from where it is expected, in units of its own size, to be the same face.
_REACH = 1.0
_BEGIN = 0.5
# A face's velocity is that of its detections in so many frames before it was last seen, and lasts for so many more.
_RECENT, _AHEAD = 8, 12
_ENOUGH = 3
# A face counts beside the main one if it is seen in this share of the frames, is this large against it (in side
# length), and has this score on average.
_OFTEN, _LARGE, _SURE = 0.25, 0.5, 0.6
# Two tracks that share fewer of their frames than this may be one person who was lost in between.
_TOGETHER = 0.05


@dataclass
class Linked:
    """One face's detections.

    Attributes:
        length: frames of the clip.
        times: the frames in which it was detected, ascending.
        boxes: its box in each of them, `[4]`.
        eyes: its right and left eye in each, `[2, 2]`.
        scores: the detector's.
    """

    length: int
    times: list[int] = field(default_factory=list)
    boxes: list[np.ndarray] = field(default_factory=list)
    eyes: list[np.ndarray] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    @property
    def weight(self) -> float:
        """Σ size · (score − 0.5)₊: large, often seen and surely a face."""
        return sum(_size(box) * max(score - _BEGIN, 0.0) for box, score in zip(self.boxes, self.scores, strict=True))

    @property
    def size(self) -> float:
        """The median of its side."""
        return float(np.median([_size(box) for box in self.boxes]))

    def add(self, time: int, box: np.ndarray, eyes: np.ndarray, score: float) -> None:
        """One more detection.

        Args:
            time: the frame.
            box: `[4]`.
            eyes: `[2, 2]`.
            score: the detector's.
        """
        self.times.append(time)
        self.boxes.append(box)
        self.eyes.append(eyes)
        self.scores.append(score)

    def expected(self, time: int) -> np.ndarray:
        """Its box at a time, if it goes on as it went.

        Args:
            time: a frame after the last one in which it was detected.
        """
        recent = [k for k in range(len(self.times)) if self.times[-1] - self.times[k] <= _RECENT]
        if len(recent) < _ENOUGH or time - self.times[-1] > _AHEAD:
            return self.boxes[-1]
        times, boxes = np.array(self.times)[recent], np.stack(self.boxes)[recent]
        centers = (boxes[:, :2] + boxes[:, 2:]) / 2
        spread = times - times.mean()
        velocity = spread @ (centers - centers.mean(axis=0)) / (spread @ spread)
        return self.boxes[-1] + np.tile(velocity * (time - times[-1]), 2)

    def joined(self, other: "Linked") -> "Linked":
        """Both as one; where both were seen, this one counts.

        Args:
            other: another face of the clip.
        """
        rows = {t: (b, e, s) for one in (other, self) for t, b, e, s in zip(*one.columns, strict=True)}
        whole = Linked(self.length)
        for time in sorted(rows):
            whole.add(time, *rows[time])
        return whole

    def apart(self, other: "Linked") -> bool:
        """Whether the two are (nearly) never seen in one frame, so that they may be one person.

        Args:
            other: another face of the clip.
        """
        both = len(set(self.times) & set(other.times))
        return both <= _TOGETHER * min(len(self.times), len(other.times))

    @property
    def columns(self) -> tuple[list[int], list[np.ndarray], list[np.ndarray], list[float]]:
        """Times, boxes, eyes, scores."""
        return self.times, self.boxes, self.eyes, self.scores


def link(faces: list[Faces]) -> list[Linked]:
    """All faces of a clip, each followed by its position and size, the main one first.

    A detection continues the track that it fits best: by overlap and nearness to where that face should be by now (its
    last box, moved on with the velocity of its last frames, so that two people may cross), times the ratio of both
    sizes. If it fits none there, one whose last box it overlaps or from which it lies within a face's size goes on. A
    detection with a score of 0.5 may begin a track, a weaker one may only continue it.

    Args:
        faces: what `detect_faces` found, one entry for each frame of the clip.

    Returns:
        One `Linked` for each face, by falling weight; of two of the same weight the first one seen.
    """
    linked: list[Linked] = []
    for time, found in enumerate(faces):
        free = list(linked)
        for box, keypoints, score in zip(found.boxes, found.keypoints, found.scores, strict=True):
            best = _closest(box, [(one, one.expected(time)) for one in free])
            best = best or _closest(box, [(one, one.boxes[-1]) for one in free])
            if best is not None:
                free = [one for one in free if one is not best]
            elif score >= _BEGIN:
                best = Linked(len(faces))
                linked.append(best)
            else:
                continue
            best.add(time, box, keypoints[:2], float(score))
    return sorted(linked, key=lambda one: -one.weight)


def candidates(linked: list[Linked]) -> list[Linked]:
    """Those of a clip's faces that might be the one that is meant, the main one first.

    Beside the main face these are all that are seen in at least a quarter of the frames, whose side is at least half
    the main one's, and whose score is at least 0.6 on average: a second speaker, or a face on a poster.

    Args:
        linked: all faces of a clip, the main one first.
    """
    return linked[:1] + [one for one in linked[1:] if _counts(one, linked[0])]


def _counts(one: Linked, main: Linked) -> bool:
    often = len(one.times) >= _OFTEN * one.length
    return often and one.size >= _LARGE * main.size and float(np.mean(one.scores)) >= _SURE


def _closest(box: np.ndarray, places: list[tuple[Linked, np.ndarray]]) -> Linked | None:
    best, most = None, 0.0
    for one, place in places:
        fit = _fit(box, place)
        if fit > most:
            best, most = one, fit
    return best


def _fit(box: np.ndarray, place: np.ndarray) -> float:
    sizes = _size(box), _size(place)
    distance = np.linalg.norm((box[:2] + box[2:] - place[:2] - place[2:]) / 2) / max(sizes[1], 1e-9)
    near = float(intersection_over_union(box, place)) + max(0.0, 1 - float(distance) / _REACH)
    return near * min(sizes) / max(*sizes, 1e-9)


def _size(box: np.ndarray) -> float:
    return float(np.sqrt(max((box[2] - box[0]) * (box[3] - box[1]), 0)))
