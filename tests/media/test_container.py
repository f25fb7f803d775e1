"""Which of several streams is taken, and files that are no media at all."""

import av
import numpy as np
import pytest
from av.stream import Disposition

from jaxeval.errors import JaxevalError
from jaxeval.media.audio import decode_audio, sound_choice
from jaxeval.media.video import Video

from .numbered_clips import evenly, write_numbered

PIXELS = {"mjpeg": "yuvj420p", "libx264": "yuv420p", "png": "rgb24"}


def with_streams(path, *streams):
    """streams: (codec, side, disposition, frames)."""
    with av.open(str(path), "w") as output:
        made = []
        for codec, side, disposition, count in streams:
            stream = output.add_stream(codec, rate=25)
            stream.width = stream.height = side
            stream.pix_fmt, stream.disposition = PIXELS[codec], disposition
            made.append((stream, side, count))
        for k in range(max(count for *_, count in made)):
            for stream, side, count in made:
                if k < count:
                    image = np.full((side, side, 3), 90, np.uint8)
                    output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        for stream, *_ in made:
            output.mux(stream.encode(None))
    return path


DEFAULT, NONE, COVER = Disposition.default, Disposition(0), Disposition.attached_pic


@pytest.mark.parametrize(
    ("streams", "side", "said"),
    [
        ([("mjpeg", 64, NONE, 9), ("libx264", 128, DEFAULT, 9)], 128, "stream 2 (default, 128x128)"),
        ([("mjpeg", 128, NONE, 9), ("libx264", 64, DEFAULT, 9)], 64, "stream 2 (default, 64x64)"),
        ([("libx264", 64, DEFAULT, 9), ("libx264", 128, DEFAULT, 9)], 128, "stream 2 (default, 128x128)"),
        ([("libx264", 64, NONE, 9), ("libx264", 128, NONE, 9)], 128, "stream 2 (not marked as default, 128x128)"),
        ([("libx264", 64, DEFAULT, 9), ("libx264", 64, DEFAULT, 9)], 64, "stream 1 (default, 64x64)"),
        ([("libx264", 64, DEFAULT, 9)], 64, None),
    ],
)
@pytest.mark.parametrize("suffix", ["mkv", "nut"])
def test_the_default_stream_is_taken_then_the_largest(tmp_path, suffix, streams, side, said):
    info = Video(with_streams(tmp_path / f"clip.{suffix}", *streams)).info
    assert info.width == side
    assert info.remarks == ({} if said is None else {"streams": f"2 video streams; scored {said}"})


def test_a_stream_that_cannot_be_decoded_is_left_out_and_said(tmp_path):
    path = with_streams(tmp_path / "clip.mov", ("mjpeg", 64, NONE, 9), ("libx264", 128, DEFAULT, 9))
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"avc1")] + b"zzzz" + content[content.rindex(b"avc1") + 4 :])
    info = Video(path).info
    said = "2 video streams, of which FFmpeg can't decode 1; scored stream 1 (not marked as default, 64x64)"
    assert (info.width, info.frames, dict(info.remarks)) == (64, 9, {"streams": said})
    path.write_bytes(path.read_bytes().replace(b"jpeg", b"zzzz"))
    with pytest.raises(JaxevalError, match=r"a video stream in a format that FFmpeg can't decode\. Convert it"):
        Video(path)


def test_a_cover_picture_is_no_stream(tmp_path):
    path = with_streams(tmp_path / "clip.mp4", ("png", 256, COVER, 1), ("libx264", 64, DEFAULT, 9))
    info = Video(path).info
    assert (info.width, info.frames, dict(info.remarks)) == (64, 9, {})


def test_the_default_sound_is_taken(tmp_path):
    path = tmp_path / "sounds.mkv"
    with av.open(str(path), "w") as output:
        made = []
        for level, disposition in ((0.1, NONE), (0.5, DEFAULT)):
            stream = output.add_stream("pcm_s16le", rate=16000, layout="mono")
            stream.disposition = disposition
            made.append((stream, level))
        for stream, level in made:
            samples = np.full((1, 16000), round(level * 32768), np.int16)
            frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            frame.sample_rate = 16000
            output.mux(stream.encode(frame))
        for stream, _ in made:
            output.mux(stream.encode(None))
    samples, _ = decode_audio(path)
    np.testing.assert_allclose(samples, 0.5, atol=1e-3)
    assert sound_choice(path) == "2 audio streams; scored stream 2 (default)"
    assert sound_choice(write_numbered(tmp_path / "clip.mp4", **evenly(3, 25))) is None


TABLE = "clip,person\na,Ann\nb,Béla\n" * 99


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("clips.csv", TABLE.encode(), r"a text file \(\.csv\)"),
        ("notes.txt", TABLE.encode(), r"a text file \(\.txt\)"),
        ("scores.json", b'{"clips": []}\n', r"a text file \(\.json\)"),
        ("page.html", b"<html>\n</html>\n", r"a text file \(\.html\)"),
        ("subtitles.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n" * 9, r"a text file \(\.srt\)"),
        ("list", TABLE.encode("utf-16"), r"a text file \(no suffix\)"),
        ("clip.mp4", "日本語の文章".encode() * 1000, r"a text file \(\.mp4\)"),
        ("clip.mp4", bytes(5000), "data that FFmpeg can't read"),
        ("clip.avi", bytes(range(256)) * 20, "data that FFmpeg can't read"),
    ],
)
def test_a_text_file_is_named_for_what_it_is(tmp_path, name, content, found):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(JaxevalError, match=rf"{name}: expected a video, found {found}.*\. \w+.*\.$"):
        Video(path)
