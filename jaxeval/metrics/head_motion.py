"""How much a head turns over a clip, beside how much the reference's does."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import Lengths, checked_lengths
from jaxeval.alignment.edge import FLOATS, edge
from jaxeval.numerics import safe_sqrt


class HeadMotion(NamedTuple):
    """How much the head turns in a clip.

    Attributes:
        degrees: `[]` standard deviation of the generated clip's head rotation.
        ratio: `[]` the same divided by the reference's; 1 if both heads move equally.
    """

    degrees: jax.Array
    ratio: jax.Array


@edge(x=FLOATS, y=FLOATS)
def head_motion(x: jax.Array, y: jax.Array, *, lengths: Lengths | None = None) -> HeadMotion:
    """Standard deviation of the head's rotation over a clip, and its ratio to the reference's.

        σ(x) = √(Var pitch + Var yaw + Var roll),   ratio = σ(x) / σ(y)

    For small turns σ is the root mean square angle between the head and its mean pose, and doesn't depend on the axes
    that the angles are measured about. Published tables differ: some average the three standard deviations, which
    gives at most σ/√3, and SadTalker's "diversity" is a deviation of network features, not of angles. More isn't
    better, nor is less: aim at a ratio of 1. Tracking noise adds to σ.

    Differences to the clip's first frame are taken the short way round, so angles may wrap at ±180° as long as the
    head stays within 180° of where it began.

    Args:
        x: `[T, 3]` pitch, yaw and roll of the generated clip in degrees: `euler_angles(fit.rotation)` of a mesh, or
            the first three columns of `liveportrait_motion`'s pose.
        y: `[S, 3]` those of the reference, from the same source.
        lengths: numbers of valid leading frames, Python ints or traced; None for all.

    Returns:
        `HeadMotion`. The ratio is NaN where the reference doesn't move at all, both are NaN where a clip that they need
        has fewer than 2 valid frames. The gradient is 0 where σ is.

    Raises:
        ValueError: the angles are not `[T, 3]` and `[S, 3]`, or a static length is out of range.

    References:
        Zhang et al.: SadTalker: learning realistic 3D motion coefficients for stylized audio-driven single image
        talking face animation, CVPR 2023, for the head's deviation as a score.

    Example:
        >>> import jax.numpy as jnp
        >>> nod = jnp.array([[-4.0, 0.0, 0.0], [4.0, 0.0, 0.0]])
        >>> degrees, ratio = head_motion(nod, nod / 2)
        >>> print(degrees, ratio)
        4.0 2.0
    """
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != 3 or y.shape[1] != 3:
        raise ValueError(f"Expected angles [T, 3] and [S, 3], got {x.shape} and {y.shape}.")
    t, s = checked_lengths(lengths, (len(x), len(y)))
    own, reference = _deviation(x, t), _deviation(y, s)
    moves = reference > 0
    ratio = jnp.where(moves, own / jnp.where(moves, reference, 1), jnp.nan)
    return HeadMotion(jnp.where(t < 2, jnp.nan, own), jnp.where((t < 2) | (s < 2), jnp.nan, ratio))


def _deviation(angles: jax.Array, count: jax.Array) -> jax.Array:
    valid = jnp.arange(len(angles), dtype=count.dtype)[:, None] < count
    total = jnp.maximum(count, 1).astype(angles.dtype)
    # Against the first frame, so that a head that doesn't move has exactly 0.
    turned = jnp.where(valid, angles - angles[:1], 0)
    turned = turned - 360 * jnp.round(turned / 360)
    centred = jnp.where(valid, turned - jnp.sum(turned, axis=0, keepdims=True) / total, 0)
    return safe_sqrt(jnp.sum(jnp.square(centred)) / total)
