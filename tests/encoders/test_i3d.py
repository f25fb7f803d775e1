"""I3D against its twin."""

import copy
import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from jaxeval.checkpoints.recipes.i3d import I3D as RECIPE
from jaxeval.encoders.i3d import I3D, LAYERS, ClipConv, Pool
from jaxeval.encoders.operations import resize_bilinear
from jaxeval.errors import JaxevalError

from . import parity

torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
from .twins import i3d as twin  # noqa: E402

SHAPE = (1, 16, 224, 224, 3)

module, encoder = parity.fixtures(twin, I3D, RECIPE)


@pytest.mark.parametrize(("count", "frames"), [(1, 16), (2, 9)])
def test_logits_and_taps_are_the_twins(encoder, module, count, frames):
    @jax.jit
    def taps(encoder, clips):
        x, found = clips * 2.0 - 1.0, {}
        for (name, _), layer in zip(LAYERS, encoder.layers, strict=True):
            x = found[name] = layer(x)
        return found, encoder(clips)

    clips = twin.inputs(count, 0, frames)
    found, logits = taps(encoder, jnp.asarray(clips))
    expected = twin.run(module, clips)["logits"]
    assert logits.shape == (count, 400)
    assert (expected.std(axis=1) > 0.1).all()  # alive, and not exploded
    assert parity.relative(logits, expected) < 1e-5
    for name, tap in twin.taps(module, clips).items():
        assert parity.relative(found[name], tap) < 1e-5, name


def test_long_clips_of_another_size(encoder, module):
    """Three time steps at the end, so two logits are averaged; frames are resized first."""
    clips = np.random.default_rng(1).random((1, 17, 37, 90, 3), np.float32)
    resized = np.array(resize_bilinear(jnp.asarray(clips[0]), 224))[None]
    assert parity.relative(parity.run(encoder, clips), twin.run(module, resized)["logits"]) < 1e-5


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 1), (3, 2), (7, 2)])
@pytest.mark.parametrize("shape", [(4, 6, 8), (5, 7, 9), (1, 2, 3)])
def test_a_convolution_of_clips_is_three_dimensional(size, stride, shape):
    rng = np.random.default_rng(0)
    conv = ClipConv(5, 4, size, stride)
    conv.kernel[...] = jnp.asarray(rng.normal(size=conv.kernel.shape), jnp.float32)
    conv.bias[...] = jnp.asarray(rng.normal(size=4), jnp.float32)
    x = jnp.asarray(rng.normal(size=(2, *shape, 5)), jnp.float32)
    axes = ("NDHWC", "HWDIO", "NDHWC")
    expected = lax.conv_general_dilated(
        x, conv.kernel[...], (stride,) * 3, "SAME", dimension_numbers=axes, precision="highest"
    )
    assert parity.relative(conv(x), expected + conv.bias[...].reshape(1, 1, 1, 1, 4)) < 1e-6


POOLS = [numbers for name, numbers in LAYERS if name.startswith("MaxPool3d")] + [((3, 3, 3), (1, 1, 1))]


@pytest.mark.parametrize(("window", "stride"), POOLS)
@pytest.mark.parametrize("shape", [(4, 6, 8), (5, 7, 9), (1, 2, 3)])
def test_pools_of_what_is_never_negative_pad_with_zeros(window, stride, shape):
    x = np.maximum(np.random.default_rng(0).normal(size=(2, *shape, 3)), 0).astype(np.float32)
    padded = twin.same(torch.from_numpy(x).permute(0, 4, 1, 2, 3), window, stride)
    expected = torch.nn.functional.max_pool3d(padded, window, stride)
    np.testing.assert_array_equal(Pool(window, stride)(jnp.asarray(x)), expected.permute(0, 2, 3, 4, 1))


def test_in_double_precision_value_and_gradient_are_the_twins(module):
    """In single precision a rounding turns a few of the millions of ReLUs on or off, which a gradient sees."""
    clips = twin.inputs(1, 3, 9).astype(np.float64)
    leaf = torch.tensor(clips, requires_grad=True)
    expected, _ = copy.deepcopy(module).double()(leaf.permute(0, 4, 1, 2, 3))
    (expected**2).sum().backward()
    with jax.enable_x64(True):
        encoder = parity.filled(I3D, RECIPE, twin.save(module), np.float64)
        parity.assert_value_and_gradient(encoder, clips, expected.detach(), leaf.grad)


def test_a_gradient_may_compute_the_parts_once_more(encoder):
    parity.assert_parts(encoder, SHAPE, len(LAYERS))


def test_every_product_has_the_precision(encoder):
    # A block's three convolutions of x are one product.
    parity.assert_products(encoder, SHAPE, 3 + 9 * 4 + 1)


def refuse(encoder, shape, dtype=jnp.float32):
    return jax.eval_shape(encoder, jax.ShapeDtypeStruct(shape, dtype))


@pytest.mark.parametrize("shape", [(16, 224, 224, 3), (1, 16, 224, 224), (1, 3, 16, 224, 224), (1, 16, 224, 224, 4)])
def test_wrong_shapes_are_refused_while_tracing(encoder, shape):
    with pytest.raises(ValueError, match=rf"Expected clips \[N, F, H, W, 3\] for i3d, got shape \({shape[0]}, "):
        refuse(encoder, shape)


def test_short_clips_and_bytes_are_refused_while_tracing(encoder):
    with pytest.raises(ValueError, match=r"clips of at least 9 frames for i3d, got shape \(1, 8, 224, 224, 3\)"):
        refuse(encoder, (1, 8, 224, 224, 3))
    with pytest.raises(ValueError, match=r"Expected floating-point frames in \[0, 1\] for i3d, got uint8"):
        refuse(encoder, (1, 16, 224, 224, 3), jnp.uint8)


def test_a_file_of_another_network(module):
    tensors = dict(module.state_dict())
    tensors["Mixed_4b.b9.conv3d.weight"] = tensors.pop("Mixed_4b.b0.conv3d.weight")
    tensors["Mixed_5c.b1b.conv3d.weight"] = tensors["Mixed_5c.b1b.conv3d.weight"].transpose(0, 1).contiguous()
    with pytest.raises(JaxevalError) as refusal:
        parity.filled(I3D, RECIPE, parity.saved(tensors))
    assert "missing Mixed_4b.b0.conv3d.weight" in str(refusal.value)
    assert "surplus Mixed_4b.b9.conv3d.weight (192, 480, 1, 1, 1)" in str(refusal.value)
    assert "Mixed_5c.b1b.conv3d.weight: expected (384, 192, 3, 3, 3), found (192, 384, 3, 3, 3)" in str(refusal.value)


@pytest.mark.skipif(
    importlib.util.find_spec("cdfvd") is None, reason="the original's code comes with `pip install --no-deps cd-fvd`"
)
def test_the_twin_is_the_original(module):
    from cdfvd.third_party.i3d.pytorch_i3d import InceptionI3d

    original = InceptionI3d(400).eval()
    original.load_state_dict(module.state_dict(), strict=True)
    for part in original.modules():
        if isinstance(part, torch.nn.BatchNorm3d):
            part.eps = 1e-3  # this copy has 1e-5, the port that it is a copy of 1e-3
    clips = twin.inputs(2, 5, 13)
    with torch.inference_mode():
        logits = original(2 * torch.from_numpy(clips).permute(0, 4, 1, 2, 3) - 1)
    assert parity.relative(twin.run(module, clips)["logits"], logits) < 1e-6
