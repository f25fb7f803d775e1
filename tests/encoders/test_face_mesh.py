"""The face mesh against the original network's own interpreter, and its constants against geometry."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

NOSE_TIP, FOREHEAD, CHIN, LEFT_OF_IMAGE_EYE, RIGHT_OF_IMAGE_EYE = 1, 10, 152, 33, 263


@pytest.fixture(scope="module")
def mesh(trained, golden, run):
    return run(trained("face_mesh"), jnp.asarray(golden("face_landmark")["x"]))


def test_landmarks_are_the_originals(mesh, golden):
    expected = golden("face_landmark")["conv2d_20"].reshape(1, 468, 3)
    assert np.abs(mesh.landmarks - expected).max() <= 0.05


def test_presence_is_the_originals(mesh, golden):
    np.testing.assert_allclose(mesh.presence, golden("face_landmark")["conv2d_30"].reshape(1), atol=1e-3)


def test_canonical_face_looks_at_the_viewer(trained):
    canonical = trained("face_mesh").canonical[...]
    assert canonical.shape == (468, 3)
    assert canonical[NOSE_TIP, 2] > canonical[FOREHEAD, 2]
    assert canonical[FOREHEAD, 1] > canonical[CHIN, 1]
    assert canonical[LEFT_OF_IMAGE_EYE, 0] < 0 < canonical[RIGHT_OF_IMAGE_EYE, 0]


def test_weights_are_symmetric(trained):
    canonical = np.asarray(trained("face_mesh").canonical[...])
    weights = np.asarray(trained("face_mesh").procrustes_weights[...])
    assert weights.shape == (468,)
    assert weights.min() == 0 < weights.max()
    for point in np.flatnonzero(weights):
        mirrored = np.abs(canonical - canonical[point] * [-1, 1, 1]).sum(axis=1).argmin()
        assert weights[mirrored] == weights[point]


def misfit(canonical, weights, points):
    """Mean distance that stays after the best rotation, scale and shift, relative to the face's size."""
    x, y = (each - np.average(each, axis=0, weights=weights) for each in (canonical, points))
    rotation, _ = Rotation.align_vectors(y, x, weights=weights)
    turned = rotation.apply(x)
    scale = (weights[:, None] * turned * y).sum() / (weights[:, None] * turned**2).sum()
    return np.linalg.norm(scale * turned - y, axis=1).mean() / np.ptp(y, axis=0).max()


def test_canonical_face_fits_a_real_one_and_not_its_mirror_images(mesh, trained):
    canonical, weights = trained("face_mesh").canonical[...], trained("face_mesh").procrustes_weights[...]
    signs = [signs for signs in itertools.product([1, -1], repeat=3) if np.prod(signs) == 1]
    signs += [[-1, 1, 1], [1, 1, -1]]
    fits = [misfit(np.float64(canonical), np.float64(weights), np.float64(mesh.landmarks[0]) * sign) for sign in signs]
    rotations, mirrored = fits[:4], fits[4:]
    assert max(rotations) < 0.05
    assert min(mirrored) > 2 * max(rotations)
