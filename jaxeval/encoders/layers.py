"""The few pieces that the networks share; feature maps are `[T, H, W, C]` or `[T, D, H, W, C]` throughout.

Pools, blurs and depthwise convolutions are written as a few shifted, strided slices instead of `lax.reduce_window` and
grouped convolutions: the same numbers, but XLA fuses them into one loop, where its CPU kernels for the other forms are
many times slower.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from jaxeval.encoders.encoder import Mode

Size = int | tuple[int, ...]
Padding = str | int | Sequence[int | tuple[int, int]]
"""Pixels on each side, for all spatial axes or one by one; or "SAME" as TensorFlow pads."""


def per_channel(values: Sequence[float] | jax.Array, like: jax.Array) -> jax.Array:
    """`[C]` as `[1, ..., 1, C]` in the type of `like`, since rank and type promotion are errors here."""
    return jnp.asarray(values, like.dtype).reshape(*[1] * (like.ndim - 1), -1)


def shifts(x: jax.Array, size: int, *, stride: int, axis: int) -> list[jax.Array]:
    """The `size` slices x[k], x[k + stride], ... along `axis`: what a window of that size sees at its k-th place."""
    last = (x.shape[axis] - size) // stride * stride
    return [lax.slice_in_dim(x, k, k + last + 1, stride, axis) for k in range(size)]


def max_pool(x: jax.Array, size: Size, *, stride: Size, padding: Padding = 0, ceil: bool = False) -> jax.Array:
    """Largest value of each window.

    Args:
        x: `[T, ..., C]`.
        size: of the window, for all spatial axes or one by one.
        stride: the same.
        padding: the same, by values that are never the largest.
        ceil: whether a last window that is only partly inside counts.

    Returns:
        `[T, ..., C]`, ⌊(H + padding − size) / stride⌋ + 1 long, or ⌈ ⌉ if `ceil`.
    """
    lowest = jnp.finfo(x.dtype).min
    return _pooled(jnp.maximum, x, size, stride, padding, lowest, ceil=ceil)


def average_pool(
    x: jax.Array, size: Size, *, stride: Size, padding: Padding = 0, count_padding: bool = True
) -> jax.Array:
    """Mean of each window; arguments as for `max_pool`.

    Args:
        x: `[T, ..., C]`.
        size: of the window.
        stride: of the window.
        padding: zeros around.
        count_padding: whether they count as members of a window.

    Returns:
        `[T, ..., C]`.
    """
    total = _pooled(jnp.add, x, size, stride, padding, 0)
    if count_padding:
        return total / functools.reduce(lambda a, b: a * b, _each(size, x.ndim - 2))
    return total / _pooled(jnp.add, jnp.ones((1, *x.shape[1:-1], 1), x.dtype), size, stride, padding, 0)


def _pooled(combine, x, size, stride, padding, fill, *, ceil=False):
    rank = x.ndim - 2
    sizes, strides = _each(size, rank), _each(stride, rank)
    pads = _pads(padding, x.shape[1:-1], sizes, strides)
    if ceil:
        # As PyTorch: a window that would start in the padding at the end doesn't count.
        steps = [
            min(-(-(side + low + high - s) // t), (side + low - 1) // t)
            for side, (low, high), s, t in zip(x.shape[1:-1], pads, sizes, strides, strict=True)
        ]
        pads = [
            (low, max(high, step * t + s - side - low))
            for side, (low, high), s, t, step in zip(x.shape[1:-1], pads, sizes, strides, steps, strict=True)
        ]
    if any(map(any, pads)):
        x = jnp.pad(x, ((0, 0), *pads, (0, 0)), constant_values=fill)
    for axis, (s, t) in enumerate(zip(sizes, strides, strict=True), start=1):
        x = functools.reduce(combine, shifts(x, s, stride=t, axis=axis))
    return x


def _each(size: Size, rank: int) -> tuple[int, ...]:
    return (size,) * rank if isinstance(size, int) else size


def _pads(padding: Padding, sides: Sequence[int], sizes: Sequence[int], strides: Sequence[int]):
    if isinstance(padding, str):
        return lax.padtype_to_pads(sides, sizes, strides, padding)
    pads = (padding,) * len(sizes) if isinstance(padding, int) else padding
    return [(pad, pad) if isinstance(pad, int) else pad for pad in pads]


def pad_channels(x: jax.Array, channels: int) -> jax.Array:
    """Append zero channels until there are `channels`."""
    return jnp.pad(x, (*[(0, 0)] * (x.ndim - 1), (0, channels - x.shape[-1])))


def convolve(
    x: jax.Array, kernel: jax.Array, *, stride: Size = 1, padding: Padding = 0, mode: Mode = "reference"
) -> jax.Array:
    """Convolution of `[T, H, W, C]` with a kernel `[k, k, C, D]`, or of `[T, D, H, W, C]` with `[k, k, k, C, D]`."""
    rank = kernel.ndim - 2
    strides = _each(stride, rank)
    letters = "DHW"[-rank:]
    axes = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
    pads = _pads(padding, x.shape[1:-1], kernel.shape[:rank], strides)
    kernel, pads = _seen(kernel, pads, x.shape[1:-1], strides)
    x, kernel, options = _in_mode(x, kernel, mode)
    return lax.conv_general_dilated(x, kernel, strides, pads, dimension_numbers=axes, **options)


def _seen(kernel: jax.Array, pads: Sequence[tuple[int, int]], sides: Sequence[int], strides: Sequence[int]):
    """The part of a kernel that ever meets a pixel, and the pads that are left: on a tiny map the rest meets zeros."""
    left = []
    for axis, ((low, high), side, stride) in enumerate(zip(pads, sides, strides, strict=True)):
        size = kernel.shape[axis]
        starts = range(-low, side + high - size + 1, stride)
        met = [k for k in range(size) if any(0 <= start + k < side for start in starts)] or [0]
        if len(met) < size:
            kernel = lax.slice_in_dim(kernel, met[0], met[-1] + 1, axis=axis)
        left.append((low - met[0], high - (size - 1 - met[-1])))
    return kernel, left


def convolve_in_columns(
    x: jax.Array, kernel: jax.Array, *, stride: int, padding: Padding = 0, mode: Mode = "reference"
) -> jax.Array:
    """`convolve` of a square kernel `[k, k, C, D]`, faster on a CPU where C is small.

    Every `stride` pixels of a row become one with as many times the channels, at no cost, for that is how they lie in
    memory. So the convolution, of ⌈k / stride⌉ such pixels, strides over rows only, and its innermost sums are long.
    """
    size, reach = kernel.shape[0], -(-kernel.shape[0] // stride)
    rows, (low, high) = _pads(padding, x.shape[1:3], (size, size), (stride, stride))
    width = x.shape[2]
    columns = (width + low + high - size) // stride + reach
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), (*rows, 0), (low, columns * stride - low - width, 0), (0, 0, 0)])
    kernel = jnp.pad(kernel, ((0, 0), (0, reach * stride - size), (0, 0), (0, 0)))
    x = x.reshape(*x.shape[:2], columns, -1)
    kernel = kernel.reshape(size, reach, x.shape[-1], -1)
    return convolve(x, kernel, stride=(stride, 1), mode=mode)


def multiply(x: jax.Array, kernel: jax.Array, mode: Mode = "reference") -> jax.Array:
    """Matrix product of x `[..., C]` with a kernel `[C, D]`."""
    x, kernel, options = _in_mode(x, kernel, mode)
    return jnp.matmul(x, kernel, **options)


def _in_mode(x: jax.Array, kernel: jax.Array, mode: Mode):
    """Operands and options of a product."""
    if mode == "reference":
        return x, kernel, {"precision": lax.Precision.HIGHEST}
    narrow = x.astype(jnp.bfloat16), kernel.astype(jnp.bfloat16)
    return *narrow, {"precision": lax.Precision.DEFAULT, "preferred_element_type": x.dtype}


def parameter(*shape: int) -> nnx.Param:
    """Zeros to be filled with trained values: float32 even where the program's default is float64."""
    return nnx.Param(jnp.zeros(shape, jnp.float32))


