"""The few pieces that the networks share; frames and feature maps are `[T, H, W, C]` throughout.

Pools, blurs and depthwise convolutions are written as a few shifted, strided slices instead of `lax.reduce_window` and
grouped convolutions: the same numbers, but XLA fuses them into one loop, where its CPU kernels for the other forms are
many times slower.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

HIGHEST = lax.Precision.HIGHEST


def as_input(frames: jax.Array, network: nnx.Module) -> jax.Array:
    """Frames in the type of the network's parameters; refuses anything but floating-point `[T, H, W, 3]` in tracing."""
    name = getattr(network, "name", "an encoder")
    if jnp.ndim(frames) != 4 or jnp.shape(frames)[-1] != 3:
        raise ValueError(f"Expected frames [T, H, W, 3] for {name}, got shape {jnp.shape(frames)}.")
    if not jnp.issubdtype(frames.dtype, jnp.floating):
        raise ValueError(f"Expected floating-point frames in [0, 1] for {name}, got {frames.dtype}.")
    return jnp.asarray(frames, jax.tree.leaves(network)[0].dtype)


def resize(frames: jax.Array, size: int) -> jax.Array:
    """`[T, H, W, 3]` to `[T, size, size, 3]`, linear with antialiasing; frames of that size pass untouched."""
    target = (frames.shape[0], size, size, 3)
    return frames if frames.shape == target else jax.image.resize(frames, target, "linear", antialias=True)


def per_channel(values: Sequence[float] | jax.Array, like: jax.Array) -> jax.Array:
    """`[C]` as `[1, 1, 1, C]` in the type of `like`, since rank and type promotion are errors here."""
    return jnp.asarray(values, like.dtype).reshape(1, 1, 1, -1)


def shifts(x: jax.Array, size: int, *, stride: int, axis: int) -> list[jax.Array]:
    """The `size` slices x[k], x[k + stride], ... along `axis`: what a window of that size sees at its k-th place."""
    last = (x.shape[axis] - size) // stride * stride
    return [lax.slice_in_dim(x, k, k + last + 1, stride, axis) for k in range(size)]


def max_pool(x: jax.Array, size: int, *, stride: int) -> jax.Array:
    """Largest value of each size × size window, no padding: `[T, H, W, C]` to `[T, (H-size)//stride+1, ..., C]`."""
    rows = functools.reduce(jnp.maximum, shifts(x, size, stride=stride, axis=1))
    return functools.reduce(jnp.maximum, shifts(rows, size, stride=stride, axis=2))


def average_pool(x: jax.Array, size: int, *, stride: int) -> jax.Array:
    """Mean of each size × size window, no padding."""
    rows = functools.reduce(jnp.add, shifts(x, size, stride=stride, axis=1))
    return functools.reduce(jnp.add, shifts(rows, size, stride=stride, axis=2)) / size**2


def pad_channels(x: jax.Array, channels: int) -> jax.Array:
    """Append zero channels until there are `channels`."""
    return jnp.pad(x, ((0, 0), (0, 0), (0, 0), (0, channels - x.shape[-1])))


def convolve(x: jax.Array, kernel: jax.Array, stride: int, padding: Sequence[tuple[int, int]] | str) -> jax.Array:
    """Convolution in reference precision: x `[T, H, W, C]`, kernel `[k, k, C, D]`, padding as `lax` takes it."""
    axes = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (stride, stride), padding, dimension_numbers=axes, precision=HIGHEST)


def parameter(*shape: int) -> nnx.Param:
    """Zeros to be filled with trained values: float32 even where the program's default is float64."""
    return nnx.Param(jnp.zeros(shape, jnp.float32))


class Conv(nnx.Module):
    """A square convolution with a bias; `padding` in pixels on each side, or "SAME" as TensorFlow pads."""

    def __init__(self, inputs: int, outputs: int, size: int, *, stride: int = 1, padding: int | str = 0):
        self.kernel = parameter(size, size, inputs, outputs)
        self.bias = parameter(outputs)
        self.stride = stride
        self.padding = padding

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H', W', D]`."""
        pads = self.padding if isinstance(self.padding, str) else [(self.padding, self.padding)] * 2
        return convolve(x, self.kernel[...], self.stride, pads) + per_channel(self.bias[...], x)


class PReLU(nnx.Module):
    """x where x ≥ 0, αx elsewhere, with one slope α per channel."""

    def __init__(self, channels: int):
        self.slope = parameter(channels)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to the same."""
        return jnp.where(x >= 0, x, per_channel(self.slope[...], x) * x)


class DepthwiseConv(nnx.Module):
    """A 3×3 convolution of each channel by itself, padded as TensorFlow's "SAME" pads."""

    def __init__(self, channels: int, *, stride: int):
        self.kernel = parameter(3, 3, channels)
        self.bias = parameter(channels)
        self.stride = stride

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, ⌈H / stride⌉, ⌈W / stride⌉, C]`."""
        pads = [lax.padtype_to_pads((side,), (3,), (self.stride,), "SAME")[0] for side in x.shape[1:3]]
        padded = jnp.pad(x, ((0, 0), *pads, (0, 0)))
        terms = [
            column * per_channel(self.kernel[...][i, j], x)
            for i, row in enumerate(shifts(padded, 3, stride=self.stride, axis=1))
            for j, column in enumerate(shifts(row, 3, stride=self.stride, axis=2))
        ]
        return functools.reduce(jnp.add, terms) + per_channel(self.bias[...], x)


class BlazeBlock(nnx.Module):
    """BlazeFace's residual block: activation(skip(x) + pointwise(depthwise(x))).

    The skip is x itself, max-pooled 2×2 where the block strides, with zero channels appended where it widens.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, activation: Callable):
        self.depthwise = DepthwiseConv(inputs, stride=stride)
        self.pointwise = Conv(inputs, outputs, 1)
        self.activation = activation

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, ⌊H / stride⌋, ⌊W / stride⌋, D]`."""
        residual = self.pointwise(self.depthwise(x))
        skip = x if self.depthwise.stride == 1 else max_pool(x, 2, stride=2)
        return self.activation(pad_channels(skip, residual.shape[-1]) + residual)


def blaze_blocks(
    inputs: int, table: Sequence[tuple[int, int]], activation: Callable[[int], Callable]
) -> nnx.Sequential:
    """Blocks in a row from a table of (channels, stride); `activation(channels)` makes each block's own."""
    widths = [inputs, *(channels for channels, _ in table)]
    rows = zip(widths, table, strict=False)
    return nnx.Sequential(*(BlazeBlock(c, d, stride, activation(d)) for c, (d, stride) in rows))
