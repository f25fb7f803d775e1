"""BlazeFace's residual block, of which the face detector and the face mesh are made."""

from collections.abc import Callable, Sequence

import jax
from flax import nnx

from jaxeval.encoders.layers import Conv, DepthwiseConv
from jaxeval.encoders.operations import max_pool, pad_channels


class BlazeBlock(nnx.Module):
    """activation(skip(x) + pointwise(depthwise(x))).

    The skip is x itself, max-pooled 2×2 where the block strides, with zero channels appended where it widens.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, activation: Callable):
        self.depthwise = DepthwiseConv(inputs, 3, stride=stride)
        self.pointwise = Conv(inputs, outputs, 1)
        self.activation = activation

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H / stride, W / stride, D]`; H and W are even where it strides."""
        padded = self.depthwise.pad(x)
        residual = self.pointwise(self.depthwise.of_padded(padded))
        inside = slice(1, -1) if self.depthwise.stride == 1 else slice(-1)
        skip = padded[:, inside, inside]
        if self.depthwise.stride > 1:
            skip = max_pool(skip, 2, stride=2)
        return self.activation(pad_channels(skip, residual.shape[-1]) + residual)


def blaze_blocks(
    inputs: int, table: Sequence[tuple[int, int]], activation: Callable[[int], Callable]
) -> nnx.Sequential:
    """Blocks in a row from a table of (channels, stride); `activation(channels)` makes each block's own.

    Args:
        inputs: channels.
        table: (channels, stride) of each block.
        activation: from a number of channels to what follows a block.
    """
    widths = [inputs, *(channels for channels, _ in table)]
    rows = zip(widths, table, strict=False)
    return nnx.Sequential(*(BlazeBlock(c, d, stride, activation(d)) for c, (d, stride) in rows))
