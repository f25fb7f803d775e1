"""LPIPS's and ST-LPIPS's networks against PyTorch, against the packages' own distances, and under jaxeval.lpips."""

import copy
import functools
import os
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import jaxeval
from jaxeval.checkpoints.load import array_shapes
from jaxeval.checkpoints.recipe import make_arrays
from jaxeval.checkpoints.recipes import lpips as recipes
from jaxeval.checkpoints.recipes.lpips import LPIPS_ALEX, LPIPS_SQUEEZE, LPIPS_VGG
from jaxeval.checkpoints.recipes.st_lpips import ST_LPIPS_VGG
from jaxeval.encoders.encoder import with_precision, with_remat
from jaxeval.encoders.lpips_alex import LPIPSAlex
from jaxeval.encoders.lpips_squeeze import LPIPSSqueeze
from jaxeval.encoders.lpips_vgg import LPIPSVGG
from jaxeval.encoders.st_lpips_vgg import STLPIPSVGG
from jaxeval.errors import JaxevalError

torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")

from .parity import filled, relative  # noqa: E402
from .twins import lpips_alex, lpips_squeeze, lpips_vgg, st_lpips_vgg  # noqa: E402

NETWORKS = {
    "lpips_alex": (LPIPSAlex, LPIPS_ALEX, lpips_alex),
    "lpips_vgg": (LPIPSVGG, LPIPS_VGG, lpips_vgg),
    "lpips_squeeze": (LPIPSSqueeze, LPIPS_SQUEEZE, lpips_squeeze),
    "st_lpips_vgg": (STLPIPSVGG, ST_LPIPS_VGG, st_lpips_vgg),
}
run = jax.jit(lambda encoder, frames: encoder(frames))
lpips, lpips_matrix = jax.jit(jaxeval.lpips), jax.jit(jaxeval.lpips_matrix)
gradient = jax.jit(jax.grad(lambda frames, encoder: sum((tap**2).mean() for tap in encoder(frames))))
every_network = pytest.mark.parametrize("name", NETWORKS)


@functools.cache
def built(name):
    """The twin, and ours of the twin's file."""
    encoder, recipe, twin = NETWORKS[name]
    module = twin.build(seed=0)
    return module, filled(encoder, recipe, twin.save(module))


def frames_of(name, count, height, width, seed=0):
    return NETWORKS[name][2].inputs(count, seed, height, width)


SIZES = [(1, 0, 0), (3, 1, 14), (2, 20, 33)]
"""(frames, rows and columns beyond the least)."""


@pytest.mark.parametrize(("count", "rows", "columns"), SIZES)
@every_network
def test_taps_are_the_twins(name, count, rows, columns):
    module, encoder = built(name)
    frames = frames_of(name, count, encoder.min_side + rows, encoder.min_side + columns)
    expected = NETWORKS[name][2].run(module, frames)
    for ours, theirs in zip(run(encoder, frames), expected.values(), strict=True):
        assert relative(ours, theirs) <= 1e-5


@every_network
def test_gradient_is_the_twins(name):
    """In float64: in float32 a few of the many ReLUs and maxima near a tie would decide otherwise."""
    module, encoder = built(name)
    frames = frames_of(name, 1, 33, 42).astype(np.float64)
    tensor = torch.from_numpy(frames).requires_grad_()
    sum((tap**2).mean() for tap in copy.deepcopy(module).double()(tensor.permute(0, 3, 1, 2))).backward()
    with jax.enable_x64(True):
        double = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), encoder)
        # All networks are one class's slices, so that one of them tells whether computing them twice changes anything.
        for remat in (False, True) if name == "lpips_alex" else (False,):
            found = gradient(frames, with_remat(double, remat))
            assert found.dtype == np.float64
            assert relative(found, tensor.grad.numpy()) <= 1e-6


@every_network
def test_gradient_of_the_distance_is_finite_on_constant_and_equal_frames(name):
    noise = frames_of(name, 1, 32, 40)[0]
    black, grey, white = (np.full_like(noise, value) for value in (0.0, 0.5, 1.0))
    x, y = jnp.stack([black, grey, white, noise, black]), jnp.stack([black, grey, white, noise, white])
    found = jax.jit(jax.grad(lambda x, y, encoder: jaxeval.lpips(encoder, x, y).sum(), (0, 1)))(x, y, built(name)[1])
    assert all(bool(jnp.isfinite(part).all()) for part in found)
    assert float(jnp.abs(found[0][4]).max()) > 0


@every_network
def test_double_precision_and_vmap(name):
    encoder = built(name)[1]
    frames = frames_of(name, 2, 33, 42)
    expected = run(encoder, frames)
    mapped = jax.jit(jax.vmap(lambda encoder, frames: encoder(frames), in_axes=(None, 0)))(encoder, frames[:, None])
    with jax.enable_x64(True):
        double = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), encoder)
        doubled = run(double, frames.astype(np.float64))
        assert all(tap.dtype == np.float64 for tap in doubled)
    for tap, each, wide in zip(expected, mapped, doubled, strict=True):
        assert relative(each[:, 0], tap) <= 1e-5
        assert relative(tap, wide) <= 1e-5


def products(jaxpr):
    """Types of the operands of every convolution in a program, those of its sub-programs included."""
    for equation in jaxpr.eqns:
        if equation.primitive.name == "conv_general_dilated":
            yield {operand.aval.dtype.name for operand in equation.invars}
        for value in equation.params.values():
            if hasattr(value, "jaxpr"):
                yield from products(value.jaxpr)


