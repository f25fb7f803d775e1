"""What holds for each of the networks, whatever it computes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.checkpoints import load_encoder
from jaxeval.checkpoints.load import abstract_encoder
from jaxeval.encoders import ENCODERS
from jaxeval.encoders.blur import blur, blurred_conv
from jaxeval.encoders.encoder import resize, with_precision, with_remat
from jaxeval.encoders.operations import max_pool

SIZES = {"st_lpips_alex": 48, "dlib_resnet": 150, "face_mesh": 192, "blaze_face": 128}
NAMES = sorted(SIZES)


def frames_of(name, count=1, seed=0):
    """Random blobs and a little noise in [0, 1]: no two pixels are equal, so no maximum is tied."""
    rng = np.random.default_rng(seed)
    blobs = resize(jnp.asarray(rng.random((count, 8, 8, 3)), jnp.float32), SIZES[name])
    return 0.8 * blobs + jnp.asarray(0.2 * rng.random(blobs.shape), jnp.float32)


def apply(encoder, frames):
    return encoder(frames)


def assert_close(actual, expected):
    """Each output to 2e-5 of its own largest value: float32 sums of thousands of terms in another order."""
    for a, b in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-5 * np.abs(b).max())


FRAMEWISE = sorted(ENCODERS.keys() - {"i3d"})
"""Encoders that take frames; the other one takes clips of them."""


def test_names_and_sizes():
    assert all(cls.name == name for name, cls in ENCODERS.items())
    assert all(ENCODERS[name].size in (None, size) for name, size in SIZES.items())


def first_slice(encoder, x):
    return blur(max_pool(blurred_conv(x, encoder.conv1.kernel[...]), 3, stride=1))


BLOCKS = {
    "st_lpips_alex": (lambda encoder: jax.tree_util.Partial(first_slice, encoder), 3),
    "dlib_resnet": (lambda encoder: encoder.blocks[3], 32),
    "face_mesh": (lambda encoder: encoder.trunk.layers[5], 32),
    "blaze_face": (lambda encoder: encoder.fine.layers[5], 42),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_compiled_or_mapped_is_the_block_eager(trained, run, name):
    """Uncompiled, a network is thousands of tiny operations; a striding, widening block has one of every kind."""
    pick, channels = BLOCKS[name]
    block = pick(trained(name))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 24, 24, channels)), jnp.float32)
    eager = block(x)
    assert_close(run(block, x), eager)
    assert_close(jax.jit(jax.vmap(apply, in_axes=(None, 0)))(block, x[:, None])[:, 0], eager)


@pytest.mark.parametrize("name", ["st_lpips_alex", "dlib_resnet"])
def test_vmap_is_a_loop_and_frames_are_independent(trained, run, name):
    clips = frames_of(name, 2)[:, None]
    batched = jax.jit(jax.vmap(apply, in_axes=(None, 0)))(trained(name), clips)
    for index, clip in enumerate(clips):
        assert_close(jax.tree.map(lambda leaf, i=index: leaf[i], batched), run(trained(name), clip))


@pytest.mark.parametrize("name", NAMES)
def test_two_loads_share_one_compilation(trained, name):
    traces = []

    @jax.jit
    def shapes_only(encoder, frames):
        traces.append(name)
        return jax.tree.map(lambda leaf: leaf.shape, jax.tree.leaves(encoder)) and frames.sum()

    shapes_only(trained(name), frames_of(name))
    shapes_only(load_encoder(name), frames_of(name))
    assert len(traces) == 1


def constants(closed):
    """Every array that a program carries along, those of its sub-programs included."""
    yield from closed.consts
    for equation in closed.jaxpr.eqns:
        for value in equation.params.values():
            if hasattr(value, "consts"):
                yield from constants(value)


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_arguments_not_constants(trained, name):
    program = jax.make_jaxpr(apply)(trained(name), frames_of(name))
    assert sum(np.asarray(constant).nbytes for constant in constants(program)) < 16_384
    baked = jax.make_jaxpr(lambda frames: trained(name)(frames))(frames_of(name))
    assert sum(np.asarray(constant).nbytes for constant in constants(baked)) > 100_000


def summary(encoder, frames):
    """A scalar in which every output has its own weight."""
    leaves = jax.tree.leaves(encoder(frames))
    return sum(jnp.mean(leaf * jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape)) for leaf in leaves)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_is_the_central_difference_and_finite_on_constant_frames(trained, name):
    with jax.enable_x64(True):
        encoder = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), trained(name))
        frames = jnp.asarray(frames_of(name), jnp.float64)
        # The networks are piecewise linear with pieces as narrow as 1e-6, so the step is the least that float64 allows.
        step = 1e-9 * jnp.asarray(np.random.default_rng(1).normal(size=frames.shape))
        value_and_grad = jax.jit(jax.value_and_grad(summary, argnums=1))
        ahead, behind = (value_and_grad(encoder, frames + sign * step)[0] for sign in (1, -1))
        exact = jnp.vdot(value_and_grad(encoder, frames)[1], step)
        np.testing.assert_allclose(exact, (ahead - behind) / 2, rtol=1e-4)
        for value in (0.0, 0.5, 1.0):
            assert bool(jnp.isfinite(value_and_grad(encoder, jnp.full_like(frames, value))[1]).all()), value


@pytest.mark.parametrize("name", NAMES)
def test_double_precision_elsewhere_changes_nothing(name):
    with jax.enable_x64(True):
        encoder = load_encoder(name)
        outputs = jax.eval_shape(apply, encoder, jax.ShapeDtypeStruct((1, 48, 48, 3), jnp.float32))
        assert {leaf.dtype for leaf in jax.tree.leaves((encoder, outputs))} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", FRAMEWISE)
@pytest.mark.parametrize("shape", [(48, 48, 3), (1, 48, 48), (1, 48, 48, 4), (1, 3, 48, 48), (1, 1, 48, 48, 3)])
def test_wrong_shapes_are_refused_while_tracing(name, shape):
    with pytest.raises(ValueError, match=rf"Expected frames \[T, H, W, 3\] for {name}, got shape \({shape[0]}, "):
        jax.eval_shape(apply, abstract_encoder(name), jax.ShapeDtypeStruct(shape, jnp.float32))


@pytest.mark.parametrize("name", FRAMEWISE)
def test_bytes_are_refused(name):
    with pytest.raises(ValueError, match=rf"Expected floating-point frames in \[0, 1\] for {name}, got uint8"):
        jax.eval_shape(apply, abstract_encoder(name), jax.ShapeDtypeStruct((8, 48, 48, 3), jnp.uint8))


def products(program):
    """The types of the operands of all convolutions and matrix products."""
    for equation in program.eqns:
        if equation.primitive.name in ("conv_general_dilated", "dot_general"):
            yield {str(v.aval.dtype) for v in equation.invars}
        for value in equation.params.values():
            for inner in value if isinstance(value, (list, tuple)) else [value]:
                if hasattr(inner, "eqns"):
                    yield from products(inner)
                elif hasattr(inner, "jaxpr"):
                    yield from products(inner.jaxpr)


def example(name):
    side = ENCODERS[name].size or 64
    return jax.ShapeDtypeStruct((1, 16, side, side, 3) if name == "i3d" else (6, side, side, 3), jnp.float32)


@pytest.mark.parametrize("name", sorted(ENCODERS))
@pytest.mark.parametrize(("precision", "types"), [("reference", {"float32"}), ("fast", {"bfloat16"})])
def test_the_precision_reaches_every_product(name, precision, types):
    encoder = with_precision(abstract_encoder(name), precision)
    found = list(products(jax.make_jaxpr(apply)(encoder, example(name)).jaxpr))
    assert len(found) > 3
    # Resizing is a product too, and stays exact in either.
    exact = [operands for operands in found if operands == {"float32"}]
    assert all(operands == types for operands in found) or (precision == "fast" and len(exact) <= 2 and exact != found)
    assert jax.tree.leaves(jax.eval_shape(apply, encoder, example(name)))[0].dtype == np.float32


def test_modes_do_not_mix_and_unknown_ones_are_refused():
    encoder = abstract_encoder("dlib_resnet")
    assert with_precision(encoder, "fast").blocks[0].conv1.precision == "fast"
    assert encoder.blocks[0].conv1.precision == "reference"
    assert jax.tree.structure(with_precision(encoder, "fast")) != jax.tree.structure(encoder)
    with pytest.raises(ValueError, match=r"Expected a precision \(reference, fast\), got 'half'"):
        load_encoder("dlib_resnet", precision="half")


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_rematerialized_parts_are_computed_once_more(name):
    encoder = with_remat(abstract_encoder(name), True)
    text = str(jax.make_jaxpr(apply)(encoder, example(name)))
    assert text.count("checkpoint") + text.count("remat") >= 2


@pytest.mark.parametrize(("height", "width", "size"), [(300, 400, 128), (64, 70, 150), (192, 96, 192)])
def test_resize_is_torch_antialiased_bilinear(height, width, size):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
    frames = np.random.default_rng(0).random((1, height, width, 3), np.float32)
    # Either side computes where a pixel falls in float32, and so its weight to that coordinate's spacing.
    spacing = np.spacing(np.float32(max(height, width, size)))
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(frames).permute(0, 3, 1, 2), (size, size), mode="bilinear", antialias=True
    )
    np.testing.assert_allclose(resize(jnp.asarray(frames), size), expected.permute(0, 2, 3, 1), atol=spacing)


def test_other_sizes_are_resized_first(trained, run):
    frames = frames_of("dlib_resnet").repeat(2, axis=1)
    assert_close(run(trained("dlib_resnet"), frames), run(trained("dlib_resnet"), resize(frames, 150)))


@pytest.mark.parametrize("name", ["dlib_resnet", "face_mesh", "blaze_face"])
def test_other_sizes_give_the_same_shapes(trained, name):
    frames = [jax.ShapeDtypeStruct((2, *size, 3), jnp.float32) for size in ((SIZES[name], SIZES[name]), (301, 97))]
    native, other = (jax.eval_shape(apply, trained(name), each) for each in frames)
    assert native == other


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_other_floats_are_brought_to_the_parameters_type(trained, dtype):
    frames = np.random.default_rng(0).uniform(size=(1, 128, 128, 3)).astype(jnp.dtype(dtype))
    run = jax.jit(lambda net, x: net(x).scores)
    expected = run(trained("blaze_face"), jnp.asarray(frames, jnp.float32))
    np.testing.assert_array_equal(run(trained("blaze_face"), frames), expected)
    with jax.enable_x64(True):
        np.testing.assert_allclose(run(trained("blaze_face"), frames), expected, atol=1e-6)
