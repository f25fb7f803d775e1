"""Videos at a constant rate, read back by the number that each picture carries; healthy files and hostile ones."""

import os
import struct
import subprocess
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from jaxeval.errors import JaxevalError
from jaxeval.media.video import Video

from .numbered_clips import MILLISECOND, SHAPE, bar_code, evenly, nearest, read_bar_code, shown_numbers, write_numbered

CONTAINERS = [
    ("mp4", "libx264", "yuv420p"),
    ("mov", "libx264", "yuv420p"),
    ("mkv", "libx264", "yuv420p"),
    ("webm", "libvpx-vp9", "yuv420p"),
    ("avi", "mpeg4", "yuv420p"),
    ("flv", "flv", "yuv420p"),
    ("ts", "libx264", "yuv420p"),
    ("m4v", "mpeg4", "yuv420p"),
    ("gif", "gif", "rgb8"),
    ("h264", "libx264", "yuv420p"),
]


@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60, 10, Fraction(25, 2), Fraction(30000, 1001)])
def test_constant_rates_become_25_by_nearest_time(tmp_path, rate):
    count = 61
    video = Video(write_numbered(tmp_path / "clip.avi", codec="mpeg4", **evenly(count, rate)))
    expected = int(count / rate * 25 + Fraction(1, 2))
    assert shown_numbers(video) == nearest([k / Fraction(rate) for k in range(count)], expected)
    assert video.info.frames == expected
    assert video.info.source_fps == pytest.approx(float(rate), rel=1e-4)
    assert video.info.duration_s == pytest.approx(float(count / rate), abs=1e-4)
    assert video.info.damage is None
    shown = len(set(shown_numbers(video)))
    assert (video.info.left_out, video.info.repeated) == (count - shown, expected - shown)
    assert video.info.average_fps == pytest.approx(float(rate), rel=1e-4)


@pytest.mark.parametrize(("suffix", "codec", "pix_fmt"), CONTAINERS)
def test_a_file_at_the_rate_passes_one_to_one(tmp_path, suffix, codec, pix_fmt):
    path = write_numbered(tmp_path / f"clip.{suffix}", codec=codec, pix_fmt=pix_fmt, **evenly(40, 25))
    video = Video(path)
    assert shown_numbers(video) == list(range(40))
    assert (video.info.frames, video.info.damage) == (40, None)


