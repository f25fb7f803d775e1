"""Real faces are found where they are, at every size, and nothing is found where there is none."""

import numpy as np
import pytest
import skimage.data
from PIL import Image

from jaxeval.checkpoints import load_encoder
from jaxeval.media.faces import detect_faces

# Read off the photograph by eye: eyes and the tip of the nose, within a few pixels.
EYES = np.array([[204, 103], [246, 104]])


@pytest.fixture(scope="module")
def detector():
    return load_encoder("blaze_face")


@pytest.fixture(scope="module")
def astronaut():
    return skimage.data.astronaut()


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0, 1.5])
def test_the_astronaut_is_found_at_any_size(detector, astronaut, scale):
    side = round(512 * scale)
    (found,) = detect_faces(detector, np.asarray(Image.fromarray(astronaut).resize((side, side)))[None])
    assert (found.scores >= 0.5).sum() == 1
    np.testing.assert_allclose(found.keypoints[0, :2], EYES * scale, atol=6 * scale)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (900, 100), (400, 300)])
def test_a_small_face_in_a_wide_frame_is_found_by_tiles(detector, astronaut, left, top):
    frame = np.full((720, 1280, 3), 90, np.uint8)
    frame[top : top + 300, left : left + 300] = np.asarray(Image.fromarray(astronaut).resize((300, 300)))
    (found,) = detect_faces(detector, frame[None])
    assert found.scores[0] == found.scores.max()
    np.testing.assert_allclose(found.keypoints[0, :2], EYES * 300 / 512 + [left, top], atol=6)


def test_two_faces_are_both_found(detector, astronaut):
    frame = np.concatenate([astronaut[:300, 80:380], astronaut[:300, 80:380]], axis=1)
    (found,) = detect_faces(detector, frame[None])
    assert (found.scores >= 0.5).sum() == 2


@pytest.mark.parametrize("picture", ["noise", "flat", "coffee", "chequers"])
def test_nothing_is_found_where_there_is_no_face(detector, picture):
    frame = {
        "noise": lambda: np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8),
        "flat": lambda: np.full((240, 320, 3), 128, np.uint8),
        "coffee": skimage.data.coffee,
        "chequers": lambda: (np.indices((240, 320)).sum(0) // 16 % 2 * 255).astype(np.uint8)[..., None].repeat(3, -1),
    }[picture]()
    (found,) = detect_faces(detector, frame[None])
    assert not (found.scores >= 0.5).any()
