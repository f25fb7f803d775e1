"""Time stamps of every container: N frames written are N frames read, each once, at the rate they were written at."""

from fractions import Fraction

import av
import numpy as np
import pytest

from jaxeval.media.retime import Stamped, Timeline, at_constant_rate
from jaxeval.media.stamps import constant_spacing
from jaxeval.media.video import Video

from .numbered_clips import MILLISECOND, bar_code, evenly, nearest, shown_numbers, write_numbered

NTSC = Fraction(30000, 1001)
COUNT = 24
WITH_B_FRAMES = [
    ("mp4", "libx264"),
    ("mov", "mpeg4"),
    ("mkv", "libx264"),
    ("mkv", "mpeg4"),
    ("avi", "libx264"),
    ("avi", "mpeg4"),
    ("avi", "mpeg2video"),
    ("flv", "libx264"),
    ("asf", "mpeg4"),
    ("ts", "libx264"),
    ("mpg", "mpeg2video"),
    ("vob", "mpeg2video"),
    ("nut", "mpeg4"),
    ("h264", "libx264"),
    ("m2v", "mpeg2video"),
    ("m4v", "mpeg4"),
]
WITHOUT = [
    ("webm", "libvpx-vp9"),
    ("webm", "libvpx"),
    ("ivf", "libvpx-vp9"),
    ("flv", "flv"),
    ("avi", "mjpeg"),
    ("mkv", "ffv1"),
    ("wmv", "wmv2"),
    ("rm", "rv20"),
    ("3gp", "mpeg4"),
    ("y4m", "wrapped_avframe"),
]
PIXELS = {"mjpeg": "yuvj420p"}


def written(path, codec, rate, *, b_frames=0, count=COUNT):
    def prepare(stream):
        stream.codec_context.framerate = rate
        if b_frames or codec in ("libx264", "mpeg4", "mpeg2video"):
            stream.codec_context.max_b_frames = b_frames

    return write_numbered(
        path, **evenly(count, rate), codec=codec, pix_fmt=PIXELS.get(codec, "yuv420p"), prepare=prepare
    )


@pytest.mark.parametrize("rate", [25, NTSC, 60])
@pytest.mark.parametrize(
    ("suffix", "codec", "b_frames"),
    [(*made, count) for made in WITH_B_FRAMES for count in (0, 2)] + [(*made, 0) for made in WITHOUT],
)
def test_every_frame_is_shown_once_at_the_files_own_rate(tmp_path, suffix, codec, b_frames, rate):
    video = Video(written(tmp_path / f"clip.{suffix}", codec, rate, b_frames=b_frames), fps=float(rate))
    assert shown_numbers(video) == list(range(COUNT))
    info = video.info
    assert (info.frames, info.left_out, info.repeated, info.damage) == (COUNT, 0, 0, None)
    assert info.average_fps == pytest.approx(float(rate), rel=2e-3)
    assert info.duration_s == pytest.approx(float(COUNT / rate), rel=2e-3)
    assert shown_numbers(video) == list(range(COUNT)), "a second pass"


@pytest.mark.parametrize(("suffix", "codec"), [("mkv", "mpeg4"), ("avi", "mpeg4"), ("asf", "mpeg4"), ("ts", "libx264")])
def test_240_frames_per_second(tmp_path, suffix, codec):
    video = Video(written(tmp_path / f"clip.{suffix}", codec, Fraction(240), b_frames=2, count=96))
    assert video.source_fps == pytest.approx(240)
    assert shown_numbers(video) == nearest([Fraction(k, 240) for k in range(96)], 10)


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), NTSC, 60, 240])
def test_rounded_stamps_show_the_same_frames_as_exact_ones(tmp_path, rate):
    exact, rounded = (written(tmp_path / f"clip.{suffix}", "mpeg4", rate, count=200) for suffix in ("mp4", "mkv"))
    assert shown_numbers(Video(rounded)) == shown_numbers(Video(exact))
    assert Video(rounded).source_fps == pytest.approx(float(rate), rel=1e-3)


