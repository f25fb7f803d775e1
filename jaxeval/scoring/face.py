"""A pair's faces: identity, head pose, expression and landmarks, frame by frame and aligned."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment import distances
from jaxeval.metrics.identity import csim, id_distance
from jaxeval.metrics.landmarks import lmd, m_lmd
from jaxeval.metrics.motion import expression_trajectory, fit_mesh, pose_frame, pose_trajectory
from jaxeval.metrics.smoothness import jerk
from jaxeval.protocol import Protocol
from jaxeval.scoring.aligned_scores import (
    Costs,
    Scored,
    align,
    aligned_names,
    framewise,
    mean,
    missing,
    padded,
    trajectory_costs,
)

IDENTITY = ("csim", "id_distance", *aligned_names("csim"))
MOTION = ("pose", "expr", *aligned_names("pose"), *aligned_names("expr"))
LANDMARKS = ("lmd", "m_lmd", "jerk")

Motion = tuple[np.ndarray, np.ndarray]
"""Pose and expression, `[T, D]` each."""


def identity_scores(protocol: Protocol, x: np.ndarray, y: np.ndarray) -> Scored:
    """All scores of `IDENTITY` from embeddings `[T, D]` of the generated clip and `[S, D]` of the reference."""
    common = min(len(x), len(y))
    values = jax.device_get(_identity(padded(x[:common]), padded(y[:common])))
    means = {name: mean(value[:common]) for name, value in values.items()}
    return Scored(means) | align("csim", trajectory_costs(distances.cosine, x, y), protocol)


@jax.jit
def _identity(x: jax.Array, y: jax.Array) -> dict[str, jax.Array]:
    return {"csim": csim(x, y), "id_distance": id_distance(x, y)}


def motion_scores(protocol: Protocol, x: Motion, y: Motion) -> Scored:
    """All scores of `MOTION`."""
    scored = Scored()
    for metric, costs in motion_costs(x, y).items():
        scored |= framewise(metric, costs) | align(metric, costs, protocol)
    return scored


def motion_costs(x: Motion, y: Motion) -> dict[str, Costs]:
    """The costs of pose and expression."""
    pairs = zip(("pose", "expr"), x, y, strict=True)
    return {metric: trajectory_costs(distances.squared_euclidean, a, b) for metric, a, b in pairs}


def mesh_motion(mesh: Any, x: np.ndarray, y: np.ndarray) -> tuple[Motion, Motion]:
    """Pose and expression of both clips from their meshes, pose in the reference's unit.

    Args:
        mesh: the landmarks' encoder, for its canonical face.
        x: `[T, 468, 3]` landmarks of the generated clip, in pixels of the reference.
        y: `[S, 468, 3]` landmarks of the reference.

    Returns:
        Those of the generated clip and of the reference.
    """
    counts = len(x), len(y)
    arrays = padded(x), padded(y), mesh.canonical[...], mesh.procrustes_weights[...], jnp.int32(counts[1])
    generated, reference = jax.device_get(_mesh_motion(*arrays))
    return tuple(part[: counts[0]] for part in generated), tuple(part[: counts[1]] for part in reference)


@jax.jit
def _mesh_motion(
    x: jax.Array, y: jax.Array, canonical: jax.Array, weights: jax.Array, count: jax.Array
) -> list[tuple[jax.Array, jax.Array]]:
    fits = [fit_mesh(points, canonical, weights) for points in (x, y)]
    unit = pose_frame(fits[1], canonical, length=count)
    return [
        (pose_trajectory(fit, unit), expression_trajectory(points, canonical, fit))
        for points, fit in zip((x, y), fits, strict=True)
    ]


def landmark_scores(protocol: Protocol, x: np.ndarray, y: np.ndarray, expression: np.ndarray) -> Scored:
    """All scores of `LANDMARKS`.

    Args:
        protocol: for its fps.
        x: `[T, 468, 3]` landmarks of the generated clip, in pixels of the reference.
        y: `[S, 468, 3]` landmarks of the reference.
        expression: `[T, D]` of the generated clip, from the mesh, whose jerk is told.
    """
    common = min(len(x), len(y))
    values = jax.device_get(_landmarks(padded(x[:common]), padded(y[:common])))
    scored = Scored({name: mean(value[:common]) for name, value in values.items()})
    if len(expression) < 4:
        return scored | missing(["jerk"], "fewer than 4 frames: they have no jerk")
    return scored | Scored({"jerk": float(_jerk(padded(expression), jnp.int32(len(expression)), protocol.fps))})


@jax.jit
def _landmarks(x: jax.Array, y: jax.Array) -> dict[str, jax.Array]:
    return {"lmd": lmd(x[..., :2], y[..., :2]), "m_lmd": m_lmd(x, y)}


@jax.jit
def _jerk(trajectory: jax.Array, length: jax.Array, fps: float) -> jax.Array:
    return jerk(trajectory, fps=fps, length=length)
