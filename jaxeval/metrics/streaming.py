"""Long clips a few frames at a time."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def few_at_a_time(function: Callable[[Any], Any], frames: Any, size: int) -> Any:
    """A function of some frames, over all: what lies between its input and its result is held for `size` frames only.

    The last few begin so early that they are as many as the others, so that one program serves all. As many frames as
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
    starts = np.minimum(np.arange(0, count, size), count - size)

    def some(start: jax.Array) -> Any:
        return function(jax.tree.map(lambda all: jax.lax.dynamic_slice_in_dim(all, start, size), frames))

    def whole(found: jax.Array) -> jax.Array:
        before = found[:-1].reshape(-1, *found.shape[2:])
        return jnp.concatenate([before, found[-1, len(before) - starts[-1] :]])

    return jax.tree.map(whole, jax.lax.map(some, jnp.asarray(starts)))


def as_floats(frames: jax.Array) -> jax.Array:
    """Frames in [0, 1]: bytes are divided by 255, anything else is as it was.

    Example:
        >>> as_floats(jnp.array([0, 51], jnp.uint8)).tolist()
        [0.0, 0.20000000298023224]
    """
    return frames.astype(jnp.float32) / 255 if frames.dtype == jnp.uint8 else frames
