"""Soft-DTW's relatives: what else an expected alignment tells of the costs."""

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import Lengths, Scalar, checked_cost
from jaxeval.alignment.core.arithmetic import UNREACHABLE
from jaxeval.alignment.edge import NUMBERS, edge
from jaxeval.alignment.soft_dtw import soft_dtw_value_and_alignment


@edge(cost=NUMBERS)
def sharp_soft_dtw(
    cost: jax.Array, *, gamma: Scalar = 0.01, lengths: Lengths | None = None, band: float | None = None
) -> jax.Array:
    """Sharp Soft-DTW: the cost that Soft-DTW's paths have on average, without its entropy.

        sharp_γ(D) = ⟨E_γ, D⟩ = sdtw_γ(D) − γ ∂sdtw_γ(D)/∂γ

    At least `dtw` and never negative for costs that aren't.

    Args:
        cost: as for `soft_dtw`.
        gamma: as for `soft_dtw`.
        lengths: as for `soft_dtw`.
        band: as for `soft_dtw`.

    Returns:
        Scalar, in the cost's unit; +inf and NaN as `soft_dtw`.

    Raises:
        ValueError: as `soft_dtw`.

    References:
        Blondel, Mensch and Vert, Differentiable divergences between time series, AISTATS 2021.

    Example:
        >>> cost = jnp.array([[0.0, 1.0], [1.0, 0.0]])
        >>> print(f"{sharp_soft_dtw(cost, gamma=1.0):.4f}")  # 2 exp(-1) / (1 + 2 exp(-1))
        0.4239
    """
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=gamma, lengths=lengths, band=band)
    return _along(alignment, cost, value)


@edge(cost=NUMBERS)
def mean_cost(cost: jax.Array, *, lengths: Lengths | None = None, band: float | None = None) -> jax.Array:
    """The mean cost of all paths: sharp Soft-DTW for γ → ∞.

        mean(D) = ⟨E_∞, D⟩, E_∞ = the share of all paths that pass each cell

    Args:
        cost: as for `soft_dtw`; paths through a cell of +inf don't count.
        lengths: as for `soft_dtw`.
        band: as for `soft_dtw`.

    Returns:
        Scalar, in the cost's unit; +inf and NaN as `soft_dtw`.

    Raises:
        ValueError: as `soft_dtw`.

    References:
        Blondel, Mensch and Vert, Differentiable divergences between time series, AISTATS 2021.

    Example:
        >>> print(mean_cost(jnp.array([[0.0, 3.0], [6.0, 0.0]])))  # of the paths' costs 0, 3 and 6
        3.0
    """
    cost = checked_cost(cost)
    number = jax.lax.stop_gradient(cost)
    equal = jnp.where(number >= UNREACHABLE, jnp.inf, jnp.where(jnp.isfinite(number), 0, number))
    value, alignment = soft_dtw_value_and_alignment(equal, gamma=1.0, lengths=lengths, band=band)
    return _along(alignment, cost, value)


@edge(cost=NUMBERS)
def normalized_soft_dtw(
    cost: jax.Array, *, gamma: Scalar = 0.01, lengths: Lengths | None = None, band: float | None = None
) -> jax.Array:
    """Soft-DTW over the expected length of the path: a mean cost per cell, whatever the number of cells.

        sdtw_γ(D) / Σ_ts E_ts

    A path has from max(t, s) to t + s − 1 cells: over max(t, s), a detour would count by its costs and by its cells.

    Args:
        cost: as for `soft_dtw`.
        gamma: as for `soft_dtw`.
        lengths: as for `soft_dtw`.
        band: as for `soft_dtw`.

    Returns:
        Scalar, in the cost's unit; +inf and NaN as `soft_dtw`.

    Raises:
        ValueError: as `soft_dtw`.

    Example:
        >>> print(normalized_soft_dtw(jnp.ones((4, 9)), gamma=0.0))
        1.0
    """
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=gamma, lengths=lengths, band=band)
    count = alignment.sum()
    return value / jnp.where(count == 0, 1, count)


def _along(alignment: jax.Array, cost: jax.Array, value: jax.Array) -> jax.Array:
    # Where no path leads the cost may be anything. The value tells what isn't finite.
    cost = checked_cost(cost)
    total = (alignment * jnp.where(alignment == 0, 0, cost)).sum()
    return jnp.where(jnp.isfinite(value), total, value)
