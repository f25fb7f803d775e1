"""From a video file to what the metrics look at: crops, landmarks and identity, in four streaming passes.

Where the face is, is known only after the whole clip was seen (its track is linked and smoothed over time), so the
file is decoded four times: detection, two looks of the mesh that centre each other, and the final crops. Nothing of
full size is kept. All places of a generated clip's face are in pixels of its reference, by the pair's one `Placement`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from jaxeval.media.chips import CHIPS
from jaxeval.media.crops import Squares, Window, face_window, parallel_map, resize, to_frame, warp
from jaxeval.media.geometry import HERE, Placement
from jaxeval.media.track import Track, select, smoothed, squares_from_landmarks, squares_from_track
from jaxeval.media.video import Video
from jaxeval.metrics.blink_rate import eye_pictures
from jaxeval.protocol import Protocol
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.scan import scan

_CHUNK = 25
MESH = 192
# The detector's eyes may be off; each look of the mesh centres and turns the next one's square.
_LOOKS = 2


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
        identity: `[T, D]` identity embeddings; None if that network's weights are missing.
        eyes: `[T, 2, 384]` pictures of the eyes.
        sure: `[T]` whether the mesh takes what it sees for a face.
    """

    landmarks: np.ndarray
    identity: np.ndarray | None
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


@dataclass(frozen=True)
class Clip:
    """One video with its face and what the metrics look at.

    Attributes:
        role: "generated" or "reference".
        video: the file.
        path: where its face is; None if it has none.
        window: what image and perceptual scores look at, in pixels of the reference.
        seen: all that the metrics need.
        placement: how the clip's picture lies in the reference's.
    """

    role: str
    video: Video
    path: FacePath | None
    window: Window
    seen: Trajectories
    placement: Placement = HERE

    @property
    def frames(self) -> int:
        """How many there are at the protocol's fps."""
        return len(self.seen.crops)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.video.width, self.video.height

    @property
    def name(self) -> str:
        """Of the file, without its folder."""
        return Path(self.video.path).name


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


def face_path(networks: Networks, video: Video, track: Track, placement: Placement = HERE) -> FacePath | None:
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
    squares = squares_from_track(track)
    for _ in range(_LOOKS):
        meshes = [meshed(networks, chunk, squares.matrices(MESH)[rows], placement) for rows, chunk in numbered(video)]
        sure = np.concatenate([mesh.presence for mesh in meshes]) > 0
        if not (sure & track.found).any():
            return None
        landmarks = np.concatenate([mesh.landmarks for mesh in meshes])
        squares = smoothed(select(sure, squares_from_landmarks(landmarks), squares_from_track(track)))
    return FacePath(track, squares)


def reference_window(
    video: Video, path: FacePath | None, protocol: Protocol, section: np.ndarray | None = None
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

    Returns:
        `Trajectories`.
    """
    whole = Placement.between(np.array([0, 0, *size]), np.array([0, 0, video.width, video.height]))
    placement = whole if placement is None else placement
    crops, meshes, identity = [], [], []
    embeds = path is not None and not networks.missing("identity")
    for rows, chunk in numbered(video):
        if placement == whole:
            crops.append(parallel_map(lambda frame: window.cut(resize(frame, *size), side), chunk))
        else:
            crops.append(parallel_map(partial(_cut, placement=placement, window=window, side=side), chunk))
        if path is not None:
            meshes.append(meshed(networks, chunk, path.squares.matrices(MESH)[rows], placement))
        if embeds:
            identity.append(embedded(networks, chunk, meshes[-1].landmarks, placement))
    if path is None:
        return Trajectories(np.concatenate(crops), None)
    landmarks, presence, eyes = (np.concatenate(parts) for parts in zip(*meshes, strict=True))
    embeddings = np.concatenate(identity) if embeds else None
    return Trajectories(np.concatenate(crops), FaceTrajectories(landmarks, embeddings, presence > 0, eyes))


def _cut(frame: np.ndarray, *, placement: Placement, window: Window, side: int) -> np.ndarray:
    """The window of a frame that shows another section than the reference."""
    limits = np.tile(frame.shape[1::-1], 2)
    box = placement.boxes(np.array([window.left, window.top, window.right, window.bottom], float)).clip(0, limits)
    return np.asarray(Image.fromarray(frame).resize((side, side), Image.Resampling.BILINEAR, tuple(box)))


def encoded(encoder: Any, crops: np.ndarray) -> Any:
    """An encoder's output on all of a clip's crops.

    Args:
        encoder: a network of single frames.
        crops: `[T, H, W, 3]` uint8.

    Returns:
        Its output, NumPy arrays `[T, ...]`.
    """
    parts = [_run(encoder, crops[start : start + _CHUNK]) for start in range(0, len(crops), _CHUNK)]
    return jax.tree.map(lambda *rows: np.concatenate(rows), *parts)


def encoded_clips(encoder: Any, crops: np.ndarray, frames: int) -> np.ndarray:
    """An encoder of short clips on all of a clip's crops, one short clip after the other.

    Args:
        encoder: a network of clips `[N, frames, H, W, 3]`.
        crops: `[T, H, W, 3]` uint8, T at least `frames`; what is left over at the end is left out.
        frames: of a short clip.

    Returns:
        `[⌊T / frames⌋, D]`.
    """
    count = len(crops) // frames
    clips = crops[: count * frames].reshape(count, 1, frames, *crops.shape[1:])
    return np.concatenate([np.asarray(encode(encoder, clip)) for clip in clips])


def numbered(video: Video) -> Iterator[tuple[slice, np.ndarray]]:
    """A clip's frames, up to 25 at a time, with their numbers."""
    start = 0
    for chunk in video.chunks(_CHUNK):
        yield slice(start, start + len(chunk)), chunk
        start += len(chunk)


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


def meshed(networks: Networks, chunk: np.ndarray, matrices: np.ndarray, placement: Placement) -> Meshed:
    """The face mesh in up to 25 frames.

    Args:
        networks: the encoders.
        chunk: `[N, H, W, 3]` uint8.
        matrices: `[N, 2, 3]` from what the mesh looks at, 192 × 192, to the reference.
        placement: from the reference to the clip.
    """
    crops = parallel_map(partial(warp, size=MESH), chunk, placement.matrices(matrices))
    mesh = _run(networks.get("landmarks"), crops)
    eyes = jax.device_get(jax.jit(eye_pictures)(_filled(crops), _filled(mesh.landmarks)))[: len(crops)]
    return Meshed(to_frame(mesh.landmarks, matrices), mesh.presence, eyes)


def embedded(networks: Networks, frames: np.ndarray, landmarks: np.ndarray, placement: Placement) -> np.ndarray:
    """Identity embeddings `[N, D]` of faces whose landmarks `[N, 468, 3]` are known, in pixels of the reference."""
    encoder = networks.get("identity")
    chip = CHIPS[encoder.name]
    matrices = placement.matrices(chip.matrices(chip.points(landmarks)))
    return _run(encoder, parallel_map(partial(warp, size=chip.size), frames, matrices))


def _run(encoder: Any, crops: np.ndarray) -> Any:
    """An encoder on a chunk; a short chunk is filled up so that one program serves all."""
    out = jax.device_get(encode(encoder, _filled(crops)))
    return jax.tree.map(lambda rows: rows[: len(crops)], out)


def _filled(rows: np.ndarray) -> np.ndarray:
    return rows[np.arange(_CHUNK).clip(max=len(rows) - 1)]


@jax.jit
def encode(encoder: Any, crops: jax.Array) -> Any:
    """An encoder's output on uint8 crops."""
    return encoder(crops.astype(jnp.float32) / 255)
