"""The kernel distance of two sets of features (KID): the squared maximum mean discrepancy of a cubic kernel."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.edge import FLOATS, edge
from jaxeval.numerics import chunked_map, precise_matmul

_ROWS = 256  # of the kernel matrix at a time


@edge(x=FLOATS, y=FLOATS)
def kid(x: jax.Array, y: jax.Array) -> jax.Array:
    """Squared maximum mean discrepancy of two sets, estimated without bias over all pairs.

        Σ_{i≠j} k(x_i, x_j) / N(N − 1) + Σ_{i≠j} k(y_i, y_j) / M(M − 1) − 2 Σ_ij k(x_i, y_j) / NM
        k(x, y) = (⟨x, y⟩ / D + 1)³

    Its expectation doesn't depend on the sizes of the sets. The kernel's matrix is made a few rows at a time. Sums are
    over k(x, y) − k(x, c) − k(c, y) + k(c, c), c the mean of all features: the estimate is the same, and a float32 has
    room for it however far from 0 the features are.

    Args:
        x: `[N, D]` features of the generated set, N at least 2; below float32 they are computed as float32.
        y: `[M, D]` features of the reference, M at least 2.

    Returns:
        Scalar, lower is better; for two samples of one distribution around 0, and so at times below.

    Raises:
        ValueError: the features are not floating-point `[N, D]` and `[M, D]`, or a set has fewer than 2.

    References:
        Gretton et al.: A kernel two-sample test, JMLR 13, 2012; Bińkowski, Sutherland, Arbel, Gretton: Demystifying
        MMD GANs (KID), ICLR 2018.

    Example:
        >>> import jax.numpy as jnp
        >>> print(kid(jnp.array([[0.0], [0.0]]), jnp.array([[1.0], [1.0]])))  # 1 + 8 - 2
        7.0
    """
    _check(x, y, 2)
    centre = jax.lax.stop_gradient((jnp.mean(x, axis=0) + jnp.mean(y, axis=0)) / 2)  # its choice changes nothing
    base = jnp.mean(centre * centre) + 1
    x_side, y_side = _centred(x, centre), _centred(y, centre)
    within = _mean_over_others(x_side, base) + _mean_over_others(y_side, base)
    return within - 2 * _mean_over_pairs(x_side, y_side, base)


class SubsetKid(NamedTuple):
    """KID over random subsets.

    Attributes:
        mean: `[]` of the subsets' estimates; its expectation is the estimate over all pairs.
        std: `[]` their standard deviation (over their number, not one less); not the error of the mean.
    """

    mean: jax.Array
    std: jax.Array


@edge(x=FLOATS, y=FLOATS)
def kid_subsets(x: jax.Array, y: jax.Array, *, key: jax.Array, subsets: int = 100, size: int = 1000) -> SubsetKid:
    """KID as it is customarily quoted: mean and standard deviation over random subsets, drawn without replacement.

    Args:
        x: `[N, D]` features of the generated set.
        y: `[M, D]` features of the reference.
        key: random key; the same gives the same subsets.
        subsets: how many.
        size: of each subset, from 2 to the smaller of N and M.

    Returns:
        `SubsetKid`.

    Raises:
        ValueError: as `kid` does, for a set smaller than `size`, or for no subset.

    References:
        As `kid`; 100 subsets of 1000 are the usual choice.

    Example:
        >>> import jax
        >>> x = jax.random.normal(jax.random.key(0), (30, 4))
        >>> print(kid_subsets(x, x + 1, key=jax.random.key(1), subsets=5, size=10).mean > 0)
        True
    """
    if size < 2 or subsets < 1:
        raise ValueError(f"Expected size >= 2 and subsets >= 1, got {size} and {subsets}.")
    _check(x, y, size)

    def one(key: jax.Array) -> jax.Array:
        draws = (
            jax.random.choice(k, set, (size,), replace=False)
            for k, set in zip(jax.random.split(key), (x, y), strict=True)
        )
        return kid(*draws)

    found = jax.lax.map(one, jax.random.split(key, subsets))
    return SubsetKid(jnp.mean(found), jnp.std(found))


class _Side(NamedTuple):
    """Features u = x − c, `[N, D]`, and α = ⟨u, c⟩ / D, `[N]`."""

    features: jax.Array
    slope: jax.Array


def _centred(x: jax.Array, centre: jax.Array) -> _Side:
    x = x - centre[None]
    return _Side(x, precise_matmul(x, centre) / centre.size)


def _kernel(inner: jax.Array, a: jax.Array, b: jax.Array, base: jax.Array) -> jax.Array:
    """k(x, y) − k(x, c) − k(c, y) + k(c, c) = (s + α + β + e)³ − (s + α)³ − (s + β)³ + s³, without its cancellation.

    Here e = ⟨x − c, y − c⟩ / D, α = ⟨x − c, c⟩ / D, β the same of y, s = ‖c‖² / D + 1.
    """
    whole = base + (a + b)
    return inner * (3 * whole * (whole + inner) + inner * inner) + 3 * a * b * (whole + base)


def _mean_over_pairs(x: _Side, y: _Side, base: jax.Array) -> jax.Array:
    @jax.checkpoint  # else the derivative would hold the whole matrix
    def rows(some: _Side) -> jax.Array:
        inner = precise_matmul(some.features, y.features.T) / y.features.shape[1]
        return jnp.mean(_kernel(inner, some.slope[:, None], y.slope[None, :], base), axis=1)

    return jnp.mean(chunked_map(rows, x, _ROWS))


def _mean_over_others(x: _Side, base: jax.Array) -> jax.Array:
    count = x.features.shape[0]
    own = _kernel(jnp.mean(x.features * x.features, axis=1), x.slope, x.slope, base)
    return (_mean_over_pairs(x, x, base) * count - jnp.mean(own)) / (count - 1)


def _check(x: jax.Array, y: jax.Array, fewest: int) -> None:
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"Expected features [N, D] and [M, D], got {x.shape} and {y.shape}.")
    if not (jnp.issubdtype(x.dtype, jnp.floating) and jnp.issubdtype(y.dtype, jnp.floating)):
        raise ValueError(f"Expected floating-point features, got {x.dtype} and {y.dtype}.")
    if min(len(x), len(y)) < fewest:
        raise ValueError(f"Expected at least {fewest} features in each set, got {len(x)} and {len(y)}.")
