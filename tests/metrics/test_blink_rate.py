"""Blinks against a count by loops, and eyes against scipy's interpolation, on faces drawn for it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from jaxeval.metrics.blink_rate import blink_rate, eye_openness

FPS = 25.0
RIGHT, LEFT = (33, 133), (362, 263)
SIZE = 96
rate = jax.jit(blink_rate, static_argnames="fps")
openness = jax.jit(eye_openness)


def curve(count=100, blinks=((20, 5), (60, 7)), deep=0.4, seed=0):
    """Two eyes' openness near 0.95 that falls by `deep` for (frame, frames)."""
    values = 0.95 + np.random.default_rng(seed).uniform(-0.02, 0.02, (count, 2))
    for start, frames in blinks:
        values[start : start + frames] -= deep
    return values.astype(np.float32)


def fall_by_loops(values, t, window):
    """The lowest, over all windows around t, of the highest value seen in it; frames that aren't there are shut."""
    highest = []
    for start in range(t - window + 1, t + 1):
        seen = [values[u] for u in range(start, start + window) if 0 <= u < len(values)]
        highest.append(max([-1.0, *seen]))
    return min(highest) - values[t]


def count_by_loops(eyes, fps):
    """A state machine: open until both eyes have fallen by 0.15, shut until one is back at half of it."""
    window = int(0.5 * fps) + 1
    shut, blinks = False, 0
    for t in range(len(eyes)):
        fall = min(fall_by_loops(eyes[:, k].astype(np.float64), t, window) for k in (0, 1))
        if not shut and fall >= 0.15:
            shut, blinks = True, blinks + 1
        elif fall < 0.075:
            shut = False
    return blinks


@pytest.mark.parametrize("frames", [1, 3, 7, 12])
def test_both_blinks_are_counted(frames):
    eyes = curve(blinks=((20, frames), (60, frames)))
    np.testing.assert_allclose([blink_rate(eyes, fps=FPS), rate(eyes, fps=FPS)], 2 * 60 / 4, rtol=1e-6)


@pytest.mark.parametrize(
    ("blinks", "count"),
    [
        ((), 0),
        (((20, 13),), 0),  # over half a second: the eyes are shut
        (((0, 5), (96, 4)), 0),  # cut off by the clip's ends
        (((1, 5), (94, 4)), 2),
        (((40, 4), (46, 4)), 2),  # in quick succession
        (((40, 4), (44, 4)), 1),
    ],
)
def test_what_counts_as_a_blink(blinks, count):
    assert rate(curve(blinks=blinks), fps=FPS) == 15 * count


def test_half_a_blink_a_wink_and_a_slow_turn_are_none():
    assert rate(curve(deep=0.1), fps=FPS) == 0
    wink = curve()
    wink[:, 0] = 0.95
    assert rate(wink, fps=FPS) == 0
    turn = 0.6 + 0.35 * np.cos(2 * np.pi * np.arange(100) / 50)[:, None] * np.ones((1, 2))
    assert rate(turn.astype(np.float32), fps=FPS) == 0


def test_a_lid_that_trembles_counts_once():
    eyes = curve(blinks=((40, 8),))
    eyes[43:45] += 0.28  # open, but not as far as half of the fall
    assert rate(eyes, fps=FPS) == 15


@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_state_machine(seed):
    rng = np.random.default_rng(seed)
    fps = [25.0, 30.0, 12.5, 60.0][seed % 4]
    both = np.convolve(rng.normal(size=154) * 0.3, np.ones(5) / 5, "valid")[:, None]
    eyes = (0.5 + both + rng.normal(size=(150, 2)) * 0.03).clip(-1, 1).astype(np.float32)
    expected = count_by_loops(eyes, fps)
    assert expected
    np.testing.assert_allclose(rate(eyes, fps=fps), expected * 60 * fps / 150, rtol=1e-6)


