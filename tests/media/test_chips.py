"""Face chips are those that the networks for identity were trained on."""

from pathlib import Path

import numpy as np
import skimage.data
import skimage.transform

from jaxeval.media.chips import ARCFACE, DLIB
from jaxeval.media.crops import warp


def test_dlib_chip_brings_the_landmarks_to_dlibs_mean_face():
    rng = np.random.default_rng(0)
    face = np.array([[0.86, 0.21], [0.65, 0.23], [0.12, 0.21], [0.33, 0.23], [0.49, 0.63]])
    turn = 3.0 * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    matrix = DLIB.matrices((face * 100 @ turn.T + [50, 20] + rng.normal(size=(5, 2)) * 0.1)[None])[0]
    # With a quarter of padding the unit face takes 100 of the chip's 150 pixels.
    np.testing.assert_allclose(matrix[:, :2], turn, atol=0.05)


def test_dlib_chip_is_dlibs_own():
    """The golden chip is dlib's `get_face_chip` of the astronaut; its landmarks count pixels from 0."""
    golden = np.load(Path(__file__).parents[1] / "golden" / "dlib_resnet.npz")
    matrix = DLIB.matrices(golden["landmarks5"][None] + 0.5)[0]
    chip = warp(skimage.data.astronaut(), matrix, 150).astype(float)
    assert np.abs(chip - golden["images"][2]).mean() < 1
    shifted = [np.abs(np.roll(chip, by, axis) - golden["images"][2]).mean() for axis in (0, 1) for by in (-1, 1)]
    assert min(shifted) > 4


def test_arcface_chip_is_that_of_insightfaces_recipe():
    """Umeyama's similarity onto the template by scikit-image, then bilinear sampling; pixels count from 0 there."""
    template = np.array(
        [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
    )
    # A small face, so that the chip enlarges it: ours would smooth what shrinks.
    landmarks = np.array([[212.0, 123.0], [237.5, 121.0], [226.0, 138.0], [215.0, 152.0], [236.0, 150.0]])
    to_chip = skimage.transform.SimilarityTransform.from_estimate(landmarks, template)
    frame = skimage.data.astronaut()
    expected = 255 * skimage.transform.warp(frame, to_chip.inverse, output_shape=(112, 112), order=1)
    chip = warp(frame, ARCFACE.matrices(landmarks[None] + 0.5)[0], 112).astype(float)
    assert np.abs(chip - expected).mean() < 1
    shifted = [np.abs(np.roll(chip, by, axis) - expected).mean() for axis in (0, 1) for by in (-1, 1)]
    assert min(shifted) > 4


def test_landmarks_are_taken_from_the_mesh_in_the_pictures_order():
    mesh = np.zeros((1, 468, 3))
    mesh[0, [33, 133, 159, 145], 0] = [10, 20, 15, 15]
    mesh[0, [263, 362, 386, 374], 0] = [50, 40, 45, 45]
    mesh[0, [1, 61, 291], 0] = 30, 20, 40
    np.testing.assert_array_equal(ARCFACE.points(mesh)[0, :, 0], [15, 45, 30, 20, 40])
    assert (np.diff(ARCFACE.template[[0, 2, 1], 0]) > 0).all()
