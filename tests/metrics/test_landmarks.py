"""Landmark distances against the field's evaluation, written as its loops in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxeval.metrics.landmarks import LIPS, lmd, m_lmd

# mediapipe 0.10.21, mediapipe/python/solutions/face_mesh_connections.py, FACEMESH_LIPS
FACEMESH_LIPS = (
    "61-146 146-91 91-181 181-84 84-17 17-314 314-405 405-321 321-375 375-291 61-185 185-40 40-39 39-37 37-0 0-267 "
    "267-269 269-270 270-409 409-291 78-95 95-88 88-178 178-87 87-14 14-317 317-402 402-318 318-324 324-308 78-191 "
    "191-80 80-81 81-82 82-13 13-312 312-311 311-310 310-415 415-308"
)
FUNCTIONS = (lmd, m_lmd)


def faces(seed=0, count=3, dimensions=3):
    x, y = np.random.default_rng(seed).normal(size=(2, count, 468, dimensions)) * 20 + 100
    return x.astype(np.float32), y.astype(np.float32)


def by_loops(x, y, points):
    """Each frame's points centred on their own mean, then the mean of their distances in the picture."""
    result = []
    for a, b in zip(x.astype(np.float64), y.astype(np.float64), strict=True):
        a, b = a[list(points), :2], b[list(points), :2]
        total = 0.0
        for p, q in zip(a - a.mean(axis=0), b - b.mean(axis=0), strict=True):
            total += np.hypot(p[0] - q[0], p[1] - q[1])
        result.append(total / len(points))
    return result


def test_the_lips_are_the_ends_of_mediapipes_connections():
    edges = [tuple(map(int, edge.split("-"))) for edge in FACEMESH_LIPS.split()]
    assert sorted(LIPS) == sorted({end for edge in edges for end in edge})
    # Two closed rings, in the order in which they are connected.
    rings = (LIPS[:20], LIPS[20:])
    steps = [frozenset((ring[k - 1], ring[k])) for ring in rings for k in range(20)]
    assert set(steps) == {frozenset(edge) for edge in edges}


@pytest.mark.parametrize("dimensions", [2, 3])
@pytest.mark.parametrize(("function", "points"), [(lmd, range(468)), (m_lmd, LIPS), (None, (3, 77, 5))])
def test_it_is_the_mean_distance_of_centred_points(function, points, dimensions):
    x, y = faces(1, 3, dimensions)
    found = lmd(x, y, points=points) if function is None else function(x, y)
    np.testing.assert_allclose(found, by_loops(x, y, points), rtol=2e-6)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_where_the_face_is_costs_nothing_and_its_size_does(function):
    x, _ = faces(2)
    np.testing.assert_allclose(function(x + np.float32([7, -4, 50]), x), 0, atol=2e-5)
    larger = x * 1.1
    expected = 0.1 * np.asarray(function(x, x * 0))
    np.testing.assert_allclose(function(larger, x), expected, rtol=1e-4)


def test_where_the_mouth_is_in_the_face_costs_the_face_but_not_the_mouth():
    x, _ = faces(3)
    moved = x.copy()
    moved[:, LIPS, 1] += 5
    np.testing.assert_allclose(m_lmd(moved, x), 0, atol=2e-5)
    share = 40 / 468
    np.testing.assert_allclose(lmd(moved, x), 5 * 2 * share * (1 - share), rtol=1e-4)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_equal_faces_are_at_zero_with_a_finite_gradient(function):
    x, _ = faces(4)
    value, gradient = jax.value_and_grad(lambda a: function(a, x).sum())(x)
    assert value == 0
    np.testing.assert_array_equal(gradient, 0)
    constant = jnp.ones((2, 468, 2))
    assert np.isfinite(jax.grad(lambda a: function(a, constant).sum())(constant)).all()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_jit_vmap_and_gradient(function):
    x, y = faces(5)
    eager = function(x, y)
    np.testing.assert_allclose(jax.jit(function)(x, y), eager, rtol=1e-6)
    np.testing.assert_allclose(jax.vmap(function)(x[:, None], y[:, None])[:, 0], eager, rtol=1e-6)
    with jax.enable_x64(True):
        x, y = jnp.asarray(x, jnp.float64), jnp.asarray(y, jnp.float64)
        assert function(x, y).dtype == jnp.float64
        check_grads(lambda a: function(a, y), (x,), order=1, modes=("rev", "fwd"), eps=1e-6)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_wrong_shapes_are_named(function):
    with pytest.raises(ValueError, match=r"Expected two equal shapes \[T, N, 2 or 3\], got \(2, 468, 3\) and \(3, 468"):
        function(jnp.zeros((2, 468, 3)), jnp.zeros((3, 468, 3)))
    with pytest.raises(ValueError, match=r"\[T, N, 2 or 3\], got \(2, 468, 4\)"):
        function(jnp.zeros((2, 468, 4)), jnp.zeros((2, 468, 4)))


def test_another_set_of_landmarks_is_no_mesh():
    with pytest.raises(ValueError, match="Expected a face mesh of 468 points, got 68"):
        m_lmd(jnp.zeros((2, 68, 2)), jnp.zeros((2, 68, 2)))


@pytest.mark.parametrize("points", [(0, 468), (-1,), (), (0.5,)])
def test_points_that_are_not_there_are_refused(points):
    with pytest.raises(ValueError, match=r"Expected (points in 0\.\.467|the indices of one point or more)"):
        lmd(jnp.zeros((2, 468, 2)), jnp.zeros((2, 468, 2)), points=points)
