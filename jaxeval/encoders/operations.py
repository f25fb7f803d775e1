"""Pools, convolutions and products in NumPy's manner; feature maps are `[T, H, W, C]` or `[T, D, H, W, C]` throughout.

Pools, blurs and depthwise convolutions are written as a few shifted, strided slices instead of `lax.reduce_window` and
grouped convolutions: the same numbers, but XLA fuses them into one loop, where its CPU kernels for the other forms are
many times slower.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxeval.encoders.encoder import Precision

Size = int | tuple[int, ...]
Padding = str | int | Sequence[int | tuple[int, int]]
"""Pixels on each side, for all spatial axes or one by one; or "SAME" as TensorFlow pads."""


def per_channel(values: Sequence[float] | jax.Array, like: jax.Array) -> jax.Array:
    """A number for each channel, made to fit a feature map, since rank and type promotion are errors here.

    Args:
        values: `[C]`.
        like: `[..., C]`.

    Returns:
        `[1, ..., 1, C]` in the type of `like`.
    """
    return jnp.asarray(values, like.dtype).reshape(*[1] * (like.ndim - 1), -1)


def shifts(x: jax.Array, size: int, *, stride: int, axis: int) -> list[jax.Array]:
    """What a sliding window sees at its k-th place: the slices x[k], x[k + stride], ... along an axis.

    Args:
        x: array.
        size: of the window.
        stride: of the window.
        axis: along which it slides.

    Returns:
        `size` slices.
    """
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
    pads = pads_of(padding, x.shape[1:-1], sizes, strides)
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


def pads_of(
    padding: Padding, sides: Sequence[int], sizes: Sequence[int], strides: Sequence[int]
) -> Sequence[tuple[int, int]]:
    """Pixels before and behind each spatial axis.

    Args:
        padding: in any of its forms.
        sides: of the map, axis by axis.
        sizes: of the window.
        strides: of the window.

    Returns:
        (low, high) for each axis.
    """
    if isinstance(padding, str):
        return lax.padtype_to_pads(sides, sizes, strides, padding)
    pads = (padding,) * len(sizes) if isinstance(padding, int) else padding
    return [(pad, pad) if isinstance(pad, int) else pad for pad in pads]


def pad_channels(x: jax.Array, channels: int) -> jax.Array:
    """Append zero channels.

    Args:
        x: `[..., C]`.
        channels: D ≥ C.

    Returns:
        `[..., D]`.
    """
    return jnp.pad(x, (*[(0, 0)] * (x.ndim - 1), (0, channels - x.shape[-1])))


def convolve(
    x: jax.Array, kernel: jax.Array, *, stride: Size = 1, padding: Padding = 0, precision: Precision = "reference"
) -> jax.Array:
    """A convolution of one, two or three axes.

    Args:
        x: `[T, ..., C]`.
        kernel: `[k, ..., C, D]`, as many axes.
        stride: for all spatial axes or one by one.
        padding: zeros around.
        precision: of the products.

    Returns:
        `[T, ..., D]`, ⌊(H + padding − k) / stride⌋ + 1 long.
    """
    rank = kernel.ndim - 2
    strides = _each(stride, rank)
    letters = "DHW"[-rank:]
    axes = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
    pads = pads_of(padding, x.shape[1:-1], kernel.shape[:rank], strides)
    kernel, pads = _seen(kernel, pads, x.shape[1:-1], strides)
    x, kernel, options = _operands(x, kernel, precision)
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
    x: jax.Array, kernel: jax.Array, *, stride: int, padding: Padding = 0, precision: Precision = "reference"
) -> jax.Array:
    """`convolve` of a square kernel `[k, k, C, D]`, faster on a CPU where C is small.

    Every `stride` pixels of a row become one with as many times the channels, at no cost, for that is how they lie in
    memory. So the convolution, of ⌈k / stride⌉ such pixels, strides over rows only, and its innermost sums are long.

    Args:
        x: `[T, H, W, C]`.
        kernel: `[k, k, C, D]`.
        stride: of both axes.
        padding: zeros around.
        precision: of the products.

    Returns:
        `[T, H', W', D]`.
    """
    size, reach = kernel.shape[0], -(-kernel.shape[0] // stride)
    rows, (low, high) = pads_of(padding, x.shape[1:3], (size, size), (stride, stride))
    width = x.shape[2]
    columns = (width + low + high - size) // stride + reach
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), (*rows, 0), (low, columns * stride - low - width, 0), (0, 0, 0)])
    kernel = jnp.pad(kernel, ((0, 0), (0, reach * stride - size), (0, 0), (0, 0)))
    x = x.reshape(*x.shape[:2], columns, -1)  # [T, H, columns, stride · C]
    kernel = kernel.reshape(size, reach, x.shape[-1], -1)  # [k, ⌈k / stride⌉, stride · C, D]
    return convolve(x, kernel, stride=(stride, 1), precision=precision)


def matmul(x: jax.Array, kernel: jax.Array, precision: Precision = "reference") -> jax.Array:
    """Matrix product.

    Args:
        x: `[..., C]`.
        kernel: `[C, D]`.
        precision: of the products.

    Returns:
        `[..., D]`.
    """
    x, kernel, options = _operands(x, kernel, precision)
    return jnp.matmul(x, kernel, **options)


def _operands(x: jax.Array, kernel: jax.Array, precision: Precision):
    """Operands and options of a product."""
    if precision == "reference":
        return x, kernel, {"precision": lax.Precision.HIGHEST}
    narrow = x.astype(jnp.bfloat16), kernel.astype(jnp.bfloat16)
    return *narrow, {"precision": lax.Precision.DEFAULT, "preferred_element_type": x.dtype}


def resize_bilinear(frames: jax.Array, size: int) -> jax.Array:
    """Frames at another size, bilinearly interpolated without antialiasing, the borders held.

    As PyTorch's `interpolate(mode="bilinear", align_corners=False)`, the rounding of positions included.

    Args:
        frames: `[T, H, W, 3]`.
        size: side in pixels.

    Returns:
        `[T, size, size, 3]`.
    """
    real = frames.dtype.type
    for axis in (1, 2):
        side = frames.shape[axis]
        if side == size:
            continue
        scale = np.float64(real(side) / real(size))
        position = np.maximum(scale * (np.arange(size) + 0.5) - 0.5, 0.0).astype(real)
        low = position.astype(int)
        share = np.expand_dims(position - low.astype(real), [k for k in range(frames.ndim) if k != axis])
        near, far = (jnp.take(frames, k, axis, mode="clip") for k in (low, np.minimum(low + 1, side - 1)))
        frames = near * (1 - share) + far * share
    return frames
