"""Pose and expression: known rotations are read back, rigid motion leaves no expression."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from jaxeval.metrics.motion import (
    Similarity,
    euler_angles,
    expression_trajectory,
    fit_mesh,
    pose_frame,
    pose_trajectory,
    umeyama,
)

rng = np.random.default_rng(0)
CANONICAL = rng.normal(size=(468, 3)).astype(np.float32) * 5
WEIGHTS = rng.uniform(size=468).astype(np.float32)
UPRIGHT = np.array([1, -1, -1], np.float32)


def moved(angles, scale, shift, expression=0.0):
    """Landmarks in image axes of the canonical face under a pose; angles pitch, yaw, roll in degrees."""
    rotation = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    return ((scale * (CANONICAL + expression) @ rotation.T + shift) * UPRIGHT)[None].astype(np.float32)


def fit_by_scipy(v, x, w):
    """scipy's weighted rotation fit, then scale and shift by least squares for this rotation."""
    v_mean, x_mean = w @ v / w.sum(), w @ x / w.sum()
    rotation = Rotation.align_vectors(x - x_mean, v - v_mean, weights=w)[0]
    turned = rotation.apply(v - v_mean)
    scale = (w[:, None] * (x - x_mean) * turned).sum() / (w[:, None] * turned**2).sum()
    return rotation, scale, x_mean - scale * rotation.apply(v_mean)


def by_scipy(landmarks, reference, canonical, weights):
    """Pose `[T, 6]` in the reference's unit and expression `[T, 1404]`, frame by frame in float64."""
    canonical, weights = (np.asarray(array, np.float64) for array in (canonical, weights))

    def fits(mesh):
        return [fit_by_scipy(canonical, points * np.float64(UPRIGHT), weights) for points in mesh]

    scale_0, origin = (np.mean([fit[k] for fit in fits(reference)], axis=0) for k in (1, 2))
    radius = np.sqrt(((canonical - canonical.mean(0)) ** 2).sum(1).mean())
    eyes = np.linalg.norm(canonical[263] - canonical[33])
    poses, expressions = [], []
    for points, (rotation, scale, shift) in zip(landmarks, fits(landmarks), strict=True):
        place = (shift - origin)[:2] / (scale_0 * radius)
        poses.append([*rotation.as_euler("xyz"), np.log(scale / scale_0), *place])
        face = rotation.inv().apply(points * np.float64(UPRIGHT) - shift) / scale
        expressions.append((face - canonical).ravel() / (eyes * np.sqrt(len(canonical))))
    return np.array(poses), np.array(expressions)


@pytest.mark.parametrize("seed", range(4))
def test_umeyama_has_the_least_weighted_error(seed):
    local = np.random.default_rng(seed)
    v, x, w = local.normal(size=(20, 3)), local.normal(size=(20, 3)), local.uniform(size=20)
    rotation, scale, shift = fit_by_scipy(v, x, w)
    with jax.enable_x64(True):
        fit = umeyama(jnp.asarray(v), jnp.asarray(x)[None], jnp.asarray(w))
        np.testing.assert_allclose(fit.rotation[0], rotation.as_matrix(), atol=1e-9)
        np.testing.assert_allclose(fit.scale[0], scale, rtol=1e-9)
        np.testing.assert_allclose(fit.translation[0], shift, atol=1e-9)


def test_umeyama_never_mirrors():
    mirrored = CANONICAL * np.array([-1, 1, 1], np.float32)
    fit = umeyama(jnp.asarray(CANONICAL), jnp.asarray(mirrored)[None], jnp.asarray(WEIGHTS))
    np.testing.assert_allclose(np.linalg.det(np.asarray(fit.rotation[0], np.float64)), 1, atol=1e-5)


@pytest.mark.parametrize("angles", [(0, 0, 0), (10, 0, 0), (0, -25, 0), (0, 0, 40), (12, -20, 7)])
def test_pose_is_read_back(angles):
    landmarks = moved(angles, 3.0, np.array([100.0, -50.0, 4.0]))
    fit = fit_mesh(landmarks, CANONICAL, WEIGHTS)
    np.testing.assert_allclose(euler_angles(fit.rotation)[0], angles, atol=1e-3)
    np.testing.assert_allclose(fit.scale, 3, rtol=1e-5)
    np.testing.assert_allclose(fit.translation[0], [100, -50, 4], atol=1e-3)


