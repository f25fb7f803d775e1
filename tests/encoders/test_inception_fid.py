"""FID's Inception-v3 against its twin."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.checkpoints.recipes.inception import INCEPTION_FID
from jaxeval.encoders.inception_fid import InceptionFID
from jaxeval.encoders.operations import resize_bilinear
from jaxeval.errors import JaxevalError

from . import parity

torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
from .twins import inception_fid as twin  # noqa: E402

SHAPE = (1, 299, 299, 3)

module, encoder = parity.fixtures(twin, InceptionFID, INCEPTION_FID)


@pytest.mark.parametrize("shape", [(1, 299, 299), (2, 97, 301)])
def test_features_and_taps_are_the_twins(encoder, module, shape):
    @jax.jit
    def taps(encoder, frames):
        x, found = resize_bilinear(frames, 299) * 2.0 - 1.0, {}
        for name, part in encoder.endpoints():
            x = found[name] = part(x)
        return found, encoder(frames)

    frames = twin.inputs(shape[0], 0, *shape[1:])
    found, features = taps(encoder, jnp.asarray(frames))
    expected = twin.run(module, frames)["features"]
    assert features.shape == (shape[0], 2048)
    assert (expected.std(axis=1) > 0.1).all()  # alive, and not exploded
    assert parity.relative(features, expected) < 1e-5
    for name, tap in twin.taps(module, frames).items():
        assert parity.relative(found[name], tap) < 1e-5, name


SIZES = [(512, 512), (97, 301), (298, 300), (1, 1), (2, 5), (1080, 37), (299, 150), (720, 299)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("height", "width"), SIZES)
def test_resize_is_torch_bilinear_without_antialiasing(height, width, dtype):
    frames = np.random.default_rng(0).random((2, height, width, 3)).astype(dtype)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(frames).permute(0, 3, 1, 2), (299, 299), mode="bilinear", align_corners=False
    )
    with jax.enable_x64(dtype is np.float64):
        found = jax.jit(lambda x: resize_bilinear(x, 299))(jnp.asarray(frames))
        # In double precision PyTorch rounds a position twice, and so each weight to the spacing of positions.
        atol = 4 * np.finfo(dtype).eps if dtype is np.float32 else np.spacing(float(max(height, width)))
        np.testing.assert_allclose(found, expected.permute(0, 2, 3, 1), rtol=0, atol=atol)


def test_resize_does_not_smooth():
    """A lone bright row between those that are looked at leaves no trace: what antialiasing would not do."""
    frames = jnp.zeros((1, 299 * 4, 299, 3)).at[:, 0].set(1.0)
    assert float(resize_bilinear(frames, 299).max()) == 0


def test_in_double_precision_value_and_gradient_are_the_twins(module):
    """In single precision a rounding turns a few of the millions of ReLUs on or off, which a gradient sees."""
    frames = twin.inputs(1, 3, 131, 84).astype(np.float64)
    leaf = torch.tensor(frames, requires_grad=True)
    expected, _ = copy.deepcopy(module).double()(leaf.permute(0, 3, 1, 2))
    (expected**2).sum().backward()
    with jax.enable_x64(True):
        encoder = parity.filled(InceptionFID, INCEPTION_FID, twin.save(module), np.float64)
        parity.assert_value_and_gradient(encoder, frames, expected.detach(), leaf.grad)


def test_a_gradient_may_compute_the_parts_once_more(encoder):
    parity.assert_parts(encoder, SHAPE, len(encoder.endpoints()))


def test_every_product_has_the_precision(encoder):
    # 94 convolutions; those computed as one: four of 1×1 in a block, three in 7c, two in 7a.
    parity.assert_products(encoder, SHAPE, 94 - 8 * 3 - 2 - 1)


def test_a_file_without_counters_and_classifier(encoder, module):
    needed = {
        name: tensor
        for name, tensor in module.state_dict().items()
        if not name.startswith("fc.") and not name.endswith("num_batches_tracked")
    }
    bare = parity.filled(InceptionFID, INCEPTION_FID, parity.saved(needed))
    for ours, theirs in zip(jax.tree.leaves(bare), jax.tree.leaves(encoder), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_file_of_another_network(module):
    tensors = dict(module.state_dict())
    tensors["Mixed_7c.branch3x3_2c.conv.weight"] = tensors.pop("Mixed_7c.branch3x3_2a.conv.weight")
    tensors["Mixed_6b.branch7x7_2.conv.weight"] = tensors["Mixed_6b.branch7x7_2.conv.weight"].mT.contiguous()
    with pytest.raises(JaxevalError) as refusal:
        parity.filled(InceptionFID, INCEPTION_FID, parity.saved(tensors))
    assert "missing Mixed_7c.branch3x3_2a.conv.weight" in str(refusal.value)
    assert "surplus Mixed_7c.branch3x3_2c.conv.weight (384, 384, 1, 3)" in str(refusal.value)
    assert "Mixed_6b.branch7x7_2.conv.weight: expected (128, 128, 1, 7), found (128, 128, 7, 1)" in str(refusal.value)


def original():
    """pytorch-fid's module; None where it, or a torchvision that works with this PyTorch, isn't installed."""
    try:
        from pytorch_fid import inception
    except (ImportError, RuntimeError):  # a torchvision for another PyTorch raises the second
        return None
    return inception


@pytest.mark.skipif(
    original() is None, reason="the original's code is PyPI pytorch-fid, on a torchvision for this PyTorch"
)
def test_the_twin_is_the_original(module, monkeypatch):
    monkeypatch.setattr(original(), "load_state_dict_from_url", lambda *_, **__: module.state_dict())
    frames = twin.inputs(2, 5, 97, 301)
    with torch.inference_mode():
        (features,) = original().InceptionV3().eval()(torch.from_numpy(frames).permute(0, 3, 1, 2))
    assert parity.relative(twin.run(module, frames)["features"], features[:, :, 0, 0]) < 1e-6
