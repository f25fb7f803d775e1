"""The Sakoe-Chiba band: which cells of the cost matrix a path may visit."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np

Length = int | jax.Array

MAX_BAND = 2**15  # wider than any clip, and its products with lengths still fit 32 bits
MAX_DENOMINATOR = 2**12  # a band K / span is kept exactly for every span up to this one


def in_band(rows: jax.Array, columns: jax.Array, lengths: tuple[Length, Length], band: float) -> jax.Array:
    """Whether each cell lies within `band` of the line from the first cell to the last.

    With lengths (t, s) and L = max(t, s) − 1 a cell (i, j) is inside iff
    `|i·L/max(t−1, 1) − j·L/max(s−1, 1)| <= band`.

    Args:
        rows: integer i, any shape.
        columns: integer j, the same shape.
        lengths: (t, s), each at least 1; Python ints or traced.
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
    t_span, s_span = (jnp.maximum(length - 1, 1) for length in lengths)
    shorter = jnp.minimum(t_span, s_span)
    # Both sides are multiplied by the shorter span: in integers no rounding decides whether an edge cell is inside.
    whole, part = divmod(Fraction(min(band, MAX_BAND)).limit_denominator(MAX_DENOMINATOR), 1)
    reach = whole * shorter + part.numerator * shorter // part.denominator
    return jnp.abs(rows * s_span - columns * t_span) <= reach


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
