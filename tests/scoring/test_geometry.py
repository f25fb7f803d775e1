"""A pair's geometry and what is said of it, on photographs that were cut, barred and squashed by known numbers."""

from types import SimpleNamespace

import numpy as np
import pytest
import skimage.data
from PIL import Image

from jaxeval.errors import JaxevalError
from jaxeval.media.geometry import Placement
from jaxeval.media.link import Linked
from jaxeval.media.still import StillBuilder
from jaxeval.scoring.geometry import face_flags, geometry_of
from jaxeval.scoring.scan import Scan

WIDE = skimage.data.astronaut()[20:290]  # 512 × 270
FACE = np.array([170.0, 50, 270, 150])


def scan(picture, face=None):
    builder = StillBuilder()
    builder.add(np.repeat(picture[None], 6, axis=0))
    faces = []
    if face is not None:
        faces = [Linked(6)]
        for time in range(6):
            faces[0].add(time, np.asarray(face, float), np.zeros((2, 2)), 0.9)
    height, width, _ = picture.shape
    return Scan(SimpleNamespace(width=width, height=height, path="generated.mp4"), faces, builder.still())


def resized(picture, width, height):
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))


def barred(picture, left=0, top=0):
    return np.pad(picture, ((top, top), (left, left), (0, 0)))


def codes(geometry):
    return [flag.partition(":")[0] for flag in geometry.flags]


REFERENCE = scan(WIDE, FACE)


@pytest.mark.parametrize("size", [(512, 270), (256, 135), (640, 338), (1024, 540)])
def test_clips_of_one_shape_are_resized_as_they_are(size):
    found = geometry_of(scan(resized(WIDE, *size)), REFERENCE)
    assert found.placement == Placement.between(np.array([0, 0, 512, 270]), np.array([0, 0, *size]))
    assert (found.section, found.flags) == (None, ())


@pytest.mark.parametrize("other", [WIDE[20:, 30:], WIDE[:, ::-1], skimage.data.coffee()[:, :, :]])
def test_at_one_shape_nothing_but_bars_is_ever_moved(other):
    found = geometry_of(scan(resized(other, 512, 270), FACE + 20), REFERENCE)
    assert (found.placement, found.section, found.flags) == (Placement(), None, ())


def test_a_cut_out_square():
    found = geometry_of(scan(resized(WIDE[10:260, 120:370], 256, 256), (FACE - [120, 10, 120, 10]) * 1.024), REFERENCE)
    np.testing.assert_allclose(found.section, [120, 10, 370, 260], atol=0.3)
    assert found.placement.zoom == pytest.approx(1.024, abs=0.002)
    assert codes(found) == ["section"]
    assert "x 23–72 %, y 4–96 % of the reference" in found.flags[0]


def test_a_reference_that_is_cut_out():
    found = geometry_of(REFERENCE, scan(WIDE[10:260, 120:370], FACE - [120, 10, 120, 10]))
    assert found.placement == Placement((1, 1), (120, 10))
    assert found.section is None
    assert "x 23–72 %, y 4–96 % of the generated clip" in found.flags[0]


@pytest.mark.parametrize(("left", "top"), [(90, 0), (0, 70)])
def test_bars_that_change_the_shape(left, top):
    found = geometry_of(scan(barred(WIDE, left, top), FACE), REFERENCE)
    assert found.placement == Placement((1, 1), (left, top))
    assert found.section is None
    assert codes(found) == ["bars"]
    assert f"{left or top} pixels" in found.flags[0]


def test_bars_at_the_same_shape():
    found = geometry_of(scan(barred(resized(WIDE, 384, 202), 64, 34), FACE), REFERENCE)
    np.testing.assert_allclose(found.placement.boxes(REFERENCE.still.frame), [64, 34, 448, 236], atol=0.5)
    assert codes(found) == ["bars"]


def test_bars_of_both_clips_are_part_of_both_pictures():
    both = barred(WIDE, 0, 60)
    found = geometry_of(scan(both, FACE), scan(both, FACE))
    assert (found.placement, found.section, found.flags) == (Placement(), None, ())


def test_bars_of_two_thicknesses():
    found = geometry_of(scan(barred(WIDE, 0, 30)), scan(barred(WIDE, 0, 60)))
    np.testing.assert_allclose(found.placement.boxes(np.array([0, 60, 512, 330.0])), [0, 30, 512, 300], atol=0.1)
    assert codes(found) == ["bars", "bars"]


def test_bars_painted_over_the_picture_are_an_error_that_stays():
    painted = WIDE.copy()
    painted[:40] = 0
    found = geometry_of(scan(painted, FACE), REFERENCE)
    assert (found.placement, found.section) == (Placement(), None)
    told = "bars: the generated clip has bars where the other clip shows a picture; scored as they are"
    assert found.flags == (told,)


@pytest.mark.parametrize(("size", "words"), [((270, 270), "0.53 times as wide"), ((512, 160), "0.59 times as high")])
def test_a_squashed_picture(size, words):
    found = geometry_of(scan(resized(WIDE, *size), FACE), REFERENCE)
    assert found.placement == Placement.between(REFERENCE.still.frame, np.array([0, 0, *size]))
    assert found.section is None
    assert codes(found) == ["squashed"]
    assert words in found.flags[0]


def test_a_squashed_picture_in_bars():
    found = geometry_of(scan(barred(resized(WIDE, 512, 202), 0, 34), FACE), REFERENCE)
    np.testing.assert_allclose(found.placement.boxes(REFERENCE.still.frame), [0, 34, 512, 236], atol=0.5)
    assert codes(found) == ["bars", "squashed"]


@pytest.mark.parametrize("face", [None, FACE])
def test_another_picture_of_another_shape_is_refused_with_the_next_step(face):
    other = skimage.data.coffee()[:300, 100:400]
    with pytest.raises(JaxevalError) as refused:
        geometry_of(scan(other, face), REFERENCE)
    text = str(refused.value)
    assert text.startswith(
        "generated.mp4: expected the reference's aspect ratio (512x270) or a crop of its picture, found "
    )
    assert "300x300" in text
    assert text.endswith("crop both clips to the same section.")
    assert "\n" not in text


@pytest.mark.parametrize(("zoom", "said"), [(1.0, False), (1.15, False), (0.87, False), (1.3, True), (0.7, True)])
def test_a_face_of_another_size_at_the_same_shape_is_named(zoom, said):
    flags = face_flags(FACE * zoom, FACE)
    assert len(flags) == said
    assert all(flag.startswith(f"zoomed: the generated clip's face is {zoom:.2f} times as large") for flag in flags)
