"""The shift-tolerant AlexNet of ST-LPIPS."""

import functools

import jax
import jax.numpy as jnp
from flax import nnx

from jaxeval.encoders.layers import check_frames, conv, max_pool, per_channel, shifts

SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
"""LPIPS's own scaling of RGB in [−1, 1]."""

BLUR = (0.25, 0.5, 0.25)

TAPS = (64, 192, 384, 256, 256)
"""Channels of the five taps, each a convolution followed by a ReLU."""


def blur(x: jax.Array) -> jax.Array:
    """[1, 2, 1] ⊗ [1, 2, 1] / 16 at every second pixel, after two mirrored pixels on each side."""
    x = jnp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    for axis in (1, 2):
        x = functools.reduce(jnp.add, [w * y for w, y in zip(BLUR, shifts(x, 3, stride=2, axis=axis), strict=True)])
    return x


class STLPIPSAlex(nnx.Module):
    """Frames to the five feature maps on which shift-tolerant LPIPS (AlexNet) measures.

    An AlexNet that never strides without blurring first: every stride of the original is a stride of 1 followed by a
    3×3 blur that keeps every second pixel, with mirrored borders. The network's distance between two frames is

        d(x, y) = Σ_l mean over H, W of Σ_c w_lc (x̂_lc − ŷ_lc)²,   x̂_l = x_l / (√(Σ_c x_lc²) + 1e-10)

    over the taps x_l; `heads` holds the five vectors of weights w_l ≥ 0. It is ST-LPIPS, never to be called LPIPS.

    Args:
        frames: `[T, H, W, 3]` RGB in [0, 1], of any size from 32×32.

    Returns:
        A tuple of five taps `[T, h_l, w_l, c_l]`, raw ReLU activations with c_l = 64, 192, 384, 256, 256.

    Raises:
        ValueError: frames are not floating-point `[T, H, W, 3]` (while tracing).

    References:
        A. Ghildyal and F. Liu, "Shift-tolerant perceptual similarity metric", ECCV 2022; R. Zhang et al., "The
        unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018.

    Example:
        >>> import jax.numpy as jnp
        >>> from jaxeval.checkpoints import load_encoder
        >>> encoder = load_encoder("st_lpips_alex")
        >>> [tap.shape for tap in encoder(jnp.zeros((2, 64, 64, 3)))]
        [(2, 30, 30, 64), (2, 15, 15, 192), (2, 8, 8, 384), (2, 8, 8, 256), (2, 8, 8, 256)]
        >>> [head[...].shape for head in encoder.heads]
        [(64,), (192,), (384,), (256,), (256,)]
    """

    name = "st_lpips_alex"
    size = None

    def __init__(self, *, rngs: nnx.Rngs):
        self.conv1 = conv(3, 64, 11, padding=2, rngs=rngs)
        self.conv2 = conv(64, 192, 5, padding=2, rngs=rngs)
        self.conv3 = conv(192, 384, 3, padding=1, rngs=rngs)
        self.conv4 = conv(384, 256, 3, padding=1, rngs=rngs)
        self.conv5 = conv(256, 256, 3, padding=1, rngs=rngs)
        self.heads = nnx.List([nnx.Param(jnp.ones((channels,))) for channels in TAPS])

    def __call__(self, frames: jax.Array) -> tuple[jax.Array, ...]:
        check_frames(frames, self.name)
        x = (frames * 2.0 - 1.0 - per_channel(SHIFT, frames)) / per_channel(SCALE, frames)
        tap1 = jax.nn.relu(blur(self.conv1(x)))
        tap2 = jax.nn.relu(self.conv2(blur(max_pool(tap1, 3, stride=1))))
        tap3 = jax.nn.relu(self.conv3(blur(max_pool(tap2, 3, stride=1))))
        tap4 = jax.nn.relu(self.conv4(tap3))
        tap5 = jax.nn.relu(self.conv5(tap4))
        return tap1, tap2, tap3, tap4, tap5
