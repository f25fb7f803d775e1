"""From a video file to what the metrics look at: crops, landmarks and identity, in four streaming passes.

Where the face is, is known only after the whole clip was seen (its track is linked and smoothed over time), so the
file is decoded four times: detection, two looks of the mesh that centre each other, and the final crops. Nothing of
full size is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.errors import JaxevalError
from jaxeval.media.chips import CHIPS
from jaxeval.media.crops import Squares, Window, each, face_window, resize, to_frame, warp
from jaxeval.media.faces import Faces, detect_faces
from jaxeval.media.track import Track, follow, smoothed, squares_from_landmarks, squares_from_track, where
from jaxeval.media.video import Video
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.protocol import Protocol

_CHUNK = 25
_MESH = 192
# The detector's eyes may be off; each look of the mesh centres and turns the next one's square.
_LOOKS = 2


@dataclass(frozen=True)
class FacePath:
    """Where one clip's face is.

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
        landmarks: `[T, 468, 3]` face mesh in pixels of the clip's own frames.
        identity: `[T, D]` identity embeddings; None if that network's weights are missing.
        sure: `[T]` whether the mesh takes what it sees for a face.
    """

    landmarks: np.ndarray
    identity: np.ndarray | None
    sure: np.ndarray


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
    """

    role: str
    video: Video
    path: FacePath | None
    window: Window
    seen: Trajectories

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
    """Passes one to three: the clip's main face, or None if no frame has one.

    A clip counts as having a face if in some frame the detector finds one and the mesh agrees. Where the mesh is sure
    of the face, its own landmarks say where it looks next; elsewhere the detector does.

    Args:
        networks: the encoders.
        video: the clip.
        protocol: for the longest clip that it takes.

    Returns:
        Its path.

    Raises:
        JaxevalError: the clip is longer than that.
    """
    faces: list[Faces] = []
    for chunk in video.chunks(_CHUNK):
        faces += detect_faces(networks.get("detector"), chunk)
        if len(faces) > protocol.longest_clip * protocol.fps:
            limit = f"at most {protocol.longest_clip:g} s"
            raise JaxevalError(f"{video.path}: expected a clip of {limit}, found a longer one. Cut it into parts.")
    track = follow(faces)
    if track is None:
        return None
    squares = squares_from_track(track)
    for _ in range(_LOOKS):
        meshes = [_mesh(networks, chunk, squares, rows) for rows, chunk in _numbered(video)]
        sure = np.concatenate([mesh.presence for mesh in meshes]) > 0
        if not (sure & track.found).any():
            return None
        landmarks = np.concatenate([mesh.landmarks for mesh in meshes])
        squares = smoothed(where(sure, squares_from_landmarks(landmarks), squares_from_track(track)))
    return FacePath(track, squares)


def reference_window(video: Video, path: FacePath | None, protocol: Protocol) -> Window:
    """The static window that image and perceptual scores look at: around the face, or the whole frame without one."""
    if path is None:
        return Window(0, 0, video.width, video.height)
    return face_window(path.track.boxes, video.width, video.height, padding=protocol.padding)


def trajectories(
    networks: Networks, video: Video, path: FacePath | None, window: Window, size: tuple[int, int], side: int
) -> Trajectories:
    """The last pass: everything that the metrics need of one clip.

    Args:
        networks: the encoders.
        video: the clip.
        path: its face, or None.
        window: the reference's window.
        size: the reference's width and height, to which whole frames are brought before the window is cut.
        side: of the crops, pixels.

    Returns:
        `Trajectories`.
    """
    crops, meshes, identity = [], [], []
    embeds = path is not None and not networks.missing("identity")
    for rows, chunk in _numbered(video):
        crops.append(each(lambda frame: window.cut(resize(frame, *size), side), chunk))
        if path is not None:
            meshes.append(_mesh(networks, chunk, path.squares, rows))
        if embeds:
            identity.append(_embed(networks, chunk, meshes[-1].landmarks))
    if path is None:
        return Trajectories(np.concatenate(crops), None)
    landmarks, presence = (np.concatenate(parts) for parts in zip(*meshes, strict=True))
    embeddings = np.concatenate(identity) if embeds else None
    return Trajectories(np.concatenate(crops), FaceTrajectories(landmarks, embeddings, presence > 0))


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
    return np.concatenate([np.asarray(_encode(encoder, clip)) for clip in clips])


def _numbered(video: Video) -> Iterator[tuple[slice, np.ndarray]]:
    start = 0
    for chunk in video.chunks(_CHUNK):
        yield slice(start, start + len(chunk)), chunk
        start += len(chunk)


def _mesh(networks: Networks, chunk: np.ndarray, squares: Squares, rows: slice) -> Any:
    matrices = squares.matrices(_MESH)[rows]
    crops = each(partial(warp, size=_MESH), chunk, matrices)
    mesh = _run(networks.get("landmarks"), crops)
    return mesh._replace(landmarks=to_frame(mesh.landmarks, matrices))


def _embed(networks: Networks, chunk: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    encoder = networks.get("identity")
    chip = CHIPS[encoder.name]
    matrices = chip.matrices(chip.points(landmarks))
    chips = each(partial(warp, size=chip.size), chunk, matrices)
    return _run(encoder, chips)


def _run(encoder: Any, crops: np.ndarray) -> Any:
    """An encoder on a chunk; a short chunk is filled up so that one program serves all."""
    filled = crops[np.arange(_CHUNK).clip(max=len(crops) - 1)]
    out = jax.device_get(_encode(encoder, filled))
    return jax.tree.map(lambda rows: rows[: len(crops)], out)


@jax.jit
def _encode(encoder: Any, crops: jax.Array) -> Any:
    return encoder(crops.astype(jnp.float32) / 255)
