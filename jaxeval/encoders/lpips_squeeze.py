"""The SqueezeNet 1.1 of LPIPS."""

import functools
from collections.abc import Callable, Iterable, Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from jaxeval.encoders.layers import Conv, sequential
from jaxeval.encoders.lpips_network import LPIPSNetwork, head_parameters
from jaxeval.encoders.operations import max_pool

SLICES = (
    (True, ((16, 64), (16, 64))),
    (True, ((32, 128), (32, 128))),
    (True, ((48, 192),)),
    (False, ((48, 192),)),
    (False, ((64, 256),)),
    (False, ((64, 256),)),
)
"""From each tap to the next, after a stem of 64 channels: whether it begins with a pooling, and its fire modules,
(channels between, channels of each half of the output)."""

TAPS = (64, *(2 * fires[-1][1] for _, fires in SLICES))
"""Channels of the seven taps: the stem's end, and each slice's."""


class Fire(nnx.Module):
    """Few channels, and from them many: half by a 1×1 and half by a 3×3 convolution, each followed by a ReLU."""

    def __init__(self, inputs: int, between: int, half: int):
        self.squeeze = Conv(inputs, between, 1)
        self.expand1 = Conv(between, half, 1)
        self.expand3 = Conv(between, half, 3, padding=1)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H, W, 2·half]`."""
        x = jax.nn.relu(self.squeeze(x))
        return jax.nn.relu(jnp.concatenate([self.expand1(x), self.expand3(x)], axis=-1))


class LPIPSSqueeze(LPIPSNetwork):
    """Frames to the seven feature maps on which LPIPS v0.1 (SqueezeNet 1.1) measures.

    torchvision's SqueezeNet 1.1 up to its last fire module, and seven heads, for frames of any size from 17×17;
    `LPIPSNetwork` has the distance.

    References:
        R. Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018; F. N.
        Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", arXiv 1602.07360.

    Example:
        The user converts its backbone once (`jaxeval weights list` says from which file); shapes need none:

        >>> import jax, jax.numpy as jnp
        >>> frames = jax.ShapeDtypeStruct((2, 64, 64, 3), jnp.float32)
        >>> [tap.shape[1:] for tap in jax.eval_shape(lambda frames: LPIPSSqueeze()(frames), frames)]
        [(31, 31, 64), (15, 15, 128), (7, 7, 256), (3, 3, 384), (3, 3, 384), (3, 3, 512), (3, 3, 512)]
    """

    name = "lpips_squeeze"
    min_side = 17
    pixel_bytes = 230

    def __init__(self):
        self.stem = Conv(3, 64, 3, stride=2)
        self.fires = nnx.List([_fires(inputs, table) for inputs, (_, table) in zip(TAPS, SLICES, strict=False)])
        self.heads = head_parameters(TAPS)

    def slices(self) -> Iterable[Callable[[jax.Array], jax.Array]]:
        """From the scaled frames to the first tap, and from each tap to the next."""
        yield lambda x: jax.nn.relu(self.stem(x))
        for (pooled, _), fires in zip(SLICES, self.fires, strict=True):
            yield functools.partial(_slice, pooled, fires)


def _fires(inputs: int, table: Sequence[tuple[int, int]]) -> nnx.List:
    widths = [inputs, *(2 * half for _, half in table)]
    return nnx.List([Fire(c, *row) for c, row in zip(widths, table, strict=False)])


def _slice(pooled: bool, fires: Sequence[Fire], x: jax.Array) -> jax.Array:
    # torchvision's poolings count a last window that is only partly inside.
    return sequential(max_pool(x, 3, stride=2, ceil=True) if pooled else x, fires)
