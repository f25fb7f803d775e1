"""Whether a lag can be relied on: how much of the clip speaks for it, and against every other lag."""

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import Lengths, checked_cost, checked_lengths
from jaxeval.alignment.edge import NUMBERS, edge

_SHIFTS = (*range(-10, -1), *range(2, 11))
"""Frames by which a lag could be wrong: 80 to 400 ms either way at 25 fps."""
_SMOOTHING = 12
"""Frames on either side over which the lag is averaged: a second in all at 25 fps."""
_BATCH = 10
"""Frames of a batch, over which the noise of neighbouring frames averages out."""
_FEWEST = 40
"""Frames of a clip that has any support: 4 batches."""


@edge(cost=NUMBERS, curve=NUMBERS)
def lag_support(cost: jax.Array, curve: jax.Array, *, lengths: Lengths | None = None) -> jax.Array:
    """The net share of a clip's evidence that speaks for its lag, against any lag that is 2 to 10 frames off.

    With p(t) the frame that the lag, averaged over a second, puts beside t, and batches B of 10 frames,

        d_k(t) = C[t, p(t) + k] − C[t, p(t)],    support = min_k Σ_B Σ_t d_k(t) / Σ_B |Σ_t d_k(t)|,    2 ≤ |k| ≤ 10

    over the frames that have both partners. It is 1 if every batch fits best at its lag, about 0 if the costs leave the
    timing open, because nothing moves or noise outweighs what moves, and below 0 if another lag fits better. Shifts
    that leave less than half of the frames a partner are skipped.

    Soft-DTW adds up costs along its path, and a path off the diagonal has more cells. If all cells cost much whatever
    the timing, as for a blurred picture, the diagonal wins although another lag fits better: such a lag of 0 has no
    support.

    Args:
        cost: `[T, S]` costs between the generated clip and the reference.
        curve: `[T]` lag of each frame in frames, as `jaxeval.lag(alignment).curve`; anything beyond the valid ones.
        lengths: (t, s), numbers of valid leading frames; Python ints or traced. None for (T, S).

    Returns:
        Scalar in [-1, 1]; 0.6 and more is a lag to rely on. 0 for fewer than 40 frames. It has the gradient 0.

    Raises:
        ValueError: the cost is no matrix, the curve has another length, or a static length is out of range.

    Example:
        >>> x = jnp.cumsum(jax.random.normal(jax.random.key(0), (80, 4)), axis=0)
        >>> cost = jnp.square(x[:, None] - x[None]).sum(axis=-1)
        >>> print(lag_support(cost, jnp.zeros(80)), lag_support(cost, jnp.full(80, 4.0)) < 0)
        1.0 True
    """
    cost = checked_cost(cost)
    if curve.shape != cost.shape[:1]:
        raise ValueError(f"Expected a curve [{cost.shape[0]}] beside costs {cost.shape}, got shape {curve.shape}.")
    t, s = checked_lengths(lengths, cost.shape)
    frames = jnp.arange(len(cost), dtype=jnp.int32)
    valid = frames < t
    late = _averaged(jnp.where(valid, curve, 0).astype(cost.dtype), valid)  # [T]
    partner = frames - jnp.round(late).astype(jnp.int32)

    def fit(k: int | jax.Array) -> tuple[jax.Array, jax.Array]:
        beside = partner + k
        there = valid & (beside >= 0) & (beside < s)
        place = jnp.clip(beside, 0, cost.shape[1] - 1)
        return jnp.take_along_axis(cost, place[:, None], axis=1)[:, 0], there

    here, has_partner = fit(0)

    def support(k: jax.Array) -> jax.Array:
        other, there = fit(k)
        counted = there & has_partner
        enough = 2 * jnp.sum(counted, dtype=jnp.int32) >= t
        return jnp.where(enough, _net_share(jnp.where(counted, other - here, 0)), 1)

    least = jnp.min(jax.vmap(support)(jnp.asarray(_SHIFTS, jnp.int32)))
    return jax.lax.stop_gradient(jnp.where(t >= _FEWEST, least, 0))


def _averaged(values: jax.Array, valid: jax.Array) -> jax.Array:
    """Running means over the valid frames within `_SMOOTHING`."""

    def sums(terms: jax.Array) -> jax.Array:
        total = jnp.cumsum(jnp.pad(terms, (_SMOOTHING + 1, _SMOOTHING)))
        return total[2 * _SMOOTHING + 1 :] - total[: -2 * _SMOOTHING - 1]

    return sums(values) / jnp.maximum(sums(valid.astype(values.dtype)), 1)


def _net_share(values: jax.Array) -> jax.Array:
    """Σ b / Σ |b| of the sums b over batches; 0 where all are 0."""
    batches = jnp.pad(values, (0, -len(values) % _BATCH)).reshape(-1, _BATCH).sum(axis=1)  # [⌈T / 10⌉]
    total = jnp.abs(batches).sum()
    return batches.sum() / jnp.where(total > 0, total, 1)
