"""The timing that an alignment forgave: how late one trajectory is against the other."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import Lengths, checked_cost, checked_lengths
from jaxeval.alignment.core import banded
from jaxeval.alignment.core.band import Pair, batched_lengths, namespace
from jaxeval.alignment.core.solve import Layout
from jaxeval.alignment.edge import NUMBERS, edge


class Lag(NamedTuple):
    """How late each frame of the first trajectory is, in frames; positive is late.

    Attributes:
        curve: `[T]` lag of each frame; NaN beyond the valid ones.
        mean: its mean over the valid frames.
        std: spread, the standard deviation over the valid frames: small for a constant delay (not 0, since the path
            starts and ends in the corners and wavers in still stretches), larger if the tempo wanders.
        confidence: `[T]` in [0, 1]: the probability that the path passes the frame's likeliest partner, max_s E_ts. 1
            is certain; low means that the costs don't settle the timing, as in still stretches; NaN beyond the valid.
    """

    curve: jax.Array
    mean: jax.Array
    std: jax.Array
    confidence: jax.Array


@edge(alignment=NUMBERS)
def lag(alignment: jax.Array, *, lengths: Lengths | None = None) -> Lag:
    """Read the timing off an alignment.

        lag(t) = t − Σ_s E_ts s / Σ_s E_ts

    The lag is not corrected for slope: if the clips differ in length, it grows or shrinks along the clip.

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
    found = lag_in_matrix(alignment, lengths)
    t, _ = checked_lengths(lengths, alignment.shape)
    valid = jnp.arange(len(found.curve), dtype=t.dtype) < t
    curve, confidence = (jnp.where(valid, values, jnp.nan) for values in (found.curve, found.confidence))
    return found._replace(curve=curve, confidence=confidence)


def lag_in_matrix(alignment: jax.Array, lengths: Lengths | None) -> Lag:
    """`lag` with 0 in place of NaN beyond the valid frames.

    Args:
        alignment: as for `lag`.
        lengths: as for `lag`.

    Returns:
        Lag of the first trajectory against the second, in frames.
    """
    alignment = checked_cost(alignment)
    t, s = checked_lengths(lengths, alignment.shape)
    rows, columns = (jax.lax.broadcasted_iota(jnp.int32, alignment.shape, axis) for axis in (0, 1))
    mass = jnp.where((rows < t) & (columns < s), alignment, 0)
    # Averaged as differences t − s, which are small: t less an average of s would cancel.
    late = (mass * (rows - columns).astype(mass.dtype)).sum(axis=1)  # [T]
    return _lag(late, mass.sum(axis=1), mass.max(axis=1), t)


def lag_in_band(alignment: jax.Array, lengths: Pair | None, layout: Layout) -> Lag:
    """`lag_in_matrix` of an alignment that is given by a band's anti-diagonals.

    Args:
        alignment: `[N, W]`, 0 outside the band.
        lengths: (t, s), integer scalars; None for the layout's shape.
        layout: of the band.

    Returns:
        Lag of the first trajectory against the second, in frames.
    """
    given = batched_lengths(lengths, layout.shape)
    where = banded.cells(layout.shape, given, layout.half_width)
    count = layout.shape[0]
    # Outside the band beyond the last row: dropped.
    rows = namespace(where.rows).where(where.inside, where.rows, count).reshape(-1)  # [N · W]
    late = (rows - where.columns.reshape(-1)).astype(alignment.dtype)
    mass = alignment.reshape(-1)
    late = jax.ops.segment_sum(mass * late, rows, count)
    total = jax.ops.segment_sum(mass, rows, count)  # [T]
    most = jnp.zeros_like(total).at[rows].max(mass, mode="drop")
    return _lag(late, total, most, jnp.asarray(given[0])[0])


def _lag(late: jax.Array, mass: jax.Array, most: jax.Array, t: jax.Array) -> Lag:
    valid = jnp.arange(len(late), dtype=t.dtype) < t
    late_by = jnp.where(valid, late / jnp.where(valid & (mass != 0), mass, 1), 0)
    count = t.astype(late.dtype)
    mean = late_by.sum() / count
    variance = jnp.where(valid, jnp.square(late_by - mean), 0).sum() / count
    is_constant = variance == 0
    std = jnp.where(is_constant, 0, jnp.sqrt(jnp.where(is_constant, 1, variance)))
    return Lag(late_by, mean, std, jnp.where(valid, most, 0))


@edge(alignment=NUMBERS)
def expected_path(alignment: jax.Array, *, lengths: Lengths | None = None) -> jax.Array:
    """For each frame of the first trajectory the frame of the second that an alignment expects beside it.

        s̄(t) = Σ_s E_ts s / Σ_s E_ts = t − lag(t)

    Args:
        alignment: `[T, S]` E, at least 0.
        lengths: (t, s), numbers of valid leading rows and columns; Python ints or traced. None for (T, S).

    Returns:
        `[T]` frames, in [0, s − 1] and for an exact alignment non-decreasing; NaN beyond the valid ones.

    Raises:
        ValueError: as `lag`.

    Example:
        >>> expected_path(jnp.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]])).tolist()
        [0.0, 0.0, 1.5]
    """
    curve = lag(alignment, lengths=lengths).curve
    return jnp.arange(len(curve)).astype(curve.dtype) - curve
