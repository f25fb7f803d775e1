"""A band's costs from trajectories, block by block: the cost matrix is never there as a whole."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.checks import Lengths
from jaxeval.alignment.core import banded
from jaxeval.alignment.core.band import Pair, batched_lengths, namespace

Distance = Callable[[jax.Array, jax.Array], jax.Array]


def band_costs(distance: Distance, x: jax.Array, y: jax.Array, lengths: Pair | None, band: float) -> jax.Array:
    """The costs inside a band, by anti-diagonals.

    A block of anti-diagonals touches few frames of either trajectory: the distances between these are computed, and
    those inside the band are picked out. Time and memory are O((T + S) · band).

    Args:
        distance: (x, y) -> `[T, S]` costs.
        x: `[T, ...]` trajectory; what lies beyond its length must be frames all the same.
        y: `[S, ...]` trajectory.
        lengths: (t, s), integer scalars; None for (T, S).
        band: half-width of the band in frames of the longer trajectory, static.

    Returns:
        `[T + S + 1, W]` as `jaxeval.alignment.core.banded` lays a band out, 0 outside it.

    Example:
        >>> from jaxeval.alignment.distances import squared_euclidean
        >>> band_costs(squared_euclidean, jnp.arange(3.0)[:, None], jnp.zeros((3, 1)), None, 1).sum(axis=1).tolist()
        [0.0, 1.0, 1.0, 5.0, 4.0, 0.0, 0.0]
    """
    if isinstance(x, jax.core.Tracer) or isinstance(y, jax.core.Tracer):
        return _band_costs(x, y, lengths, distance=distance, band=band)
    return _compiled(x, y, lengths, distance=distance, band=band)


def _band_costs(x, y, lengths, *, distance, band):
    shape = (len(x), len(y))
    where = banded.cells(shape, batched_lengths(lengths, shape), band)
    xp = namespace(where.rows)
    count, _, width = where.rows.shape  # [N, 1, W]
    size = min(2 * width, count)
    blocks = -(-count // size)

    def by_blocks(lanes):
        lanes = xp.pad(lanes[:, 0], ((0, blocks * size - count), (0, 0)))
        return lanes.reshape(blocks, size, width)  # [blocks, size, W]

    inside = by_blocks(where.inside)
    # A block's lowest row and column, and as many more as one or the other grows by at the most.
    places = [(by_blocks(index), len(frames)) for index, frames in ((where.rows, x), (where.columns, y))]
    first = [xp.where(inside, index, most - 1).min(axis=(1, 2)) for index, most in places]  # [blocks] each
    windows = [
        xp.minimum(low[:, None] + np.arange(min(size + width, most), dtype=low.dtype)[None], most - 1)
        for low, (_, most) in zip(first, places, strict=True)
    ]  # [blocks, size + W] each, or fewer
    # Each cell's row and column within its block's windows, [blocks, size, W].
    local = [xp.where(inside, index - low[:, None, None], 0) for low, (index, _) in zip(first, places, strict=True)]

    @jax.checkpoint
    def costs(x, y, local, inside):
        return jnp.where(inside, distance(x, y)[local[0], local[1]], 0)

    if x.ndim == 2:
        # All windows at once: some 3 times the trajectories, but then a gradient adds to each frame only once.
        found = jax.lax.map(lambda block: costs(*block), (x[windows[0]], y[windows[1]], local, inside))
    else:
        stored = (windows, local, inside)
        found = jax.lax.map(lambda block: costs(x[block[0][0]], y[block[0][1]], *block[1:]), stored)
    return found.reshape(-1, width)[:count]


_compiled = partial(jax.jit, static_argnames=("distance", "band"))(_band_costs)


def fill_padding(x: jax.Array, y: jax.Array, lengths: Lengths | None) -> tuple[jax.Array, jax.Array]:
    """Trajectories whose frames beyond their lengths are their first frame: NaN there would spoil gradients.

    Args:
        x: `[T, ...]` trajectory.
        y: `[S, ...]` trajectory.
        lengths: (t, s), numbers of valid leading frames; None for (T, S).

    Returns:
        x and y.

    Example:
        >>> fill_padding(jnp.array([[1.0], [jnp.nan]]), jnp.ones((1, 1)), (1, 1))[0].tolist()
        [[1.0], [1.0]]
    """
    x, y = jnp.asarray(x), jnp.asarray(y)
    if lengths is None:
        return x, y
    return _cut(x, lengths[0]), _cut(y, lengths[1])


def _cut(trajectory: jax.Array, length: jax.Array | int) -> jax.Array:
    # A frame that is there anyway stands in: NaN · 0 is NaN in the distance's gradient, and a frame of zeros may be
    # where some distance has no derivative.
    valid = jnp.arange(len(trajectory), dtype=jnp.int32) < length
    return jnp.where(valid.reshape(-1, *[1] * (trajectory.ndim - 1)), trajectory, trajectory[:1])
