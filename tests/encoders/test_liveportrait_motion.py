"""LivePortrait's motion extractor against its twin."""

import copy

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.checkpoints.recipes.liveportrait import LIVEPORTRAIT_MOTION
from jaxeval.encoders.encoder import resize
from jaxeval.encoders.liveportrait_motion import STAGES, GlobalResponseNorm, LivePortraitMotion, degrees
from jaxeval.errors import JaxevalError

from . import parity

torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
from .twins import liveportrait_motion as twin  # noqa: E402

module, encoder = parity.fixtures(twin, LivePortraitMotion, LIVEPORTRAIT_MOTION)


def assert_same(ours, theirs, tolerance):
    for name, output in ours.items():
        assert parity.relative(output, theirs[name]) < tolerance, name
    # Beside the angles the other four would hide their errors. An angle near 0 is what two numbers near 97.5 differ by.
    assert parity.relative(ours["pose"][:, 3:], theirs["pose"][:, 3:]) < tolerance
    np.testing.assert_allclose(ours["pose"][:, :3], theirs["pose"][:, :3], rtol=0, atol=10 * tolerance)


def test_outputs_are_the_twins(encoder, module):
    frames = twin.inputs(3, seed=3)
    run = jax.jit(lambda encoder, frames: {**encoder(frames)._asdict(), "keypoints": encoder.keypoints(frames)})
    ours, theirs = run(encoder, jnp.asarray(frames)), twin.run(module, frames)
    assert {name: output.shape for name, output in ours.items()} == {
        "pose": (3, 7),
        "expression": (3, 63),
        "keypoints": (3, 63),
    }
    assert np.ptp(theirs["pose"], axis=0).min() > 1e-3  # not one answer for all
    assert_same(ours, theirs, 1e-5)


def test_one_frame_of_another_size_is_resized_first(encoder, module):
    frames = jnp.asarray(twin.inputs(1, seed=1)[:, :201, :131])
    assert_same(parity.run(encoder, frames)._asdict(), twin.run(module, np.asarray(resize(frames, 256))), 1e-5)


def test_every_stage_is_the_twins(encoder, module):
    @jax.jit
    def stages(encoder, x):
        x, maps = encoder.stem_norm(encoder.stem(x)), []
        for layer in encoder.trunk:
            x = layer(x)
            maps.append(x)
        return [maps[k] for k in np.cumsum([blocks + 1 for _, blocks in STAGES]) - 2]

    frames = twin.inputs(2, seed=0)
    for ours, theirs in zip(stages(encoder, jnp.asarray(frames)), twin.taps(module, frames), strict=True):
        assert parity.relative(ours, theirs) < 1e-5


def test_in_double_precision_no_constant_is_off(encoder, module):
    """Another epsilon, or an approximate GELU, would be seen here only."""
    frames = twin.inputs(1, seed=0).astype(np.float64)
    with jax.enable_x64(True):
        ours = parity.run(jax.tree.map(lambda leaf: leaf.astype(jnp.float64), encoder), frames)
        assert ours.pose.dtype == ours.expression.dtype == np.float64
        assert_same(ours._asdict(), twin.run(copy.deepcopy(module).double(), frames), 1e-11)


@jax.jit
def gradient(encoder, frames):
    """Of a sum in which the expression isn't drowned by the degrees."""

    def total(frames):
        motion = encoder(frames)
        return motion.pose.sum() + 30 * motion.expression.sum()

    return jax.grad(total)(frames)


def test_gradient_is_the_twins(encoder, module):
    frames = twin.inputs(3, seed=5)
    theirs = torch.tensor(frames, requires_grad=True)
    said = twin.outputs(module, theirs)
    (said["pose"].sum() + 30 * said["expression"].sum()).backward()
    assert parity.relative(gradient(encoder, jnp.asarray(frames)), theirs.grad) < 1e-4


def test_gradient_is_finite_on_black_grey_and_white(encoder):
    constant = jnp.broadcast_to(jnp.asarray([0, 0.5, 1], jnp.float32).reshape(3, 1, 1, 1), (3, 256, 256, 3))
    found = gradient(encoder, constant)
    assert bool(jnp.isfinite(found).all())
    assert float(jnp.abs(found).max(axis=(1, 2, 3)).min()) > 0


def test_response_norm_of_dead_channels():
    """Channels that are exactly zero everywhere, some or all of them: the twin's value, and its gradient."""
    rng = np.random.default_rng(0)
    ours, theirs = GlobalResponseNorm(6), twin.ResponseNorm(6)
    scale, shift = rng.normal(size=(2, 6)).astype(np.float32)
    ours.scale[...], ours.shift[...] = jnp.asarray(scale), jnp.asarray(shift)
    with torch.no_grad():
        theirs.gamma.copy_(torch.tensor(scale).view_as(theirs.gamma))
        theirs.beta.copy_(torch.tensor(shift).view_as(theirs.beta))
    x = rng.normal(size=(3, 4, 4, 6)).astype(np.float32)
    x[0, ..., 2:4], x[1] = 0, 0
    weights = rng.normal(size=x.shape).astype(np.float32)
    value, back = jax.vjp(ours, jnp.asarray(x))
    leaf = torch.tensor(x, requires_grad=True)
    expected = theirs(leaf)
    expected.backward(torch.tensor(weights))
    np.testing.assert_allclose(value, expected.detach(), atol=1e-5)
    np.testing.assert_allclose(back(jnp.asarray(weights))[0], leaf.grad, atol=1e-4)


def test_angles_of_sure_and_of_undecided_bins():
    sure = jnp.eye(66, dtype=jnp.float32) * 1e3
    np.testing.assert_allclose(degrees(sure)[:, 0], 3 * np.arange(66) - 97.5, atol=1e-4)
    np.testing.assert_allclose(degrees(jnp.zeros((2, 66), jnp.float32)), 0, atol=1e-4)


def test_a_file_of_the_detector_alone(encoder, module):
    bare = parity.filled(LivePortraitMotion, LIVEPORTRAIT_MOTION, parity.saved(module.detector.state_dict()))
    for ours, theirs in zip(jax.tree.leaves(bare), jax.tree.leaves(encoder), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_file_of_another_network(module):
    tensors = dict(module.state_dict())
    tensors["detector.head.weight"] = tensors.pop("detector.fc_exp.weight")
    tensors["detector.stages.0.0.pwconv1.weight"] = tensors["detector.stages.0.0.pwconv1.weight"].T.contiguous()
    with pytest.raises(JaxevalError) as refusal:
        parity.filled(LivePortraitMotion, LIVEPORTRAIT_MOTION, parity.saved(tensors))
    assert "missing detector.fc_exp.weight" in str(refusal.value)
    assert "surplus detector.head.weight (63, 768)" in str(refusal.value)
    assert "detector.stages.0.0.pwconv1.weight: expected (384, 96), found (96, 384)" in str(refusal.value)


@pytest.mark.skipif(not twin.ORIGINAL, reason="the original's code comes with `pip install --no-deps mimic-head`")
def test_the_twin_is_the_original():
    from mimic_head.utils.camera import headpose_pred_to_degree

    original, ours = twin.build(1, twin.original()), twin.build(2, twin.Twin())
    ours.load_state_dict(original.state_dict(), strict=True)
    frames = twin.inputs(2, seed=1)
    for theirs, output in zip(twin.run(original, frames).values(), twin.run(ours, frames).values(), strict=True):
        assert parity.relative(output, theirs) < 1e-5
    logits = torch.randn(4, 66)
    np.testing.assert_allclose(twin.angle(logits), headpose_pred_to_degree(logits), atol=1e-4)
