"""Costs between two trajectories: how far every frame of one is from every frame of the other."""

import jax
import jax.numpy as jnp

from jaxeval.alignment.edge import NUMBERS, edge
from jaxeval.numerics import direction, safe_sqrt


@edge(x=NUMBERS, y=NUMBERS)
def squared_euclidean(x: jax.Array, y: jax.Array) -> jax.Array:
    """D_ts = Σ_k (x_tk − y_sk)², as differences: exactly 0 between equal frames, without cancellation near them.

    Args:
        x: `[T, D]` trajectory, any unit; anything but float64 is computed in float32.
        y: `[S, D]` trajectory in the same unit.

    Returns:
        `[T, S]`, at least 0, in the unit squared.

    Raises:
        ValueError: if x and y aren't matrices with the same number of columns.

    Example:
        >>> squared_euclidean(jnp.array([[0.0, 0.0]]), jnp.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
        [[25.0, 1.0]]
    """
    return _squared_euclidean(*_checked(x, y))


@edge(x=NUMBERS, y=NUMBERS)
def euclidean(x: jax.Array, y: jax.Array) -> jax.Array:
    """D_ts = √(Σ_k (x_tk − y_sk)²), with the subgradient 0 between equal frames.

    Args:
        x: `[T, D]` trajectory.
        y: `[S, D]` trajectory.

    Returns:
        `[T, S]`, at least 0, in the trajectories' unit.

    Raises:
        ValueError: as `squared_euclidean`.

    Example:
        >>> euclidean(jnp.array([[0.0, 0.0]]), jnp.array([[3.0, 4.0]])).tolist()
        [[5.0]]
    """
    return safe_sqrt(squared_euclidean(x, y))


@edge(x=NUMBERS, y=NUMBERS)
def cosine(x: jax.Array, y: jax.Array) -> jax.Array:
    """D_ts = 2 − 2 cos(x_t, y_s) = ‖x_t/‖x_t‖ − y_s/‖y_s‖‖², the squared distance of the directions.

    A zero vector has no direction: its cosine with anything counts as 0, so the cost is 2, and its gradient is 0.

    Args:
        x: `[T, D]` trajectory, for example of face embeddings; its scale doesn't matter.
        y: `[S, D]` trajectory.

    Returns:
        `[T, S]` in [0, 4] up to rounding.

    Raises:
        ValueError: as `squared_euclidean`.

    Example:
        >>> cosine(jnp.array([[2.0, 0.0], [0.0, 0.0]]), jnp.array([[1.0, 0.0], [0.0, 3.0]])).tolist()
        [[0.0, 2.0], [2.0, 2.0]]
    """
    x, y = _checked(x, y)
    (x, x_deficit), (y, y_deficit) = direction(x), direction(y)  # [T, D] and [T, 1], [S, D] and [S, 1]
    return _squared_euclidean(x, y) + x_deficit + y_deficit.T


@jax.jit
def _squared_euclidean(x, y):
    # Row by row, and computed again for the gradient: all differences at once would be an array [T, S, D].
    def row(x_t):
        return jnp.square(x_t[None] - y).sum(axis=1)

    return jax.lax.map(jax.checkpoint(row), x)


def _checked(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"Expected trajectories [T, D] and [S, D] of the same D, got shapes {x.shape} and {y.shape}.")
    return x, y
