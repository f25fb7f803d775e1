"""The timing that an alignment forgave, in milliseconds: a lag curve in six numbers."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import checked_length
from jaxeval.alignment.edge import FLOATS, edge
from jaxeval.numerics import safe_sqrt

RESOLUTION = 0.25
"""Frames by which a lag must exceed a limit to count as beyond it."""


class Timing(NamedTuple):
    """How late a clip is, over its valid frames; positive is late.

    Attributes:
        mean: mean lag, ms.
        std: spread of the lag, its standard deviation over the frames, ms.
        beyond_40: share of frames that are more than 40 ms late or early, in [0, 1].
        beyond_80: likewise, 80 ms.
        beyond_160: likewise, 160 ms.
        drift: slope of the lag over time, ms per s: 10 for a clip that takes 1 % longer. NaN for a single frame.
    """

    mean: jax.Array
    std: jax.Array
    beyond_40: jax.Array
    beyond_80: jax.Array
    beyond_160: jax.Array
    drift: jax.Array


@edge(curve=FLOATS)
def timing(curve: jax.Array, *, fps: float, length: jax.Array | int | None = None) -> Timing:
    """Summarise a lag curve, such as `jaxeval.lag(alignment).curve`.

    With l_t the lag in ms and τ_t = t / fps the time in s, both over the valid frames,

        drift = Σ_t (τ_t − τ̄)(l_t − l̄) / Σ_t (τ_t − τ̄)²

    least squares with equal weights.

    **Limits.** A delay of whole frames lies on a limit: at 25 fps 40, 80 and 160 ms are 1, 2 and 4 frames. A soft
    alignment of a clip that is exactly 160 ms late wavers around 4 frames by up to 0.2, so that 43 % of its frames are
    barely beyond 160 ms. A lag therefore counts as beyond only if it is so by more than a quarter of a frame.

    **Ends.** A path is held in the corners: of a clip that is late by d frames the curve climbs from 0 to d over the
    first d frames and comes back on the last one. Nothing is trimmed. The ends err towards 0 only, so they raise no
    share (they lower it by about d frames), and a trim that depends on the lag would make the shares of different clips
    unlike. For the same reason the mean is lower by d (d + 2) / 2T frames, and a constant delay drifts by about
    3000 (d / T)² ms per s, for T frames in all: 8.5 for 160 ms in 3 s, 0.8 in 10 s.

    Args:
        curve: `[T]` lag of each frame in frames, positive is late; anything beyond the valid ones.
        fps: frames per second.
        length: number of valid leading frames, a Python int or traced; None for T.

    Returns:
        `Timing`. The shares have the gradient 0.

    Raises:
        ValueError: the curve is no vector of floating-point numbers, is empty, or a static length is out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> found = timing(jnp.arange(100.0) * 0.05, fps=25.0)  # 5 % slower
        >>> print(" ".join(f"{value:.2f}" for value in found))
        99.00 57.73 0.74 0.54 0.14 50.00
    """
    if curve.ndim != 1 or not len(curve) or not jnp.issubdtype(curve.dtype, jnp.floating):
        raise ValueError(f"Expected a floating-point curve [T], got {curve.dtype}{list(curve.shape)}.")
    count = checked_length(curve, length)
    frames = jnp.arange(len(curve), dtype=jnp.int32)
    valid = frames < count
    total = count.astype(curve.dtype)

    def mean(values: jax.Array) -> jax.Array:
        return jnp.sum(jnp.where(valid, values.astype(curve.dtype), 0)) / total

    late = jnp.where(valid, curve, 0)
    middle = mean(late)
    apart = late - middle
    since = frames.astype(curve.dtype) - (total - 1) / 2
    spread = mean(jnp.square(since))
    slope = mean(since * apart) / jnp.where(spread == 0, 1, spread)
    milliseconds = 1000 / fps

    def beyond(limit: float) -> jax.Array:
        return mean(jnp.abs(late) > limit / milliseconds + RESOLUTION)

    return Timing(
        mean=middle * milliseconds,
        std=safe_sqrt(mean(jnp.square(apart))) * milliseconds,
        beyond_40=beyond(40),
        beyond_80=beyond(80),
        beyond_160=beyond(160),
        drift=jnp.where(spread == 0, jnp.nan, slope * 1000),
    )
