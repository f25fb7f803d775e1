"""The Fréchet distance of two sets of features, of whatever encoder, from moments that add up chunk by chunk."""

from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.edge import FLOATS, TREE, edge
from jaxeval.numerics import precise_matmul, two_sum


class Moments(NamedTuple):
    """Count, mean and scatter of a set of features; each `_low` array holds the digits that don't fit into its partner.

    Attributes:
        n: `[]` int32, how many features, up to 2³¹ − 1.
        mean: `[D]`; the mean is mean + mean_low.
        mean_low: `[D]`.
        scatter: `[D, D]`; Σ (x − mean)(x − mean)ᵀ is scatter + scatter_low.
        scatter_low: `[D, D]`.
    """

    n: jax.Array
    mean: jax.Array
    mean_low: jax.Array
    scatter: jax.Array
    scatter_low: jax.Array


def empty_moments(dimension: int, *, dtype: Any = jnp.float32) -> Moments:
    """The moments of no features at all, to begin an accumulation with.

    Args:
        dimension: D, how many numbers a feature has.
        dtype: of the arrays.

    Returns:
        `Moments` with n = 0.

    Example:
        >>> empty_moments(3).mean.tolist()
        [0.0, 0.0, 0.0]
    """
    row, square = jnp.zeros(dimension, dtype), jnp.zeros((dimension, dimension), dtype)
    return Moments(jnp.zeros((), jnp.int32), row, row, square, square)


@edge(features=FLOATS)
def moments(features: jax.Array, valid: jax.Array | None = None) -> Moments:
    """The moments of one chunk of features, centred before anything is squared.

    Args:
        features: `[N, D]` floats; below float32 they are summed as float32.
        valid: `[N]` bool, which rows count; the others may hold anything, NaN included. None for all.

    Returns:
        `Moments` of the valid rows.

    Raises:
        ValueError: features are not floating-point `[N, D]`, or valid is not boolean `[N]`.

    Example:
        >>> print(moments(jnp.array([[1.0], [2.0], [6.0]])).scatter)
        [[14.]]
    """
    if features.ndim != 2 or not jnp.issubdtype(features.dtype, jnp.floating):
        raise ValueError(f"Expected floating-point features [N, D], got {features.dtype}{list(features.shape)}.")
    valid = jnp.ones(features.shape[0], bool) if valid is None else valid
    if valid.shape != features.shape[:1] or valid.dtype != jnp.bool_:
        raise ValueError(f"Expected valid to be bool[{features.shape[0]}], got {valid.dtype}{list(valid.shape)}.")
    count = jnp.sum(valid, dtype=jnp.int32)

    def average(x: jax.Array) -> jax.Array:
        return jnp.sum(x, axis=0) / jnp.maximum(count, 1).astype(x.dtype)

    def kept(x: jax.Array) -> jax.Array:
        return jnp.where(valid[:, None], x, 0)

    mean = _coarse(average(kept(features)))
    low = average(kept(features - mean[None]))
    centered = kept(features - mean[None] - low[None])  # [N, D]
    scatter = precise_matmul(centered.T, centered)  # [D, D]
    return Moments(count, mean, low, scatter, jnp.zeros_like(scatter))


@edge(a=TREE, b=TREE)
def merged(a: Moments, b: Moments) -> Moments:
    """The moments of two sets together, from those of each.

    With δ = mean_b − mean_a and n = n_a + n_b: mean = mean_a + δ n_b / n, scatter = scatter_a + scatter_b +
    δδᵀ n_a n_b / n. Sums keep the digits that they have no room for, so that a million updates in float32 lose no more
    than one does. Any order and any grouping gives the same to rounding; an empty set changes nothing.

    Args:
        a: moments of one set, `[D]`.
        b: moments of another.

    Returns:
        `Moments` with n = n_a + n_b. Fold a list with `functools.reduce`, a stack with `jax.lax.scan`.

    Raises:
        ValueError: the features are not of one size.

    References:
        Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample variances, 1979.

    Example:
        >>> both = merged(moments(jnp.array([[1.0], [2.0]])), moments(jnp.array([[6.0]])))
        >>> print(both.n, both.mean, both.scatter)
        3 [3.] [[14.]]
    """
    _check_sizes(a, b)
    count = a.n + b.n
    share = b.n.astype(a.mean.dtype) / jnp.maximum(count, 1).astype(a.mean.dtype)
    delta, delta_low = b.mean - a.mean, b.mean_low - a.mean_low
    between = (delta + delta_low)[:, None] * (delta + delta_low)[None, :] * (a.n.astype(a.mean.dtype) * share)
    mean, mean_low = _plus(a.mean, delta * share, a.mean_low + delta_low * share)
    scatter, scatter_low = _plus(a.scatter, b.scatter + between, a.scatter_low + b.scatter_low)
    return Moments(count, mean, mean_low, scatter, scatter_low)


