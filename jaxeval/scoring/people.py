"""Which face of a clip is scored where there are several: by place, and by identity where place doesn't decide."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import median_filter

from jaxeval.errors import JaxevalError, require
from jaxeval.media.geometry import HERE, Placement
from jaxeval.media.link import Linked
from jaxeval.media.track import squares_from_track
from jaxeval.scoring.ingest import MESH, embedded, meshed, numbered
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.scan import Scan

_PLACES = ("left", "right", "largest")
# Frames of a face whose identity is looked at.
_LOOKED_AT = 5
# Place decides if no other face fits it within this many sizes of the reference's face.
_PLACE = 0.5
# A face that fits worse than this is at another place.
_ELSEWHERE = 1.0
# Distances of identity that differ by less than this share of the limit decide nothing.
_CLEAR = 0.15
SAME_PERSON = {"dlib_resnet": 0.6, "arcface_r50": 1.2, "arcface_r100": 1.2}
"""Encoder to the Euclidean distance of two faces' embeddings below which they count as one person: dlib's own
threshold; for ArcFace that of unit vectors at a cosine of 0.28, as in InsightFace's own example."""


def check_face(face: str | int | None) -> str | None:
    """Which face is asked for: "left", "right", "largest", or a number from the left; None for the main one.

    Raises:
        JaxevalError: it is something else.

    Example:
        >>> check_face("left"), check_face(2), check_face(None)
        ('left', '2', None)
    """
    if face is None or face in _PLACES or (str(face).isdecimal() and int(face) > 0 and not isinstance(face, bool)):
        return face if face is None else str(face)
    raise JaxevalError(
        f"face: expected left, right, largest or a number from 1 on, found {face!r}. Choose one of them."
    )


def main_face(found: Scan, face: str | None = None, section: np.ndarray | None = None) -> int:
    """The face of a clip that is scored where there are several.

    Unless the user chooses one it is the largest and steadiest: the one with the largest Σ side · (score − 0.5)₊ over
    the frames in which it was detected. Only faces count that are seen in a quarter of the frames, half as large as the
    main one, and sure to be faces (`jaxeval.media.link.candidates`).

    Args:
        found: the clip.
        face: see `check_face`.
        section: `[4]` left, top, right, bottom of the part in which faces count, if any lies there; None for all.

    Returns:
        Its index; 0 if the clip has none.

    Raises:
        JaxevalError: the clip has fewer faces than the number that is asked for.
    """
    boxes = found.boxes
    order = [k for k, box in enumerate(boxes) if section is None or _lies_in(box, section)] or [*range(len(boxes))]
    if face is None or not order:
        return order[0] if order else 0
    if face == "largest":
        return max(order, key=lambda k: _size(boxes[k]))
    across = sorted(order, key=lambda k: boxes[k][0] + boxes[k][2])
    number = {"left": 1, "right": len(across)}.get(face) or int(face)
    told = f"found {len(across)} face{'s' * (len(across) > 1)}; choose one of them with --face"
    require(number <= len(across), f"{found.video.path}: expected face {number} from the left, {told}.")
    return across[number - 1]


def _lies_in(box: np.ndarray, section: np.ndarray) -> bool:
    middle = (box[:2] + box[2:]) / 2
    return bool((section[:2] <= middle).all() and (middle <= section[2:]).all())


def like_portrait(
    embeddings: Sequence[np.ndarray] | None, portrait: np.ndarray | None, main: int, encoder: str
) -> tuple[int, bool]:
    """The face that looks most like a portrait, if it does so clearly; else the main one.

    Args:
        embeddings: each face's; None if they aren't known.
        portrait: the portrait's; None if there is none.
        main: index of the main face.
        encoder: whose they are.

    Returns:
        Its index, and whether likeness decided: it is nearer than any other face by 0.15 of the encoder's limit.
    """
    if embeddings is None or portrait is None or len(embeddings) < 2:
        return main, False
    apart = distances(portrait, embeddings, encoder)
    best, second = np.argsort(apart, kind="stable")[:2]
    clear = apart[second] - apart[best] >= _CLEAR * SAME_PERSON.get(encoder, 1.0)
    return (int(best), True) if clear else (main, False)


@dataclass(frozen=True)
class Chosen:
    """The face of a generated clip that is held against the reference's.

    Attributes:
        index: among the clip's faces.
        by: "place" or "identity": what decided.
        open: whether neither of the two could decide.
        other: whether this face, or the reference's, looks more like another face of the other clip.
        apart: how badly it fits by place: d of `choose`.
    """

    index: int
    by: str = "place"
    open: bool = False
    other: bool = False
    apart: float = 0.0


