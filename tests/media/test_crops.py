"""Crops: where pixels come from, against direct sampling and analytic pictures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.media.crops import (
    Squares,
    Window,
    face_window,
    resize,
    to_frame,
    warp,
)


def ramp(width: int = 80, height: int = 60) -> np.ndarray:
    """Red is 3x, green is 4y at each pixel's centre: a crop tells where it was taken."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.stack([3 * x, 4 * y, np.zeros_like(x)], -1).round().astype(np.uint8)


@pytest.mark.parametrize("angle", [0.0, 0.3, -1.0])
@pytest.mark.parametrize("side", [8.0, 16.0, 21.0, 34.0])
def test_warp_samples_where_the_matrix_says(angle, side):
    squares = Squares(np.array([[40.0, 30.0]]), np.array([side]), np.array([angle]))
    matrix = squares.matrices(16)[0]
    crop = warp(ramp(), matrix, 16).astype(float)
    grid = np.stack(np.meshgrid(np.arange(16) + 0.5, np.arange(16) + 0.5), -1)
    expected = grid @ matrix[:, :2].T + matrix[:, 2]
    np.testing.assert_allclose(crop[..., :2] / [3, 4], expected, atol=0.5)


def test_warp_is_black_outside():
    matrix = Squares(np.array([[0.0, 0.0]]), np.array([40.0]), np.array([0.0])).matrices(20)[0]
    crop = warp(np.full((60, 80, 3), 200, np.uint8), matrix, 20)
    assert (crop[:9, :9] == 0).all()
    assert (crop[11:, 11:] == 200).all()


@pytest.mark.parametrize("side", [24, 30, 48, 52, 100])
def test_warp_antialiases(side):
    """A checkerboard of single pixels, shrunk, is grey and not a moiré pattern."""
    board = (np.indices((120, 120)).sum(0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, -1)
    matrix = Squares(np.array([[60.0, 60.0]]), np.array([float(side)]), np.array([0.2])).matrices(16)[0]
    crop = warp(board, matrix, 16).astype(float)
    assert abs(crop.mean() - 127.5) < 12
    assert crop.std() < 32


def test_landmarks_go_to_the_frame_and_depth_is_scaled():
    squares = Squares(np.array([[40.0, 30.0]]), np.array([32.0]), np.array([np.pi / 2]))
    points = to_frame(np.array([[[8.0, 8.0, 5.0], [16.0, 8.0, 0.0]]]), squares.matrices(16))
    np.testing.assert_allclose(points, [[[40, 30, 10], [40, 46, 0]]], atol=1e-9)


def test_window_is_the_padded_union_as_a_square():
    boxes = np.array([[30.0, 20.0, 50.0, 45.0], [34.0, 22.0, 54.0, 47.0]])
    window = face_window(boxes, 200, 200, padding=0.25)
    assert window.right - window.left == window.bottom - window.top == round(27 * 1.5)
    assert abs((window.left + window.right) / 2 - 42) <= 0.5


def test_window_stays_inside_the_frame():
    window = face_window(np.array([[-5.0, 2.0, 40.0, 50.0]]), 100, 60, padding=0.25)
    assert window == Window(0, 0, 72, 60)


def test_window_cut_is_antialiased_linear_resizing():
    frame = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    window = Window(10, 20, 82, 83)
    scale = np.array([24 / 63, 24 / 72])
    expected = jax.image.scale_and_translate(
        jnp.asarray(frame, jnp.float32), (24, 24, 3), (0, 1), scale, -scale * [20, 10], "linear", antialias=True
    )
    np.testing.assert_allclose(window.cut(frame, 24), expected, atol=1.01)


def test_resize_leaves_a_frame_of_that_size_alone():
    frame = ramp()
    assert resize(frame, 80, 60) is frame
    assert resize(frame, 40, 20).shape == (20, 40, 3)
