"""The Soft-DTW divergence: Soft-DTW without its entropic bias."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxeval.alignment.arguments import Lengths, Scalar
from jaxeval.alignment.bands import Length
from jaxeval.alignment.distances import squared_euclidean
from jaxeval.alignment.soft import soft_dtw

Distance = Callable[[jax.Array, jax.Array], jax.Array]


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
        band: half-width of the Sakoe-Chiba band in frames of the longer trajectory, static; None for no band.

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
    costs = pairwise_costs(distance, x, y, lengths=lengths)
    return divergence_from_costs(*costs, gamma=gamma, lengths=lengths, band=band)


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
    x, y = jnp.asarray(x), jnp.asarray(y)
    if lengths is not None:
        x, y = (_without_padding(trajectory, length) for trajectory, length in zip((x, y), lengths, strict=True))
    return distance(x, y), distance(x, x), distance(y, y)


def _without_padding(trajectory: jax.Array, length: Length) -> jax.Array:
    # A frame that is there anyway stands in: NaN · 0 is NaN in the distance's gradient, and a frame of zeros may be
    # where some distance has no derivative.
    valid = jnp.arange(len(trajectory), dtype=jnp.int32) < length
    return jnp.where(valid.reshape(-1, *[1] * (trajectory.ndim - 1)), trajectory, trajectory[:1])


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
    size = jnp.shape(xy)
    if len(size) != 2 or jnp.shape(xx) != size[:1] * 2 or jnp.shape(yy) != size[1:] * 2:
        raise ValueError(
            f"Expected costs xy [T, S], xx [T, T] and yy [S, S], "
            f"got shapes {size}, {jnp.shape(xx)} and {jnp.shape(yy)}."
        )
    t, s = size if lengths is None else lengths
    cross = soft_dtw(xy, gamma=gamma, lengths=(t, s), band=band)
    bias = soft_dtw(xx, gamma=gamma, lengths=(t, t), band=band) + soft_dtw(yy, gamma=gamma, lengths=(s, s), band=band)
    return cross - bias / 2
