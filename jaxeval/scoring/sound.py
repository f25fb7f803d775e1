"""A pair's sound: which one it is, and its samples beside the first picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jaxeval.errors import JaxevalError
from jaxeval.media.audio import decode_audio, loudness_envelope, sound_choice
from jaxeval.media.container import NoAudioError, unusable
from jaxeval.media.span import WHOLE, Span, words
from jaxeval.media.video import VideoInfo
from jaxeval.scoring.clip import Clip

SAMPLE_RATE = 16000
STARTS_TOGETHER_S = 0.1
"""Beyond this, picture and sound are flagged for not beginning together: codecs' own delays are below it."""
SAME_LENGTH_S, SAME_LENGTH = 0.5, 0.1
"""Seconds, and share of the picture, by which the sound may be longer or shorter without a flag."""


@dataclass(frozen=True)
class Sound:
    """What a pair sounds like.

    Attributes:
        samples: `[N]` mono in [-1, 1] at 16 kHz, the first one beside the first picture; None if there is no sound.
        reason: why there is none; "" otherwise.
        late: how many of the first samples are filled up with silence, because the sound begins after the picture.
        remarks: what a reader must know of it, each "code: text".
    """

    samples: np.ndarray | None
    reason: str = ""
    late: int = 0
    remarks: tuple[str, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """Of the pair, each "code: text"."""
        return (*self.remarks, *([f"no sound: {self.reason}"] if self.reason else []))

    def loudness(self, fps: float, count: int) -> np.ndarray | None:
        """`[count]` root mean square of each frame, over the largest; None without sound."""
        if self.samples is None:
            return None
        loudness = loudness_envelope(self.samples, SAMPLE_RATE, fps, count)
        return loudness / max(float(loudness.max()), 1e-6)


def sound_of(given: Path | None, clips: Sequence[Clip], span: Span | None = None) -> Sound:
    """The sound file that was given, which must be readable; without one that of the first clip that has any.

    Args:
        given: a sound or video file that begins with the first picture, or None.
        clips: whose sound will do, the best first. Their pictures and sounds may begin at different times.
        span: the part of the given file that sounds with the clips; None for all of it.

    Returns:
        `Sound`.

    Raises:
        JaxevalError: a given file can't be read.
    """
    if given is not None:
        if not given.exists():
            return Sound(None, f"{given.parent} has no file of this name")
        return from_first_picture(given, "given", None, clips[0].video.info, span)
    reasons = []
    for clip in clips:
        info = clip.video.info
        try:
            return from_first_picture(Path(clip.video.path), clip.role, info.start_s, info, clip.video.span)
        except NoAudioError:
            reasons.append(f"{clip.name} has no sound stream")
        except JaxevalError as error:
            reasons.append(str(error))
    return Sound(None, "; ".join(dict.fromkeys(reasons)))


def from_first_picture(
    path: Path, role: str, picture_start: float | None, picture: VideoInfo, span: Span | None = None
) -> Sound:
    """A file's sound from the first picture on.

    Args:
        path: of the sound, or of a video.
        role: whose it is, for the remarks.
        picture_start: when the first picture is shown, in seconds on the file's clock; None if the sound, or the part
            of it that is wanted, begins there.
        picture: the video.
        span: the part of the file that is wanted; None for all of it.

    Returns:
        `Sound`.

    Raises:
        JaxevalError: the file can't be read, or has no sound in that part.
    """
    (begin, end), (samples, start) = span or WHOLE, decode_audio(path, SAMPLE_RATE)
    shift = round((-begin if picture_start is None else start - picture_start) * SAMPLE_RATE)
    late = max(shift, 0)
    count = None if end is None else round((end - begin) * SAMPLE_RATE)
    samples = np.concatenate([np.zeros(late, samples.dtype), samples[max(-shift, 0) :]])[:count]
    if span and not len(samples[late:]):
        raise unusable(path, f"sound in {words(span)}", "none", "Correct the part, or give another sound.")
    remarks = {
        "streams": sound_choice(path),
        # What precedes a part isn't the clip's.
        "sound start": _start(max(shift, 0 if begin else shift) / SAMPLE_RATE),
        "sound length": _length(len(samples) / SAMPLE_RATE, picture.duration_s),
    }
    return Sound(samples, late=late, remarks=tuple(f"{code}: {role}: {text}" for code, text in remarks.items() if text))


def _start(late: float) -> str | None:
    """Words for sound that begins so many seconds after the picture."""
    if abs(late) <= STARTS_TOGETHER_S:
        return None
    told = "after the picture; the gap is filled with silence"
    told = told if late > 0 else "before the picture; the part before it is dropped"
    return f"the sound begins {abs(late) * 1000:.0f} ms {told}"


def _length(sound: float, picture: float) -> str | None:
    """Words for sound of another length than the picture's, both in seconds."""
    if abs(sound - picture) <= max(SAME_LENGTH_S, SAME_LENGTH * picture):
        return None
    return f"{sound:.2f} s of sound for {picture:.2f} s of picture"
