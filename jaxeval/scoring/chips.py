"""The faces in a clip's frames, aligned for the networks that embed identity."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jaxeval.errors import JaxevalError, nearest
from jaxeval.media.chips import CHIPS
from jaxeval.media.geometry import HERE
from jaxeval.media.reading import as_type
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.ingest import MESH, find_face, meshed, numbered
from jaxeval.scoring.networks import Networks

_ANY_LENGTH = replace(JAXEVAL_V1, longest_clip=float("inf"))


def face_chips(frames: Any, encoder: str = "dlib_resnet") -> np.ndarray:
    """Cut out and align the main face of a clip, frame by frame, as the identity scores do.

    BlazeFace finds the faces, and the largest and steadiest one is followed through the clip. The face mesh places its
    landmarks, and a similarity transform brings them to the template that the encoder was trained on.

    Args:
        frames: `[T, H, W, 3]` successive RGB frames, in [0, 1] or uint8, at about 25 frames per second.
        encoder: the network that will embed them: "dlib_resnet", "arcface_r50" or "arcface_r100".

    Returns:
        `[T, 150, 150, 3]` for dlib, `[T, 112, 112, 3]` for ArcFace: float32 in [0, 1], or uint8 if the frames are.

    Raises:
        JaxevalError: some frames show no face; the text names them.
        ValueError: frames aren't `[T, H, W, 3]` or lie outside [0, 1], or there is no such encoder.

    Example:
        >>> from PIL import Image
        >>> from jaxeval.demo.clips import MATERIAL
        >>> photo = np.asarray(Image.open(MATERIAL / "astronaut.png").convert("RGB"))
        >>> face_chips(photo[None]).shape
        (1, 150, 150, 3)
    """
    if encoder not in CHIPS:
        raise ValueError(f"Expected an identity encoder, got {encoder!r}. {nearest(encoder, CHIPS)}")
    given = _checked(np.asarray(frames))
    clip: Any = _Frames(as_type(given, np.uint8))
    networks = Networks(JAXEVAL_V1)
    path = find_face(networks, clip, _ANY_LENGTH)
    if path is None:
        raise JaxevalError(f"Expected a face in each of {len(given)} frames, found none in any of them.")
    meshes = [meshed(networks, chunk, path.squares.matrices(MESH)[rows], HERE) for rows, chunk in numbered(clip)]
    unclear = np.flatnonzero(np.concatenate([mesh.presence for mesh in meshes]) <= 0)
    if len(unclear):
        raise JaxevalError(f"Expected a face in each of {len(given)} frames, found none in {_numbers(unclear)}.")
    landmarks = np.concatenate([mesh.landmarks for mesh in meshes])
    return as_type(CHIPS[encoder].cut(clip.frames, landmarks), given.dtype)


@dataclass(frozen=True)
class _Frames:
    """Frames `[T, H, W, 3]` uint8 in the place of a `Video`."""

    frames: np.ndarray
    path: str = "frames"

    @property
    def width(self) -> int:
        return self.frames.shape[2]

    @property
    def height(self) -> int:
        return self.frames.shape[1]

    def chunks(self, n: int) -> Iterator[np.ndarray]:
        return (self.frames[start : start + n] for start in range(0, len(self.frames), n))


def _checked(frames: np.ndarray) -> np.ndarray:
    real = frames.dtype == np.uint8 or np.issubdtype(frames.dtype, np.floating)
    if frames.ndim != 4 or frames.shape[3] != 3 or not frames.size or not real:
        raise ValueError(f"Expected frames [T, H, W, 3] in [0, 1] or uint8, got {frames.dtype} {list(frames.shape)}.")
    if frames.dtype != np.uint8 and not (frames.min() >= 0 and frames.max() <= 1):
        raise ValueError(f"Expected frames in [0, 1], got values from {frames.min():g} to {frames.max():g}.")
    return frames


def _numbers(indices: np.ndarray) -> str:
    """Frames by their numbers, runs of them in short: "frames 3–5, 9"."""
    runs = np.split(indices, np.flatnonzero(np.diff(indices) > 1) + 1)
    shown = [f"{run[0]}–{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs[:10]]
    return f"frames {', '.join(shown)}{' and others' if len(runs) > 10 else ''}"
