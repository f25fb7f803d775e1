"""Long clips a block of frames at a time: the one way in which clips are cut for compiled programs.

A program is compiled for blocks of `BLOCK` frames and serves clips of any length; the last block is filled up with
copies of its last row, whose results are dropped.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from jaxeval.media.held import CHUNK

BLOCK = CHUNK
"""Frames of a block: a second of video."""


def blocks(count: int) -> Iterator[slice]:
    """The rows of each block of a clip.

    Args:
        count: frames of the clip.

    Example:
        >>> [(rows.start, rows.stop) for rows in blocks(30)]
        [(0, 25), (25, 30)]
    """
    return (slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK))


def filled(rows: np.ndarray, size: int = BLOCK) -> np.ndarray:
    """Rows with copies of the last one, up to a multiple of `size`; the same array if there are so many already.

    Args:
        rows: `[N, ...]`, N at least 1.
        size: of a block.

    Returns:
        `[⌈N / size⌉ · size, ...]`.

    Example:
        >>> filled(np.array([1, 2, 3]), 4).tolist()
        [1, 2, 3, 3]
    """
    count = -(-len(rows) // size) * size
    return rows if count == len(rows) else rows[np.arange(count).clip(max=len(rows) - 1)]


def by_block(function: Callable[..., Any], *clips: np.ndarray) -> Any:
    """A function of a block of frames, over clips of one length.

    Args:
        function: compiled; of arrays `[BLOCK, ...]`, one of each clip, to a pytree of `[BLOCK, ...]`.
        clips: `[T, ...]` each, T at least 1.

    Returns:
        The pytree with NumPy arrays `[T, ...]`.

    Example:
        >>> by_block(lambda rows: rows + 1, np.arange(60))[-1].item()
        60
    """
    parts = []
    for rows in blocks(len(clips[0])):
        found = jax.device_get(function(*(filled(clip[rows]) for clip in clips)))
        parts.append(jax.tree.map(lambda values, rows=rows: values[: rows.stop - rows.start], found))
    return jax.tree.map(lambda *values: np.concatenate(values), *parts)
