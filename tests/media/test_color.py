"""Colours against the formulas of ITU-R BT.601, BT.709 and BT.2020 in float64, for every tag a file may carry."""

import av
import numpy as np
import pytest

from jaxeval.errors import JaxevalError
from jaxeval.media.color import Color, color_of
from jaxeval.media.upright import Upright
from jaxeval.media.video import Video
from jaxeval.media.write import write_video

# Tag of H.273: name, and the weights of red and blue in the luma.
MATRICES = {
    1: ("bt709", 0.2126, 0.0722),
    4: ("fcc", 0.30, 0.11),
    5: ("bt601", 0.299, 0.114),
    6: ("bt601", 0.299, 0.114),
    7: ("smpte240m", 0.212, 0.087),
    9: ("bt2020", 0.2627, 0.0593),
}
UNSPECIFIED, RESERVED, YCGCO, BT2020_CONSTANT = 2, 3, 8, 10
RANGES = {1: "limited", 2: "full"}
SIZE = (64, 48)


def patches():
    """[N, 3] luma, blue and red differences, 8 bits, all within RGB under any of the matrices."""
    rng = np.random.default_rng(0)
    return np.stack([rng.integers(90, 160, 12), rng.integers(100, 156, 12), rng.integers(100, 156, 12)], axis=1)


def by_hand(yuv, kr, kb, *, full):
    """RGB of 0 to 255, before rounding."""
    y, u, v = np.asarray(yuv, np.float64).T
    y = y / 255 if full else (y - 16) / 219
    u, v = ((plane - 128) / (255 if full else 224) for plane in (u, v))
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    return 255 * np.stack([r, (y - kr * r - kb * b) / (1 - kr - kb), b], axis=1)


def by_hand_deep(yuv, bits, kr, kb, *, full):
    """The same of any number of bits: H.273 scales limited range by 2^(bits − 8), full range is 2^bits − 1."""
    if not full:
        return by_hand(yuv / 2 ** (bits - 8), kr, kb, full=False)
    most = 2**bits - 1
    y, differences = yuv[:, :1] / most, (yuv[:, 1:] - 2 ** (bits - 1)) / most
    return by_hand(np.concatenate([255 * y, 128 + 255 * differences], axis=1), kr, kb, full=True)


