"""A pair's sound: which one it is, and its samples beside the first picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jaxeval.errors import JaxevalError
from jaxeval.media.audio import loudness_envelope, read_audio
from jaxeval.media.container import NoAudioError
from jaxeval.scoring.trajectories import Clip

SAMPLE_RATE = 16000


@dataclass(frozen=True)
class Sound:
    """What a pair sounds like.

    Attributes:
        samples: `[N]` mono in [-1, 1] at 16 kHz, the first one beside the first picture; None if there is no sound.
        reason: why there is none; "" otherwise.
        late: how many of the first samples are filled up with silence, because the sound begins after the picture.
    """

    samples: np.ndarray | None
    reason: str = ""
    late: int = 0

    def loudness(self, fps: float, count: int) -> np.ndarray | None:
        """`[count]` root mean square of each frame, over the largest; None without sound."""
        if self.samples is None:
            return None
        loudness = loudness_envelope(self.samples, SAMPLE_RATE, fps, count)
        return loudness / max(float(loudness.max()), 1e-6)


def sound_of(given: Path | None, clips: Sequence[Clip]) -> Sound:
    """The sound file that was given, which must be readable; without one that of the first clip that has any.

    Args:
        given: a sound or video file that begins with the first picture, or None.
        clips: whose sound will do, the best first. Their pictures and sounds may begin at different times.

    Returns:
        `Sound`.

    Raises:
        JaxevalError: a given file can't be read.
    """
    if given is not None and not given.exists():
        return Sound(None, f"there is no sound of this name in {given.parent}")
    if given is not None:
        return _from_first_picture(given, None)
    reasons = []
    for clip in clips:
        try:
            return _from_first_picture(Path(clip.video.path), clip.video.info.start_s)
        except NoAudioError:
            reasons.append(f"{clip.name} has no sound stream")
        except JaxevalError as error:
            reasons.append(str(error))
    return Sound(None, "; ".join(dict.fromkeys(reasons)))


def _from_first_picture(path: Path, picture_start: float | None) -> Sound:
    """The sound from the first picture on; without a picture, from its own beginning."""
    samples, start = read_audio(path, SAMPLE_RATE)
    shift = 0 if picture_start is None else round((start - picture_start) * SAMPLE_RATE)
    late = max(shift, 0)
    return Sound(np.concatenate([np.zeros(late, samples.dtype), samples[max(-shift, 0) :]]), late=late)
