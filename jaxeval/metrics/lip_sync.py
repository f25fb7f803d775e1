"""Lip synchrony without a large network: canonical variates of mouth and voice, correlated at every offset."""

import numbers
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.checks import Lengths, checked_lengths
from jaxeval.alignment.edge import FLOATS, edge
from jaxeval.numerics import parabola_vertex, safe_sqrt

SURE = 3.0
"""Below this confidence an offset means nothing: 5 of 100 wrong pairs reach it somewhere."""

_SPREAD = 1.2  # standard deviation of a wrong pair's correlation at one offset, times √frames
_BELOW_ALL = -2.0  # correlations
_STILL = 1e-12  # a sum of squares below this is rounding


class LipSync(NamedTuple):
    """How mouth and voice agree.

    Attributes:
        correlation: the highest of the curve, in [-1, 1]; higher is better.
        offset: where it is reached, in frames, refined below a frame; positive: the picture is late.
        confidence: the correlation in standard deviations of a wrong pair's at one offset. The largest over 31 offsets
            of a wrong pair passes 3.0 in about 5 of 100 clips, 3.4 in 1.
        curve: `[2 M + 1]` correlation at the offsets −M, …, M, where M is max_offset; NaN where M or fewer pairs of
            frames remain.
    """

    correlation: jax.Array
    offset: jax.Array
    confidence: jax.Array
    curve: jax.Array


@edge(lips=FLOATS, sound=FLOATS, weights=FLOATS)
def lip_sync(
    lips: jax.Array,
    sound: jax.Array,
    weights: jax.Array,
    *,
    max_offset: int = 15,
    lengths: Lengths | None = None,
    mask: jax.Array | None = None,
) -> LipSync:
    """The highest correlation of mouth and voice over a range of offsets, the offset, and how sure it is.

        curve(o) = Σ_k w_k corr_t(u_{t,k}, v_{t−o,k}),   o = −M … M,   M = max_offset
        confidence = max curve · √frames / 1.2

    where corr is Pearson's over those t for which both frames exist. u_t ≈ v_{t−o} says that the picture shows at frame
    t what was heard o frames before: a positive offset means that the picture is late, as a positive lag does, and
    sound delayed by k frames lowers it by k. A parabola through the maximum and its two neighbours refines the offset
    by at most half a frame; a maximum at ±M stays there, and means "at least M". `frames` counts those
    with sound, less the best offset.

    An offset of less confidence than 3.0 should not be told. Published clips themselves are up to 230 ms off: compare
    with the reference's own offset, or with a tolerance of 80 ms.

    Args:
        lips: `[T, K]` mouth, as `lip_variates` returns it.
        sound: `[S, K]` voice, as `voice_variates` returns it, its first frame beside the picture's first.
        weights: `[K]` of the variates, of sum 1.
        max_offset: largest offset in frames, at least 1.
        lengths: (t, s), numbers of valid leading frames; Python ints or traced. None for (T, S).
        mask: `[S]` boolean, which frames of the sound count, as `voice_variates` returns it; None for all.

    Returns:
        The scores; NaN if no offset leaves more than M pairs of frames. If one side doesn't move they are 0.

    Raises:
        ValueError: the shapes aren't `[T, K]`, `[S, K]` and `[K]` of floating-point numbers, mask is not boolean `[S]`,
            max_offset is below 1, or a static length is out of range or not above 2 M (while tracing).

    References:
        H. Hotelling, Relations between two sets of variates, Biometrika 28, 1936, for canonical correlation.

    Example:
        >>> voice = jax.random.normal(jax.random.key(0), (80, 2))
        >>> print(round(float(lip_sync(jnp.roll(voice, 2, axis=0), voice, jnp.array([0.6, 0.4])).offset), 1))
        2.0
    """
    t, s = _checked(lips, sound, weights, max_offset, lengths)
    counts = jnp.arange(len(sound), dtype=s.dtype) < s
    counts = counts if mask is None else counts & _checked_mask(mask, len(sound))
    rows = jnp.arange(len(lips), dtype=t.dtype)

    def correlation(offset: jax.Array) -> tuple[jax.Array, jax.Array]:
        partners = rows - offset
        column = jnp.clip(partners, 0, len(sound) - 1)
        both = (rows < t) & (partners == column) & counts[column]
        return jnp.sum(weights * _pearson(lips, sound[column], both[:, None])), jnp.sum(both)

    curve, pairs = jax.vmap(correlation)(jnp.arange(-max_offset, max_offset + 1, dtype=t.dtype))  # [2 M + 1] each
    defined = (pairs > max_offset) & ~jnp.isnan(curve)
    # The nearest to 0 of several maxima, so that a mouth that doesn't move isn't called late.
    by_size = np.array(sorted(range(-max_offset, max_offset + 1), key=abs)) + max_offset
    best = jnp.asarray(by_size)[jnp.argmax(jnp.where(defined, curve, _BELOW_ALL)[by_size])]
    padded, inside = jnp.pad(curve, 1), jnp.pad(defined, 1)
    refined = jnp.where(inside[best] & inside[best + 2], parabola_vertex(*(padded[best + k] for k in range(3))), 0)
    offset = (best - max_offset).astype(curve.dtype) + refined
    curve = jnp.where(defined, curve, jnp.nan)
    frames = jnp.maximum(jnp.sum(counts) - jnp.abs(best - max_offset), 1).astype(curve.dtype)
    confidence = curve[best] * jnp.sqrt(frames) / _SPREAD
    return LipSync(curve[best], jnp.where(defined[best], offset, jnp.nan), confidence, curve)