@edge(a=TREE, features=FLOATS)
def updated(a: Moments, features: jax.Array, valid: jax.Array | None = None) -> Moments:
    """The moments with one more chunk of features: `merged(a, moments(features, valid))`.

    Args:
        a: moments so far.
        features: `[N, D]` floats.
        valid: `[N]` bool, which rows count; None for all.

    Returns:
        `Moments`.

    Example:
        >>> updated(empty_moments(2), jnp.ones((5, 2))).n.tolist()
        5
    """
    return merged(a, moments(features, valid))


@edge(a=TREE)
def covariance(a: Moments) -> jax.Array:
    """The sample covariance, scatter / (n − 1).

    Args:
        a: moments of n features.

    Returns:
        `[D, D]`; NaN for fewer than two features, which have none.

    Example:
        >>> print(covariance(moments(jnp.array([[1.0], [2.0], [6.0]]))))
        [[7.]]
    """
    freedom = jnp.maximum(a.n - 1, 1).astype(a.scatter.dtype)
    return jnp.where(a.n < 2, jnp.nan, (a.scatter + a.scatter_low) / freedom)


@edge(a=TREE, b=TREE)
def frechet_distance(a: Moments, b: Moments, *, min_count: int | None = None) -> jax.Array:
    """The squared 2-Wasserstein distance of the two sets' Gaussians: FID, FVD, or whatever the encoder makes it.

        ‖μ_a − μ_b‖² + tr S_a + tr S_b − 2 tr (S_a^½ S_b S_a^½)^½

    The last trace is the sum of the singular values of A_aᵀ A_b, where S = A Aᵀ by `eigh`: squaring nothing, it keeps
    the digits that the eigenvalues of the product lose. Eigenvalues that can only be rounding are 0: all but the
    n − 1 largest of n features, and those below 8 ε of the largest.

    In float32 the error is about 1e-6 of tr S_a + tr S_b where that limit separates the eigenvalues, and up to 1e-4
    where they straddle it (about as many features as D, correlated); for a report see `frechet_distance_exact`. The
    first derivative exists for all sets of at least two features, and is 0 for equal ones.

    Args:
        a: moments of the generated set.
        b: moments of the reference.
        min_count: how many features each set must have at least; by default D + 1, of which a covariance has full rank.

    Returns:
        Scalar ≥ 0, lower is better; in the square of the features' unit. If the counts are traced, NaN for too few.

    Raises:
        ValueError: the features are not of one size, a set is known to have too few, or `min_count` is below 2.

    References:
        Dowson, Landau: The Fréchet distance between multivariate normal distributions, 1982; Heusel et al.: GANs
        trained by a two time-scale update rule converge to a local Nash equilibrium (FID), NeurIPS 2017.

    Example:
        >>> x = jax.random.normal(jax.random.key(0), (100, 4))
        >>> print(frechet_distance(moments(x), moments(x + 3)).round(2))
        36.0
    """
    _check_sizes(a, b)
    enough = _enough(a, b, min_count)
    shift = (a.mean - b.mean) + (a.mean_low - b.mean_low)
    first, second = covariance(a), covariance(b)  # [D, D] each
    apart = jnp.sum(shift * shift) + jnp.trace(first) + jnp.trace(second)
    with jax.default_matmul_precision("highest"):
        distance = apart - 2 * _overlap(first, second, a.n, b.n)
    return jnp.where(enough, jnp.maximum(distance, 0), jnp.nan)


def frechet_distance_exact(a: Moments, b: Moments, *, min_count: int | None = None) -> float:
    """`frechet_distance` in float64 by NumPy on the host, for a report: moments in float32 leave 1e-8 of the traces.

    Args:
        a: moments of the generated set, not traced.
        b: moments of the reference.
        min_count: as for `frechet_distance`.

    Returns:
        The distance, refused for the same reasons.

    Example:
        >>> x = jax.random.normal(jax.random.key(0), (100, 4))
        >>> round(frechet_distance_exact(moments(x), moments(x)), 9)
        0.0
    """
    _check_sizes(a, b)
    _enough(a, b, min_count)

    def in_double(m: Moments) -> tuple[np.ndarray, np.ndarray]:
        _, mean, mean_low, scatter, scatter_low = (np.asarray(x, np.float64) for x in m)
        return mean + mean_low, (scatter + scatter_low) / (int(m.n) - 1)

    (mean_a, first), (mean_b, second) = in_double(a), in_double(b)
    overlap = _nuclear_norm(first, second, int(a.n), int(b.n), np)
    distance = np.sum((mean_a - mean_b) ** 2) + np.trace(first) + np.trace(second) - 2 * overlap
    return max(float(distance), 0.0)


