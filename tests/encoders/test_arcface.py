"""ArcFace's networks against their twin, through PyTorch files and through ONNX files of both forms."""

import importlib.util
import io
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxeval.checkpoints.load import array_shapes
from jaxeval.checkpoints.recipe import make_arrays
from jaxeval.checkpoints.recipes.arcface import ARCFACE_R50, ARCFACE_R100, arcface
from jaxeval.encoders.arcface import ArcFace, ArcFaceR50, ArcFaceR100
from jaxeval.encoders.encoder import resize, with_precision, with_remat
from jaxeval.errors import JaxevalError

from . import parity

torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
onnx = pytest.importorskip("onnx", reason="the reader's library comes with the extra `convert`")
from .twins import arcface_r50, arcface_r100  # noqa: E402

TINY = ((16, 2), (24, 1), (32, 3), (48, 1))
"""Four stages as in the real networks, of one block and of more."""

FILES = {
    "PyTorch": lambda module: arcface_r50.save(module)[0],
    "ONNX": lambda module: arcface_r50.save_onnx(module, folded=False),
    "ONNX, folded": lambda module: arcface_r50.save_onnx(module, folded=True),
}


def tiny_network():
    return ArcFace(TINY)


def converted(contents):
    return parity.filled(tiny_network, arcface(TINY), [contents])


@pytest.fixture(scope="module")
def module():
    return arcface_r50.build(0, TINY)


@pytest.fixture(scope="module")
def encoder(module):
    return converted(FILES["PyTorch"](module))


@jax.jit
def maps(encoder, frames):
    """The results of the stem, of every block, and the embedding."""
    found = [encoder.stem_prelu(encoder.stem(frames * 2.0 - 1.0))]
    for block in encoder.blocks:
        found.append(block(found[-1]))
    return *found, encoder(frames)


@pytest.fixture(scope="module")
def r50():
    return arcface_r50.build(0)


def test_r50_is_the_twin_after_every_stage(r50):
    frames = arcface_r50.inputs(2, seed=1)
    encoder = parity.filled(ArcFaceR50, ARCFACE_R50, arcface_r50.save(r50))
    with torch.inference_mode():
        *theirs, embedding = r50(arcface_r50.as_input(frames))
    ours = maps(encoder, jnp.asarray(frames))
    ends = np.cumsum([0, *(blocks for _, blocks in arcface_r50.TABLE)])
    for end, tap in zip(ends, theirs, strict=True):
        assert parity.relative(ours[end], tap.permute(0, 2, 3, 1)) < 1e-5, end
    assert ours[-1].shape == (2, 512)
    assert parity.relative(ours[-1], embedding) < 1e-5


def test_r50_from_an_onnx_file_is_r50_from_a_pytorch_file(r50):
    shapes = array_shapes(nnx.eval_shape(ArcFaceR50))
    ours, theirs = (make_arrays(ARCFACE_R50, [FILES[form](r50)], shapes) for form in ("ONNX, folded", "PyTorch"))
    assert ours.keys() == theirs.keys()
    assert max(parity.relative(ours[name], theirs[name]) for name in ours) < 1e-6


def test_r100_is_the_twin():
    module, frames = arcface_r100.build(0), arcface_r100.inputs(1, seed=1)
    encoder = parity.filled(ArcFaceR100, ARCFACE_R100, arcface_r100.save(module))
    assert parity.relative(parity.run(encoder, frames), arcface_r100.run(module, frames)["embedding"]) < 1e-5


