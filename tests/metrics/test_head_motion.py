"""Head motion against NumPy's deviations and scipy's rotations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from scipy.spatial.transform import Rotation

from jaxeval.metrics.head_motion import head_motion
from jaxeval.metrics.motion import euler_angles


def sway(seed=0, count=60, size=5.0, pose=10.0):
    """Angles that wander slowly, about a pose of up to `pose` degrees."""
    rng = np.random.default_rng(seed)
    phase, hertz = rng.uniform(0, 6, 3), rng.uniform(0.2, 1, 3)
    angles = size * np.sin(2 * np.pi * hertz * np.arange(count)[:, None] / 25 + phase)
    return (angles + rng.uniform(-pose, pose, 3)).astype(np.float32)


def deviation(angles):
    return np.sqrt(np.sum(np.var(angles.astype(np.float64), axis=0)))


@pytest.mark.parametrize(("t", "s"), [(60, 60), (2, 2), (40, 75)])
def test_it_is_the_root_of_numpys_variances(t, s):
    x, y = sway(1, t), sway(2, s, 8)
    for function in (head_motion, jax.jit(head_motion)):
        degrees, ratio = function(x, y)
        np.testing.assert_allclose(degrees, deviation(x), rtol=2e-5)
        np.testing.assert_allclose(ratio, deviation(x) / deviation(y), rtol=2e-5)


def test_of_small_turns_it_is_the_angle_to_the_mean_rotation_by_scipy():
    x = sway(3, 100, 3, pose=0)
    turns = Rotation.from_euler("xyz", x, degrees=True)
    angles = np.rad2deg((turns.mean().inv() * turns).magnitude())
    found = head_motion(x, x).degrees
    np.testing.assert_allclose(found, np.sqrt(np.mean(angles**2)), rtol=0.02)


def test_a_tilted_camera_sees_the_same_motion():
    # A roll of the camera by 30° mixes pitch and yaw; the mean of the three deviations would change.
    x = sway(4, 100, 3, pose=0)
    tilted = Rotation.from_euler("z", 30, degrees=True) * Rotation.from_euler("xyz", x, degrees=True)
    y = euler_angles(jnp.asarray(tilted.as_matrix(), jnp.float32))
    assert abs(deviation(x) - deviation(np.asarray(y))) < 0.02 * deviation(x)
    np.testing.assert_allclose(head_motion(y, x).ratio, 1, rtol=0.02)


@pytest.mark.parametrize("offset", [177.0, -180.0, 540.0])
def test_angles_may_wrap(offset):
    x = sway(5, pose=0)
    wrapped = np.mod(x + offset + 180, 360) - 180
    assert deviation(wrapped) > 3 * deviation(x)
    np.testing.assert_allclose(head_motion(wrapped, x), (deviation(x), 1), rtol=1e-4)


def test_twice_the_motion_is_twice_the_ratio():
    x = sway(6)
    np.testing.assert_allclose(head_motion(2 * x, x), (2 * deviation(x), 2), rtol=1e-5)


def test_a_head_that_does_not_move():
    still = jnp.full((30, 3), 0.1)
    degrees, ratio = head_motion(still, sway())
    assert (float(degrees), float(ratio)) == (0, 0)
    degrees, ratio = head_motion(sway(), still)
    assert np.isfinite(degrees)
    assert np.isnan(ratio)


@pytest.mark.parametrize("lengths", [(2, 2), (17, 30), (30, 17)])
def test_padding_is_not_seen(lengths):
    x, y = sway(7, 30), sway(8, 30)
    inside = [np.arange(30)[:, None] < n for n in lengths]
    x_padded, y_padded = (np.where(m, z, np.nan).astype(np.float32) for m, z in zip(inside, (x, y), strict=True))
    expected = deviation(x[: lengths[0]]), deviation(x[: lengths[0]]) / deviation(y[: lengths[1]])
    np.testing.assert_allclose(head_motion(x_padded, y_padded, lengths=lengths), expected, rtol=2e-5)
    traced = jax.jit(lambda x, t, s: head_motion(x, y_padded, lengths=(t, s)))
    np.testing.assert_allclose(traced(x_padded, *map(jnp.int32, lengths)), expected, rtol=2e-5)
    gradient = jax.grad(lambda x: sum(traced(x, *map(jnp.int32, lengths))))(x_padded)
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient[lengths[0] :], 0)


def test_one_frame_has_no_motion():
    x, y = sway(9), sway(10)
    assert np.isnan(head_motion(x[:1], y)).all()
    degrees, ratio = head_motion(x, y[:1])
    assert np.isfinite(degrees)
    assert np.isnan(ratio)
    assert np.isnan(jax.jit(lambda n: head_motion(x, y, lengths=(n, n)))(jnp.int32(1))).all()


def test_vmap_is_a_loop():
    x, y = (np.stack([sway(seed) for seed in seeds]) for seeds in ((0, 1), (2, 3)))
    found = jax.vmap(head_motion)(x, y)
    expected = [[deviation(a), deviation(a) / deviation(b)] for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(np.stack(found, axis=1), expected, rtol=2e-5)


def test_gradient_is_that_of_finite_differences():
    with jax.enable_x64(True):
        arguments = [jnp.asarray(sway(seed, 12), jnp.float64) for seed in (11, 12)]
        check_grads(lambda x, y: sum(head_motion(x, y)), arguments, order=1, modes=("rev", "fwd"))


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"Expected angles \[T, 3\] and \[S, 3\], got \(5, 3\) and \(5, 7\)"):
        head_motion(jnp.zeros((5, 3)), jnp.zeros((5, 7)))
    with pytest.raises(ValueError, match=r"Expected lengths\[0\] in 1\.\.5 .*, got 6"):
        head_motion(jnp.zeros((5, 3)), jnp.zeros((5, 3)), lengths=(6, 5))
