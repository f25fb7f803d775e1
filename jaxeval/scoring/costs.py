"""The costs of a pair that an aligned metric starts from."""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment import pairwise_costs


@dataclass(frozen=True)
class Costs:
    """One metric's costs of a pair, T frames generated and S in the reference.

    Attributes:
        framewise: `[min(T, S)]` each frame against the one of its index, computed directly: exactly 0 if identical.
        xy: `[T, S]` generated against reference.
        xx: `[T, T]` generated against itself.
        yy: `[S, S]` reference against itself.
    """

    framewise: np.ndarray
    xy: np.ndarray
    xx: np.ndarray
    yy: np.ndarray


def trajectory_costs(distance: Callable[[jax.Array, jax.Array], jax.Array], x: np.ndarray, y: np.ndarray) -> Costs:
    """All costs of two trajectories that fit into memory.

    Args:
        distance: `[T, D]` and `[S, D]` to `[T, S]`, one of `jaxeval.distances`.
        x: `[T, D]` of the generated clip.
        y: `[S, D]` of the reference.

    Returns:
        `Costs`.
    """
    a, b = jnp.asarray(x, jnp.float32), jnp.asarray(y, jnp.float32)
    common = min(len(x), len(y))
    framewise = jax.vmap(lambda one, other: distance(one[None], other[None])[0, 0])(a[:common], b[:common])
    xy, xx, yy = pairwise_costs(distance, a, b)
    return Costs(*(np.asarray(costs) for costs in (framewise, xy, xx, yy)))
