"""Soft-DTW's value and alignment with their derivatives, of every order, with respect to the costs and γ.

    ∂R_last = Σ_ij E_ij ∂D_ij + ∂γ Σ_ij E_ij h_ij,                     h_ij = Σ_k w_ijk log w_ijk
    ∂w_k = −w_k/γ · (u_k − Σ_l w_l u_l),                               u_k = ∂R_k + ∂γ log w_k
    ∂R_ij = ∂D_ij + ∂γ h_ij + Σ_k w_ijk ∂R_k

w are the transition weights, the shares of a cell's three predecessors in its soft minimum, and E is linear in them
cell by cell. Nothing here is a difference of values over γ, which would cancel. The first derivative with respect to
the costs takes the reverse sweep that gives E; only what goes beyond computes the weights of all cells at once.
"""

from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero

from jaxeval.alignment.core import banded, full
from jaxeval.alignment.core.arithmetic import Scaled, Summed, TransitionWeights
from jaxeval.alignment.core.band import Pair, batched_lengths
from jaxeval.alignment.core.solve import Layout, largest_size, solver
from jaxeval.alignment.core.vmap import of_pairs
from jaxeval.alignment.core.wavefront import forward, linear, of_predecessors, reached, reverse, transition_weights


@partial(jax.custom_jvp, nondiff_argnums=(3,))
def value(cost: jax.Array, gamma: jax.Array, lengths: Pair | None, layout: Layout) -> jax.Array:
    """Soft-DTW of one pair.

    Args:
        cost: as the layout says.
        gamma: scalar.
        lengths: t and s, integer scalars; None for the layout's shape.
        layout: how the costs are given.

    Returns:
        Scalar.
    """
    return solver(layout, aligned=False)(cost, gamma, lengths)


@partial(value.defjvp, symbolic_zeros=True)
def _(layout, primals, tangents):
    result, alignment = value_and_alignment(*primals, layout)
    return result, _value_dot(alignment, primals, tangents, layout)


@partial(jax.custom_jvp, nondiff_argnums=(3,))
def value_and_alignment(
    cost: jax.Array, gamma: jax.Array, lengths: Pair | None, layout: Layout
) -> tuple[jax.Array, jax.Array]:
    """Soft-DTW of one pair, and its expected alignment.

    Args:
        cost: as for `value`.
        gamma: as for `value`.
        lengths: as for `value`.
        layout: as for `value`.

    Returns:
        Scalar, and E of the costs' shape.
    """
    return solver(layout, aligned=True)(cost, gamma, lengths)


@partial(value_and_alignment.defjvp, symbolic_zeros=True)
def _(layout, primals, tangents):
    cost, gamma, lengths = primals
    result, alignment = value_and_alignment(*primals, layout)
    result_dot = _value_dot(alignment, primals, tangents, layout)

    def aligned(cost, gamma):
        return _from_cells(_alignment(transitions(cost, gamma, lengths, layout), lengths, layout), lengths, layout)

    dots = tuple(
        jnp.zeros_like(x) if isinstance(dot, SymbolicZero) else dot
        for x, dot in zip(primals[:2], tangents[:2], strict=True)
    )
    return (result, alignment), (result_dot, jax.jvp(aligned, (cost, gamma), dots)[1])


def _value_dot(alignment, primals, tangents, layout):
    cost_dot, gamma_dot, _ = tangents
    total = jnp.zeros_like(primals[1])
    if not isinstance(cost_dot, SymbolicZero):
        # Where no path leads the tangent may be anything.
        total += (alignment * jnp.where(alignment == 0, 0, cost_dot)).sum()
    if not isinstance(gamma_dot, SymbolicZero):
        cost, gamma, lengths = primals
        total += _slope(cost, gamma, lengths, layout) * gamma_dot
    return total


def _slope(cost: jax.Array, gamma: jax.Array, lengths: Pair | None, layout: Layout) -> jax.Array:
    """∂R_last / ∂γ, 0 at γ = 0."""
    found = transitions(cost, gamma, lengths, layout)
    slope = (_alignment(found, lengths, layout) * _negative_entropy(found)).sum()
    return jnp.where(gamma > 0, slope, 0)


@partial(jax.custom_jvp, nondiff_argnums=(3,))
def transitions(cost: jax.Array, gamma: jax.Array, lengths: Pair | None, layout: Layout) -> TransitionWeights:
    """The transition weights of all cells, differentiable.

    Args:
        cost: as for `value`.
        gamma: as for `value`.
        lengths: as for `value`.
        layout: as for `value`.

    Returns:
        Of the diagonal, the vertical and the horizontal predecessor, by anti-diagonals, each `[N, W]`.
    """
    return _solver(layout)(cost, gamma, lengths)


