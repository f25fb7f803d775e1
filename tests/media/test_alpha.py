"""Transparent pixels on black, against float64 compositing of what was written, in every kind of alpha there is."""

from fractions import Fraction

import av
import numpy as np
import pytest

from jaxeval.errors import JaxevalError
from jaxeval.media.alpha import alpha_of, on_black
from jaxeval.media.upright import Upright
from jaxeval.media.video import Video

HIDDEN, SEEN = (0, 255, 0), (200, 100, 50)
SIDES = (48, 64)


def picture(alpha=128):
    """[48, 64, 4]: the left half seen through `alpha`, then opaque, the right quarter hidden."""
    image = np.zeros((*SIDES, 4), np.uint8)
    image[..., :3], image[:, 48:, :3] = SEEN, HIDDEN
    image[:, :32, 3], image[:, 32:48, 3] = alpha, 255
    return image


def write(path, image, codec, pixels, count=4, aspect=None, **options):
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = pixels
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        for _ in range(count):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgba")))
        output.mux(stream.encode(None))
    return path


VPX = {"crf": "4", "b": "0"}
FILES = [
    ("mov", "qtrle", "argb", {}),
    ("mov", "png", "rgba", {}),
    ("mov", "png", "rgba64be", {}),
    ("mov", "prores_ks", "yuva444p10le", {}),
    ("mov", "cfhd", "gbrap12le", {}),
    ("mkv", "ffv1", "bgra", {}),
    ("mkv", "ffv1", "yuva420p", {}),
    ("mkv", "ffv1", "gbrap10le", {}),
    ("mkv", "ffv1", "yuva444p16le", {}),
    ("mkv", "jpeg2000", "rgba", {}),
    ("webm", "libvpx-vp9", "yuva420p", VPX),
    ("mkv", "libvpx-vp9", "yuva420p", VPX),
    ("webm", "libvpx", "yuva420p", {"crf": "4", "b": "3M", "auto-alt-ref": "0"}),
    ("apng", "apng", "rgba", {}),
    ("avi", "rawvideo", "bgra", {}),
]


@pytest.mark.parametrize(("suffix", "codec", "pixels", "options"), FILES)
def test_what_lies_under_transparent_pixels_is_black(tmp_path, suffix, codec, pixels, options):
    video = Video(write(tmp_path / f"clip.{suffix}", picture(), codec, pixels, **options))
    frames = np.concatenate(list(video.chunks(9)))
    for column, share in ((10, 128 / 255), (40, 1), (58, 0)):
        np.testing.assert_allclose(frames[:, 20, column], np.tile(np.multiply(SEEN, share), (4, 1)), atol=2)
    info = video.info
    assert (info.frames, info.transparent, info.damage, dict(info.remarks)) == (4, 4, None, {})


WITHOUT_ALPHA = {"argb": "rgb24", "rgba": "rgb24", "rgba64be": "rgb48be", "bgra": "bgr0", "gbrap12le": "gbrp12le"}


@pytest.mark.parametrize(("suffix", "codec", "pixels", "options"), FILES)
def test_an_opaque_channel_changes_no_number(tmp_path, suffix, codec, pixels, options):
    image = picture()
    image[..., 3] = 255
    video = Video(write(tmp_path / f"clip.{suffix}", image, codec, pixels, **options))
    plain = "bgr24" if codec == "rawvideo" else WITHOUT_ALPHA.get(pixels, pixels.replace("a", "", 1))
    without = Video(write(tmp_path / f"without.{suffix}", image, codec, plain, **options))
    np.testing.assert_array_equal(*(np.concatenate(list(file.chunks(9))) for file in (video, without)))
    assert (video.info.transparent, dict(video.info.remarks)) == (0, {})


def frame_of(pixels, values, alpha):
    """A frame of any format whose planes are set; values and alpha are [H, W, 3] and [H, W] in its own depth."""
    frame = av.VideoFrame(values.shape[1], values.shape[0], pixels)
    dtype = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    planes = [values[..., 1], values[..., 2], values[..., 0], alpha]  # G, B, R, A
    for plane, content in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // np.dtype(dtype).itemsize), dtype)
        rows[:, : content.shape[1]] = content
        plane.update(rows.tobytes())
    return frame


@pytest.mark.parametrize(("pixels", "bits"), [("gbrap", 8), ("gbrap10le", 10), ("gbrap12le", 12), ("gbrap16le", 16)])
def test_compositing_is_exact_at_every_depth(pixels, bits):
    draw, most = np.random.default_rng(bits), 2**bits - 1
    values = draw.integers(0, most + 1, (32, 64, 3))
    alpha = draw.integers(0, 255 << (bits - 8), (32, 64))
    found = Upright(frame := frame_of(pixels, values, alpha)).rgb(frame)
    exact = 255 * (values / most) * (alpha / most)[..., None]
    # FFmpeg widens 10 and 12 bits to 16 by repeating their highest ones, which is not exact.
    np.testing.assert_allclose(found, exact, atol=0.5 + (0.01 if bits in (10, 12) else 1e-9))


def test_on_black_rounds_to_the_nearest_for_all_bytes():
    values, alpha = (grid.astype(np.uint8) for grid in np.meshgrid(np.arange(256), np.arange(256)))
    frame = av.VideoFrame.from_ndarray(np.dstack([values, values, values, alpha]), format="rgba")
    colours = np.dstack([values] * 3)
    found = on_black(colours, colours, alpha_of(frame))[..., 0]
    np.testing.assert_array_equal(found, np.rint(values * (alpha / 255.0)))


