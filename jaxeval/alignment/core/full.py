"""The recursion over whole cost matrices, in pieces that fit into the cache.

The anti-diagonals of a T × S matrix are an array twice as large as the matrix, half of it idle, and the states and
transition weights of all cells are several times that. So small matrices go through in chunks of pairs, some of them
side by side in one wide matrix, in which one pair's last anti-diagonals run beside the next pair's first. A large one
goes through in strips of rows: a first sweep keeps only the states in each strip's last row, a second goes through the
strips backwards and computes the rest again.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.core.arithmetic import UNREACHABLE, Arithmetic, ArithmeticType, Prepared, State, zeros_from
from jaxeval.alignment.core.band import Pair
from jaxeval.alignment.core.tiling import CPU, Sizes, chunks
from jaxeval.alignment.core.vmap import in_chunks
from jaxeval.alignment.core.wavefront import forward, reverse, transition_weights


def value(
    arithmetic_type: ArithmeticType, cost: jax.Array, gamma: jax.Array, lengths: Pair | None, sizes: Sizes
) -> jax.Array:
    """R of the last cell.

    Args:
        arithmetic_type: `Scaled` or `Summed`.
        cost: `[B, T, S]`.
        gamma: `[B]`, or `[1]` for all.
        lengths: t and s, `[B]` each; None for T and S.
        sizes: how much goes through at once.

    Returns:
        `[B]`, +inf where no path leads there.
    """
    return _by_chunks(arithmetic_type, cost, gamma, lengths, sizes, aligned=False)[0]


def value_and_alignment(
    arithmetic_type: ArithmeticType, cost: jax.Array, gamma: jax.Array, lengths: Pair | None, sizes: Sizes
) -> tuple[jax.Array, jax.Array]:
    """R of the last cell, and the probability that the path passes each cell.

    Args:
        arithmetic_type: as for `value`.
        cost: as for `value`.
        gamma: as for `value`.
        lengths: as for `value`.
        sizes: as for `value`.

    Returns:
        `[B]` and `[B, T, S]`; the latter is right up to the lengths only.
    """
    value, alignment = _by_chunks(arithmetic_type, cost, gamma, lengths, sizes, aligned=True)
    return value, alignment[:, : cost.shape[1], : cost.shape[2]]


def extend_to_corner(cost: jax.Array, lengths: Pair, shape: tuple[int, int]) -> jax.Array:
    """Matrices of another shape in which the last cell is the corner, whatever the lengths.

    From the cell (t − 1, s − 1) a single path without cost leads on to the corner, by diagonal steps up to the border
    and along it; around it nothing can be reached. So R there is R at (t − 1, s − 1), and lengths are no matter of the
    recursion's.

    Args:
        cost: `[B, T, S]`; what lies beyond the lengths may be anything.
        lengths: t and s, `[B]` each.
        shape: of the result's matrices, at least (T + 1, S + 1).

    Returns:
        `[B, *shape]`.

    Example:
        >>> extend_to_corner(jnp.ones((1, 1, 1)), (jnp.array([1]), jnp.array([1])), (2, 3))[0].tolist()
        [[1.0, 1.0000000150474662e+30, 1.0000000150474662e+30], [1.0000000150474662e+30, 0.0, 0.0]]
    """
    t, s = (length[:, None, None] for length in lengths)
    i, j = (jax.lax.broadcasted_iota(t.dtype, (1, *shape), axis) for axis in (1, 2))
    down, right = i - t, j - s  # [B, T′, S′] for the result's shape (T′, S′)
    on_border = ((i == shape[0] - 1) & (right > down)) | ((j == shape[1] - 1) & (down > right))
    on_path = (down >= 0) & (right >= 0) & ((down == right) | on_border)
    padded = jnp.pad(cost, ((0, 0), (0, shape[0] - cost.shape[1]), (0, shape[1] - cost.shape[2])))
    return jnp.where((down < 0) & (right < 0), padded, jnp.where(on_path, 0, UNREACHABLE))


def _by_chunks(arithmetic_type, cost, gamma, lengths, sizes, aligned):
    """R of the last cell of each pair, and if asked for E up to the lengths, chunk by chunk."""
    batch, t, s = cost.shape
    if lengths is not None:
        t, s = t + 1, s + 1
    # On an accelerator side by side costs steps, of which it has too many, and saves lanes, of which it has enough.
    division = chunks(batch, t, s, 8 if gamma.shape[0] == 1 and sizes == CPU else 1, sizes)
    rows = division.rows
    if lengths is None and t % rows:
        lengths = (jnp.full(batch, t, jnp.int32), jnp.full(batch, s, jnp.int32))
        t, s = t + 1, s + 1
    if lengths is not None:
        t = -(-t // rows) * rows
        cost = extend_to_corner(cost, lengths, (t, s))

    def function(cost, gamma):
        if rows == t:
            return _whole(arithmetic_type(gamma), cost, division.side_by_side, aligned=aligned)
        return _in_strips(_Strips(arithmetic_type(gamma), cost, rows), aligned=aligned)

    return in_chunks(function, division.count, division.size, cost, gamma)


def _whole(arithmetic: Arithmetic, cost: jax.Array, side_by_side: int, *, aligned: bool):
    """R of the last cell of matrices `[B, T, S]`, and if asked for E, from one sweep."""
    batch, t, s = cost.shape
    groups, span = batch // side_by_side, s + 1
    if side_by_side > 1:
        # One matrix a group, of its pairs' columns with a forbidden one after each.
        cost = jnp.pad(cost, ((0, 0), (0, 0), (0, 1)), constant_values=UNREACHABLE)
        cost = cost.reshape(groups, side_by_side, t, span).swapaxes(1, 2).reshape(groups, t, side_by_side * span)
    nothing = zeros_from(cost[:, 0].T)  # [columns, groups]
    # Paths start at (−1, −1) of each pair, above the column before its first, and end in its last row and column.
    starts = jnp.arange(cost.shape[2] + 2) % span == 0
    starts = (starts & (jnp.arange(len(starts)) < side_by_side * span))[:, None, None]  # [2 + columns, 1, 1]
    top = jnp.where(
        starts, _row(arithmetic, arithmetic.start, nothing, 2), _row(arithmetic, arithmetic.void, nothing, 2)
    )
    prepared, boundary = _laid_out(arithmetic, cost, top)
    if not aligned and side_by_side == 1:
        return arithmetic.value(forward(arithmetic, prepared, boundary)[..., -1:])[:, 0], None
    kept = forward(arithmetic, prepared, boundary, keep="table" if aligned else "ends")
    ends = (kept[..., -1] if aligned else kept)[t + s :: span]  # [side by side, K, groups]
    ends = ends.transpose(1, 2, 0).reshape(-1, batch, 1)  # [K, B, 1]
    value = arithmetic.value(ends)[:, 0]
    if not aligned:
        return value, None
    inflow = jnp.pad(nothing, ((t - 1, 0), (0, 0))).at[t + s - 2 :: span].set(1)
    alignment = _alignment(arithmetic, prepared, kept, inflow)[0]
    if side_by_side > 1:
        alignment = alignment.reshape(groups, t, side_by_side, span)[..., :s].swapaxes(1, 2)
    return value, alignment.reshape(batch, t, s)


def laid_out_whole(arithmetic: Arithmetic, cost: jax.Array) -> tuple[Prepared, State, None]:
    """What `forward` takes of matrices that stay whole.

    Args:
        arithmetic: in which the recursion runs.
        cost: `[B, T, S]`.

    Returns:
        prepared costs `[1 + T + S, B, T]`, boundary `[1 + T + S, K, B]`, and None, for no lane is used again.
    """
    nothing = zeros_from(cost[:, 0].T)  # [S, B]
    start = _row(arithmetic, arithmetic.start, nothing[:1], 0)
    top = jnp.concatenate([start, _row(arithmetic, arithmetic.void, nothing, 1)])
    return *_laid_out(arithmetic, cost, top), None


def _row(arithmetic: Arithmetic, state: np.ndarray, nothing: jax.Array, more: int) -> State:
    """One state in each column of `nothing` `[S, B]` and in some more: `[S + more, K, B]`."""
    columns = jnp.pad(nothing, ((more, 0), (0, 0))).astype(state.dtype)
    return jnp.stack([columns + number for number in state], axis=1)


def _laid_out(arithmetic: Arithmetic, cost: jax.Array, top: State) -> tuple[Prepared, State]:
    """Prepared costs by anti-diagonals, two empty ones before them, and the states beside the first lanes.

    The first lane of anti-diagonal d is (0, d), and beside it, in `top` `[2 + S, K, B]`, lies (−1, d + 1).
    """
    padded = jnp.pad(cost, ((0, 0), (0, 0), (2, 0)), constant_values=UNREACHABLE)  # [B, T, 2 + S]
    skewed = skew(padded, UNREACHABLE)  # [1 + T + S, B, T]
    after = jnp.broadcast_to(top[-1:], (cost.shape[1] - 1, *top.shape[1:]))  # void, as the last one is
    return arithmetic.prepare(skewed), jnp.concatenate([top, after])


def _alignment(
    arithmetic: Arithmetic, prepared: Prepared, table: State, inflow: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """E of matrices by rows, `[B, T, S]`, and what flows out to the row above, `[S, B]`."""
    handed_on = transition_weights(arithmetic, prepared, table)
    last = jnp.pad(inflow[-1][:, None], ((0, 0), (handed_on[0].shape[-1] - 1, 0)))  # [B, T]
    alignment = reverse(handed_on, last, inflow)  # [T + S − 1, B, T]
    columns = alignment.shape[0] - alignment.shape[2] + 1
    diagonal, vertical = (jnp.pad(alignment[..., 0] * w[..., 0], ((0, 1), (0, 0))) for w in handed_on[:2])
    return unskew(alignment), (vertical[:-1] + diagonal[1:])[:columns]


@dataclass(frozen=True)
class _Strips:
    """Matrices `[B, count · rows, S]` whose last cell is the corner, by strips of rows."""

    arithmetic: Arithmetic
    cost: jax.Array
    rows: int

    @property
    def count(self) -> int:
        return self.cost.shape[1] // self.rows

    def laid_out(self, index: jax.Array, top: State) -> tuple[Prepared, State]:
        strip = jax.lax.dynamic_slice_in_dim(self.cost, index * self.rows, self.rows, axis=1)
        return _laid_out(self.arithmetic, strip, top)


def _in_strips(strips: _Strips, *, aligned: bool):
    value, tops = _downwards(strips)
    return value, _upwards(strips, tops) if aligned else None


def _downwards(strips: _Strips) -> tuple[jax.Array, State]:
    """R of the last cell, and the states in the row above each strip, `[count, 2 + S, K, B]`."""
    arithmetic = strips.arithmetic
    nothing = zeros_from(strips.cost[:, 0].T)  # [S, B]
    start, void = (_row(arithmetic, state, nothing[:1], 0) for state in (arithmetic.start, arithmetic.void))

    def down(top, index):
        ends = forward(arithmetic, *strips.laid_out(index, top), keep="ends")
        # The last lane of anti-diagonal d is (rows − 1, d − rows + 1), and the kept ones begin with d = −2.
        return jnp.concatenate([void, ends[1 + strips.rows :], void]), top

    first = jnp.concatenate([start, _row(arithmetic, arithmetic.void, nothing, 1)])
    bottom, tops = jax.lax.scan(down, first, jnp.arange(strips.count))  # [2 + S, K, B], [count, 2 + S, K, B]
    end = bottom[-2][..., None]  # [K, B, 1]
    return arithmetic.value(end)[:, 0], tops


def _upwards(strips: _Strips, tops: State) -> jax.Array:
    """The alignment, strip by strip, each strip's states computed again from those above it."""
    nothing = zeros_from(strips.cost)

    def up(carry, strip):
        inflow, alignment = carry  # [S, B], [B, count · rows, S]
        index, top = strip
        prepared, boundary = strips.laid_out(index, top)
        table = forward(strips.arithmetic, prepared, boundary, keep="table")
        inflow = jnp.pad(inflow, ((strips.rows - 1, 0), (0, 0)))
        here, outflow = _alignment(strips.arithmetic, prepared, table, inflow)
        return (outflow, jax.lax.dynamic_update_slice_in_dim(alignment, here, index * strips.rows, 1)), None

    inflow = nothing[:, 0].T.at[-1].set(1)
    return jax.lax.scan(up, (inflow, nothing), (jnp.arange(strips.count), tops), reverse=True)[0][1]


