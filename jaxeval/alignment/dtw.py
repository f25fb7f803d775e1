"""Exact DTW: Soft-DTW at γ = 0, and the path that attains it."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.checks import Lengths
from jaxeval.alignment.core.band import Pair
from jaxeval.alignment.core.derivatives import transitions, value
from jaxeval.alignment.core.solve import Layout
from jaxeval.alignment.edge import NUMBERS, edge
from jaxeval.alignment.soft_dtw import of_matrix, soft_dtw


@edge(cost=NUMBERS)
def dtw(cost: jax.Array, *, lengths: Lengths | None = None, band: float | None = None) -> jax.Array:
    """Dynamic time warping: the least cost summed along a monotone path, `min_π Σ_{(i,j)∈π} D_ij`.

    Args:
        cost: `[T, S]` real numbers whose sum along a path stays below 5e29; +inf forbids a cell.
        lengths: (t, s), numbers of valid leading rows and columns; Python ints or traced. None for (T, S).
        band: half-width of the Sakoe-Chiba band in frames of the longer trajectory, static; None for no band.

    Returns:
        Scalar. +inf if no path of finite cost exists; NaN as `soft_dtw`.

    Raises:
        ValueError: as `soft_dtw`.

    References:
        Sakoe and Chiba, Dynamic programming algorithm optimization for spoken word recognition, 1978.

    Example:
        >>> print(dtw(jnp.array([[0.0, 1.0, 2.0], [5.0, 5.0, 0.0]])))
        1.0
    """
    return soft_dtw(cost, gamma=0.0, lengths=lengths, band=band)


@edge(cost=NUMBERS)
def dtw_path(
    cost: jax.Array, *, lengths: Lengths | None = None, band: float | None = None, size: int | None = None
) -> jax.Array:
    """The path that attains `dtw`; of equal predecessors the diagonal one is taken, then the vertical one.

    Args:
        cost: as for `dtw`.
        lengths: as for `dtw`.
        band: as for `dtw`.
        size: number of rows of the result, static: rows after the path's end are −1, and T + S − 1 always suffice.
            None for the path's own length, which only concrete arrays have: under `jax.jit` and `jax.vmap` give a size.

    Returns:
        `[size, 2]` int32, cells (i, j) from (0, 0) to (t − 1, s − 1). No cell if no path of finite cost exists.

    Raises:
        ValueError: as `soft_dtw`; and for traced arrays without a size.

    Example:
        >>> dtw_path(jnp.array([[0.0, 1.0, 2.0], [5.0, 5.0, 0.0]])).tolist()
        [[0, 0], [0, 1], [1, 2]]
    """
    cost, traced, layout = of_matrix(cost, lengths, band)
    if traced is None:
        traced = tuple(jnp.int32(length) for length in cost.shape)
    path = _path(cost, traced, layout)
    if size is not None:
        return jnp.pad(path, ((0, max(0, size - len(path))), (0, 0)), constant_values=-1)[:size]
    if isinstance(path, jax.core.Tracer):
        raise ValueError(f"Expected size= under jit or vmap (T + S - 1 = {len(path)} always suffices), got None.")
    return path[: np.count_nonzero(path[:, 0] >= 0)]


@partial(jax.jit, static_argnums=2)
def _path(cost: jax.Array, lengths: Pair, layout: Layout) -> jax.Array:
    gamma = jnp.zeros((), cost.dtype)
    # Of equal predecessors, which share the minimum, the first is taken.
    best = jnp.stack(transitions(cost, gamma, lengths, layout)).argmax(axis=0)  # [N, W]
    cells = _backtrack(best, lengths)[: sum(layout.shape) - 1]  # [T + S − 1, 2]
    cells = jnp.where(jnp.isfinite(value(cost, gamma, lengths, layout)), cells, -1)
    # A diagonal step leaves an anti-diagonal out: move those gaps to the end.
    return cells[jnp.argsort(cells[:, 0] < 0, stable=True)]


def _backtrack(best: jax.Array, lengths: Pair) -> jax.Array:
    """The path's cell on each anti-diagonal, −1 where it has none.

    Args:
        best: `[N, W]` each cell's predecessor: 0 diagonal (i−1, j−1), 1 vertical (i−1, j), 2 horizontal (i, j−1);
            row i has lane i modulo W.
        lengths: (t, s).

    Returns:
        `[N, 2]`.
    """
    width = best.shape[1]

    def step(cell, anti_diagonal):
        row, column = cell
        index, candidates = anti_diagonal
        here = index == row + column
        move = candidates[row % width]
        previous = (jnp.where(here & (move != 2), row - 1, row), jnp.where(here & (move != 1), column - 1, column))
        return previous, jnp.where(here, jnp.stack(cell), -1)

    indices = jnp.arange(len(best), dtype=lengths[0].dtype)
    return jax.lax.scan(step, (lengths[0] - 1, lengths[1] - 1), (indices, best), reverse=True)[1]
