"""The Soft-DTW recursion, run over the anti-diagonals of cost matrices, and its linear counterpart in reverse.

    R_ij = D_ij + min_γ(R_{i−1,j−1}, R_{i−1,j}, R_{i,j−1}),    min_γ(a) = −γ log Σ_k exp(−a_k / γ)
    E_ij = E_{i+1,j+1} w^d_{i+1,j+1} + E_{i+1,j} w^v_{i+1,j} + E_{i,j+1} w^h_{i,j+1}

w are the shares of the three predecessors in min_γ. Cells of one anti-diagonal depend on the two before it only, so each
is one vector operation. Anti-diagonals are rows of `W` lanes, a lane for each cell, of B pairs at once. In a full matrix
lane i is row i, so that the predecessor in the row above is one lane lower. In a band an anti-diagonal's first lane is
the first row inside, and `shifts` says by how many rows, 0 or 1, it lies below the one before.

References:
    Cuturi and Blondel, Soft-DTW: a differentiable loss function for time-series, 2017.
    Mensch and Blondel, Differentiable dynamic programming for structured prediction and attention, 2018.
"""

import jax
import jax.numpy as jnp

from jaxeval.alignment.semirings import Prepared, Semiring, Shares, State, zeros_from


def forward(
    semiring: Semiring,
    prepared: Prepared,
    edge: jax.Array,
    shifts: jax.Array | None = None,
    *,
    keep: str,
) -> State:
    """Run the recursion over all anti-diagonals.

    Args:
        semiring: the arithmetic.
        prepared: what it made of the costs, arrays `[2 + N, B, W]`; the first two anti-diagonals are empty (forbidden).
        edge: `[2 + N, 2, B]`, the state beside each anti-diagonal's first lane, in the row above.
        shifts: `[2 + N, B]` booleans in a band; None in a full matrix.
        keep: "table" for the states of all cells with their edges, from which `shares` reads; "ends" for the first
            lane (in a band) or the last one (in a full matrix) of each anti-diagonal.

    Returns:
        `[2 + N, 2, B, 1 + W]` (in a band 2 + W), or `[2 + N, 2, B]`.
    """
    moves = None if shifts is None else _moves(shifts)
    # Made from the operand, the carry varies over the same mesh axes.
    nothing = zeros_from(prepared[0][0], semiring.void.dtype)

    def with_edges(state: State, first: jax.Array) -> State:
        # A sum is computed with the lanes, in one pass; a concatenation, on CPU, in another.
        state = jnp.pad(state, ((0, 0), (0, 0), (1, 0))) + jnp.pad(first[..., None], ((0, 0), (0, 0), (0, width)))
        if moves is None:
            return state
        return jnp.stack([_with_last(c, v) for c, v in zip(state, semiring.void, strict=True)])

    def step(carry, anti_diagonal):
        before, previous = carry
        costs, first, move = anti_diagonal
        state = semiring.extend(*_predecessors(before, previous, move), costs)
        end = state[..., -1 if moves is None else 0]
        state = with_edges(state, first)
        return (previous, state), {"table": state, "ends": end}[keep]

    width = nothing.shape[-1]
    void = jnp.stack([nothing + v for v in semiring.void])
    void = with_edges(void, void[..., 0])
    return jax.lax.scan(step, (void, void), (prepared, edge, moves))[1]


def shares(semiring: Semiring, prepared: Prepared, table: State, shifts: jax.Array | None = None) -> Shares:
    """The shares w of each cell's three predecessors.

    Args:
        semiring: the arithmetic.
        prepared: as for `forward`.
        table: what it returned.
        shifts: as for `forward`.

    Returns:
        Of the diagonal, the vertical and the horizontal one, each `[N, B, W]`; anything finite where no path leads.
    """
    prepared = tuple(component[2:] for component in prepared)
    return semiring.shares(*of_predecessors(table, shifts), _own(table, shifts)[:, 2:], prepared)


def reached(semiring: Semiring, table: State, shifts: jax.Array | None = None) -> jax.Array:
    """Whether a path leads to each cell, `[N, B, W]`; arguments as for `shares`."""
    return jnp.isfinite(semiring.value(_own(table, shifts)[:, 2:]))


def of_predecessors(table: State, shifts: jax.Array | None = None) -> list[State]:
    """What a table of `forward` or `linear` holds of each cell's three predecessors, each `[K, N, B, W]`."""
    table = table.swapaxes(0, 1)
    moves = None if shifts is None else tuple(move[2:] for move in _moves(shifts))
    return _predecessors(table[:, :-2], table[:, 1:-1], moves)


def _own(table: State, shifts: jax.Array | None) -> State:
    return table.swapaxes(0, 1)[..., 1:] if shifts is None else table.swapaxes(0, 1)[..., 1:-1]