@transitions.defjvp
def _(layout, primals, tangents):
    cost, gamma, lengths = primals
    cost_dot, gamma_dot, _ = tangents
    found = transitions(cost, gamma, lengths, layout)
    source = _to_cells(cost_dot, lengths, layout) + gamma_dot * _negative_entropy(found)  # [N, W]
    lane_period = None if layout.band is None else source.shape[1]
    flat = found[0][:, None], found[1][:, None], found[2][:, None]  # [N, 1, W]: a batch of one pair
    before = [r[0] for r in of_predecessors(linear(flat, source[:, None], lane_period), lane_period)]
    soft = gamma > 0
    rate = jnp.where(soft, -1 / jnp.where(soft, gamma, 1), 0)
    moves = [r[:, 0] + gamma_dot * _log(w) for w, r in zip(found, before, strict=True)]
    mean = sum(w * u for w, u in zip(found, moves, strict=True))
    return found, tuple(rate * w * (u - mean) for w, u in zip(found, moves, strict=True))


def _log(share: jax.Array) -> jax.Array:
    return jnp.where(share > 0, jnp.log(jnp.where(share > 0, share, 1)), 0)


def _negative_entropy(transition_weights: TransitionWeights) -> jax.Array:
    """Σ_k w_k log w_k, whose digits a log of the largest share, near 1, would lose."""
    stacked = jnp.stack(transition_weights)  # [3, N, W]
    is_largest = jnp.arange(3)[:, None, None] == stacked.argmax(axis=0)[None]
    others = jnp.where(is_largest, 0, stacked)
    rest = others.sum(axis=0)
    largest = jnp.where(is_largest, stacked, 0).sum(axis=0)
    return sum(w * _log(w) for w in others) + largest * jnp.log1p(-jnp.minimum(rest, 0.75))


@lru_cache
def _solver(layout: Layout) -> Any:
    def of_batch(cost, gamma, lengths):
        if layout.band is None:
            if lengths is not None:
                cost = full.extend_to_corner(cost, lengths, (layout.shape[0] + 1, layout.shape[1] + 1))
            laid_out: Any = partial(full.laid_out_whole, cost=cost)
        else:
            lengths = batched_lengths(lengths, layout.shape)
            if not layout.by_diagonals:
                cost = banded.from_matrix(cost, lengths, layout.half_width)
            where = banded.cells(layout.shape, lengths, layout.half_width)
            laid_out = partial(banded.laid_out, cost=cost, where=where)

        def run(arithmetic_type):
            arithmetic = arithmetic_type(gamma)
            prepared, boundary, lane_period = laid_out(arithmetic)
            table = forward(arithmetic, prepared, boundary, lane_period, keep="table")
            leads = reached(arithmetic, table, lane_period)
            found = (jnp.where(leads, w, 0) for w in transition_weights(arithmetic, prepared, table, lane_period))
            return tuple(w.reshape(w.shape[0], cost.shape[0], -1).swapaxes(0, 1) for w in found)  # [B, N, W]

        fits = Scaled(gamma).fits(sum(layout.shape) + 1, largest_size(cost)).all()
        return jax.lax.cond(fits, lambda: run(Scaled), lambda: run(Summed))

    return of_pairs(of_batch)


def _alignment(transition_weights: TransitionWeights, lengths: Pair | None, layout: Layout) -> jax.Array:
    """E by anti-diagonals, `[N, W]`."""
    width = transition_weights[0].shape[1]
    flat = transition_weights[0][:, None], transition_weights[1][:, None], transition_weights[2][:, None]  # [N, 1, W]
    if layout.band is None:
        return reverse(flat, jax.nn.one_hot(jnp.array([width - 1]), width, dtype=flat[0].dtype))[:, 0]
    where = banded.cells(layout.shape, batched_lengths(lengths, layout.shape), layout.half_width)
    return reverse(flat, jnp.asarray(where.way_out[-1]).astype(flat[0].dtype), lane_period=width)[:, 0]


def _to_cells(cost: jax.Array, lengths: Pair | None, layout: Layout) -> jax.Array:
    """Costs by anti-diagonals, `[N, W]`, 0 where no path may lead; linear."""
    if layout.band is not None:
        lengths = batched_lengths(lengths, layout.shape)
        cost = cost[None] if layout.by_diagonals else banded.from_matrix(cost[None], lengths, layout.half_width)
        return jnp.where(banded.cells(layout.shape, lengths, layout.half_width).inside[:, 0], cost[0], 0)
    if lengths is not None:
        cost = jnp.pad(jnp.where(_within(lengths, layout.shape), cost, 0), ((0, 1), (0, 1)))
    return full.skew(cost[None], 0)[:, 0]


def _from_cells(cells: jax.Array, lengths: Pair | None, layout: Layout) -> jax.Array:
    """The transpose of `_to_cells`."""
    if layout.band is not None:
        lengths = batched_lengths(lengths, layout.shape)
        cells = jnp.where(banded.cells(layout.shape, lengths, layout.half_width).inside[:, 0], cells, 0)
        return (
            cells if layout.by_diagonals else banded.to_matrix(cells[None], layout.shape, lengths, layout.half_width)[0]
        )
    cost = full.unskew(cells[:, None])[0]
    if lengths is not None:
        cost = jnp.where(_within(lengths, layout.shape), cost[:-1, :-1], 0)
    return cost


def _within(lengths: Pair, shape: tuple[int, int]) -> jax.Array:
    rows, columns = (jax.lax.broadcasted_iota(jnp.int32, shape, axis) for axis in (0, 1))
    return (rows < lengths[0]) & (columns < lengths[1])
