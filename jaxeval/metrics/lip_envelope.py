"""Synchrony without a trained network: how the mouth opens against how loud the voice is.

Mouth opening and voice envelope rise and fall together, at the pace of syllables. So each side becomes one curve at the
video's frame rate (`mouth_opening`, `audio_envelope`), then value and velocity (`standardize`), and `lip_envelope`
finds the offset at which they correlate best. `speech_rhythm`, if both curves pass it first, takes away drift and
jitter.
"""

import math
import numbers
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.checks import Lengths, checked_lengths
from jaxeval.alignment.edge import FLOATS, edge
from jaxeval.metrics.landmarks import LEFT_EYE, RIGHT_EYE
from jaxeval.numerics import parabola_vertex, safe_sqrt

_UPPER_LIP, _LOWER_LIP = 13, 14  # inner edges, middle
_RHYTHM_HZ = (2.0, 7.0)
_KERNEL_S = 1.0  # half its length
_ROUNDINGS = 8  # of a curve's largest value; a velocity that varies less is constant
_BELOW_ALL = -2.0  # correlations
_STILL = 1e-8  # a variance below this share of the clip's is rounding


@edge(landmarks=FLOATS)
def mouth_opening(landmarks: jax.Array) -> jax.Array:
    """How far the mouth is open: ‖upper − lower inner lip‖ / ‖right − left outer eye corner‖, in three dimensions.

    Args:
        landmarks: `[T, 468, 3]` points of MediaPipe's face mesh, any unit, the same for x, y and z.

    Returns:
        `[T]`, at least 0, dimensionless; 0 where the two eyes coincide. The gradient is 0 where the lips do.

    Raises:
        ValueError: landmarks are not floating-point `[T, 468, 3]`.

    Example:
        >>> mesh = jnp.zeros((1, 468, 3)).at[0, 14, 1].set(2.0).at[0, 263, 0].set(10.0)
        >>> print(mouth_opening(mesh))
        [0.2]
    """
    if landmarks.ndim != 3 or landmarks.shape[1:] != (468, 3) or not jnp.issubdtype(landmarks.dtype, jnp.floating):
        raise ValueError(
            f"Expected floating-point landmarks [T, 468, 3], got {landmarks.dtype} of shape {landmarks.shape}."
        )

    def apart(a: int, b: int) -> jax.Array:
        return safe_sqrt(jnp.sum(jnp.square(landmarks[:, a] - landmarks[:, b]), axis=1))

    eyes = apart(RIGHT_EYE, LEFT_EYE)
    return jnp.where(eyes > 0, apart(_UPPER_LIP, _LOWER_LIP) / jnp.where(eyes > 0, eyes, 1), 0)


@edge(values=FLOATS)
def speech_rhythm(values: jax.Array, *, fps: float, valid: jax.Array | None = None) -> jax.Array:
    """The part of a curve that lies between 2 and 7 Hz, where mouth and voice are both modulated.

        r_t = Σ_k h_k (x_{t+k} − mean x),   h_k = Hann(k) (sin(14π k/fps) − sin(4π k/fps)) / (π k),   |k| ≤ 1 s

    A linear-phase filter without delay, whose gain is ½ at 2 and at 7 Hz. Beyond the ends and in frames that are not
    valid the curve counts as its mean.

    What passes so narrow a band nearly repeats itself from one syllable to the next, so that in short clips a wrong
    offset, a syllable away, correlates almost as well. In simulated clips of 3 s (one real envelope, delayed, with
    drift, noise and wandering tempo added) `lip_envelope` found the offset less often with this filter, or as often.

    Args:
        values: `[T]` a curve, any unit.
        fps: frames per second, static, above 14.
        valid: `[T]` boolean, which frames count; None for all.

    Returns:
        `[T]` in the same unit, around 0; 0 in frames that are not valid, and for a constant curve.

    Raises:
        ValueError: values are not floating-point `[T]`, valid is not boolean `[T]`, or fps is too low.

    References:
        Chandrasekaran, Trubanova, Stillittano, Caplier and Ghazanfar, The natural statistics of audiovisual speech,
        PLoS Computational Biology 5(7), 2009: both the area of the mouth opening and the voice's envelope are modulated
        between 2 and 7 Hz.

    Example:
        >>> drift = jnp.linspace(0.0, 100.0, 250)
        >>> syllables = jnp.sin(2 * jnp.pi * 4 / 25 * jnp.arange(250.0))
        >>> print(jnp.abs(speech_rhythm(drift + syllables, fps=25) - syllables)[50:-50].max() < 0.05)
        True
    """
    valid = _checked_curve(values, valid)
    low, high = _RHYTHM_HZ
    if not fps > 2 * high:
        raise ValueError(f"Expected fps > {2 * high} (the band reaches to {high} Hz), got {fps}.")
    half = math.ceil(_KERNEL_S * fps)
    k = np.arange(-half, half + 1)
    band = 2 / fps * (high * np.sinc(2 * high / fps * k) - low * np.sinc(2 * low / fps * k))
    kernel = jnp.asarray(band * np.hanning(len(k) + 2)[1:-1], values.dtype)
    filtered = jnp.convolve(_centered(values, valid), kernel, precision=jax.lax.Precision.HIGHEST)
    return jnp.where(valid, filtered[half : half + len(values)], 0)


