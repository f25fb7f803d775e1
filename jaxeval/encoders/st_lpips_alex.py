"""The shift-tolerant AlexNet of ST-LPIPS."""

from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp

from jaxeval.encoders.blur import blur, blurred_conv
from jaxeval.encoders.layers import Conv, max_pool, per_channel
from jaxeval.encoders.lpips_network import LPIPSNetwork, head_parameters

TAPS = (64, 192, 384, 256, 256)
"""Channels of the five taps, each a convolution followed by a ReLU."""


class STLPIPSAlex(LPIPSNetwork):
    """Frames to the five feature maps on which shift-tolerant LPIPS (AlexNet) measures.

    An AlexNet that never strides without blurring first: every stride of the original is a stride of 1 followed by a
    3×3 blur that keeps every second pixel, with mirrored borders. The network's distance between two frames is

        d(x, y) = Σ_l mean over H, W of Σ_c w_lc (x̂_lc − ŷ_lc)²,   x̂_l = x_l / (√(Σ_c x_lc²) + 1e-10)

    over the taps x_l; `heads` holds the five vectors of weights w_l ≥ 0. It takes frames of any size from 21×21. It is
    ST-LPIPS, never to be called LPIPS.

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
    min_side = 21

    def __init__(self):
        self.conv1 = Conv(3, 64, 11, padding=2)
        self.conv2 = Conv(64, 192, 5, padding=2)
        self.conv3 = Conv(192, 384, 3, padding=1)
        self.conv4 = Conv(384, 256, 3, padding=1)
        self.conv5 = Conv(256, 256, 3, padding=1)
        self.heads = head_parameters(TAPS)

    def stages(self) -> Iterable[Callable[[jax.Array], jax.Array]]:
        """From the scaled frames to the first tap, and from each tap to the next."""
        return (
            self._first,
            lambda x: jax.nn.relu(self.conv2(blur(max_pool(x, 3, stride=1)))),
            lambda x: jax.nn.relu(self.conv3(blur(max_pool(x, 3, stride=1)))),
            lambda x: jax.nn.relu(self.conv4(x)),
            lambda x: jax.nn.relu(self.conv5(x)),
        )

    def _first(self, x: jax.Array) -> jax.Array:
        x = jnp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
        return jax.nn.relu(blurred_conv(x, self.conv1.kernel[...], self.mode) + per_channel(self.conv1.bias[...], x))