@pytest.mark.parametrize("rate", [30, 60])
def test_raw_h264_has_no_time_stamps_and_keeps_its_rate(tmp_path, rate):
    video = Video(write_numbered(tmp_path / "clip.h264", **evenly(60, rate)))
    assert shown_numbers(video) == nearest([Fraction(k, rate) for k in range(60)], 60 * 25 // rate)
    assert video.source_fps == rate


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("seed", [0, 1])
def test_variable_rate_follows_the_time_stamps(tmp_path, suffix, seed):
    steps = np.random.default_rng(seed).choice([7, 20, 33, 40, 95, 210], size=50)
    times = np.concatenate([[0], np.cumsum(steps)]).tolist()
    video = Video(write_numbered(tmp_path / f"clip.{suffix}", times))
    shown = shown_numbers(video)
    assert shown == nearest([time * MILLISECOND for time in times], len(shown))
    assert times[-1] / 1000 < video.info.duration_s < times[-1] / 1000 + 0.211
    assert len(shown) == int(video.info.duration_s * 25 + 0.5)
    assert video.info.average_fps == pytest.approx(len(times) / video.info.duration_s)
    assert (video.info.left_out, video.info.repeated) == (51 - len(set(shown)), len(shown) - len(set(shown)))


@pytest.mark.parametrize("fps", [12.5, 25.0, 30000 / 1001, 48.0])
def test_any_output_rate(tmp_path, fps):
    video = Video(write_numbered(tmp_path / "clip.mp4", **evenly(50, 25)), fps=fps)
    rate = Fraction(fps).limit_denominator(1001)
    assert shown_numbers(video) == nearest([Fraction(k, 25) for k in range(50)], int(2 * rate + Fraction(1, 2)), rate)


def test_one_frame(tmp_path):
    video = Video(write_numbered(tmp_path / "clip.mp4", [0]))
    assert shown_numbers(video) == [0]
    assert (video.info.frames, video.info.damage) == (1, None)


def test_passes_can_be_repeated_and_broken_off(tmp_path):
    video = Video(write_numbered(tmp_path / "clip.mp4", **evenly(30, 25)))
    next(video.chunks(4))
    assert [len(chunk) for chunk in video.chunks(8)] == [8, 8, 8, 6]
    assert shown_numbers(video) == shown_numbers(video) == list(range(30))


def test_info_needs_no_pass_before_it(tmp_path):
    video = Video(write_numbered(tmp_path / "clip.mp4", **evenly(30, 50)))
    assert (video.width, video.height, video.source_fps, video.has_audio) == (SHAPE[1], SHAPE[0], 50, False)
    assert video.info.frames == 15


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_file_begins_with_its_first_frame(tmp_path, suffix):
    video = Video(write_numbered(tmp_path / f"clip.{suffix}", [500 + 40 * k for k in range(25)]))
    assert shown_numbers(video) == list(range(25))
    assert video.info.start_s == pytest.approx(0.0, abs=1e-6)
    assert video.info.duration_s == pytest.approx(1.0)
    assert video.info.damage is None


# Geometry.


def corner_marked(number):
    """White in the top left corner, black elsewhere."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:16, :16] = 255
    return image


def with_matrix(path, a, b, c, d):
    """Write (a, b, c, d) of the QuickTime display matrix into the track header, in place."""
    content = path.read_bytes()
    start = content.index(b"tkhd") + 4 + 40
    matrix = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(content[:start] + matrix + content[start + 36 :])


@pytest.mark.parametrize(
    ("matrix", "rotation", "corner"),
    [
        ((1, 0, 0, 1), 0, "top left"),
        ((0, 1, -1, 0), 90, "top right"),
        ((-1, 0, 0, -1), 180, "bottom right"),
        ((0, -1, 1, 0), 270, "bottom left"),
        ((-1, 0, 0, 1), None, "top right"),
        ((0, 1, 1, 0), None, "top left"),
    ],
)
def test_display_matrix_turns_the_picture(tmp_path, matrix, rotation, corner):
    # QuickTime: a stored pixel (x, y) is shown at (a x + c y, b x + d y), y pointing down.
    path = write_numbered(tmp_path / "clip.mp4", **evenly(3, 25), draw=corner_marked)
    with_matrix(path, *matrix)
    video = Video(path)
    frame = next(video.chunks(1))[0]
    assert frame.shape == ((64, 48, 3) if matrix[0] == 0 else (48, 64, 3)) == (video.height, video.width, 3)
    vertical, horizontal = corner.split()
    rows = slice(0, 16) if vertical == "top" else slice(-16, None)
    columns = slice(0, 16) if horizontal == "left" else slice(-16, None)
    bright = frame[..., 0] > 127
    assert bright[rows, columns].mean() > 0.95
    assert bright.sum() < 1.1 * 16 * 16
    if rotation is not None:
        assert video.rotation == video.info.rotation == rotation


@pytest.mark.parametrize(
    ("aspect", "size"),
    [(Fraction(1), (160, 48)), (Fraction(4, 3), (213, 48)), (Fraction(1, 2), (160, 96)), (Fraction(40), (160, 48))],
)
def test_pixels_become_square(tmp_path, aspect, size):
    def prepare(stream):
        stream.codec_context.sample_aspect_ratio = aspect

    video = Video(write_numbered(tmp_path / "clip.mkv", **evenly(5, 25), prepare=prepare))
    assert (video.width, video.height) == size
    assert [chunk.shape for chunk in video.chunks(9)] == [(5, size[1], size[0], 3)]
    assert shown_numbers(video) == list(range(5))


@pytest.mark.parametrize("shape", [(35, 51), (48, 65), (1, 1)])
def test_odd_sizes(tmp_path, shape):
    def grey(number):
        return np.full((*shape, 3), 90 * number, np.uint8)

    path = write_numbered(tmp_path / "clip.mkv", **evenly(3, 25), codec="ffv1", pix_fmt="bgr0", draw=grey)
    chunk = next(Video(path).chunks(3))
    assert chunk.shape == (3, *shape, 3)
    assert (chunk == np.array([0, 90, 180])[:, None, None, None]).all()


def test_a_change_of_size_is_scaled_to_the_first(tmp_path):
    small, large = (
        write_numbered(tmp_path / f"{len(side)}.h264", **evenly(10, 25), draw=lambda k, s=side: np.kron(bar_code(k), s))
        for side in (np.ones((1, 1, 1), np.uint8), np.ones((2, 2, 1), np.uint8))
    )
    path = tmp_path / "clip.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    chunks = list(Video(path).chunks(100))
    assert chunks[0].shape[1:] == SHAPE
    assert [read_bar_code(frame) for frame in chunks[0]] == [*range(10), *range(10)]


# Damage: what can be decoded is given, and what can't is told.


def intra_only(stream):
    stream.codec_context.gop_size = 1


def noisy_below(number):
    """The bars over noise that fills the file, so that half of the bytes are half of the frames."""
    noise = np.random.default_rng(number).integers(0, 256, SHAPE, np.uint8)
    return np.concatenate([bar_code(number), bar_code(number), noise])


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("kept", [0.5, 0.9])
def test_a_truncated_file_gives_what_decodes_and_says_so(tmp_path, suffix, kept):
    options = {"movflags": "faststart"} if suffix == "mp4" else {}
    path = tmp_path / f"clip.{suffix}"
    write_numbered(path, **evenly(120, 25), options=options, prepare=intra_only, draw=noisy_below)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    video = Video(path)
    shown = shown_numbers(video)
    assert shown == list(range(len(shown)))
    assert abs(len(shown) - kept * 120) < 4
    assert video.info.damage == f"decoded {len(shown)} of 120 frames; the file is truncated or damaged"


def test_a_hole_in_the_middle_is_told(tmp_path):
    path = write_numbered(
        tmp_path / "clip.mp4", **evenly(60, 25), options={"movflags": "faststart"}, prepare=intra_only
    )
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    video = Video(path)
    assert len(shown_numbers(video)) == 60
    assert "damaged" in video.info.damage


def missing(path):
    return "no such file"


def folder(path):
    path.mkdir()
    return "a folder"


def text(path):
    path.write_text("This is a shopping list, not a film.\n" * 50)
    return r"a text file \(.mp4\)"


def empty(path):
    path.touch()
    return "an empty file"


def without_its_index(path):
    content = write_numbered(path, **evenly(60, 25)).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return "may be cut short"


def sound_only(path):
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return "sound without a picture"


@pytest.mark.parametrize("make", [missing, folder, text, empty, without_its_index, sound_only])
def test_no_video_is_told_in_one_line(tmp_path, make):
    path = tmp_path / "clip.mp4"
    found = make(path)
    with pytest.raises(JaxevalError, match=found) as error:
        Video(path)
    message = str(error.value)
    assert message.startswith(f"{path}: expected a video, found ")
    assert message.endswith(".")
    assert "\n" not in message


def test_a_text_file_is_not_drawn_as_a_video(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("hello, this is no film\n" * 200)
    with pytest.raises(JaxevalError, match="found a text file"):
        Video(path)


def test_an_unreadable_file(tmp_path, monkeypatch):
    path = write_numbered(tmp_path / "clip.mp4", **evenly(3, 25))

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(JaxevalError, match=r"can't be read \(Permission denied\)"):
        Video(path)


def test_names_that_look_like_urls_are_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_numbered(tmp_path / "clip.mp4", **evenly(3, 25)).rename(tmp_path / "concat:50%d.mp4")
    assert len(shown_numbers(Video("concat:50%d.mp4"))) == 3


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_rates_that_are_no_rates(tmp_path, fps):
    with pytest.raises(ValueError, match="Expected fps > 0, got"):
        Video(tmp_path / "clip.mp4", fps=fps)


def test_chunks_of_no_frame(tmp_path):
    with pytest.raises(ValueError, match="Expected n >= 1, got 0"):
        next(Video(write_numbered(tmp_path / "clip.mp4", [0])).chunks(0))


@pytest.mark.parametrize(
    ("suffix", "codec", "pix_fmt"),
    [
        ("mp4", "libx264", "yuv420p"),
        ("ts", "libx264", "yuv420p"),
        ("webm", "libvpx-vp9", "yuva420p"),
        ("avi", "mpeg4", "yuv420p"),
        ("mov", "png", "rgba"),
        ("mkv", "ffv1", "gray"),
        ("avi", "mjpeg", "yuvj420p"),
        ("mpg", "mpeg2video", "yuv420p"),
    ],
)
def test_nothing_is_printed(tmp_path, capfd, suffix, codec, pix_fmt):
    options = {"movflags": "faststart"} if suffix == "mp4" else {}
    path = tmp_path / f"clip.{suffix}"
    write_numbered(path, **evenly(60, 25), codec=codec, pix_fmt=pix_fmt, options=options)
    content = bytearray(path.read_bytes()[:-700])
    content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    path.write_bytes(content)
    capfd.readouterr()
    with suppress(JaxevalError):
        list(Video(path).chunks(8))
    assert capfd.readouterr() == ("", "")


PEAK = """
import resource, sys
from jaxeval.media.video import Video
frames = sum(len(chunk) for chunk in Video(sys.argv[1]).chunks(16))
print(frames, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_file(tmp_path):
    peaks = []
    for count in (200, 2000):
        path = write_numbered(tmp_path / f"{count}.mp4", **evenly(count, 25), options={"preset": "ultrafast"})
        run = [sys.executable, "-c", PEAK, str(path)]
        output = subprocess.run(run, capture_output=True, text=True, check=True, env=os.environ).stdout
        frames, kilobytes = map(int, output.split())
        assert frames == count
        peaks.append(kilobytes)
    one_frame = np.prod(SHAPE) / 1024
    assert peaks[1] - peaks[0] < 200 * one_frame  # of the 1800 more that there are
