"""The blur that keeps every second pixel, by which shift-tolerant networks stride."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.encoders.encoder import Precision
from jaxeval.encoders.operations import convolve

BLUR = (0.25, 0.5, 0.25)


def blur(x: jax.Array) -> jax.Array:
    """[1, 2, 1] ⊗ [1, 2, 1] / 16 at every second pixel, after two mirrored pixels on each side.

    Args:
        x: `[T, H, W, C]`.

    Returns:
        `[T, ⌊H / 2⌋ + 1, ⌊W / 2⌋ + 1, C]`.
    """
    for axis in (1, 2):
        mirrored = np.pad(np.arange(x.shape[axis]), 2, mode="reflect")
        windows = [mirrored[k : mirrored.size - 2 + k : 2] for k in range(3)]
        x = functools.reduce(jnp.add, [w * jnp.take(x, i, axis) for w, i in zip(BLUR, windows, strict=True)])
    return x


def blurred_conv(x: jax.Array, kernel: jax.Array, precision: Precision = "reference") -> jax.Array:
    """blur(conv(x, kernel)) without padding in the convolution, for about a third of the work.

    A convolution whose result is blurred at every second pixel is one convolution with a longer kernel and stride 2,
    except where the blur sees mirrored pixels. There its first value equals its second; its last is the mean of the
    last two pixels if the row's length is even, and equals the last but one if it is odd.

    Args:
        x: `[T, H, W, C]`.
        kernel: `[k, k, C, D]`.
        precision: of the products.

    Returns:
        `[T, ⌈(H - k + 1)/2⌉ + 1, ⌈(W - k + 1)/2⌉ + 1, D]`.
    """
    length = kernel.shape[0]
    rows, columns = (_strips(side, length) for side in x.shape[1:3])
    bands = [
        jnp.concatenate(
            [
                convolve(x[:, r, c], _widen(_widen(kernel, u, 0), v, 1), stride=2, precision=precision)
                for c, v in columns
            ],
            axis=2,
        )
        for r, u in rows
    ]
    repeats = [(1, (side - length + 1) % 2) for side in x.shape[1:3]]
    return jnp.pad(jnp.concatenate(bands, axis=1), ((0, 0), *repeats, (0, 0)), mode="edge")


def _strips(side: int, length: int) -> list[tuple[slice, tuple[float, ...]]]:
    """Where along an axis which blur applies: all along, and at the end of an even row the mean of two pixels."""
    odd = (side - length + 1) % 2
    return [(slice(None), BLUR)] + ([] if odd else [(slice(side - length - 1, None), (0.5, 0.5))])


def _widen(kernel: jax.Array, taps: tuple[float, ...], axis: int) -> jax.Array:
    """Convolve a kernel with a row of taps along an axis."""
    shifted = [
        jnp.pad(kernel, [(k, len(taps) - 1 - k) if along == axis else (0, 0) for along in range(4)])
        for k in range(len(taps))
    ]
    return functools.reduce(jnp.add, [tap * moved for tap, moved in zip(taps, shifted, strict=True)])
