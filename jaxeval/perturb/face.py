"""Faults of the face alone: another face's proportions, a mouth that stands still while the head moves on."""

from collections.abc import Mapping

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

from jaxeval.media.crops import inverse, similarity
from jaxeval.metrics.landmarks import LIPS
from jaxeval.perturb.picture import Perturbed, require_clip

RIGID = (33, 133, 263, 362, 6, 168, 10, 234, 454)
"""Points of the mesh that the mouth doesn't move: corners of the eyes, bridge of the nose, forehead, ears."""

LEFT_EAR, RIGHT_EAR = 234, 454

# Where a face of other proportions has its features, in widths of the face: right and down.
_PROPORTIONS: Mapping[int, tuple[float, float]] = {
    172: (-1.0, 0.0),  # corners of the jaw: wider
    397: (1.0, 0.0),
    4: (0.0, 0.9),  # tip of the nose: lower
    133: (-0.7, 0.0),  # inner corners of the eyes: farther apart
    362: (0.7, 0.0),
    105: (0.0, -0.6),  # brows: higher
    334: (0.0, -0.6),
    152: (0.0, 0.8),  # chin: lower
}
_SOFTNESS = 0.16  # of each displacement, in widths of the face
_FEATHER = 0.25  # of the mouth's edge, in widths of the mouth


def reshaped(frames: np.ndarray, landmarks: np.ndarray, strength: float) -> Perturbed:
    """Turn the face into someone else's: jaw, chin, nose, eyes and brows move to other proportions, the same all along.

    A pixel at p shows what was at p − Σ_k d_k exp(−|p − q_k|² / 2σ²): q_k are landmarks, d_k their displacements, up to
    `strength` widths of the face, and σ = 0.16 widths.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        landmarks: [T, 468, 2 or 3] of the face mesh, in pixels.
        strength: the largest displacement in widths of the face; 0 changes nothing, 0.06 makes another person.

    Returns:
        The clip; its lag is 0.

    Raises:
        ValueError: frames is no clip, or there are not as many landmarks.

    Example:
        >>> frames, landmarks = np.full((2, 32, 32, 3), 90, np.uint8), np.full((2, 468, 2), 16.0)
        >>> landmarks[:, RIGHT_EAR, 0] = 24
        >>> bool((reshaped(frames, landmarks, 0.05).frames == frames).all())
        True
    """
    _check(frames, landmarks)
    pairs = zip(frames, landmarks[..., :2], strict=True)
    return Perturbed(np.stack([_reshaped(frame, face, strength) for frame, face in pairs]), np.zeros(len(frames), int))


def _reshaped(frame: np.ndarray, face: np.ndarray, strength: float) -> np.ndarray:
    places = np.mgrid[: frame.shape[0], : frame.shape[1]][::-1] + 0.5  # x, y
    width = np.linalg.norm(face[RIGHT_EAR] - face[LEFT_EAR])
    source = places.copy()
    for point, displacement in _PROPORTIONS.items():
        apart = ((places - face[point][:, None, None]) ** 2).sum(axis=0)
        push = np.exp(-apart / (2 * (_SOFTNESS * width) ** 2))
        source -= strength * width * np.array(displacement)[:, None, None] * push
    x, y = source - 0.5
    channels = [
        map_coordinates(channel.astype(float), (y, x), order=1, mode="nearest") for channel in frame.transpose(2, 0, 1)
    ]
    return np.rint(np.stack(channels, axis=-1)).astype(np.uint8)


def mouth_frozen(frames: np.ndarray, landmarks: np.ndarray, first: int = 0, last: int | None = None) -> Perturbed:
    """Let the mouth stand still while the head moves on: its place shows the mouth of one frame, carried by the head.

    Args:
        frames: [T, H, W, 3] uint8 RGB.
        landmarks: [T, 468, 2 or 3] of the face mesh, in pixels.
        first: the frame whose mouth is held.
        last: the last frame that shows it; None for the clip's.

    Returns:
        The clip; its lag is 0, for all but the mouth is on time.

    Raises:
        ValueError: frames is no clip, there are not as many landmarks, or no frame lies between first and last.

    Example:
        >>> frames = np.arange(3, dtype=np.uint8)[:, None, None, None] + np.full((3, 64, 64, 3), 90, np.uint8)
        >>> face = np.random.default_rng(0).uniform(8, 56, (468, 2))
        >>> still = mouth_frozen(frames, np.stack([face] * 3)).frames
        >>> centre = face[list(LIPS)].mean(axis=0).astype(int)
        >>> still[:, centre[1], centre[0], 0].tolist()
        [90, 90, 90]
    """
    _check(frames, landmarks)
    last = len(frames) - 1 if last is None else last
    if not 0 <= first <= last < len(frames):
        raise ValueError(f"Expected 0 <= first <= last < {len(frames)}, got {first} and {last}.")
    faces, held = landmarks[..., :2], frames.copy()
    for t in range(first, last + 1):
        held[t] = _with_mouth(frames[t], faces[t], frames[first], faces[first])
    return Perturbed(held, np.zeros(len(frames), int))


def _with_mouth(frame: np.ndarray, face: np.ndarray, other: np.ndarray, other_face: np.ndarray) -> np.ndarray:
    """A frame with another frame's mouth and jaw, moved as the rigid part of the face has moved."""
    back = similarity(face[list(RIGID)], other_face[list(RIGID)])
    size = frame.shape[1], frame.shape[0]
    moved = Image.fromarray(other).transform(
        size, Image.Transform.AFFINE, tuple(back.ravel()), Image.Resampling.BICUBIC
    )
    there = np.concatenate([other_face, np.ones((len(other_face), 1))], axis=1) @ inverse(back).T
    mask = np.maximum(_mouth_mask(face, frame.shape[:2]), _mouth_mask(there, frame.shape[:2]))[..., None]
    return np.rint(frame * (1 - mask) + np.asarray(moved) * mask).astype(np.uint8)


def _mouth_mask(face: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """1 on the lips and below them to the chin, soft at the edge."""
    lips = face[list(LIPS)]
    chin, width = face[152], np.ptp(lips[:, 0])
    centre = (lips.mean(axis=0) + chin) / 2
    radii = 0.85 * width, 0.5 * abs(chin[1] - lips[:, 1].min())
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    inside = ((x - centre[0]) / radii[0]) ** 2 + ((y - centre[1]) / radii[1]) ** 2 < 1
    upper = ((x - lips[:, 0].mean()) / (0.65 * width)) ** 2 + ((y - lips[:, 1].mean()) / (0.45 * width)) ** 2 < 1
    return gaussian_filter((inside | upper).astype(float), _FEATHER * width / 3)


def _check(frames: np.ndarray, landmarks: np.ndarray) -> None:
    require_clip(frames)
    if landmarks.ndim != 3 or len(landmarks) != len(frames) or landmarks.shape[1] != 468:
        raise ValueError(f"Expected landmarks [{len(frames)}, 468, 2 or 3], got {list(landmarks.shape)}.")
