"""A pair's pictures, frame by frame: metrics of pictures a block of frames at a time."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from jaxeval.checkpoints.niqe_model import niqe_model
from jaxeval.metrics.smoothness import smooth
from jaxeval.results.metric import Metric
from jaxeval.scoring.blocks import by_block
from jaxeval.scoring.networks import Lacking
from jaxeval.scoring.plan import function_of

_MODELS: dict[str, Callable[[], tuple[Any, ...]]] = {"niqe": lambda: (niqe_model(),)}
"""What a metric is held against beside the reference."""


def against_reference(metrics: Sequence[Metric], x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics of two pictures, over the frames that both clips have.

    Args:
        metrics: the catalogue's entries.
        x: `[T, H, W, 3]` uint8 crops of the generated clip.
        y: `[S, H, W, 3]` uint8 crops of the reference.

    Returns:
        Name to `[min(T, S)]`.
    """
    common, names = min(len(x), len(y)), tuple(metric.name for metric in metrics)
    functions = tuple(map(function_of, metrics))
    return _in_blocks(partial(_against, names=names, functions=functions), x[:common], y[:common])


def alone(metrics: Sequence[Metric], x: np.ndarray) -> dict[str, np.ndarray]:
    """Metrics of one picture.

    Args:
        metrics: the catalogue's entries.
        x: `[T, H, W, 3]` uint8 crops of the generated clip.

    Returns:
        Name to `[T]`.
    """
    models = {metric.name: _MODELS.get(metric.name, tuple)() for metric in metrics}
    functions = tuple(map(function_of, metrics))
    return _in_blocks(lambda frames: _alone(frames, models, functions), x)


def smoothness(x: np.ndarray) -> np.ndarray:
    """VBench's form on frames k and k + 2 against k + 1, k even, a block of three times as many frames at a time.

    Args:
        x: `[T, H, W, 3]` uint8 crops of the generated clip.

    Returns:
        `[(T − 1) // 2]`.

    Raises:
        Lacking: there are fewer than 3 frames.
    """
    middles = (len(x) - 1) // 2
    if middles < 1:
        raise Lacking("fewer than 3 frames: none has two neighbours")

    def function(first: np.ndarray) -> dict[str, jax.Array]:
        return _smooth(_unit(np.stack([x[first + step] for step in range(3)], axis=1)))  # of [K, 3, H, W, 3]

    return by_block(function, 2 * np.arange(middles))["smooth"]


def _in_blocks(function: Callable[..., dict[str, jax.Array]], *clips: np.ndarray) -> dict[str, np.ndarray]:
    """A function of frames in [0, 1], over uint8 frames."""
    return by_block(lambda *rows: function(*map(_unit, rows)), *clips)


@partial(jax.jit, static_argnames=("names", "functions"))
def _against(
    x: jax.Array, y: jax.Array, *, names: tuple[str, ...], functions: tuple[Callable[..., jax.Array], ...]
) -> dict[str, jax.Array]:
    """A pair of frames at a time, whose windowed means stay in the processor's cache and serve SSIM and MS-SSIM."""
    metrics = dict(zip(names, functions, strict=True))
    values = jax.lax.map(
        lambda pair: {name: metric(*pair) for name, metric in metrics.items()}, (x[:, None], y[:, None])
    )
    return {name: rows[:, 0] for name, rows in values.items()}


@partial(jax.jit, static_argnames="functions")
def _alone(
    x: jax.Array, models: dict[str, tuple[Any, ...]], functions: tuple[Callable[..., jax.Array], ...]
) -> dict[str, jax.Array]:
    return {name: metric(x, *model) for (name, model), metric in zip(models.items(), functions, strict=True)}


@jax.jit
def _smooth(triples: jax.Array) -> dict[str, jax.Array]:
    return {"smooth": jax.vmap(smooth)(triples)}


def _unit(frames: np.ndarray) -> np.ndarray:
    """[0, 255] to [0, 1], apart from the compiled step: fused with a difference, it would round x and y differently."""
    return frames.astype(np.float32) / np.float32(255)
