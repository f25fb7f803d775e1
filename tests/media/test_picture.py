"""Still pictures: upright, of eight bits, in RGB, or one line that says why not."""

import numpy as np
import pytest
from PIL import Image

from jaxeval.errors import JaxevalError
from jaxeval.media.picture import Picture

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (4, 6, 3), np.uint8)


def read(path):
    (chunk,) = Picture(path).chunks(25)
    assert chunk.dtype == np.uint8
    return chunk[0]


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp"])
def test_pixels_are_the_files(tmp_path, suffix):
    Image.fromarray(RGB).save(tmp_path / f"a.{suffix}", lossless=True)
    np.testing.assert_array_equal(read(tmp_path / f"a.{suffix}"), RGB)


def test_exif_turns_it(tmp_path):
    """Orientation 6: the file's first row is the picture's right side."""
    tags = Image.Exif()
    tags[0x0112] = 6
    Image.fromarray(RGB).save(tmp_path / "a.png", exif=tags)
    picture = Picture(tmp_path / "a.png")
    assert (picture.width, picture.height) == (4, 6)
    np.testing.assert_array_equal(read(tmp_path / "a.png"), np.rot90(RGB, -1))


def test_transparent_parts_are_black(tmp_path):
    Image.fromarray(np.dstack([RGB, np.where(RGB[..., :1] > 99, 255, 0).astype(np.uint8)])).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read(tmp_path / "a.png"), np.where(RGB[..., :1] > 99, RGB, 0))


def test_sixteen_bits_and_grey(tmp_path):
    deep = (np.arange(24, dtype=np.uint16) * 257).reshape(4, 6)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    Image.fromarray((deep // 257).astype(np.uint8)).save(tmp_path / "grey.png")
    expected = np.repeat(np.arange(24).reshape(4, 6, 1), 3, axis=2)
    for name in ("deep", "grey"):
        np.testing.assert_array_equal(read(tmp_path / f"{name}.png"), expected)


def cut(path):
    Image.fromarray(RNG.integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:2000])


@pytest.mark.parametrize(
    ("make", "found"),
    [
        (cut, "found: OSError: image file is truncated"),
        (lambda path: path.touch(), "found something else"),
        (lambda path: path.write_text("no picture"), "found something else"),
        (lambda path: path.mkdir(), "found: IsADirectoryError"),
        (lambda path: None, "found no such file"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path, make, found):
    make(tmp_path / "a.png")
    with pytest.raises(JaxevalError) as refused:
        Picture(tmp_path / "a.png")
    assert str(refused.value).startswith(f"{tmp_path}/a.png: expected a picture, {found}")
    assert "\n" not in str(refused.value)
