"""What holds at the edge of every public function: which types it takes, and in which it computes."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxeval
from jaxeval.alignment.edge import NUMBERS, edge
from jaxeval.checkpoints.load import abstract_encoder
from jaxeval.encoders import ENCODERS
from jaxeval.metrics.perceptual import feature_costs
from tests.quickly import QUICKLY

from .every_function import CASES, EXEMPT, FRAMES, FRAMEWISE, WALKS, numbers, public_functions, with_slopes

HALVES = [jnp.float16, jnp.bfloat16]
MOVES = {"broadcast_in_dim", "convert_element_type", "dynamic_slice", "gather", "reshape", "slice", "squeeze"}
"""Primitives that move numbers and compute none."""


def test_the_table_has_every_public_function():
    named = {name.split(",")[0] for name in CASES}
    assert public_functions() - named - EXEMPT.keys() == set()


def computed_in(jaxpr, dtype):
    """Primitives, inner programs' too, that compute in a type."""
    found = set()
    for equation in jaxpr.eqns:
        inner = [p for p in jax.tree.leaves(list(equation.params.values()), is_leaf=is_program) if is_program(p)]
        for program in inner:
            found |= computed_in(getattr(program, "jaxpr", program), dtype)
        if not inner and any(variable.aval.dtype == dtype for variable in equation.outvars):
            found.add(equation.primitive.name)
    return found - MOVES


def is_program(x):
    return hasattr(x, "eqns") or hasattr(getattr(x, "jaxpr", None), "eqns")


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name", CASES)
def test_nothing_is_computed_in_half_precision(name, half):
    function, arrays, has_gradient, _ = CASES[name]
    arrays = [jnp.asarray(array).astype(half) for array in arrays]
    assert {x.dtype for x in numbers(jax.eval_shape(function, *arrays))} <= {jnp.dtype("float32")}
    assert not computed_in(jax.make_jaxpr(function)(*arrays).jaxpr, half)
    if has_gradient:
        _, gradients = jax.eval_shape(partial(with_slopes, function), *arrays)
        assert {x.dtype for x in gradients} == {jnp.dtype(half)}


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_encoders_compute_nothing_in_half_precision(name):
    shape = {"i3d": (1, 9, 32, 32, 3), "syncnet": (5, 32, 32, 3)}.get(name, (1, 32, 32, 3))
    half = jax.ShapeDtypeStruct(shape, jnp.bfloat16)
    program = jax.make_jaxpr(lambda net, x: net(x))(abstract_encoder(name), half)
    assert {aval.dtype for aval in program.out_avals} == {jnp.dtype("float32")}
    assert not computed_in(program.jaxpr, jnp.bfloat16)