@edge(values=FLOATS)
def standardize(values: jax.Array, *, valid: jax.Array | None = None) -> jax.Array:
    """A curve and its velocity, each with mean 0 and variance 1 over the clip: a trajectory.

    The velocity is the central difference (x_{t+1} − x_{t−1}) / 2, one-sided where one neighbour is missing.

    Mouth and voice as such trajectories are what the aligned form compares:
    `jaxeval.aligned(jaxeval.distances.squared_euclidean)(lips, sound)`.

    Args:
        values: `[T]` a curve, any unit.
        valid: `[T]` boolean, which frames count; None for all.

    Returns:
        `[T, 2]` value and velocity, dimensionless; 0 in frames that are not valid, and throughout, with a gradient of
        0, where a curve or its velocity is constant.

    Raises:
        ValueError: values are not floating-point `[T]`, or valid is not boolean `[T]`.

    Example:
        >>> print(standardize(jnp.array([0.0, 1.0, 0.0, 1.0]))[:, 0])
        [-1.  1. -1.  1.]
    """
    valid = _checked_curve(values, valid)
    values = _centered(values, valid)  # [T]
    has_before, has_after = jnp.pad(valid, (1, 1))[:-2] & valid, jnp.pad(valid, (1, 1))[2:] & valid
    before = jnp.where(has_before, jnp.pad(values, (1, 0))[:-1], values)
    after = jnp.where(has_after, jnp.pad(values, (0, 1))[1:], values)
    steps = has_before.astype(values.dtype) + has_after.astype(values.dtype)
    velocity = _centered((after - before) / jnp.maximum(steps, 1), valid)
    rounding = _ROUNDINGS * jnp.finfo(values.dtype).eps * jax.lax.stop_gradient(jnp.max(jnp.abs(values)))
    return jnp.stack([_scaled(values, valid, rounding), _scaled(velocity, valid, rounding)], axis=1)


class LipEnvelope(NamedTuple):
    """How the mouth's movement and the voice's envelope agree.

    Attributes:
        correlation: the highest of the curve, in [-1, 1]; higher is better.
        offset: where it is reached, in frames, refined below a frame; positive: the picture is late.
        curve: `[2 M + 1]` correlation at the offsets −M, …, M, where M is max_offset; NaN where M or fewer pairs of
            frames remain.
    """

    correlation: jax.Array
    offset: jax.Array
    curve: jax.Array


@edge(lips=FLOATS, sound=FLOATS)
def lip_envelope(
    lips: jax.Array, sound: jax.Array, *, max_offset: int, lengths: Lengths | None = None, mask: jax.Array | None = None
) -> LipEnvelope:
    """The highest correlation between mouth and voice over a range of offsets, and the offset.

        curve(o) = ½ Σ_{c = value, velocity} corr_t(lips_{t,c}, sound_{t−o,c}),   o = −M … M,   M = max_offset

    where corr is Pearson's over those t for which both frames exist. lips_t ≈ sound_{t−o} says that the picture shows
    at frame t what was heard o frames before: a positive offset means that the picture is late, as a positive lag does,
    and sound delayed by k frames lowers it by k. A parabola through the maximum and its two neighbours refines the
    offset by at most half a frame; a maximum at ±M stays there, and means "at least M".

    If one side doesn't move, correlation and offset are 0 and meaningless. People open their mouths before the
    voice begins, so a natural clip may have a small negative offset: compare with the reference's own.

    Args:
        lips: `[T, 2]` mouth opening, as `standardize` returns it.
        sound: `[S, 2]` envelope, likewise, at the same frame rate, its first frame beside the picture's first.
        max_offset: largest offset in frames, at least 1.
        lengths: (t, s), numbers of valid leading frames; Python ints or traced. None for (T, S).
        mask: `[S]` boolean, which frames of the sound count, as `audio_envelope` returns it; None for all.

    Returns:
        The scores; NaN if no offset leaves more than M pairs of frames.

    Raises:
        ValueError: the shapes aren't `[T, 2]` and `[S, 2]` of floating-point numbers, mask is not boolean `[S]`,
            max_offset is below 1, or a static length is out of range or not above 2 M (while tracing).

    References:
        Chandrasekaran et al., as `speech_rhythm`. Correlation, velocity and the search for the offset are ours.

    Example:
        >>> curve = jax.random.normal(jax.random.key(0), (80,))
        >>> picture, sound = standardize(jnp.roll(curve, 2)), standardize(curve)  # two frames late
        >>> print(round(float(lip_envelope(picture, sound, max_offset=5).offset)))
        2
    """
    t, s = _checked_pair(lips, sound, max_offset, lengths)
    counts = jnp.arange(len(sound), dtype=s.dtype) < s
    counts = counts if mask is None else counts & _checked_curve(sound[:, 0], mask)
    rows = jnp.arange(len(lips), dtype=t.dtype)

    def correlation(offset: jax.Array) -> tuple[jax.Array, jax.Array]:
        partners = rows - offset
        column = jnp.clip(partners, 0, len(sound) - 1)
        both = (rows < t) & (partners == column) & counts[column]
        values = jax.vmap(_pearson, in_axes=(1, 1, None))(lips, sound[column], both)  # [2]
        return jnp.mean(values), jnp.sum(both)

    curve, pairs = jax.vmap(correlation)(jnp.arange(-max_offset, max_offset + 1, dtype=t.dtype))  # [2 M + 1] each
    defined = (pairs > max_offset) & ~jnp.isnan(curve)
    # The nearest to 0 of several maxima, so that a mouth that doesn't move isn't called late.
    by_size = np.array(sorted(range(-max_offset, max_offset + 1), key=abs)) + max_offset
    best = jnp.asarray(by_size)[jnp.argmax(jnp.where(defined, curve, _BELOW_ALL)[by_size])]
    padded, inside = jnp.pad(curve, 1), jnp.pad(defined, 1)
    refined = jnp.where(inside[best] & inside[best + 2], parabola_vertex(*(padded[best + k] for k in range(3))), 0)
    offset = (best - max_offset).astype(curve.dtype) + refined
    curve = jnp.where(defined, curve, jnp.nan)
    return LipEnvelope(curve[best], jnp.where(defined[best], offset, jnp.nan), curve)


