"""The costs of a pair that an aligned metric starts from."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment import pairwise_costs
from jaxeval.alignment.arguments import Lengths

PAD = 64
"""Trajectories and cost matrices are padded to a multiple of this, so that clips of like length share one program."""

Distance = Callable[[jax.Array, jax.Array], jax.Array]


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


def trajectory_costs(distance: Distance, x: np.ndarray, y: np.ndarray) -> Costs:
    """All costs of two trajectories that fit into memory.

    Args:
        distance: `[T, D]` and `[S, D]` to `[T, S]`, one of `jaxeval.distances`.
        x: `[T, D]` of the generated clip.
        y: `[S, D]` of the reference.

    Returns:
        `Costs`.
    """
    t, s = len(x), len(y)
    found = jax.device_get(_costs(distance, padded(x), padded(y), (jnp.int32(t), jnp.int32(s))))
    framewise, xy, xx, yy = found
    return Costs(framewise[: min(t, s)], xy[:t, :s], xx[:t, :t], yy[:s, :s])


def padded(trajectory: np.ndarray) -> np.ndarray:
    """`[T, ...]` as float32, with as many copies of its last row as `PAD` asks for."""
    rows = np.arange(len(trajectory) + -len(trajectory) % PAD).clip(max=len(trajectory) - 1)
    return np.asarray(trajectory, np.float32)[rows]


@partial(jax.jit, static_argnames="distance")
def _costs(distance: Distance, x: jax.Array, y: jax.Array, lengths: Lengths) -> tuple[jax.Array, ...]:
    common = min(len(x), len(y))
    framewise = jax.vmap(lambda one, other: distance(one[None], other[None])[0, 0])(x[:common], y[:common])
    return framewise, *pairwise_costs(distance, x, y, lengths=lengths)