LONG = {"niqe", "ms_ssim", "cpbd", "registration", "misregistered", "aligned", "aligned, band", "aligned_from_costs"}
"""To compile."""


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in CASES])
def test_half_precision_gives_what_float32_gives_of_the_rounded_numbers(name):
    function, arrays, *_ = CASES[name]
    arrays = [jnp.asarray(array).astype(jnp.bfloat16) for array in arrays]

    @partial(jax.jit, compiler_options=QUICKLY)
    def both(*arrays):
        return function(*arrays), function(*(array.astype(jnp.float32) for array in arrays))

    found, expected = both(*arrays)
    for a, b in zip(numbers(found), numbers(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * np.abs(b).max(initial=0, where=np.isfinite(b)))


@pytest.mark.parametrize("name", CASES)
def test_float64_stays(name):
    function, arrays, *_ = CASES[name]
    with jax.enable_x64(True):
        for wide in range(min(len(arrays), 2)):
            types = [jnp.float64 if k == wide else jnp.float32 for k in range(len(arrays))]
            given = [jax.ShapeDtypeStruct(array.shape, dtype) for array, dtype in zip(arrays, types, strict=True)]
            assert {x.dtype for x in numbers(jax.eval_shape(function, *given))} <= {jnp.dtype("float64")}


@pytest.mark.parametrize("name", [name for name in CASES if len(CASES[name].arrays) == 2])
def test_types_may_be_mixed(name):
    function, (x, y), *_ = CASES[name]
    for one, other in ((jnp.float32, jnp.bfloat16), (jnp.float16, jnp.bfloat16), (jnp.float16, jnp.float32)):
        found = jax.eval_shape(function, jnp.asarray(x, one), jnp.asarray(y, other))
        assert {x.dtype for x in numbers(found)} <= {jnp.dtype("float32")}


WHOLE = ["csim", "id_distance", "lmd", "m_lmd", "squared_euclidean", "euclidean", "cosine", "soft_dtw", "lag"]


@pytest.mark.parametrize("dtype", [jnp.uint8, jnp.uint16, jnp.int8, jnp.int32])
@pytest.mark.parametrize("name", [*WHOLE, "dtw", "sharp_soft_dtw", "fit_mesh"])
def test_whole_numbers_are_numbers_and_never_wrap(name, dtype):
    function, arrays, *_ = CASES[name]
    rng = np.random.default_rng(1)
    arrays = [jnp.asarray(rng.integers(0, 100, array.shape), dtype) for array in arrays]
    found, expected = function(*arrays), function(*(array.astype(jnp.float32) for array in arrays))
    for a, b in zip(numbers(found), numbers(expected), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [jnp.bool_, jnp.complex64])
@pytest.mark.parametrize("name", CASES)
def test_what_is_no_real_number_is_refused(name, dtype):
    function, arrays, *_ = CASES[name]
    arrays = [jax.ShapeDtypeStruct(array.shape, dtype) for array in arrays]
    with pytest.raises(ValueError, match=r"Expected .*, got (bool|complex64)"):
        jax.eval_shape(function, *arrays)


@pytest.mark.parametrize("name", sorted(FRAMEWISE - {"Suite"}))
def test_bytes_are_refused_where_frames_are_meant(name):
    function, arrays, *_ = CASES[name]
    with pytest.raises(ValueError, match=r"Expected floating-point frames .*, got uint8"):
        jax.eval_shape(function, *(jax.ShapeDtypeStruct(array.shape, jnp.uint8) for array in arrays))


@pytest.mark.parametrize("other", [jnp.float32, jnp.float16, jnp.bfloat16])
@pytest.mark.parametrize("turned", [False, True])
def test_a_suite_of_bytes_against_floats(other, turned):
    levels = np.random.default_rng(0).integers(0, 256, (2, 4, 16, 16, 3)).astype(np.uint8)
    x, y = jnp.asarray(levels[0]), jnp.asarray(levels[1] / 255, other)
    expected = jaxeval.ssim(jnp.asarray(levels[0] / 255, jnp.float32), y.astype(jnp.float32)).mean()
    found = jaxeval.Suite({"ssim": jaxeval.ssim})(*((y, x) if turned else (x, y)))["ssim"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_lists_and_numpy_arrays_are_arrays():
    assert jaxeval.csim([[3.0, 4.0]], np.array([[4, 3]])).dtype == jnp.float32
    assert jaxeval.soft_dtw([[1, 2], [3, 4]]).shape == ()


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda: jaxeval.csim("a", "b"), "Expected x to be an array of real numbers \\(integers too\\), got str"),
        (lambda: jaxeval.sync_scores(jnp.sin, WALKS[0]), "Expected visual to be an array .*; pass its output for a"),
        (lambda: jaxeval.csim((FRAMES[0],) * 5, (FRAMES[0],) * 5), "got tuple of 5; .* jaxeval.LpipsFeatures"),
        (lambda: feature_costs(jnp.ones((2, 3)) > 0, jnp.ones((2, 3))), r"Expected a to be .*, got bool\[2, 3\]"),
    ],
)
def test_what_is_no_array_is_refused(function, text):
    with pytest.raises(ValueError, match=text):
        function()


def test_a_call_that_does_not_fit_is_pythons_own_error():
    @edge(x=NUMBERS)
    def double(x):
        return 2 * x

    assert double(x=1) == double(1) == 2
    for wrong in (lambda: double(), lambda: double(1, 2), lambda: double(y=1)):
        with pytest.raises(TypeError, match="double"):
            wrong()
