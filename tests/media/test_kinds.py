"""Which files of a folder are clips or sounds."""

import wave

import numpy as np
import pytest
from PIL import Image

from jaxeval.media.kinds import AUDIO_SUFFIXES, COMPANIONS, VIDEO_SUFFIXES, is_clip, is_sound

from .numbered_clips import evenly, write_numbered


@pytest.mark.parametrize("name", ["a.mp4", "a.MKV", "a.m2v", "a.hevc", "a.IVF", "a.obu", "a.265", "a.y4m", "a.f4v"])
def test_known_suffixes_are_believed(tmp_path, name):
    (tmp_path / name).touch()
    assert is_clip(tmp_path / name)


@pytest.mark.parametrize("name", ["clip", "clip.result", "clip.v2", "clip.dat"])
def test_what_opens_as_a_video_is_a_clip_under_any_name(tmp_path, name):
    write_numbered(tmp_path / "clip.mp4", **evenly(5, 25)).rename(tmp_path / name)
    assert is_clip(tmp_path / name)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:200])
    assert not is_clip(tmp_path / name)


def test_companions_are_no_clips(tmp_path):
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "picture", format="png")
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(tmp_path / "still.webp")
    (tmp_path / "noise.unknown").write_bytes(np.random.default_rng(0).bytes(40_000))
    (tmp_path / "README").write_text("These are clips.\n" * 40)
    (tmp_path / "empty.what").touch()
    for path in tmp_path.iterdir():
        assert not is_clip(path), path
    write_numbered(tmp_path / "clip.mp4", **evenly(5, 25)).rename(tmp_path / "cover.png")
    assert not is_clip(tmp_path / "cover.png"), "by its suffix"


def test_sounds(tmp_path):
    with wave.open(str(tmp_path / "speech"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(3200))
    (tmp_path / "a.wav").touch()
    (tmp_path / "a.mp4").touch()
    (tmp_path / "notes").write_text("no sound\n" * 9)
    assert [is_sound(tmp_path / name) for name in ("speech", "a.wav", "a.mp4", "notes")] == [True, True, True, False]
    assert not is_clip(tmp_path / "speech")


def test_no_suffix_is_two_things():
    assert not VIDEO_SUFFIXES & (COMPANIONS | AUDIO_SUFFIXES)
    assert not AUDIO_SUFFIXES & COMPANIONS
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in VIDEO_SUFFIXES | AUDIO_SUFFIXES | COMPANIONS)
