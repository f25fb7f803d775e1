"""Registration of mean pictures of any shapes, on sections that were cut, barred and squashed by known numbers."""

import numpy as np
import pytest
import skimage.data
from PIL import Image

from jaxeval.media.section import register
from jaxeval.media.still import Still

PHOTO = skimage.data.astronaut()[..., 1].astype(np.float32)
WIDE = PHOTO[20:290]  # 512 × 270
FACE = np.array([170.0, 50, 270, 150])  # in WIDE


def still(picture, content=None):
    height, width = picture.shape
    return Still(picture, np.array([0, 0, width, height] if content is None else content, float))


def resized(picture, width, height, box=None):
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC, box))


def check(found, box, size, tolerance=0.5):
    """The generated frame of that size shows this box of the reference."""
    placed = found.placement.boxes(np.array(box, float))
    np.testing.assert_allclose(placed, [0, 0, *size], atol=tolerance)
    assert found.agreement > 0.97


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ((120, 10, 370, 260), (250, 250)),  # cut out
        ((120, 10, 370, 260), (512, 512)),  # and enlarged
        ((100, 0, 370, 270), (128, 128)),  # and reduced
        ((130, 0, 282, 270), (304, 540)),  # a portrait
        ((0, 40, 512, 230), (512, 190)),  # a strip
    ],
)
def test_a_section_is_found_with_a_rough_idea_of_the_face(box, size):
    x = resized(WIDE, *size, box)
    scale = size[0] / (box[2] - box[0])
    rough = (FACE - np.tile(box[:2], 2)) * scale + np.array([4, -3, 10, 3]) * scale  # a detector errs by that
    found = register(still(x), still(WIDE), [(rough, FACE)])
    check(found, box, size)
    np.testing.assert_allclose(found.section, box, atol=0.6)


@pytest.mark.parametrize(
    ("box", "size"),
    [((17, 5, 217, 205), (200, 200)), ((290, 0, 470, 270), (180, 270)), ((30, 0, 300, 270), (400, 400))],
)
def test_a_section_far_from_the_middle_needs_no_face(box, size):
    check(register(still(resized(WIDE, *size, box)), still(WIDE)), box, size)


def test_the_reference_may_be_the_section():
    x, y = WIDE, resized(WIDE, 256, 256, (120, 10, 370, 260))
    found = register(still(x), still(y), [(FACE, (FACE - [120, 10, 120, 10]) * 256 / 250)])
    np.testing.assert_allclose(found.placement.boxes(np.array([0, 0, 256, 256.0])), [120, 10, 370, 260], atol=0.5)
    np.testing.assert_allclose(found.section, [0, 0, 256, 256])


def test_a_cut_at_whole_pixels_is_found_exactly():
    found = register(still(WIDE[10:260, 120:370]), still(WIDE), [(FACE - [115, 14, 115, 14], FACE)])
    assert found.placement.scale == (1, 1)
    assert found.placement.shift == (-120, -10)


@pytest.mark.parametrize(("left", "top"), [(90, 0), (0, 70), (40, 30)])
def test_bars_around_a_picture_need_no_face(left, top):
    x = np.pad(WIDE, ((top, top), (left, left)))
    found = register(still(x, (left, top, left + 512, top + 270)), still(WIDE))
    assert found.placement.scale == (1, 1)
    assert found.placement.shift == (left, top)


def test_a_picture_scaled_into_bars():
    x = np.pad(resized(WIDE, 384, 202), ((34, 34), (64, 64)))
    found = register(still(x, (64, 34, 448, 236)), still(WIDE))
    np.testing.assert_allclose(found.placement.boxes(np.array([0, 0, 512, 270.0])), [64, 34, 448, 236], atol=0.5)


@pytest.mark.parametrize("size", [(270, 270), (512, 160), (360, 640)])
def test_a_squashed_picture_is_the_whole_one(size):
    found = register(still(resized(WIDE, *size)), still(WIDE), [(FACE, FACE)])
    check(found, (0, 0, 512, 270), size, tolerance=0.01)


def test_another_gain_blur_and_noise_make_no_difference():
    x = resized(resized(WIDE, 64, 64, (120, 10, 370, 260)), 256, 256) * 0.7 + 20
    x += np.random.default_rng(0).normal(0, 4, x.shape).astype(np.float32)
    found = register(still(x), still(WIDE), [((FACE - [120, 10, 120, 10]) * 256 / 250, FACE)])
    np.testing.assert_allclose(found.placement.boxes_back(np.array([0, 0, 256, 256.0])), [120, 10, 370, 260], atol=1.5)
    assert found.agreement > 0.9


@pytest.mark.parametrize("other", ["coffee", "chelsea", "rocket"])
def test_another_picture_agrees_nowhere(other):
    picture = getattr(skimage.data, other)()[..., 1].astype(np.float32)
    assert register(still(picture[:270, :270]), still(WIDE), [(FACE, FACE)]).agreement < 0.5


def test_flat_and_tiny_pictures_agree_nowhere():
    assert register(still(np.full((40, 60), 9.0, np.float32)), still(WIDE)).agreement < 0.2
    assert register(still(WIDE[:8, :12]), still(WIDE)).agreement == -1