def choose(
    box: np.ndarray, boxes: Sequence[np.ndarray], identity: np.ndarray | None = None, of: int = 0, *, limit: float = 1.0
) -> Chosen:
    """The face of the generated clip that belongs to the reference's.

    A face at c of size s fits the reference's at c₀ of size s₀ by d = |c − c₀| / s₀ + |log(s / s₀)|. The one with the
    least d is taken, unless another one's d is larger by less than 0.5; among those that are so near to each other the
    one whose identity is nearest is taken, if it is nearer by 0.15 limits.

    Args:
        box: `[4]` where the reference's face is.
        boxes: `[4]` where each of the generated clip's N faces is, in pixels of the reference, the main one first.
        identity: `[M, N]` distances of identity from each of the reference's M faces; None if they aren't known.
        of: which of those is the reference's face.
        limit: the distance below which two faces count as one person.

    Returns:
        `Chosen`.

    Example:
        >>> left, right = np.array([10.0, 10, 30, 30]), np.array([70.0, 10, 90, 30])
        >>> choose(left, [right, left])
        Chosen(index=1, by='place', open=False, other=False, apart=0.0)
    """
    apart = np.array([_apart(box, each) for each in boxes])
    near = np.flatnonzero(apart <= apart.min() + _PLACE)
    best, by, undecided = int(np.argmin(apart)), "place", len(near) > 1
    clear = _CLEAR * limit
    if undecided and identity is not None:
        order = near[np.argsort(identity[of, near], kind="stable")]
        if identity[of, order[1]] - identity[of, order[0]] >= clear:
            best, by, undecided = int(order[0]), "identity", False
    other = identity is not None and identity[of, best] - min(identity[of].min(), identity[:, best].min()) >= clear
    return Chosen(best, by, undecided, bool(other), round(float(apart[best]), 3))


def _apart(box: np.ndarray, other: np.ndarray) -> float:
    sizes = [_size(b) for b in (box, other)]
    centres = [(b[:2] + b[2:]) / 2 for b in (box, other)]
    return float(np.linalg.norm(centres[1] - centres[0]) / sizes[0] + abs(np.log(sizes[1] / sizes[0])))


def _size(box: np.ndarray) -> float:
    return float(np.sqrt((box[2:] - box[:2]).prod()))


def identities(networks: Networks, scan: Scan, placement: Placement = HERE) -> list[np.ndarray] | None:
    """The mean identity embedding `[D]` of each face of a clip, over five frames in which it was found.

    Args:
        networks: the encoders.
        scan: the clip.
        placement: from the reference to the clip.

    Returns:
        One for each face; None without the weights.
    """
    if networks.missing("identity"):
        return None
    squares = [squares_from_track(track.placed_back(placement)) for track in scan.tracks]
    places = [
        np.unique(np.asarray(face.times)[np.linspace(0, len(face.times) - 1, _LOOKED_AT).round().astype(int)])
        for face in scan.faces
    ]
    found: list[list[np.ndarray]] = [[] for _ in scan.faces]
    for rows, chunk in numbered(scan.video):
        for k, times in enumerate(places):
            here = times[(times >= rows.start) & (times < rows.stop)]
            if len(here):
                frames = chunk[here - rows.start]
                mesh = meshed(networks, frames, squares[k].matrices(MESH)[here], placement)
                found[k].append(embedded(networks, frames, mesh.landmarks, placement))
    return [np.concatenate(parts).mean(axis=0) for parts in found]


def distances(a: np.ndarray, others: Sequence[np.ndarray], encoder: str) -> list[float]:
    """Distances of one identity from others, as the encoder's `SAME_PERSON` counts them."""
    return [float(np.linalg.norm(_plain(a, encoder) - _plain(b, encoder))) for b in others]


def _plain(embedding: np.ndarray, encoder: str) -> np.ndarray:
    return embedding if encoder == "dlib_resnet" else embedding / np.linalg.norm(embedding)


