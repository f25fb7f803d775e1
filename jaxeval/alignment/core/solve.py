"""One batch of costs solved: which layout, which arithmetic, and what is no number."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.core import banded, full
from jaxeval.alignment.core.arithmetic import UNREACHABLE, Scaled, Summed
from jaxeval.alignment.core.band import Pair, batched_lengths, reaches
from jaxeval.alignment.core.tiling import ACCELERATOR, CPU
from jaxeval.alignment.core.vmap import in_chunks, of_pairs

LANES = 1024  # in each step of a band's recursion; more would leave the cache


class Layout(NamedTuple):
    """How a pair's costs are given.

    Attributes:
        shape: T and S.
        band: half-width of the band; None for none.
        by_diagonals: whether the costs are the band's cells by anti-diagonals, `[T + S + 1, W]`, or a matrix `[T, S]`.
    """

    shape: tuple[int, int]
    band: float | None = None
    by_diagonals: bool = False

    @property
    def half_width(self) -> float:
        """The band's, of a layout that has one."""
        assert self.band is not None
        return self.band


@lru_cache
def solver(layout: Layout, *, aligned: bool) -> Callable[..., Any]:
    """The function (cost, gamma, lengths) of one pair that gives R of the last cell or, if aligned, R and E as well.

    Args:
        layout: how the costs are given, and E is returned.
        aligned: whether to compute E.

    Returns:
        The function; batch it with `jax.vmap`. It isn't differentiable.
    """

    def of_batch(cost, gamma, lengths):
        if layout.band is None:
            return _solved(_Full(layout.shape, lengths), cost, gamma, aligned)
        lengths = batched_lengths(lengths, layout.shape)
        if layout.by_diagonals:
            return _solved(_Band(layout, lengths), cost, gamma, aligned)
        in_band = banded.from_matrix(cost, lengths, layout.half_width)  # [B, T + S + 1, W]
        result = _solved(_Band(layout, lengths), in_band, gamma, aligned)
        if not aligned:
            return result
        value, alignment = result
        return value, banded.to_matrix(alignment, layout.shape, lengths, layout.half_width)

    return of_pairs(of_batch)


def largest_size(cost: jax.Array) -> jax.Array:
    """The largest |D| of each pair's cells that aren't forbidden; NaN or inf if one is NaN or −inf.

    Args:
        cost: `[B, ...]`.

    Returns:
        `[B]`.

    Example:
        >>> largest_size(jnp.array([[1.0, -2.0, jnp.inf], [1.0, jnp.nan, 0.0]])).tolist()
        [2.0, nan]
    """
    size = jnp.where(cost >= UNREACHABLE, 0, jnp.abs(cost))
    # The bits of positive numbers are in the numbers' order, NaN last; XLA on CPU finds their maximum sooner.
    bits = jax.lax.bitcast_convert_type(size, jnp.dtype(f"int{8 * cost.dtype.itemsize}"))
    return jax.lax.bitcast_convert_type(bits.max(axis=tuple(range(1, bits.ndim))), cost.dtype)


class _Full(NamedTuple):
    shape: tuple[int, int]
    lengths: Pair | None

    @property
    def inside(self) -> jax.Array | None:
        if self.lengths is None:
            return None
        rows, columns = (jax.lax.broadcasted_iota(jnp.int32, (1, *self.shape), axis) for axis in (1, 2))
        t, s = (length[:, None, None] for length in self.lengths)  # [B, 1, 1]
        return (rows < t) & (columns < s)

    @property
    def is_reached(self) -> jax.Array:
        return jnp.array(True)

    def run(self, arithmetic_type, cost, gamma, aligned):
        function = full.value_and_alignment if aligned else full.value

        def on(sizes):
            return lambda cost, gamma: function(arithmetic_type, cost, gamma, self.lengths, sizes)

        return jax.lax.platform_dependent(cost, gamma, cpu=on(CPU), default=on(ACCELERATOR))


class _Band(NamedTuple):
    layout: Layout
    lengths: Pair

    @property
    def shape(self) -> tuple[int, int]:
        return self.layout.shape

    @property
    def inside(self) -> jax.Array:
        return banded.cells(self.layout.shape, self.lengths, self.layout.half_width).inside.swapaxes(0, 1)

    @property
    def is_reached(self) -> jax.Array:
        return reaches(self.lengths, self.layout.half_width)

    def run(self, arithmetic_type, cost, gamma, aligned):
        function = banded.value_and_alignment if aligned else banded.value

        def piece(cost, gamma, *lengths):
            return function(arithmetic_type, cost, gamma, self.shape, lengths or self.lengths, self.layout.half_width)

        batch, _, width = cost.shape
        count = -(-batch // max(1, LANES // width)) if isinstance(batch, int) else 1
        own = self.lengths if isinstance(self.lengths[0], jax.Array) else ()
        return in_chunks(piece, count, -(-batch // count), cost, gamma, *own)


def _solved(place, cost, gamma, aligned):
    inside = place.inside
    largest = largest_size(cost if inside is None else jnp.where(inside, cost, 0))  # [B]
    wrong = ~jnp.isfinite(largest) | ~(gamma >= 0) | ~place.is_reached
    if place.lengths is not None:
        for length, most in zip(place.lengths, place.shape, strict=True):
            wrong |= (length < 1) | (length > most)
    longest = sum(place.shape) + 1
    fits = (Scaled(gamma).fits(longest, largest) | wrong).all()
    result = jax.lax.cond(
        fits,
        lambda: place.run(Scaled, cost, gamma, aligned),
        lambda: place.run(Summed, cost, gamma, aligned),
    )
    value, alignment = result if aligned else (result, None)
    value = jnp.where(wrong, jnp.nan, value)
    if alignment is None:
        return value
    per_cell = value[:, None, None]  # [B, 1, 1]
    alignment = jnp.where(jnp.isfinite(per_cell), alignment, jnp.where(jnp.isnan(per_cell), jnp.nan, 0))
    return value, alignment if inside is None else jnp.where(inside, alignment, 0)
