"""What a row says of its files: real files with tags and rates of their own, and pairs that agree and get no flag."""

from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from jaxeval.media.color import Color
from jaxeval.media.video import Video
from jaxeval.scoring.flags import flags_of

BT709, UNSPECIFIED, BT470BG, BT601 = 1, 2, 5, 6
LIMITED, FULL = 1, 2


def video(path, *, matrix=BT709, span=LIMITED, rate=25, count=50, size=(64, 48), pix_fmt="yuv420p", codec="libx264"):
    """A grey clip with those tags."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, span
        picture = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), 90, np.uint8), format="rgb24")
        picture = picture.reformat(format=pix_fmt)
        picture.colorspace, picture.color_range = matrix, span
        for number in range(count):
            picture.pts = number
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return Video(path)


def clip(role, file):
    seen = SimpleNamespace(face=None)
    frames, size = file.info.frames, (file.width, file.height)
    return SimpleNamespace(role=role, video=file, path=None, seen=seen, frames=frames, size=size)


def flags(folder, generated, reference):
    suffix = {"ffv1": "mkv"}
    x, y = (
        clip(role, video(folder / f"{role}.{suffix.get(made.get('codec'), 'mp4')}", **made))
        for role, made in (("generated", generated), ("reference", reference))
    )
    return flags_of(x, y)


def hd(**made):
    return {"size": (1280, 720), "count": 3, **made}


UNTAGGED = {"matrix": UNSPECIFIED}


@pytest.mark.parametrize(
    ("generated", "reference"),
    [
        ({}, {}),
        (UNTAGGED, UNTAGGED),
        ({"matrix": BT601}, {"matrix": BT470BG}),
        ({"span": FULL}, {"span": FULL}),
        ({"rate": 30, "count": 60}, {"rate": 30, "count": 60}),
        (hd(), hd()),
        ({"codec": "ffv1", "span": 0}, {"span": LIMITED}),
    ],
)
def test_pairs_that_agree_get_no_flag(tmp_path, generated, reference):
    assert flags(tmp_path, generated, reference) == ()


GUESS = "players assume bt709, not bt601, at this size"


@pytest.mark.parametrize(
    ("generated", "reference", "expected"),
    [
        (
            {},
            UNTAGGED,
            "generated: bt709, limited range; reference: no matrix named, read as bt601, limited range",
        ),
        ({"matrix": BT601}, {}, "generated: bt601, limited range; reference: bt709, limited range"),
        ({"span": FULL}, {}, "generated: bt709, full range; reference: bt709, limited range"),
        ({"matrix": BT601}, UNTAGGED, "generated: bt601, limited range; reference: no matrix named, read as bt601, "),
        ({"codec": "ffv1", "pix_fmt": "bgr0", "matrix": 0}, {}, "generated: rgb; reference: bt709, limited range"),
        (hd(**UNTAGGED), hd(**UNTAGGED), f"both clips: no matrix named, read as bt601, limited range; {GUESS}"),
        (
            hd(),
            hd(**UNTAGGED),
            f"generated: bt709, limited range; reference: no matrix named, read as bt601, limited range; {GUESS}",
        ),
    ],
)
def test_colours_that_differ_or_are_guessed(tmp_path, generated, reference, expected):
    (flag,) = flags(tmp_path, generated, reference)
    assert flag.startswith(f"colour: {expected}")


NEAREST = "both resampled to 25 fps (nearest frame)"
ONCE = "every frame used once"


@pytest.mark.parametrize(
    ("generated", "reference", "expected"),
    [
        (
            {"rate": 50, "count": 100},
            {},
            f"generated 50 fps, reference 25 fps, {NEAREST}; generated: 50 frames dropped; reference: {ONCE}",
        ),
        (
            {},
            {"rate": 20, "count": 40},
            f"generated 25 fps, reference 20 fps, {NEAREST}; generated: {ONCE}; reference: 10 frames repeated",
        ),
    ],
)
def test_rates_that_differ_say_what_became_of_the_frames(tmp_path, generated, reference, expected):
    assert flags(tmp_path, generated, reference) == (f"frame rates: {expected}",)


def test_clips_of_one_rate_may_be_longer_and_shorter(tmp_path):
    found = flags(tmp_path, {"rate": 30, "count": 300}, {"rate": 30, "count": 360})
    assert [flag for flag in found if flag.startswith("frame rates")] == []


def test_ntsc_is_not_thirty(tmp_path):
    (flag,) = flags(tmp_path, {"rate": Fraction(30000, 1001), "count": 60}, {"rate": 30, "count": 60})
    assert flag.startswith("frame rates: generated 29.97 fps, reference 30 fps")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"left_out": 1, "repeated": 1}, None),
        (
            {"left_out": 8, "repeated": 8},
            f"generated: 8 frames dropped, 8 frames repeated; reference: {ONCE}",
        ),
        ({"average_fps": 20.0}, "frame rates: generated 25 fps (20 on average), reference 25 fps, both resampled"),
    ],
)
def test_rates_that_are_announced_alike_and_are_not(changes, words):
    steady = {"color": Color("bt709", "limited"), "source_fps": 25.0, "average_fps": 25.0, "fps": 25.0}
    steady |= {"frames": 250, "left_out": 0, "repeated": 0, "damage": None, "transparent": 0, "remarks": {}}
    pair = []
    for made in (steady | changes, steady):
        file = SimpleNamespace(info=SimpleNamespace(**made), width=64, height=48)
        pair.append(clip("either", file))
    found = flags_of(*pair)
    assert (not found) if words is None else (words in found[0])


ON_BLACK = "composited on black in 5 frames, assuming straight alpha"


def transparent(path, share):
    with av.open(str(path), "w") as output:
        stream = output.add_stream("qtrle", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "argb"
        image = np.full((48, 64, 4), 255, np.uint8)
        image[: round(48 * share), :, 3] = 0
        for _ in range(5):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgba")))
        output.mux(stream.encode(None))
    return Video(path)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ((0, 0), None),
        ((0.5, 0), f"generated: {ON_BLACK}; reference: no transparency"),
        ((0, 0.5), f"reference: {ON_BLACK}; generated: no transparency"),
        ((0.5, 0.2), f"generated: {ON_BLACK}; reference: {ON_BLACK}"),
    ],
)
def test_transparency_is_told_of_each(tmp_path, shares, expected):
    roles = ("generated", "reference")
    pair = [clip(role, transparent(tmp_path / f"{role}.mov", share)) for role, share in zip(roles, shares, strict=True)]
    assert flags_of(*pair) == (() if expected is None else (f"transparency: {expected}",))


def test_what_is_known_of_one_file_names_its_role(tmp_path):
    path = tmp_path / "generated.mpg"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg2video", rate=25, options={"flags": "+ildct+ilme"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(50):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")))
        output.mux(stream.encode(None))
    x, y = clip("generated", Video(path)), clip("reference", video(tmp_path / "reference.mp4", matrix=UNSPECIFIED))
    assert flags_of(x, y) == ("interlaced: generated: 50 of 50 frames are interlaced; scored without deinterlacing",)
