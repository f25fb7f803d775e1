"""From the catalogue's entries to what a step computes: each metric's function, and the trajectory that it runs on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import jax
import numpy as np

from jaxeval.alignment import distances, pairwise_costs
from jaxeval.alignment.checks import Lengths
from jaxeval.checkpoints.lip_projection import lip_projection
from jaxeval.metrics import temporal_faults as faults
from jaxeval.metrics.lip_sync import LipSync, lip_sync
from jaxeval.metrics.sync import sync_scores
from jaxeval.protocol import Protocol
from jaxeval.results.metric import Metric
from jaxeval.scoring.aligned_scores import Costs, padded
from jaxeval.scoring.step import OnEncoder, Rows, measured

REACH = 15
"""Offsets of lips and sound that are tried on either side, frames."""

FAULTS, BLOCKS = "faults", "blocks"
"""What `temporal_faults` finds, and the grey blocks that it is computed of."""


def function_of(metric: Metric) -> Callable[..., jax.Array]:
    """A metric's function: of the metric's name, in the file of `jaxeval.metrics` that its entry names.

    Example:
        >>> from jaxeval.results.definitions import METRICS
        >>> [function_of(metric).__name__ for metric in METRICS if metric.name == "csim"]
        ['csim']
    """
    return getattr(import_module(f"jaxeval.metrics.{metric.file or metric.name}"), metric.name)


def costs_name(metric: Metric) -> str:
    """What the costs of an aligned metric are called among a step's results."""
    return f"costs of {metric.name}"


def costs_of(metric: Metric) -> OnEncoder:
    """All costs of an aligned metric's trajectories."""
    return OnEncoder(metric.of, _Costs(metric.distance))


def own_of(metric: Metric, protocol: Protocol) -> OnEncoder:
    """A metric's own function, which gives a number a frame, or a few a clip."""
    if metric.name == "lip_sync":
        return OnEncoder("lips and sound", _lip_sync)
    if metric.name == "sync":
        return OnEncoder(metric.of, _SyncScores(protocol.sync or "valid"))
    if metric.per == "frame":
        return OnEncoder(metric.of, function_of(metric))
    return OnEncoder(metric.of, _OfClips(metric, protocol.fps if metric.timed else None))


@dataclass(frozen=True)
class _Costs:
    """A distance as a metric: frame-wise, and the three matrices."""

    distance: str

    def __call__(self, x: jax.Array, y: jax.Array, lengths: Lengths) -> Costs:
        distance, common = getattr(distances, self.distance), min(len(x), len(y))
        framewise = jax.vmap(lambda one, other: distance(one[None], other[None])[0, 0])(x[:common], y[:common])
        return Costs(framewise, *pairwise_costs(distance, x, y, lengths=lengths))


@dataclass(frozen=True)
class _OfClips:
    """A function of whole clips: of both, of the generated one, or of each."""

    metric: Metric
    fps: float | None

    def __call__(self, x: Any, y: Any, lengths: Lengths) -> list[jax.Array]:
        timed = {} if self.fps is None else {"fps": self.fps}
        function = partial(function_of(self.metric), **timed)
        if self.metric.reference:
            return jax.tree.leaves(function(x, y, lengths=lengths))
        sides = ((x, lengths[0]), (y, lengths[1]))[: 2 if self.metric.both else 1]
        return [value for rows, length in sides for value in jax.tree.leaves(function(rows, length=length))]


def _lip_sync(x: Any, y: Any, lengths: Lengths) -> tuple[LipSync | None, ...]:
    """Of the generated clip, and of the reference if it has sound."""
    weights = lip_projection().weights

    def one(side: Any, length: Any) -> LipSync:
        return lip_sync(side.lips, side.voice, weights, max_offset=REACH, lengths=(length, length), mask=side.heard)

    return tuple(side and one(side, length) for side, length in zip((x, y), lengths, strict=True))


@dataclass(frozen=True)
class _SyncScores:
    form: Any

    def __call__(self, x: jax.Array, y: jax.Array, lengths: Lengths) -> tuple[jax.Array, ...]:
        return sync_scores(x, y, form=self.form, max_offset=REACH, lengths=lengths)[:3]


def _time_faults(x: jax.Array, y: jax.Array, lengths: Lengths) -> tuple[jax.Array, ...]:
    """How far a clip is frozen, looped, backwards and static, by grey blocks of its pictures."""
    costs = _Costs("squared_euclidean")(x, y, lengths)
    return (
        faults.frozen(costs.xx, costs.yy, lengths=lengths),
        faults.looped(costs.xx, costs.yy, lengths=lengths),
        faults.reversed_in_time(costs.xy, lengths=lengths),
        faults.static(costs.xx, costs.yy, lengths=lengths),
    )


def _faults_alone(x: jax.Array, y: jax.Array, lengths: Lengths) -> tuple[jax.Array, ...]:
    """How far a clip is frozen and looped, and how much each of its blocks moves, without a reference."""
    costs = _Costs("squared_euclidean")(x, y, lengths).xx
    lengths = (lengths[0], lengths[0])
    blocks = x.shape[1]
    frozen = faults.frozen(costs, lengths=lengths, noise=faults.ALONE_NOISE * blocks)
    return frozen, faults.looped(costs, lengths=lengths), faults.static(costs, lengths=lengths) / blocks


TIME_FAULTS, FAULTS_ALONE = OnEncoder(BLOCKS, _time_faults), OnEncoder(BLOCKS, _faults_alone)


@partial(jax.jit, static_argnames="plan")
def measure(plan: tuple[tuple[str, OnEncoder], ...], seen: Mapping[str, Rows]) -> dict[str, Any]:
    """`measured`, compiled: one program for all metrics of a plan, and for clips of like length.

    Args:
        plan: name and metric.
        seen: name to trajectory.
    """
    return measured(dict(plan), seen)


def trajectory_costs(distance: str, x: np.ndarray, y: np.ndarray) -> Costs:
    """All costs of two trajectories.

    Args:
        distance: one of `jaxeval.distances`.
        x: `[T, D]` of the generated clip.
        y: `[S, D]` of the reference.
    """
    plan = (("costs", OnEncoder("rows", _Costs(distance))),)
    found = jax.device_get(measure(plan, {"rows": padded_rows(x, y)}))
    return found["costs"].first(len(x), len(y))


def padded_rows(x: np.ndarray, y: np.ndarray) -> Rows:
    """Both sides, padded by themselves."""
    return Rows(padded(x), padded(y), traced_lengths(len(x), len(y)))


def traced_lengths(t: int, s: int) -> tuple[Any, Any]:
    """Numbers of valid rows as arguments of a compiled function, which so serves all of them."""
    return np.int32(t), np.int32(s)
