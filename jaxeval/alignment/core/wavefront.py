"""The Soft-DTW recursion, run over the anti-diagonals of cost matrices, and its linear counterpart in reverse.

    R_ij = D_ij + min_γ(R_{i−1,j−1}, R_{i−1,j}, R_{i,j−1}),    min_γ(a) = −γ log Σ_k exp(−a_k / γ)
    E_ij = E_{i+1,j+1} w^d_{i+1,j+1} + E_{i+1,j} w^v_{i+1,j} + E_{i,j+1} w^h_{i,j+1}

w are the transition weights, the shares of the three predecessors in min_γ. Cells of one anti-diagonal depend on the
two before it only, so each is one vector operation. Anti-diagonals are rows of `W` lanes, a lane for each cell, of B
pairs at once. In a full matrix lane i is row i, so that the predecessor in the row above is one lane lower. In a band a
row keeps its lane too, and lanes are used again: row i has lane i modulo the lane period, one more than the band is
wide.

References:
    Cuturi and Blondel, Soft-DTW: a differentiable loss function for time-series, 2017.
    Mensch and Blondel, Differentiable dynamic programming for structured prediction and attention, 2018.
"""

import jax
import jax.numpy as jnp

from jaxeval.alignment.core.arithmetic import Arithmetic, Prepared, Scaled, State, TransitionWeights, zeros_from


def forward(
    arithmetic: Arithmetic,
    prepared: Prepared,
    boundary: jax.Array,
    lane_period: int | None = None,
    *,
    keep: str | None = None,
) -> State:
    """Run the recursion over all anti-diagonals.

    Args:
        arithmetic: the arithmetic.
        prepared: what it made of the costs, arrays `[2 + N, B, W]`; the first two anti-diagonals are empty (forbidden).
        boundary: `[2 + N, K, B]`, in a full matrix the state beside each anti-diagonal's first lane, in the row above;
            in a band 1 where each period's last lane is a start, else 0.
        lane_period: in a band, after how many lanes they are used again: W, or a part of it if several pairs are side
            by side. None in a full matrix.
        keep: "table" for the states of all cells, from which `transition_weights` reads; "ends" for the last lane of
            each anti-diagonal; None for nothing but the last anti-diagonal.

    Returns:
        `[2 + N, K, B, W]`, or `[2 + N, K, B]`, or `[K, B, W]`; in a full matrix W is one more, the boundary first.
    """
    # Made from the operand, the carry varies over the same mesh axes.
    nothing = zeros_from(prepared[0][0], arithmetic.void.dtype)  # [B, W]
    width = nothing.shape[-1]

    def with_boundary(state: State, boundary: jax.Array) -> State:
        # A sum is computed with the lanes, in one pass; a concatenation, on CPU, in another.
        if lane_period is None:
            return jnp.pad(state, ((0, 0), (0, 0), (1, 0))) + jnp.pad(boundary[..., None], ((0, 0), (0, 0), (0, width)))
        starts = boundary[..., None] * _lanes(width, lane_period, lane_period - 1).astype(state.dtype)[None, None]
        return state + starts * (arithmetic.start[:, None, None] - state)

    def step(carry, anti_diagonal):
        diagonal, previous = carry  # [K, B, W] each; in a full matrix `previous` has W + 1 lanes
        costs, boundary = anti_diagonal  # [B, W] each component, [K, B]
        vertical, horizontal = _in_lanes(previous, lane_period)
        state = arithmetic.extend(diagonal, vertical, horizontal, costs)
        end = state[..., -1]  # [K, B]
        state = with_boundary(state, boundary)
        return (vertical, state), {"table": state, "ends": end, None: None}[keep]

    void = jnp.stack([nothing + v for v in arithmetic.void])  # [K, B, W]
    start = with_boundary(void, void[..., 0] if lane_period is None else void[..., 0] * 0)
    (_, final), kept = jax.lax.scan(step, (void, start), (prepared, boundary))
    return final if keep is None else kept