def linear(shares: Shares, source: jax.Array, shifts: jax.Array | None = None) -> jax.Array:
    """The tangent of `forward`: r = source + Σ_k w_k r_k over each cell's predecessors, the transpose of `reverse`.

    Args:
        shares: w of each cell's predecessors, `[N, B, W]`.
        source: `[N, B, W]`, ∂D.
        shifts: as for `forward`.

    Returns:
        `[2 + N, 1, B, 1 + W]` (in a band 2 + W), ∂R with two anti-diagonals before the first, and edges of 0.
    """
    moves = None if shifts is None else tuple(move[2:] for move in _moves(shifts))
    ends = ((0, 0), (0, 0), (1, 0 if moves is None else 1))

    def step(carry, anti_diagonal):
        before, previous = carry
        shares, source, move = anti_diagonal
        parts = (w * r[0] for w, r in zip(shares, _predecessors(before, previous, move), strict=True))
        current = jnp.pad((source + sum(parts))[None], ends)
        return (previous, current), current

    nothing = jnp.pad(source[:1] * 0, ends)  # a tangent, of which only linear functions can be transposed
    found = jax.lax.scan(step, (nothing, nothing), (shares, source, moves))[1]
    return jnp.concatenate([nothing[None], nothing[None], found])


def reverse(shares: Shares, inflow: jax.Array, shifts: jax.Array | None = None) -> jax.Array:
    """The expected alignment: from the last cell back, each cell hands on to its predecessors by their shares.

    Args:
        shares: w of each cell's predecessors, `[N, B, W]`.
        inflow: `[N, B]` what enters each anti-diagonal from outside: in a full matrix at its last lane, in a band at
            its first.
        shifts: as for `forward`.

    Returns:
        E, `[N, B, W]`.
    """
    moves = None if shifts is None else tuple(move[2:] for move in _moves(shifts))
    width = shares[0].shape[-1]
    ends = (width - 1, 0) if shifts is None else (0, width - 1)

    def entering(flow: jax.Array) -> jax.Array:
        return jnp.pad(flow[:, None], ((0, 0), ends))

    def step(carry, anti_diagonal):
        here, partial = carry
        (diagonal, vertical, horizontal), flow, move = anti_diagonal
        flows = _onto_predecessors(here * diagonal, here * vertical, here * horizontal, move)
        return (flows[1] + flows[2] + partial + entering(flow), flows[0]), here

    # What enters an anti-diagonal is added when the one after it is left.
    later = jnp.pad(inflow[:-1], ((1, 0), (0, 0)))
    start = entering(inflow[-1]), zeros_from(shares[0][0])
    return jax.lax.scan(step, start, (shares, later, moves), reverse=True)[1]


def _moves(shifts: jax.Array) -> tuple[jax.Array, jax.Array]:
    """For each anti-diagonal `[2 + N, B, 1]`: its own shift and the one before."""
    own = shifts[..., None]
    return own, jnp.pad(own[:-1], ((1, 0), (0, 0), (0, 0)))


def _with_last(lanes: jax.Array, last: float) -> jax.Array:
    return jnp.pad(lanes, ((0, 0), (0, 1)), constant_values=last)


def _predecessors(before: State, previous: State, move: tuple[jax.Array, jax.Array] | None) -> list[State]:
    """Held against each cell: its diagonal, vertical and horizontal predecessor; lanes are the last axis, with edges."""
    if move is None:
        return [before[..., :-1], previous[..., :-1], previous[..., 1:]]
    own, last = (jnp.broadcast_to(m, (*before.shape[:-1], before.shape[-1] - 2)) for m in move)
    low, middle, high = before[..., :-2], before[..., 1:-1], before[..., 2:]
    diagonal = jnp.where(own & last, high, jnp.where(own | last, middle, low))
    low, middle, high = previous[..., :-2], previous[..., 1:-1], previous[..., 2:]
    return [diagonal, jnp.where(own, middle, low), jnp.where(own, high, middle)]


def _onto_predecessors(
    diagonal: jax.Array, vertical: jax.Array, horizontal: jax.Array, move: tuple[jax.Array, jax.Array] | None
) -> Shares:
    """The transpose of `_predecessors`: each cell's three flows on the lanes of those predecessors."""

    def lanes(flow: jax.Array, k: int) -> jax.Array:
        width = flow.shape[-1]
        return jnp.pad(flow, ((0, 0), (1, 1)))[:, k : k + width]

    if move is None:
        return lanes(diagonal, 2), lanes(vertical, 2), horizontal
    own, last = move
    return (
        jnp.where(own & last, lanes(diagonal, 0), jnp.where(own | last, diagonal, lanes(diagonal, 2))),
        jnp.where(own, vertical, lanes(vertical, 2)),
        jnp.where(own, lanes(horizontal, 0), horizontal),
    )
