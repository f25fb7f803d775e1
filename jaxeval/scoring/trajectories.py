"""From a video file to what the metrics look at: crops, landmarks and identity, in four streaming passes.

Where the face is, is known only after the whole clip was seen (its track is linked and smoothed over time), so the
file is decoded four times: detection, two looks of the mesh that centre each other, and the final crops. Nothing of
full size is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.checkpoints import load_encoder
from jaxeval.errors import JaxevalError
from jaxeval.media.crops import Squares, Window, dlib_matrices, dlib_points, face_window, resize, to_frame, warp
from jaxeval.media.faces import Faces, detect_faces
from jaxeval.media.track import Track, follow, smoothed, squares_from_landmarks, squares_from_track, where
from jaxeval.media.video import Video
from jaxeval.scoring.protocol import Protocol

_CHUNK = 25
_MESH, _CHIP = 192, 150
# The detector's eyes may be off; each look of the mesh centres and turns the next one's square.
_LOOKS = 2


class Networks:
    """The encoders that a protocol names, each loaded when it is first used."""

    def __init__(self, protocol: Protocol) -> None:
        self._names = protocol.encoders
        self._precision = protocol.precision

    def load(self) -> None:
        """Load all four now, so that a missing one is told before any clip is scored."""
        _ = self.detector, self.landmarks, self.identity, self.perceptual

    def _encoder(self, role: str) -> Any:
        return load_encoder(self._names[role], precision=self._precision)

    @cached_property
    def detector(self) -> Any:
        """Frames to faces."""
        return self._encoder("detector")

    @cached_property
    def landmarks(self) -> Any:
        """Crops to the face mesh."""
        return self._encoder("landmarks")

    @cached_property
    def identity(self) -> Any:
        """Face chips to embeddings."""
        return self._encoder("identity")

    @cached_property
    def perceptual(self) -> Any:
        """Frames to LPIPS taps."""
        return self._encoder("perceptual")


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
        identity: `[T, D]` identity embeddings.
        sure: `[T]` whether the mesh takes what it sees for a face.
    """

    landmarks: np.ndarray
    identity: np.ndarray
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
        faces += detect_faces(networks.detector, chunk)
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
    for rows, chunk in _numbered(video):
        crops.append(np.stack([window.cut(resize(frame, *size), side) for frame in chunk]))
        if path is not None:
            meshes.append(_mesh(networks, chunk, path.squares, rows))
            identity.append(_embed(networks, chunk, meshes[-1].landmarks))
    if path is None:
        return Trajectories(np.concatenate(crops), None)
    landmarks, presence = (np.concatenate(parts) for parts in zip(*meshes, strict=True))
    face = FaceTrajectories(landmarks, np.concatenate(identity), presence > 0)
    return Trajectories(np.concatenate(crops), face)


def _numbered(video: Video) -> Iterator[tuple[slice, np.ndarray]]:
    start = 0
    for chunk in video.chunks(_CHUNK):
        yield slice(start, start + len(chunk)), chunk
        start += len(chunk)


def _mesh(networks: Networks, chunk: np.ndarray, squares: Squares, rows: slice) -> Any:
    matrices = squares.matrices(_MESH)[rows]
    crops = np.stack([warp(frame, matrix, _MESH) for frame, matrix in zip(chunk, matrices, strict=True)])
    mesh = _run(networks.landmarks, crops)
    return mesh._replace(landmarks=to_frame(mesh.landmarks, matrices))


def _embed(networks: Networks, chunk: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    matrices = dlib_matrices(dlib_points(landmarks))
    chips = np.stack([warp(frame, matrix, _CHIP) for frame, matrix in zip(chunk, matrices, strict=True)])
    return _run(networks.identity, chips)


def _run(encoder: Any, crops: np.ndarray) -> Any:
    """An encoder on a chunk; a short chunk is filled up so that one program serves all."""
    filled = crops[np.arange(_CHUNK).clip(max=len(crops) - 1)]
    out = jax.device_get(_encode(encoder, filled))
    return jax.tree.map(lambda rows: rows[: len(crops)], out)


@jax.jit
def _encode(encoder: Any, crops: jax.Array) -> Any:
    return encoder(crops.astype(jnp.float32) / 255)
