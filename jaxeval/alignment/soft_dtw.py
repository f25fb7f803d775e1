"""Soft-DTW of a cost matrix: its value, and the alignment that is its gradient."""

from functools import partial
from typing import NamedTuple

import jax

from jaxeval.alignment.checks import Lengths, Scalar, checked_cost, checked_gamma, checked_lengths
from jaxeval.alignment.core.band import Pair
from jaxeval.alignment.core.derivatives import value, value_and_alignment
from jaxeval.alignment.core.solve import Layout
from jaxeval.alignment.edge import NUMBERS, edge


@edge(cost=NUMBERS)
def soft_dtw(
    cost: jax.Array, *, gamma: Scalar = 0.01, lengths: Lengths | None = None, band: float | None = None
) -> jax.Array:
    """Soft-DTW: the soft minimum, over all monotone paths π, of the cost summed along the path.

        sdtw_γ(D) = −γ log Σ_π exp(−Σ_{(i,j)∈π} D_ij / γ)

    A path leads from (0, 0) to (t − 1, s − 1) by steps (1, 1), (1, 0) and (0, 1). The value is differentiable any
    number of times, forward and backward, with respect to `cost` and `gamma`; batch it with `jax.vmap`.

    Args:
        cost: `[T, S]` real numbers whose sum along a path stays below 5e29; +inf forbids a cell. Float32 or float64;
            narrower types are widened. However large the costs are against γ, no digit is lost.
        gamma: smoothing, at least 0, in the cost's unit; static or traced. 0 is exact DTW.
        lengths: (t, s), numbers of valid leading rows and columns; Python ints or traced. What lies beyond them may be
            anything, NaN included. None for (T, S).
        band: half-width of the Sakoe-Chiba band in frames of the longer trajectory, static; None for no band. Only the
            band's cells are worked through. See `jaxeval.alignment.core.band.in_band`.

    Returns:
        Scalar. +inf, with a gradient of 0, if no path of finite cost exists. NaN if a cost is NaN or −inf, for traced
        arguments out of range, and if the band leads no path through traced lengths.

    Raises:
        ValueError: for a matrix that isn't one, static lengths out of range, static gamma or band below 0, and for a
            band through which no path of these static lengths leads.

    References:
        Cuturi and Blondel, Soft-DTW: a differentiable loss function for time-series, ICML 2017.

    Example:
        >>> import jax.numpy as jnp
        >>> cost = jnp.array([[0.0, 1.0], [1.0, 0.0]])
        >>> print(f"{soft_dtw(cost, gamma=1.0):.4f}")  # -log(1 + 2 exp(-1))
        -0.5514
    """
    return value_of(of_matrix(cost, lengths, band), gamma)


@edge(cost=NUMBERS)
def soft_dtw_alignment(
    cost: jax.Array, *, gamma: Scalar = 0.01, lengths: Lengths | None = None, band: float | None = None
) -> jax.Array:
    """The expected alignment: the probability that the path passes each cell.

        E_ij = ∂ sdtw_γ(D) / ∂D_ij = Σ_{π∋(i,j)} exp(−⟨π, D⟩ / γ) / Σ_π exp(−⟨π, D⟩ / γ)

    Args:
        cost: as for `soft_dtw`.
        gamma: as for `soft_dtw`; for 0 predecessors of equal cost share the path equally.
        lengths: as for `soft_dtw`.
        band: as for `soft_dtw`.

    Returns:
        `[T, S]` in [0, 1]; exactly 0 in padding and outside the band; NaN where the value is.

    Raises:
        ValueError: as `soft_dtw`.

    References:
        Cuturi and Blondel, Soft-DTW: a differentiable loss function for time-series, ICML 2017.

    Example:
        >>> import jax.numpy as jnp
        >>> cost = jnp.array([[0.0, 1.0], [1.0, 0.0]])
        >>> print(f"{soft_dtw_alignment(cost, gamma=1.0)[0, 1]:.4f}")  # exp(-1) / (1 + 2 exp(-1))
        0.2119
    """
    return soft_dtw_value_and_alignment(cost, gamma=gamma, lengths=lengths, band=band)[1]


@edge(cost=NUMBERS)
def soft_dtw_value_and_alignment(
    cost: jax.Array, *, gamma: Scalar = 0.01, lengths: Lengths | None = None, band: float | None = None
) -> tuple[jax.Array, jax.Array]:
    """`soft_dtw` and `soft_dtw_alignment` from one run of the recursion.

    Args:
        cost: as for `soft_dtw`.
        gamma: as for `soft_dtw`.
        lengths: as for `soft_dtw`.
        band: as for `soft_dtw`.

    Returns:
        value, scalar, and alignment, `[T, S]`.

    Raises:
        ValueError: as `soft_dtw`.

    Example:
        >>> import jax.numpy as jnp
        >>> value, alignment = soft_dtw_value_and_alignment(jnp.eye(3))
        >>> value.shape, alignment.shape
        ((), (3, 3))
    """
    return value_and_alignment_of(of_matrix(cost, lengths, band), gamma)


class Costs(NamedTuple):
    """A pair's checked costs.

    Attributes:
        values: as the layout says.
        lengths: (t, s), int32 scalars; None for the layout's shape.
        layout: a matrix, or a band by anti-diagonals.
    """

    values: jax.Array
    lengths: Pair | None
    layout: Layout


def of_matrix(cost: jax.Array, lengths: Lengths | None = None, band: float | None = None) -> Costs:
    """A cost matrix with its lengths and band, checked.

    Args:
        cost: as for `soft_dtw`.
        lengths: as for `soft_dtw`.
        band: as for `soft_dtw`.

    Returns:
        The costs and their layout.

    Raises:
        ValueError: as `soft_dtw`.

    Example:
        >>> import jax.numpy as jnp
        >>> of_matrix(jnp.ones((3, 4)), band=10).layout
        Layout(shape=(3, 4), band=None, by_diagonals=False)
    """
    cost = checked_cost(cost)
    traced = checked_lengths(lengths, cost.shape, band)
    shape = (cost.shape[0], cost.shape[1])
    return Costs(cost, None if lengths is None else traced, Layout(shape, narrowed(shape, band)))


def narrowed(shape: tuple[int, int], band: float | None) -> float | None:
    """The band, or None if it holds every cell.

    Args:
        shape: T and S.
        band: half-width of the band; None for none.

    Returns:
        The half-width.

    Example:
        >>> narrowed((5, 7), 6.0), narrowed((5, 7), 5.5)
        (None, 5.5)
    """
    return None if band is None or band >= max(shape) - 1 else float(band)


def value_of(costs: Costs, gamma: Scalar) -> jax.Array:
    """`soft_dtw` of checked costs.

    Args:
        costs: of one pair.
        gamma: as for `soft_dtw`.

    Returns:
        Scalar.
    """
    return _value(costs.values, checked_gamma(gamma, costs.values.dtype), costs.lengths, costs.layout)


def value_and_alignment_of(costs: Costs, gamma: Scalar) -> tuple[jax.Array, jax.Array]:
    """`soft_dtw` and `soft_dtw_alignment` of checked costs.

    Args:
        costs: of one pair.
        gamma: as for `soft_dtw`.

    Returns:
        value, scalar, and alignment, in the costs' layout.
    """
    return _value_and_alignment(costs.values, checked_gamma(gamma, costs.values.dtype), costs.lengths, costs.layout)


# Jitted here, since an eager scan would be compiled anew at every call.
_value = partial(jax.jit, static_argnums=3)(value)
_value_and_alignment = partial(jax.jit, static_argnums=3)(value_and_alignment)
