"""A pair's sound beside its picture, in files that were muxed to begin apart."""

import wave
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from jaxeval.media.video import Video
from jaxeval.scoring.sound import SAMPLE_RATE, sound_of

PICTURE_S = 2.0


def muxed(path, *, sound_starts=0.0, picture_starts=0.0, sound_s=PICTURE_S, suffix="mkv"):
    """A grey picture, and a sound whose level is its time: sample n is n / 16000 / 10 s after the file's zero."""
    path = path / f"clip.{suffix}"
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = output.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        for k in range(round(PICTURE_S * 25)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = k + round(picture_starts * 25), Fraction(1, 25)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        times = sound_starts + np.arange(round(sound_s * SAMPLE_RATE)) / SAMPLE_RATE
        for start in range(0, len(times), 1600):
            samples = np.rint(times[None, start : start + 1600] / 10 * 32768).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate, frame.time_base = SAMPLE_RATE, Fraction(1, SAMPLE_RATE)
            frame.pts = start + round(sound_starts * SAMPLE_RATE)
            output.mux(audio.encode(frame))
        output.mux(audio.encode(None))
    return path


def clip(path, role="generated"):
    return SimpleNamespace(role=role, video=Video(path), name=path.name)


@pytest.mark.parametrize("suffix", ["mkv", "mov"])
@pytest.mark.parametrize(
    ("sound_starts", "picture_starts", "said"),
    [
        (0.0, 0.0, ()),
        (0.08, 0.0, ()),
        (0.0, 0.08, ()),
        (0.48, 0.0, ("the sound begins 480 ms after the picture; the gap is filled with silence",)),
        (0.0, 0.48, ("the sound begins 480 ms before the picture; the part before it is dropped",)),
        (0.48, 0.48, ()),
    ],
)
def test_picture_and_sound_that_begin_apart(tmp_path, suffix, sound_starts, picture_starts, said):
    path = muxed(tmp_path, sound_starts=sound_starts, picture_starts=picture_starts, suffix=suffix)
    sound = sound_of(None, [clip(path)])
    assert sound.flags == tuple(f"sound start: generated: {text}" for text in said)
    assert sound.late == pytest.approx(max(0, sound_starts - picture_starts) * SAMPLE_RATE, abs=17)
    times = picture_starts + np.arange(len(sound.samples)) / SAMPLE_RATE
    heard = np.where(times >= sound_starts, times, 0) / 10
    away = np.abs(times - sound_starts) > 0.002
    np.testing.assert_allclose(sound.samples[away], heard[away], atol=2e-4)


@pytest.mark.parametrize(
    ("sound_s", "said"),
    [
        (2.0, ()),
        (2.4, ()),
        (1.6, ()),
        (3.0, ("sound length: reference: 3.00 s of sound for 2.00 s of picture",)),
        (1.0, ("sound length: reference: 1.00 s of sound for 2.00 s of picture",)),
    ],
)
def test_sound_of_another_length(tmp_path, sound_s, said):
    assert sound_of(None, [clip(muxed(tmp_path, sound_s=sound_s), "reference")]).flags == said


def test_a_given_sound_begins_with_the_picture_and_may_be_longer(tmp_path):
    with wave.open(str(tmp_path / "long.wav"), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * SAMPLE_RATE * 5))
    sound = sound_of(tmp_path / "long.wav", [clip(muxed(tmp_path, picture_starts=0.48))])
    assert sound.flags == ("sound length: given: 5.00 s of sound for 2.00 s of picture",)
    assert len(sound.samples) == 5 * SAMPLE_RATE


def test_no_sound_says_why(tmp_path):
    missing = sound_of(tmp_path / "a" / "b.wav", [])
    assert missing.flags == (f"no sound: {tmp_path / 'a'} has no file of this name",)
