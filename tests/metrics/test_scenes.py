"""Scenes and odd frames: against SciPy's components and loops, and what each fault detector makes of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

from jaxeval.metrics import temporal_faults as faults
from jaxeval.metrics.scenes import scenes, spread, without_foreign
from jaxeval.metrics.temporal_faults import frozen, looped, reversed_in_time, static
from tests.metrics.test_temporal_faults import ORACLES

COMPILED = {name: jax.jit(function) for name, (function, _) in ORACLES.items()}
COUNT = 60
ODD = {
    "one": [40],
    "three in a row": [33, 34, 35],
    "three apart": [0, 20, 50],
    "at the beginning": [0, 1, 2],
    "at the end": [57, 58, 59],
}
FAULTS = {
    "none": np.arange(COUNT),
    "frozen": np.where((np.arange(COUNT) >= 15) & (np.arange(COUNT) < 45), 15, np.arange(COUNT)),
    "looped": np.arange(COUNT) % 20,
    "reversed": np.arange(COUNT)[::-1],
    "static": np.zeros(COUNT, int),
}


def path(seed=0):
    """A walk of a steady pace that hardly comes back."""
    return np.cumsum(np.random.default_rng(seed).normal(0.3, 1, (COUNT, 8)), axis=0)


def costs(x, y):
    return np.square(x[:, None] - y[None]).sum(axis=-1).astype(np.float32)


def of_pair(x, y):
    return costs(x, x), costs(x, y), costs(y, y)


def spoilt(x, odd, far=1e3):
    """Those frames are far away from all others: black, say, or a flash."""
    return np.where(np.isin(np.arange(len(x)), odd)[:, None], far, x)


def held(x, odd):
    """Those frames show the last one before them that isn't odd, or the first one after."""
    kept = [k for k in range(len(x)) if k not in odd]
    return x[[max((k for k in kept if k <= n), default=kept[0]) for n in range(len(x))]]


@pytest.mark.parametrize("seed", range(4))
def test_scenes_are_the_connected_components(seed):
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 90, (50, 2))
    matrix = costs(places, places)
    count, motion = 44, 4.0
    near = matrix[:count, :count] <= 16 * motion
    _, expected = connected_components(near)
    long_runs = np.repeat(np.arange(50), 4)  # each frame held for 4, so that none is odd
    found = scenes(jnp.asarray(matrix[long_runs][:, long_runs]), jnp.int32(4 * count), jnp.float32(motion))
    same = np.asarray(found.scene)[: 4 * count : 4]
    np.testing.assert_array_equal(same[:, None] == same[None], expected[:, None] == expected[None])
    assert 1 < len(set(expected)) < count
    np.testing.assert_array_equal(found.pairs[4 * count :], False)


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_frames_are_replaced_by_the_one_before(odd):
    x = path()
    matrix = jnp.asarray(costs(spoilt(x, odd), spoilt(x, odd)))
    found = scenes(matrix, jnp.int32(COUNT), spread(matrix, jnp.int32(COUNT)))
    np.testing.assert_array_equal(found.costs, costs(held(x, odd), held(x, odd)))
    foreign = without_foreign(jnp.asarray(costs(spoilt(x, odd), path(1))), (jnp.int32(COUNT), jnp.int32(COUNT)))
    np.testing.assert_array_equal(foreign, costs(held(x, odd), path(1)))


def test_a_visit_of_four_frames_is_a_scene():
    x = spoilt(path(), [30, 31, 32, 33])
    matrix = jnp.asarray(costs(x, x))
    found = scenes(matrix, jnp.int32(COUNT), spread(matrix, jnp.int32(COUNT)))
    np.testing.assert_array_equal(found.costs, matrix)
    assert len(set(found.scene.tolist())) == 2


@pytest.mark.parametrize(("count", "size"), [(60, 60), (41, 60), (5, 5), (1, 60)])
def test_spread_is_its_definition(count, size):
    matrix = costs(path(2), path(2))[:size, :size]
    quartiles = sorted(sorted(row[:count])[(count - 1) // 4] for row in matrix[:count])
    assert float(spread(jnp.asarray(matrix), jnp.int32(count))) == quartiles[(count - 1) // 2]


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("side", ["generated", "reference", "both"])
def test_detectors_see_a_clip_without_its_odd_frames(odd, side):
    y = path()
    for name, shown in FAULTS.items():
        x = y[shown] + 0.01 * path(3)
        pair = [
            spoilt(clip, odd) if side in (role, "both") else clip for clip, role in ((x, "generated"), (y, "reference"))
        ]
        without = [
            held(clip, odd) if side in (role, "both") else clip for clip, role in ((x, "generated"), (y, "reference"))
        ]
        found = {key: function(*of_pair(*pair)) for key, function in COMPILED.items()}
        expected = {key: oracle(*of_pair(*without)) for key, (_, oracle) in ORACLES.items()}
        assert {key: float(value) for key, value in found.items()} == pytest.approx(expected, rel=1e-4, abs=1e-5)
        alarms = {
            "frozen": expected["frozen"] > faults.FROZEN,
            "looped": expected["looped"] > faults.LOOPED,
            "reversed": expected["reversed"] > faults.REVERSED,
            "static": expected["static"] < faults.STATIC,
        }
        assert {key for key, alarm in alarms.items() if alarm} == {"none": set(), "static": {"static", "frozen"}}.get(
            name, {name}
        )


@pytest.mark.parametrize("side", ["generated", "reference", "both"])
def test_a_cut_to_another_scene_is_no_fault_and_hides_none(side):
    y, other = path(), 1e3 + path(5)
    for name in ("none", "frozen", "looped", "static"):
        x = y[FAULTS[name]]
        x, z = (
            np.concatenate([clip[:46], other[46:]]) if side in (role, "both") else clip
            for clip, role in ((x, "generated"), (y, "reference"))
        )
        xx, zz = jnp.asarray(costs(x, x)), jnp.asarray(costs(z, z))
        found = {
            "frozen": frozen(xx, zz) > faults.FROZEN,
            "looped": looped(xx, zz) > faults.LOOPED,
            "static": static(xx, zz) < faults.STATIC,
            "reversed": reversed_in_time(jnp.asarray(costs(x, z))) > faults.REVERSED,
        }
        alarms = {key for key, alarm in found.items() if alarm}
        if name == "static" and side != "reference":
            alarms.discard("static")  # its other scene moves, which may or may not be enough
            assert alarms == {"frozen"}
        else:
            assert alarms == {"none": set(), "static": {"frozen", "static"}}.get(name, {name}), name


def test_under_vmap_and_jit_and_with_a_traced_length():
    batch = jnp.stack([jnp.asarray(costs(spoilt(path(seed), [40]), spoilt(path(seed), [40]))) for seed in range(2)])
    other = jnp.stack([jnp.asarray(costs(path(seed), path(seed))) for seed in range(2)])
    together = jax.jit(jax.vmap(lambda a, b: static(a, b, lengths=(50, 60))))(batch, other)
    np.testing.assert_allclose(together, [static(a, b, lengths=(50, 60)) for a, b in zip(batch, other, strict=True)])
