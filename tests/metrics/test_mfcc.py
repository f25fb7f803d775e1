"""MFCCs against python_speech_features 0.6 (golden values, see tests/golden/make_mfcc.py), and their gradient."""

import ast
import inspect
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxeval.metrics.mfcc import mfcc

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "mfcc.npz")
SIGNALS = ("speech", "noise", "tone", "silence", "gap", "window", "window_and_one", "short", "one")
FRAMES = {"speech": 298, "silence": 11, "window": 1, "window_and_one": 2, "short": 1, "one": 1}


@pytest.mark.parametrize("name", SIGNALS)
def test_it_is_the_packages(name):
    ours = mfcc(jnp.asarray(GOLDEN[name], jnp.float32))
    assert ours.dtype == jnp.float32
    np.testing.assert_allclose(ours, GOLDEN[f"mfcc_{name}"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", SIGNALS)
def test_in_float64_it_is_the_packages_to_the_last_digits(name):
    with jax.enable_x64(True):
        ours = mfcc(jnp.asarray(GOLDEN[name], jnp.float64))
        np.testing.assert_allclose(ours, GOLDEN[f"mfcc_{name}"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100])
def test_other_sample_rates(rate):
    """Halves of samples round up, and frames longer than the FFT are cut to its length."""
    with jax.enable_x64(True):
        ours = mfcc(jnp.asarray(GOLDEN["speech"][8000:16000], jnp.float64), sample_rate=rate)
        np.testing.assert_allclose(ours, GOLDEN[f"mfcc_{rate}_hz"], rtol=0, atol=1e-10)


@pytest.mark.parametrize(("name", "frames"), FRAMES.items())
def test_number_of_frames(name, frames):
    assert mfcc(jnp.asarray(GOLDEN[name], jnp.float32)).shape == (frames, 13)


@pytest.mark.parametrize("name", ["speech", "gap", "window", "window_and_one", "short", "one"])
def test_what_stands_behind_the_length_counts_for_nothing(name):
    """Against the package's values of the sound alone; a loud continuation would show in the last row."""
    sound, expected = GOLDEN[name], GOLDEN[f"mfcc_{name}"]
    filled = np.concatenate([sound, np.full(1000, 20000, sound.dtype)])
    ours = jax.jit(lambda samples, length: mfcc(samples, length=length))(filled.astype(np.float32), len(sound))
    np.testing.assert_allclose(ours[: len(expected)], expected, rtol=0, atol=1e-4)


def test_a_length_out_of_range():
    with pytest.raises(ValueError, match=r"Expected length in 1\.\.5, got 6"):
        mfcc(jnp.zeros(5), length=6)


def test_int16_is_taken_as_it_is():
    speech = GOLDEN["speech"]
    np.testing.assert_array_equal(mfcc(jnp.asarray(speech)), mfcc(jnp.asarray(speech, jnp.float32)))


def test_loudness_moves_the_energy_alone():
    speech = jnp.asarray(GOLDEN["speech"][8000:16000], jnp.float32)
    difference = mfcc(2 * speech) - mfcc(speech)
    np.testing.assert_allclose(difference[:, 0], np.log(4), atol=1e-4)
    np.testing.assert_allclose(difference[:, 1:], 0, atol=1e-4)


def test_a_delay_by_one_hop_is_one_row():
    speech = jnp.asarray(GOLDEN["speech"], jnp.float32)
    np.testing.assert_allclose(mfcc(speech[160:])[1:-1], mfcc(speech)[2:-1], atol=1e-4)


def test_jit_and_vmap():
    pair = jnp.asarray(np.stack([GOLDEN["noise"], GOLDEN["tone"]]), jnp.float32)
    together = jax.jit(jax.vmap(mfcc))(pair)
    np.testing.assert_allclose(together, np.stack([mfcc(signal) for signal in pair]), atol=1e-4)


def test_gradient_is_that_of_finite_differences():
    with jax.enable_x64(True):
        piece = jnp.asarray(GOLDEN["speech"][8000:8700], jnp.float64)
        check_grads(jax.jit(mfcc), (piece,), order=1, modes=("rev", "fwd"), eps=1e-4)


@pytest.mark.parametrize("name", ["silence", "gap", "speech"])
def test_gradient_is_finite(name):
    gradient = jax.grad(lambda samples: mfcc(samples).sum())(jnp.asarray(GOLDEN[name], jnp.float32))
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient).max() > 0) == (name != "silence")


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (jnp.zeros((2, 400)), 16000, r"Expected samples \[N\] with N at least 1, got shape \(2, 400\)"),
        (jnp.zeros(0), 16000, r"Expected samples \[N\] with N at least 1, got shape \(0,\)"),
        (jnp.zeros(400, jnp.int32), 16000, "Expected floating-point or int16 samples, got int32"),
        (jnp.zeros(400), 49, "Expected sample_rate >= 50, got 49"),
    ],
)
def test_bad_arguments(samples, rate, message):
    with pytest.raises(ValueError, match=message):
        jax.eval_shape(lambda x: mfcc(x, sample_rate=rate), samples)


def test_it_is_pure_jax():
    tree = ast.parse(inspect.getsource(inspect.getmodule(mfcc)))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in imports}
    own = {"jaxeval.alignment.checks", "jaxeval.alignment.edge", "jaxeval.numerics"}
    assert names == {"math", "jax", "jax.numpy", "numpy", *own}
