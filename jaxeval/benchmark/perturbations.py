"""Controlled changes of a talking clip, each at several levels: what a score must notice, and what it may forgive.

Three kinds. *Harmless* changes move frames in time by little, as a generator does that is a bit late or speaks a bit
faster; the sound goes along where the whole clip moves. *Timing faults* are true faults that alignment is expected to
forgive, and that the timing columns and flags must name. *Quality faults* spoil the picture, the person or the mouth,
on time.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from jaxeval.errors import JaxevalError, nearest, require
from jaxeval.perturb.face import mouth_frozen, reshaped
from jaxeval.perturb.picture import Perturbed, blurred, degraded, late, late_audio, noisy, rubato, rubato_audio
from jaxeval.perturb.timing import dropped, frozen, jittered, paced, paced_audio

SAMPLE_RATE = 16000

Kind = Literal["identical", "harmless", "timing fault", "quality fault"]
Need = Literal["sound", "face"]

_LACKING: Mapping[Need, str] = {"sound": "the clip has no sound", "face": "no face was found in the clip"}


@dataclass(frozen=True)
class Material:
    """A clip to be changed.

    Attributes:
        frames: `[T, H, W, 3]` uint8 RGB.
        fps: frames per second.
        sound: `[N]` mono samples at 16 kHz from the first frame on; None without sound.
        landmarks: `[T, 468, 3]` of its face, in pixels; None if it has no face, or nothing asks for it.
    """

    frames: np.ndarray
    fps: float
    sound: np.ndarray | None = None
    landmarks: np.ndarray | None = None

    def changed(self, frames: np.ndarray, sound: Callable[[np.ndarray], np.ndarray] = lambda x: x) -> "Material":
        """With other frames, and its sound changed if there is any."""
        return replace(self, frames=frames, sound=None if self.sound is None else sound(self.sound))


@dataclass(frozen=True)
class Condition:
    """One changed clip.

    Attributes:
        change: what is done; all conditions of one change differ in its level.
        level: how strong it is, in words.
        strength: the same as a number in `unit`, rising; two directions of a change may share one.
        unit: of the strength.
        kind: what a score should make of it.
        make: from a clip to the changed one.
        needs: what a clip must have for it.
        truth: ms by which the picture is late against its sound, where that is the fault.
    """

    change: str
    level: str
    strength: float
    unit: str
    kind: Kind
    make: Callable[[Material], Material] = field(repr=False)
    needs: tuple[Need, ...] = ()
    truth: float | None = None

    @property
    def name(self) -> str:
        """Change and level, as rows and messages call it."""
        return f"{self.change} {self.level}".strip()

    @property
    def file_name(self) -> str:
        """The same in characters that every file system takes, without a suffix."""
        return re.sub(r"[^A-Za-z0-9+.-]+", "_", self.name).strip("_")

    def lacks(self, material: Material) -> str | None:
        """Why a clip can't be changed so; None if it can."""
        there = {"sound": material.sound, "face": material.landmarks}
        return next((_LACKING[need] for need in self.needs if there[need] is None), None)


def _shift(ms: int) -> Condition:
    s = ms / 1000
    return Condition(
        "shift",
        f"{ms} ms",
        ms,
        "ms",
        "harmless",
        lambda m: m.changed(late(m.frames, s, fps=m.fps).frames, lambda x: late_audio(x, s, sample_rate=SAMPLE_RATE)),
    )


def _pace(percent: int) -> Condition:
    factor = 1 + percent / 100
    return Condition(
        "pace",
        f"{percent:+d} %",
        abs(percent),
        "%",
        "harmless",
        lambda m: m.changed(paced(m.frames, factor).frames, lambda x: paced_audio(x, factor)),
    )


def _wander(percent: int, phase: float) -> Condition:
    rate = percent / 100
    return Condition(
        "wander",
        f"{percent} % phase {phase:g}",
        percent,
        "%",
        "harmless",
        lambda m: m.changed(
            rubato(m.frames, rate, phase=phase, fps=m.fps).frames,
            lambda x: rubato_audio(x, rate, phase=phase, sample_rate=SAMPLE_RATE),
        ),
    )


def _sound_delay(ms: int) -> Condition:
    """The sound late, so the lips early."""
    return Condition(
        "sound_delay",
        f"{ms} ms",
        ms,
        "ms",
        "timing fault",
        lambda m: m.changed(m.frames, lambda x: late_audio(x, ms / 1000, sample_rate=SAMPLE_RATE)),
        needs=("sound",),
        truth=-ms,
    )


def _pictures(
    change: str,
    levels: Mapping[str, float],
    unit: str,
    kind: Kind,
    make: Callable[[Material, float], Perturbed],
    needs: tuple[Need, ...] = (),
) -> list[Condition]:
    """A change of the picture alone, at levels in words with their strengths."""

    def at(strength: float) -> Callable[[Material], Material]:
        return lambda m: m.changed(make(m, strength).frames)

    return [Condition(change, level, s, unit, kind, at(s), needs) for level, s in levels.items()]


