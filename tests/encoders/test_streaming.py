"""Clips a few frames at a time: the same numbers, one program, no more memory than allowed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.encoders.streaming import encode, frame_bytes
from jaxeval.numerics import chunked_map


@pytest.mark.parametrize("count", range(1, 12))
@pytest.mark.parametrize("size", [1, 3, 4, 20])
def test_every_row_comes_back_once_and_in_order(count, size):
    rows = jnp.arange(2.0 * count).reshape(count, 2)
    seen = []

    def function(few):
        seen.append(few["a"].shape[0])
        return few["a"] * 2, few["a"].sum(axis=1)

    doubled, total = chunked_map(function, {"a": rows}, size)
    np.testing.assert_array_equal(doubled, rows * 2)
    np.testing.assert_array_equal(total, rows.sum(axis=1))
    assert len(seen) == 1
    assert seen[0] <= size


def test_the_gradient_reaches_every_row_once():
    rows = jnp.arange(7.0)
    gradient = jax.grad(lambda x: chunked_map(jnp.square, x, 3).sum())(rows)
    np.testing.assert_array_equal(gradient, 2 * rows)


def test_an_encoder_says_the_same_whole_and_in_parts(trained):
    encoder = trained("blaze_face")
    frames = np.random.default_rng(0).integers(0, 256, (5, 128, 128, 3), np.uint8)
    whole = jax.jit(lambda e, f: e(f))(encoder, frames.astype(np.float32) / 255)
    parts = jax.jit(encode, static_argnames="memory")(encoder, frames, memory=2 * frame_bytes(encoder, (128, 128, 3)))
    for a, b in zip(jax.tree.leaves(parts), jax.tree.leaves(whole), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("name", ["lpips_alex", "st_lpips_alex", "dlib_resnet", "face_mesh", "blaze_face"])
def test_the_estimate_covers_what_is_needed(trained, name):
    encoder, frame = trained(name), (96, 96, 3)
    frames = jax.ShapeDtypeStruct((3, *frame), jnp.float32)
    needed = jax.jit(lambda e, f: e(f)).lower(encoder, frames).compile().memory_analysis().temp_size_in_bytes / 3
    assert needed < frame_bytes(encoder, frame) < 6 * needed


def test_a_long_clip_takes_the_memory_of_its_result(trained):
    encoder = trained("dlib_resnet")
    sizes = []
    for count in (40, 400):
        frames = jax.ShapeDtypeStruct((count, 150, 150, 3), jnp.uint8)
        program = jax.jit(encode, static_argnames="memory").lower(encoder, frames, memory=2**26).compile()
        sizes.append(program.memory_analysis().temp_size_in_bytes)
    assert sizes[0] < 2**26
    assert sizes[1] - sizes[0] < 400 * 128 * 4 * 3