def skew(cost: jax.Array, fill: float) -> jax.Array:
    """Lay the anti-diagonals of matrices out as rows: `skewed[i + j, b, i] = cost[b, i, j]`.

    Rows one element longer than the result's, read back as rows of the result's length, drift by one to the right.

    Args:
        cost: `[B, T, S]`.
        fill: what to set where no cell is.

    Returns:
        `[T + S − 1, B, T]`.

    Example:
        >>> skew(jnp.array([[[1, 2], [3, 4]]]), 0)[:, 0].tolist()
        [[1, 0], [2, 3], [0, 4]]
    """
    batch, t, s = cost.shape
    padded = jnp.pad(cost, ((0, 0), (0, 0), (0, t)), constant_values=fill)  # [B, T, S + T]
    return padded.reshape(batch, -1)[:, : t * (t + s - 1)].reshape(batch, t, t + s - 1).transpose(2, 0, 1)


def unskew(skewed: jax.Array) -> jax.Array:
    """The inverse of `skew`, for matrices of as many rows as `skewed` has lanes.

    Args:
        skewed: `[T + S − 1, B, T]`.

    Returns:
        `[B, T, S]`.

    Example:
        >>> cost = jnp.arange(6).reshape(1, 2, 3)
        >>> bool((unskew(skew(cost, 0)) == cost).all())
        True
    """
    count, batch, t = skewed.shape
    rows = skewed.transpose(1, 2, 0).reshape(batch, t * count)  # [B, T · (T + S − 1)]
    return jnp.pad(rows, ((0, 0), (0, t))).reshape(batch, t, count + 1)[:, :, : count + 1 - t]