def _middle_frozen(material: Material, percent: float) -> Perturbed:
    """The mouth stands still in the middle `percent` of the clip."""
    assert material.landmarks is not None
    first, count = (1 - percent / 100) / 2, len(material.frames)
    return mouth_frozen(material.frames, material.landmarks, int(first * count), int((1 - first) * (count - 1)))


def _reshaped(material: Material, percent: float) -> Perturbed:
    assert material.landmarks is not None
    return reshaped(material.frames, material.landmarks, percent / 100)


IDENTICAL = Condition("identical", "", 0, "", "identical", lambda m: m)
"""The clip itself: what every response is measured from."""

GRID: tuple[Condition, ...] = (
    IDENTICAL,
    *(_shift(ms) for ms in (40, 80, 120, 160, 200, 240)),
    *(_pace(percent) for percent in (-20, -10, 10, 20)),
    *(_wander(percent, phase) for percent in (10, 20) for phase in (0.0, 2.0)),
    *_pictures(
        "jitter",
        {f"±{k} frames": k for k in (1, 2, 3)},
        "frames",
        "harmless",
        lambda m, k: jittered(m.frames, k, seed=int(k)),
    ),
    *_pictures(
        "drops",
        {f"{p} %": p for p in (10, 20, 33)},
        "%",
        "harmless",
        lambda m, p: dropped(m.frames, p / 100, seed=int(p)),
    ),
    *_pictures(
        "freezes",
        {f"{s} s": s for s in (0.4, 0.8, 1.2)},
        "s",
        "timing fault",
        lambda m, s: frozen(m.frames, s, fps=m.fps),
    ),
    *(_sound_delay(ms) for ms in (80, 160, 240, 400)),
    *_pictures(
        "blur",
        {f"σ {s} px": s for s in (0.7, 1.0, 1.5, 2.0, 3.0)},
        "px",
        "quality fault",
        lambda m, s: blurred(m.frames, s),
    ),
    *_pictures(
        "noise",
        {f"σ {s} of 255": s for s in (4, 8, 16, 32)},
        "of 255",
        "quality fault",
        lambda m, s: noisy(m.frames, s, seed=int(s)),
    ),
    *_pictures(
        "compression",
        {f"crf {c}": c for c in (32, 36, 40, 44)},
        "crf",
        "quality fault",
        lambda m, c: degraded(m.frames, crf=int(c), fps=m.fps),
    ),
    *_pictures(
        "identity",
        {f"{p} % of the face": p for p in (2, 4, 6, 8)},
        "% of the face",
        "quality fault",
        _reshaped,
        ("face",),
    ),
    *_pictures(
        "mouth_freeze",
        {"the middle half": 50, "all along": 100},
        "% of the clip",
        "quality fault",
        _middle_frozen,
        ("face",),
    ),
)
"""Every condition, fixed before anything was measured with it (docs/validity.md)."""

CHANGES: tuple[str, ...] = tuple(dict.fromkeys(c.change for c in GRID if c is not IDENTICAL))
"""Names of the changes, in the order of the grid."""

OWN: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("lpips", "st_lpips"), ("blur", "noise", "compression", "identity", "mouth_freeze")),
    "csim": ("identity",),
    "expr": ("mouth_freeze",),
    **dict.fromkeys(("lip_sync", "sync"), ("mouth_freeze",)),
}
"""Aligned metric to the quality faults that it is there to find; none of them moves the head, so pose has none."""


def chosen_conditions(changes: Sequence[str] = (), levels: int | None = None) -> tuple[Condition, ...]:
    """A part of the grid, with the clip itself.

    Args:
        changes: names of changes; none for all.
        levels: how many strengths of each change, at least 1, evenly spread and the strongest among them; None for all.

    Returns:
        `IDENTICAL`, then the conditions in the grid's order; both directions of a strength count as one.

    Raises:
        JaxevalError: a change is unknown, or levels is below 1.

    Example:
        >>> [condition.name for condition in chosen_conditions(["pace", "blur"], levels=1)]
        ['identical', 'pace -20 %', 'pace +20 %', 'blur σ 3.0 px']
    """
    for name in changes:
        text = f"changes: expected the name of a change, found {name!r}."
        require(name in CHANGES, f"{text} {nearest(name, CHANGES)}")
    if levels is not None and levels < 1:
        raise JaxevalError(f"levels: expected at least 1, found {levels}.")
    kept = [condition for condition in GRID[1:] if not changes or condition.change in changes]
    strengths = {c.change: _spread({d.strength for d in kept if d.change == c.change}, levels) for c in kept}
    return IDENTICAL, *(condition for condition in kept if condition.strength in strengths[condition.change])


def _spread(strengths: set[float], levels: int | None) -> set[float]:
    falling = sorted(strengths, reverse=True)
    if levels is None or levels >= len(falling):
        return strengths
    return {falling[k] for k in np.linspace(0, len(falling) - 1, levels).round().astype(int)}
