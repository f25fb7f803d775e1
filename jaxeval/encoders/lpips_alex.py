"""The AlexNet of LPIPS."""

from collections.abc import Callable, Iterable

import jax

from jaxeval.encoders.layers import Conv
from jaxeval.encoders.lpips_network import LPIPSNetwork, head_parameters
from jaxeval.encoders.operations import max_pool

TAPS = (64, 192, 384, 256, 256)
"""Channels of the five taps, each a convolution followed by a ReLU."""


class LPIPSAlex(LPIPSNetwork):
    """Frames to the five feature maps on which LPIPS v0.1 (AlexNet) measures.

    torchvision's AlexNet up to its last convolution, and five heads, for frames of any size from 31×31;
    `LPIPSNetwork` has the distance.

    References:
        R. Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018; A.
        Krizhevsky, "One weird trick for parallelizing convolutional neural networks", arXiv 1404.5997.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jaxeval.checkpoints import load_encoder
        >>> encoder = load_encoder("lpips_alex")
        >>> run = jax.jit(lambda encoder, frames: encoder(frames))
        >>> [tap.shape for tap in run(encoder, jnp.zeros((2, 64, 64, 3)))]
        [(2, 15, 15, 64), (2, 7, 7, 192), (2, 3, 3, 384), (2, 3, 3, 256), (2, 3, 3, 256)]
    """

    name = "lpips_alex"
    min_side = 31
    pixel_bytes = 40

    def __init__(self):
        self.conv1 = Conv(3, 64, 11, stride=4, padding=2)
        self.conv2 = Conv(64, 192, 5, padding=2)
        self.conv3 = Conv(192, 384, 3, padding=1)
        self.conv4 = Conv(384, 256, 3, padding=1)
        self.conv5 = Conv(256, 256, 3, padding=1)
        self.heads = head_parameters(TAPS)

    def slices(self) -> Iterable[Callable[[jax.Array], jax.Array]]:
        """From the scaled frames to the first tap, and from each tap to the next."""
        return (  # of 224 × 224 pixels:
            lambda x: jax.nn.relu(self.conv1(x)),  # [T, 55, 55, 64]
            lambda x: jax.nn.relu(self.conv2(max_pool(x, 3, stride=2))),  # [T, 27, 27, 192]
            lambda x: jax.nn.relu(self.conv3(max_pool(x, 3, stride=2))),  # [T, 13, 13, 384]
            lambda x: jax.nn.relu(self.conv4(x)),  # [T, 13, 13, 256]
            lambda x: jax.nn.relu(self.conv5(x)),  # [T, 13, 13, 256]
        )