@pytest.mark.parametrize("length", [50, 77, 100, 128])
@pytest.mark.parametrize("padding", [np.nan, -1.0, 1.0])
def test_padding_is_not_seen(length, padding):
    eyes = curve(128, ((20, 5), (60, 7), (100, 3)))
    padded = np.where(np.arange(128)[:, None] < length, eyes, padding).astype(np.float32)
    alone = rate(eyes[:length], fps=FPS)
    assert alone > 0
    np.testing.assert_allclose(blink_rate(padded, fps=FPS, length=length), alone, rtol=1e-6)
    np.testing.assert_allclose(rate(padded, fps=FPS, length=jnp.int32(length)), alone, rtol=1e-6)


def test_clips_under_two_seconds_have_no_rate():
    eyes = curve()
    assert np.isnan(rate(eyes[:49], fps=FPS))
    assert rate(eyes[:50], fps=FPS) == 30
    assert np.isnan(rate(eyes, fps=FPS, length=jnp.int32(49)))
    assert np.isnan(rate(eyes[:1], fps=FPS))


def test_vmap_is_a_loop_and_the_gradient_is_0():
    batch = np.stack([curve(blinks=((10 * k, 5), (70, 3)), seed=k) for k in range(1, 4)])
    lengths = jnp.array([100, 60, 75], jnp.int32)
    found = jax.vmap(lambda eyes, n: blink_rate(eyes, fps=FPS, length=n))(batch, lengths)
    np.testing.assert_array_equal(
        found, [rate(eyes, fps=FPS, length=n) for eyes, n in zip(batch, lengths, strict=True)]
    )
    np.testing.assert_array_equal(jax.grad(lambda eyes: blink_rate(eyes, fps=FPS))(batch[0]), 0)


def eye(frame, corners, shut):
    """Draw an eye into a grey picture: a bright ellipse with a dark disk, or skin with a line."""
    (x0, y0), (x1, y1) = corners
    x, y = np.meshgrid(np.arange(SIZE) + 0.5, np.arange(SIZE) + 0.5)
    u, v = (x - (x0 + x1) / 2) / (x1 - x0), (y - (y0 + y1) / 2) / (x1 - x0)
    if shut:
        frame[(abs(u) < 0.5) & (abs(v - 0.15) < 0.05)] = 0.2
        return
    frame[(2 * u) ** 2 + (5 * v) ** 2 < 1] = 0.9
    frame[u**2 + v**2 < 0.2**2] = 0.1


def face(count=75, shut=(), seed=0):
    """A clip whose face drifts, its light wavers, and whose eyes are shut in some frames; and its landmarks."""
    rng = np.random.default_rng(seed)
    frames, mesh = np.full((count, SIZE, SIZE), 0.6), np.zeros((count, 468, 3), np.float32)
    for t in range(count):
        place = np.array([5 * np.sin(t / 20), 3 * np.cos(t / 15)])
        for corners, x in ((RIGHT, 22.0), (LEFT, 52.0)):
            ends = np.array([[x, 45], [x + 20, 45]]) + place
            eye(frames[t], ends, t in shut)
            mesh[t, corners, :2] = ends
        frames[t] *= rng.uniform(0.8, 1)
    return (frames[..., None] * np.array([1, 0.9, 0.8])).astype(np.float32), mesh


def eyes_by_scipy(frames, mesh):
    """Each eye's correlation with its median picture, in float64."""
    found = []
    for a, b in (RIGHT, LEFT):
        pictures = []
        for frame, points in zip(frames.astype(np.float64).mean(-1), mesh[..., :2].astype(np.float64), strict=True):
            across = points[263] - points[33]
            v, u = np.meshgrid((np.arange(16) + 0.5) / 16 - 0.5, (np.arange(24) + 0.5) / 24 - 0.5, indexing="ij")
            middle = (points[a] + points[b]) / 2
            x = middle[0] + 0.4 * u * across[0] - 0.26 * v * across[1]
            y = middle[1] + 0.4 * u * across[1] + 0.26 * v * across[0]
            picture = map_coordinates(frame, [y - 0.5, x - 0.5], order=1, mode="nearest").ravel()
            picture = picture - picture.mean()
            pictures.append(picture / np.linalg.norm(picture))
        usual = np.median(pictures, axis=0)
        found.append([np.corrcoef(picture, usual)[0, 1] for picture in pictures])
    return np.stack(found, axis=1)


