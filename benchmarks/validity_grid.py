"""The grid of `validity.py`: every clip that is scored, fixed before anything was measured.

Three kinds of changes. *Harmless* ones move frames in time by little, as a generator does that is a bit late or speaks
a bit faster; the sound goes along where the change is of the whole clip. *Timing faults* are true faults that alignment
is expected to forgive, and that the timing columns and flags must name. *Quality faults* spoil the picture, the person
or the mouth, on time.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from jaxeval.perturb import face as perturb_face
from jaxeval.perturb import picture as perturb
from jaxeval.perturb import timing as perturb_timing

FPS = 25.0
SAMPLE_RATE = 16000


@dataclass(frozen=True)
class Material:
    """One real clip.

    Attributes:
        frames: `[T, H, W, 3]` uint8 at 25 fps.
        sound: `[N]` at 16 kHz, or None.
        landmarks: `[T, 468, 3]` of its face, in pixels.
    """

    frames: np.ndarray
    sound: np.ndarray | None
    landmarks: np.ndarray

    def of(self, frames: np.ndarray, sound: Callable[[np.ndarray], np.ndarray] | None = None) -> "Material":
        """With other frames, and its sound changed if there is any."""
        changed = sound(self.sound) if sound and self.sound is not None else self.sound
        return replace(self, frames=frames, sound=changed)


@dataclass(frozen=True)
class Condition:
    """One changed clip.

    Attributes:
        change: what is done; all conditions of one change differ in its strength.
        level: the strength, in words.
        kind: "identical", "harmless", "timing fault" or "quality fault".
        make: the changed clip.
        truth: ms by which the picture is late against its sound, where that is the fault.
    """

    change: str
    level: str
    kind: str
    make: Callable[[Material], Material]
    truth: float | None = None

    @property
    def name(self) -> str:
        """For files and rows."""
        return f"{self.change} {self.level}".strip()


def _shift(ms: float) -> Condition:
    s = ms / 1000
    return Condition(
        "shift",
        f"{ms} ms",
        "harmless",
        lambda m: m.of(
            perturb.late(m.frames, s, fps=FPS).frames, lambda x: perturb.late_audio(x, s, sample_rate=SAMPLE_RATE)
        ),
    )


def _rate(percent: int) -> Condition:
    factor = 1 + percent / 100
    return Condition(
        "rate",
        f"{percent:+d} %",
        "harmless",
        lambda m: m.of(perturb_timing.paced(m.frames, factor).frames, lambda x: perturb_timing.paced_audio(x, factor)),
    )


def _wander(percent: int, phase: float) -> Condition:
    rate = percent / 100
    return Condition(
        "wander",
        f"{percent} % phase {phase:g}",
        "harmless",
        lambda m: m.of(
            perturb.rubato(m.frames, rate, phase=phase, fps=FPS).frames,
            lambda x: perturb.rubato_audio(x, rate, phase=phase, sample_rate=SAMPLE_RATE),
        ),
    )


def _picture(change: str, level: str, kind: str, make: Callable[[Material], perturb.Perturbed]) -> Condition:
    """A change of the picture alone."""
    return Condition(change, level, kind, lambda m: m.of(make(m).frames))


def _delay(ms: float) -> Condition:
    """The sound late, so the lips early."""
    return Condition(
        "audio delay",
        f"{ms} ms",
        "timing fault",
        lambda m: m.of(m.frames, lambda x: perturb.late_audio(x, ms / 1000, sample_rate=SAMPLE_RATE)),
        truth=-ms,
    )


def _mouth(level: str, first: float, last: float) -> Condition:
    return _picture(
        "mouth freeze",
        level,
        "quality fault",
        lambda m: perturb_face.mouth_frozen(
            m.frames, m.landmarks, int(first * len(m.frames)), int(last * (len(m.frames) - 1))
        ),
    )


IDENTICAL = Condition("identical", "", "identical", lambda m: m)

GRID: tuple[Condition, ...] = (
    IDENTICAL,
    *(_shift(ms) for ms in (40, 80, 120, 160, 200, 240)),
    *(_rate(percent) for percent in (-20, -10, 10, 20)),
    *(_wander(percent, phase) for percent in (10, 20) for phase in (0.0, 2.0)),
    *(
        _picture("jitter", f"±{k} frames", "harmless", lambda m, k=k: perturb_timing.jittered(m.frames, k, seed=k))
        for k in (1, 2, 3)
    ),
    *(
        _picture("dropped", f"{p} %", "harmless", lambda m, p=p: perturb_timing.dropped(m.frames, p / 100, seed=p))
        for p in (10, 20, 33)
    ),
    *(
        _picture("frozen", f"{s} s", "timing fault", lambda m, s=s: perturb_timing.frozen(m.frames, s, fps=FPS))
        for s in (0.4, 0.8, 1.2)
    ),
    *(_delay(ms) for ms in (80, 160, 240, 400)),
    *(
        _picture("blur", f"σ {s} px", "quality fault", lambda m, s=s: perturb.blurred(m.frames, s))
        for s in (0.7, 1.0, 1.5, 2.0, 3.0)
    ),
    *(
        _picture("noise", f"σ {s} of 255", "quality fault", lambda m, s=s: perturb.noisy(m.frames, s, seed=s))
        for s in (4, 8, 16, 32)
    ),
    *(
        _picture("compression", f"crf {c}", "quality fault", lambda m, c=c: perturb.degraded(m.frames, crf=c, fps=FPS))
        for c in (32, 36, 40, 44)
    ),
    *(
        _picture(
            "identity",
            f"{p} % of the face",
            "quality fault",
            lambda m, p=p: perturb_face.reshaped(m.frames, m.landmarks, p / 100),
        )
        for p in (2, 4, 6, 8)
    ),
    _mouth("the middle half", 0.25, 0.75),
    _mouth("all along", 0.0, 1.0),
)

OWN = {
    "lpips": ("blur", "noise", "compression", "identity", "mouth freeze"),
    "csim": ("identity",),
    "pose": (),
    "expr": ("mouth freeze",),
    "lip_sync": ("mouth freeze",),
}
"""The quality faults that each aligned metric is there for; none of them moves the head."""
