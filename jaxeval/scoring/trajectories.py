"""From a video file to what the metrics look at: crops, landmarks and identity, in three streaming passes.

Where the face is, is known only after the whole clip was seen (its track is linked and smoothed over time), so the
file is decoded three times: detection, a first mesh on the tracked squares, and the final crops. Nothing of full size
is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.checkpoints import load_encoder
from jaxeval.media.crops import Squares, Window, dlib_matrices, dlib_points, face_window, resize, to_frame, warp
from jaxeval.media.faces import detect_faces
from jaxeval.media.track import Track, follow, squares_from_landmarks, squares_from_track
from jaxeval.media.video import Video
from jaxeval.scoring.protocol import Protocol

_CHUNK = 25
_MESH, _CHIP = 192, 150


class Networks:
    """The encoders that a protocol names, each loaded when it is first used."""

    def __init__(self, protocol: Protocol) -> None:
        self._names = protocol.encoders

    @cached_property
    def detector(self) -> Any:
        """Frames to faces."""
        return load_encoder(self._names["detector"])

    @cached_property
    def landmarks(self) -> Any:
        """Crops to the face mesh."""
        return load_encoder(self._names["landmarks"])

    @cached_property
    def identity(self) -> Any:
        """Face chips to embeddings."""
        return load_encoder(self._names["identity"])

    @cached_property
    def perceptual(self) -> Any:
        """Frames to LPIPS taps."""
        return load_encoder(self._names["perceptual"])


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
class Trajectories:
    """One clip as the metrics see it, T frames at the protocol's fps.

    Attributes:
        crops: `[T, size, size, 3]` uint8, the reference's window.
        landmarks: `[T, 468, 3]` face mesh in pixels of the clip's own frames; None without a face.
        identity: `[T, D]` identity embeddings; None without a face.
    """

    crops: np.ndarray
    landmarks: np.ndarray | None
    identity: np.ndarray | None


def find_face(networks: Networks, video: Video) -> FacePath | None:
    """Passes one and two: the clip's main face, or None if no frame has one.

    A frame counts as having the face if the detector found it there and the mesh agrees that it is a face.

    Args:
        networks: the encoders.
        video: the clip.

    Returns:
        Its path.
    """
    track = follow([faces for chunk in video.chunks(_CHUNK) for faces in detect_faces(networks.detector, chunk)])
    if track is None:
        return None
    squares = squares_from_track(track)
    meshes = [_mesh(networks, chunk, squares, rows) for rows, chunk in _numbered(video)]
    seen = track.found & (np.concatenate([mesh.presence for mesh in meshes]) > 0)
    if not seen.any():
        return None
    landmarks = np.concatenate([mesh.landmarks for mesh in meshes])
    return FacePath(replace(track, found=seen), squares_from_landmarks(landmarks))


def reference_window(video: Video, path: FacePath | None, protocol: Protocol) -> Window:
    """The static window that image and perceptual scores look at: around the face, or the whole frame without one."""
    if path is None:
        return Window(0, 0, video.width, video.height)
    return face_window(path.track.boxes, video.width, video.height, padding=protocol.padding)


def trajectories(
    networks: Networks, video: Video, path: FacePath | None, window: Window, size: tuple[int, int], side: int
) -> Trajectories:
    """The third pass: everything that the metrics need of one clip.

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
    crops, landmarks, identity = [], [], []
    for rows, chunk in _numbered(video):
        crops.append(np.stack([window.cut(resize(frame, *size), side) for frame in chunk]))
        if path is not None:
            landmarks.append(_mesh(networks, chunk, path.squares, rows).landmarks)
            identity.append(_embed(networks, chunk, landmarks[-1]))
    faces = (np.concatenate(landmarks), np.concatenate(identity)) if path is not None else (None, None)
    return Trajectories(np.concatenate(crops), *faces)


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
