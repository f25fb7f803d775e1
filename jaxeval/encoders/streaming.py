"""Clips of any length through an encoder within a memory budget."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jaxeval.alignment.edge import BYTES, edge
from jaxeval.numerics import as_floats, chunked_map

BUDGET = 2**30
"""Bytes for what an encoder holds between its input and its output."""


@edge(frames=BYTES)
def encode(encoder: Any, frames: jax.Array, *, memory: int = BUDGET) -> Any:
    """What an encoder says of every frame of a clip, a few frames at a time; pure, traceable and differentiable.

    A gradient keeps what lies between for all frames; of an encoder loaded with `remat=True` for a few only.

    Args:
        encoder: a network of frames, or like SyncNet of windows of successive frames, or like I3D of short clips.
        frames: `[T, H, W, 3]` RGB in [0, 1], or short clips `[N, F, H, W, 3]`; or uint8, 0 to 255, which takes a
            quarter of the memory.
        memory: bytes for the network's inner layers, from which the number of frames at a time follows.

    Returns:
        The encoder's output, `[T, ...]`, or `[T - window + 1, ...]`, or `[N, ...]`.

    Raises:
        ValueError: it is no encoder; or from it, if the frames have another shape.

    Example:
        >>> import jax.numpy as jnp, jaxeval
        >>> encoder = jaxeval.load_encoder("dlib_resnet")
        >>> jax.jit(encode)(encoder, jnp.zeros((3, 150, 150, 3), jnp.uint8)).shape
        (3, 128)
    """
    if not hasattr(encoder, "pixel_bytes"):
        raise ValueError(f"Expected an encoder, such as jaxeval.load_encoder gives, got {type(encoder).__name__}.")
    size = max(1, memory // frame_bytes(encoder, frames.shape[1:]))

    def few(frames: jax.Array) -> Any:
        return encoder(as_floats(frames))

    def windows(places: jax.Array) -> Any:
        length = places.shape[0] + encoder.window - 1
        return few(jax.lax.dynamic_slice_in_dim(frames, places[0], length))

    function, rows = (few, frames) if encoder.window == 1 else (windows, jnp.arange(len(frames) - encoder.window + 1))
    return chunked_map(jax.checkpoint(function) if encoder.remat else function, rows, size)


def frame_bytes(encoder: Any, shape: tuple[int, ...]) -> int:
    """An estimate of what an encoder holds for a row of its result: the frame in two forms, and its largest layers.

    Args:
        encoder: the network.
        shape: `[H, W, 3]` of a frame, or `[F, H, W, 3]` of a short clip.

    Returns:
        Bytes.
    """
    *clip, height, width, channels = shape
    area = height * width
    held = 2 * 4 * channels * area + encoder.pixel_bytes * (encoder.size**2 if encoder.size else area)
    return math.prod(clip) * held