def transition_weights(
    arithmetic: Arithmetic, prepared: Prepared, table: State, lane_period: int | None = None
) -> TransitionWeights:
    """The weights w of each cell's three predecessors.

    Args:
        arithmetic: the arithmetic.
        prepared: as for `forward`.
        table: what it returned.
        lane_period: as for `forward`.

    Returns:
        Of the diagonal, the vertical and the horizontal one, each `[N, B, W]`; anything finite where no path leads.
    """
    prepared, table = _as_they_are(prepared, table)
    prepared = tuple(component[2:] for component in prepared)
    diagonal, vertical, horizontal = of_predecessors(table, lane_period)
    return arithmetic.transition_weights(diagonal, vertical, horizontal, _own(table, lane_period), prepared)


def reached(arithmetic: Arithmetic, table: State, lane_period: int | None = None) -> jax.Array:
    """Whether a path leads to each cell.

    Args:
        arithmetic: as for `forward`.
        table: what it returned.
        lane_period: as for `forward`.

    Returns:
        `[N, B, W]` booleans.
    """
    return jnp.isfinite(arithmetic.value(_own(table, lane_period)))


def of_predecessors(table: State, lane_period: int | None = None) -> list[State]:
    """What a table holds of each cell's three predecessors.

    Args:
        table: as `forward` or `linear` returns it.
        lane_period: as for `forward`.

    Returns:
        Of the diagonal, the vertical and the horizontal one, each `[K, N, B, W]`.
    """
    table = table.swapaxes(0, 1)  # [K, 2 + N, B, W]
    return _predecessors(table[:, :-2], table[:, 1:-1], lane_period)


def _own(table: State, lane_period: int | None) -> State:
    table = table.swapaxes(0, 1)[:, 2:]  # [K, N, B, W]
    return table[..., 1:] if lane_period is None else table


def linear(transition_weights: TransitionWeights, source: jax.Array, lane_period: int | None = None) -> jax.Array:
    """The tangent of `forward`: r = source + Σ_k w_k r_k over each cell's predecessors, the transpose of `reverse`.

    Args:
        transition_weights: w of each cell's predecessors, `[N, B, W]`.
        source: `[N, B, W]`, ∂D.
        lane_period: as for `forward`.

    Returns:
        `[2 + N, 1, B, W]`, ∂R with two anti-diagonals before the first; in a full matrix W is one more, a boundary.
    """

    def with_boundary(current: jax.Array) -> jax.Array:
        return jnp.pad(current, ((0, 0), (0, 0), (1 if lane_period is None else 0, 0)))

    def step(carry, anti_diagonal):
        before, previous = carry  # [1, B, W] each
        transition_weights, source = anti_diagonal  # [B, W] each
        parts = (
            w * r[0] for w, r in zip(transition_weights, _predecessors(before, previous, lane_period), strict=True)
        )
        current = with_boundary((source + sum(parts))[None])
        return (previous, current), current

    nothing = with_boundary(source[:1] * 0)  # a tangent, of which only linear functions can be transposed
    tangents = jax.lax.scan(step, (nothing, nothing), (transition_weights, source))[1]  # [N, 1, B, W]
    return jnp.concatenate([nothing[None], nothing[None], tangents])


def sent_back(arithmetic: Scaled, prepared: Prepared, table: State, last: jax.Array, lane_period: int) -> jax.Array:
    """The expected alignment of a band without the weights of all cells: `forward` mirrored, in states of its own.

    Args:
        arithmetic: as for `forward`.
        prepared: as for `forward`.
        table: what it returned.
        last: `[B, W]`, E on the last anti-diagonal.
        lane_period: as for `forward`.

    Returns:
        E, `[N, B, W]`, as `reverse` finds it.
    """
    prepared, table = _as_they_are(prepared, table)

    def step(carry, anti_diagonal):
        diagonal, previous = carry  # [K, B, W] each
        costs, state = anti_diagonal  # [B, W] each component, [K, B, W]
        vertical = _onto_above(previous, lane_period)
        sent = arithmetic.sent(diagonal, vertical, previous, state, costs)
        return (vertical, sent), sent[0]

    start = table[-1] * 0, arithmetic.entered(table[-1], last)
    sent = jax.lax.scan(step, start, (prepared, table), reverse=True)[1]  # [2 + N, B, W]
    return arithmetic.expected(sent, table.swapaxes(0, 1), prepared)[2:]


