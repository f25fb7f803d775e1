"""ST-LPIPS against its authors' distances, and its taps against PyTorch."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.encoders.lpips_alex import TAPS
from jaxeval.encoders.st_lpips_alex import STLPIPSAlex

MIN_SIDE = STLPIPSAlex.min_side


def distance(run, encoder, x, y):
    """The paper's formula in float64 NumPy, from taps."""
    total = 0.0
    for a, b, head in zip(run(encoder, x), run(encoder, y), encoder.heads, strict=True):
        a, b = (np.asarray(tap, np.float64) for tap in (a, b))
        a, b = (tap / (np.sqrt((tap**2).sum(-1, keepdims=True)) + 1e-10) for tap in (a, b))
        total += ((a - b) ** 2 @ np.asarray(head[...], np.float64)).mean(axis=(1, 2))
    return total


def frames_from(array):
    """The reference's `[T, 3, H, W]` in [−1, 1] to `[T, H, W, 3]` in [0, 1]."""
    return (jnp.asarray(array).transpose(0, 2, 3, 1) + 1) / 2


def test_distances_of_noise_are_the_authors(run, trained, golden):
    data = golden("stlpips_alex")
    found = distance(run, trained("st_lpips_alex"), frames_from(data["a"]), frames_from(data["b"]))
    np.testing.assert_allclose(found, data["dist"], rtol=0, atol=1e-5)


@pytest.mark.parametrize(("index", "other"), [*enumerate(["face", "shift", "blur", "noise"])])
def test_distances_of_a_face_are_the_authors(run, trained, golden, index, other):
    data = golden("stlpips_alex")
    found = distance(run, trained("st_lpips_alex"), frames_from(data["face"]), frames_from(data[other]))
    np.testing.assert_allclose(found, data["face_dist"][index], rtol=0, atol=1e-5)


def test_heads_are_weights(trained):
    heads = [head[...] for head in trained("st_lpips_alex").heads]
    assert [head.shape for head in heads] == [(channels,) for channels in TAPS]
    assert all(bool((head >= 0).all()) for head in heads)


@pytest.fixture(scope="module")
def twin():
    pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
    from .twins import st_lpips_alex

    return functools.partial(_taps, st_lpips_alex, st_lpips_alex.build(0))


def _taps(twin, module, frames):
    """`frames` `[T, H, W, 3]` in [0, 1], a tensor; five taps `[T, h, w, c]`."""
    taps = twin.forward_torch(module, frames.permute(0, 3, 1, 2))
    return [tap.permute(0, 2, 3, 1) for tap in taps.values()]


SIZES = [(MIN_SIDE, MIN_SIDE), (22, 23), (37, 64), (64, 41), (96, 96)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_taps_are_the_twins(run, trained, twin, height, width):
    import torch

    frames = np.random.default_rng(height).random((2, height, width, 3), np.float32)
    expected = twin(torch.from_numpy(frames))
    found = run(trained("st_lpips_alex"), jnp.asarray(frames))
    assert [tap.shape[-1] for tap in found] == list(TAPS)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * float(theirs.max()))


@pytest.mark.parametrize(("height", "width"), SIZES[2:3])
def test_gradient_is_the_twins(trained, twin, height, width):
    import torch

    frames = np.random.default_rng(height).random((1, height, width, 3), np.float32)
    tensor = torch.from_numpy(frames).requires_grad_()
    sum((tap**2).mean() for tap in twin(tensor)).backward()
    found = jax.jit(jax.grad(lambda x, net: sum((tap**2).mean() for tap in net(x))))(
        jnp.asarray(frames), trained("st_lpips_alex")
    )
    np.testing.assert_allclose(found, tensor.grad, rtol=0, atol=1e-5 * float(tensor.grad.abs().max()))


def test_small_frames_are_refused(trained):
    with pytest.raises(ValueError, match=r"at least 21×21 pixels, got shape \(1, 20, 64, 3\)"):
        jax.eval_shape(trained("st_lpips_alex"), jax.ShapeDtypeStruct((1, 20, 64, 3), jnp.float32))
