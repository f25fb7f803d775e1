"""Placements against homogeneous coordinates, and what they do to crops and videos."""

from types import SimpleNamespace

import numpy as np
import pytest

from jaxeval.media.crops import Squares, warp
from jaxeval.media.geometry import HERE, Placement, area, common, same_shape

PLACEMENT = Placement((0.5, 1.25), (7.0, -3.0))
WHOLE = np.array([[0.5, 0, 7], [0, 1.25, -3], [0, 0, 1]])


def homogeneous(points):
    return np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1)


def test_points_and_boxes_go_there_and_back():
    points = np.random.default_rng(0).uniform(-50, 50, (4, 3, 2))
    placed = PLACEMENT.points(points)
    np.testing.assert_allclose(placed, (homogeneous(points) @ WHOLE.T)[..., :2])
    np.testing.assert_allclose(PLACEMENT.points_back(placed), points)
    boxes = points.reshape(-1, 4)
    np.testing.assert_allclose(PLACEMENT.boxes(boxes), placed.reshape(-1, 4))
    np.testing.assert_allclose(PLACEMENT.boxes_back(PLACEMENT.boxes(boxes)), boxes)


def test_a_crop_through_a_placement_is_the_product_of_both_maps():
    matrices = np.random.default_rng(0).normal(size=(5, 2, 3))
    full = np.concatenate([matrices, np.tile([[[0, 0, 1.0]]], (5, 1, 1))], axis=1)
    np.testing.assert_allclose(PLACEMENT.matrices(matrices), (WHOLE @ full)[:, :2])


def test_of_a_clip_on_its_own_nothing_changes_by_a_single_bit():
    rng = np.random.default_rng(0)
    matrices, boxes = rng.normal(size=(5, 2, 3)), rng.normal(size=(5, 4))
    assert (HERE.matrices(matrices) == matrices).all()
    assert (HERE.boxes_back(boxes) == boxes).all()
    assert (HERE.points_back(matrices[..., :2]) == matrices[..., :2]).all()


def test_between_takes_one_box_to_the_other():
    a, b = np.array([1.0, 2, 11, 22]), np.array([5.0, 4, 6, 9])
    placement = Placement.between(a, b)
    np.testing.assert_allclose(placement.boxes(a), b)
    assert placement.squash == pytest.approx(0.1 / 0.25)
    assert placement.zoom == pytest.approx((0.1 * 0.25) ** 0.5)


def test_a_squashed_picture_gives_the_same_crop_through_its_placement():
    y, x = np.mgrid[:80, :120] + 0.5
    level = 100 + 50 * np.sin(x / 9) + 50 * np.cos(y / 7)
    frame = np.repeat(level[..., None], 3, axis=2).round().astype(np.uint8)
    squashed = frame.reshape(80, 60, 2, 3).mean(axis=2).round().astype(np.uint8)
    square = Squares(np.array([[60.0, 40.0]]), np.array([48.0]), np.array([0.3])).matrices(48)
    placement = Placement.between(np.array([0, 0, 120, 80.0]), np.array([0, 0, 60, 80.0]))
    straight, through = warp(frame, square[0], 48), warp(squashed, placement.matrices(square)[0], 48)
    assert np.abs(straight.astype(int) - through).max() <= 5


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ((512, 288), (640, 360), True),
        ((854, 480), (1280, 720), True),
        ((426, 240), (480, 270), True),
        ((848, 480), (854, 480), True),
        ((64, 48), (48, 36), True),
        ((16, 9), (17, 9), True),  # as near as whole pixels allow
        ((288, 288), (512, 288), False),
        ((1920, 1080), (1920, 1200), False),
        ((640, 360), (640, 370), False),
    ],
)
def test_shapes_that_are_one_and_that_are_not(a, b, alike):
    assert same_shape(a, b) is same_shape(b, a) is alike


def test_a_squashed_video_is_brought_into_proportion_and_others_are_left_alone():
    frames = np.zeros((3, 40, 30, 3), np.uint8)
    video = SimpleNamespace(width=30, height=40, chunks=lambda n: iter([frames[:n], frames[n:]]))
    boxes = np.array([[10.0, 10, 50, 30]])
    same, placed = Placement((0.5, 0.5), (1.0, 2.0)).proportioned(video, boxes)
    assert same is video
    assert placed.tolist() == [[6, 7, 26, 17]]
    wider, placed = Placement((0.25, 1.0)).proportioned(video, boxes)
    assert [chunk.shape for chunk in wider.chunks(2)] == [(2, 20, 60, 3), (1, 20, 60, 3)]
    assert placed.tolist() == [[5, 5, 25, 15]]  # as wide for its height as in the reference


def test_common_part():
    a, b = np.array([0.0, 0, 10, 10]), np.array([4.0, 5, 20, 8])
    assert common(a, b).tolist() == [4, 5, 10, 8]
    assert area(common(a, b)) == 18
    assert area(common(a, b + 30)) == 0
