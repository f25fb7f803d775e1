"""From a video file to what networks and metrics look at: crops, landmarks, chips and eyes, in four passes.

Where the face is, is known only after the whole clip was seen (its track is linked and smoothed over time), so there
are four passes over its frames: detection, two looks of the mesh that centre each other, and the final crops. The file
is decoded once, as long as `HeldVideo` can keep its frames. All places of a generated clip's face are in pixels of its
reference, by the pair's one `Placement`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from PIL import Image

from jaxeval.media.chips import CHIPS
from jaxeval.media.crops import Squares, Window, face_window, parallel_map, resize, to_frame, warp
from jaxeval.media.geometry import HERE, Placement
from jaxeval.media.picture import Frames
from jaxeval.media.track import Track, select, smoothed, squares_from_landmarks, squares_from_track
from jaxeval.media.video import Video
from jaxeval.metrics.blink_rate import eye_pictures
from jaxeval.numerics import as_floats, chunked_map
from jaxeval.protocol import Protocol
from jaxeval.scoring.blocks import BLOCK, by_block, filled
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.scan import scan

MESH = 192
# The detector's eyes may be off; each look of the mesh centres and turns the next one's square.
_LOOKS = 2
# The mesh's layers of so many frames stay in a processor's cache, which halves its time.
_FEW = 5


@dataclass(frozen=True)
class FacePath:
    """Where one clip's face is, in pixels of the reference.

    Attributes:
        track: the detections, linked, filled and smoothed.
        squares: what the face mesh looks at in each frame.
    """

    track: Track
    squares: Squares


@dataclass(frozen=True)
class FaceTrajectories:
    """A clip's face, T frames at the protocol's fps.

    Attributes:
        landmarks: `[T, 468, 3]` face mesh in pixels of the reference.
        chips: `[T, size, size, 3]` uint8, what the identity network looks at; None if its weights are missing.
        eyes: `[T, 2, 384]` pictures of the eyes.
        sure: `[T]` whether the mesh takes what it sees for a face.
    """

    landmarks: np.ndarray
    chips: np.ndarray | None
    sure: np.ndarray
    eyes: np.ndarray


@dataclass(frozen=True)
class Trajectories:
    """One clip as the metrics see it, T frames at the protocol's fps.

    Attributes:
        crops: `[T, size, size, 3]` uint8, the reference's window.
        face: None if the clip has no face.
    """

    crops: np.ndarray
    face: FaceTrajectories | None


class Meshed(NamedTuple):
    """The face mesh in some frames.

    Attributes:
        landmarks: `[N, 468, 3]` in pixels of the reference.
        presence: `[N]` above 0 where the network takes what it sees for a face.
        eyes: `[N, 2, 384]` pictures of the eyes, from what it sees.
    """

    landmarks: np.ndarray
    presence: np.ndarray
    eyes: np.ndarray


def find_face(networks: Networks, video: Video, protocol: Protocol) -> FacePath | None:
    """Passes one to three for a clip on its own: its main face, or None if no frame has one.

    Args:
        networks: the encoders.
        video: the clip.
        protocol: for the longest clip that it takes.

    Returns:
        Its path.

    Raises:
        JaxevalError: the clip is longer than that.
    """
    tracks = scan(networks, video, protocol).tracks
    return face_path(networks, video, tracks[0]) if tracks else None


def face_path(networks: Networks, video: Frames, track: Track, placement: Placement = HERE) -> FacePath | None:
    """Passes two and three: where a face is, or None if it is none.

    A clip counts as having a face if in some frame the detector finds one and the mesh agrees. Where the mesh is sure
    of the face, its own landmarks say where it looks next; elsewhere the detector does.

    Args:
        networks: the encoders.
        video: the clip.
        track: the face, in pixels of the reference.
        placement: from the reference to the clip.

    Returns:
        Its path.
    """
    squares = first = squares_from_track(track)
    for _ in range(_LOOKS):
        meshes = [mesh for _, _, mesh in looks(networks, video, squares, placement)]
        sure = np.concatenate([mesh.presence for mesh in meshes]) > 0
        if not (sure & track.found).any():
            return None
        landmarks = np.concatenate([mesh.landmarks for mesh in meshes])
        squares = smoothed(select(sure, squares_from_landmarks(landmarks), first))
    return FacePath(track, squares)


def reference_window(
    video: Frames, path: FacePath | None, protocol: Protocol, section: np.ndarray | None = None
) -> Window:
    """The static window that image and perceptual scores look at.

    Args:
        video: the reference.
        path: its face, for a window around it; None for all of the section.
        protocol: for the window's margin.
        section: `[4]` left, top, right, bottom of the part that the generated clip shows; None for the whole frame.
    """
    inside = Window(0, 0, video.width, video.height) if section is None else _whole_pixels(section)
    if path is None:
        return inside
    return face_window(path.track.boxes, video.width, video.height, padding=protocol.padding, inside=inside)


def _whole_pixels(section: np.ndarray) -> Window:
    """The whole pixels inside a section; what is off by rounding counts as inside."""
    (left, top), (right, bottom) = np.ceil(section[:2] - 0.05).astype(int), np.floor(section[2:] + 0.05).astype(int)
    return Window(int(left), int(top), int(right), int(bottom))


def trajectories(
    networks: Networks,
    video: Video,
    path: FacePath | None,
    window: Window,
    size: tuple[int, int],
    side: int,
    placement: Placement | None = None,
    known: FaceTrajectories | None = None,
) -> Trajectories:
    """The last pass: everything that the metrics need of one clip.

    Args:
        networks: the encoders.
        video: the clip.
        path: its face, or None.
        window: the reference's window.
        size: the reference's width and height.
        side: of the crops, pixels.
        placement: from the reference to the clip; None if both show the same, whatever their sizes.
        known: the face's mesh from an earlier run; None to look for it.

    Returns:
        `Trajectories`.
    """
    whole = Placement.between(np.array([0, 0, *size]), np.array([0, 0, video.width, video.height]))
    placement = whole if placement is None else placement
    chip = None if path is None or networks.missing("identity") else CHIPS[networks.get("identity").name]
    count, meshes = video.info.frames, []
    crops = np.empty((count, side, side, 3), np.uint8)
    chips = np.empty((count, chip.size, chip.size, 3), np.uint8) if chip else None
    squares = None if path is None or known else path.squares
    for rows, chunk, mesh in looks(networks, video, squares, placement):
        if placement == whole:
            crops[rows] = parallel_map(lambda frame: window.cut(resize(frame, *size), side), chunk)
        else:
            crops[rows] = parallel_map(partial(_cut, placement=placement, window=window, side=side), chunk)
        meshes += [mesh] if mesh else []
        if chip and chips is not None:
            landmarks = mesh.landmarks if known is None else known.landmarks[rows]
            chips[rows] = chip.cut(chunk, landmarks, placement)
    return Trajectories(crops, None if path is None else replace(known or _joined(meshes), chips=chips))


def _joined(meshes: Sequence[Meshed]) -> FaceTrajectories:
    landmarks, presence, eyes = (np.concatenate(parts) for parts in zip(*meshes, strict=True))
    return FaceTrajectories(landmarks, None, presence > 0, eyes)


def _cut(frame: np.ndarray, *, placement: Placement, window: Window, side: int) -> np.ndarray:
    """The window of a frame that shows another section than the reference."""
    limits = np.tile(frame.shape[1::-1], 2)
    box = placement.boxes(np.array([window.left, window.top, window.right, window.bottom], float)).clip(0, limits)
    return np.asarray(Image.fromarray(frame).resize((side, side), Image.Resampling.BILINEAR, tuple(box)))


def encoded(encoder: Any, frames: np.ndarray) -> Any:
    """An encoder's output on all of a clip's frames.

    Args:
        encoder: a network of single frames.
        frames: `[T, H, W, 3]` uint8.

    Returns:
        Its output, NumPy arrays `[T, ...]`.
    """
    return by_block(partial(encode, encoder), frames)


def numbered(video: Frames) -> Iterator[tuple[slice, np.ndarray]]:
    """A clip's frames, a block at a time, with their numbers."""
    start = 0
    for chunk in video.chunks(BLOCK):
        yield slice(start, start + len(chunk)), chunk
        start += len(chunk)


