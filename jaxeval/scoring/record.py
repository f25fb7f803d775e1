"""What is known of one scored pair of clips, and of one run of the command."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Curves:
    """One aligned metric of one pair, frame by frame; T frames generated, S frames in the reference.

    Attributes:
        framewise: `[min(T, S)]` cost of frame t against frame t, the rigid alignment.
        aligned: `[T]` expected cost of each generated frame under the alignment, Σ_s E_ts C_ts / Σ_s E_ts.
        lag: `[T]` frames by which the generated clip is late, t − Σ_s E_ts s / Σ_s E_ts.
        alignment: `[T, S]` the alignment E, each cell in [0, 1].
    """

    framewise: np.ndarray
    aligned: np.ndarray
    lag: np.ndarray
    alignment: np.ndarray


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
    """What one pair adds to the sets.

    Attributes:
        generated: set score's name to features `[N, D]`.
        reference: the same of the reference.
        missing: set score's name to the reason why there are none.
    """

    generated: dict[str, np.ndarray] = field(default_factory=dict)
    reference: dict[str, np.ndarray] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ClipRecord:
    """One row of `scores.json`, with the pictures' material beside it.

    Attributes:
        id: the pair's name: the generated file's name without its suffix.
        status: "ok" or "failed".
        reason: why it failed, one line; None if it did not.
        frames: numbers of frames (generated, reference) at the protocol's fps; None if unknown.
        scores: name to number, finite always.
        missing: name to the reason why there is no number.
        flags: what a reader must know about this pair, each "code: text".
        curves: aligned metric's name (st_lpips, csim, pose, expr) to its curves.
        generated, reference: filmstrips; None if the clip failed before there were any.
        audio: `[S]` loudness of the sound in each frame of the reference, relative to its loudest; None without sound.
        features: what the pair adds to the scores of the whole set; None if it adds nothing.
        fps: frames per second of trajectories that came in files; None for videos, which are at the protocol's.
    """

    id: str
    status: str
    reason: str | None = None
    frames: tuple[int, int] | None = None
    scores: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    curves: dict[str, Curves] = field(default_factory=dict)
    generated: Strip | None = None
    reference: Strip | None = None
    audio: np.ndarray | None = None
    features: SetFeatures | None = None
    fps: float | None = None