@every_network
def test_fast_mode_reaches_every_convolution(name):
    module, encoder = built(name)
    frames = jnp.asarray(frames_of(name, 1, 32, 32))
    for precision, dtype in (("reference", "float32"), ("fast", "bfloat16")):
        program = jax.make_jaxpr(lambda encoder, frames: encoder(frames))(with_precision(encoder, precision), frames)
        found = list(products(program.jaxpr))
        assert len(found) == sum(isinstance(layer, torch.nn.Conv2d) for layer in module.modules()) - (
            5 if name == "st_lpips_vgg" else 0  # its heads are convolutions there
        )
        assert all(operands == {dtype} for operands in found)


@every_network
def test_small_frames_are_refused(name):
    encoder = built(name)[1]
    side = encoder.min_side
    with pytest.raises(ValueError, match=rf"at least {side}×{side} pixels, got shape \(1, {side - 1}, 64, 3\)"):
        jax.eval_shape(encoder, jax.ShapeDtypeStruct((1, side - 1, 64, 3), jnp.float32))


def tap_distances(encoder, x, y):
    """`[T, taps]`, the paper's formula in float64 NumPy."""
    found = []
    for a, b, head in zip(run(encoder, x), run(encoder, y), encoder.heads, strict=True):
        a, b = (np.asarray(tap, np.float64) for tap in (a, b))
        a, b = (tap / (np.sqrt((tap**2).sum(-1, keepdims=True)) + 1e-10) for tap in (a, b))
        found.append(((a - b) ** 2 @ np.asarray(head[...], np.float64)).mean(axis=(1, 2)))
    return np.stack(found, axis=-1)


def in_frames(images):
    """The references' `[T, 3, H, W]` in [−1, 1]."""
    return jnp.asarray((images.transpose(0, 2, 3, 1) + 1) / 2)


@pytest.mark.parametrize("name", ["lpips_alex", "lpips_vgg", "lpips_squeeze"])
def test_distances_are_the_packages(name, golden):
    """Every tap's, with the real heads; and their sum by jaxeval.lpips. The pairs are those of make_lpips.py."""
    encoder, expected = built(name)[1], golden("lpips")[name.removeprefix("lpips_")]
    images = golden("stlpips_alex")
    face, *others = (images[name][..., 62:162, 62:162] for name in ("face", "shift", "blur", "noise"))
    x = in_frames(np.concatenate([face.repeat(3, axis=0), images["a"]]))
    y = in_frames(np.concatenate([*others, images["b"]]))
    np.testing.assert_allclose(tap_distances(encoder, x, y), expected, rtol=1e-5)
    np.testing.assert_allclose(lpips(encoder, x, y), expected.sum(axis=1), rtol=1e-5)


@every_network
def test_matrix_is_the_pairwise_distances(name):
    encoder = built(name)[1]
    x, y = (jnp.asarray(frames_of(name, count, 33, 42, seed)) for count, seed in ((3, 1), (2, 2)))
    x = x.at[1].set(0.9 * y[1] + 0.1 * x[1])
    rows, columns = jnp.repeat(x, 2, axis=0)[:5], jnp.tile(y, (3, 1, 1, 1))[:5]
    pairs = lpips(encoder, rows, columns)
    np.testing.assert_allclose(lpips_matrix(encoder, x, y).reshape(-1)[:5], pairs, rtol=1e-4)
    np.testing.assert_allclose(pairs, tap_distances(encoder, rows, columns).sum(axis=-1), rtol=1e-5)
    np.testing.assert_array_equal(lpips(encoder, rows, rows), np.zeros(5))


@pytest.mark.parametrize("name", ["lpips_alex", "lpips_vgg", "lpips_squeeze"])
def test_heads_are_weights(name):
    heads = [np.asarray(head[...]) for head in built(name)[1].heads]
    assert all((head >= 0).all() and (head > 0).any() for head in heads)


def test_another_networks_file_is_refused():
    shapes = array_shapes(nnx.eval_shape(LPIPSVGG))
    with pytest.raises(
        JaxevalError, match=r"missing features\.12\.bias.*features\.0\.weight: expected \(64, 3, 3, 3\)"
    ):
        make_arrays(LPIPS_VGG, lpips_alex.save(built("lpips_alex")[0]), shapes)


def test_missing_heads_are_told(monkeypatch, tmp_path):
    monkeypatch.setattr("jaxeval.checkpoints.manifest.weights_folder", lambda: tmp_path)
    with pytest.raises(JaxevalError, match=r"lpips_heads\.npz: expected the heads of LPIPS, found no file; reinstall"):
        recipes.read_heads("alex")


def test_st_lpips_vgg_with_its_weights_gives_the_authors_distances(golden):
    path = Path(os.environ.get("JAXEVAL_UPSTREAM") or "") / "vgg_shift_tolerant.pth"
    if not path.is_file():
        pytest.skip("set JAXEVAL_UPSTREAM to a folder that holds vgg_shift_tolerant.pth")
    encoder = filled(STLPIPSVGG, ST_LPIPS_VGG, [path.read_bytes()])
    assert all(bool((head[...] >= 0).all()) for head in encoder.heads)
    images = {name: in_frames(array) for name, array in golden("stlpips_alex").items() if array.ndim == 4}
    expected = golden("stlpips_vgg")
    np.testing.assert_allclose(lpips(encoder, images["a"], images["b"]), expected["dist"], rtol=1e-5)
    others = jnp.concatenate([images[name] for name in ("face", "shift", "blur", "noise")])
    found = lpips(encoder, jnp.repeat(images["face"], 4, axis=0), others)
    np.testing.assert_allclose(found, expected["face_dist"], rtol=1e-5)