def looks(
    networks: Networks, video: Frames, squares: Squares | None, placement: Placement
) -> Iterator[tuple[slice, np.ndarray, Any]]:
    """A clip's frames, a block at a time, with the face mesh in them; the next block is cut while this one is computed.

    Args:
        networks: the encoders.
        video: the clip.
        squares: what the mesh looks at, in pixels of the reference; None not to look.
        placement: from the reference to the clip.

    Yields:
        The frames' numbers, the frames, and `Meshed`, or None without a look.
    """
    asked: list[Any] = []
    for rows, chunk in numbered(video):
        matrices = None if squares is None else squares.matrices(MESH)[rows]
        asked.append((rows, chunk, None if matrices is None else _look(networks, chunk, matrices, placement)))
        if len(asked) > 1:
            rows, chunk, look = asked.pop(0)
            yield rows, chunk, look and look()
    for rows, chunk, look in asked:
        yield rows, chunk, look and look()


def meshed(networks: Networks, chunk: np.ndarray, matrices: np.ndarray, placement: Placement) -> Meshed:
    """The face mesh in up to a block of frames.

    Args:
        networks: the encoders.
        chunk: `[N, H, W, 3]` uint8.
        matrices: `[N, 2, 3]` from what the mesh looks at, 192 × 192, to the reference.
        placement: from the reference to the clip.
    """
    return _look(networks, chunk, matrices, placement)()


def _look(networks: Networks, chunk: np.ndarray, matrices: np.ndarray, placement: Placement) -> Callable[[], Meshed]:
    """Start `meshed`; what is returned waits for it."""
    crops = parallel_map(partial(warp, size=MESH), chunk, placement.matrices(matrices))
    started = _mesh(networks.get("landmarks"), filled(crops))

    def finish() -> Meshed:
        landmarks, presence, eyes = (part[: len(chunk)] for part in jax.device_get(started))
        return Meshed(to_frame(landmarks, matrices), presence, eyes)

    return finish


@jax.jit
def _mesh(mesh: Any, crops: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    def few(crops: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        frames = as_floats(crops)
        found = mesh(frames)
        return found.landmarks, found.presence, eye_pictures(frames, found.landmarks)

    return chunked_map(few, crops, _FEW)


def embedded(networks: Networks, frames: np.ndarray, landmarks: np.ndarray, placement: Placement) -> np.ndarray:
    """Identity embeddings `[N, D]` of faces whose landmarks `[N, 468, 3]` are known, in pixels of the reference."""
    encoder = networks.get("identity")
    return encoded(encoder, CHIPS[encoder.name].cut(frames, landmarks, placement))


@jax.jit
def encode(encoder: Any, frames: jax.Array) -> Any:
    """An encoder's output on uint8 frames."""
    return encoder(as_floats(frames))
