"""The recursion inside a band: only its cells are stored, by anti-diagonals, so that time and memory are linear."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.core.arithmetic import (
    UNREACHABLE,
    Arithmetic,
    ArithmeticType,
    Prepared,
    Scaled,
    State,
    zeros_from,
)
from jaxeval.alignment.core.band import Indices, Pair, first_rows, in_band, namespace, width_of
from jaxeval.alignment.core.wavefront import forward, reverse, sent_back, transition_weights

SMALL = 2**20  # matrices of so many cells have the places of a band worked out while tracing, larger ones while running


class Cells(NamedTuple):
    """Where the cells of a band lie: `count` anti-diagonals of B pairs, arrays `[count, B, W]`.

    Row i has lane i modulo W, and the row above the first inside the band has one too, so that no two rows that meet
    share one. The last two anti-diagonals or more are the way out: from the last cell a path without cost leads on, in
    row t, to the last anti-diagonal, whatever the lengths.

    Attributes:
        rows: i of each lane.
        columns: j of each lane.
        inside: whether this is a cell of the band, within the lengths.
        way_out: whether the path without cost passes here.
    """

    rows: Indices
    columns: Indices
    inside: Indices
    way_out: Indices


def cells(shape: tuple[int, int], lengths: Pair, band: float) -> Cells:
    """The cells of a band.

    Args:
        shape: T and S, the most that the lengths can be.
        lengths: t and s, `[B]` each, or NumPy's `[1]` for the same of all pairs.
        band: half-width, static.

    Returns:
        T + S + 1 anti-diagonals, of NumPy's arrays if the lengths are.

    Example:
        >>> found = cells((3, 3), (np.array([3]), np.array([3])), 1)
        >>> found.inside[:5, 0].tolist()
        [[True, False, False], [True, True, False], [False, True, False], [False, True, True], [False, False, True]]
    """
    t, s = lengths
    diagonals = np.arange(sum(shape) + 1, dtype=t.dtype)
    above = first_rows(diagonals[:, None], (t[None], s[None]), band)[..., None] - 1  # [N, B, 1]
    width = width_of(shape, band) + 1
    rows = above + (np.arange(width, dtype=t.dtype)[None, None] - above) % width  # [N, B, W]
    columns = diagonals[:, None, None] - rows
    t, s = t[None, :, None], s[None, :, None]  # [1, B, 1]
    inside = (rows >= 0) & (rows < t) & (columns >= 0) & (columns < s) & in_band(rows, columns, (t, s), band)
    return Cells(rows, columns, inside, (rows == t) & (columns >= s))


def from_matrix(cost: jax.Array, lengths: Pair, band: float) -> jax.Array:
    """The cells of a band, read off matrices.

    Args:
        cost: `[B, T, S]`.
        lengths: t and s, `[B]` each.
        band: half-width, static.

    Returns:
        `[B, T + S + 1, W]`, by anti-diagonals; 0 outside the band.
    """
    _, t, s = cost.shape
    where = cells((t, s), lengths, band)
    inside = where.inside.swapaxes(0, 1)  # [B, N, W]
    index = namespace(inside).where(where.inside, where.rows * s + where.columns, 0).swapaxes(0, 1)
    return _taken(cost, index, inside)


def _taken(values: jax.Array, index: jax.Array, inside: jax.Array) -> jax.Array:
    """Of each pair's values, by their flat index `[B, ...]` or `[1, ...]` for all pairs; 0 where nothing is inside."""
    flat = values.reshape(values.shape[0], -1)  # [B, cells]
    if index.shape[0] == 1:
        found = flat.at[:, index[0]].get(mode="promise_in_bounds")
    else:
        found = jax.vmap(lambda one, index: one.at[index].get(mode="promise_in_bounds"))(flat, index)
    return jnp.where(inside, found, 0)


def to_matrix(banded: jax.Array, shape: tuple[int, int], lengths: Pair, band: float) -> jax.Array:
    """The transpose of `from_matrix`: matrices with the cells of a band, 0 elsewhere.

    Args:
        banded: `[B, T + S + 1, W]`.
        shape: T and S.
        lengths: t and s, `[B]` each.
        band: half-width, static.

    Returns:
        `[B, T, S]`.
    """
    t, s = lengths
    rows: Indices
    columns: Indices
    if shape[0] * shape[1] <= SMALL:
        rows, columns = (index.astype(t.dtype)[None] for index in np.indices(shape))
    else:
        rows, columns = (jax.lax.broadcasted_iota(t.dtype, (1, *shape), axis) for axis in (1, 2))
    t, s = t[:, None, None], s[:, None, None]
    inside = in_band(rows, columns, (t, s), band) & (rows < t) & (columns < s)  # [B, T, S]
    width = banded.shape[-1]
    return _taken(banded, namespace(inside).where(inside, (rows + columns) * width + rows % width, 0), inside)


