"""The layers with weights that the networks share; feature maps are `[T, H, W, C]` or `[T, D, H, W, C]` throughout."""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax

from jaxeval.encoders.encoder import Precision
from jaxeval.encoders.operations import (
    Padding,
    Size,
    convolve,
    convolve_in_columns,
    matmul,
    pads_of,
    per_channel,
    shifts,
)


def parameter(*shape: int) -> nnx.Param:
    """Zeros to be filled with trained values: float32 even where the program's default is float64.

    Args:
        shape: its extents.
    """
    return nnx.Param(jnp.zeros(shape, jnp.float32))


class Conv(nnx.Module):
    """A convolution, of two axes if its size is one number, and a bias."""

    precision: Precision = "reference"

    def __init__(self, inputs: int, outputs: int, size: Size, *, stride: Size = 1, padding: Padding = 0):
        sizes = (size, size) if isinstance(size, int) else size
        self.kernel = parameter(*sizes, inputs, outputs)
        self.bias = parameter(outputs)
        self.stride = stride
        self.padding = padding

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, ..., C]` to `[T, ..., D]`."""
        x = convolve(x, self.kernel[...], stride=self.stride, padding=self.padding, precision=self.precision)
        return x + per_channel(self.bias[...], x)


class StridingConv(Conv):
    """A striding convolution of few channels, such as a network's first; see `convolve_in_columns`."""

    stride: int

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H', W', D]`."""
        x = convolve_in_columns(x, self.kernel[...], stride=self.stride, padding=self.padding, precision=self.precision)
        return x + per_channel(self.bias[...], x)


class Dense(nnx.Module):
    """A matrix product, and a bias."""

    precision: Precision = "reference"

    def __init__(self, inputs: int, outputs: int):
        self.kernel = parameter(inputs, outputs)
        self.bias = parameter(outputs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[..., C]` to `[..., D]`."""
        x = matmul(x, self.kernel[...], self.precision)
        return x + per_channel(self.bias[...], x)


class Affine(nnx.Module):
    """Batch normalisation as it is once frozen: γx + β per channel."""

    def __init__(self, channels: int):
        self.scale = parameter(channels)
        self.shift = parameter(channels)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[..., C]` to the same."""
        return per_channel(self.scale[...], x) * x + per_channel(self.shift[...], x)


class PReLU(nnx.Module):
    """x where x ≥ 0, αx elsewhere, with one slope α per channel."""

    def __init__(self, channels: int):
        self.slope = parameter(channels)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[..., C]` to the same."""
        return jnp.where(x >= 0, x, per_channel(self.slope[...], x) * x)


class DepthwiseConv(nnx.Module):
    """A convolution of each channel by itself, with a bias."""

    def __init__(self, channels: int, size: int, *, stride: int = 1, padding: Padding = "SAME"):
        self.kernel = parameter(size, size, channels)
        self.bias = parameter(channels)
        self.stride = stride
        self.padding = padding

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H', W', C]`."""
        return self.of_padded(self.pad(x))

    def pad(self, x: jax.Array) -> jax.Array:
        """Zeros around x, which XLA is kept from looking through: else it lays x out both with and without them.

        Args:
            x: `[T, H, W, C]`.
        """
        size = self.kernel.shape[0]
        pads = pads_of(self.padding, x.shape[1:3], (size, size), (self.stride, self.stride))
        return lax.optimization_barrier(jnp.pad(x, ((0, 0), *pads, (0, 0))))

    def of_padded(self, padded: jax.Array) -> jax.Array:
        """`self(x)` from `self.pad(x)`.

        Args:
            padded: from `pad`.
        """
        size = self.kernel.shape[0]
        terms = [
            column * per_channel(self.kernel[...][i, j], padded)
            for i, row in enumerate(shifts(padded, size, stride=self.stride, axis=1))
            for j, column in enumerate(shifts(row, size, stride=self.stride, axis=2))
        ]
        return functools.reduce(jnp.add, terms) + per_channel(self.bias[...], padded)


def fused_pointwise(x: jax.Array, convs: Sequence[Conv], precision: Precision) -> list[jax.Array]:
    """What each of several 1×1 convolutions makes of the same map, computed as one product.

    Args:
        x: `[T, ..., C]`.
        convs: with a bias.
        precision: of the products.

    Returns:
        `[T, ..., D]` for each.
    """
    widths = [conv.kernel.shape[-1] for conv in convs]
    kernel = jnp.concatenate([conv.kernel[...].reshape(x.shape[-1], -1) for conv in convs], 1)  # [C, ΣD]
    bias = jnp.concatenate([conv.bias[...] for conv in convs])  # [ΣD]
    return jnp.split(matmul(x, kernel, precision) + per_channel(bias, x), np.cumsum(widths)[:-1], -1)


def sequential(x: jax.Array, layers: Sequence[Callable[[jax.Array], jax.Array]]) -> jax.Array:
    """Layers one after the other.

    Args:
        x: what the first takes.
        layers: each takes what the one before it gives.
    """
    for layer in layers:
        x = layer(x)
    return x
