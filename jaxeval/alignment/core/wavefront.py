"""The Soft-DTW recursion, run over the anti-diagonals of cost matrices, and its linear counterpart in reverse.

    R_ij = D_ij + min_γ(R_{i−1,j−1}, R_{i−1,j}, R_{i,j−1}),    min_γ(a) = −γ log Σ_k exp(−a_k / γ)
    E_ij = E_{i+1,j+1} w^d_{i+1,j+1} + E_{i+1,j} w^v_{i+1,j} + E_{i,j+1} w^h_{i,j+1}

w are the shares of the three predecessors in min_γ. Cells of one anti-diagonal depend on the two before it only, so
each is one vector operation. Anti-diagonals are rows of `W` lanes, a lane for each cell, of B pairs at once. In a full
matrix lane i is row i, so that the predecessor in the row above is one lane lower. In a band a row keeps its lane too,
and the rows share them in turn: row i has lane i modulo the number of lanes, one more than the band is wide.

References:
    Cuturi and Blondel, Soft-DTW: a differentiable loss function for time-series, 2017.
    Mensch and Blondel, Differentiable dynamic programming for structured prediction and attention, 2018.
"""

import jax
import jax.numpy as jnp

from jaxeval.alignment.core.arithmetic import Prepared, Scaled, Semiring, Shares, State, zeros_from


def forward(
    semiring: Semiring, prepared: Prepared, edge: jax.Array, turn: int | None = None, *, keep: str | None = None
) -> State:
    """Run the recursion over all anti-diagonals.

    Args:
        semiring: the arithmetic.
        prepared: what it made of the costs, arrays `[2 + N, B, W]`; the first two anti-diagonals are empty (forbidden).
        edge: `[2 + N, K, B]`, in a full matrix the state beside each anti-diagonal's first lane, in the row above; in
            a band 1 where each turn's last lane is a start, else 0.
        turn: in a band, after how many lanes they are taken again: W, or a part of it if several pairs are side by
            side. None in a full matrix.
        keep: "table" for the states of all cells, from which `shares` reads; "ends" for the last lane of each
            anti-diagonal; None for nothing but the last anti-diagonal.

    Returns:
        `[2 + N, K, B, W]`, or `[2 + N, K, B]`, or `[K, B, W]`; in a full matrix W is one more, with the edge.
    """
    # Made from the operand, the carry varies over the same mesh axes.
    nothing = zeros_from(prepared[0][0], semiring.void.dtype)
    width = nothing.shape[-1]

    def with_edge(state: State, edge: jax.Array) -> State:
        # A sum is computed with the lanes, in one pass; a concatenation, on CPU, in another.
        if turn is None:
            return jnp.pad(state, ((0, 0), (0, 0), (1, 0))) + jnp.pad(edge[..., None], ((0, 0), (0, 0), (0, width)))
        starts = edge[..., None] * _lanes(width, turn, turn - 1).astype(state.dtype)[None, None]
        return state + starts * (semiring.start[:, None, None] - state)

    def step(carry, anti_diagonal):
        diagonal, previous = carry
        costs, edge = anti_diagonal
        vertical, horizontal = _in_lanes(previous, turn)
        state = semiring.extend(diagonal, vertical, horizontal, costs)
        end = state[..., -1]
        state = with_edge(state, edge)
        return (vertical, state), {"table": state, "ends": end, None: None}[keep]

    void = jnp.stack([nothing + v for v in semiring.void])
    start = with_edge(void, void[..., 0] if turn is None else void[..., 0] * 0)
    (_, final), kept = jax.lax.scan(step, (void, start), (prepared, edge))
    return final if keep is None else kept


def shares(semiring: Semiring, prepared: Prepared, table: State, turn: int | None = None) -> Shares:
    """The shares w of each cell's three predecessors.

    Args:
        semiring: the arithmetic.
        prepared: as for `forward`.
        table: what it returned.
        turn: as for `forward`.

    Returns:
        Of the diagonal, the vertical and the horizontal one, each `[N, B, W]`; anything finite where no path leads.
    """
    prepared, table = _as_they_are(prepared, table)
    prepared = tuple(component[2:] for component in prepared)
    diagonal, vertical, horizontal = of_predecessors(table, turn)
    return semiring.shares(diagonal, vertical, horizontal, _own(table, turn), prepared)


def reached(semiring: Semiring, table: State, turn: int | None = None) -> jax.Array:
    """Whether a path leads to each cell, `[N, B, W]`; arguments as for `shares`."""
    return jnp.isfinite(semiring.value(_own(table, turn)))


def of_predecessors(table: State, turn: int | None = None) -> list[State]:
    """What a table of `forward` or `linear` holds of each cell's three predecessors, each `[K, N, B, W]`."""
    table = table.swapaxes(0, 1)
    return _predecessors(table[:, :-2], table[:, 1:-1], turn)


def _own(table: State, turn: int | None) -> State:
    table = table.swapaxes(0, 1)[:, 2:]
    return table[..., 1:] if turn is None else table