@pytest.mark.parametrize(("network", "size"), [(ArcFaceR50, 174_383_860)])
def test_sizes_are_those_of_the_published_files(network, size):
    """Of w600k_r50.onnx and glintr100.onnx in bytes: four for each number, and less than 1/5000 for names and nodes.

    Normalisations are folded into the convolutions there as here; those that stand alone have four vectors for our two.
    """
    shapes = array_shapes(nnx.eval_shape(network))
    ours = sum(int(np.prod(shape.shape)) for shape in shapes.values())
    alone = sum(shape.shape[0] for name, shape in shapes.items() if name.endswith(("norm.scale", "norm.shift")))
    assert 0 < size / (4 * (ours + alone + 4 * 512)) - 1 < 1 / 5000


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("form", FILES)
def test_every_form_of_file_gives_the_same_network(module, form, count):
    frames = arcface_r50.inputs(count, seed=count)
    expected = arcface_r50.run(module, frames)["embedding"]
    assert parity.relative(parity.run(converted(FILES[form](module)), frames), expected) < 1e-5


def test_the_onnx_files_are_what_they_should_be(module):
    runtime = pytest.importorskip("onnxruntime", reason="runs the ONNX files of the twin, if it is installed")
    frames = arcface_r50.inputs(2, seed=0)
    for form in ("ONNX", "ONNX, folded"):
        session = runtime.InferenceSession(FILES[form](module))
        (found,) = session.run(None, {"data": arcface_r50.as_input(frames).numpy()})
        assert parity.relative(found, arcface_r50.run(module, frames)["embedding"]) < 1e-5


def test_onnx_files_with_another_epsilon():
    module, frames = arcface_r50.build(1, TINY), arcface_r50.inputs(1, seed=1)
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            part.eps = 0.1
    model = onnx.load_model_from_string(FILES["ONNX"](module))
    for node in model.graph.node:
        if node.op_type == "BatchNormalization":
            node.attribute[0].f = 0.1
    found = parity.run(converted(model.SerializeToString()), frames)
    assert parity.relative(found, arcface_r50.run(module, frames)["embedding"]) < 1e-5


def test_files_of_pytorchs_own_exporter(module):
    """It made insightface's files, too."""

    class Embedding(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = module

        def forward(self, x):
            return self.network(x)[-1]

    frames, buffer = arcface_r50.inputs(1, seed=0), io.BytesIO()
    try:
        torch.onnx.export(Embedding().eval(), arcface_r50.as_input(frames), buffer, opset_version=11, dynamo=False)
    except (TypeError, RuntimeError, ImportError) as error:
        pytest.skip(f"this PyTorch no longer has the exporter of scripted modules: {error}")
    found = parity.run(converted(buffer.getvalue()), frames)
    assert parity.relative(found, arcface_r50.run(module, frames)["embedding"]) < 1e-5


def test_the_twin_is_the_original(r50):
    spec = importlib.util.find_spec("bob") and importlib.util.find_spec("bob.bio.face")
    if spec is None:
        pytest.skip("PyPI bob.bio.face, which holds a copy of the original's code, is not installed")
    file = Path(spec.submodule_search_locations[0]) / "pytorch" / "backbones" / "iresnet.py"
    spec = importlib.util.spec_from_file_location("iresnet", file)
    original = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(original)
    network = original.iresnet50()
    network.load_state_dict(r50.state_dict(), strict=True)
    frames = arcface_r50.inputs(2, seed=3)
    with torch.inference_mode():
        expected = network.eval()(arcface_r50.as_input(frames))
    np.testing.assert_array_equal(arcface_r50.run(r50, frames)["embedding"], expected)
    assert original.iresnet100().state_dict().keys() == arcface_r100.build(0).state_dict().keys()


def test_gradient_is_the_twins():
    frames = arcface_r50.inputs(2, seed=4).astype(np.float64)
    module = arcface_r50.build(0, TINY)
    weights = np.random.default_rng(5).normal(size=(2, 512))
    with jax.enable_x64(True):
        encoder = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), converted(FILES["PyTorch"](module)))
        gradient = jax.jit(jax.grad(lambda x, encoder: jnp.vdot(encoder(x), jnp.asarray(weights))))
        ours = gradient(jnp.asarray(frames), encoder)
        less = gradient(jnp.asarray(frames), with_remat(encoder, True))
    x = torch.from_numpy(frames).requires_grad_()
    (module.double()(arcface_r50.as_input(x))[-1] * torch.from_numpy(weights)).sum().backward()
    # Our arrays went through float32, so that a few activations near 0 may fall on the other side of PReLU's corner.
    assert parity.relative(ours, x.grad) < 1e-4
    assert parity.relative(less, ours) < 1e-12


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_gradient_is_finite_on_constant_frames(encoder, value):
    gradient = jax.jit(jax.grad(lambda x, encoder: jnp.sum(encoder(x) ** 2)))
    found = gradient(jnp.full((2, 112, 112, 3), value), encoder)
    assert bool(jnp.isfinite(found).all())
    assert float(jnp.abs(found).max()) > 0