def reunited(scan: Scan, embeddings: list[np.ndarray] | None, encoder: str) -> tuple[Scan, list[np.ndarray] | None]:
    """Faces that are one person who was lost in between, made one.

    Args:
        scan: the clip.
        embeddings: each face's; None if they aren't known, and then nothing is done.
        encoder: whose they are.

    Returns:
        The clip with fewer faces, and theirs.
    """
    if embeddings is None:
        return scan, None
    kept: list[tuple[Linked, np.ndarray]] = []
    for face, embedding in zip(scan.faces, embeddings, strict=True):
        for k, (main, known) in enumerate(kept):
            if main.apart(face) and distances(known, [embedding], encoder)[0] < SAME_PERSON[encoder]:
                kept[k] = (main.joined(face), known)
                break
        else:
            kept.append((face, embedding))
    kept.sort(key=lambda pair: -pair[0].weight)
    return replace(scan, faces=[face for face, _ in kept]), [embedding for _, embedding in kept]


def alone_flags(role: str, x: Scan, index: int, why: str) -> list[str]:
    """A flag for a clip, or a portrait, that shows several faces and is held against no other clip.

    Args:
        role: "generated" or "portrait".
        x: the clip.
        index: of the face that is scored.
        why: it is that one, in words.
    """
    return [f"several faces: {role}: {_who(x, index)}, {why}"] if len(x.faces) > 1 else []


def reason_for(face: str | None) -> str:
    """Why a face is the one that is scored, in words."""
    return "the largest and steadiest" if face is None else f"chosen by --face {face}"


def people_flags(x: Scan, y: Scan, of_y: int, chosen: Chosen, face: str | None = None) -> list[str]:
    """Flags for a pair in which either clip shows several faces.

    Args:
        x: the generated clip.
        y: the reference.
        of_y: index of the reference's face.
        chosen: the generated clip's.
        face: which one the user asked for, see `check_face`.
    """
    if max(len(x.faces), len(y.faces)) < 2 or not (x.faces and y.faces):
        return []
    generated = f"generated: {_who(x, chosen.index)}, by {chosen.by}"
    why = f", {reason_for(face)}" if len(y.faces) > 1 else ""
    flags = [f"reference: {_who(y, of_y)}{why}; {generated}"]
    if chosen.open:
        flags.append("two faces of the generated clip match the reference's equally well; the choice is a guess")
    if chosen.apart > _ELSEWHERE:
        flags.append("the generated clip has no face where the reference's is; one elsewhere is compared")
    if chosen.other:
        flags.append("the compared faces aren't the most similar ones; people may be swapped or missing")
    return [f"several faces: {flag}" for flag in flags]


def _who(scan: Scan, index: int) -> str:
    middles = [(box[0] + box[2]) / 2 for box in scan.boxes]
    place = f"centre at x = {100 * middles[index] / scan.video.width:.0f} %"
    if len(middles) == 1:
        return f"1 person ({place})"
    rank = int(np.argsort(np.argsort(middles, kind="stable"))[index])
    side = {0: "the left one", len(middles) - 1: "the right one"}.get(rank, f"number {rank + 1} from the left")
    return f"{len(middles)} people, scored: {side} ({place})"


def other_person(embeddings: np.ndarray, encoder: str, sure: np.ndarray, fewest: int) -> list[tuple[int, int]]:
    """Stretches of a clip in which its face is somebody else's.

    The clip's person is the frame whose embedding is nearest to all others' (by the median). A stretch belongs to
    somebody else if, under a running median of five frames, its embeddings are farther from that than the encoder's
    `SAME_PERSON`, and nearer than that to their own mean: what is merely blurred or hidden resembles nobody.

    Args:
        embeddings: `[T, D]`.
        encoder: whose they are.
        sure: `[T]` where the mesh is sure of a face.
        fewest: shortest stretch, frames.

    Returns:
        (first, last + 1) of each.
    """
    if encoder not in SAME_PERSON or len(embeddings) < fewest:
        return []
    limit = SAME_PERSON[encoder]
    plain = np.stack([_plain(row, encoder) for row in embeddings])
    every = plain[:: max(1, len(plain) // 200)]
    between = np.linalg.norm(every[:, None] - every[None], axis=-1)
    person = every[np.argmin(np.median(between, axis=1))]
    far = median_filter(np.linalg.norm(plain - person, axis=1), 5, mode="nearest") > limit
    edges = np.flatnonzero(np.diff(np.concatenate([[0], far & sure, [0]]).astype(int)))
    stretches = [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= fewest]
    return [(a, b) for a, b in stretches if _alike(plain[a:b], limit)]


def _alike(rows: np.ndarray, limit: float) -> bool:
    return bool(np.median(np.linalg.norm(rows - np.median(rows, axis=0), axis=1)) < limit / 2)
