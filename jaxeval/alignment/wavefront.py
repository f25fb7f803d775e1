"""The Soft-DTW recursion, run over a cost matrix one anti-diagonal at a time.

    R_ij = D_ij + min_γ(R_{i−1,j−1}, R_{i−1,j}, R_{i,j−1}),    min_γ(a) = −γ log Σ_k exp(−a_k / γ)

Cells of one anti-diagonal depend on the two before it only, so each is one vector operation. R grows with the length
of the path while the weights of the transitions hang on differences of the size of γ: R is therefore carried as an
unevaluated sum of two floating point numbers. Only `min_γ` needs a derivative rule; JAX turns the scan into its tangent
scan, which is linear in the stored transition weights, and transposes that for the gradient, the alignment matrix.

References:
    Cuturi and Blondel, Soft-DTW: a differentiable loss function for time-series, 2017.
    Mensch and Blondel, Differentiable dynamic programming for structured prediction and attention, 2018.
    Dekker, A floating-point technique for extending the available precision, 1971; Knuth's two-sum, TAOCP 4.2.2.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.lax import stop_gradient

UNREACHABLE = 1e30  # finite, so that no inf − inf arises; a path through such a cell has weight exactly 0
FAR = 1e4  # in units of γ: exp(−FAR) is 0 in every precision


class Accumulated(NamedTuple):
    """R on one anti-diagonal as the exact sum `head + tail`, with |tail| at most half a unit in head's last place."""

    head: jax.Array
    tail: jax.Array


@jax.custom_jvp
def soft_minimum(values: jax.Array, gamma: jax.Array) -> jax.Array:
    """min_γ over the leading axis, min for γ = 0.

    Args:
        values: `[K, N]`.
        gamma: scalar, at least 0.

    Returns:
        `[N]`.

    Example:
        >>> soft_minimum(jnp.zeros((2, 1)), jnp.asarray(1.0)).tolist()  # -log 2
        [-0.6931471824645996]
    """
    return _soft_minimum(values, gamma)[0]


@soft_minimum.defjvp
def _soft_minimum_jvp(primals, tangents):
    """∂ min_γ(a) = Σ_k w_k ∂a_k + (Σ_k w_k log w_k) ∂γ: weights that sum to 1, never a difference of values over γ."""
    values_dot, gamma_dot = tangents
    minimum, weights, negative_entropy = _soft_minimum(*primals)
    return minimum, (weights * values_dot).sum(axis=0) + negative_entropy * gamma_dot