@pytest.mark.parametrize("size", [(57, 91), (224, 113)])
def test_other_sizes_are_resized_first(encoder, size):
    frames = jnp.asarray(np.random.default_rng(0).random((2, *size, 3), np.float32))
    assert parity.relative(parity.run(encoder, frames), parity.run(encoder, resize(frames, 112))) < 1e-6


def test_compiled_mapped_and_fast(encoder):
    frames = jnp.asarray(arcface_r50.inputs(3, seed=6))
    expected = parity.run(encoder, frames)
    mapped = jax.jit(jax.vmap(lambda encoder, frames: encoder(frames), in_axes=(None, 0)))(encoder, frames[:, None])
    assert parity.relative(mapped[:, 0], expected) < 1e-5
    deviation = parity.relative(parity.run(with_precision(encoder, "fast"), frames), expected)
    assert 1e-5 < deviation < 0.05  # bfloat16 has 8 bits


def one_line(match):
    return pytest.raises(JaxevalError, match=rf"\A(?=.*{match})[^\n]*\Z")


@pytest.mark.parametrize("data", [b"", b"<!doctype html><html></html>", b"\n\n<html>", b"glorious"])
def test_files_of_other_kinds_are_refused(data):
    with one_line("Expected a PyTorch state dictionary or an ONNX network, got a file that begins "):
        converted(data)


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize("kept", [0.01, 0.5, 0.999])
def test_files_cut_short_are_refused(module, form, kept):
    data = FILES[form](module)
    with one_line("Expected (a PyTorch state dictionary|an ONNX network)"):
        converted(data[: int(kept * len(data))])


@pytest.mark.parametrize("form", FILES)
def test_networks_of_another_depth_are_refused(form):
    deeper = arcface_r50.build(0, (*TINY[:3], (48, 2)))
    with one_line("layer4.1.conv1.weight" if form == "PyTorch" else "15 3×3 convolutions.*got 17 3×3 convolutions"):
        converted(FILES[form](deeper))


@pytest.mark.parametrize("form", FILES)
def test_networks_of_another_width_are_refused(form):
    wider = arcface_r50.build(0, (*TINY[:3], (56, 1)))
    with one_line(r"layer4.0.conv2.weight: expected \(48, 48, 3, 3\), found \(56, 56, 3, 3\)"):
        converted(FILES[form](wider))


@pytest.mark.parametrize("op", ["Conv", "PRelu", "BatchNormalization", "Gemm"])
def test_a_missing_initialiser_is_told(module, op):
    model = onnx.load_model_from_string(FILES["ONNX, folded"](module))
    lost = next(node for node in model.graph.node if node.op_type == op).input[1]
    kept = [tensor for tensor in model.graph.initializer if tensor.name != lost]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    with one_line(f"a {op} without its weight {lost}"):
        converted(model.SerializeToString())


def test_a_transposed_tensor_is_told(module):
    state = module.state_dict()
    state["fc.weight"] = state["fc.weight"].T.contiguous()
    with one_line(r"fc.weight: expected \(512, 2352\), found \(2352, 512\)"):
        converted(*parity.saved(state))
