"""What metrics give for a pair, and the part of it that alignment gives."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from jaxeval.alignment import Lag, lag
from jaxeval.alignment.checks import Lengths
from jaxeval.alignment.core.band import smallest_band
from jaxeval.metrics.aligned import AlignedScore, aligned_from_costs
from jaxeval.metrics.lag_support import lag_support
from jaxeval.protocol import Protocol
from jaxeval.results.finite import all_finite, finite_scores
from jaxeval.results.record import Curves, OffsetCurve
from jaxeval.results.score import aligned_names, score_name

PAD = 64
"""Trajectories and cost matrices are padded to a multiple of this, so that clips of like length share one program."""


class Costs(NamedTuple):
    """One metric's costs of a pair, T frames generated and S in the reference.

    Attributes:
        framewise: `[min(T, S)]` each frame against the one of its index, computed directly: exactly 0 if identical.
        xy: `[T, S]` generated against reference.
        xx: `[T, T]` generated against itself.
        yy: `[S, S]` reference against itself.
    """

    framewise: Any
    xy: Any
    xx: Any
    yy: Any

    def first(self, t: int, s: int) -> "Costs":
        """Those of the first t frames generated and s in the reference, which are all that count."""
        return Costs(self.framewise[: min(t, s)], self.xy[:t, :s], self.xx[:t, :t], self.yy[:s, :s])


def padded(array: np.ndarray, axes: int = 1, to: int = PAD) -> np.ndarray:
    """As float32, with as many copies of the last row as `to` asks for, along the first axis or the first two."""
    widths = [(0, -length % to if axis < axes else 0) for axis, length in enumerate(array.shape)]
    return np.pad(np.asarray(array, np.float32), widths, mode="edge")


LARGEST_PATH = 5e29
"""What the costs along a path may add up to in float32: from twice that on a cell counts as unreachable."""


@dataclass(frozen=True)
class Scored:
    """What a pair's metrics gave; a score that isn't finite is missing with a reason, and so are its curves left out.

    Attributes:
        scores: name to finite number.
        missing: name to reason.
        curves: aligned metric to its curves.
        flags: what a reader must know, each "code: text".
        support: aligned metric to how much of the clip speaks for its lag, see `jaxeval.metrics.lag_support`.
        per_frame: frame-wise score to its value in each frame; psnr's are infinite where frames are identical.
        offsets: "generated" and "reference" to the clip's lip-sync at every offset.
        by_gamma: aligned metric to its `_div` at each of some multiples of its γ, see `by_gamma`.
    """

    scores: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    curves: dict[str, Curves] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    support: dict[str, float] = field(default_factory=dict)
    per_frame: dict[str, np.ndarray] = field(default_factory=dict)
    offsets: dict[str, OffsetCurve] = field(default_factory=dict)
    by_gamma: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scores, missing = finite_scores(self.scores, self.missing)
        object.__setattr__(self, "scores", scores)
        object.__setattr__(self, "missing", missing)
        object.__setattr__(self, "curves", {name: curves for name, curves in self.curves.items() if curves.drawable})

    def __or__(self, other: "Scored") -> "Scored":
        return Scored(
            self.scores | other.scores,
            self.missing | other.missing,
            self.curves | other.curves,
            self.flags + other.flags,
            self.support | other.support,
            self.per_frame | other.per_frame,
            self.offsets | other.offsets,
            self.by_gamma | other.by_gamma,
        )

    def only(self, keeps: Callable[[str], bool]) -> "Scored":
        """The scores that are asked for; curves and flags stay."""
        return replace(
            self,
            scores={name: value for name, value in self.scores.items() if keeps(name)},
            missing={name: reason for name, reason in self.missing.items() if keeps(name)},
            per_frame={name: values for name, values in self.per_frame.items() if keeps(name)},
        )


def missing(names: Iterable[str], reason: str) -> Scored:
    """No numbers, for one reason."""
    return Scored(missing=dict.fromkeys(names, reason))


def mean(values: Any) -> float:
    """In float64."""
    return float(np.mean(np.asarray(values), dtype=np.float64))


def framewise(metric: str, costs: Costs) -> Scored:
    """One metric's mean cost of frame t against frame t."""
    if not all_finite(costs.framewise):
        return missing([metric], "the costs between frames exceed float32's range, 3.4e38")
    return Scored({metric: mean(costs.framewise)}, per_frame={metric: costs.framewise})


