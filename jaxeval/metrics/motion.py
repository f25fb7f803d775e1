"""Head pose and facial expression as trajectories, from the landmarks of a face mesh.

The mesh of frame t is the canonical face, moved rigidly, plus what the face does: x_i = s R (v_i + e_i) + τ.
Pose is (R, s, τ); expression is e, in the face's own axes.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.edge import FLOATS, NUMBERS, TREE, edge
from jaxeval.metrics.landmarks import LEFT_EYE, RIGHT_EYE
from jaxeval.numerics import precise_matmul


class Similarity(NamedTuple):
    """A similarity transform for each frame, x = s R v + τ.

    Attributes:
        rotation: `[T, 3, 3]` proper rotations R.
        scale: `[T]` s > 0, target units for one source unit.
        translation: `[T, 3]` τ, target units.
    """

    rotation: jax.Array
    scale: jax.Array
    translation: jax.Array


@edge(source=NUMBERS, target=NUMBERS, weights=NUMBERS)
def umeyama(source: jax.Array, target: jax.Array, weights: jax.Array) -> Similarity:
    """The similarity transform with the least weighted squared error, Σ_i w_i ‖x_i − s R v_i − τ‖².

    With weighted means removed, U Σ Vᵀ = SVD(Σ_i w_i x_i v_iᵀ), D = diag(1, 1, det(U Vᵀ)):
    R = U D Vᵀ, s = tr(Σ D) / Σ_i w_i ‖v_i‖², τ = mean(x) − s R mean(v).

    Args:
        source: `[N, 3]` points v.
        target: `[T, N, 3]` points x of each frame.
        weights: `[N]` w ≥ 0, not all zero.

    Returns:
        One `Similarity` for each frame.

    Raises:
        ValueError: the shapes do not fit together.

    References:
        Umeyama: Least-squares estimation of transformation parameters between two point patterns, PAMI 13(4), 1991.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> v = jax.random.normal(jax.random.key(0), (10, 3))
        >>> fit = umeyama(v, (2 * v + 5)[None], jnp.ones(10))
        >>> print(fit.scale.round(3), fit.translation.round(3))
        [2.] [[5. 5. 5.]]
    """
    if source.shape != target.shape[1:] or source.shape[1:] != (3,) or weights.shape != source.shape[:1]:
        shapes = f"{source.shape}, {target.shape}, {weights.shape}"
        raise ValueError(f"Expected source [N, 3], target [T, N, 3], weights [N], got {shapes}.")
    weights = weights / jnp.sum(weights)
    return jax.vmap(lambda points: _umeyama(source, points, weights))(target)


def _umeyama(v: jax.Array, x: jax.Array, w: jax.Array) -> Similarity:
    mean_v, mean_x = precise_matmul(w, v), precise_matmul(w, x)
    v, x = v - mean_v[None], x - mean_x[None]  # [N, 3] each
    u, sigma, vh = jnp.linalg.svd(precise_matmul((x * w[:, None]).T, v))  # [3, 3], [3], [3, 3]
    signs = jnp.ones(3, u.dtype).at[2].set(jnp.sign(jnp.linalg.det(u) * jnp.linalg.det(vh)))
    rotation = precise_matmul(u * signs[None], vh)
    scale = jnp.sum(sigma * signs) / jnp.sum(w * jnp.sum(v * v, axis=1))
    return Similarity(rotation, scale, mean_x - scale * precise_matmul(rotation, mean_v))


@edge(landmarks=NUMBERS, canonical=NUMBERS, weights=NUMBERS)
def fit_mesh(landmarks: jax.Array, canonical: jax.Array, weights: jax.Array) -> Similarity:
    """The canonical face laid onto each frame's mesh.

    Args:
        landmarks: `[T, 468, 3]` in image axes (x right, y down, z away from the viewer), pixels of the frame.
        canonical: `[468, 3]` the canonical face (x right, y up, z toward the viewer), in cm.
        weights: `[468]` how much each landmark counts in the fit; those that expression moves little weigh most.

    Returns:
        A `Similarity` from face axes to image axes turned upright (y up, z toward the viewer): scale in pixels
        per cm, translation in pixels.
    """
    return umeyama(canonical, landmarks * _upright(landmarks.dtype)[None, None], weights)


def _upright(dtype: jnp.dtype) -> jax.Array:
    """Image axes to face axes: y and z change sign."""
    return jnp.array([1, -1, -1], dtype)


@edge(rotation=FLOATS)
def euler_angles(rotation: jax.Array) -> jax.Array:
    """Pitch, yaw and roll of R = R_z(roll) R_y(yaw) R_x(pitch), in degrees.

    In upright axes (x right, y up, z toward the viewer): positive pitch looks down, positive yaw turns the face to
    the right of the picture, positive roll turns it counter-clockwise. All are 0 for the canonical face.

    Args:
        rotation: `[T, 3, 3]` proper rotations.

    Returns:
        `[T, 3]` pitch in (−180, 180], yaw in [−90, 90], roll in (−180, 180].

    Example:
        >>> import jax.numpy as jnp
        >>> print(abs(euler_angles(jnp.eye(3)[None])))
        [[0. 0. 0.]]
    """
    pitch = jnp.arctan2(rotation[:, 2, 1], rotation[:, 2, 2])
    cosine = jnp.hypot(rotation[:, 2, 1], rotation[:, 2, 2])
    yaw = jnp.arctan2(-rotation[:, 2, 0], cosine)
    roll = jnp.arctan2(rotation[:, 1, 0], rotation[:, 0, 0])
    return jnp.rad2deg(jnp.stack([pitch, yaw, roll], axis=1))


class PoseFrame(NamedTuple):
    """Where and how large the reference's face is: the unit in which both clips' poses are told.

    Attributes:
        origin: `[2]` mean of the reference's τ, where the canonical face's origin lies, pixels (x right, y up).
        scale: `[]` mean scale of the reference's face, pixels per cm.
        radius: `[]` the face's radius: root-mean-square distance of the canonical landmarks from their mean, cm.
    """

    origin: jax.Array
    scale: jax.Array
    radius: jax.Array


@edge(reference=TREE, canonical=NUMBERS)
def pose_frame(reference: Similarity, canonical: jax.Array, *, length: int | jax.Array | None = None) -> PoseFrame:
    """The unit of pose that a reference clip gives.

    Args:
        reference: the reference clip's `fit_mesh`.
        canonical: `[468, 3]` the canonical face, cm.
        length: number of valid leading frames, Python int or traced; None for all.

    Returns:
        A `PoseFrame`.
    """
    frames = reference.scale.shape[0]
    count = frames if length is None else length
    valid = jnp.arange(frames, dtype=jnp.int32) < jnp.asarray(count, jnp.int32)
    centered = canonical - jnp.mean(canonical, axis=0, keepdims=True)
    radius = jnp.sqrt(jnp.mean(jnp.sum(jnp.square(centered), axis=1)))
    places = jnp.mean(reference.translation[:, :2], axis=0, where=valid[:, None])  # [2]
    return PoseFrame(places, jnp.mean(reference.scale, where=valid), radius)


@edge(fit=TREE, frame=TREE)
def pose_trajectory(fit: Similarity, frame: PoseFrame) -> jax.Array:
    """Head pose in one unit: (pitch, yaw, roll in radians; log(s/s₀); (τ_x, τ_y) − origin in face radii).

    A turn by one radian, a growth by the factor e and a shift by one radius each move a typical landmark by about one
    face radius, so the squared ℓ2 distance of two poses is about the mean squared displacement of the face in face
    radii (within a factor of two for turns and growth; exactly for shifts).
    A mesh from one picture has no absolute depth: log s stands for it.

    Args:
        fit: the clip's `fit_mesh`.
        frame: the reference's `pose_frame`, the same for both clips of a pair.

    Returns:
        `[T, 6]`, dimensionless.
    """
    angles = jnp.deg2rad(euler_angles(fit.rotation))  # [T, 3]
    size = jnp.log(fit.scale / frame.scale)  # [T]
    shift = (fit.translation[:, :2] - frame.origin[None]) / (frame.scale * frame.radius)  # [T, 2]
    return jnp.concatenate([angles, size[:, None], shift], axis=1)


@edge(landmarks=NUMBERS, canonical=NUMBERS, fit=TREE)
def expression_trajectory(landmarks: jax.Array, canonical: jax.Array, fit: Similarity) -> jax.Array:
    """Facial expression: the mesh in the face's own axes, less the canonical face, in inter-ocular distances.

    e_i = (Rᵀ (x_i − τ) / s − v_i) / ‖v_left eye − v_right eye‖ over √468, all landmarks in one row: the squared ℓ2
    distance of two rows is the mean squared displacement of a landmark, in squared inter-ocular distances (between
    the eyes' outer corners). The shape that a person has at rest is part of e and cancels within one person.

    Args:
        landmarks: `[T, 468, 3]` as in `fit_mesh`.
        canonical: `[468, 3]` the canonical face, cm.
        fit: the clip's `fit_mesh`.

    Returns:
        `[T, 1404]`, dimensionless.
    """
    centered = landmarks * _upright(landmarks.dtype)[None, None] - fit.translation[:, None]
    turned = precise_matmul(centered, fit.rotation) / fit.scale[:, None, None]  # [T, 468, 3]
    eyes = jnp.linalg.norm(canonical[LEFT_EYE] - canonical[RIGHT_EYE])
    residual = (turned - canonical[None]) / (eyes * jnp.sqrt(jnp.asarray(canonical.shape[0], canonical.dtype)))
    return residual.reshape(residual.shape[0], -1)
