"""The Soft-DTW divergence: Soft-DTW without its entropic bias."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.band_costs import Distance, band_costs, fill_padding
from jaxeval.alignment.checks import Lengths, Scalar, checked_cost, checked_lengths
from jaxeval.alignment.core.solve import Layout
from jaxeval.alignment.distances import squared_euclidean
from jaxeval.alignment.edge import FLOATS, NUMBERS, edge
from jaxeval.alignment.soft_dtw import Costs, narrowed, of_matrix, value_of


@edge(x=FLOATS, y=FLOATS)
def soft_dtw_divergence(
    x: jax.Array,
    y: jax.Array,
    *,
    distance: Distance = squared_euclidean,
    gamma: Scalar = 0.01,
    lengths: Lengths | None = None,
    band: float | None = None,
) -> jax.Array:
    """Soft-DTW of a pair, less what each trajectory scores against itself.

        div_γ(x, y) = sdtw_γ(x, y) − ½ sdtw_γ(x, x) − ½ sdtw_γ(y, y)

    Exactly 0 for identical trajectories, where Soft-DTW itself is negative by an amount that depends on their length.

    Args:
        x: `[T, ...]` trajectory, in whatever form `distance` takes.
        y: `[S, ...]` trajectory.
        distance: (x, y) -> `[T, S]` costs, symmetric: distance(y, x) is its transpose.
        gamma: smoothing, at least 0, in the cost's unit; static or traced.
        lengths: (t, s), numbers of valid leading frames; Python ints or traced. None for (T, S).
        band: half-width of the Sakoe-Chiba band in frames of the longer trajectory, static; None for no band. With one,
            only the costs inside are computed: time and memory are O((T + S) · band).

    Returns:
        Scalar, in the cost's unit, summed along the path and not divided by a length.

    Raises:
        ValueError: as `soft_dtw`.

    References:
        Blondel, Mensch and Vert, Differentiable divergences between time series, AISTATS 2021.

    Example:
        >>> x = jnp.array([[0.0], [1.0], [2.0]])
        >>> print(soft_dtw_divergence(x, x, gamma=1.0))
        0.0
    """
    return divergence_of(pair_costs(distance, x, y, lengths=lengths, band=band), gamma)


class PairCosts(NamedTuple):
    """The three costs of a divergence.

    Attributes:
        xy: between x and y.
        xx: between x and itself.
        yy: between y and itself.
    """

    xy: Costs
    xx: Costs
    yy: Costs


def pair_costs(
    distance: Distance, x: jax.Array, y: jax.Array, *, lengths: Lengths | None = None, band: float | None = None
) -> PairCosts:
    """The costs of a divergence, within a band those inside it only; whatever the padding holds.

    Args:
        distance: (x, y) -> `[T, S]` costs.
        x: `[T, ...]` trajectory.
        y: `[S, ...]` trajectory.
        lengths: (t, s), numbers of valid leading frames; None for (T, S).
        band: half-width of the band; None for none.

    Returns:
        Costs with their layouts.

    Raises:
        ValueError: as `soft_dtw`.

    Example:
        >>> costs = pair_costs(squared_euclidean, jnp.ones((9, 1)), jnp.zeros((9, 1)), band=2)
        >>> costs.xy.values.shape, costs.xy.layout.by_diagonals
        ((19, 4), True)
    """
    shape = (len(x), len(y))
    traced = checked_lengths(lengths, shape, band)
    x, y = fill_padding(x, y, lengths)

    def costs(i: int, j: int) -> Costs:
        of = (x, y)
        size = (shape[i], shape[j])
        own = None if lengths is None else (traced[i], traced[j])
        inside = narrowed(size, band)
        if inside is None:
            return Costs(checked_cost(distance(of[i], of[j])), own, Layout(size))
        return Costs(checked_cost(band_costs(distance, of[i], of[j], own, inside)), own, Layout(size, inside, True))

    return PairCosts(costs(0, 1), costs(0, 0), costs(1, 1))


def divergence_of(costs: PairCosts, gamma: Scalar) -> jax.Array:
    """`soft_dtw_divergence` of costs that are checked.

    Args:
        costs: of the pair.
        gamma: as for `soft_dtw_divergence`.

    Returns:
        Scalar.
    """
    return value_of(costs.xy, gamma) - (value_of(costs.xx, gamma) + value_of(costs.yy, gamma)) / 2


@edge(x=FLOATS, y=FLOATS)
def pairwise_costs(
    distance: Distance, x: jax.Array, y: jax.Array, *, lengths: Lengths | None = None
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The three cost matrices of a divergence, whatever the padding holds.

    Args:
        distance: (x, y) -> `[T, S]` costs.
        x: `[T, ...]` trajectory.
        y: `[S, ...]` trajectory.
        lengths: (t, s), numbers of valid leading frames; None for (T, S).

    Returns:
        xy `[T, S]`, xx `[T, T]`, yy `[S, S]`; cells in padding hold the costs of other frames.

    Example:
        >>> xy, xx, yy = pairwise_costs(squared_euclidean, jnp.ones((2, 1)), jnp.zeros((3, 1)))
        >>> xy.shape, xx.shape, yy.shape
        ((2, 3), (2, 2), (3, 3))
    """
    x, y = fill_padding(x, y, lengths)
    return distance(x, y), distance(x, x), distance(y, y)


@edge(xy=NUMBERS, xx=NUMBERS, yy=NUMBERS)
def divergence_from_costs(
    xy: jax.Array,
    xx: jax.Array,
    yy: jax.Array,
    *,
    gamma: Scalar = 0.01,
    lengths: Lengths | None = None,
    band: float | None = None,
) -> jax.Array:
    """`soft_dtw_divergence` of costs that are known already.

    Args:
        xy: `[T, S]` costs between x and y.
        xx: `[T, T]` costs between x and itself.
        yy: `[S, S]` costs between y and itself.
        gamma: as for `soft_dtw_divergence`.
        lengths: as for `soft_dtw_divergence`.
        band: as for `soft_dtw_divergence`.

    Returns:
        Scalar.

    Raises:
        ValueError: as `soft_dtw`, and if the three shapes don't fit.

    Example:
        >>> cost = jnp.eye(4)
        >>> print(divergence_from_costs(cost, cost, cost))
        0.0
    """
    return divergence_of(of_matrices(xy, xx, yy, lengths=lengths, band=band), gamma)


def of_matrices(
    xy: jax.Array, xx: jax.Array, yy: jax.Array, *, lengths: Lengths | None = None, band: float | None = None
) -> PairCosts:
    """Three cost matrices, checked.

    Args:
        xy: as for `divergence_from_costs`.
        xx: as for `divergence_from_costs`.
        yy: as for `divergence_from_costs`.
        lengths: as for `divergence_from_costs`.
        band: as for `divergence_from_costs`.

    Returns:
        The costs and their layouts.

    Raises:
        ValueError: as `soft_dtw`, and if the three shapes don't fit.
    """
    size = jnp.shape(xy)
    if len(size) != 2 or jnp.shape(xx) != size[:1] * 2 or jnp.shape(yy) != size[1:] * 2:
        raise ValueError(
            f"Expected costs xy [T, S], xx [T, T] and yy [S, S], "
            f"got shapes {size}, {jnp.shape(xx)} and {jnp.shape(yy)}."
        )
    t, s = (None, None) if lengths is None else ((lengths[0],) * 2, (lengths[1],) * 2)
    return PairCosts(of_matrix(xy, lengths, band), of_matrix(xx, t, band), of_matrix(yy, s, band))
