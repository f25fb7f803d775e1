"""The Sakoe-Chiba band: which cells of the cost matrix a path may visit."""

from fractions import Fraction
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

Length = int | jax.Array
Indices: TypeAlias = Any  # JAX's array, or NumPy's where it is known while tracing
Pair: TypeAlias = tuple[Indices, Indices]

MAX_FRAMES = 46_340  # squared it fits 32 bits, as the products of two lengths must
MAX_DENOMINATOR = 2**12  # a band K / span is kept exactly for every span up to this one


def namespace(*arrays: Any) -> Any:
    """NumPy's functions if no array is JAX's: what is known while tracing is computed there, once."""
    return jnp if any(isinstance(array, jax.Array) for array in arrays) else np


def batched_lengths(lengths: Pair | None, shape: tuple[int, int]) -> Pair:
    """Lengths as all functions of a band take them.

    Args:
        lengths: t and s, scalars or `[B]`; None for the shape.
        shape: T and S.

    Returns:
        t and s, `[B]` each; NumPy's `[1]` if they are the shape, so that the band's cells are known while tracing.

    Example:
        >>> batched_lengths(None, (3, 4))
        (array([3], dtype=int32), array([4], dtype=int32))
    """
    if lengths is None:
        return np.full(1, shape[0], np.int32), np.full(1, shape[1], np.int32)
    return lengths[0].reshape(-1), lengths[1].reshape(-1)


def in_band(rows: Indices, columns: Indices, lengths: tuple[Length, Length], band: float) -> Indices:
    """Whether each cell lies within `band` of the line from the first cell to the last.

    With lengths (t, s) and L = max(t, s) − 1 a cell (i, j) is inside iff
    `|i·L/max(t−1, 1) − j·L/max(s−1, 1)| <= band`.

    Args:
        rows: integer i, any shape.
        columns: integer j, the same shape.
        lengths: (t, s), each at least 1; Python ints, or arrays of shapes that fit.
        band: half-width in frames of the longer trajectory, at least 0.

    Returns:
        Boolean array of the same shape.

    References:
        Sakoe and Chiba, Dynamic programming algorithm optimization for spoken word recognition, 1978.

    Example:
        >>> i, j = jnp.indices((3, 3))
        >>> in_band(i, j, (3, 3), band=0).tolist()
        [[True, False, False], [False, True, False], [False, False, True]]
    """
    (t_span, s_span), reach = _spans_and_reach(lengths, band)
    # Both sides are multiplied by the shorter span: in integers no rounding decides whether an edge cell is inside.
    return abs(rows * s_span - columns * t_span) <= reach


def _spans_and_reach(lengths, band):
    xp = namespace(*lengths)
    t_span, s_span = (xp.maximum(length - 1, 1) for length in lengths)
    shorter = xp.minimum(t_span, s_span)
    whole, part = divmod(Fraction(min(band, MAX_FRAMES - 1)).limit_denominator(MAX_DENOMINATOR), 1)
    return (t_span, s_span), whole * shorter + part.numerator * shorter // part.denominator


def first_rows(diagonals: Indices, lengths: Pair, band: float) -> Indices:
    """The first row inside the band on each anti-diagonal, which grows by 0 or 1 from one to the next.

    Args:
        diagonals: i + j, integers of at least 0, any shape.
        lengths: (t, s), of shapes that fit; with NumPy's arrays throughout the result is one too.
        band: half-width in frames of the longer trajectory.

    Returns:
        Rows; t from the anti-diagonal after the last cell on.

    Example:
        >>> first_rows(jnp.arange(7), (jnp.array(3), jnp.array(3)), band=1).tolist()
        [0, 0, 1, 1, 2, 3, 3]
    """
    t, s = lengths
    xp = namespace(diagonals, t, s)
    (t_span, s_span), reach = _spans_and_reach(lengths, band)
    # Unsigned, for d · t_span is up to twice the product of two lengths.
    wide = [xp.asarray(number).astype(np.uint32) for number in (diagonals, t_span, s_span, reach)]
    beyond, both = wide[0] * wide[1], wide[1] + wide[2]
    by_band = xp.where(beyond > wide[3], (beyond - wide[3] + both - 1) // both, 0).astype(t.dtype)
    return xp.minimum(xp.maximum(by_band, diagonals - s + 1), t)


def width_of(shape: tuple[int, int], band: float) -> int:
    """How many rows at the most an anti-diagonal has inside the band.

    Args:
        shape: T and S, the most that the lengths can be.
        band: half-width in frames of the longer trajectory.

    Returns:
        At least 2.

    Example:
        >>> width_of((100, 100), band=25), width_of((10, 100), band=25)
        (26, 10)
    """
    return max(2, min(int(min(band, max(shape))) + 1, *shape))


def smallest_band(t: int, s: int) -> float:
    """The smallest band through which a path leads from the first cell to the last.

    A path visits every index of the longer trajectory, so no path stays nearer to the line than the worst of these
    indices lets it; the path through the nearest cells does stay that near.

    Args:
        t: length of the first trajectory, at least 1.
        s: length of the second, at least 1.

    Returns:
        The half-width in frames of the longer trajectory; 0 for equal lengths.

    Example:
        >>> smallest_band(4, 4), smallest_band(3, 5), smallest_band(1, 5)
        (0.0, 1.0, 4.0)
    """
    shorter, longer = sorted((t, s))
    if shorter == 1:
        return float(longer - 1)
    span, long_span = shorter - 1, longer - 1
    remainder = np.arange(longer) * span % long_span
    return float(np.minimum(remainder, long_span - remainder).max() / span)


def reaches(lengths: Pair, band: float) -> jax.Array:
    """Whether a path leads through the band, as `smallest_band` tells it, for traced lengths.

    Args:
        lengths: (t, s), traced.
        band: half-width in frames of the longer trajectory.

    Returns:
        Boolean of the lengths' shape.

    Example:
        >>> bool(reaches((jnp.array(3), jnp.array(5)), 1)), bool(reaches((jnp.array(3), jnp.array(5)), 0.5))
        (True, False)
    """
    _, reach = _spans_and_reach(lengths, band)
    shorter, longer = (choose(*lengths) - 1 for choose in (jnp.minimum, jnp.maximum))
    # The remainders of the longer trajectory's indices are the multiples of the greatest common divisor.
    divisor = jnp.maximum(jnp.gcd(shorter, longer), 1)
    worst = jnp.where(shorter == 0, longer, longer // divisor // 2 * divisor)
    return worst <= reach