@edge(values=FLOATS, weights=FLOATS)
def standardized_variates(values: jax.Array, weights: jax.Array, *, valid: jax.Array | None = None) -> jax.Array:
    """Variates as a trajectory for Soft-DTW: √w_k u_k, each u_k with mean 0 and variance 1 over the clip.

    Mouth and voice as such trajectories are what the aligned form compares:
    `jaxeval.aligned(jaxeval.distances.squared_euclidean)(lips, sound)`.

    Args:
        values: `[T, K]` variates, any unit.
        weights: `[K]` of the variates, of sum 1.
        valid: `[T]` boolean, which frames count; None for all.

    Returns:
        `[T, K]`, dimensionless; 0 in frames that are not valid, and throughout, with a gradient of 0, where a variate
        is constant.

    Raises:
        ValueError: values are not floating-point `[T, K]`, weights not `[K]`, or valid is not boolean `[T]`.

    Example:
        >>> print(standardized_variates(jnp.array([[1.0], [3.0]]), jnp.array([0.25])).ravel())
        [-0.5  0.5]
    """
    _check_variates("values", values, weights)
    valid = jnp.ones(len(values), bool) if valid is None else _checked_mask(valid, len(values))
    centered = _centered(values, valid[:, None])
    variance = jnp.sum(jnp.square(centered), axis=0) / jnp.maximum(jnp.sum(valid), 1).astype(values.dtype)  # [K]
    moves = variance > _STILL
    scale = jnp.where(moves, jnp.sqrt(weights) / jnp.sqrt(jnp.where(moves, variance, 1)), 0)
    return centered * scale[None]


def _pearson(x: jax.Array, y: jax.Array, both: jax.Array) -> jax.Array:
    """`[K]` correlation of columns; 0 where one doesn't move."""
    x, y = _centered(x, both), _centered(y, both)
    squares = jnp.sum(x * x, axis=0) * jnp.sum(y * y, axis=0)
    moves = squares > _STILL**2
    return jnp.where(moves, jnp.sum(x * y, axis=0) / safe_sqrt(jnp.where(moves, squares, 1)), 0)


def _centered(x: jax.Array, valid: jax.Array) -> jax.Array:
    """X less its mean over the valid rows, exactly 0 where it is constant; 0 elsewhere."""
    x = jnp.where(valid, x - x[jnp.argmax(valid[:, 0])][None], 0)
    mean = jnp.sum(x, axis=0, keepdims=True) / jnp.maximum(jnp.sum(valid), 1).astype(x.dtype)
    return jnp.where(valid, x - mean, 0)


def _checked_mask(mask: jax.Array, count: int) -> jax.Array:
    if mask.shape != (count,) or mask.dtype != bool:
        raise ValueError(f"Expected a boolean mask of shape ({count},), got {mask.dtype} of shape {mask.shape}.")
    return jnp.asarray(mask)


def _check_variates(name: str, values: jax.Array, weights: jax.Array) -> None:
    if values.ndim != 2 or 0 in values.shape or weights.shape != values.shape[1:]:
        raise ValueError(f"Expected {name} [T, K] and weights [K], got shapes {values.shape} and {jnp.shape(weights)}.")


def _checked(
    lips: jax.Array, sound: jax.Array, weights: jax.Array, max_offset: int, lengths: Lengths | None
) -> tuple[jax.Array, jax.Array]:
    _check_variates("lips", lips, weights)
    _check_variates("sound", sound, weights)
    if max_offset < 1:
        raise ValueError(f"Expected max_offset >= 1, got {max_offset}.")
    t, s = (len(lips), len(sound)) if lengths is None else lengths
    static = [length for length in (t, s) if isinstance(length, numbers.Integral)]
    if min(static, default=2 * max_offset + 1) <= 2 * max_offset:
        raise ValueError(f"Expected more than {2 * max_offset} frames on both sides, got {t} and {s}.")
    return checked_lengths((t, s), (len(lips), len(sound)))