def test_pose_units():
    """A radian, a factor e and a radius each count 1."""
    rest = fit_mesh(moved((0, 0, 0), 2.0, np.zeros(3)), CANONICAL, WEIGHTS)
    unit = pose_frame(rest, jnp.asarray(CANONICAL))
    radius = np.sqrt(((CANONICAL - CANONICAL.mean(0)) ** 2).sum(1).mean())
    cases = [
        ((0, 0, 57.29578), 2.0, np.zeros(3), [0, 0, 1, 0, 0, 0]),
        ((0, 0, 0), 2.0 * np.e, np.zeros(3), [0, 0, 0, 1, 0, 0]),
        ((0, 0, 0), 2.0, np.array([2 * radius, 0, 0]), [0, 0, 0, 0, 1, 0]),
    ]
    for angles, scale, shift, expected in cases:
        fit = fit_mesh(moved(angles, scale, shift), CANONICAL, WEIGHTS)
        np.testing.assert_allclose(pose_trajectory(fit, unit)[0], expected, atol=2e-5)


@pytest.mark.parametrize("angles", [(0, 0, 0), (12, -20, 7)])
def test_rigid_motion_has_no_expression(angles):
    landmarks = moved(angles, 3.0, np.array([100.0, -50.0, 4.0]))
    fit = fit_mesh(landmarks, CANONICAL, WEIGHTS)
    np.testing.assert_allclose(expression_trajectory(landmarks, CANONICAL, fit), 0, atol=1e-6)


def test_expression_is_the_mean_squared_displacement_in_eye_distances():
    displacement = rng.normal(size=(468, 3)) * 0.1
    rest, moving = (moved((5, 10, -3), 4.0, np.ones(3), e) for e in (0.0, displacement))
    fit = fit_mesh(rest, CANONICAL, WEIGHTS)
    a, b = (np.asarray(expression_trajectory(x, CANONICAL, fit), np.float64) for x in (rest, moving))
    eyes = np.linalg.norm(CANONICAL[263] - CANONICAL[33])
    np.testing.assert_allclose(((a - b) ** 2).sum(), (displacement**2).sum(1).mean() / eyes**2, rtol=1e-4)


def test_pose_and_expression_of_faces_that_speak_and_move_are_scipys():
    local = np.random.default_rng(1)
    angles, shifts = local.uniform(-30, 30, (6, 3)), local.normal(size=(6, 3)) * 20
    faces = [moved(angles[k], 3 + k / 5, shifts[k], local.normal(size=(468, 3)) * 0.2) for k in range(6)]
    x, y = np.concatenate(faces[:3]), np.concatenate(faces[2:])
    fit, rest = (fit_mesh(side, CANONICAL, WEIGHTS) for side in (x, y))
    pose, expression = by_scipy(x, y, CANONICAL, WEIGHTS)
    found = pose_trajectory(fit, pose_frame(rest, jnp.asarray(CANONICAL)))
    np.testing.assert_allclose(found, pose, atol=1e-5)
    np.testing.assert_allclose(expression_trajectory(x, CANONICAL, fit), expression, atol=1e-6)


def test_jit_and_gradient():
    landmarks = jnp.asarray(np.concatenate([moved((5, 10, -3), 4.0, np.ones(3)), moved((0, 2, 1), 3.0, np.zeros(3))]))

    def energy(x):
        fit = fit_mesh(x, CANONICAL, WEIGHTS)
        unit = pose_frame(fit, jnp.asarray(CANONICAL))
        return jnp.sum(pose_trajectory(fit, unit) ** 2) + jnp.sum(expression_trajectory(x, CANONICAL, fit) ** 2)

    np.testing.assert_allclose(jax.jit(energy)(landmarks), energy(landmarks), rtol=1e-4, atol=1e-6)
    assert np.isfinite(jax.grad(energy)(landmarks)).all()


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"Expected source \[N, 3\], target \[T, N, 3\], weights \[N\], got \(4, 3\)"):
        umeyama(jnp.zeros((4, 3)), jnp.zeros((2, 5, 3)), jnp.ones(4))


def test_similarity_is_a_pytree():
    fit = Similarity(jnp.zeros((1, 3, 3)), jnp.ones(1), jnp.zeros((1, 3)))
    assert len(jax.tree.leaves(fit)) == 3