@pytest.mark.parametrize("rate", [12, 15, 30, 40, 60])
def test_hundredths_of_a_second_in_a_gif(tmp_path, rate):
    path = write_numbered(tmp_path / "clip.gif", **evenly(60, rate), codec="gif", pix_fmt="rgb8")
    video = Video(path, fps=rate)
    assert shown_numbers(video) == list(range(60))
    assert video.source_fps == pytest.approx(rate, rel=2e-3)


def test_the_first_stamp_is_missing_and_the_picture_begins_where_the_next_ones_say(tmp_path):
    info = Video(written(tmp_path / "clip.avi", "mpeg4", 25, b_frames=2)).info
    assert info.start_s == pytest.approx(0.04), "as FFmpeg shows it: one frame of reordering delay"
    assert info.duration_s == pytest.approx(COUNT / 25)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_frame_that_is_left_out_is_no_rounding(tmp_path, suffix):
    times = [k for k in range(40) if k != 17]
    path = write_numbered(tmp_path / f"clip.{suffix}", times, base=Fraction(1, 25))
    assert shown_numbers(Video(path)) == nearest([Fraction(time, 25) for time in times], 40)


@pytest.mark.parametrize("late", [3, 100])
@pytest.mark.parametrize(
    ("suffix", "codec"),
    [("mp4", "mpeg4"), ("mkv", "mpeg4"), ("nut", "mpeg4"), ("asf", "wmv2"), ("flv", "flv"), ("ts", "libx264")],
)
def test_a_file_that_begins_late_is_not_damaged(tmp_path, suffix, codec, late):
    times = [late + k for k in range(COUNT)]
    video = Video(write_numbered(tmp_path / f"clip.{suffix}", times, base=Fraction(1, 25), codec=codec))
    assert shown_numbers(video) == list(range(COUNT))
    info = video.info
    assert (info.damage, info.start_s, info.duration_s) == (None, 0, pytest.approx(COUNT / 25))


@pytest.mark.parametrize("suffix", ["mpg", "vob", "ts", "avi"])
def test_tiny_frames_that_share_a_stamp(tmp_path, suffix):
    # MPEG-PS stamps its packets, and one packet holds several frames of a still picture.
    path = tmp_path / f"clip.{suffix}"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg2video", rate=25)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        for _ in range(50):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")))
        output.mux(stream.encode(None))
    info = Video(path).info
    assert (info.frames, info.repeated, info.left_out, info.duration_s) == (50, 0, 0, 2.0)
    assert dict(info.remarks) == {}


def lasting(path, *, first=40, last=40):
    """25 frames, whose first and last one last for so many milliseconds."""
    times = [0, *range(first, first + 24 * 40, 40)]
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.height, stream.width, _ = bar_code(0).shape
        stream.pix_fmt, stream.codec_context.time_base = "yuv420p", MILLISECOND
        stream.time_base = MILLISECOND
        packets = []
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(bar_code(number), format="rgb24")
            frame.pts, frame.time_base = time, MILLISECOND
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for packet, time, following in zip(packets, times, [*times[1:], times[-1] + last], strict=True):
            packet.pts = packet.dts = time
            packet.time_base, packet.duration = MILLISECOND, following - time
            output.mux(packet)
    return path


@pytest.mark.parametrize(
    ("which", "held", "frames"),
    [("first", 30_000, 25), ("last", 30_000, 25), ("first", 400, 34), ("last", 400, 34), ("last", 900, 47)],
)
def test_a_first_or_last_frame_that_outlasts_all_the_others_is_not_believed(tmp_path, which, held, frames):
    video = Video(lasting(tmp_path / "clip.mp4", **{which: held}))
    assert len(shown_numbers(video)) == frames
    assert sorted(set(shown_numbers(video))) == list(range(25))
    said = {"time stamps": f"the {which} frame would outlast all others together; one frame's usual duration assumed"}
    assert {code: text[:78] for code, text in video.info.remarks.items()} == (
        {code: text[:78] for code, text in said.items()} if held == 30_000 else {}
    )
    if which == "first" and held == 30_000:
        assert video.info.start_s == pytest.approx(29.96), "the sound keeps its place"


