"""Numerics that several floors share: safe roots and directions, exact sums and products, long clips in chunks."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def direction(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Rows scaled to length 1, and what each lacks of it.

    Args:
        x: `[T, D]` floats.

    Returns:
        `[T, D]` directions, 0 with the gradient 0 for a zero row; `[T, 1]` 1 − their squared lengths: 1 for a zero row,
        else 0.

    Example:
        >>> rows, lacks = direction(jnp.array([[3.0, 4.0], [0.0, 0.0]]))
        >>> print(rows, lacks[:, 0])
        [[0.6 0.8]
         [0.  0. ]] [0. 1.]
    """
    # Scaled by the largest component first: squares of very small or very large ones would leave the floats' range.
    largest = jax.lax.stop_gradient(jnp.abs(x).max(axis=1, keepdims=True))  # [T, 1]
    is_zero = largest == 0
    scaled = x / jnp.where(is_zero, 1, largest)
    norm = safe_sqrt(jnp.square(scaled).sum(axis=1, keepdims=True))
    # Masked once more: a zero vector stays one, whatever x is changed by, so that its gradient is 0.
    return jnp.where(is_zero, 0, scaled / jnp.where(is_zero, 1, norm)), is_zero.astype(x.dtype)


def safe_sqrt(x: jax.Array) -> jax.Array:
    """√x with the gradient 0 at 0.

    Args:
        x: array, at least 0.

    Returns:
        Array of the same shape.

    Example:
        >>> print(jax.grad(lambda x: safe_sqrt(x).sum())(jnp.array([4.0, 0.0])))
        [0.25 0.  ]
    """
    # The input is masked, not the output: the derivative of √ at 0 is inf, and inf · 0 would be NaN.
    return jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1)), 0)


def two_sum(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The rounded sum of a and b, and what rounding took from it: `a + b = sum + error` exactly.

    Args:
        a: array.
        b: array of the same shape.

    Returns:
        sum, error.

    Example:
        >>> two_sum(jnp.float32(1e8), jnp.float32(1))
        (Array(1.e+08, dtype=float32), Array(1., dtype=float32))
    """
    total = a + b
    b_seen = total - a
    return total, (a - (total - b_seen)) + (b - b_seen)


def precise_matmul(a: jax.Array, b: jax.Array) -> jax.Array:
    """The matrix product with all digits of its type, on accelerators too, which would round its factors otherwise.

    Args:
        a: as `jnp.matmul` takes it.
        b: likewise.

    Returns:
        a @ b.

    Example:
        >>> precise_matmul(jnp.ones((2, 3)), jnp.ones(3)).tolist()
        [3.0, 3.0]
    """
    return jnp.matmul(a, b, precision=jax.lax.Precision.HIGHEST)


def parabola_vertex(left: jax.Array, middle: jax.Array, right: jax.Array) -> jax.Array:
    """Where the parabola through three heights at −1, 0 and 1 is highest, if the middle one is the highest.

    Args:
        left: scalar height at −1.
        middle: at 0.
        right: at 1.

    Returns:
        Scalar in [−½, ½]; 0 if another one is higher, or all are equal.

    Example:
        >>> print(parabola_vertex(*jnp.array([0.0, 3.0, 2.0])))
        0.25
    """
    before, after = left - middle, right - middle
    is_peak = (before <= 0) & (after <= 0) & (before + after < 0)
    return jnp.where(is_peak, 0.5 * (before - after) / jnp.where(is_peak, before + after, 1), 0)


def chunked_map(function: Callable[[Any], Any], frames: Any, size: int) -> Any:
    """A function of some frames, over all: what lies between its input and its result is held for `size` frames only.

    One program serves all, whatever T is: numbers that may have a gradient are padded up to a multiple of `size`, in a
    copy; of others, such as bytes, the last few begin so early that they are as many as the rest. As many frames as
    `size` or fewer go through at once, outside any scan, since a scan in an eager call is compiled at every call.

    Args:
        function: a pytree of `[n, ...]` to a pytree of `[n, ...]`, each row by itself.
        frames: a pytree of `[T, ...]`.
        size: how many frames at a time, at least 1.

    Returns:
        Pytree of `[T, ...]`.

    Example:
        >>> chunked_map(lambda x: x + 1, jnp.arange(5), 2).tolist()
        [1, 2, 3, 4, 5]
    """
    count = jax.tree.leaves(frames)[0].shape[0]
    if count <= size:
        return function(frames)
    chunks = -(-count // size)
    if count % size == 0 or all(jnp.issubdtype(array.dtype, jnp.inexact) for array in jax.tree.leaves(frames)):

        def divided(array: jax.Array) -> jax.Array:
            padded = jnp.pad(array, ((0, chunks * size - count), *[(0, 0)] * (array.ndim - 1)), mode="edge")
            return padded.reshape(chunks, size, *array.shape[1:])  # [chunks, size, ...]

        found = jax.lax.map(function, jax.tree.map(divided, frames))
        return jax.tree.map(lambda rows: rows.reshape(-1, *rows.shape[2:])[:count], found)
    # Here a copy would be most of the memory; the gradient of a slice at every step would be a clip at every step.
    starts = np.minimum(np.arange(chunks) * size, count - size)

    def some(start: jax.Array) -> Any:
        return function(jax.tree.map(lambda all: jax.lax.dynamic_slice_in_dim(all, start, size), frames))

    def whole(rows: jax.Array) -> jax.Array:
        before = rows[:-1].reshape(-1, *rows.shape[2:])
        return jnp.concatenate([before, rows[-1, len(before) - starts[-1] :]])

    return jax.tree.map(whole, jax.lax.map(some, jnp.asarray(starts)))


def as_floats(frames: jax.Array) -> jax.Array:
    """Frames in [0, 1]: bytes are divided by 255, others are as they were.

    Args:
        frames: uint8, or floats in [0, 1].

    Returns:
        Floats of the same shape.

    Example:
        >>> as_floats(jnp.array([0, 51], jnp.uint8)).tolist()
        [0.0, 0.20000001788139343]
    """
    return frames.astype(jnp.float32) / 255 if frames.dtype == jnp.uint8 else frames
