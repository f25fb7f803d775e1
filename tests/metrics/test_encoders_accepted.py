"""A function that takes an encoder says which ones it takes, which it got, and what to do instead."""

import jax
import jax.numpy as jnp
import pytest

import jaxeval
from jaxeval.checkpoints.load import abstract_encoder
from jaxeval.encoders import encode
from jaxeval.metrics.perceptual import lpips_center, lpips_features

FRAMES = jnp.zeros((2, 16, 16, 3))
PERCEPTUAL = "Expected an LPIPS encoder (lpips_alex, lpips_vgg, lpips_squeeze, st_lpips_alex or st_lpips_vgg), got "
CALLS = {
    "lpips": lambda net: jaxeval.lpips(net, FRAMES, FRAMES),
    "lpips_matrix": lambda net: jaxeval.lpips_matrix(net, FRAMES, FRAMES),
    "lpips_features": lambda net: lpips_features(net, FRAMES),
    "lpips_center": lambda net: lpips_center(net, FRAMES),
    "LpipsFeatures": lambda net: jaxeval.LpipsFeatures(net)(FRAMES),
    "Suite": lambda net: jaxeval.Suite(
        {"lpips": jaxeval.OnEncoder("net", jaxeval.id_distance)}, encoders={"net": jaxeval.LpipsFeatures(net)}
    )(FRAMES, FRAMES),
}


@pytest.mark.parametrize("name", ["dlib_resnet", "syncnet", "i3d"])
@pytest.mark.parametrize("call", CALLS)
def test_an_encoder_of_another_kind_is_named(call, name):
    with pytest.raises(ValueError) as found:  # noqa: PT011
        CALLS[call](abstract_encoder(name))
    assert str(found.value) == f"{PERCEPTUAL}{name}; for embeddings use jaxeval.csim or jaxeval.aligned."


@pytest.mark.parametrize("wrong", ["dlib_resnet", jnp.tanh, None])
def test_what_is_no_encoder_is_named_by_its_type(wrong):
    with pytest.raises(ValueError, match=f"Expected an LPIPS encoder .*, got {type(wrong).__name__}"):
        CALLS["lpips"](wrong)
    with pytest.raises(
        ValueError, match=f"Expected an encoder, such as jaxeval.load_encoder gives, got {type(wrong).__name__}"
    ):
        encode(wrong, FRAMES)


def test_arguments_in_another_order():
    with pytest.raises(ValueError, match=r"Expected y to be an array of frames .*, got DlibResNet; pass its output"):
        jaxeval.lpips(FRAMES, FRAMES, abstract_encoder("dlib_resnet"))


def test_a_suites_encoders_are_functions():
    with pytest.raises(ValueError, match=r"Expected encoder 'net' to be a function of frames, .*, got str"):
        jaxeval.Suite({}, encoders={"net": "dlib_resnet"})


def test_a_network_of_taps_in_a_suite_has_to_be_wrapped():
    suite = jaxeval.Suite(
        {"p": jaxeval.OnEncoder("net", jaxeval.id_distance)}, encoders={"net": abstract_encoder("lpips_alex")}
    )
    frames = jax.ShapeDtypeStruct((2, 32, 32, 3), jnp.float32)
    with pytest.raises(ValueError, match=r"Expected x to be an array .*, got tuple of 5; .* jaxeval\.LpipsFeatures"):
        jax.eval_shape(lambda suite, x: suite(x, x), suite, frames)


def test_sync_scores_takes_what_the_network_gives():
    with pytest.raises(ValueError, match=r"Expected visual to be an array .*, got SyncNet; pass its output"):
        jaxeval.sync_scores(abstract_encoder("syncnet"), jnp.zeros((40, 8)))
