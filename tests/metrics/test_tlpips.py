"""Temporal LPIPS against TecoGAN's loop, and its steps against pairwise calls."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxeval.checkpoints import load_encoder
from jaxeval.metrics.perceptual import lpips
from jaxeval.metrics.tlpips import perceptual_steps, tlpips


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("st_lpips_alex")


@pytest.fixture(scope="module")
def clip():
    """Five smooth frames, of which the third repeats the second."""
    coarse = jnp.asarray(np.random.default_rng(0).uniform(size=(5, 9, 9, 3)), jnp.float32)
    frames = jax.image.resize(coarse, (5, 48, 48, 3), "cubic").clip(0, 1)
    return frames.at[2].set(frames[1])


def steps(seed, count):
    return np.random.default_rng(seed).uniform(0, 0.1, count).astype(np.float32)


def tecogan(x, y):
    """Each step of the result against the same one of the target, then the mean."""
    apart = [abs(float(x[k]) - float(y[k])) for k in range(min(len(x), len(y)))]
    return sum(apart) / len(apart)


def test_steps_are_lpips_of_neighbours(encoder, clip):
    one = jax.jit(lpips)
    expected = [float(one(encoder, clip[k : k + 1], clip[k - 1 : k])[0]) for k in range(1, 5)]
    found = jax.jit(perceptual_steps)(encoder, clip)
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found[1] == 0
    assert found[0] > 0.01


def test_steps_of_bytes(encoder, clip):
    levels = np.asarray(jnp.round(clip * 255)).astype(np.uint8)
    function = jax.jit(perceptual_steps)
    np.testing.assert_allclose(function(encoder, levels), function(encoder, levels.astype(np.float32) / 255), rtol=1e-5)


def test_a_frozen_clip_pays_the_reference_steps(encoder, clip):
    moving = jax.jit(perceptual_steps)(encoder, clip)
    still = jnp.zeros_like(moving)
    assert tlpips(moving, moving) == 0
    np.testing.assert_allclose(tlpips(still, moving), np.asarray(moving, np.float64).mean(), rtol=1e-6)


@pytest.mark.parametrize(("t", "s"), [(1, 1), (1, 5), (20, 20), (31, 20), (20, 31)])
def test_it_is_tecogans_mean(t, s):
    x, y = steps(1, t), steps(2, s)
    np.testing.assert_allclose(tlpips(x, y), tecogan(x, y), rtol=1e-6)
    np.testing.assert_allclose(jax.jit(tlpips)(x, y), tecogan(x, y), rtol=1e-6)
    assert tlpips(x, y) == tlpips(y, x)


@pytest.mark.parametrize("lengths", [(1, 1), (7, 4), (4, 7), (12, 10)])
def test_padding_is_not_seen(lengths):
    x, y = steps(3, 12), steps(4, 10)
    t, s = lengths
    padded = [
        np.where(np.arange(len(z)) < n, z, np.nan).astype(np.float32) for z, n in zip((x, y), lengths, strict=True)
    ]
    alone = tecogan(x[:t], y[:s])
    np.testing.assert_allclose(tlpips(*padded, lengths=lengths), alone, rtol=1e-6)

    @jax.jit
    def traced(x, t, s):
        return tlpips(x, padded[1], lengths=(t, s))

    np.testing.assert_allclose(traced(padded[0], jnp.int32(t), jnp.int32(s)), alone, rtol=1e-6)
    gradient = jax.grad(traced)(padded[0], jnp.int32(t), jnp.int32(s))
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient[min(t, s) :], 0)
    assert np.isnan(traced(padded[0], jnp.int32(0), jnp.int32(s)))


def test_vmap_is_a_loop():
    x, y = (np.stack([steps(seed, 9) for seed in seeds]) for seeds in ((0, 1, 2), (3, 4, 5)))
    lengths = jnp.array([9, 3, 5], jnp.int32)
    found = jax.vmap(lambda a, b, n: tlpips(a, b, lengths=(n, n)))(x, y, lengths)
    expected = [tecogan(a[:n], b[:n]) for a, b, n in zip(x, y, (9, 3, 5), strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_gradient_is_that_of_finite_differences():
    with jax.enable_x64(True):
        arguments = [jnp.asarray(steps(seed, 9), jnp.float64) for seed in (5, 6)]
        check_grads(tlpips, arguments, order=1, modes=("rev", "fwd"), eps=1e-7)


def test_what_has_no_steps_is_refused(encoder):
    with pytest.raises(ValueError, match=r"Expected at least 2 frames \[T, H, W, 3\], got shape \(1, 48, 48, 3\)"):
        perceptual_steps(encoder, jnp.zeros((1, 48, 48, 3)))
    with pytest.raises(ValueError, match=r"Expected perceptual steps \[T - 1\] and \[S - 1\], got \(0,\) and \(3,\)"):
        tlpips(jnp.zeros(0), jnp.zeros(3))
    with pytest.raises(ValueError, match=r"Expected perceptual steps .*, got \(3, 1\) and \(3,\)"):
        tlpips(jnp.zeros((3, 1)), jnp.zeros(3))
    with pytest.raises(ValueError, match=r"Expected lengths\[1\] in 1\.\.3 .*, got 4"):
        tlpips(jnp.zeros(3), jnp.zeros(3), lengths=(3, 4))
