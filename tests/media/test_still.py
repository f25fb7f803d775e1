"""Mean pictures and bars, on pictures that were built with bars of known size."""

import numpy as np
import pytest

from jaxeval.media.still import StillBuilder

SIDE = 60


def still(frames, chunk=7):
    builder = StillBuilder()
    for start in range(0, len(frames), chunk):
        builder.add(frames[start : start + chunk])
    return builder.still()


def moving(count=50, height=SIDE, width=SIDE):
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def padded(frames, left=0, top=0, right=0, bottom=0, level=0):
    return np.pad(frames, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=level)


@pytest.mark.parametrize("level", [0, 16, 90, 255])
@pytest.mark.parametrize(
    "bars", [{}, {"top": 8, "bottom": 8}, {"left": 20, "right": 19}, {"left": 5, "top": 9, "right": 6, "bottom": 7}]
)
def test_bars_of_any_colour_are_measured_to_the_pixel(bars, level):
    frames = padded(moving(), **bars, level=level)
    left, top = bars.get("left", 0), bars.get("top", 0)
    assert still(frames).content.tolist() == [left, top, left + SIDE, top + SIDE]


def test_codec_ripples_in_a_bar_are_no_picture():
    frames = padded(moving(), top=10, bottom=10, level=16)
    ripples = np.random.default_rng(1).integers(-4, 5, frames.shape)
    noisy = np.clip(frames.astype(int) + ripples, 0, 255).astype(np.uint8)
    assert still(noisy).content.tolist() == [0, 10, SIDE, SIDE + 10]


@pytest.mark.parametrize("odd", [0, 255])
def test_a_black_frame_and_a_flash_make_no_bars_and_hide_none(odd):
    frames, barred = moving(), padded(moving(), top=10, bottom=10)
    frames[10], barred[10] = odd, odd
    assert still(frames).content.tolist() == [0, 0, SIDE, SIDE]
    assert still(barred).content.tolist() == [0, 10, SIDE, SIDE + 10]


def test_a_plain_wall_that_fades_into_the_picture_is_no_bar():
    shade = np.clip(np.arange(SIDE)[:, None] - 20, 0, None) * np.linspace(0, 2, SIDE)
    frames = np.repeat(np.repeat(shade[None, :, :, None], 10, axis=0), 3, axis=3).astype(np.uint8)
    assert still(frames).content.tolist() == [0, 0, SIDE, SIDE]


def test_a_clip_of_one_colour_has_no_bars():
    assert still(np.full((6, 20, 30, 3), 7, np.uint8)).content.tolist() == [0, 0, 30, 20]


def test_the_mean_picture_is_that_of_every_fifth_frame_however_the_clip_is_cut():
    frames = moving(33, 8, 9)
    expected = frames[::5, :, :, 1].astype(float).mean(axis=0)
    for chunk in (1, 4, 5, 25, 33):
        np.testing.assert_allclose(still(frames, chunk).picture, expected, rtol=1e-6)


def test_nothing_has_no_picture():
    with pytest.raises(ValueError, match="at least one frame"):
        StillBuilder().still()
