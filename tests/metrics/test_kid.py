"""KID against torchmetrics, torch-fidelity and a double loop."""

from itertools import combinations, product
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from jaxeval.metrics.kid import kid, kid_subsets

GOLDEN = Path(__file__).parents[1] / "golden" / "kid.npz"
kid_jit = jax.jit(kid)


def features(n: int, m: int, size: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.gamma(1, size=(n, size)), rng.gamma(1.2, size=(m, size))


def one_by_one(x: np.ndarray, y: np.ndarray) -> float:
    def kernel(a, b):
        return (float(np.dot(a, b)) / len(a) + 1) ** 3

    def within(z):
        return np.mean([kernel(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j])

    return within(x) + within(y) - 2 * np.mean([kernel(a, b) for a in x for b in y])


def by_matrix(x: np.ndarray, y: np.ndarray) -> float:
    def kernel(a, b):
        return (a @ b.T / x.shape[1] + 1) ** 3

    def within(z):
        return np.mean(kernel(z, z)[~np.eye(len(z), dtype=bool)])

    return within(x) + within(y) - 2 * np.mean(kernel(x, y))


@pytest.mark.parametrize("name", ["torchmetrics", "torch_fidelity"])
def test_is_torchmetrics_and_torch_fidelitys(name):
    data = np.load(GOLDEN)
    with jax.enable_x64(True):
        np.testing.assert_allclose(kid_jit(data["x"], data["y"]), data[f"{name}_kid"], rtol=1e-11)
    single = kid_jit(data["x"].astype(np.float32), data["y"].astype(np.float32))
    np.testing.assert_allclose(single, data[f"{name}_kid"], rtol=1e-5)


@pytest.mark.parametrize("counts", [(2, 2), (2, 9), (30, 17)], ids=str)
def test_is_the_double_loop(counts):
    x, y = features(*counts)
    with jax.enable_x64(True):
        np.testing.assert_allclose(kid(x, y), one_by_one(x, y), rtol=1e-11)


@pytest.mark.parametrize("n", [255, 256, 257, 600])
def test_blocks_are_one_matrix(n):
    x, y = features(n, 300)
    with jax.enable_x64(True):
        np.testing.assert_allclose(kid_jit(x, y), by_matrix(x, y), rtol=1e-10)


@pytest.mark.parametrize("offset", [0.0, 10.0, 1e3])
def test_in_single_it_keeps_five_digits_however_far_from_zero(offset):
    """The kernel's values are up to (1e6)³ here, and cancel."""
    x, y = (z.astype(np.float32) + np.float32(offset) for z in features(200, 300, 32))
    np.testing.assert_allclose(kid_jit(x, y), by_matrix(x.astype(np.float64), y.astype(np.float64)), rtol=1e-5)


@given(st.sampled_from([(2, 2), (3, 12), (12, 3)]), st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_symmetric_and_blind_to_order_and_rotation(counts, seed):
    x, y = features(*counts, 5, seed)
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    expected = one_by_one(x, y)
    with jax.enable_x64(True):
        for a, b in ((x, y), (y, x), (rng.permutation(x), y), (x @ turn, y @ turn)):
            np.testing.assert_allclose(kid_jit(a, b), expected, rtol=1e-9, atol=1e-12)


def test_two_samples_of_one_distribution_are_around_zero_and_a_shift_is_not():
    x, y = np.random.default_rng(0).normal(size=(2, 400, 20, 8)).astype(np.float32)
    many = jax.jit(jax.vmap(kid))
    found = many(x, y)
    assert (found < 0).any()
    assert abs(found.mean()) < 3 * found.std() / 20
    shifted = [float(many(x, y + np.float32(shift)).mean()) for shift in (0.2, 0.4, 0.8)]
    assert 0 < shifted[0] < shifted[1] < shifted[2]


@pytest.mark.parametrize("counts", [(5, 7), (300, 5)], ids=str)
def test_gradient_is_that_of_finite_differences(counts):
    with jax.enable_x64(True):
        x, y = map(jnp.asarray, features(*counts))
        check_grads(kid_jit, (x, y), order=1, modes=("rev", "fwd"), eps=1e-5)


@pytest.mark.parametrize("kind", ["equal", "zeros", "one point"])
def test_gradient_is_finite_where_sets_are_degenerate(kind):
    x, _ = features(6, 6)
    x = jnp.asarray({"equal": x, "zeros": 0 * x, "one point": x[[0] * 6]}[kind], jnp.float32)
    for gradient in jax.jit(jax.grad(kid, (0, 1)))(x, x):
        assert np.isfinite(gradient).all()


def test_half_precision_is_computed_in_single():
    x, y = (jnp.asarray(z, jnp.bfloat16) for z in features(20, 30))
    found = kid_jit(x, y)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, kid_jit(x.astype(jnp.float32), y.astype(jnp.float32)), rtol=1e-6)


@pytest.mark.parametrize("function", [kid, jax.grad(kid, (0, 1))], ids=["value", "gradient"])
def test_fifty_thousand_features_take_less_than_a_kernel_matrix(function):
    features = jax.ShapeDtypeStruct((50_000, 2048), jnp.float32)
    program = jax.jit(function).lower(features, features).compile()
    assert program.memory_analysis().temp_size_in_bytes < 4 * 50_000**2


# Subsets.


def test_mean_and_spread_of_subsets_are_torch_fidelitys():
    """Both draw 20,000 subsets of 30 of 60 at random: their means and spreads agree as two such samples do."""
    data = np.load(GOLDEN)
    mean, std = data["torch_fidelity_subsets"]
    x, y = (data[name].astype(np.float32) for name in ("x", "y"))
    found = jax.jit(lambda x, y: kid_subsets(x, y, key=jax.random.key(0), subsets=20_000, size=30))(x, y)
    error = std / np.sqrt(20_000)
    np.testing.assert_allclose(found.mean, mean, rtol=0, atol=4 * np.sqrt(2) * error)
    np.testing.assert_allclose(found.std, std, rtol=0.03)


def test_subsets_are_drawn_without_replacement_and_of_both_sets():
    x, y = features(4, 3, seed=1)
    with jax.enable_x64(True):
        every = [one_by_one(x[list(i)], y[list(j)]) for i, j in product(combinations(range(4), 3), [range(3)])]
        found = kid_subsets(x, y, key=jax.random.key(0), subsets=4000, size=3)
        np.testing.assert_allclose(found.mean, np.mean(every), atol=4 * np.std(every) / np.sqrt(4000))
        np.testing.assert_allclose(found.std, np.std(every), rtol=0.05)
        whole = kid_subsets(x[:3], y, key=jax.random.key(0), subsets=7, size=3)
        np.testing.assert_allclose(whole.mean, one_by_one(x[:3], y), rtol=1e-11)
        np.testing.assert_allclose(whole.std, 0, atol=1e-11)


def test_a_key_gives_the_same_subsets_again_and_another_key_others():
    x, y = (z.astype(np.float32) for z in features(40, 50))
    first, again, other = (kid_subsets(x, y, key=jax.random.key(k), subsets=5, size=10) for k in (0, 0, 1))
    assert first == again
    assert first.mean != other.mean
    assert first.std > 0
    assert kid_subsets(x, y, key=jax.random.key(0), subsets=1, size=10).std == 0  # over their number, as upstream


# Refusals.


def test_what_does_not_fit_is_named():
    x = jnp.zeros((5, 3))
    with pytest.raises(ValueError, match=r"Expected features \[N, D\] and \[M, D\], got \(5, 3\) and \(5, 2\)"):
        kid(x, x[:, :2])
    with pytest.raises(ValueError, match="Expected floating-point features, got float32 and int32"):
        kid(x, x.astype(jnp.int32))
    with pytest.raises(ValueError, match="Expected at least 2 features in each set, got 5 and 1"):
        kid(x, x[:1])
    with pytest.raises(ValueError, match="Expected at least 1000 features in each set, got 5 and 5"):
        kid_subsets(x, x, key=jax.random.key(0))
    with pytest.raises(ValueError, match="Expected size >= 2 and subsets >= 1, got 1 and 100"):
        kid_subsets(x, x, key=jax.random.key(0), size=1)
