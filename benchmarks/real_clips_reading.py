"""Table of real_clips.py: whether files are read right, beside a plain decode of every frame by PyAV.

The plain decode takes frames as the decoder gives them, with their time stamps; output k must be the very pixels of the
frame whose stamp is nearest to first + k / 25 s, and there must be duration · 25 of them. The stamps of real1.avi come
scrambled and can't tell its order: a .mov of the same recording does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import floor

import av
import numpy as np
from real_clips_footage import Facts, Footage, heading, line

from jaxeval.media.upright import Upright
from jaxeval.media.video import Video
from jaxeval.protocol import JAXEVAL_V1

SCRAMBLED, IN_ORDER = "real1.avi", "real1_sound_late_200ms.mov"
MISSING = "real6_quiet.avi"
FIRST_AT = {"real1_sound_late_200ms.mov": 0.08, "real1_sound_early_200ms.mov": 0.08, "set2_source_vfr.mp4": 0.033}
"""Seconds at which the first picture is shown."""
TOLERATED_S = 0.001
LONGER_S = 0.06
"""A step of the missing frame's: more than half a frame beyond 0.04."""
PORTRAIT = {"real5_hevc_portrait.mp4": (1080, 1920)}
NOSE_BRIDGE, CHIN = 168, 152
THUMBNAIL = 64
CODED_AGAIN = 1.1
"""A frame may differ from its copy, coded anew, by so much more than from a neighbour: at times the face is still."""


@dataclass(frozen=True)
class Plain:
    """What PyAV gives: pictures as numbers, the same for the same pixels, stamps in seconds, and the codec's name."""

    pictures: list[int]
    stamps: list[Fraction]
    last_duration: Fraction
    codec: str

    @property
    def steps(self) -> list[Fraction]:
        """Seconds from each frame to the next."""
        return [b - a for a, b in pairwise(self.stamps)]

    @property
    def rate(self) -> str:
        """In words."""
        constant = len({round(float(step), 3) for step in self.steps}) == 1
        kind = "constant" if constant else "variable" if self.rising else "scrambled"
        return f"{len(self.pictures) / float(self.duration):.5g}, {kind}"

    @property
    def rising(self) -> bool:
        """Whether the stamps are in order."""
        return min(self.steps) > 0

    @property
    def duration(self) -> Fraction:
        """In seconds, the last frame's own included."""
        return max(self.stamps) - min(self.stamps) + self.last_duration

    def expected(self, fps: int) -> list[int]:
        """The picture that must be shown at each k / fps after the first."""
        moments = (self.stamps[0] + Fraction(k, fps) for k in range(floor(self.duration * fps + Fraction(1, 2))))
        ways = ([abs(stamp - moment) for stamp in self.stamps] for moment in moments)
        return [self.pictures[way.index(min(way))] for way in ways]


def plain(path: str) -> Plain:
    """Every frame in the decoder's order."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        upright, pictures, stamps = None, [], []
        for frame in container.decode(stream):
            upright = upright or Upright(frame, stream.sample_aspect_ratio)
            pictures.append(_number(upright.rgb(frame)))
            stamps.append(frame.pts * frame.time_base)
            duration = frame.duration * frame.time_base
        return Plain(pictures, stamps, duration, stream.codec_context.name)


def _number(picture: np.ndarray) -> int:
    return hash(picture.tobytes())


def reading(footage: Footage, facts: Facts, names: Sequence[str]) -> None:
    """Each file's contents, and what must come of them."""
    heading(
        "clip", "codec", "size", "decoded", "stamps, frames per second", "first at, s", "read", "repeated", "left out"
    )
    for name in footage.there(names):
        path = str(footage.path(name))
        found, video = plain(path), Video(path, JAXEVAL_V1.fps)
        shown = [_number(frame) for chunk in video.chunks(25) for frame in chunk]
        info = video.info
        size, counts = f"{info.width}×{info.height}", (info.frames, info.repeated, info.left_out)
        line(name, found.codec, size, len(found.pictures), found.rate, f"{info.start_s:.3f}", *counts)
        if found.rising:
            expected = found.expected(int(JAXEVAL_V1.fps))
            right = sum(a == b for a, b in zip(expected, shown, strict=False))
            ok = right == len(expected) == len(shown)
            what = f"{name}: frames, frame k the nearest to k / 25 s"
            facts.check(what, str(len(expected)), f"{len(shown)}, right {right}", ok)
        _special(footage, facts, name, found, shown, video)


def _special(footage: Footage, facts: Facts, name: str, found: Plain, shown: list[int], video: Video) -> None:
    """What is known of single files."""
    if name in FIRST_AT:
        late, start = FIRST_AT[name], video.info.start_s
        facts.check(f"{name}: first picture", f"{late:g} s", f"{start:.4f} s", abs(start - late) <= TOLERATED_S)
    if name in PORTRAIT:
        size, mesh = (video.width, video.height), footage.speaker(name).landmarks
        upright = bool((mesh[:, CHIN, 1] > mesh[:, NOSE_BRIDGE, 1]).all())
        told = f"{size}, chin {'below' if upright else 'not below'} the nose"
        facts.check(
            f"{name}: {found.codec}", f"{PORTRAIT[name]}, chin below the nose", told, size == PORTRAIT[name] and upright
        )
    if name == MISSING:
        repeated = [k for k, (a, b) in enumerate(pairwise(shown), 1) if a == b]
        missed = [k for k, step in enumerate(found.steps, 1) if step > LONGER_S]
        facts.check(
            f"{name}: missing frame, the one before is shown again", f"{missed}", f"{repeated}", repeated == missed
        )
    if name == SCRAMBLED:
        once = sorted(shown) == sorted(found.pictures)
        facts.check(f"{name}: each frame once", f"{len(found.pictures)}", f"{len(shown)}", once)
        if IN_ORDER in footage:
            x, y = (_thumbnails(str(footage.path(each))) for each in (name, IN_ORDER))
            by_stamp = sorted(range(len(x)), key=lambda k: found.stamps[k])
            ours, theirs = _in_place(x, y), _in_place(x[by_stamp], y)
            what = f"{name}: frame k looks most like frame k of {IN_ORDER}; sorted by stamps"
            facts.check(what, f"{len(y)}; fewer", f"{ours}; {theirs}", ours == len(y) > theirs)


def _in_place(x: np.ndarray, y: np.ndarray) -> int:
    """How many frames of y look most like the frame of x of their number, but for what coding them again does."""
    apart = np.linalg.norm(x[None] - y[:, None], axis=2)
    return int((apart[np.arange(len(y)), np.arange(len(y))] <= CODED_AGAIN * apart.min(axis=1)).sum())


def _thumbnails(path: str) -> np.ndarray:
    """`[T, ...]` grey pictures, small."""
    frames = [frame for chunk in Video(path, JAXEVAL_V1.fps).chunks(25) for frame in chunk]
    rows = [
        frame[:: frame.shape[0] // THUMBNAIL, :: frame.shape[1] // THUMBNAIL].mean(axis=2).ravel() for frame in frames
    ]
    return np.stack(rows).astype(np.float32)