def align(costs: Mapping[str, Costs], protocol: Protocol) -> Scored:
    """Soft-DTW's part of some metrics: `_seq`, `_div`, lag with its spread and support, and the curves.

    Args:
        costs: metric's name to its costs of the pair.
        protocol: its γ for each metric, band and fps.

    Returns:
        The four scores of each, or the reason why there is no alignment; lags are missing if a clip has one frame only.
    """
    reasons = {name: _no_alignment(name, each, protocol) for name, each in costs.items()}
    scored = Scored()
    for name, reason in reasons.items():
        scored |= missing(aligned_names(name), reason) if reason else Scored()
    fit = {name: each for name, each in costs.items() if not reasons[name]}
    if not fit:
        return scored
    size = -(-max(max(each.xy.shape) for each in fit.values()) // PAD) * PAD
    stacks = (np.stack([padded(each[k], 2, size) for each in fit.values()]) for k in (1, 2, 3))
    lengths = tuple(np.array([each.xy.shape[side] for each in fit.values()], np.int32) for side in (0, 1))
    gamma = np.array([protocol.gamma[name] for name in fit], np.float32)
    found = jax.device_get(_align(*stacks, lengths, gamma, protocol.band_frames))
    for k, (name, each) in enumerate(fit.items()):
        scored |= _aligned(name, each, jax.tree.map(lambda values, k=k: values[k], found), protocol)
    return scored


def by_gamma(costs: Mapping[str, Costs], protocol: Protocol, multiples: Sequence[float]) -> Scored:
    """Each metric's `_div` at some multiples of its γ, which tells how much depends on the choice.

    Args:
        costs: see `align`.
        protocol: see `align`.
        multiples: of γ.

    Returns:
        `[G]` for each metric, NaN where there is no alignment.
    """
    found: dict[str, list[float]] = {name: [] for name in costs if multiples}
    for multiple in multiples:
        at = {name: gamma * multiple for name, gamma in protocol.gamma.items()}
        scored = align(costs, replace(protocol, gamma=at)).scores
        for name, values in found.items():
            values.append(scored.get(score_name(name, "div"), float("nan")))
    return Scored(by_gamma={name: np.array(values) for name, values in found.items()})


def _aligned(metric: str, costs: Costs, found: Any, protocol: Protocol) -> Scored:
    """One metric's part of what `_align` gives."""
    (result, timing, support), names = found, aligned_names(metric)
    t, s = costs.xy.shape
    alignment, lags = result.alignment[:t, :s], timing.curve[:t]
    milliseconds = 1000 / protocol.fps
    lateness = [float(late) * milliseconds for late in (result.lag, result.lag_std)]
    values = (float(result.seq), float(result.divergence), *lateness)
    mass = alignment.sum(axis=1)
    if not all_finite(*values, alignment, lags) or not mass.all():
        gamma = np.float32(protocol.gamma[metric])
        return missing(names, f"no finite alignment: Soft-DTW at γ = {gamma:g} gave {values[0]:g}")
    expected = (alignment * costs.xy).sum(axis=1) / mass
    curves = {metric: Curves(costs.framewise, expected, lags, alignment)}
    scores = dict(zip(names, values, strict=True))
    if min(t, s) > 1:
        return Scored(scores, curves=curves, support={metric: float(support)})
    kept = {name: scores[name] for name in names[:2]}
    return Scored(kept, curves=curves) | missing(names[2:], "one frame only, so no timing")


def _no_alignment(metric: str, costs: Costs, protocol: Protocol) -> str | None:
    """Why a pair can't be aligned: no γ, no path leads through the band, or float32 can't add the costs along one."""
    (t, s), band = costs.xy.shape, protocol.band_frames
    if metric not in protocol.gamma:
        return f"{protocol.name} sets no γ for {metric}"
    if band is not None and smallest_band(t, s) > band:
        return f"no alignment within the band of {band:g} frames: {_frames(t)} against {s}"
    matrices = (costs.xy, costs.xx, costs.yy)
    if not all_finite(*matrices):
        return "no alignment: the costs between frames exceed float32's range, 3.4e38"
    largest, longest = max(float(matrix.max()) for matrix in matrices), 2 * max(t, s) - 1
    if largest * longest >= LARGEST_PATH:
        limit = f"may exceed the limit of {LARGEST_PATH:.0e} in float32; scale the trajectories down"
        return f"no alignment: costs of {largest:.1e} along up to {longest} cells {limit}"
    return None


def _frames(count: int) -> str:
    return f"{count} frame" if count == 1 else f"{count} frames"


@partial(jax.jit, static_argnames="band")
def _align(
    xy: jax.Array, xx: jax.Array, yy: jax.Array, lengths: Lengths, gamma: jax.Array, band: float | None
) -> tuple[AlignedScore, Lag, jax.Array]:
    """Of M metrics at once: matrices `[M, P, P]`, lengths and γ `[M]`."""

    def one(xy: jax.Array, xx: jax.Array, yy: jax.Array, lengths: Lengths, gamma: jax.Array) -> Any:
        score = aligned_from_costs(xy, xx, yy, gamma=gamma, lengths=lengths, band=band)
        found = lag(score.alignment, lengths=lengths)
        return score, found, lag_support(xy, found.curve, lengths=lengths)

    return jax.vmap(one)(xy, xx, yy, lengths, gamma)