def written(path, matrix, span, *, codec="ffv1", pix_fmt="yuv420p", size=SIZE):
    """One frame a patch, without loss; a tag of None is not set."""
    width, height = size
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25, options={"qp": "0"} if codec == "libx264" else {})
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        tags = {"colorspace": matrix, "color_range": span}
        for name, value in tags.items():
            if value is not None:
                setattr(stream.codec_context, name, value)
        for patch in patches():
            planes = [np.full(width * height // share, value) for value, share in zip(patch, (1, 4, 4), strict=True)]
            pixels = np.concatenate(planes).astype(np.uint8).reshape(height * 3 // 2, width)
            picture = av.VideoFrame.from_ndarray(pixels, format=pix_fmt)
            for name, value in tags.items():
                if value is not None:
                    setattr(picture, name, value)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return path


def middles(video):
    return np.concatenate([chunk[:, 20, 30] for chunk in video.chunks(99)])


@pytest.mark.parametrize("span", RANGES)
@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize(("codec", "suffix"), [("ffv1", "mkv"), ("libx264", "mp4")])
def test_colours_follow_the_tags(tmp_path, codec, suffix, matrix, span):
    name, kr, kb = MATRICES[matrix]
    video = Video(written(tmp_path / f"clip.{suffix}", matrix, span, codec=codec))
    found, expected = middles(video), by_hand(patches(), kr, kb, full=span == 2)
    assert ((expected > 0) & (expected < 255)).all()
    np.testing.assert_allclose(found, expected, atol=1.5)
    assert video.info.color == Color(name, RANGES[span])
    # The other range, and a matrix of another generation, would be off by far more than that.
    other = MATRICES[6 if name in ("bt709", "smpte240m", "bt2020") else 1]
    for wrong in (by_hand(patches(), kr, kb, full=span != 2), by_hand(patches(), *other[1:], full=span == 2)):
        assert np.abs(found - wrong).max() > 5


@pytest.mark.parametrize("size", [SIZE, (1280, 720), (720, 720)])
@pytest.mark.parametrize(("matrix", "span"), [(None, None), (UNSPECIFIED, 1), (RESERVED, None), (None, 2)])
def test_untagged_colours_are_taken_for_bt601_at_any_size_and_for_limited(tmp_path, size, matrix, span):
    video = Video(written(tmp_path / "clip.mkv", matrix, span, size=size))
    np.testing.assert_allclose(middles(video), by_hand(patches(), 0.299, 0.114, full=span == 2), atol=1.5)
    color = video.info.color
    assert (color.matrix, color.taken) == (None, ("bt601", "full" if span == 2 else "limited"))
    assert color.guessed == (size != SIZE)


@pytest.mark.parametrize(("tag", "name"), [(YCGCO, "ycgco"), (BT2020_CONSTANT, "bt2020 of constant luminance")])
def test_a_matrix_that_cannot_be_converted_is_refused_in_one_line(tmp_path, tag, name):
    path = written(tmp_path / "clip.mkv", tag, 1)
    with pytest.raises(
        JaxevalError, match=rf"clip\.mkv: expected a video, found colours in the matrix {name}, "
    ) as told:
        Video(path)
    assert "\n" not in str(told.value)


def test_a_strange_matrix_further_on_is_taken_for_the_first_frames(tmp_path, monkeypatch):
    path = written(tmp_path / "clip.mkv", 1, 1)
    seen = iter([Color("bt709", "limited")] * 2 + [Color("ycgco", "limited")] * len(patches()))
    video = Video(path)
    monkeypatch.setattr("jaxeval.media.upright.color_of", lambda frame: next(seen))
    np.testing.assert_allclose(middles(video), by_hand(patches(), 0.2126, 0.0722, full=False), atol=1.5)


@pytest.mark.parametrize(
    ("pix_fmt", "expected", "words"),
    [
        ("rgb24", Color("rgb", "full"), "rgb"),
        ("gbrp", Color("rgb", "full"), "rgb"),
        ("pal8", Color("rgb", "full"), "rgb"),
        ("gray", Color("grey", "full"), "grey, full range"),
        ("yuvj444p", Color(None, "full"), "no matrix named, read as bt601, full range"),
        ("nv12", Color(None, None), "no matrix named, read as bt601, limited range"),
    ],
)
def test_pixel_formats_without_a_choice(pix_fmt, expected, words):
    color = color_of(av.VideoFrame(64, 48, pix_fmt))
    assert color == expected
    assert color.convertible
    assert color.words == words


@pytest.mark.parametrize(("width", "height", "hd"), [(1280, 64, True), (1278, 576, False), (64, 578, True)])
def test_what_players_take_for_hd(width, height, hd):
    assert color_of(av.VideoFrame(width, height, "yuv420p")).guessed == hd


def flat(pix_fmt, code, matrix=2, span=0, curve=2):
    """A frame of one colour: 8-bit codes of its components, widened to the format's depth by a shift."""
    frame = av.VideoFrame(*SIZE, pix_fmt)
    bits = frame.format.components[0].bits
    dtype = np.dtype(np.uint8 if bits == 8 else ">u2" if pix_fmt.endswith("be") else "<u2")
    for plane, value in zip(frame.planes, code, strict=True):
        size = plane.height, plane.line_size // dtype.itemsize
        plane.update(np.full(size, int(value) << (bits - 8), dtype).tobytes())
    frame.colorspace, frame.color_range, frame.color_trc = matrix, span, curve
    return frame


def shown(frame):
    return Upright(frame).rgb(frame)[20, 30]


@pytest.mark.parametrize("span", RANGES)
@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize(
    "pix_fmt", ["yuv422p", "yuv444p", "yuv420p10le", "yuv422p10be", "yuv444p10le", "yuv420p12le", "yuv444p16le"]
)
def test_every_depth_and_subsampling_follows_the_same_matrices(pix_fmt, matrix, span):
    _, kr, kb = MATRICES[matrix]
    found = np.stack([shown(flat(pix_fmt, code, matrix, span)) for code in patches()])
    bits = av.VideoFormat(pix_fmt).components[0].bits
    codes = patches() * 2.0 ** (bits - 8)
    np.testing.assert_allclose(found, by_hand_deep(codes, bits, kr, kb, full=span == 2), atol=1.5)


@pytest.mark.parametrize("pix_fmt", ["gray", "gray10le", "gray12le", "gray16le"])
@pytest.mark.parametrize("span", [0, *RANGES])
def test_grey_follows_its_range(pix_fmt, span):
    codes = np.array([16, 40, 126, 200, 235])
    found = np.array([shown(flat(pix_fmt, [code], span=span)) for code in codes])
    expected = (codes - 16) / 219 * 255 if span == 1 else codes
    np.testing.assert_allclose(found, np.tile(expected[:, None], 3), atol=0.5 if pix_fmt == "gray" else 1)


@pytest.mark.parametrize("codec", ["libx264", "ffv1"])
@pytest.mark.parametrize("span", RANGES)
def test_a_grey_file_shows_what_its_luma_would_in_colour(tmp_path, codec, span):
    path, options = tmp_path / "clip.mkv", {"qp": "0"} if codec == "libx264" else {}
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "gray"
        stream.codec_context.color_range = span
        for code in (40, 126, 200):
            frame = flat("gray", [code], span=span)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    codes = np.array([40, 126, 200])
    expected = (codes - 16) / 219 * 255 if span == 1 else codes
    np.testing.assert_allclose(middles(Video(path)), np.tile(expected[:, None], 3), atol=1.5)


def test_planar_rgb_is_left_alone():
    for pix_fmt in ("gbrp", "gbrp10le", "gbrp12le"):
        np.testing.assert_allclose(shown(flat(pix_fmt, (100, 50, 200), matrix=0)), (200, 100, 50), atol=1)


@pytest.mark.parametrize(("curve", "name"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_told(tmp_path, curve, name):
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p10le"
        stream.codec_context.color_trc, stream.codec_context.colorspace = curve, 9
        for _ in range(3):
            output.mux(stream.encode(flat("yuv420p10le", (120, 128, 128), 9, 1, curve)))
        output.mux(stream.encode(None))
    info = Video(path).info
    assert info.color == Color("bt2020", "limited", hdr=name)
    assert info.remarks == {
        "hdr": f"{name}, high dynamic range; scored as encoded, without tone mapping",
    }


def test_tags_that_change_are_told_and_followed(tmp_path):
    path = tmp_path / "clip.h264"
    parts = [written(tmp_path / f"{tag}.h264", tag, 1, codec="libx264") for tag in (1, 6)]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    video = Video(path)
    expected = [by_hand(patches(), *MATRICES[tag][1:], full=False) for tag in (1, 6)]
    np.testing.assert_allclose(middles(video), np.concatenate(expected), atol=1.5)
    assert video.info.remarks["colours change"] == (
        "bt709, limited range and bt601, limited range; each frame is converted accordingly"
    )


def test_a_tag_that_says_nothing_of_rgb_leaves_it_alone(tmp_path):
    path, image = tmp_path / "clip.mkv", np.full((48, 64, 3), (200, 100, 50), np.uint8)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        output.mux(stream.encode(None))
    video = Video(path)
    assert (next(video.chunks(1))[0] == image).all()
    assert video.info.color.taken == ("rgb", "full")


def test_our_own_files_name_their_colours(tmp_path):
    colours = np.array([(200, 100, 50), (20, 90, 220), (128, 128, 128), (250, 240, 10)], np.uint8)
    write_video(tmp_path / "clip.mp4", np.broadcast_to(colours[:, None, None], (4, 48, 64, 3)).copy(), 25, crf=1)
    video = Video(tmp_path / "clip.mp4")
    assert video.info.color == Color("bt709", "limited")
    np.testing.assert_allclose(middles(video), colours, atol=3)
