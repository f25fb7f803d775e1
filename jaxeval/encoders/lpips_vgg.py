"""The VGG-16 of LPIPS."""

import functools
from collections.abc import Callable, Iterable, Sequence

import jax
from flax import nnx

from jaxeval.encoders.layers import Conv
from jaxeval.encoders.lpips_network import LPIPSNetwork, head_parameters
from jaxeval.encoders.operations import max_pool

GROUPS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""(channels, convolutions) of the groups between VGG-16's poolings, each convolution 3×3 and followed by a ReLU."""

TAPS = tuple(channels for channels, _ in GROUPS)
"""Channels of the five taps, each a group's end."""


class LPIPSVGG(LPIPSNetwork):
    """Frames to the five feature maps on which LPIPS v0.1 (VGG-16) measures.

    torchvision's VGG-16 up to its last convolution, and five heads, for frames of any size from 16×16;
    `LPIPSNetwork` has the distance.

    References:
        R. Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018; K.
        Simonyan and A. Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015.

    Example:
        The user converts its backbone once (`jaxeval weights list` says from which file); shapes need none:

        >>> import jax, jax.numpy as jnp
        >>> frames = jax.ShapeDtypeStruct((2, 64, 64, 3), jnp.float32)
        >>> [tap.shape for tap in jax.eval_shape(lambda frames: LPIPSVGG()(frames), frames)]
        [(2, 64, 64, 64), (2, 32, 32, 128), (2, 16, 16, 256), (2, 8, 8, 512), (2, 4, 4, 512)]
    """

    name = "lpips_vgg"
    min_side = 16
    pixel_bytes = 1000

    def __init__(self):
        rows = zip((3, *TAPS), GROUPS, strict=False)
        self.groups = nnx.List([_group(inputs, outputs, count) for inputs, (outputs, count) in rows])
        self.heads = head_parameters(TAPS)

    def slices(self) -> Iterable[Callable[[jax.Array], jax.Array]]:
        """From the scaled frames to the first tap, and from each tap to the next."""
        first, *others = self.groups
        yield functools.partial(_convolved, first)
        for group in others:
            yield functools.partial(self._next, group)

    def _next(self, group: Sequence[Conv], x: jax.Array) -> jax.Array:
        return _convolved(group, self.pool(x))

    def pool(self, x: jax.Array) -> jax.Array:
        """What stands between the groups: `[T, H, W, C]` to half the size."""
        return max_pool(x, 2, stride=2)


def _group(inputs: int, outputs: int, count: int) -> nnx.List:
    return nnx.List([Conv(c, outputs, 3, padding=1) for c in (inputs, outputs, outputs)[:count]])


def _convolved(group: Sequence[Conv], x: jax.Array) -> jax.Array:
    for conv in group:
        x = jax.nn.relu(conv(x))
    return x