def _soft_minimum(values: jax.Array, gamma: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """min_γ, its weights w = softmax(−a/γ) and Σ_k w_k log w_k; for γ = 0 equal minima share the weight."""
    is_smallest = jnp.arange(len(values))[:, None] == values.argmin(axis=0)[None]
    smallest = jnp.where(is_smallest, values, 0).sum(axis=0)
    gaps = values - smallest[None]
    soft = gamma > 0
    scaled = jnp.where(soft, gaps / jnp.where(soft, gamma, 1), jnp.where(gaps > 0, FAR, jnp.zeros_like(gaps)))
    scaled = jnp.minimum(scaled, FAR)
    terms = jnp.exp(-scaled)
    # The smallest contributes exactly 1; kept apart, it can't swallow the others, on which the entropy hangs.
    others = jnp.where(is_smallest, 0, terms).sum(axis=0)
    weights, log_total = terms / (1 + others)[None], jnp.log1p(others)
    negative_entropy = jnp.where(soft, -(weights * scaled).sum(axis=0) - log_total, 0)
    return smallest - gamma * log_total, weights, negative_entropy


def two_sum(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The rounded sum of a and b, and what rounding took from it: `a + b = sum + error` exactly.

    The error is a constant to differentiation: the sum already has the whole derivative.

    Args:
        a: array.
        b: array of the same shape.

    Returns:
        sum, error.

    Example:
        >>> two_sum(jnp.float32(1e8), jnp.float32(1))
        (Array(1.e+08, dtype=float32), Array(1., dtype=float32))
    """
    total = a + b
    b_seen = total - a
    return total, stop_gradient((a - (total - b_seen)) + (b - b_seen))


def skew(cost: jax.Array, fill: float) -> jax.Array:
    """Lay the anti-diagonals out as rows: `skewed[i + j, i] = cost[i, j]`.

    Rows one element longer than the result's, read back as rows of the result's length, drift by one to the right.

    Args:
        cost: `[T, S]`.
        fill: value of the places that no cell takes.

    Returns:
        `[T + S − 1, T]`.

    Example:
        >>> skew(jnp.array([[1, 2], [3, 4]]), fill=0).tolist()
        [[1, 0], [2, 3], [0, 4]]
    """
    t, s = cost.shape
    padded = jnp.pad(cost, ((0, 0), (0, t)), constant_values=fill)
    return padded.reshape(-1)[: t * (t + s - 1)].reshape(t, t + s - 1).T


def wavefront(cost: jax.Array, gamma: jax.Array, lengths: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    """R of the last cell, and every cell's best predecessor.

    Args:
        cost: `[T, S]`, finite; UNREACHABLE where no path may go.
        gamma: scalar, at least 0.
        lengths: (t, s), integer scalars: the last cell is (t − 1, s − 1), captured when the wavefront passes it.

    Returns:
        R at the last cell, scalar, UNREACHABLE or more if no path leads there; and `[T + S − 2, T]`, skewed and without
        the first cell, the best predecessor of each: 0 diagonal (i−1, j−1), 1 vertical (i−1, j), 2 horizontal (i, j−1).

    Example:
        >>> corner, predecessors = wavefront(jnp.eye(2), jnp.asarray(0.0), (jnp.asarray(2), jnp.asarray(2)))
        >>> print(corner, predecessors[-1, 1])  # 0: by the diagonal
        2.0 0
    """
    diagonals = skew(cost, UNREACHABLE)
    t, s = lengths
    is_last_row = jnp.arange(cost.shape[0], dtype=t.dtype) == t - 1
    is_last_diagonal = jnp.arange(diagonals.shape[0], dtype=t.dtype) == t + s - 2

    def step(carry, diagonal):
        before, previous, corner = carry
        cost, is_last = diagonal
        current, predecessor = _accumulate(cost, before, previous, gamma)
        return (previous, current, jnp.where(is_last, current.head, corner)), predecessor

    # The first anti-diagonal is the cell (0, 0) alone. Made from the operand, the carry varies over the same mesh axes.
    first = diagonals[0]
    nothing = stop_gradient(first - first)
    corner = jnp.where(is_last_diagonal[0], first, UNREACHABLE)
    start = (Accumulated(nothing + UNREACHABLE, nothing), Accumulated(first, nothing), corner)
    (_, _, corner), predecessors = jax.lax.scan(step, start, (diagonals[1:], is_last_diagonal[1:]))
    return jnp.where(is_last_row, corner, UNREACHABLE).min(), predecessors


def _accumulate(
    cost: jax.Array, before: Accumulated, previous: Accumulated, gamma: jax.Array
) -> tuple[Accumulated, jax.Array]:
    """R on one anti-diagonal from the two before it, and the best predecessors."""
    heads = jnp.stack([_down(before.head, UNREACHABLE), _down(previous.head, UNREACHABLE), previous.head])
    tails = jnp.stack([_down(before.tail, 0), _down(previous.tail, 0), previous.tail])
    base = stop_gradient(heads.min(axis=0))
    candidates = (heads - base[None]) + tails
    head, tail = two_sum(base, cost)
    return Accumulated(*two_sum(head, tail + soft_minimum(candidates, gamma))), candidates.argmin(axis=0)


def _down(row: jax.Array, fill: float) -> jax.Array:
    """Hold against cell i what lies in row i − 1."""
    return jnp.pad(row[:-1], (1, 0), constant_values=fill)
