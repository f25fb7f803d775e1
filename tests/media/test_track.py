"""Linking detections over time: the main face, gaps, and no delay from smoothing."""

import numpy as np
import pytest

from jaxeval.media.faces import Faces
from jaxeval.media.link import link
from jaxeval.media.track import Squares, select, smoothed, squares_from_landmarks, squares_from_track, track_of


def face(x, y, size, score=0.9):
    box = np.array([x - size / 2, y - size / 2, x + size / 2, y + size / 2])
    eyes = np.array([[x - size / 4, y], [x + size / 4, y]])
    return box, np.concatenate([eyes, np.zeros((4, 2))]), score


def frame(*faces):
    if not faces:
        return Faces(np.zeros((0, 4)), np.zeros((0, 6, 2)), np.zeros(0))
    return Faces(*(np.stack(part) for part in zip(*faces, strict=True)))


def follow(faces):
    return track_of(link(faces)[0])


def test_no_face_at_all():
    assert link([frame(), frame()]) == []


def test_the_larger_face_is_followed_although_detected_second():
    track = follow([frame(face(20, 20, 10, 0.99), face(100 + k, 50, 30, 0.8)) for k in range(20)])
    np.testing.assert_allclose((track.boxes[:, 0] + track.boxes[:, 2])[4:-4] / 2, 100 + np.arange(20)[4:-4], atol=1e-6)


def test_another_persons_face_does_not_fill_a_gap():
    frames = [frame(face(100, 50, 30)) if k % 10 < 7 else frame(face(300, 50, 20)) for k in range(20)]
    track = follow(frames)
    np.testing.assert_array_equal(track.found, [k % 10 < 7 for k in range(20)])
    np.testing.assert_allclose(track.boxes[:, 0], 85, atol=1e-6)


def test_a_weak_detection_goes_on_with_a_track_and_begins_none():
    weak = frame(face(50, 50, 20, 0.45))
    assert link([weak, weak]) == []
    np.testing.assert_array_equal(follow([weak, frame(face(50, 50, 20)), weak]).found, [False, True, True])


def test_a_sure_small_face_is_preferred_to_an_unsure_large_texture():
    track = follow([frame(face(20, 20, 100, 0.52), face(300, 50, 30, 0.9))] * 3)
    np.testing.assert_allclose(track.boxes[:, :2].mean(0), [285, 35])


@pytest.mark.parametrize(
    ("seen", "gap"), [("1111", 0), ("1001", 2), ("0001", 3), ("1000", 3), ("0110", 1), ("1010001", 3)]
)
def test_longest_gap(seen, gap):
    track = follow([frame(face(50, 50, 20)) if c == "1" else frame() for c in seen])
    assert track.longest_gap == gap
    assert len(track.boxes) == len(seen)
    np.testing.assert_allclose(track.boxes, np.tile([40, 40, 60, 60], (len(seen), 1)), atol=1e-6)


def test_gaps_are_interpolated_and_smoothing_delays_nothing():
    frames = [frame(face(50 + 2 * k, 50, 20)) if not 10 <= k < 14 else frame() for k in range(30)]
    middle = follow(frames).boxes[:, [0, 2]].mean(1)
    np.testing.assert_allclose(middle[4:-4], 50 + 2 * np.arange(30)[4:-4], atol=1e-3)


def test_squares_turn_with_the_eyes():
    box, keypoints, score = face(50, 50, 20)
    keypoints[:2] = [[45, 45], [55, 55]]
    squares = squares_from_track(follow([frame((box, keypoints, score))] * 3))
    np.testing.assert_allclose(squares.angle, np.pi / 4)
    np.testing.assert_allclose(squares.side, 33)
    up = 0.045 * 30 * np.sqrt(0.5)  # along the turned vertical, towards the forehead
    np.testing.assert_allclose(squares.center, [[50 + up, 50 - up]] * 3)


@pytest.mark.parametrize("angle", [0.0, 0.5, -0.9])
def test_squares_hold_the_turned_landmarks(angle):
    rng = np.random.default_rng(0)
    points = rng.uniform(-1, 1, (468, 2)) * [40, 20]
    points[33], points[263] = [-30, 0], [30, 0]
    points[:2] = [[-40, -20], [40, 20]]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = np.concatenate([points @ turn.T + [100, 80], np.zeros((468, 1))], -1)[None]
    squares = squares_from_landmarks(landmarks)
    np.testing.assert_allclose(squares.angle, angle, atol=1e-9)
    np.testing.assert_allclose(squares.side, 80 * 1.5, rtol=1e-9)
    np.testing.assert_allclose(squares.center, [[100, 80]], atol=1e-9)


def test_choosing_and_smoothing_squares():
    a, b = (Squares(np.full((4, 2), v), np.full(4, v), np.full(4, v)) for v in (1.0, 2.0))
    chosen = select(np.array([True, False, False, True]), a, b)
    np.testing.assert_array_equal(chosen.side, [1, 2, 2, 1])
    turning = Squares(np.zeros((9, 2)), np.ones(9), np.linspace(3.0, 3.4, 9) % (2 * np.pi))
    np.testing.assert_allclose(smoothed(turning).angle[4], 3.2, atol=1e-6)