def _as_they_are(prepared: Prepared, table: State) -> tuple[Prepared, State]:
    """The costs as they were prepared for `forward`: XLA would prepare them once more, and round them otherwise."""
    return jax.lax.optimization_barrier((prepared, table))


def reverse(
    transition_weights: TransitionWeights,
    last: jax.Array,
    inflow: jax.Array | None = None,
    lane_period: int | None = None,
) -> jax.Array:
    """The expected alignment: from the last cell back, each cell hands its E on to its predecessors by their weights.

    Args:
        transition_weights: w of each cell's predecessors, `[N, B, W]`.
        last: `[B, W]`, E on the last anti-diagonal.
        inflow: `[N, B]`, in a full matrix what enters each anti-diagonal's last lane from outside; None for nothing.
        lane_period: as for `forward`.

    Returns:
        E, `[N, B, W]`.
    """
    width = last.shape[-1]

    def step(carry, anti_diagonal):
        here, partial = carry  # [B, W] each: E of this anti-diagonal, and what the one before it has so far
        (diagonal, vertical, horizontal), flow = anti_diagonal  # [B, W] each, [B]
        before = _onto_above(here * vertical, lane_period) + here * horizontal + partial
        if flow is not None:
            before += jnp.pad(flow[:, None], ((0, 0), (width - 1, 0)))
        return (before, _onto_above(here * diagonal, lane_period)), here

    # What enters an anti-diagonal is added when the one after it is left.
    later = None if inflow is None else jnp.pad(inflow[:-1], ((1, 0), (0, 0)))
    start = last + zeros_from(transition_weights[0][0]), zeros_from(transition_weights[0][0])
    return jax.lax.scan(step, start, (transition_weights, later), reverse=True)[1]


def _in_lanes(previous: State, lane_period: int | None) -> tuple[State, State]:
    return (previous[..., :-1], previous[..., 1:]) if lane_period is None else (_above(previous, lane_period), previous)


def _predecessors(before: State, previous: State, lane_period: int | None) -> list[State]:
    """Held against each cell: its diagonal, vertical and horizontal predecessor."""
    if lane_period is None:
        return [before[..., :-1], previous[..., :-1], previous[..., 1:]]
    return [_above(before, lane_period), _above(previous, lane_period), previous]


def _above(lanes: jax.Array, lane_period: int) -> jax.Array:
    """Held against each lane of a band: the one before it, which before a period's first is its last."""
    ends = [(0, 0)] * (lanes.ndim - 1)
    width = lanes.shape[-1]
    before, last = (
        jnp.pad(lanes, [*ends, (1, 0)])[..., :width],
        jnp.pad(lanes, [*ends, (0, lane_period - 1)])[..., lane_period - 1 :],
    )
    return jnp.where(jnp.broadcast_to(_lanes(width, lane_period, 0), lanes.shape), last, before)


def _onto_above(flow: jax.Array, lane_period: int | None) -> jax.Array:
    """The transpose of `_above`; in a full matrix what leaves the first lane is lost."""
    width = flow.shape[-1]
    ends = [(0, 0)] * (flow.ndim - 1)
    after = jnp.pad(flow, [*ends, (0, 1)])[..., 1:]
    if lane_period is None:
        return after
    first = jnp.pad(flow, [*ends, (lane_period - 1, 0)])[..., :width]
    return jnp.where(jnp.broadcast_to(_lanes(width, lane_period, lane_period - 1), flow.shape), first, after)


def _lanes(width: int, lane_period: int, which: int) -> jax.Array:
    """Whether each lane is the one of that number in its period."""
    return jax.lax.iota(jnp.int32, width) % lane_period == which
