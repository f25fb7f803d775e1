"""The recursion inside a band: only its cells are stored, by anti-diagonals, so that time and memory are linear."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.bands import Pair, first_rows, in_band, width_of
from jaxeval.alignment.full import Arithmetic
from jaxeval.alignment.semirings import UNREACHABLE, Prepared, Semiring, State, zeros_from
from jaxeval.alignment.wavefront import forward, reverse, shares


class Cells(NamedTuple):
    """Where the cells of a band lie: `count` anti-diagonals of B pairs, `[count, B, W]` or `[count, B, 1]`.

    The last two anti-diagonals or more are the way out: from the last cell a path without cost leads on in the first
    lane to the last anti-diagonal, whatever the lengths.

    Attributes:
        rows: i of each lane.
        columns: j of each lane.
        inside: whether this is a cell of the band, within the lengths.
        way_out: whether the path without cost passes here.
        shifts: `[count, B]` whether the first lane is a row lower than on the anti-diagonal before.
    """

    rows: jax.Array
    columns: jax.Array
    inside: jax.Array
    way_out: jax.Array
    shifts: jax.Array


def cells(shape: tuple[int, int], lengths: Pair, band: float) -> Cells:
    """The cells of a band.

    Args:
        shape: T and S, the most that the lengths can be.
        lengths: t and s, `[B]` each.
        band: half-width, static.

    Returns:
        T + S + 1 anti-diagonals.

    Example:
        >>> found = cells((3, 3), (jnp.array([3]), jnp.array([3])), 1)
        >>> found.inside[:, 0].tolist()
        [[True, False], [True, True], [True, False], [True, True], [True, False], [False, False], [False, False]]
    """
    t, s = lengths
    diagonals = jnp.arange(shape[0] + shape[1] + 1, dtype=t.dtype)
    first = first_rows(diagonals[:, None], (t[None], s[None]), band)
    lanes = jnp.arange(width_of(shape, band), dtype=t.dtype)
    rows = first[..., None] + lanes[None, None]
    columns = diagonals[:, None, None] - rows
    t, s = t[None, :, None], s[None, :, None]
    inside = (rows < t) & (columns >= 0) & (columns < s)
    inside &= in_band(rows, columns, (t, s), band)
    way_out = (rows == t) & (lanes[None, None] == 0) & (columns >= s)
    return Cells(rows, columns, inside, way_out, jnp.diff(first, axis=0, prepend=first[:1]) > 0)


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
    index = jnp.where(where.inside, where.rows * s + where.columns, 0).swapaxes(0, 1)
    found = jax.vmap(lambda matrix, index: matrix.reshape(-1)[index])(cost, index)
    return jnp.where(where.inside.swapaxes(0, 1), found, 0)


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
    rows, columns = (jax.lax.broadcasted_iota(jnp.int32, shape, axis) for axis in (0, 1))
    width = banded.shape[-1]

    def one(values, t, s):
        diagonals = jnp.arange(values.shape[0], dtype=t.dtype)
        lane = rows - first_rows(diagonals, (t, s), band)[rows + columns]
        inside = in_band(rows, columns, (t, s), band) & (rows < t) & (columns < s)
        index = jnp.where(inside, (rows + columns) * width + lane, 0)
        return jnp.where(inside, values.reshape(-1)[index], 0)

    return jax.vmap(one)(banded, *lengths)


def value(
    arithmetic: Arithmetic, cost: jax.Array, gamma: jax.Array, shape: tuple[int, int], lengths: Pair, band: float
) -> jax.Array:
    """R of the last cell.

    Args:
        arithmetic: `Scaled` or `Paired`.
        cost: `[B, T + S + 1, W]`, the band's cells by anti-diagonals.
        gamma: `[B]`, or `[1]` for all.
        shape: T and S.
        lengths: t and s, `[B]` each.
        band: half-width, static.

    Returns:
        `[B]`, +inf where no path leads there.
    """
    semiring = arithmetic(gamma)
    ends = forward(semiring, *laid_out(semiring, cost, cells(shape, lengths, band)), keep="ends")
    return semiring.value(ends[-1][..., None])[:, 0]


def value_and_alignment(
    arithmetic: Arithmetic, cost: jax.Array, gamma: jax.Array, shape: tuple[int, int], lengths: Pair, band: float
) -> tuple[jax.Array, jax.Array]:
    """R of the last cell, and the probability that the path passes each cell; arguments as for `value`.

    Returns:
        `[B]` and `[B, T + S + 1, W]`.
    """
    semiring = arithmetic(gamma)
    where = cells(shape, lengths, band)
    prepared, edge, shifts = laid_out(semiring, cost, where)
    table = forward(semiring, prepared, edge, shifts, keep="table")
    handed_on = shares(semiring, prepared, table, shifts)
    inflow = zeros_from(cost[..., 0]).T.at[-1].set(1)
    alignment = reverse(handed_on, inflow, shifts)
    return semiring.value(table[-1][..., 1:2])[:, 0], jnp.where(where.inside, alignment, 0).swapaxes(0, 1)


def laid_out(
    semiring: Semiring, cost: jax.Array, where: Cells
) -> tuple[Prepared, State, jax.Array]:
    """What `forward` takes: prepared costs, the states beside the first lanes, and the shifts.

    Two empty anti-diagonals come before the first.
    """
    cost = jnp.where(where.inside, cost.swapaxes(0, 1), jnp.where(where.way_out, 0, UNREACHABLE))
    cost = jnp.pad(cost, ((2, 0), (0, 0), (0, 0)), constant_values=UNREACHABLE)
    nothing = zeros_from(cost[..., 0], semiring.void.dtype)
    start, void = (jnp.stack([nothing + x for x in state], axis=1) for state in (semiring.start, semiring.void))
    edge = jnp.concatenate([start[:1], void[1:]])
    return semiring.prepare(cost), edge, jnp.pad(where.shifts, ((2, 0), (0, 0)))
