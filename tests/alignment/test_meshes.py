"""Every public function on meshes of both kinds: traced for four devices here, run in a process that has them."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from jax.sharding import AbstractMesh, AxisType, NamedSharding, PartitionSpec

from jaxeval import lpips, lpips_matrix
from jaxeval.checkpoints.load import abstract_encoder
from jaxeval.encoders import ENCODERS, SyncNet, encode
from jaxeval.metrics.perceptual import lpips_features

from .every_function import CASES, with_slopes

DEVICES = 4
QUICK = ["soft_dtw, band", "psnr", "moments", "dlib_resnet"]


def on_mesh(shape, kind=AxisType.Explicit, axes=("devices",)):
    mesh = AbstractMesh((DEVICES,), ("devices",), axis_types=(kind,))
    return jax.ShapeDtypeStruct(shape, jnp.float32, sharding=NamedSharding(mesh, PartitionSpec(*axes)))


def traced(function, *arguments):
    """The results' shapes with their shardings."""
    return jax.make_jaxpr(jax.jit(function))(*arguments).out_avals


def sharded_along(results):
    return {aval.sharding.spec[0] if aval.sharding.spec else None for aval in results}


def of(case):
    return partial(with_slopes, case.function) if case.has_gradient else case.function


@pytest.mark.parametrize("name", CASES)
def test_a_sharded_batch(name):
    case = CASES[name]
    arrays = [on_mesh((DEVICES, *array.shape)) for array in case.arrays]
    assert sharded_along(traced(jax.vmap(of(case)), *arrays)) == {"devices"}


@pytest.mark.parametrize("name", CASES)
def test_sharded_rows(name):
    case = CASES[name]
    found = traced(of(case), *(on_mesh(array.shape) for array in case.arrays))
    keep = [aval.shape[:1] == case.arrays[0].shape[:1] for aval in found]
    assert [sharded_along([aval]) for aval in found] == [{"devices" if kept else None} for kept in keep]


@pytest.mark.parametrize("name", ["psnr", "aligned", "moments"])
def test_automatic_axes_stay_automatic(name):
    case = CASES[name]
    found = traced(of(case), *(on_mesh(array.shape, AxisType.Auto) for array in case.arrays))
    assert sharded_along(found) == {None}


@pytest.mark.parametrize("name", ["psnr", "aligned", "soft_dtw", "moments", "squared_euclidean", "lag"])
def test_one_sharded_argument_beside_one_that_is_not(name):
    case = CASES[name]
    first, *others = case.arrays
    traced(case.function, on_mesh(first.shape), *others)


def called(encoder, frames):
    return encoder(frames)


def mapped(encoder, frames):
    return jax.vmap(encoder)(frames)


def back(encoder, frames):
    return with_slopes(encoder, frames)


QUICKLY_TRACED = {"dlib_resnet", "lpips_alex"}
ENCODER_CALLS = [
    pytest.param(name, function, marks=[pytest.mark.slow] * (function is not called and name not in QUICKLY_TRACED))
    for name in sorted(ENCODERS)
    for function in (called, mapped, back, encode)
]


@pytest.mark.parametrize(("name", "function"), ENCODER_CALLS)
def test_encoders(name, function):
    shape = {"i3d": (DEVICES, 9, 32, 32, 3), "syncnet": (2 * DEVICES, 32, 32, 3)}.get(name, (DEVICES, 32, 32, 3))
    found = traced(function, abstract_encoder(name), on_mesh((DEVICES, *shape) if function is mapped else shape))
    assert name == "syncnet" or sharded_along(found) == {"devices"}


def test_the_other_halves_of_syncnet():
    net = abstract_encoder("syncnet")
    for method, shape in (
        (SyncNet.audio, (4, 13, 20)),
        (SyncNet.audio_clip, (32, 13)),
        (SyncNet.visual, (4, 5, 32, 32, 3)),
    ):
        jax.eval_shape(jax.jit(method), net, on_mesh(shape))


@pytest.mark.parametrize("function", [lpips, lpips_matrix, lambda net, x, y: lpips_features(net, x)])
def test_lpips(function):
    net = abstract_encoder("lpips_alex")
    for axes in (("devices",), (None, "devices")):
        x, y = (on_mesh((DEVICES, 32, 32, 3), axes=axes) for _ in range(2))
        traced(function, net, x, y)
    x, y = (on_mesh((DEVICES, 2, 32, 32, 3)) for _ in range(2))
    found = traced(jax.vmap(function, in_axes=(None, 0, 0)), net, x, y)
    assert sharded_along(found) == {"devices"}


def test_two_axes_one_of_them_automatic():
    mesh = AbstractMesh((2, 2), ("rows", "columns"), axis_types=(AxisType.Explicit, AxisType.Auto))
    spec = NamedSharding(mesh, PartitionSpec("rows"))
    case = CASES["aligned"]
    arrays = [jax.ShapeDtypeStruct((2, *array.shape), jnp.float32, sharding=spec) for array in case.arrays]
    found = traced(jax.vmap(case.function), *arrays)
    assert {aval.sharding.mesh.axis_types for aval in found} == {mesh.axis_types}
    assert sharded_along(found) == {"rows"}


def run(*names):
    script = Path(__file__).with_name("on_explicit_mesh.py")
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    return subprocess.run(
        [sys.executable, script, *names], env=environment, capture_output=True, text=True, timeout=900
    )


def test_four_devices_give_the_numbers_of_one():
    done = run(*QUICK)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_four_devices_give_the_numbers_of_one_whatever_the_function():
    done = run()
    assert done.returncode == 0, done.stderr
