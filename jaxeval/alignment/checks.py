"""Checks of the arguments that all alignment functions share; what is wrong is told while tracing."""

import numbers
from typing import TypeAlias

import jax
import jax.numpy as jnp

from jaxeval.alignment.core.band import MAX_FRAMES, Length, smallest_band

Lengths: TypeAlias = tuple[Length, Length]
Scalar: TypeAlias = float | jax.Array


def checked_cost(cost: jax.Array) -> jax.Array:
    """The cost matrix, in at least float32 so that sums over a path keep their digits.

    Args:
        cost: `[T, S]` real numbers, T and S at least 1.

    Returns:
        `[T, S]` in float32, or float64 if it was.

    Raises:
        ValueError: for another rank or an empty matrix.

    Example:
        >>> checked_cost(jnp.ones((2, 3), jnp.bfloat16)).dtype
        dtype('float32')
    """
    cost = jnp.asarray(cost)
    if cost.ndim != 2 or 0 in cost.shape:
        raise ValueError(f"Expected a matrix [T, S] with T and S at least 1, got shape {cost.shape}.")
    return cost if cost.dtype == jnp.float64 else cost.astype(jnp.float32)


def checked_gamma(gamma: Scalar, dtype: jnp.dtype) -> jax.Array:
    """The smoothing γ as a scalar of the cost's type.

    Args:
        gamma: a number of at least 0, or a traced scalar.
        dtype: the cost matrix's.

    Returns:
        Scalar array.

    Raises:
        ValueError: for a number below 0, NaN, or an array that is no scalar.

    Example:
        >>> checked_gamma(0.5, jnp.float32)
        Array(0.5, dtype=float32)
    """
    if isinstance(gamma, numbers.Real) and not gamma >= 0:
        raise ValueError(f"Expected gamma >= 0, got {gamma}.")
    if jnp.ndim(gamma) != 0:
        raise ValueError(f"Expected gamma to be a scalar, got shape {jnp.shape(gamma)}.")
    return jnp.asarray(gamma).astype(dtype)


def checked_lengths(
    lengths: Lengths | None, shape: tuple[int, ...], band: float | None = None
) -> tuple[jax.Array, jax.Array]:
    """The numbers of valid leading rows and columns as scalar arrays.

    Args:
        lengths: (t, s), each a Python int or a traced integer scalar; None for all of them.
        shape: (T, S) of the cost matrix.
        band: half-width of the band, at least 0; None for no band.

    Returns:
        (t, s), int32 scalars.

    Raises:
        ValueError: for a length that is no integer scalar, a static one outside 1..T or 1..S, a band below 0, a band
            through which no path of these static lengths leads, and one of more than 46,340 frames (half an hour at
            25 fps); traced values can't be checked.

    Example:
        >>> checked_lengths((2, 3), (4, 4))
        (Array(2, dtype=int32), Array(3, dtype=int32))
    """
    t, s = (shape[0], shape[1]) if lengths is None else lengths
    _check_length(t, f"lengths[0] in 1..{shape[0]} (cost has {shape[0]} rows)", shape[0])
    _check_length(s, f"lengths[1] in 1..{shape[1]} (cost has {shape[1]} columns)", shape[1])
    _check_band((t, s), shape, band)
    return jnp.asarray(t).astype(jnp.int32), jnp.asarray(s).astype(jnp.int32)


def checked_length(rows: jax.Array, length: Length | None, least: int = 1) -> jax.Array:
    """The number of valid leading rows as an int32 scalar.

    Args:
        rows: array with a leading axis of rows.
        length: Python int or traced scalar; all rows if None.
        least: how few rows will do.

    Raises:
        ValueError: there are fewer rows, or a static length is out of range.

    Example:
        >>> print(checked_length(jnp.zeros((4, 2)), 3))
        3
    """
    if len(rows) < least:
        raise ValueError(f"Expected at least {least} rows, got shape {list(rows.shape)}.")
    if isinstance(length, numbers.Integral) and not least <= length <= len(rows):
        raise ValueError(f"Expected length in {least}..{len(rows)}, got {length}.")
    return jnp.asarray(len(rows) if length is None else length).astype(jnp.int32)


def _check_length(length: Length, expected: str, size: int) -> None:
    array = jnp.asarray(length)
    if array.ndim or not jnp.issubdtype(array.dtype, jnp.integer):
        raise ValueError(f"Expected {expected}, an integer scalar, got {array.dtype}{list(array.shape)}.")
    if isinstance(length, numbers.Integral) and not 1 <= length <= size:
        raise ValueError(f"Expected {expected}, got {length}.")


def _check_band(lengths: Lengths, shape: tuple[int, ...], band: float | None) -> None:
    if band is None:
        return
    if max(shape) > MAX_FRAMES:
        raise ValueError(f"Expected at most {MAX_FRAMES} frames with a band, got {max(shape)}.")
    if not isinstance(band, numbers.Real) or not band >= 0:
        raise ValueError(f"Expected band to be a number of at least 0 or None, got {band}.")
    t, s = lengths
    if isinstance(t, numbers.Integral) and isinstance(s, numbers.Integral):
        smallest = smallest_band(int(t), int(s))
        if band < smallest:
            raise ValueError(f"Expected band >= {smallest} (the smallest that reaches {t} x {s} frames), got {band}.")