def _plus(a: jax.Array, b: jax.Array, low: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Add a, b and low; returns their sum and the digits that it has no room for."""
    total, lost = two_sum(a, _coarse(b))
    low = low + lost + (b - _coarse(b))
    total, lost = two_sum(total, _coarse(low))
    return total, lost + (low - _coarse(low))


def _coarse(x: jax.Array) -> jax.Array:
    """Round to one bit less. Compilers may fuse a product, unrounded, with one of the sums it is in: never this."""
    format = jnp.finfo(x.dtype)
    return jax.lax.stop_gradient(jax.lax.reduce_precision(x, format.nexp, format.nmant - 1))


def _root(s: Any, count: Any, xp: ModuleType) -> tuple[Any, Any]:
    """A of S = A Aᵀ, and the transpose of its pseudo-inverse, in the library given: jax.numpy or numpy."""
    values, vectors = xp.linalg.eigh(s)  # [D] rising, [D, D]
    size, limit = len(s), 8 * float(np.finfo(s.dtype).eps) * values[-1]
    kept = (values > limit) & (xp.arange(size, dtype=np.int32) > size - count)
    root = xp.sqrt(xp.where(kept, values, 1))
    return vectors * xp.where(kept, root, 0)[None], vectors * xp.where(kept, 1 / root, 0)[None]


def _nuclear_norm(s: Any, t: Any, n: Any, m: Any, xp: ModuleType) -> Any:
    (a, _), (b, _) = _root(s, n, xp), _root(t, m, xp)
    return xp.sum(xp.linalg.svd(a.T @ b, compute_uv=False))


_overlap = jax.custom_jvp(partial(_nuclear_norm, xp=jnp))


@_overlap.defjvp
def _overlap_jvp(primals: tuple, tangents: tuple) -> tuple[jax.Array, jax.Array]:
    """With AᵀB = P Σ Qᵀ, G = A⁺ᵀ P Qᵀ Bᵀ and Π = A⁺ᵀ Aᵀ, the derivative by S is the symmetric part of G − ½ G Π.

    For a covariance of full rank, Π = 1, this is half of the optimal transport map. Of lower rank, Π projects onto its
    range, and this is the derivative along all changes of S that changes of the features make.
    """
    s, t, n, m = primals
    ds, dt, *_ = tangents
    with jax.default_matmul_precision("highest"):
        (a, a_inverse), (b, b_inverse) = _root(s, n, jnp), _root(t, m, jnp)
        p, values, qh = jnp.linalg.svd(a.T @ b)  # [D, D], [D], [D, D]
        by_s, by_t = _slope(a, a_inverse, p @ qh @ b.T), _slope(b, b_inverse, qh.T @ p.T @ a.T)
    return jnp.sum(values), jnp.sum(by_s * ds) + jnp.sum(by_t * dt)


def _slope(a: jax.Array, a_inverse: jax.Array, turned: jax.Array) -> jax.Array:
    g = a_inverse @ turned
    g = g - 0.5 * (g @ a_inverse @ a.T)
    return 0.5 * (g + g.T)


def _check_sizes(a: Moments, b: Moments) -> None:
    if a.mean.ndim != 1 or a.mean.shape != b.mean.shape:
        raise ValueError(f"Expected moments of features of one size, [D] and [D], got {a.mean.shape}, {b.mean.shape}.")


def _enough(a: Moments, b: Moments, min_count: int | None) -> jax.Array:
    size = a.mean.shape[0]
    min_count = size + 1 if min_count is None else min_count
    if min_count < 2:
        raise ValueError(f"Expected min_count >= 2, since one feature has no covariance, got {min_count}.")
    for n in (a.n, b.n):
        if not isinstance(n, jax.core.Tracer) and int(n) < min_count:
            raise ValueError(
                f"Expected at least {min_count} features in a set ({size} numbers each), got {n}. With few, "
                "the distance is dominated by sample size; to compute it anyway, pass a smaller min_count."
            )
    return jnp.minimum(a.n, b.n) >= min_count