def linear(shares: Shares, source: jax.Array, turn: int | None = None) -> jax.Array:
    """The tangent of `forward`: r = source + Σ_k w_k r_k over each cell's predecessors, the transpose of `reverse`.

    Args:
        shares: w of each cell's predecessors, `[N, B, W]`.
        source: `[N, B, W]`, ∂D.
        turn: as for `forward`.

    Returns:
        `[2 + N, 1, B, W]`, ∂R with two anti-diagonals before the first; in a full matrix W is one more, the edge of 0.
    """

    def with_edge(current: jax.Array) -> jax.Array:
        return jnp.pad(current, ((0, 0), (0, 0), (1 if turn is None else 0, 0)))

    def step(carry, anti_diagonal):
        before, previous = carry
        shares, source = anti_diagonal
        parts = (w * r[0] for w, r in zip(shares, _predecessors(before, previous, turn), strict=True))
        current = with_edge((source + sum(parts))[None])
        return (previous, current), current

    nothing = with_edge(source[:1] * 0)  # a tangent, of which only linear functions can be transposed
    found = jax.lax.scan(step, (nothing, nothing), (shares, source))[1]
    return jnp.concatenate([nothing[None], nothing[None], found])


def sent_back(semiring: Scaled, prepared: Prepared, table: State, last: jax.Array, turn: int) -> jax.Array:
    """The expected alignment of a band without the shares of all cells: `forward` mirrored, in states of its own.

    Args:
        semiring: as for `forward`.
        prepared: as for `forward`.
        table: what it returned.
        last: `[B, W]`, E on the last anti-diagonal.
        turn: as for `forward`.

    Returns:
        E, `[N, B, W]`, as `reverse` finds it.
    """
    prepared, table = _as_they_are(prepared, table)

    def step(carry, anti_diagonal):
        diagonal, previous = carry
        costs, state = anti_diagonal
        vertical = _onto_above(previous, turn)
        sent = semiring.sent(diagonal, vertical, previous, state, costs)
        return (vertical, sent), sent[0]

    start = table[-1] * 0, semiring.entered(table[-1], last)
    sent = jax.lax.scan(step, start, (prepared, table), reverse=True)[1]
    return semiring.expected(sent, table.swapaxes(0, 1), prepared)[2:]


def _as_they_are(prepared: Prepared, table: State) -> tuple[Prepared, State]:
    """The costs as they were prepared for `forward`: XLA would prepare them once more, and round them otherwise."""
    return jax.lax.optimization_barrier((prepared, table))


def reverse(shares: Shares, last: jax.Array, inflow: jax.Array | None = None, turn: int | None = None) -> jax.Array:
    """The expected alignment: from the last cell back, each cell hands on to its predecessors by their shares.

    Args:
        shares: w of each cell's predecessors, `[N, B, W]`.
        last: `[B, W]`, E on the last anti-diagonal.
        inflow: `[N, B]`, in a full matrix what enters each anti-diagonal's last lane from outside; None for nothing.
        turn: as for `forward`.

    Returns:
        E, `[N, B, W]`.
    """
    width = last.shape[-1]

    def step(carry, anti_diagonal):
        here, partial = carry
        (diagonal, vertical, horizontal), flow = anti_diagonal
        before = _onto_above(here * vertical, turn) + here * horizontal + partial
        if flow is not None:
            before += jnp.pad(flow[:, None], ((0, 0), (width - 1, 0)))
        return (before, _onto_above(here * diagonal, turn)), here

    # What enters an anti-diagonal is added when the one after it is left.
    later = None if inflow is None else jnp.pad(inflow[:-1], ((1, 0), (0, 0)))
    start = last + zeros_from(shares[0][0]), zeros_from(shares[0][0])
    return jax.lax.scan(step, start, (shares, later), reverse=True)[1]


def _in_lanes(previous: State, turn: int | None) -> tuple[State, State]:
    return (previous[..., :-1], previous[..., 1:]) if turn is None else (_above(previous, turn), previous)


def _predecessors(before: State, previous: State, turn: int | None) -> list[State]:
    """Held against each cell: its diagonal, vertical and horizontal predecessor."""
    if turn is None:
        return [before[..., :-1], previous[..., :-1], previous[..., 1:]]
    return [_above(before, turn), _above(previous, turn), previous]


def _above(lanes: jax.Array, turn: int) -> jax.Array:
    """Held against each lane of a band: the one before it, which before a turn's first is its last."""
    ends = [(0, 0)] * (lanes.ndim - 1)
    width = lanes.shape[-1]
    before, last = jnp.pad(lanes, [*ends, (1, 0)])[..., :width], jnp.pad(lanes, [*ends, (0, turn - 1)])[..., turn - 1 :]
    return jnp.where(jnp.broadcast_to(_lanes(width, turn, 0), lanes.shape), last, before)


def _onto_above(flow: jax.Array, turn: int | None) -> jax.Array:
    """The transpose of `_above`; in a full matrix what leaves the first lane is lost."""
    width = flow.shape[-1]
    ends = [(0, 0)] * (flow.ndim - 1)
    after = jnp.pad(flow, [*ends, (0, 1)])[..., 1:]
    if turn is None:
        return after
    first = jnp.pad(flow, [*ends, (turn - 1, 0)])[..., :width]
    return jnp.where(jnp.broadcast_to(_lanes(width, turn, turn - 1), flow.shape), first, after)


def _lanes(width: int, turn: int, which: int) -> jax.Array:
    """Whether each lane is the one of that number in its turn."""
    return jax.lax.iota(jnp.int32, width) % turn == which
