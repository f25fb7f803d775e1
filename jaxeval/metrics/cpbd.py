"""Sharpness without a reference: the cumulative probability of blur detection (CPBD)."""

from functools import reduce
from itertools import accumulate

import jax
import jax.numpy as jnp

from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.metrics.canny import canny

_BLOCK = 64
_EDGE_SHARE = 0.002
_LOW_CONTRAST, _WIDTH_LOW, _WIDTH_HIGH = 50, 5, 3
_FARTHEST = _WIDTH_LOW - 1


@edge(frames=FRAMES)
def cpbd(frames: jax.Array) -> jax.Array:
    """Cumulative probability of blur detection of each frame, a measure of sharpness without a reference.

    At an edge of width w pixels blur is seen with the probability P(w) = 1 − exp(−(w / w_JNB)^3.6), where the just
    noticeable width w_JNB is 5 in blocks of low contrast (grey levels within 50 of each other) and 3 in others. CPBD
    is the share of edge pixels with P ≤ P(w_JNB) ≈ 63 %: since P grows with w, the share of those with w ≤ w_JNB.

    On the 8-bit grey picture: edge pixels are the local maxima of a Sobel filter's squared response, above twice the
    root of its mean, in those 64×64 blocks in which Canny's detector marks more than 0.2 % of the pixels. The width
    of an edge is the length of the monotonic run of grey levels through it along its row (Marziliano's measure), so
    only edges whose gradient is horizontal within 22.5° count. Incomplete blocks at the right and at the bottom are
    left out.

    A count of pixels has no useful derivative: the gradient with respect to the frames is 0.

    Args:
        frames: `[T, H, W, 3]` RGB in [0, 1], H and W at least 64; rounded to 8 bits.

    Returns:
        `[T]` values in [0, 1], higher is sharper; 0 where no edge is found, so for a constant frame.

    Raises:
        ValueError: the shape is not `[T, H, W, 3]`, a side is under 64 pixels, or values are known to lie outside it.

    References:
        Narvekar, Karam: A no-reference image blur metric based on the cumulative probability of blur detection
        (CPBD), IEEE TIP 20(9), 2011; CPBD sharpness metric software, http://ivulab.asu.edu/Quality/CPBD.
        Marziliano, Dufaux, Winkler, Ebrahimi: A no-reference perceptual blur metric, ICIP 2002.

    Example:
        >>> import jax.numpy as jnp
        >>> bars = jnp.tile(jnp.array([0, 0, 0, 0.5, 1, 1, 1, 0.5])[None, None, :, None], (1, 64, 8, 3))
        >>> print(cpbd(bars), cpbd(jnp.ones((1, 64, 64, 3))))
        [1.] [0.]
    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or min(frames.shape[1:3]) < _BLOCK:
        raise ValueError(f"Expected frames [T, H, W, 3] of at least {_BLOCK}x{_BLOCK} pixels, got {frames.shape}.")
    if not jnp.issubdtype(frames.dtype, jnp.floating):
        raise ValueError(f"Expected floating-point frames in [0, 1], got {frames.dtype}.")
    return jax.lax.map(lambda gray: _cpbd(gray, frames.dtype), _gray(frames))


def _gray(frames: jax.Array) -> jax.Array:
    """ITU-R 601 luma in 256 levels, from RGB in 256 levels: 0.299 R + 0.587 G + 0.114 B in 16-bit fixed point."""
    levels = jnp.round(frames * 255).astype(jnp.int32)
    weights = jnp.array([19595, 38470, 7471], jnp.int32)
    return (jnp.sum(levels * weights[None, None, None], axis=-1, dtype=jnp.int32) + 2**15) >> 16


def _cpbd(gray: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Of one `[H, W]` grey picture."""
    pixels = _blocks(gray)  # [rows, 64, columns, 64]
    edge_block = jnp.mean(_blocks(canny(gray.astype(dtype))), axis=(1, 3), dtype=dtype) > _EDGE_SHARE
    contrast = jnp.max(pixels, axis=(1, 3)) - jnp.min(pixels, axis=(1, 3))  # [rows, columns]
    noticeable = jnp.where(contrast <= _LOW_CONTRAST, _WIDTH_LOW, _WIDTH_HIGH)
    widths = _blocks(_edge_widths(gray, dtype))
    measured = (widths > 0) & edge_block[:, None, :, None]
    sharp = measured & (widths <= noticeable[:, None, :, None])
    return jnp.sum(sharp, dtype=dtype) / jnp.maximum(jnp.sum(measured, dtype=dtype), 1)


def _blocks(x: jax.Array) -> jax.Array:
    """`[H, W]` to `[rows, 64, columns, 64]`, the whole blocks only."""
    rows, columns = x.shape[0] // _BLOCK, x.shape[1] // _BLOCK
    return x[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)


def _edge_widths(gray: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """The width of each edge, in pixels, and 0 off the edges, along the border and where the gradient is steep."""
    down, right = jnp.gradient(gray.astype(dtype))
    # Within 22.5° of the row, tan 22.5° = √2 − 1, without a root: all numbers are small and exact.
    horizontal = jnp.square(jnp.abs(right) + jnp.abs(down)) < 2 * jnp.square(right)
    # A gradient of no horizontal part counts as one to the right, whatever its vertical part: so does the reference.
    width = jnp.where(horizontal & (right > 0) | (right == 0), _run_through(gray), 0)
    width = jnp.where(horizontal & (right < 0), _run_through(-gray), width)
    # And it measures nothing in a picture whose gradient points to the right everywhere.
    turned = jnp.any((right != 0) & ((down != 0) | (right < 0)))
    inside = jnp.pad(jnp.ones((gray.shape[0] - 2, gray.shape[1] - 2), bool), 1)
    return jnp.where(_sobel_edges(gray, dtype) & inside & turned, width, 0)


def _run_through(gray: jax.Array) -> jax.Array:
    """How wide the edge through each pixel is, for an edge from darker to lighter.

    From the pixel leftward while the level falls and rightward while it rises, where the steps to the two neighbours
    count without a look. Counted no further than the widest run that a threshold asks for: any longer one is too wide.
    """
    width, margin = gray.shape[1], _FARTHEST + 1
    rises = jnp.pad(gray[:, 1:] > gray[:, :-1], ((0, 0), (margin, margin)))  # rises[:, c + _FARTHEST]: into column c

    def length(first: int, step: int) -> jax.Array:
        places = [first + k * step + _FARTHEST for k in range(_FARTHEST)]
        unbroken = accumulate((rises[:, place : place + width] for place in places), jnp.logical_and)
        return reduce(jnp.add, [run.astype(jnp.int32) for run in unbroken])

    return length(-1, -1) + length(2, 1) + 2


def _sobel_edges(gray: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Pixels whose squared horizontal Sobel response exceeds that of both neighbours, in the row or in the column."""
    padded = jnp.pad(gray, 1, mode="edge")
    columns = padded[:-2] + 2 * padded[1:-1] + padded[2:]  # [H, W + 2]
    response = jnp.square(columns[:, 2:] - columns[:, :-2])  # 64 times that of the normalised filter
    mean = jnp.mean(jnp.mean(response.astype(dtype), axis=1))
    strength = jnp.pad(jnp.where(response.astype(dtype) > 16 * jnp.sqrt(mean), response, 0), 1)
    center = strength[1:-1, 1:-1]
    in_row = (center > strength[1:-1, :-2]) & (center > strength[1:-1, 2:])
    in_column = (center > strength[:-2, 1:-1]) & (center > strength[2:, 1:-1])
    return in_row | in_column
