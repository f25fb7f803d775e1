"""SyncNet against its twin; a clip as a whole against its windows."""

import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxeval.checkpoints.load import array_shapes
from jaxeval.checkpoints.recipe import make_arrays
from jaxeval.checkpoints.recipes.syncnet import SYNCNET
from jaxeval.encoders.encoder import resize, with_precision, with_remat
from jaxeval.encoders.syncnet import CHUNK, SyncNet
from jaxeval.errors import JaxevalError

from . import parity

torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
from .twins import syncnet as twin  # noqa: E402

module, encoder = parity.fixtures(twin, SyncNet, SYNCNET)


visual_clip = jax.jit(lambda encoder, frames: encoder(frames))
visual = jax.jit(lambda encoder, windows: encoder.visual(windows))
audio_clip = jax.jit(lambda encoder, mfcc: encoder.audio_clip(mfcc))
audio = jax.jit(lambda encoder, mfcc: encoder.audio(mfcc))


def around_the_mean(ours, theirs):
    """Relative error of what differs from window to window, which is what a score of synchrony looks at."""
    mean = theirs.mean(axis=0, keepdims=True)
    return parity.relative(ours - mean, theirs - mean)


@pytest.mark.parametrize("count", [5, 7])
def test_visual_is_the_twin(encoder, module, count):
    frames = twin.inputs(count, seed=count)
    theirs = twin.run(module, frames)["visual"]
    ours = visual_clip(encoder, jnp.asarray(frames))
    assert ours.shape == (count - 4, 1024)
    assert parity.relative(ours, theirs) < 1e-5
    assert count == 5 or around_the_mean(ours, theirs) < 1e-4


