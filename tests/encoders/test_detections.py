"""Anchors, decoding and suppression against plain loops in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.encoders.detections import (
    Detections,
    anchor_centers,
    decode,
    intersection_over_union,
    weighted_non_maximum_suppression,
)


def anchors_by_loop():
    for stride, per_cell in ((8, 2), (16, 6)):
        for y in range(128 // stride):
            for x in range(128 // stride):
                for _ in range(per_cell):
                    yield (x + 0.5) * stride / 128, (y + 0.5) * stride / 128


def test_anchors():
    np.testing.assert_array_equal(anchor_centers(), np.array(list(anchors_by_loop()), np.float32))


def test_decoding():
    rng = np.random.default_rng(0)
    raw, logits = rng.normal(0, 30, (2, 896, 16)), rng.normal(0, 150, (2, 896))
    found = jax.jit(decode, static_argnums=2)(jnp.asarray(raw, jnp.float32), jnp.asarray(logits, jnp.float32), 128)
    for frame, index in ((0, 0), (0, 511), (1, 512), (1, 895)):
        anchor = np.array(list(anchors_by_loop()))[index]
        points = raw[frame, index].reshape(8, 2) / 128
        low, high = points[0] + anchor - points[1] / 2, points[0] + anchor + points[1] / 2
        np.testing.assert_allclose(found.boxes[frame, index], [*low, *high], atol=1e-6)
        np.testing.assert_allclose(found.keypoints[frame, index], points[2:] + anchor, atol=1e-6)
    clipped = np.clip(logits, -100, 100)
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp(-clipped)), atol=1e-6)


def iou(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def suppress_by_loop(boxes, keypoints, scores, max_faces, min_score, threshold):
    """MediaPipe's description, list by list."""
    left = [i for i in np.argsort(-scores) if scores[i] >= min_score and (boxes[i, 2:] > boxes[i, :2]).all()]
    while left and max_faces:
        same = [i for i in left if iou(boxes[left[0]], boxes[i]) > threshold]
        weights = scores[same] / scores[same].sum()
        yield weights @ boxes[same], np.tensordot(weights, keypoints[same], 1), scores[left[0]]
        left, max_faces = [i for i in left if i not in same], max_faces - 1


def candidates(seed, count=60):
    rng = np.random.default_rng(seed)
    low = rng.random((count, 2)) * 0.7
    size = rng.uniform(0.05, 0.4, (count, 2)) * rng.choice([1, 1, 1, -1], (count, 1))
    return np.concatenate([low, low + size], axis=1), rng.random((count, 6, 2)), rng.random(count)


def as_detections(arrays):
    return Detections(*(jnp.asarray(array, jnp.float32) for array in arrays))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("max_faces", "min_score", "threshold"), [(8, 0.5, 0.3), (3, 0.2, 0.5), (40, 0.0, 0.1)])
def test_suppression(seed, max_faces, min_score, threshold):
    arrays = candidates(seed)
    suppress = jax.jit(weighted_non_maximum_suppression, static_argnames="max_faces")
    found = suppress(as_detections(arrays), max_faces=max_faces, min_score=min_score, iou=threshold)
    expected = list(suppress_by_loop(*arrays, max_faces, min_score, threshold))
    assert found.boxes.shape == (max_faces, 4)
    assert np.count_nonzero(found.scores) == len(expected)
    for slot, (box, keypoints, score) in enumerate(expected):
        np.testing.assert_allclose(found.boxes[slot], box, atol=1e-6)
        np.testing.assert_allclose(found.keypoints[slot], keypoints, atol=1e-6)
        np.testing.assert_allclose(found.scores[slot], score, atol=1e-6)
    assert all(not np.any(leaf[len(expected) :]) for leaf in found)


def test_no_face_leaves_zeros():
    found = weighted_non_maximum_suppression(as_detections(candidates(0)), min_score=1.1)
    assert all(not np.any(leaf) for leaf in found)


def test_vmap_is_a_loop():
    frames = [as_detections(candidates(seed)) for seed in range(3)]
    batched = jax.vmap(weighted_non_maximum_suppression)(jax.tree.map(lambda *leaves: jnp.stack(leaves), *frames))
    for index, frame in enumerate(frames):
        for a, b in zip(batched, weighted_non_maximum_suppression(frame), strict=True):
            np.testing.assert_allclose(a[index], b, atol=1e-6)


@pytest.mark.parametrize("min_score", [0.5, 1.1])
def test_gradient_is_finite(min_score):
    def total(detections):
        return sum(leaf.sum() for leaf in weighted_non_maximum_suppression(detections, min_score=min_score))

    gradient = jax.grad(total)(as_detections(candidates(1)))
    assert all(bool(jnp.isfinite(leaf).all()) for leaf in gradient)


def test_a_batch_is_refused():
    batch = jax.tree.map(lambda leaf: leaf[None], as_detections(candidates(0)))
    with pytest.raises(ValueError, match=r"Expected one frame's boxes \[N, 4\].* got \(1, 60, 4\), \(1, 60, 6, 2\)"):
        weighted_non_maximum_suppression(batch)


@pytest.mark.parametrize("numbers", [np.asarray, jnp.asarray])
def test_intersection_over_union(numbers):
    a = numbers([0.0, 0.0, 2.0, 2.0])
    others = numbers([[0.0, 0.0, 2.0, 2.0], [5.0, 5.0, 7.0, 7.0], [1.0, 0.0, 3.0, 2.0], [1.0, 1.0, 1.0, 1.0]])
    np.testing.assert_allclose(intersection_over_union(a[None], others), [1, 0, 1 / 3, 0], rtol=1e-6)
    assert intersection_over_union(others[3], others[3]) == 0