def value(
    arithmetic_type: ArithmeticType,
    cost: jax.Array,
    gamma: jax.Array,
    shape: tuple[int, int],
    lengths: Pair,
    band: float,
) -> jax.Array:
    """R of the last cell.

    Args:
        arithmetic_type: `Scaled` or `Summed`.
        cost: `[B, T + S + 1, W]`, the band's cells by anti-diagonals.
        gamma: `[B]`, or `[1]` for all.
        shape: T and S.
        lengths: t and s, `[B]` each.
        band: half-width, static.

    Returns:
        `[B]`, +inf where no path leads there.
    """
    arithmetic = arithmetic_type(gamma)
    final = forward(arithmetic, *laid_out(arithmetic, cost, cells(shape, lengths, band)))
    return _end(arithmetic, final, cost, lengths)


def value_and_alignment(
    arithmetic_type: ArithmeticType,
    cost: jax.Array,
    gamma: jax.Array,
    shape: tuple[int, int],
    lengths: Pair,
    band: float,
) -> tuple[jax.Array, jax.Array]:
    """R of the last cell, and the probability that the path passes each cell.

    Args:
        arithmetic_type: as for `value`.
        cost: as for `value`.
        gamma: as for `value`.
        shape: as for `value`.
        lengths: as for `value`.
        band: as for `value`.

    Returns:
        `[B]` and `[B, T + S + 1, W]`.
    """
    arithmetic = arithmetic_type(gamma)
    where = cells(shape, lengths, band)
    prepared, boundary, lane_period = laid_out(arithmetic, cost, where)
    table = forward(arithmetic, prepared, boundary, lane_period, keep="table")
    last = where.way_out[-1].astype(cost.dtype)  # [B, W], or [1, W] for all pairs
    last = jnp.broadcast_to(last, (cost.shape[0], lane_period)).reshape(prepared[0].shape[1:])
    if isinstance(arithmetic, Scaled):
        alignment = sent_back(arithmetic, prepared, table, last, lane_period)
    else:
        alignment = reverse(transition_weights(arithmetic, prepared, table, lane_period), last, lane_period=lane_period)
    alignment = alignment.reshape(alignment.shape[0], cost.shape[0], lane_period)  # [N, B, W]
    return _end(arithmetic, table[-1], cost, lengths), jnp.where(where.inside, alignment, 0).swapaxes(0, 1)


def _end(arithmetic: Arithmetic, final: State, cost: jax.Array, lengths: Pair) -> jax.Array:
    """R where the way out ends, in row t of the last anti-diagonal."""
    batch, _, width = cost.shape
    lane = jnp.broadcast_to((lengths[0] % width).reshape(-1, 1), (batch, 1))
    values = arithmetic.value(final.reshape(-1, batch, width))  # [B, W]
    return jnp.take_along_axis(values, lane, axis=1)[:, 0]


def laid_out(arithmetic: Arithmetic, cost: jax.Array, where: Cells) -> tuple[Prepared, State, int]:
    """What `forward` takes of a band: prepared costs, boundary and lane period.

    Two empty anti-diagonals come before the first. Pairs of one γ are laid side by side.

    Args:
        arithmetic: in which the recursion runs.
        cost: `[B, T + S + 1, W]`, the band's cells by anti-diagonals.
        where: the places of these cells.

    Returns:
        prepared `[2 + N, B, W]` or, side by side, `[2 + N, 1, B · W]`; boundary `[2 + N, K, B]`; W.
    """
    cost = jnp.where(where.inside, cost.swapaxes(0, 1), jnp.where(where.way_out, 0, UNREACHABLE))  # [N, B, W]
    cost = jnp.pad(cost, ((2, 0), (0, 0), (0, 0)), constant_values=UNREACHABLE)
    lane_period = cost.shape[2]
    if arithmetic.gamma.shape[0] == 1:
        cost = cost.reshape(cost.shape[0], 1, -1)  # [2 + N, 1, B · W]
    # The start is (−1, −1), on the first of the two, and row −1 has the last lane.
    nothing = zeros_from(cost[..., 0], arithmetic.void.dtype)  # [2 + N, B] or [2 + N, 1]
    boundary = jnp.stack([nothing.at[0].set(1)] * len(arithmetic.start), axis=1)
    return arithmetic.prepare(cost), boundary, lane_period
