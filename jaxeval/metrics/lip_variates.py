"""Mouth and voice as trajectories that can be held against each other: canonical variates of their shapes.

Neither side alone says much of the other: a mouth opens with some bands of the voice and shuts with others, a little
before or after. Canonical correlation over real speakers found the six projections of either side, a few frames of
context included, that agree best. They are 1164 numbers, `LipProjection`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.checks import checked_length
from jaxeval.alignment.edge import FLOATS, edge
from jaxeval.metrics.voice_spectrum import voice_spectrum
from jaxeval.numerics import precise_matmul, safe_sqrt

_INNER = np.array(((13, 14), (82, 87), (312, 317), (81, 178), (311, 402)))  # upper and lower inner lip
_LIPS, _UNDER_NOSE, _CORNERS, _JAW = (0, 17), (1, 17), (61, 291), (1, 152)
# What speech doesn't move: eye corners, bridge and tip of the nose, forehead, temples, cheekbones.
_RIGID = np.array((33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 10, 151, 9, 8, 127, 356, 234, 454, 116, 345))
_SLOW = 25  # frames of the moving mean that is taken away
_AROUND_LIPS, _AROUND_VOICE = 2, 3  # frames of context on either side
_ROUNDINGS = 8  # of a column's largest value; one that varies less is constant


class LipProjection(NamedTuple):
    """What canonical correlation found, for K variates.

    Attributes:
        lips: `[5 · 5, K]` of the mouth's five distances in five frames, the earliest frame first.
        sound: `[7 · 24, K]` of the voice's 24 bands in seven frames, likewise.
        weights: `[K]` positive, of sum 1: each variate's share, in proportion to its canonical correlation.
    """

    lips: jax.Array
    sound: jax.Array
    weights: jax.Array


class VoiceVariates(NamedTuple):
    """A voice beside the pictures.

    Attributes:
        values: `[count, K]`, dimensionless.
        mask: `[count]` boolean: whether the sound lasts for at least half of the picture.
    """

    values: jax.Array
    mask: jax.Array


@edge(landmarks=FLOATS)
def mouth_shape(landmarks: jax.Array) -> jax.Array:
    """Five distances of the mouth over the size of the face.

    The opening (mean of five pairs of inner lips), the height of the lips, the lower lip's distance from the nose, the
    width of the mouth, and the chin's distance from the nose. The size is the root mean square distance, in three
    dimensions, of 20 points that speech doesn't move from their mean: so no turn of the head matters.

    Args:
        landmarks: `[T, 468, 3]` points of MediaPipe's face mesh, any unit, the same for x, y and z.

    Returns:
        `[T, 5]`, at least 0, dimensionless; 0 where the 20 points coincide.

    Raises:
        ValueError: landmarks are not floating-point `[T, 468, 3]`.

    Example:
        >>> mouth_shape(jax.random.normal(jax.random.key(0), (2, 468, 3))).shape
        (2, 5)
    """
    if landmarks.ndim != 3 or landmarks.shape[1:] != (468, 3) or not jnp.issubdtype(landmarks.dtype, jnp.floating):
        raise ValueError(
            f"Expected floating-point landmarks [T, 468, 3], got {landmarks.dtype} of shape {landmarks.shape}."
        )

    def apart(a: int, b: int) -> jax.Array:
        return safe_sqrt(jnp.sum(jnp.square(landmarks[:, a] - landmarks[:, b]), axis=1))

    rigid = landmarks[:, _RIGID]
    spread = jnp.square(rigid - jnp.mean(rigid, axis=1, keepdims=True))
    size = safe_sqrt(jnp.mean(jnp.sum(spread, axis=2), axis=1))[:, None]
    opening = jnp.mean(jnp.stack([apart(*pair) for pair in _INNER.tolist()]), axis=0)
    shape = jnp.stack([opening, *(apart(*pair) for pair in (_LIPS, _UNDER_NOSE, _CORNERS, _JAW))], axis=1)
    return jnp.where(size > 0, shape / jnp.where(size > 0, size, 1), 0)


@edge(landmarks=FLOATS)
def lip_variates(
    landmarks: jax.Array, projection: LipProjection, *, length: int | jax.Array | None = None
) -> jax.Array:
    """The canonical variates of a mouth, u_t = Aᵀ (m_{t−2} … m_{t+2}).

    m is `mouth_shape`, less the clip's mean, and then less a centred moving mean of 25 frames (of fewer at the ends).
    Beyond the ends the first and the last frame are repeated.

    Args:
        landmarks: `[T, 468, 3]` points of MediaPipe's face mesh at 25 frames per second.
        projection: such as `jaxeval.checkpoints.lip_projection.lip_projection()`.
        length: number of valid leading frames; a Python int or traced. None for T.

    Returns:
        `[T, K]`, dimensionless; of a mouth that doesn't move 0, with a gradient of 0. Rows past `length` are finite.

    Raises:
        ValueError: landmarks are not floating-point `[T, 468, 3]`, or a static length is out of range.

    Example:
        >>> from jaxeval.checkpoints.lip_projection import lip_projection
        >>> lip_variates(jax.random.normal(jax.random.key(0), (30, 468, 3)), lip_projection()).shape
        (30, 6)
    """
    count = checked_length(landmarks, length)
    shape = mouth_shape(landmarks)
    valid = jnp.arange(len(shape), dtype=count.dtype) < count
    return _projected(shape, valid, count, projection.lips, _AROUND_LIPS)


@edge(samples=FLOATS)
def voice_variates(
    samples: jax.Array,
    projection: LipProjection,
    *,
    count: int,
    start: float | jax.Array = 0.0,
    length: int | jax.Array | None = None,
    pictures: int | jax.Array | None = None,
) -> VoiceVariates:
    """The canonical variates of a voice, v_t = Bᵀ (s_{t−3} … s_{t+3}).

    s is `voice_spectrum`, less means as the mouth is in `lip_variates`; in frames without sound it counts as its mean.

    Args:
        samples: `[N]` mono samples at 16 kHz, any unit.
        projection: as for `lip_variates`.
        count: number of pictures at 25 per second, static.
        start: by how many seconds the sound begins after the first picture, negative if before; may be traced.
        length: number of valid leading samples; a Python int or traced. None for N.
        pictures: number of valid leading pictures; a Python int or traced. None for `count`.

    Returns:
        A `VoiceVariates`; of a sound that doesn't change, such as silence, 0.

    Raises:
        ValueError: samples are not floating-point `[N]`, the count is below 1, or a static length is out of range.

    Example:
        >>> from jaxeval.checkpoints.lip_projection import lip_projection
        >>> voice_variates(jnp.sin(jnp.arange(16000.0) ** 1.5), lip_projection(), count=25).values.shape
        (25, 6)
    """
    values, mask = voice_spectrum(samples, count=count, start=start, length=length, pictures=pictures)
    last = checked_length(values, pictures)
    return VoiceVariates(_projected(values, mask, last, projection.sound, _AROUND_VOICE), mask)


def _projected(values: jax.Array, valid: jax.Array, count: jax.Array, projection: jax.Array, around: int) -> jax.Array:
    """Values `[T, D]` of `count` frames, those that are valid, without slow changes, in context, projected."""
    values = _detrended(values, valid[:, None], count)
    places = np.arange(len(values))[:, None] + np.arange(-around, around + 1)  # [T, 2 around + 1]
    context = values[jnp.clip(jnp.asarray(places, count.dtype), 0, count - 1)].reshape(len(values), -1)
    return precise_matmul(context, jnp.asarray(projection, values.dtype))


def _detrended(values: jax.Array, valid: jax.Array, count: jax.Array) -> jax.Array:
    """Less the clip's mean and then a moving mean; 0 in frames not valid, and in columns that don't change."""
    heard = jnp.maximum(jnp.sum(valid), 1).astype(values.dtype)
    largest = jnp.max(jnp.where(valid, jnp.abs(values), 0), axis=0, keepdims=True)
    values = jnp.where(valid, values - values[jnp.argmax(valid[:, 0])][None], 0)
    values = jnp.where(valid, values - (jnp.sum(values, axis=0, keepdims=True) / heard), 0)
    rounding = _ROUNDINGS * jnp.finfo(values.dtype).eps * jax.lax.stop_gradient(largest)
    moves = jnp.max(jnp.abs(values), axis=0, keepdims=True) > rounding
    values = jnp.where(moves, values, 0)
    half, total = _SLOW // 2, len(values)
    padded = jnp.pad(values, ((half, half), (0, 0)))
    sums = jnp.sum(jnp.stack([padded[k : k + total] for k in range(_SLOW)]), axis=0)
    rows = jnp.arange(total, dtype=count.dtype)
    inside = jnp.maximum(jnp.minimum(rows + half + 1, count) - jnp.maximum(rows - half, 0), 1)
    return jnp.where(valid, values - sums / inside.astype(values.dtype)[:, None], 0)