@pytest.mark.parametrize("rows", [20, 23, 24, 99])
def test_audio_is_the_twin(encoder, module, rows):
    mfcc = twin.sound(rows, seed=rows)
    theirs = twin.run_sound(module, mfcc)
    ours = audio_clip(encoder, jnp.asarray(mfcc))
    assert ours.shape == ((rows - 20) // 4 + 1, 1024)
    assert parity.relative(ours, theirs) < 1e-5
    assert rows < 24 or around_the_mean(ours, theirs) < 1e-4


def test_every_layer_is_the_twins(encoder, module):
    frames, mfcc = twin.inputs(6, seed=0), twin.sound(24, seed=0)
    theirs = {}
    for tower, layers in (("face", module.netcnnlip), ("sound", module.netcnnaud)):
        ends = [k - 1 for k, layer in enumerate(layers) if isinstance(layer, torch.nn.Conv2d | torch.nn.Conv3d) and k]
        x, theirs[tower] = (twin.lip_windows(frames) if tower == "face" else twin.sound_windows(mfcc)), []
        with torch.inference_mode():
            for k, layer in enumerate(layers):
                x = layer(x)
                if k in (*ends, len(layers) - 1):
                    flat = x.squeeze(2) if tower == "face" else x
                    theirs[tower].append(flat.permute(0, 2, 3, 1).numpy())

    @jax.jit
    def taps(encoder, frames, windows):
        stacked = jnp.concatenate([frames[k : k + 2, ..., ::-1] for k in range(5)], axis=-1)
        face, sound = [encoder._first(255.0 * stacked)], [windows[..., None]]
        for layer in encoder.face:
            face.append(layer(face[-1]))
        for layer in encoder.sound:
            sound.append(layer(sound[-1]))
        return {"face": face, "sound": sound[1:]}

    ours = taps(encoder, jnp.asarray(frames), jnp.asarray(twin.sound_windows(mfcc)[:, 0].numpy()))
    for tower, maps in theirs.items():
        assert len(maps) == len(ours[tower]) == 6
        for k, tap in enumerate(maps):
            assert parity.relative(ours[tower][k], tap) < 1e-5, (tower, k)


@pytest.mark.parametrize("count", [5, 6, 4 + CHUNK, 5 + CHUNK, 30])
def test_a_clip_is_its_windows(encoder, count):
    frames = twin.inputs(count, seed=1)
    windows = np.stack([frames[i : i + 5] for i in range(count - 4)])
    assert parity.relative(visual_clip(encoder, jnp.asarray(frames)), visual(encoder, jnp.asarray(windows))) < 1e-5


@pytest.mark.parametrize("rows", [20, 23, 119])
def test_a_clips_sound_is_its_windows(encoder, rows):
    mfcc = twin.sound(rows, seed=1)
    windows = twin.sound_windows(mfcc)[:, 0].numpy()
    assert parity.relative(audio_clip(encoder, jnp.asarray(mfcc)), audio(encoder, jnp.asarray(windows))) < 1e-6


def test_parts_of_a_clip_that_overlap_by_four_frames(encoder):
    frames = jnp.asarray(twin.inputs(11, seed=3))
    parts = [visual_clip(encoder, part) for part in (frames[:8], frames[4:])]
    assert parity.relative(jnp.concatenate(parts), visual_clip(encoder, frames)) < 1e-5


def test_the_twin_is_the_original(module):
    spec = importlib.util.find_spec("syncnet_python")
    if spec is None:
        pytest.skip("PyPI syncnet-python, which holds the original's code, is not installed")
    spec = importlib.util.spec_from_file_location("SyncNetModel", Path(spec.origin).parent / "SyncNetModel.py")
    original = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(original)
    network = original.S()
    network.load_state_dict(module.state_dict(), strict=True)
    frames, mfcc = twin.inputs(6, seed=4), twin.sound(24, seed=4)
    with torch.inference_mode():
        seen = network.eval().forward_lip(twin.lip_windows(frames))
        heard = network.forward_aud(twin.sound_windows(mfcc))
    np.testing.assert_array_equal(twin.run(module, frames)["visual"], seen)
    np.testing.assert_array_equal(twin.run_sound(module, mfcc), heard)


def test_the_size_is_that_of_the_published_file(module):
    """syncnet_v2.model has 54,573,114 bytes; the rest is names."""
    numbers = sum(t.numel() for name, t in module.state_dict().items() if not name.endswith("num_batches_tracked"))
    assert 0 < 54_573_114 - 4 * numbers < 20_000
    assert abs(len(twin.save(module)[0]) - 54_573_114) < 1000


def test_gradients_are_the_twins():
    module, weights = twin.build(1), np.random.default_rng(0).normal(size=(1, 1024))
    frames, mfcc = twin.inputs(5, seed=5).astype(np.float64), twin.sound(20, seed=5).astype(np.float64)
    with jax.enable_x64(True):
        encoder = jax.tree.map(
            lambda leaf: leaf.astype(jnp.float64), parity.filled(SyncNet, SYNCNET, twin.save(module))
        )

        def value(frames, mfcc, encoder):
            return jnp.vdot(encoder(frames), jnp.asarray(weights)) + jnp.vdot(
                encoder.audio_clip(mfcc), jnp.asarray(weights)
            )

        gradient = jax.jit(jax.grad(value, argnums=(0, 1)))
        inputs = jnp.asarray(frames), jnp.asarray(mfcc)
        ours = gradient(*inputs, encoder)
        less = gradient(*inputs, with_remat(encoder, True))
    module.double()
    x, y = torch.from_numpy(frames).requires_grad_(), torch.from_numpy(mfcc).requires_grad_()
    outputs = module.forward_lip(twin.lip_windows(x)), module.forward_aud(twin.sound_windows(y))
    sum((output * torch.from_numpy(weights)).sum() for output in outputs).backward()
    for mine, again, theirs in zip(ours, less, (x.grad, y.grad), strict=True):
        # Our arrays went through float32, so that a few activations near 0 may fall on the other side of ReLU's corner.
        assert parity.relative(mine, theirs) < 1e-4
        assert parity.relative(again, mine) < 1e-12


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_gradient_is_finite_on_constant_frames(encoder, value):
    gradient = jax.jit(jax.grad(lambda x, encoder: jnp.sum(encoder(x) ** 2)))
    found = gradient(jnp.full((6, 224, 224, 3), value), encoder)
    assert bool(jnp.isfinite(found).all())
    assert float(jnp.abs(found).max()) > 0


def test_gradient_is_finite_in_silence(encoder):
    gradient = jax.jit(jax.grad(lambda x, encoder: jnp.sum(encoder.audio_clip(x) ** 2)))
    assert bool(jnp.isfinite(gradient(jnp.zeros((24, 13)), encoder)).all())


def test_other_sizes_are_resized_first(encoder):
    frames = jnp.asarray(np.random.default_rng(0).random((6, 131, 97, 3), np.float32))
    expected = visual_clip(encoder, resize(frames, 224))
    assert parity.relative(visual_clip(encoder, frames), expected) < 1e-5
    windows = jnp.stack([frames[:5], frames[1:]])
    assert parity.relative(visual(encoder, windows), expected) < 1e-5


def test_mapped_and_fast(encoder):
    clips = jnp.asarray(twin.inputs(12, seed=6).reshape(2, 6, 224, 224, 3))
    expected = jnp.stack([visual_clip(encoder, clip) for clip in clips])
    mapped = jax.jit(jax.vmap(lambda encoder, frames: encoder(frames), in_axes=(None, 0)))(encoder, clips)
    assert parity.relative(mapped, expected) < 1e-5
    deviation = parity.relative(visual_clip(with_precision(encoder, "fast"), clips[0]), expected[0])
    assert 1e-4 < deviation < 0.05  # bfloat16 has 8 bits


def shaped(*shape, dtype=jnp.float32):
    return jax.ShapeDtypeStruct(shape, dtype)


@pytest.mark.parametrize(
    ("method", "given", "match"),
    [
        (SyncNet.visual_clip, shaped(4, 64, 64, 3), "at least 5 frames for syncnet, got 4"),
        (SyncNet.visual_clip, shaped(9, 64, 64, 3, dtype=jnp.uint8), "floating-point frames"),
        (SyncNet.visual, shaped(2, 4, 64, 64, 3), r"windows \[N, 5, H, W, 3\] for syncnet, got shape \(2, 4, 64"),
        (SyncNet.visual, shaped(9, 64, 64, 3), r"windows \[N, 5, H, W, 3\] for syncnet, got shape \(9, 64"),
        (SyncNet.audio, shaped(2, 20, 13), r"mfcc \[N, 13, 20\] for syncnet, got float32 of shape \(2, 20, 13\)"),
        (SyncNet.audio, shaped(2, 13, 20, dtype=jnp.int16), "got int16 of shape"),
        (SyncNet.audio_clip, shaped(13, 99), r"mfcc \[M, 13\] with M >= 20 for syncnet, got shape \(13, 99\)"),
        (SyncNet.audio_clip, shaped(19, 13), r"mfcc \[M, 13\] with M >= 20 for syncnet, got shape \(19, 13\)"),
    ],
)
def test_wrong_inputs_are_refused_while_tracing(method, given, match):
    with pytest.raises(ValueError, match=rf"Expected .*{match}"):
        jax.eval_shape(method, nnx.eval_shape(SyncNet), given)


def test_the_window_counts_of_frames_and_of_their_sound():
    """Of T frames' sound, 640 samples each, MFCC makes 4T - 1 columns; the original scores T - 5 windows."""
    network = nnx.eval_shape(SyncNet)
    for frames in (6, 25, 100):
        columns = 1 + -(-(640 * frames - 400) // 160)
        seen = jax.eval_shape(SyncNet.visual_clip, network, shaped(frames, 64, 64, 3))
        heard = jax.eval_shape(SyncNet.audio_clip, network, shaped(columns, 13))
        assert (columns, seen.shape[0], heard.shape[0]) == (4 * frames - 1, frames - 4, frames - 5)


def altered(module, change):
    state = dict(module.state_dict())
    change(state)
    return parity.saved(state)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda state: state.pop("netfclip.3.bias"), "missing netfclip.3.bias"),
        (lambda state: state.update(extra=torch.zeros(3)), r"surplus extra \(3,\)"),
        (
            lambda state: state.update({"netcnnlip.4.weight": state["netcnnlip.4.weight"].squeeze(2)}),
            r"netcnnlip.4.weight: expected \(256, 96, 1, 5, 5\), found \(256, 96, 5, 5\)",
        ),
        (
            lambda state: state.update({"netcnnaud.18.weight": state["netcnnaud.18.weight"].swapaxes(2, 3)}),
            r"netcnnaud.18.weight: expected \(512, 256, 5, 4\), found \(512, 256, 4, 5\)",
        ),
    ],
)
def test_other_networks_are_refused(module, change, match):
    with pytest.raises(JaxevalError, match=rf"\A(?=.*{match})[^\n]*\Z"):
        parity.filled(SyncNet, SYNCNET, altered(module, change))


def test_newer_files_are_read_too(module):
    """In the zip archive and with counters of batches, as a later PyTorch would save it."""
    shapes = array_shapes(nnx.eval_shape(SyncNet))
    old, new = (
        make_arrays(SYNCNET, contents, shapes) for contents in (twin.save(module), altered(module, lambda state: None))
    )
    for name, array in old.items():
        np.testing.assert_array_equal(array, new[name])
