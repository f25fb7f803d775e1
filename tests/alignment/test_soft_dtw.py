"""Value and alignment against all paths, the textbook loop, and themselves under other shapes, lengths and types."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.alignment import dtw, soft_dtw, soft_dtw_alignment, soft_dtw_value_and_alignment

from .oracles import enumerated, looped, random_cost, random_walk

GAMMAS = (1.0, 0.1, 1e-2, 1e-3)
SMALL = ((1, 1), (1, 5), (5, 1), (2, 2), (3, 5), (4, 3), (5, 5))


def value_tolerance(value, cost, gamma):
    return 1e-6 * max(abs(value), gamma * len(cost), np.abs(cost).max())


@pytest.mark.parametrize("gamma", [0.0, *GAMMAS])
@pytest.mark.parametrize("shape", SMALL)
@pytest.mark.parametrize("offset", [0.0, -0.5])
def test_agrees_with_the_enumeration_of_all_paths(shape, gamma, offset):
    cost = random_cost(*shape, seed=sum(shape), offset=offset)
    expected, expected_alignment = enumerated(cost, gamma)
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=gamma)
    assert abs(value - expected) <= value_tolerance(expected, cost, gamma)
    assert np.abs(alignment - expected_alignment).max() <= 1e-4


@pytest.mark.parametrize("gamma", GAMMAS)
@pytest.mark.parametrize("shape", [(60, 75), (75, 60)])
@pytest.mark.parametrize("offset", [0.0, 1e3])
def test_agrees_with_the_loop(shape, gamma, offset):
    cost = random_cost(*shape, offset=offset)
    expected, expected_alignment, _ = looped(cost, gamma)
    assert abs(soft_dtw(cost, gamma=gamma) - expected) <= value_tolerance(expected, cost, gamma)
    assert np.abs(soft_dtw_alignment(cost, gamma=gamma) - expected_alignment).max() <= 1e-4


@pytest.mark.parametrize(("shape", "offset", "gamma"), [((500, 500), 0.0, 1e-3), ((150, 190), 1e3, 1e-3)])
def test_float32_keeps_its_digits_on_long_clips_of_large_cost(shape, offset, gamma):
    # On paths of unequal lengths R differs by many costs along one anti-diagonal: no single offset serves all cells.
    cost = random_cost(*shape, offset=offset)
    _, expected, _ = looped(cost, gamma)
    assert np.abs(soft_dtw_alignment(cost, gamma=gamma) - expected).max() <= 1e-5


@pytest.mark.parametrize("gamma", [0.0, 1e-3, 1.0])
def test_a_smooth_trajectory_pair_agrees_with_the_loop(gamma):
    x, y = random_walk(40), random_walk(50, seed=1)
    cost = np.square(x[:, None] - y[None]).sum(-1)
    expected, expected_alignment, _ = looped(cost, gamma or 1e-12)
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=gamma)
    assert abs(value - expected) <= value_tolerance(expected, cost, gamma)
    assert np.abs(alignment - expected_alignment).max() <= 1e-4


def test_float64_is_kept():
    with jax.enable_x64(True):
        cost = random_cost(20, 25).astype(np.float64)
        expected, expected_alignment, _ = looped(cost, 1e-2)
        value, alignment = soft_dtw_value_and_alignment(jnp.asarray(cost), gamma=1e-2)
        assert value.dtype == alignment.dtype == jnp.float64
        np.testing.assert_allclose(value, expected, rtol=1e-13)
        np.testing.assert_allclose(alignment, expected_alignment, atol=1e-12)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.int32])
def test_narrow_types_are_summed_in_float32(dtype):
    cost = jnp.asarray(10 * random_cost(60, 75)).astype(dtype)
    wide = cost.astype(jnp.float32)
    assert soft_dtw(cost).dtype == jnp.float32
    assert soft_dtw(cost) == soft_dtw(wide)
    if dtype != jnp.int32:
        assert jax.grad(soft_dtw)(cost).dtype == dtype


@pytest.mark.parametrize("lengths", [(1, 1), (6, 8), (4, 8), (6, 3)])
@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("junk", [np.nan, np.inf, -np.inf, -1e30, 0.0])
def test_padding_is_neither_read_nor_written(lengths, traced, junk):
    t, s = lengths
    cost = np.full((6, 8), junk, np.float32)
    cost[:t, :s] = random_cost(t, s)
    expected, expected_alignment, _ = looped(cost[:t, :s], 0.1)
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=0.1, lengths=jnp.array(lengths) if traced else lengths)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    np.testing.assert_allclose(alignment[:t, :s], expected_alignment, atol=1e-6)
    assert not np.any(alignment[t:])
    assert not np.any(alignment[:, s:])


def test_padding_has_a_gradient_of_exactly_0():
    costs = np.full((3, 6, 8), np.nan, np.float32)
    lengths = np.array([[6, 8], [3, 8], [5, 1]])
    for cost, (t, s) in zip(costs, lengths, strict=True):
        cost[:t, :s] = random_cost(t, s)
    batch = jax.jit(jax.vmap(jax.value_and_grad(lambda cost, lengths: soft_dtw(cost, lengths=lengths))))
    for cost, (t, s), value, gradient in zip(costs, lengths, *batch(costs, lengths), strict=True):
        expected, expected_alignment, _ = looped(cost[:t, :s], 0.01)
        np.testing.assert_allclose(value, expected, rtol=1e-6)
        np.testing.assert_array_equal(gradient, np.pad(gradient[:t, :s], ((0, 6 - t), (0, 8 - s))))
        np.testing.assert_allclose(gradient[:t, :s], expected_alignment, atol=1e-6)


@pytest.mark.parametrize("function", [soft_dtw_value_and_alignment, dtw])
def test_jit_and_vmap_change_nothing(function):
    costs = jnp.stack([random_cost(6, 8, seed) for seed in range(3)])
    batch = jax.jit(jax.vmap(function))(costs)
    for index, cost in enumerate(costs):
        one = jax.tree.map(lambda values, index=index: values[index], batch)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), one, function(cost))


def test_shard_map_accepts_the_recursion():
    mesh = jax.make_mesh((1,), ("clips",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = jax.sharding.PartitionSpec("clips")
    costs = jnp.stack([random_cost(6, 8, seed) for seed in range(2)])
    gradient = jax.vmap(jax.grad(soft_dtw))
    sharded = jax.jit(jax.shard_map(gradient, mesh=mesh, in_specs=spec, out_specs=spec))
    np.testing.assert_allclose(sharded(costs), gradient(costs), atol=1e-6)


def test_a_second_call_compiles_nothing():
    compiled = []

    def listen(event, _, **__):
        compiled.append(event)

    calls = (soft_dtw, soft_dtw_alignment, dtw)
    for function in calls:
        function(random_cost(6, 8), lengths=(6, 8))
    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        for function in calls:
            function(random_cost(6, 8, seed=1), lengths=(3, 2))
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    assert not [event for event in compiled if "compile" in event]


def test_an_infinite_cost_forbids_its_cell():
    cost = random_cost(4, 5)
    cost[1, 1] = cost[2, 3] = np.inf
    finite = np.where(np.isinf(cost), 1e3, cost)
    expected, expected_alignment = enumerated(finite, 0.1)
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=0.1)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    np.testing.assert_allclose(alignment, expected_alignment, atol=1e-6)
    assert alignment[1, 1] == alignment[2, 3] == 0


@pytest.mark.parametrize("gamma", [0.0, 1e-2])
@pytest.mark.parametrize("options", [{}, {"lengths": (4, 5)}, {"band": 2}])
def test_without_a_path_of_finite_cost_the_value_is_inf_and_its_gradient_0(gamma, options):
    cost = random_cost(4, 5)
    cost[2] = np.inf
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=gamma, **options)
    assert value == np.inf
    np.testing.assert_array_equal(alignment, 0)
    np.testing.assert_array_equal(jax.grad(lambda c: soft_dtw(c, gamma=gamma, **options))(jnp.asarray(cost)), 0)


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_what_is_no_cost_makes_the_result_nan(bad):
    cost = random_cost(4, 5)
    cost[2, 1] = bad
    value, alignment = soft_dtw_value_and_alignment(cost)
    assert np.isnan(value)
    assert np.isnan(alignment).all()


def test_traced_gamma_below_0_gives_nan():
    assert np.isnan(soft_dtw(jnp.ones((4, 4)), gamma=jnp.float32(-1)))


@pytest.mark.parametrize("lengths", [(0, 3), (3, 0), (5, 3), (3, 5), (1, 5), (5, 1), (1, 0), (-1, 2)])
def test_traced_lengths_out_of_range_give_nan(lengths):
    assert np.isnan(soft_dtw(jnp.ones((4, 4)), lengths=jnp.array(lengths)))


@pytest.mark.parametrize(
    ("cost", "options", "text"),
    [
        (np.ones(3), {}, r"Expected a matrix \[T, S\] with T and S at least 1, got shape \(3,\)\."),
        (np.ones((0, 3)), {}, r"got shape \(0, 3\)\."),
        (
            np.ones((240, 9)),
            {"lengths": (312, 9)},
            r"Expected lengths\[0\] in 1\.\.240 \(cost has 240 rows\), got 312\.",
        ),
        (np.ones((4, 9)), {"lengths": (4, 0)}, r"Expected lengths\[1\] in 1\.\.9 \(cost has 9 columns\), got 0\."),
        (np.ones((4, 4)), {"lengths": (2, 2.5)}, r"lengths\[1\] in .*, an integer scalar, got float32\[\]\."),
        (
            np.ones((4, 4)),
            {"lengths": (np.ones(3, int), 2)},
            r"lengths\[0\] in .*, an integer scalar, got int32\[3\]\.",
        ),
        (np.ones((4, 4)), {"gamma": -0.1}, r"Expected gamma >= 0, got -0\.1\."),
        (np.ones((4, 4)), {"gamma": float("nan")}, r"Expected gamma >= 0, got nan\."),
        (np.ones((4, 4)), {"gamma": np.ones(2)}, r"Expected gamma to be a scalar, got shape \(2,\)\."),
        (np.ones((4, 4)), {"band": -1}, r"Expected band to be a number of at least 0 or None, got -1\."),
        (np.ones((3, 9)), {"band": 1}, r"Expected band >= 2\.0 \(the smallest that reaches 3 x 9 frames\), got 1\."),
    ],
)
@pytest.mark.parametrize("jitted", [False, True])
def test_wrong_arguments_are_told_while_tracing(cost, options, text, jitted):
    call = (
        (lambda cost: jax.jit(lambda c: soft_dtw(c, **options))(cost)) if jitted else lambda c: soft_dtw(c, **options)
    )
    with pytest.raises(ValueError, match=text):
        call(cost)
