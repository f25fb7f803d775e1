"""What is known of one scored pair of clips, and of one run of the command."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jaxeval.results.finite import all_finite, finite_number, finite_scores

LARGEST_FEATURE = 1e15
"""The largest number in a set's features: the squares of 10⁷ differences twice as large still add up in float32."""

_LARGEST_COST, _LONGEST_LAG = 1e30, 1e6


@dataclass(frozen=True)
class Curves:
    """One aligned metric of one pair, frame by frame; T frames generated, S frames in the reference.

    Attributes:
        framewise: `[min(T, S)]` cost of frame t against frame t, without alignment.
        aligned: `[T]` expected cost of each generated frame under the alignment, Σ_s E_ts C_ts / Σ_s E_ts.
        lag: `[T]` frames by which the generated clip is late, t − Σ_s E_ts s / Σ_s E_ts.
        alignment: `[T, S]` E, the probability that the path passes each cell.
    """

    framewise: np.ndarray
    aligned: np.ndarray
    lag: np.ndarray
    alignment: np.ndarray

    @property
    def drawable(self) -> bool:
        """Whether figures can be drawn of them: all numbers are finite, and none is beyond what an alignment gives."""
        if not all_finite(*vars(self).values()):
            return False
        limits = (self.framewise, _LARGEST_COST), (self.aligned, _LARGEST_COST), (self.lag, _LONGEST_LAG)
        return all(float(np.abs(values).max(initial=0)) <= limit for values, limit in limits)


@dataclass(frozen=True)
class Strip:
    """A few thumbnails of one clip.

    Attributes:
        frames: `[N]` indices of the frames shown, at the protocol's fps.
        images: `[N, h, w, 3]` uint8 RGB thumbnails, what the image scores looked at.
    """

    frames: np.ndarray
    images: np.ndarray


@dataclass(frozen=True)
class SetFeatures:
    """What one pair adds to the sets: finite features up to `LARGEST_FEATURE`; others are missing, on both sides.

    Attributes:
        generated: set score's name to features `[N, D]`.
        reference: the same of the reference.
        missing: set score's name to the reason why there are none.
    """

    generated: dict[str, np.ndarray] = field(default_factory=dict)
    reference: dict[str, np.ndarray] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sides = (self.generated, self.reference)
        names = dict.fromkeys(name for side in sides for name in side)
        unfit = {name: reason for name in names if (reason := _unfit(*(side.get(name) for side in sides)))}
        for side in ("generated", "reference"):
            kept = {name: rows for name, rows in getattr(self, side).items() if name not in unfit}
            object.__setattr__(self, side, kept)
        object.__setattr__(self, "missing", unfit | self.missing)


def _unfit(generated: np.ndarray | None, reference: np.ndarray | None) -> str | None:
    """Why a pair's features can't be added to those of the others."""
    if generated is None or reference is None:
        return "one clip has no features"
    for rows in (generated, reference):
        if rows.ndim != 2 or not rows.size or rows.shape[1] != generated.shape[1]:
            return f"expected features [N, D] of both clips, found {generated.shape} and {reference.shape}"
        if not all_finite(rows) or float(np.abs(rows).max()) > LARGEST_FEATURE:
            return f"features that aren't finite or exceed {LARGEST_FEATURE:.0e}, the limit in float32"
    return None


@dataclass(frozen=True)
class OffsetCurve:
    """How well mouth and voice agree at every offset.

    Attributes:
        values: `[2 M + 1]` correlation at the offsets −M, …, M frames; NaN where too few frames are left.
        sure: the correlation from which an offset is told; 5 of 100 wrong pairs reach it somewhere.
    """

    values: np.ndarray
    sure: float


@dataclass(frozen=True)
class ClipRecord:
    """One row of `scores.json`, with the pictures' material beside it.

    However it is made, it holds plain numbers, all of them finite: a score that isn't is missing with a reason, and
    curves that can't be drawn are left out. So one record can always be written beside the others.

    Attributes:
        id: the pair's name: the generated file's name without its suffix.
        status: "ok" or "failed".
        reason: why it failed, one line; None if it did not.
        frames: numbers of frames (generated, reference) at the protocol's fps, the second None without a reference;
            None if unknown.
        scores: name to number, finite always.
        missing: name to the reason why there is no number.
        flags: what a reader must know about this pair, each "code: text".
        curves: aligned metric's name (lpips, csim, pose, expr) to its curves.
        generated, reference: filmstrips; None if there is no such clip, or none could be read.
        audio: `[S]` loudness of the sound in each frame of the reference, or `[T]` without one, relative to its
            loudest; None without sound.
        features: what the pair adds to the scores of the whole set; None if it adds nothing.
        fps: frames per second of trajectories that came in files; None for videos, which are at the protocol's.
        support: aligned metric's name to how much of the clip speaks for its lag, in [-1, 1].
        per_frame: frame-wise score's name to its value in each frame, `[min(T, S)]`, without a reference `[T]`; psnr's
            is infinite where frames are identical.
        trajectories: names of those that came in files.
        offsets: "generated" and "reference" to the clip's lip-sync at every offset, if it has any.
        portrait: one thumbnail; None without a portrait.
        by_gamma: aligned metric to its `_div` at each multiple of γ that was asked for, `[G]`; NaN where it has none.
    """

    id: str
    status: str
    reason: str | None = None
    frames: tuple[int, int | None] | None = None
    scores: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    curves: dict[str, Curves] = field(default_factory=dict)
    generated: Strip | None = None
    reference: Strip | None = None
    audio: np.ndarray | None = None
    features: SetFeatures | None = None
    fps: float | None = None
    support: dict[str, float] = field(default_factory=dict)
    per_frame: dict[str, np.ndarray] = field(default_factory=dict)
    trajectories: tuple[str, ...] = ()
    offsets: dict[str, OffsetCurve] = field(default_factory=dict)
    portrait: Strip | None = None
    by_gamma: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scores, missing = finite_scores(self.scores, self.missing)
        plain: dict[str, Any] = {
            "scores": scores,
            "missing": missing,
            "frames": self.frames and tuple(None if count is None else int(count) for count in self.frames),
            "flags": tuple(str(flag) for flag in self.flags),
            "curves": {name: curves for name, curves in self.curves.items() if curves.drawable},
            "audio": self.audio if self.audio is None or all_finite(self.audio) else None,
            "fps": finite_number(self.fps),
            "support": finite_scores(self.support, {})[0],
            "trajectories": tuple(str(name) for name in self.trajectories),
        }
        for name, value in plain.items():
            object.__setattr__(self, name, value)
