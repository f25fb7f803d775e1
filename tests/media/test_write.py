"""Written files, read back by another part of the library and looked at byte by byte."""

import av
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import jaxeval.media.write as write
from jaxeval.errors import JaxevalError
from jaxeval.media.audio import decode_audio
from jaxeval.media.video import Video
from jaxeval.media.write import write_video

from .numbered_clips import bar_code, shown_numbers


def numbered(count):
    return np.stack([bar_code(k) for k in range(count)])


def gradients(height=64, width=96):
    """Smooth colours, which 4:2:0 keeps."""
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    image = (255 * np.stack([x, y, 1 - x], axis=-1)).astype(np.uint8)
    return np.stack([image] * 5)


@pytest.mark.parametrize("fps", [25, 30, 30000 / 1001, 12.5])
def test_frames_and_rate_survive(tmp_path, fps):
    path = tmp_path / "clip.mp4"
    assert write_video(path, numbered(40), fps) == "libx264"
    video = Video(path, fps=fps)
    assert shown_numbers(video) == list(range(40))
    assert video.info.source_fps == pytest.approx(fps, rel=1e-5)
    assert video.info.damage is None


def test_colours_survive(tmp_path):
    write_video(tmp_path / "clip.mp4", gradients(), 25, crf=1)
    error = np.abs(next(Video(tmp_path / "clip.mp4").chunks(5)).astype(int) - gradients())
    assert error.mean() < 1.5
    assert np.quantile(error, 0.99) <= 5


def test_colours_are_tagged_for_other_players(tmp_path):
    write_video(tmp_path / "clip.mp4", gradients(), 25)
    with av.open(str(tmp_path / "clip.mp4")) as file:
        frame = next(file.decode(video=0))
    assert (frame.colorspace, frame.color_range, frame.color_trc, frame.color_primaries) == (1, 1, 1, 1)


def test_stronger_compression_is_smaller_and_worse(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
    sizes, errors = [], []
    for crf in (5, 25, 45):
        path = tmp_path / f"{crf}.mp4"
        write_video(path, frames, 25, crf=crf)
        sizes.append(path.stat().st_size)
        errors.append(np.abs(next(Video(path).chunks(5)).astype(float) - frames).mean())
    assert sizes == sorted(sizes, reverse=True)
    assert errors == sorted(errors)


@pytest.mark.parametrize("shape", [(35, 51), (36, 51), (35, 52)])
def test_odd_sides_gain_a_copy_of_their_last_row_or_column(tmp_path, shape):
    frames = np.full((3, *shape, 3), 30, np.uint8)
    frames[:, :, -8:] = 200
    write_video(tmp_path / "clip.mp4", frames, 25, crf=1)
    read = next(Video(tmp_path / "clip.mp4").chunks(3))
    assert read.shape == (3, shape[0] + shape[0] % 2, shape[1] + shape[1] % 2, 3)
    assert np.abs(read[:, :, -4:].astype(int) - 200).max() < 12


def test_sound_survives_in_its_place(tmp_path):
    time = np.arange(24000) / 16000
    tone = (0.4 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    write_video(tmp_path / "clip.mp4", numbered(38), 25, audio=tone)
    samples, start = decode_audio(tmp_path / "clip.mp4")
    assert start == pytest.approx(0.0, abs=1e-6)
    assert len(samples) == pytest.approx(24000, abs=1024)
    np.testing.assert_allclose(samples[2000:22000], tone[2000:22000], atol=0.02)
    assert Video(tmp_path / "clip.mp4").info.has_audio


@pytest.mark.parametrize("seconds", [0.3, 3.0])
def test_sound_may_be_shorter_or_longer_than_the_picture(tmp_path, seconds):
    write_video(tmp_path / "clip.mp4", numbered(25), 25, audio=np.zeros(int(16000 * seconds), np.float32))
    assert len(decode_audio(tmp_path / "clip.mp4")[0]) == pytest.approx(16000 * seconds, abs=1024)
    info = Video(tmp_path / "clip.mp4").info
    assert (info.frames, info.damage) == (25, None)


def test_the_same_frames_give_the_same_bytes(tmp_path):
    noise = np.random.default_rng(1).integers(0, 256, (12, 128, 128, 3), np.uint8)
    for name in "ab":
        write_video(tmp_path / f"{name}.mp4", noise, 25, audio=np.sin(np.arange(8000)) / 2)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_what_lay_in_memory_before_changes_no_byte(tmp_path):
    """At this width, an x264 with AVX-512 gave 184 different files in 461 runs."""
    rng = np.random.default_rng(0)
    image = gaussian_filter(rng.normal(size=(88, 312, 3)), (2, 2, 0))
    image = (255 * (image - image.min()) / np.ptp(image)).astype(np.uint8)
    moving = [image[k % 7 :, 3 * k % 11 :][:48, :272] for k in range(60)]
    contents = set()
    for _ in range(8):
        litter = [np.full(int(size), rng.integers(256), np.uint8) for size in 2 ** rng.uniform(4, 22, 100)]
        del litter
        write_video(tmp_path / "clip.mp4", moving, 25)
        contents.add((tmp_path / "clip.mp4").read_bytes())
    assert len(contents) == 1


def test_frames_may_come_one_by_one(tmp_path):
    write_video(tmp_path / "clip.mp4", (bar_code(k) for k in range(9)), 25)
    assert shown_numbers(Video(tmp_path / "clip.mp4")) == list(range(9))


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"what was there before")

    def frames():
        yield bar_code(0)
        raise RuntimeError("the generator broke")

    with pytest.raises(RuntimeError, match="the generator broke"):
        write_video(path, frames(), 25)
    assert path.read_bytes() == b"what was there before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("parent", "reason"), [("nowhere", "No such file or directory"), ("a_file", "Not a directory")]
)
def test_a_folder_that_is_none(tmp_path, parent, reason):
    (tmp_path / "a_file").touch()
    with pytest.raises(JaxevalError, match=rf"clip\.mp4: expected to write it, found: {reason}\. Make room or"):
        write_video(tmp_path / parent / "clip.mp4", numbered(2), 25)


def test_a_ffmpeg_without_x264_writes_mpeg4_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "CODECS", ("libx264_that_is_not_there", "mpeg4"))
    with pytest.warns(UserWarning, match="no libx264_that_is_not_there encoder; writing mpeg4"):
        assert write_video(tmp_path / "clip.mp4", numbered(20), 25) == "mpeg4"
    assert shown_numbers(Video(tmp_path / "clip.mp4")) == list(range(20))


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "Expected at least one frame, got none."),
        (np.zeros((2, 8, 8, 3), np.float32), r"Expected frames\[0\] to be uint8 \[H, W, 3\], got float32 \[8, 8, 3\]."),
        (np.zeros((2, 8, 8), np.uint8), r"Expected frames\[0\] to be uint8 \[H, W, 3\], got uint8 \[8, 8\]."),
        (
            [np.zeros((8, 8, 3), np.uint8), np.zeros((8, 6, 3), np.uint8)],
            r"Expected frames\[1\] to be uint8 \[8, 8, 3\], got uint8 \[8, 6, 3\].",
        ),
    ],
)
def test_frames_that_are_no_frames(tmp_path, frames, message):
    with pytest.raises(ValueError, match=message):
        write_video(tmp_path / "clip.mp4", frames, 25)
    assert not (tmp_path / "clip.mp4").exists()


def test_sound_in_stereo_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Expected audio of shape \[N\], got \[2, 9\]."):
        write_video(tmp_path / "clip.mp4", numbered(2), 25, audio=np.zeros((2, 9)))
