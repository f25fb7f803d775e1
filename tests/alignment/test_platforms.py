"""Every function for every platform, with a batch of a size known only when it is called, and on several devices."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval import aligned
from jaxeval.alignment import (
    dtw,
    dtw_path,
    expected_path,
    lag,
    mean_cost,
    normalized_soft_dtw,
    sharp_soft_dtw,
    soft_dtw,
    soft_dtw_alignment,
    soft_dtw_divergence,
)
from jaxeval.alignment.distances import cosine, squared_euclidean
from tests.quickly import QUICKLY, XLA_FLAGS

from .oracles import random_cost, random_walk

BAND = 4.5


def on_costs(function, **options):
    return jax.jit(jax.vmap(lambda cost, t, s: function(cost, lengths=(t, s), **options))), ((12, 9),)


def on_trajectories(function, **options):
    return jax.jit(jax.vmap(lambda x, y, t, s: function(x, y, lengths=(t, s), **options))), ((12, 3), (9, 3))


def slope(cost, **options):
    return jax.grad(lambda gamma: soft_dtw(cost, gamma=gamma, **options))(0.1)


def hessian_vector_product(cost, **options):
    return jax.jvp(jax.grad(lambda c: soft_dtw(c, gamma=0.1, **options)), (cost,), (cost,))[1]


def with_gammas(function, **options):
    """Each pair has a γ of its own: that of its first cost."""
    return on_costs(lambda cost, lengths: function(cost, lengths=lengths, gamma=cost[0, 0], **options))


FUNCTIONS = {
    "soft_dtw": on_costs(soft_dtw),
    "soft_dtw, no lengths": (jax.jit(jax.vmap(lambda cost, t, s: soft_dtw(cost))), ((12, 9),)),
    "soft_dtw, band": on_costs(soft_dtw, band=BAND),
    "grad": on_costs(jax.grad(soft_dtw)),
    "grad, band": on_costs(jax.grad(soft_dtw), band=BAND),
    "soft_dtw, gammas": with_gammas(soft_dtw),
    "grad, gammas, band": with_gammas(jax.grad(soft_dtw), band=BAND),
    "slope in gamma": on_costs(slope),
    "hessian-vector product": on_costs(hessian_vector_product),
    "hessian-vector product, band": on_costs(hessian_vector_product, band=BAND),
    "soft_dtw_alignment": on_costs(soft_dtw_alignment),
    "soft_dtw_alignment, band": on_costs(soft_dtw_alignment, band=BAND),
    "dtw": on_costs(dtw),
    "dtw_path": on_costs(dtw_path, size=20),
    "sharp_soft_dtw": on_costs(sharp_soft_dtw),
    "mean_cost": on_costs(mean_cost),
    "normalized_soft_dtw": on_costs(normalized_soft_dtw),
    "lag": on_costs(lag),
    "expected_path": on_costs(expected_path),
    "divergence": on_trajectories(soft_dtw_divergence),
    "divergence, band": on_trajectories(soft_dtw_divergence, band=BAND),
    "divergence of directions": on_trajectories(soft_dtw_divergence, distance=cosine),
    "divergence of directions, band": on_trajectories(soft_dtw_divergence, distance=cosine, band=BAND),
    "aligned": on_trajectories(aligned(squared_euclidean)),
    "aligned, band": on_trajectories(aligned(squared_euclidean, band=BAND)),
}
CALLED = ("soft_dtw", "grad, band", "aligned, band")
(BATCH,) = jax.export.symbolic_shape("b")


def exported(name, platform):
    function, shapes = FUNCTIONS[name]
    arrays = [jax.ShapeDtypeStruct((BATCH, *shape), jnp.float32) for shape in shapes]
    lengths = [jax.ShapeDtypeStruct((BATCH,), jnp.int32)] * 2
    return jax.export.export(function, platforms=[platform])(*arrays, *lengths)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_lowers_for_a_batch_of_unknown_size(name, platform):
    module = exported(name, platform)
    assert module.platforms == (platform,)
    assert module.out_avals
    assert all(aval.shape[0] == BATCH for aval in module.out_avals)


@pytest.mark.parametrize("name", CALLED)
def test_a_batch_of_unknown_size_may_be_any(name):
    function, shapes = FUNCTIONS[name]
    module = exported(name, "cpu")
    make = random_cost if len(shapes) == 1 else random_walk
    arrays = [np.stack([make(*shape, seed=seed + k) for seed in range(5)]) for k, shape in enumerate(shapes)]
    arguments = (*arrays, np.array([12, 8, 5, 12, 9], np.int32), np.array([9, 9, 5, 7, 6], np.int32))
    expected = jax.jit(lambda *arrays: function(*arrays), compiler_options=QUICKLY)(*arguments)
    call = jax.jit(module.call, compiler_options=QUICKLY)
    for batch in (1, 5):
        found = call(*(array[:batch] for array in arguments))
        jax.tree.map(lambda a, b, n=batch: np.testing.assert_allclose(a, b[:n], atol=1e-6), found, expected)


def test_four_devices_agree_with_the_definition_pair_by_pair():
    script = Path(__file__).with_name("on_four_devices.py")
    environment = os.environ | {
        "XLA_FLAGS": f"{XLA_FLAGS} --xla_force_host_platform_device_count=4",
        "JAX_PLATFORMS": "cpu",
    }
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