def _pearson(x: jax.Array, y: jax.Array, valid: jax.Array) -> jax.Array:
    x, y = _centered(x, valid), _centered(y, valid)
    variance_x, variance_y = _mean(x * x, valid), _mean(y * y, valid)
    moves = (variance_x > _STILL) & (variance_y > _STILL)
    return jnp.where(moves, _mean(x * y, valid) / safe_sqrt(jnp.where(moves, variance_x * variance_y, 1)), 0)


def _centered(x: jax.Array, valid: jax.Array) -> jax.Array:
    """X less its mean over the valid frames, exactly 0 if it is constant; 0 elsewhere."""
    x = jnp.where(valid, x - x[jnp.argmax(valid)], 0)
    return jnp.where(valid, x - _mean(x, valid), 0)


def _scaled(x: jax.Array, valid: jax.Array, rounding: jax.Array) -> jax.Array:
    """A centred curve over its standard deviation; 0 if that is no more than rounding."""
    deviation = safe_sqrt(_mean(x * x, valid))
    moves = deviation > rounding
    return jnp.where(moves, x / jnp.where(moves, deviation, 1), 0)


def _mean(x: jax.Array, valid: jax.Array) -> jax.Array:
    """Over the valid frames of a curve that is 0 elsewhere."""
    return jnp.sum(x) / jnp.maximum(jnp.sum(valid), 1).astype(x.dtype)


def _checked_curve(values: jax.Array, valid: jax.Array | None) -> jax.Array:
    if values.ndim != 1 or len(values) == 0 or not jnp.issubdtype(values.dtype, jnp.floating):
        raise ValueError(f"Expected a floating-point curve [T], got {values.dtype} of shape {values.shape}.")
    if valid is None:
        return jnp.ones(values.shape, bool)
    if valid.shape != values.shape or valid.dtype != bool:
        raise ValueError(f"Expected a boolean mask of shape {values.shape}, got {valid.dtype} of shape {valid.shape}.")
    return jnp.asarray(valid)


def _checked_pair(
    lips: jax.Array, sound: jax.Array, max_offset: int, lengths: Lengths | None
) -> tuple[jax.Array, jax.Array]:
    if lips.ndim != 2 or sound.ndim != 2 or lips.shape[1] != 2 or sound.shape[1] != 2:
        raise ValueError(f"Expected trajectories [T, 2] and [S, 2], got {lips.shape} and {sound.shape}.")
    if not (jnp.issubdtype(lips.dtype, jnp.floating) and jnp.issubdtype(sound.dtype, jnp.floating)):
        raise ValueError(f"Expected floating-point trajectories, got {lips.dtype} and {sound.dtype}.")
    if max_offset < 1:
        raise ValueError(f"Expected max_offset >= 1, got {max_offset}.")
    t, s = (len(lips), len(sound)) if lengths is None else lengths
    static = [length for length in (t, s) if isinstance(length, numbers.Integral)]
    if min(static, default=2 * max_offset + 1) <= 2 * max_offset:
        raise ValueError(f"Expected more than {2 * max_offset} frames on both sides, got {t} and {s}.")
    return checked_lengths((t, s), (len(lips), len(sound)))
