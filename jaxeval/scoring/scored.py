"""What one family of metrics gives for a pair, and the part of it that alignment gives."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment import Lag, lag
from jaxeval.alignment.arguments import Lengths
from jaxeval.metrics.aligned import AlignedScore, aligned_from_costs
from jaxeval.scoring.costs import PAD, Costs
from jaxeval.scoring.protocol import Protocol
from jaxeval.scoring.record import Curves


@dataclass(frozen=True)
class Scored:
    """What a pair's metrics gave.

    Attributes:
        scores: name to finite number.
        missing: name to reason.
        curves: aligned metric to its curves.
        flags: what a reader must know, each "code: text".
    """

    scores: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    curves: dict[str, Curves] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    def __or__(self, other: "Scored") -> "Scored":
        return Scored(
            self.scores | other.scores,
            self.missing | other.missing,
            self.curves | other.curves,
            self.flags + other.flags,
        )


def aligned_names(metric: str) -> tuple[str, ...]:
    """The scores that one aligned metric gives."""
    return f"{metric}_seq", f"{metric}_div", f"lag_ms_{metric}", f"lag_std_ms_{metric}"


def missing(names: Iterable[str], reason: str) -> Scored:
    """No numbers, for one reason."""
    return Scored(missing=dict.fromkeys(names, reason))


def mean(values: Any) -> float:
    """In float64."""
    return float(np.mean(np.asarray(values), dtype=np.float64))


def align(metric: str, costs: Costs, protocol: Protocol) -> Scored:
    """Soft-DTW's part of one metric: `_seq`, `_div`, lag and its spread, and the curves.

    Args:
        metric: its name.
        costs: of the pair.
        protocol: its γ for this metric, band and fps.

    Returns:
        The four scores; lags are missing if a clip has one frame only.
    """
    t, s = costs.xy.shape
    padded = (_padded(costs.xy), _padded(costs.xx), _padded(costs.yy))
    gamma = jnp.float32(protocol.gamma[metric])
    result, timing = jax.device_get(_align(*padded, (jnp.int32(t), jnp.int32(s)), gamma, protocol.band_frames))
    alignment = result.alignment[:t, :s]
    expected = (alignment * costs.xy).sum(axis=1) / alignment.sum(axis=1)
    scores = {f"{metric}_seq": float(result.seq), f"{metric}_div": float(result.divergence)}
    scored = Scored(scores, curves={metric: Curves(costs.framewise, expected, timing.curve[:t], alignment)})
    lags = (f"lag_ms_{metric}", f"lag_std_ms_{metric}")
    if min(t, s) < 2:
        return scored | missing(lags, "one frame only: it has no timing")
    milliseconds = 1000 / protocol.fps
    values = (float(result.lag) * milliseconds, float(result.lag_std) * milliseconds)
    return scored | Scored(dict(zip(lags, values, strict=True)))


@partial(jax.jit, static_argnames="band")
def _align(
    xy: jax.Array, xx: jax.Array, yy: jax.Array, lengths: Lengths, gamma: jax.Array, band: float | None
) -> tuple[AlignedScore, Lag]:
    score = aligned_from_costs(xy, xx, yy, gamma=gamma, lengths=lengths, band=band)
    return score, lag(score.alignment, lengths=lengths)


def _padded(costs: np.ndarray) -> np.ndarray:
    return np.pad(costs, [(0, -length % PAD) for length in costs.shape])
