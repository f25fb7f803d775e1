"""The recursion inside a band: only its cells are stored, by anti-diagonals, so that time and memory are linear."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.core.arithmetic import UNREACHABLE, Prepared, Scaled, Semiring, State, zeros_from
from jaxeval.alignment.core.band import Indices, Pair, first_rows, in_band, namespace, width_of
from jaxeval.alignment.core.full import Arithmetic
from jaxeval.alignment.core.wavefront import forward, reverse, sent_back, shares

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
    above = first_rows(diagonals[:, None], (t[None], s[None]), band)[..., None] - 1
    width = width_of(shape, band) + 1
    rows = above + (np.arange(width, dtype=t.dtype)[None, None] - above) % width
    columns = diagonals[:, None, None] - rows
    t, s = t[None, :, None], s[None, :, None]
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
    inside = where.inside.swapaxes(0, 1)
    index = namespace(inside).where(where.inside, where.rows * s + where.columns, 0).swapaxes(0, 1)
    return _taken(cost, index, inside)


def _taken(values: jax.Array, index: jax.Array, inside: jax.Array) -> jax.Array:
    """Of each pair's values, by their flat index `[B, ...]` or `[1, ...]` for all pairs; 0 where nothing is inside."""
    flat = values.reshape(values.shape[0], -1)
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
    inside = in_band(rows, columns, (t, s), band) & (rows < t) & (columns < s)
    width = banded.shape[-1]
    return _taken(banded, namespace(inside).where(inside, (rows + columns) * width + rows % width, 0), inside)


def value(
    arithmetic: Arithmetic, cost: jax.Array, gamma: jax.Array, shape: tuple[int, int], lengths: Pair, band: float
) -> jax.Array:
    """R of the last cell.

    Args:
        arithmetic: `Scaled` or `Summed`.
        cost: `[B, T + S + 1, W]`, the band's cells by anti-diagonals.
        gamma: `[B]`, or `[1]` for all.
        shape: T and S.
        lengths: t and s, `[B]` each.
        band: half-width, static.

    Returns:
        `[B]`, +inf where no path leads there.
    """
    semiring = arithmetic(gamma)
    final = forward(semiring, *laid_out(semiring, cost, cells(shape, lengths, band)))
    return _end(semiring, final, cost, lengths)


def value_and_alignment(
    arithmetic: Arithmetic, cost: jax.Array, gamma: jax.Array, shape: tuple[int, int], lengths: Pair, band: float
) -> tuple[jax.Array, jax.Array]:
    """R of the last cell, and the probability that the path passes each cell; arguments as for `value`.

    Returns:
        `[B]` and `[B, T + S + 1, W]`.
    """
    semiring = arithmetic(gamma)
    where = cells(shape, lengths, band)
    prepared, edge, turn = laid_out(semiring, cost, where)
    table = forward(semiring, prepared, edge, turn, keep="table")
    last = where.way_out[-1].astype(cost.dtype)
    last = jnp.broadcast_to(last, (cost.shape[0], turn)).reshape(prepared[0].shape[1:])
    if isinstance(semiring, Scaled):
        alignment = sent_back(semiring, prepared, table, last, turn)
    else:
        alignment = reverse(shares(semiring, prepared, table, turn), last, turn=turn)
    alignment = alignment.reshape(alignment.shape[0], cost.shape[0], turn)
    return _end(semiring, table[-1], cost, lengths), jnp.where(where.inside, alignment, 0).swapaxes(0, 1)


def _end(semiring: Semiring, final: State, cost: jax.Array, lengths: Pair) -> jax.Array:
    """R where the way out ends, in row t of the last anti-diagonal."""
    batch, _, width = cost.shape
    lane = jnp.broadcast_to((lengths[0] % width).reshape(-1, 1), (batch, 1))
    values = semiring.value(final.reshape(-1, batch, width))
    return jnp.take_along_axis(values, lane, axis=1)[:, 0]


def laid_out(semiring: Semiring, cost: jax.Array, where: Cells) -> tuple[Prepared, State, int]:
    """What `forward` takes: prepared costs, where a turn's last lane is a start, and how many lanes a turn has.

    Two empty anti-diagonals come before the first. Pairs of one γ are laid side by side.
    """
    cost = jnp.where(where.inside, cost.swapaxes(0, 1), jnp.where(where.way_out, 0, UNREACHABLE))
    cost = jnp.pad(cost, ((2, 0), (0, 0), (0, 0)), constant_values=UNREACHABLE)
    turn = cost.shape[2]
    if semiring.gamma.shape[0] == 1:
        cost = cost.reshape(cost.shape[0], 1, -1)
    # The start is (−1, −1), on the first of the two, and row −1 has the last lane.
    nothing = zeros_from(cost[..., 0], semiring.void.dtype)
    edge = jnp.stack([nothing.at[0].set(1)] * len(semiring.start), axis=1)
    return semiring.prepare(cost), edge, turn