@pytest.mark.parametrize("value", [255 << 8, 65532, 65535])
def test_a_channel_that_was_widened_is_opaque(value):
    words = np.full((8, 8, 4), value, np.uint16)
    assert alpha_of(av.VideoFrame.from_ndarray(words, format="rgba64le")) is None
    words[0, 0, 3] = 254 << 8
    assert alpha_of(av.VideoFrame.from_ndarray(words, format="rgba64le")) is not None


def test_grey_with_alpha():
    frame = av.VideoFrame(64, 48, "ya8")
    rows = np.zeros((48, frame.planes[0].line_size), np.uint8)
    rows[:, 0:128:2], rows[:, 1:128:2] = 210, np.repeat([128, 255, 0, 3], 16)
    frame.planes[0].update(rows.tobytes())
    assert Upright(frame).rgb(frame)[20, [8, 24, 40, 56]].tolist() == [[k] * 3 for k in (105, 210, 0, 2)]


def test_a_palette_with_transparent_colours(tmp_path):
    frame = av.VideoFrame(64, 48, "pal8")
    indices = np.repeat(np.array([0, 1, 2, 2], np.uint8), 16)
    rows = np.zeros((48, frame.planes[0].line_size), np.uint8)
    rows[:, :64] = indices
    frame.planes[0].update(rows.tobytes())
    palette = np.zeros(256, "<u4")
    palette[:3] = [0xFFC86432, 0x80C86432, 0x0000FF00]  # ARGB
    frame.planes[1].update(palette.tobytes())
    found = Upright(frame).rgb(frame)
    assert found[20, [8, 24, 56]].tolist() == [[200, 100, 50], [100, 50, 25], [0, 0, 0]]


def test_a_gif_whose_background_is_transparent(tmp_path):
    from PIL import Image

    images = []
    for k in range(4):
        image = picture(255)
        image[:, :8, :3] = 30 * k
        images.append(Image.fromarray(image))
    images[0].save(tmp_path / "clip.gif", save_all=True, append_images=images[1:], duration=40, disposal=2)
    video = Video(tmp_path / "clip.gif")
    frames = np.concatenate(list(video.chunks(9)))
    assert len(frames) == 4
    np.testing.assert_allclose(frames[:, 20, 40], np.tile(SEEN, (4, 1)), atol=3)
    assert not frames[:, :, 50:].any()
    assert video.info.transparent == 4


def test_hidden_colours_do_not_run_into_what_is_seen_when_pixels_become_square(tmp_path):
    image = picture(255)
    image[:, 48:, :3] = (255, 255, 255)
    path = write(tmp_path / "clip.mov", image, "qtrle", "argb", aspect=Fraction(2))
    frame = next(Video(path).chunks(1))[0]
    assert frame.shape == (48, 128, 3)
    assert frame[:, :96].max() <= SEEN[0] + 20, "white ran into it"  # the filter itself overshoots at the edge
    assert not frame[:, 100:].any()


def test_a_channel_that_is_nowhere_seen_is_unused(tmp_path):
    image = picture(0)
    image[..., 3] = 0
    video = Video(write(tmp_path / "clip.avi", image, "rawvideo", "bgra"))
    assert next(video.chunks(1))[0, 20, 10].tolist() == list(SEEN)
    assert video.info.transparent == 0
    assert dict(video.info.remarks) == {"transparency": "its alpha channel is 0 throughout; ignored as unused"}


def test_a_fade_from_nothing_is_no_unused_channel(tmp_path):
    path = tmp_path / "clip.mov"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("qtrle", rate=25)
        stream.height, stream.width, stream.pix_fmt = *SIDES, "argb"
        for alpha in (0, 0, 128, 255):
            image = np.full((*SIDES, 4), 200, np.uint8)
            image[..., 3] = alpha
            output.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgba")))
        output.mux(stream.encode(None))
    video = Video(path)
    assert [int(frame[5, 5, 0]) for chunk in video.chunks(9) for frame in chunk] == [0, 0, 100, 200]
    assert video.info.transparent == 3


def test_alpha_that_cannot_be_decoded_is_told(tmp_path, monkeypatch):
    path = write(tmp_path / "clip.webm", picture(), "libvpx-vp9", "yuva420p", **VPX)
    monkeypatch.setattr("jaxeval.media.decoding.ALPHA_DECODERS", {})
    info = Video(path).info
    assert info.remarks["transparency"] == "its alpha channel can't be decoded; scored without it"
    assert info.transparent == 0


@pytest.mark.parametrize("kept", [0.5, 0.8])
def test_damage_is_told_of_files_with_alpha_beside_the_picture(tmp_path, kept):
    draw = np.random.default_rng(0)
    image = draw.integers(0, 256, (*SIDES, 4), np.uint8)
    path = write(tmp_path / "clip.webm", image, "libvpx-vp9", "yuva420p", count=30, crf="4", b="0", g="1")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    info = Video(path).info
    assert info.frames == info.transparent
    assert info.damage == f"decoded {info.frames} of 30 frames; the file is truncated or damaged"


def test_an_animated_webp_is_named_for_what_it_is(tmp_path):
    from PIL import Image

    images = [Image.fromarray(np.full((48, 64, 3), 40 * k, np.uint8)) for k in range(4)]
    images[0].save(tmp_path / "clip.webp", save_all=True, append_images=images[1:], duration=40, lossless=True)
    with pytest.raises(JaxevalError, match=r"clip\.webp: expected a video, found an animated WebP, .* Convert it"):
        Video(tmp_path / "clip.webp")
