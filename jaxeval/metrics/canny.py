"""Canny's edge detector on the device: smooth, differentiate, thin, then grow from the strong edges along the weak."""

from functools import reduce

import jax
import jax.numpy as jnp

from jaxeval.alignment.edge import NUMBERS, edge

_RADIUS = 4


@edge(image=NUMBERS)
def canny(image: jax.Array, *, low: float = 0.1, high: float = 0.2) -> jax.Array:
    """Edges of a grey picture: ridges of the gradient's magnitude above `low` that touch one above `high`.

    The gradient is Sobel's (of gain 8) after a Gaussian of σ = 1, which is normalised over the part of its window
    that lies in the picture. A pixel is on a ridge if its magnitude is at least that of the two points one step up
    and down the gradient, interpolated between pixels. Ridges are joined over all eight neighbours. The outermost
    pixels are never edges.

    Args:
        image: `[H, W]` grey levels.
        low: the least magnitude of an edge.
        high: the magnitude that one pixel at least of each connected edge has.

    Returns:
        `[H, W]` booleans.

    References:
        Canny: A computational approach to edge detection, PAMI 8(6), 1986.

    Example:
        >>> import jax.numpy as jnp
        >>> step = jnp.tile(jnp.array([0, 0, 0, 0, 0.5, 1, 1, 1, 1])[None], (9, 1))
        >>> print(canny(step)[4].astype(int))
        [0 0 0 0 1 0 0 0 0]
    """
    padded = jnp.pad(_smoothed(image), 1, mode="edge")  # [H + 2, W + 2]
    rows = padded[:, 2:] - padded[:, :-2]  # [H + 2, W]
    columns = padded[2:] - padded[:-2]  # [H, W + 2]
    right = rows[:-2] + 2 * rows[1:-1] + rows[2:]
    down = columns[:, :-2] + 2 * columns[:, 1:-1] + columns[:, 2:]
    magnitude = jnp.sqrt(right * right + down * down)
    ridge = _is_ridge(right, down, magnitude) & (magnitude >= low)
    return _grown(ridge & (magnitude >= high), ridge)


def _smoothed(image: jax.Array) -> jax.Array:
    """Gaussian means over the pixels that there are."""
    offsets = jnp.arange(-_RADIUS, _RADIUS + 1, dtype=image.dtype)
    weights = jnp.exp(-0.5 * jnp.square(offsets))
    for axis in (0, 1):
        size = image.shape[axis]
        there = jnp.pad(jnp.ones(size, image.dtype), _RADIUS)
        total = reduce(jnp.add, [weights[k] * there[k : k + size] for k in range(len(weights))])
        padded = jnp.pad(image, [(_RADIUS, _RADIUS) if a == axis else (0, 0) for a in (0, 1)])
        terms = [weights[k] * jax.lax.slice_in_dim(padded, k, k + size, axis=axis) for k in range(len(weights))]
        image = reduce(jnp.add, terms) / jnp.expand_dims(total, 1 - axis)
    return image


def _is_ridge(right: jax.Array, down: jax.Array, magnitude: jax.Array) -> jax.Array:
    """Where neither point beside, along the gradient, is higher; never at the border."""
    padded = jnp.pad(magnitude, 1)
    height, width = magnitude.shape

    def beside(rows: int, columns: int) -> jax.Array:
        return padded[1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]

    across, along = jnp.abs(right), jnp.abs(down)
    steep = along > across
    larger = jnp.maximum(across, along)
    share = jnp.minimum(across, along) / jnp.where(larger > 0, larger, 1)
    falling = (right > 0) == (down > 0)  # the gradient points down to the right, or up to the left

    def not_above(sign: int) -> jax.Array:
        straight = jnp.where(steep, beside(sign, 0), jnp.where(falling, beside(0, sign), beside(0, -sign)))
        diagonal = jnp.where(falling, beside(sign, sign), beside(sign, -sign))
        return diagonal * share + straight * (1 - share) <= magnitude

    inside = jnp.pad(jnp.ones((height - 2, width - 2), bool), 1)
    return not_above(1) & not_above(-1) & inside


def _grown(seeds: jax.Array, allowed: jax.Array) -> jax.Array:
    """All allowed pixels that are connected to a seed, over eight neighbours and allowed pixels."""

    def step(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        now, _ = state
        return _dilated(now) & allowed, now

    grown, _ = jax.lax.while_loop(lambda state: jnp.any(state[0] != state[1]), step, (seeds, jnp.zeros_like(seeds)))
    return grown


def _dilated(mask: jax.Array) -> jax.Array:
    """With all eight neighbours of every pixel set."""
    for axis in (0, 1):
        padded = jnp.pad(mask, [(1, 1) if a == axis else (0, 0) for a in (0, 1)])
        size = mask.shape[axis]
        mask = reduce(jnp.logical_or, [jax.lax.slice_in_dim(padded, k, k + size, axis=axis) for k in range(3)])
    return mask
