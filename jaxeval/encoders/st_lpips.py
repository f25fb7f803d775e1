"""The shift-tolerant AlexNet of ST-LPIPS."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jaxeval.encoders.layers import Conv, as_input, convolve, max_pool, parameter, per_channel

SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
"""LPIPS's own scaling of RGB in [−1, 1]."""

BLUR = (0.25, 0.5, 0.25)

MIN_SIDE = 21
"""Pixels: below it the last blur has too few pixels to mirror."""

TAPS = (64, 192, 384, 256, 256)
"""Channels of the five taps, each a convolution followed by a ReLU."""


def blur(x: jax.Array) -> jax.Array:
    """[1, 2, 1] ⊗ [1, 2, 1] / 16 at every second pixel, after two mirrored pixels on each side."""
    for axis in (1, 2):
        mirrored = np.pad(np.arange(x.shape[axis]), 2, mode="reflect")
        windows = [mirrored[k : mirrored.size - 2 + k : 2] for k in range(3)]
        x = functools.reduce(jnp.add, [w * jnp.take(x, i, axis) for w, i in zip(BLUR, windows, strict=True)])
    return x


def blurred_conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """blur(conv(x, kernel)) without padding in the convolution, for about a third of the work.

    A convolution whose result is blurred at every second pixel is one convolution with a longer kernel and stride 2,
    except where the blur sees mirrored pixels. There its first value equals its second; its last is the mean of the
    last two pixels if the row's length is even, and equals the last but one if it is odd.

    Args:
        x: `[T, H, W, C]`.
        kernel: `[k, k, C, D]`.

    Returns:
        `[T, ⌈(H - k + 1)/2⌉ + 1, ⌈(W - k + 1)/2⌉ + 1, D]`.
    """
    length = kernel.shape[0]
    rows, columns = (_strips(side, length) for side in x.shape[1:3])
    bands = [
        jnp.concatenate(
            [convolve(x[:, r, c], _widen(_widen(kernel, u, 0), v, 1), 2, "VALID") for c, v in columns], axis=2
        )
        for r, u in rows
    ]
    repeats = [(1, (side - length + 1) % 2) for side in x.shape[1:3]]
    return jnp.pad(jnp.concatenate(bands, axis=1), ((0, 0), *repeats, (0, 0)), mode="edge")


def _strips(side: int, length: int) -> list[tuple[slice, tuple[float, ...]]]:
    """Where along an axis which blur applies: all along, and at the end of an even row the mean of two pixels."""
    odd = (side - length + 1) % 2
    return [(slice(None), BLUR)] + ([] if odd else [(slice(side - length - 1, None), (0.5, 0.5))])


def _widen(kernel: jax.Array, taps: tuple[float, ...], axis: int) -> jax.Array:
    """Convolve a kernel with a row of taps along an axis."""
    shifted = [
        jnp.pad(kernel, [(k, len(taps) - 1 - k) if along == axis else (0, 0) for along in range(4)])
        for k in range(len(taps))
    ]
    return functools.reduce(jnp.add, [tap * moved for tap, moved in zip(taps, shifted, strict=True)])


class STLPIPSAlex(nnx.Module):
    """Frames to the five feature maps on which shift-tolerant LPIPS (AlexNet) measures.

    An AlexNet that never strides without blurring first: every stride of the original is a stride of 1 followed by a
    3×3 blur that keeps every second pixel, with mirrored borders. The network's distance between two frames is

        d(x, y) = Σ_l mean over H, W of Σ_c w_lc (x̂_lc − ŷ_lc)²,   x̂_l = x_l / (√(Σ_c x_lc²) + 1e-10)

    over the taps x_l; `heads` holds the five vectors of weights w_l ≥ 0. It is ST-LPIPS, never to be called LPIPS.

    References:
        A. Ghildyal and F. Liu, "Shift-tolerant perceptual similarity metric", ECCV 2022; R. Zhang et al., "The
        unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jaxeval.checkpoints import load_encoder
        >>> encoder = load_encoder("st_lpips_alex")
        >>> run = jax.jit(lambda encoder, frames: encoder(frames))
        >>> [tap.shape for tap in run(encoder, jnp.zeros((2, 64, 64, 3)))]
        [(2, 30, 30, 64), (2, 15, 15, 192), (2, 8, 8, 384), (2, 8, 8, 256), (2, 8, 8, 256)]
        >>> [head[...].shape for head in encoder.heads]
        [(64,), (192,), (384,), (256,), (256,)]
    """

    name = "st_lpips_alex"
    size = None

    def __init__(self):
        self.conv1 = Conv(3, 64, 11, padding=2)
        self.conv2 = Conv(64, 192, 5, padding=2)
        self.conv3 = Conv(192, 384, 3, padding=1)
        self.conv4 = Conv(384, 256, 3, padding=1)
        self.conv5 = Conv(256, 256, 3, padding=1)
        self.heads = nnx.List([parameter(channels) for channels in TAPS])

    def __call__(self, frames: jax.Array) -> tuple[jax.Array, ...]:
        """Compute the taps.

        Args:
            frames: `[T, H, W, 3]` RGB in [0, 1], of any size from 21×21.

        Returns:
            A tuple of five taps `[T, h_l, w_l, c_l]`, raw ReLU activations with c_l = 64, 192, 384, 256, 256.

        Raises:
            ValueError: frames are not floating-point `[T, H, W, 3]`, or are smaller than 21×21 (while tracing).
        """
        frames = as_input(frames, self)
        if min(frames.shape[1:3]) < MIN_SIDE:
            raise ValueError(f"Expected frames of at least {MIN_SIDE}×{MIN_SIDE} pixels, got shape {frames.shape}.")
        x = (frames * 2.0 - 1.0 - per_channel(SHIFT, frames)) / per_channel(SCALE, frames)
        x = jnp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
        tap1 = jax.nn.relu(blurred_conv(x, self.conv1.kernel[...]) + per_channel(self.conv1.bias[...], x))
        tap2 = jax.nn.relu(self.conv2(blur(max_pool(tap1, 3, stride=1))))
        tap3 = jax.nn.relu(self.conv3(blur(max_pool(tap2, 3, stride=1))))
        tap4 = jax.nn.relu(self.conv4(tap3))
        tap5 = jax.nn.relu(self.conv5(tap4))
        return tap1, tap2, tap3, tap4, tap5
