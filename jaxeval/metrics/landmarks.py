"""Landmark distances: how far a face's points are from the reference's, once both are centred."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.edge import NUMBERS, edge
from jaxeval.numerics import safe_sqrt

# The ends of MediaPipe's FACEMESH_LIPS connections (mediapipe 0.10.21, face_mesh_connections.py): both contours of the
# lips, each from the mouth's right corner along the lower lip to the left one and back along the upper lip.
_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
LIPS = _OUTER + _INNER
"""The 40 points of the 468-point face mesh that lie on the lips' contours."""

RIGHT_EYE, LEFT_EYE = 33, 263
"""The outer corners of the person's eyes in the face mesh."""

_MESH = 468


@edge(x=NUMBERS, y=NUMBERS)
def lmd(x: jax.Array, y: jax.Array, *, points: Sequence[int] | None = None) -> jax.Array:
    """Landmark distance of each frame: the mean distance of its points once both faces are centred.

        LMD_t = 1/N Σ_i ‖(x_ti − mean_j x_tj) − (y_ti − mean_j y_tj)‖

    in the picture's plane: of three coordinates only x and y count, as in the field's evaluations, whose landmarks
    have no depth. Points and means are both over `points`, so a face that is elsewhere in the picture costs nothing,
    while one that is larger or turned does. It is no distance on the face but in the picture: a face filmed at twice
    the size has twice the LMD. Over a whole face papers also call it F-LMD; theirs is mostly over 68 points, so compare
    values over the mesh's 468 only with each other.

    Args:
        x: `[T, N, 2 or 3]` landmarks of the generated clip, in pixels.
        y: the reference's, in pixels of the same size.
        points: the landmarks that count; None for all.

    Returns:
        `[T]` pixels, lower is better; where two points coincide their distance has the gradient 0.

    Raises:
        ValueError: the shapes are not equal or not `[T, N, 2 or 3]`, or there is no such point.

    References:
        Chen, Li, Maddox, Duan, Xu: Lip movements generation at a glance, ECCV 2018.

    Example:
        >>> import jax.numpy as jnp
        >>> square = jnp.array([[[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]])
        >>> print(lmd(square + 5, square), lmd(2 * square, square).round(3))
        [0.] [1.414]
    """
    _check(x, y)
    if points is not None:
        chosen = _checked_points(points, x.shape[1])
        x, y = x[:, chosen], y[:, chosen]
    # Centred as one, for the mean of differences is the difference of means: exactly 0 for a face that only moved.
    apart = x[..., :2] - y[..., :2]
    apart = apart - jnp.mean(apart, axis=1, keepdims=True)
    return jnp.mean(safe_sqrt(jnp.sum(jnp.square(apart), axis=2)), axis=1)


@edge(x=NUMBERS, y=NUMBERS)
def m_lmd(x: jax.Array, y: jax.Array) -> jax.Array:
    """Mouth landmark distance of each frame: `lmd` over the face mesh's lips, centred on the lips' own mean.

    Where the mouth is in the face or in the picture is thus forgiven, its shape and opening are not. So do the public
    evaluations, on the 20 mouth points of 68 landmarks; the mesh has 40 there, so compare values only with each other.

    Args:
        x: `[T, 468, 2 or 3]` face mesh of the generated clip, in pixels.
        y: the reference's, in pixels of the same size.

    Returns:
        `[T]` pixels, lower is better.

    Raises:
        ValueError: the shapes are not equal or not `[T, 468, 2 or 3]`.

    References:
        Gan, Yang, Yue, Sun, Yang: Efficient emotional adaptation for audio-driven talking-head generation, ICCV 2023,
        and its evaluation code; Chen, Maddox, Duan, Xu: Hierarchical cross-modal talking face generation with dynamic
        pixel-wise loss, CVPR 2019, likewise.

    Example:
        >>> import jax.numpy as jnp
        >>> mesh = jnp.zeros((1, 468, 3))
        >>> print(m_lmd(mesh.at[:, 17].add(jnp.array([3.0, 4.0, 9.0])), mesh))  # 5 · (39/40 + 39 · 1/40) / 40
        [0.24375]
    """
    _check(x, y)
    if x.shape[1] != _MESH:
        raise ValueError(f"Expected a face mesh of {_MESH} points, got {x.shape[1]}.")
    return lmd(x, y, points=LIPS)


def _check(x: jax.Array, y: jax.Array) -> None:
    if x.ndim != 3 or x.shape[2] not in (2, 3) or x.shape[1] == 0 or x.shape != y.shape:
        raise ValueError(f"Expected two equal shapes [T, N, 2 or 3], got {x.shape} and {y.shape}.")


def _checked_points(points: Sequence[int], count: int) -> np.ndarray:
    chosen = np.asarray(points)
    if chosen.ndim != 1 or not chosen.size or not np.issubdtype(chosen.dtype, np.integer):
        raise ValueError(f"Expected the indices of one point or more, got {points}.")
    if chosen.min() < 0 or chosen.max() >= count:
        raise ValueError(f"Expected points in 0..{count - 1} (there are {count} landmarks), got {points}.")
    return chosen