@pytest.mark.parametrize("count", [6, 7])
def test_openness_is_the_correlation_with_the_median_eye(count):
    frames, mesh = face(count, shut=(3,))
    rng = np.random.default_rng(1)
    frames = (frames + rng.uniform(-0.05, 0.05, frames.shape)).clip(0, 1).astype(np.float32)
    mesh = mesh + rng.normal(size=mesh.shape).astype(np.float32)
    mesh[0, 263, 0] = SIZE + 5  # beyond the frame
    expected = eyes_by_scipy(frames, mesh)
    for function in (eye_openness, openness):
        np.testing.assert_allclose(function(frames, mesh), expected, atol=2e-5)
    np.testing.assert_allclose(openness(frames, mesh[..., :2]), expected, atol=2e-5)


def test_blinks_of_a_drawn_face_are_counted():
    frames, mesh = face(75, shut={*range(20, 24), *range(50, 55)})
    eyes = openness(frames, mesh)
    assert eyes[:20].min() > 0.9
    assert eyes[20:24].max() < 0.6
    assert rate(eyes, fps=FPS) == 40
    assert rate(openness(*face(75)), fps=FPS) == 0


def test_bytes_and_brightness_make_no_difference():
    frames, mesh = face(10, shut=(4, 5))
    levels = np.round(frames * 255).astype(np.uint8)
    np.testing.assert_allclose(openness(levels, mesh), openness(levels.astype(np.float32) / 255, mesh), atol=1e-5)
    np.testing.assert_allclose(openness(0.4 * frames + 0.2, mesh), openness(frames, mesh), atol=2e-5)


@pytest.mark.parametrize("length", [1, 8, 11])
def test_openness_does_not_see_padding(length):
    frames, mesh = face(11, shut=(4, 5))
    inside = np.arange(11) < length
    padded = np.where(inside[:, None, None, None], frames, np.nan), np.where(inside[:, None, None], mesh, np.nan)
    alone = openness(frames[:length], mesh[:length])
    found = openness(*padded, length=jnp.int32(length))
    np.testing.assert_allclose(found[:length], alone, atol=1e-6)
    np.testing.assert_array_equal(found[length:], -1)
    gradient = jax.jit(jax.grad(lambda f: eye_openness(f, padded[1], length=length)[:length].sum()))(padded[0])
    assert np.isfinite(gradient[:length]).all()


def test_openness_under_vmap():
    clips = [face(6, shut=(k,), seed=k) for k in (1, 4)]
    frames, mesh = (np.stack(side) for side in zip(*clips, strict=True))
    np.testing.assert_allclose(jax.vmap(eye_openness)(frames, mesh), [openness(*clip) for clip in clips], atol=1e-6)


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
def test_an_eye_without_contrast_is_at_0(level):
    _, mesh = face(4)
    flat = jnp.full((4, SIZE, SIZE, 3), level)
    np.testing.assert_array_equal(openness(flat, mesh), 0)
    np.testing.assert_array_equal(jax.jit(jax.grad(lambda f: eye_openness(f, mesh).sum()))(flat), 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: blink_rate(jnp.zeros((60, 3)), fps=25.0),
            r"Expected the openness of two eyes \[T, 2\], got \(60, 3\)",
        ),
        (lambda: blink_rate(jnp.zeros((60, 2)), fps=5.0), r"Expected fps >= 10, got 5\.0"),
        (lambda: blink_rate(jnp.zeros((60, 2)), fps=25.0, length=61), r"Expected length in 1\.\.60, got 61"),
        (
            lambda: eye_openness(jnp.zeros((2, 8, 8, 3)), jnp.zeros((2, 478, 3))),
            r"Expected landmarks \[T, 468, 2 or 3\], got \(2, 478, 3\)",
        ),
        (
            lambda: eye_openness(jnp.zeros((3, 8, 8, 3)), jnp.zeros((2, 468, 3))),
            r"Expected frames \[2, H, W, 3\], got \(3, 8, 8, 3\)",
        ),
        (lambda: eye_openness(2 + jnp.zeros((2, 8, 8, 3)), jnp.zeros((2, 468, 3))), r"in \[0, 1\]"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
