"""The timing that an alignment forgave: how late one trajectory is against the other."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.arguments import Lengths, checked_cost, checked_lengths


class Lag(NamedTuple):
    """How late each frame of the first trajectory is, in frames; positive is late.

    Attributes:
        curve: `[T]` lag of each frame; NaN beyond the valid ones.
        mean: its mean over the valid frames.
        std: its standard deviation over the valid frames; small for a constant delay (the path's two ends, which are
            held in the corners, and still stretches give some), more where the tempo wanders.
    """

    curve: jax.Array
    mean: jax.Array
    std: jax.Array


def lag(alignment: jax.Array, *, lengths: Lengths | None = None) -> Lag:
    """Read the timing off an alignment.

        lag(t) = t − Σ_s E_ts s / Σ_s E_ts

    It is not corrected for the slope: of two clips of different lengths one is late by a growing number of frames.

    Args:
        alignment: `[T, S]` E of the generated clip (rows) against the reference (columns), at least 0.
        lengths: (t, s), numbers of valid leading rows and columns; Python ints or traced. None for (T, S).

    Returns:
        Lag of the first trajectory against the second, in frames.

    Raises:
        ValueError: if the alignment isn't a matrix, or for static lengths out of range.

    Example:
        >>> one_frame_late = jnp.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
        >>> lag(one_frame_late).curve.tolist()
        [0.0, 1.0, 0.5]
    """
    alignment = checked_cost(alignment)
    t, s = checked_lengths(lengths, alignment.shape)
    rows, columns = (jax.lax.broadcasted_iota(jnp.int32, alignment.shape, axis) for axis in (0, 1))
    mass = jnp.where((rows < t) & (columns < s), alignment, 0)
    valid = jnp.arange(len(alignment), dtype=t.dtype) < t
    # Averaged as differences t − s, which are small: t less an average of s would cancel.
    late_by = (mass * (rows - columns).astype(mass.dtype)).sum(axis=1) / jnp.where(valid, mass.sum(axis=1), 1)
    count = t.astype(mass.dtype)
    mean = late_by.sum() / count
    variance = jnp.where(valid, jnp.square(late_by - mean), 0).sum() / count
    is_constant = variance == 0
    std = jnp.where(is_constant, 0, jnp.sqrt(jnp.where(is_constant, 1, variance)))
    return Lag(jnp.where(valid, late_by, jnp.nan), mean, std)
