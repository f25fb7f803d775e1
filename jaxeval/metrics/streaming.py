"""Long clips a few frames at a time."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def few_at_a_time(function: Callable[[Any], Any], frames: Any, size: int) -> Any:
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
        >>> few_at_a_time(lambda x: x + 1, jnp.arange(5), 2).tolist()
        [1, 2, 3, 4, 5]
    """
    count = jax.tree.leaves(frames)[0].shape[0]
    if count <= size:
        return function(frames)
    chunks = -(-count // size)
    if count % size == 0 or all(jnp.issubdtype(array.dtype, jnp.inexact) for array in jax.tree.leaves(frames)):

        def divided(array: jax.Array) -> jax.Array:
            padded = jnp.pad(array, ((0, chunks * size - count), *[(0, 0)] * (array.ndim - 1)), mode="edge")
            return padded.reshape(chunks, size, *array.shape[1:])

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

    Example:
        >>> as_floats(jnp.array([0, 51], jnp.uint8)).tolist()
        [0.0, 0.20000001788139343]
    """
    return frames.astype(jnp.float32) / 255 if frames.dtype == jnp.uint8 else frames