def test_a_gap_in_the_middle_stays(tmp_path):
    times = [*range(0, 400, 40), *range(2400, 2800, 40)]
    shown = shown_numbers(Video(write_numbered(tmp_path / "clip.mp4", times)))
    assert shown[:70] == nearest([time * MILLISECOND for time in times], 70)
    assert shown.count(9) == 26, "it stands for the gap's half, as the next one does"


def test_a_file_without_stamps_says_which_rate_is_taken(tmp_path):
    for suffix, codec, rate, said in (("mjpeg", "mjpeg", 30, "25"), ("m2v", "mpeg2video", 30, "30")):
        info = Video(written(tmp_path / f"clip.{suffix}", codec, rate)).info
        assert info.remarks == {"time stamps": f"the file has none; {said} frames per second assumed"}


# Straight into the time line.

GAP = Fraction(60)


def mended(stamps, spacing=Fraction(1, 25), base=25, **made):
    frames = [Stamped(None if t is None else Fraction(t, base), Fraction(0), k) for k, t in enumerate(stamps)]
    timeline = Timeline(spacing, GAP, **made)
    return [float(time * base) for time, _ in timeline.mended(frames)], timeline


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([None, 2, 3], [1, 2, 3]),
        ([None, None, 9, 10], [7, 8, 9, 10]),
        ([None, 0, 1], [-1, 0, 1]),
        ([3, 4, None, None], [3, 4, 5, 6]),
        ([0, None, 4], [0, 1, 4]),
        ([-2, -1, 0], [-2, -1, 0]),
        ([None] * 20 + [20], list(range(21))),
    ],
)
def test_missing_stamps_are_inferred_from_the_nearest_known_ones(stamps, expected):
    assert mended(stamps)[0] == expected


def test_missing_stamps_make_room_for_the_next_one():
    assert mended([0, None, 20, 40, 60], base=1000)[0] == [0, 10, 20, 40, 60], "and the rest is not pushed on"
    assert mended([0, 40, 40, 50, 90], base=1000)[0] == [0, 40, 45, 50, 90], "a stamp that comes twice"


def test_without_any_stamp_the_picture_begins_with_the_file():
    assert mended([None, None], beginning=Fraction(7, 5))[0] == [35, 36]


@pytest.mark.parametrize("seed", range(10))
def test_any_rounding_of_a_constant_rate_is_undone(seed):
    draw = np.random.default_rng(seed)
    rate = Fraction(int(draw.integers(5, 240))) * draw.choice([Fraction(1), Fraction(1000, 1001)])
    start = int(draw.integers(0, 1000))
    rounding = [round, int][seed % 2]
    stamps = [start + rounding(k * 1000 / rate) for k in range(300)]
    spacing, jitter = constant_spacing(stamps, MILLISECOND)
    assert spacing == pytest.approx(1 / rate, rel=2e-5)
    frames = [Stamped(t * MILLISECOND, Fraction(0), k) for k, t in enumerate(stamps)]
    timeline = Timeline(spacing, GAP, jitter)
    assert list(at_constant_rate(frames, timeline, 1 / spacing)) == list(range(300))


@pytest.mark.parametrize("seed", range(5))
def test_a_variable_rate_is_no_rounded_one(seed):
    steps = np.random.default_rng(seed).choice([20, 33, 40, 60], size=40)
    assert constant_spacing(np.cumsum(steps).tolist(), MILLISECOND, [Fraction(25), Fraction(30)]) is None


def test_a_frame_that_could_not_be_decoded_leaves_a_hole():
    assert mended([0, 1, 3, 4], jitter=Fraction(0))[0] == [0, 1, 3, 4]
    stamps = [0, 33, 67, 133, 167]  # of 30 a second, the fourth one is lost
    found, _ = mended(stamps, spacing=Fraction(1, 30), base=1000, jitter=MILLISECOND)
    np.testing.assert_allclose(found, np.array([0, 1, 2, 4, 5]) * 1000 / 30)
