"""Faults of the face, on a drawn one: what moves, what stands still, and what is left alone."""

import numpy as np
import pytest

from jaxeval.metrics.landmarks import LIPS
from jaxeval.perturb.face import LEFT_EAR, RIGHT_EAR, mouth_frozen, reshaped
from jaxeval.perturb.picture import noisy

CENTRE, HALF = np.array([64.0, 60.0]), 40.0


def face():
    """Landmarks of a face whose lips lie in a small ring below its middle."""
    rng = np.random.default_rng(0)
    points = CENTRE + rng.uniform(-0.5, 0.5, (468, 2)) * HALF
    points[LEFT_EAR], points[RIGHT_EAR] = CENTRE - np.array([HALF, 0]), CENTRE + np.array([HALF, 0])
    points[10], points[152] = CENTRE - np.array([0, HALF]), CENTRE + np.array([0, HALF])
    angle = np.linspace(0, 2 * np.pi, len(LIPS), endpoint=False)
    points[list(LIPS)] = CENTRE + np.array([0, 18]) + np.stack([12 * np.cos(angle), 4 * np.sin(angle)], axis=1)
    return points


def swaying(count=6):
    """A head that moves right by a pixel a frame over a texture of its own, whose mouth is another grey each frame."""
    rng = np.random.default_rng(1)
    texture = rng.integers(80, 120, (128, 160, 3)).astype(np.uint8)
    frames, faces = [], []
    for t in range(count):
        frame, points = np.roll(texture, t, axis=1), face() + np.array([t, 0])
        x, y = points[list(LIPS)].mean(axis=0).astype(int)
        frame[y - 2 : y + 3, x - 6 : x + 7] = 150 + 10 * t
        frames.append(frame)
        faces.append(points)
    return np.stack(frames), np.stack(faces)


def mouths(frames, faces):
    places = (points[list(LIPS)].mean(axis=0).astype(int) for points in faces)
    return [int(frame[y, x, 0]) for frame, (x, y) in zip(frames, places, strict=True)]


def test_the_mouth_stands_still_and_moves_with_the_head():
    frames, faces = swaying()
    clip = mouth_frozen(frames, faces)
    assert mouths(frames, faces) == [150, 160, 170, 180, 190, 200]
    assert mouths(clip.frames, faces) == pytest.approx([150] * 6, abs=2)
    np.testing.assert_array_equal(clip.lag, 0)


def test_only_from_first_to_last():
    frames, faces = swaying()
    clip = mouth_frozen(frames, faces, first=2, last=4)
    assert mouths(clip.frames, faces) == pytest.approx([150, 160, 170, 170, 170, 200], abs=2)
    for t in (0, 1, 5):
        np.testing.assert_array_equal(clip.frames[t], frames[t])


def test_what_is_far_from_the_mouth_is_left_alone():
    frames, faces = swaying()
    clip = mouth_frozen(frames, faces)
    np.testing.assert_array_equal(clip.frames[:, :40], frames[:, :40])
    np.testing.assert_array_equal(clip.frames[:, :, 130:], frames[:, :, 130:])


def test_another_face_is_the_formulas():
    """A dot on the tip of the nose, the only landmark in reach, against the formula on the dot's own definition."""
    points = np.full((468, 2), -300.0)
    points[4], points[LEFT_EAR], points[RIGHT_EAR] = CENTRE, (-400, 0), (-320, 0)
    y, x = np.mgrid[:128, :160] + 0.5

    def dot(x, y):
        return 255 * np.exp(-((x - CENTRE[0]) ** 2 + (y - CENTRE[1]) ** 2) / 50)

    frame = np.rint(dot(x, y))[..., None].repeat(3, axis=-1).astype(np.uint8)
    moved = reshaped(frame[None], points[None], 0.06).frames[0]
    push = np.exp(-((x - CENTRE[0]) ** 2 + (y - CENTRE[1]) ** 2) / (2 * (0.16 * 80) ** 2))
    expected = dot(x, y - 0.9 * 0.06 * 80 * push)
    np.testing.assert_allclose(moved, expected[..., None].repeat(3, axis=-1), atol=3)
    assert np.abs(moved.astype(float) - frame).max() > 50
    np.testing.assert_array_equal(reshaped(frame[None], points[None], 0.0).frames[0], frame)


def test_noise_has_the_strength_that_is_asked_for():
    grey = np.full((3, 100, 100, 3), 128, np.uint8)
    found = noisy(grey, 12.0, seed=4)
    assert (found.frames.astype(float) - 128).std() == pytest.approx(12, rel=0.02)
    assert (found.frames[0] != found.frames[1]).any()
    np.testing.assert_array_equal(noisy(grey, 0.0).frames, grey)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f, p: mouth_frozen(f, p[:2]), r"Expected landmarks \[6, 468, 2 or 3\]"),
        (lambda f, p: mouth_frozen(f, p, first=4, last=9), "0 <= first <= last < 6, got 4 and 9"),
        (lambda f, p: reshaped(f[0], p, 0.1), "Expected frames of shape"),
        (lambda f, p: noisy(f, -1), "sigma >= 0, got -1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call(*swaying())
