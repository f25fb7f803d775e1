"""Head pose and expression of a pair's faces."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.metrics.motion import expression_trajectory, fit_mesh, pose_frame, pose_trajectory
from jaxeval.scoring.aligned_scores import padded

Motion = tuple[np.ndarray, np.ndarray]
"""Pose and expression, `[T, D]` each."""


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