class Conv(nnx.Module):
    """A convolution, of two axes if its size is one number; a bias is added unless there is none."""

    mode: Mode = "reference"

    def __init__(
        self, inputs: int, outputs: int, size: Size, *, stride: Size = 1, padding: Padding = 0, bias: bool = True
    ):
        sizes = (size, size) if isinstance(size, int) else size
        self.kernel = parameter(*sizes, inputs, outputs)
        self.bias: Any = parameter(outputs) if bias else None
        self.stride = stride
        self.padding = padding

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, ..., C]` to `[T, ..., D]`."""
        x = convolve(x, self.kernel[...], stride=self.stride, padding=self.padding, mode=self.mode)
        return x if self.bias is None else x + per_channel(self.bias[...], x)


class StridingConv(Conv):
    """A striding convolution of few channels, such as a network's first; see `convolve_in_columns`."""

    stride: int

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H', W', D]`."""
        x = convolve_in_columns(x, self.kernel[...], stride=self.stride, padding=self.padding, mode=self.mode)
        return x + per_channel(self.bias[...], x)


class Dense(nnx.Module):
    """A matrix product, with a bias unless there is none."""

    mode: Mode = "reference"

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True):
        self.kernel = parameter(inputs, outputs)
        self.bias: Any = parameter(outputs) if bias else None

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[..., C]` to `[..., D]`."""
        x = multiply(x, self.kernel[...], self.mode)
        return x if self.bias is None else x + per_channel(self.bias[...], x)


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
        """Zeros around x, which XLA is kept from looking through: else it lays x out both with and without them."""
        size = self.kernel.shape[0]
        pads = _pads(self.padding, x.shape[1:3], (size, size), (self.stride, self.stride))
        return lax.optimization_barrier(jnp.pad(x, ((0, 0), *pads, (0, 0))))

    def of_padded(self, padded: jax.Array) -> jax.Array:
        """`self(x)` from `self.pad(x)`."""
        size = self.kernel.shape[0]
        terms = [
            column * per_channel(self.kernel[...][i, j], padded)
            for i, row in enumerate(shifts(padded, size, stride=self.stride, axis=1))
            for j, column in enumerate(shifts(row, size, stride=self.stride, axis=2))
        ]
        return functools.reduce(jnp.add, terms) + per_channel(self.bias[...], padded)


def in_a_row(x: jax.Array, layers: Sequence[Callable[[jax.Array], jax.Array]]) -> jax.Array:
    """X through one layer after the other."""
    for layer in layers:
        x = layer(x)
    return x
