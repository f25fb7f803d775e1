"""One batch for all that `jax.vmap` asks for, however deeply nested: the recursion divides it as suits the machine."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap


def of_pairs(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one pair from one of a batch.

    Args:
        function: (cost `[B, ...]`, gamma `[B]` or `[1]`, lengths) -> arrays `[B, ...]`; lengths are None or t and s,
            `[B]` each.

    Returns:
        (cost, gamma, lengths) -> arrays, of one pair: gamma and the lengths are scalars. Under `jax.vmap`, nested or
        not, `function` is called once with the whole batch; gamma is `[1]` where it is the same for all.

    Example:
        >>> double = of_pairs(lambda cost, gamma, lengths: cost * gamma[:, None])
        >>> jax.vmap(double, in_axes=(0, None, None))(jnp.ones((3, 2)), jnp.float32(2), None).shape
        (3, 2)
    """

    @custom_vmap
    def batched(cost, gamma, lengths):
        return function(cost, gamma, lengths)

    @batched.def_vmap
    def _(size, in_batched, cost, gamma, lengths):
        def flat(array, is_batched):
            array = array if is_batched else jnp.broadcast_to(array[None], (size, *array.shape))
            return array.reshape(size * array.shape[1], *array.shape[2:])

        inner = (cost[0] if in_batched[0] else cost).shape[0]
        if in_batched[1]:
            gamma = flat(jnp.broadcast_to(gamma, (size, inner)), True)
        elif gamma.shape[0] != 1:
            gamma = flat(gamma, False)
        results = batched(flat(cost, in_batched[0]), gamma, jax.tree.map(flat, lengths, in_batched[2]))
        results = jax.tree.map(lambda r: r.reshape(size, inner, *r.shape[1:]), results)
        return results, jax.tree.map(lambda _: True, results)

    def of_pair(cost, gamma, lengths):
        results = batched(cost[None], gamma[None], jax.tree.map(lambda length: length[None], lengths))
        return jax.tree.map(lambda r: r[0], results)

    return of_pair


def in_chunks(
    function: Callable[..., Any], count: int, size: int, cost: jax.Array, gamma: jax.Array, *more: Any
) -> Any:
    """`function(cost, gamma, *more)` of a batch, chunk by chunk.

    Args:
        function: of arrays `[size, ...]`, with gamma `[size]` or `[1]`.
        count: number of chunks.
        size: pairs in each; the last one is filled up with zeros.
        cost: `[B, ...]`.
        gamma: `[B]`, or `[1]` for all.
        more: a pytree of arrays `[B, ...]`.

    Returns:
        Its results for the batch.

    Example:
        >>> in_chunks(lambda cost, gamma: cost * gamma[:, None], 2, 2, jnp.ones((3, 1)), jnp.array([2.0])).shape
        (3, 1)
    """
    batch = cost.shape[0]
    if count == 1 and size == batch:
        return function(cost, gamma, *more)

    def divided(array: jax.Array) -> jax.Array:
        filled = jnp.pad(array, ((0, count * size - batch), *[(0, 0)] * (array.ndim - 1)))
        return filled.reshape(count, size, *array.shape[1:])

    chunks = jax.tree.map(divided, (cost, *more))
    if gamma.shape[0] == 1:
        results = jax.lax.map(lambda chunk: function(chunk[0], gamma, *chunk[1:]), chunks)
    else:
        results = jax.lax.map(lambda chunk: function(chunk[1], chunk[0], *chunk[2:]), (divided(gamma), *chunks))
    return jax.tree.map(lambda r: r.reshape(-1, *r.shape[2:])[:batch], results)
