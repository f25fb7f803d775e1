"""Registration: known displacements and scales, under everything that must not disturb them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import affine_transform

from jaxeval.metrics.registration import CONFIDENT, Registration, misregistered, registration
from tests.metrics import fault_material as material
from tests.quickly import QUICKLY

# dx, dy in pixels, scale
MOVES = [(8, 0, 1), (-5.3, 3.7, 1), (0, -8, 1), (0, 0, 0.9), (0, 0, 1.1), (0, 0, 1.035), (6, -4, 0.95), (-3, 8, 1.055)]
HARMLESS = (
    "honest",
    "late by 240 ms",
    "wandering by 20 %",
    "backwards",
    "blurred",
    "noisy",
    "half as far",
    "coded badly",
)
register = jax.jit(registration)


def moved(frames, dx, dy, scale):
    """Every third frame with its middle at (dx, dy) and enlarged about it, by cubic splines, edges repeated."""
    middle = (np.array(frames.shape[1:3]) - 1) / 2
    offset = middle - (middle + np.array([dy, dx])) / scale

    def warp(channel):
        return affine_transform(channel, [1 / scale, 1 / scale], offset, order=3, mode="nearest")

    floats = frames[::3].astype(np.float32)
    warped = [np.stack([warp(frame[..., k]) for k in range(3)], axis=-1) for frame in floats]
    return (np.stack(warped).clip(0, 255) / 255).astype(np.float32)


@pytest.fixture(scope="module", params=["puppet", "carphone"])
def clips(request):
    frames = getattr(material, request.param)()
    found = material.variants(frames) | {"coded badly": material.coded(frames, 40)}
    return {name: found[name] for name in HARMLESS}


@pytest.mark.parametrize("move", MOVES)
def test_known_moves_are_measured(clips, move):
    reference = moved(clips["honest"], 0, 0, 1)
    others = ("late by 240 ms", "blurred", "coded badly")
    for name in ("blurred", others[MOVES.index(move) % 3]):
        found = register(moved(clips[name], *move), reference)
        assert abs(found.dx - move[0]) < 0.5, name
        assert abs(found.dy - move[1]) < 0.5, name
        assert abs(found.scale / move[2] - 1) < 0.01, name
        assert found.confidence > 0.7, name
        assert misregistered(found, *reference.shape[1:3]), name


@pytest.mark.parametrize("name", HARMLESS)
def test_no_alarm_where_nothing_moved(clips, name):
    reference = moved(clips["honest"], 0, 0, 1)
    found = register(moved(clips[name], 0, 0, 1), reference)
    np.testing.assert_allclose([found.dx, found.dy], 0, atol=0.3)
    np.testing.assert_allclose(found.scale, 1, atol=0.005)
    assert found.confidence > (0.95 if name == "honest" else 0.7)
    assert not misregistered(found, *reference.shape[1:3])


def test_other_pictures_are_not_registered():
    puppet, carphone = (
        jnp.asarray(clip()[:3, :144, :144] / 255, jnp.float32) for clip in (material.puppet, material.carphone)
    )
    noise = jax.random.uniform(jax.random.key(0), (3, 144, 144, 3))
    for x, y in ((puppet, carphone), (carphone, puppet), (noise, carphone), (carphone[:, :, ::-1], carphone)):
        found = register(x, y)
        assert found.confidence < CONFIDENT
        assert not misregistered(found, 144, 144)


def test_the_two_directions_are_inverse_and_size_is_no_matter(clips):
    y = moved(clips["honest"], 0, 0, 1)
    x = moved(clips["honest"], 6, -4, 0.95)
    there, back = register(x, y), register(y, x)
    np.testing.assert_allclose(there.scale * back.scale, 1, atol=0.005)
    np.testing.assert_allclose([back.dx, back.dy], [-there.dx / there.scale, -there.dy / there.scale], atol=0.3)
    large = [jax.image.resize(clip[:4], (4, 288, 288, 3), "cubic") for clip in (x, y)]
    twice, factor = register(*large), 288 / y.shape[1]
    np.testing.assert_allclose([twice.dx, twice.dy], [6 * factor, -4 * factor], atol=0.5)
    np.testing.assert_allclose(twice.scale, 0.95, rtol=0.005)


def scene(seed=0, count=2, height=32, width=40):
    rough = jax.random.uniform(jax.random.key(seed), (count, height // 3, width // 3, 3))
    return jax.image.resize(rough, (count, height, width, 3), "cubic")


def test_whole_pixels_on_a_torus():
    y = scene(1, 2, 64, 80)
    window = jnp.asarray(np.hanning(66)[1:-1, None] * np.hanning(82)[None, 1:-1], jnp.float32)[None, :, :, None]
    y = (y - y.mean(axis=(0, 1, 2), keepdims=True)) * window
    found = register(jnp.roll(y, (2, -3), (1, 2)), y)
    np.testing.assert_allclose([found.dy, found.dx], [2, -3], atol=0.3)


def test_ranges_and_lengths_are_no_matter():
    x, y = jnp.roll(scene(2), 2, axis=2), scene(2)
    expected = register(x, y)
    for other in (register(jnp.tile(x, (2, 1, 1, 1)), y), register(x * 255, y * 255), register(0.5 * x + 0.2, y)):
        np.testing.assert_allclose(other, expected, atol=1e-3)
    levels = [jnp.rint(jnp.clip(clip, 0, 1) * 255) for clip in (x, y)]
    as_bytes = register(*(clip.astype(jnp.uint8) for clip in levels))
    np.testing.assert_allclose(as_bytes, register(*levels), atol=1e-3)


def test_jit_vmap_and_gradient():
    y = scene(3)
    several = jnp.stack([jnp.roll(y, 1, axis=2), jnp.roll(y, 2, axis=1)])
    together = jax.jit(jax.vmap(lambda x: registration(x, y)))(several)
    for k, x in enumerate(several):
        np.testing.assert_allclose([value[k] for value in together], register(x, y), atol=1e-3)
    np.testing.assert_allclose(registration(several[0], y), register(several[0], y), atol=1e-3)
    with jax.enable_x64(True):
        x, y = jnp.asarray(several[0], jnp.float64), jnp.asarray(y, jnp.float64)
        direction = jax.random.normal(jax.random.key(0), x.shape, jnp.float64)
        combined = jax.jit(
            jax.value_and_grad(lambda x: jnp.dot(jnp.stack(registration(x, y)), jnp.array([1, 2, 30, 9.0]))),
            compiler_options=QUICKLY,
        )
        ahead, behind = (combined(x + step * direction)[0] for step in (1e-6, -1e-6))
        np.testing.assert_allclose(jnp.vdot(combined(x)[1], direction), (ahead - behind) / 2e-6, rtol=1e-4)


_slope = jax.jit(jax.grad(lambda x, y: sum(registration(x, y))), compiler_options=QUICKLY)


@pytest.mark.parametrize("flat", ["x", "y", "both", "equal"])
def test_flat_and_equal_pictures(flat):
    y = scene(4)
    x = {"x": jnp.full_like(y, 0.5), "y": y, "both": jnp.full_like(y, 0.5), "equal": y}[flat]
    y = y if flat in ("x", "equal") else jnp.full_like(y, 0.25)
    found = register(x, y)
    if flat == "equal":
        np.testing.assert_allclose(found[:3], (0, 0, 1), atol=5e-3)
    else:
        assert not misregistered(found, 32, 40)
        assert np.isfinite(found).all()
    assert np.isfinite(_slope(x, y)).all()


def test_the_limits():
    def found(dx=0.0, dy=0.0, scale=1.0, confidence=0.9):
        return Registration(*map(jnp.float32, (dx, dy, scale, confidence)))

    assert not misregistered(found(3.9), 300, 200)
    assert misregistered(found(-4.1), 300, 200)
    assert misregistered(found(3, -3), 300, 200)
    assert not misregistered(found(scale=1.019), 300, 200)
    assert misregistered(found(scale=1.021), 300, 200)
    assert misregistered(found(scale=0.979), 300, 200)
    assert not misregistered(found(50, 0, 1.1, 0.29), 300, 200)


def test_wrong_shapes_are_named():
    with pytest.raises(
        ValueError, match=r"Expected x \[T, H, W, 3\] and y \[S, H, W, 3\] of one size, got \(1, 16, 16"
    ):
        registration(jnp.zeros((1, 16, 16, 3)), jnp.zeros((1, 16, 17, 3)))
    with pytest.raises(ValueError, match="Expected frames of at least 16x16 pixels"):
        registration(jnp.zeros((1, 15, 16, 3)), jnp.zeros((1, 15, 16, 3)))
