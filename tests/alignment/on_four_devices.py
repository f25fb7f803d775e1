"""Run by `test_platforms.py` in a process of its own, for devices are made before JAX starts."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding, PartitionSpec
from oracles import only_inside, random_cost, swept

from jaxeval.alignment import soft_dtw

SHAPE, BAND, GAMMA = (9, 12), 5, 0.1
COSTS = np.stack([random_cost(*SHAPE, seed) for seed in range(8)])
LENGTHS = np.array([SHAPE, (9, 7), (6, 6), (5, 9), (9, 12), (4, 4), (7, 12), (9, 10)], np.int32)
ALL = np.full((8, 2), SHAPE, np.int32)


def expected(lengths, band):
    """Value and alignment of each pair."""
    found = []
    for cost, (t, s) in zip(COSTS, lengths, strict=True):
        value, alignment = swept(only_inside(cost[:t, :s], np.inf if band is None else band), GAMMA)
        found.append((value, np.pad(alignment, ((0, SHAPE[0] - t), (0, SHAPE[1] - s)))))
    values, alignments = zip(*found, strict=True)
    return np.array(values), np.stack(alignments)


def agree(name, found, lengths=ALL, band=None):
    for a, b in zip(found, expected(lengths, band), strict=True):
        np.testing.assert_allclose(np.reshape(a, b.shape), b, rtol=1e-5, atol=1e-6, err_msg=name)


def value_and_grad(cost, lengths=None, band=None, function=soft_dtw):
    return jax.value_and_grad(partial(function, gamma=GAMMA, lengths=lengths, band=band))(cost)


def main():
    assert len(jax.devices()) == 4
    mesh = jax.make_mesh((4,), ("pairs",), axis_types=(AxisType.Auto,))
    spec = PartitionSpec("pairs")
    shard = partial(jax.shard_map, mesh=mesh, in_specs=spec, out_specs=spec)

    def here(array):
        return jax.device_put(array, NamedSharding(mesh, spec))

    for band in (None, BAND):
        one = partial(value_and_grad, band=band)
        agree("shard_map", jax.jit(shard(jax.vmap(one)))(COSTS), band=band)
        agree("shard_map, lengths", jax.jit(shard(jax.vmap(one)))(COSTS, LENGTHS), LENGTHS, band)
        found = jax.jit(jax.vmap(one))(here(COSTS), here(LENGTHS))
        assert len(found[1].sharding.device_set) == 4
        agree("sharded inputs", found, LENGTHS, band)
    agree("sharded inputs, no lengths", jax.jit(jax.vmap(value_and_grad))(here(COSTS)))
    nested = jax.jit(jax.vmap(jax.vmap(value_and_grad)))
    agree("vmap of vmap", nested(COSTS.reshape(2, 4, *SHAPE), LENGTHS.reshape(2, 4, 2)), LENGTHS)
    agree("map", jax.jit(lambda *a: jax.lax.map(lambda pair: value_and_grad(*pair), a))(COSTS, LENGTHS), LENGTHS)

    def again(cost, *, gamma, lengths, band):
        return jax.checkpoint(lambda c, pair: soft_dtw(c, gamma=gamma, lengths=pair, band=band))(cost, lengths)

    one = partial(value_and_grad, band=BAND, function=again)
    agree("checkpoint", jax.jit(jax.vmap(one))(COSTS, jnp.asarray(LENGTHS)), LENGTHS, BAND)


if __name__ == "__main__":
    main()
