"""Temporal LPIPS: whether a clip changes from frame to frame as much as its reference does."""

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import Lengths, checked_lengths
from jaxeval.alignment.edge import BYTES, FLOATS, edge
from jaxeval.metrics.perceptual import LPIPSEncoder, lpips


@edge(frames=BYTES)
def perceptual_steps(encoder: LPIPSEncoder, frames: jax.Array) -> jax.Array:
    """LPIPS of each frame against the one before it, computed directly.

    Args:
        encoder: a perceptual encoder, such as `load_encoder("lpips_alex")`.
        frames: `[T, H, W, 3]` RGB in [0, 1]; or uint8, 0 to 255. T at least 2.

    Returns:
        `[T - 1]` distances, at least 0; exactly 0 where a frame repeats the one before.

    Raises:
        ValueError: there are fewer than 2 frames, the encoder is no perceptual one, or frames aren't in [0, 1].

    Example:
        >>> import jax.numpy as jnp, jaxeval
        >>> encoder = jaxeval.load_encoder("lpips_alex")
        >>> print(perceptual_steps(encoder, jnp.zeros((3, 64, 64, 3))))
        [0. 0.]
    """
    if frames.ndim != 4 or frames.shape[0] < 2:
        raise ValueError(f"Expected at least 2 frames [T, H, W, 3], got shape {frames.shape}.")
    return lpips(encoder, frames[1:], frames[:-1])


@edge(x_steps=FLOATS, y_steps=FLOATS)
def tlpips(x_steps: jax.Array, y_steps: jax.Array, *, lengths: Lengths | None = None) -> jax.Array:
    """Temporal LPIPS (tLP): the mean difference between two clips' perceptual steps.

        tLP = 1/K Σ_k |LPIPS(x_k, x_k+1) − LPIPS(y_k, y_k+1)|,   K the number of steps that both clips have

    Flicker makes the steps too large, frozen or blurred motion makes them too small; both cost. Step k is
    compared with step k, so a late clip scores worse too. What the frames show doesn't matter: a clip of another scene
    that changes as much scores 0. TecoGAN's tables list 100 times this value, with LPIPS on AlexNet and without the
    first and the last two frames of each clip.

    Args:
        x_steps: `[T - 1]` `perceptual_steps` of the generated clip.
        y_steps: `[S - 1]` those of the reference, by the same encoder from frames of the same size.
        lengths: numbers of valid leading steps, one less than the frames, Python ints or traced; None for all.

    Returns:
        Scalar, at least 0, lower is better; in units of LPIPS. The gradient is 0 where two steps are equal. NaN if a
        traced length is 0.

    Raises:
        ValueError: the steps are not floating-point vectors, or a static length is out of range.

    References:
        Chu, Xie, Mayer, Leal-Taixé, Thuerey: Learning temporal coherence via self-supervision for GAN-based video
        generation (TecoGAN), ACM Transactions on Graphics 39(4), 2020, and its public code, metrics.py.

    Example:
        >>> import jax.numpy as jnp
        >>> print(tlpips(jnp.array([0.25, 0.75]), jnp.array([0.25, 0.25])))
        0.25
    """
    if x_steps.ndim != 1 or y_steps.ndim != 1 or not (x_steps.size and y_steps.size):
        raise ValueError(f"Expected perceptual steps [T - 1] and [S - 1], got {x_steps.shape} and {y_steps.shape}.")
    count = jnp.minimum(*checked_lengths(lengths, (len(x_steps), len(y_steps))))
    common = min(len(x_steps), len(y_steps))
    valid = jnp.arange(common, dtype=count.dtype) < count
    apart = jnp.where(valid, x_steps[:common] - y_steps[:common], 0)
    # |x| as x · sign x: jnp.abs has the gradient 1 at 0.
    total = jnp.sum(apart * jnp.sign(apart))
    return jnp.where(count < 1, jnp.nan, total / jnp.maximum(count, 1).astype(apart.dtype))
