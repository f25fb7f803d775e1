"""BlazeFace against the original network in LiteRT's interpreter."""

import runpy
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.encoders import weighted_non_maximum_suppression

GOLDEN = Path(__file__).parents[1] / "golden"
RECIPE, MODEL = GOLDEN / "make_blaze_face.py", GOLDEN / "face_detection_short_range.tflite"


@pytest.fixture(scope="module")
def detect(trained):
    """From uint8 photographs to ((offsets, logits), detections)."""
    compiled = jax.jit(lambda net, x: (net.raw(x), net(x)))
    return lambda frames: compiled(trained("blaze_face"), jnp.asarray(frames, jnp.float32) / 255)


def test_raw_outputs_are_litert_s(detect, golden):
    data = golden("blaze_face")
    (offsets, logits), _ = detect(data["frames"])
    assert np.abs(offsets - data["offsets"]).max() <= 1e-3  # pixels of 128
    assert np.abs(logits - data["logits"]).max() <= 1e-3


def test_raw_outputs_are_litert_s_live(detect):
    recipe = runpy.run_path(str(RECIPE))
    frames = recipe["photographs"]()
    (offsets, logits), _ = detect(frames)
    for index, frame in enumerate(frames):
        expected = recipe["run"](str(MODEL), frame / np.float32(127.5) - 1)
        assert np.abs(offsets[index] - expected[0]).max() <= 1e-3
        assert np.abs(logits[index] - expected[1]).max() <= 1e-3


def test_one_face_on_each_photograph(detect, golden):
    _, candidates = detect(golden("blaze_face")["frames"])
    faces = jax.vmap(weighted_non_maximum_suppression)(candidates)
    assert (np.count_nonzero(faces.scores, axis=1) == 1).all()
    near, far, _ = faces.boxes[:, 0]
    # The second photograph shows the first one's face at 224 / 512 of its size: the crop was [0:224, 112:336] of 512.
    np.testing.assert_allclose(far[:2], (near[:2] * 224 + np.array([112.0, 0.0], np.float32)) / 512, atol=0.03)
    np.testing.assert_allclose(far[2:] - far[:2], (near[2:] - near[:2]) * 224 / 512, atol=0.03)
    right_eye, left_eye, nose, mouth = faces.keypoints[0, 0, :4]
    assert right_eye[0] < nose[0] < left_eye[0]
    assert max(right_eye[1], left_eye[1]) < nose[1] < mouth[1]
