"""Moments against NumPy's, the Fréchet distance against scipy, torchmetrics, torch-fidelity and closed forms."""

import os
import subprocess
import sys
from functools import partial, reduce
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.sharding import AxisType, PartitionSpec
from jax.test_util import check_grads
from scipy.linalg import orth, sqrtm

from jaxeval.metrics.frechet import (
    Moments,
    covariance,
    empty_moments,
    frechet_distance,
    frechet_distance_exact,
    merged,
    moments,
    updated,
)

summed, added = jax.jit(moments), jax.jit(merged)
distance_of_any = jax.jit(partial(frechet_distance, min_count=2))
exact_of_any = partial(frechet_distance_exact, min_count=2)
GOLDEN = Path(__file__).parents[1] / "golden" / "kid.npz"


def pooled(count: int, size: int, seed: int, *, shift: float = 0.0, decay: float = 1.0) -> np.ndarray:
    """Features as pooled activations are: not negative, skewed, correlated, with a spectrum that falls as a power."""
    axes = np.random.default_rng(99).normal(size=(size, size)) * np.arange(1, size + 1)[:, None] ** (-decay / 2)
    x = np.random.default_rng(seed).normal(size=(count, size)) @ axes
    return (np.maximum(x / np.linalg.norm(axes, axis=0).mean() + shift, 0) ** 1.2).astype(np.float32)


def by_sqrtm(x: np.ndarray, y: np.ndarray) -> float:
    """With scipy's root in the range of the smaller set: of a singular matrix its last digits are lost."""
    mean, (s, t) = x.mean(0) - y.mean(0), (np.cov(z, rowvar=False) for z in sorted((x, y), key=len))
    axes = orth((min(x, y, key=len) - min(x, y, key=len).mean(0)).T)
    root = sqrtm(axes.T @ s @ axes)
    overlap = np.trace(sqrtm(root @ axes.T @ t @ axes @ root)).real
    return mean @ mean + np.trace(s) + np.trace(t) - 2 * overlap


def by_samples(x: np.ndarray, y: np.ndarray) -> float:
    """With S = XᵀX the last trace is the nuclear norm of X Yᵀ: no covariance, no root, and so exact for any rank."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    a, b = ((z - z.mean(0)) / np.sqrt(len(z) - 1) for z in (x, y))
    overlap = np.linalg.svd(np.linalg.qr(a)[1] @ np.linalg.qr(b)[1].T, compute_uv=False).sum()
    return np.sum((x.mean(0) - y.mean(0)) ** 2) + np.sum(a * a) + np.sum(b * b) - 2 * overlap


def same(a: Moments, b: Moments, rtol: float = 1e-6) -> None:
    """Count exactly; mean and scatter to a fraction of their largest entry."""
    assert int(a.n) == int(b.n)
    for part in ("mean", "scatter"):
        found, wanted = (np.float64(getattr(m, part)) + np.float64(getattr(m, f"{part}_low")) for m in (a, b))
        np.testing.assert_allclose(found, wanted, rtol=0, atol=rtol * np.abs(wanted).max())


def check_moments(found: Moments, features: np.ndarray, rtol: float = 1e-6) -> None:
    features = features.astype(np.float64)
    assert int(found.n) == len(features)
    spread = np.sqrt(np.cov(features, rowvar=False).trace())
    mean = np.float64(found.mean) + np.float64(found.mean_low)
    np.testing.assert_allclose(mean, features.mean(0), rtol=0, atol=rtol * spread)
    np.testing.assert_allclose(covariance(found), np.cov(features, rowvar=False), rtol=0, atol=rtol * spread**2)


# Moments.


@pytest.mark.parametrize("offset", [0.0, 1e3, -1e5])
def test_moments_are_numpys(offset):
    x = pooled(300, 7, 0) + np.float32(offset)
    check_moments(moments(x), x)
    check_moments(reduce(updated, np.split(x, 6), empty_moments(7)), x)


def test_half_precision_is_summed_in_single():
    x = pooled(300, 7, 0).astype(jnp.bfloat16)
    assert moments(x).scatter.dtype == jnp.float32
    check_moments(moments(x), x.astype(np.float32))


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_any_order_and_grouping_of_chunks_is_one_set(sizes, random):
    x = pooled(40 * len(sizes), 5, 1).reshape(-1, 40, 5) + np.float32(100)
    valid = np.arange(40)[None] < np.array(sizes)[:, None]
    parts = [summed(*chunk) for chunk in zip(x, valid, strict=True)]
    while len(parts) > 1:
        a, b = (parts.pop(random.randrange(len(parts))) for _ in range(2))
        parts.append(added(a, b))
    if sum(sizes) > 1:
        check_moments(parts[0], x[valid])


def test_an_empty_set_changes_nothing():
    empty, full = empty_moments(6), added(*(summed(pooled(50, 6, k) + np.float32(1e3)) for k in range(2)))
    for both in (added(full, empty), added(empty, full), updated(full, np.zeros((0, 6), "f4"))):
        same(both, full, rtol=1e-14)
    jax.tree.map(np.testing.assert_array_equal, added(empty, empty), empty)
    assert np.isnan(covariance(empty)).all()
    assert np.isnan(covariance(summed(np.ones((1, 6), "f4")))).all()


@pytest.mark.parametrize("filler", [np.nan, np.inf, 1e30])
def test_rows_that_are_not_valid_do_not_count(filler):
    x = pooled(60, 6, 3)
    valid = np.arange(60) % 3 != 0
    padded = np.where(valid[:, None], x, np.float32(filler))
    same(summed(padded, valid), moments(x[valid]))
    jax.tree.map(np.testing.assert_array_equal, summed(padded, np.zeros(60, bool)), empty_moments(6))

    @jax.jit
    @jax.grad
    def gradient(features):
        return frechet_distance(moments(features, jnp.asarray(valid)), moments(x[20:]), min_count=2)

    np.testing.assert_array_equal(gradient(padded), gradient(np.where(valid[:, None], x, 0)))
    np.testing.assert_array_equal(gradient(padded)[~valid], 0)


def test_jit_scan_and_vmap():
    x = pooled(8 * 30, 5, 4).reshape(8, 30, 5)
    whole = moments(x.reshape(-1, 5))
    scanned = jax.jit(lambda x: jax.lax.scan(lambda m, chunk: (updated(m, chunk), None), empty_moments(5), x)[0])(x)
    same(scanned, whole)
    stack = jax.jit(jax.vmap(moments))(x)
    assert stack.scatter.shape == (8, 5, 5)
    while len(stack.n) > 1:
        stack = jax.vmap(merged)(*(jax.tree.map(lambda leaf, k=k: leaf[k::2], stack) for k in (0, 1)))
    same(jax.tree.map(lambda leaf: leaf[0], stack), whole)


@pytest.mark.parametrize("kind", ["offset", "drift"])
def test_a_million_updates_in_float32_lose_neither_mean_nor_covariance(kind):
    steps, size = 1_000_000, 2

    def feature(step):
        """Two coordinates of a Weyl sequence, spread as a uniform distribution is; exact in float32."""
        bits = step * jnp.array([40503, 60493], jnp.int32) & 0xFFFF
        spread = bits.astype(jnp.float32) / 65536
        return spread + (1000.0 if kind == "offset" else jnp.floor(step.astype(jnp.float32) / 64) / 256)

    @jax.jit
    def stream():
        return jax.lax.fori_loop(0, steps, lambda k, m: updated(m, feature(k)[None]), empty_moments(size))

    seen = np.asarray(jax.vmap(feature)(jnp.arange(steps)))
    check_moments(stream(), seen, rtol=2e-7)


# The distance.


@pytest.mark.parametrize("name", ["torchmetrics", "torch_fidelity"])
def test_is_torchmetrics_and_torch_fidelitys(name):
    data = np.load(GOLDEN)
    with jax.enable_x64(True):
        a, b = summed(data["x"]), summed(data["y"])
        for distance in (distance_of_any, exact_of_any):
            np.testing.assert_allclose(distance(a, b), data[f"{name}_fid"], rtol=1e-12)
    a, b = summed(data["x"].astype("f4")), summed(data["y"].astype("f4"))
    np.testing.assert_allclose(distance_of_any(a, b), data[f"{name}_fid"], rtol=1e-5)


@pytest.mark.parametrize("decay", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("counts", [(200, 300), (20, 30), (20, 300), (300, 20)], ids=str)
def test_in_double_it_is_scipys_of_any_rank(counts, decay):
    x, y = (pooled(n, 48, k, shift=0.1 * k, decay=decay).astype(np.float64) for k, n in enumerate(counts))
    with jax.enable_x64(True):
        a, b = summed(x), summed(y)
        for distance in (distance_of_any, exact_of_any):
            np.testing.assert_allclose(distance(a, b), by_samples(x, y), rtol=1e-12)
            np.testing.assert_allclose(distance(a, b), by_sqrtm(x, y), rtol=1e-8)


@pytest.mark.parametrize("counts", [(20, 30), (30, 20)], ids=str)
def test_repeated_features_are_of_no_higher_rank(counts):
    """Frozen clips: more features than D, but of low rank, which their number doesn't tell."""
    x, y = (np.repeat(pooled(n, 48, k, shift=0.1 * k).astype(np.float64), 10, axis=0) for k, n in enumerate(counts))
    with jax.enable_x64(True):
        a, b = summed(x), summed(y)
        np.testing.assert_allclose(distance_of_any(a, b), by_samples(x, y), rtol=1e-12)
        np.testing.assert_allclose(exact_of_any(a, b), by_samples(x, y), rtol=1e-12)
    a, b = summed(x.astype(np.float32)), summed(y.astype(np.float32))
    np.testing.assert_allclose(distance_of_any(a, b), by_samples(x, y), rtol=1e-5)


@pytest.mark.parametrize("offset", [0.0, 1e3])
@pytest.mark.parametrize(
    ("counts", "error"), [((20, 30), 2e-6), ((300, 30), 2e-6), ((500, 500), 2e-6), ((64, 64), 1e-4)]
)
@pytest.mark.parametrize("decay", [0.0, 1.0, 2.0])
def test_in_single_the_error_is_as_documented(counts, error, decay, offset):
    x, y = (pooled(n, 64, k, shift=0.1 * k, decay=decay) + np.float32(offset) for k, n in enumerate(counts))
    scale = np.var(x.astype(np.float64), axis=0).sum() + np.var(y.astype(np.float64), axis=0).sum()
    a, b = summed(x), summed(y)
    np.testing.assert_allclose(distance_of_any(a, b), by_samples(x, y), rtol=0, atol=error * scale)
    np.testing.assert_allclose(exact_of_any(a, b), by_samples(x, y), rtol=0, atol=error / 10 * scale)


def with_moments(mean: np.ndarray, root: np.ndarray, count: int = 500) -> np.ndarray:
    """Features whose mean and covariance root rootᵀ are exactly these."""
    x = np.linalg.qr(np.random.default_rng(0).normal(size=(count, len(mean) + 1)))[0]
    x = np.linalg.qr(x - x.mean(0))[0][:, : len(mean)]
    return mean + np.sqrt(count - 1) * x @ root.T


def test_closed_forms():
    size, delta, rng = 6, np.arange(6.0), np.random.default_rng(1)
    root = rng.normal(size=(size, size))
    x = with_moments(np.zeros(size), root)
    with jax.enable_x64(True):
        balls = [summed(with_moments(np.zeros(size), sigma * np.eye(size))) for sigma in (2.0, 0.5)]
        point = summed(np.zeros((500, size)))
        for distance in (distance_of_any, exact_of_any):
            np.testing.assert_allclose(distance(summed(x), summed(x)), 0, atol=1e-12)
            np.testing.assert_allclose(distance(summed(x), summed(x + delta)), delta @ delta, rtol=1e-12)
            np.testing.assert_allclose(distance(summed(x), summed(3 * x)), 2**2 * np.sum(root**2), rtol=1e-12)
            np.testing.assert_allclose(distance(*balls), size * (2.0 - 0.5) ** 2, rtol=1e-12)
            np.testing.assert_allclose(distance(summed(x), point), np.sum(root**2), rtol=1e-12)
            np.testing.assert_array_equal(distance(point, point), 0)


@given(st.integers(2, 60), st.integers(2, 60), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_symmetric_never_negative_and_blind_to_rotation(n, m, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(60, 8)), rng.gamma(1, size=(60, 8))
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    with jax.enable_x64(True):
        a, b, a_turned, b_turned = (
            summed(z, np.arange(60) < count) for z, count in ((x, n), (y, m), (x @ turn, n), (y @ turn, m))
        )
        for distance in (distance_of_any, exact_of_any):
            there = distance(a, b)
            assert there >= 0
            np.testing.assert_allclose(distance(b, a), there, rtol=1e-9)
            np.testing.assert_allclose(distance(a_turned, b_turned), there, rtol=1e-9)
            np.testing.assert_allclose(distance(a, a), 0, atol=1e-12)


def test_jit_and_vmap():
    x, y = pooled(90, 5, 0), pooled(3 * 80, 5, 1).reshape(3, 80, 5)
    a, many = summed(x), jax.jit(jax.vmap(moments))(y)
    eager = [frechet_distance(a, summed(one)) for one in y]
    np.testing.assert_allclose(jax.jit(frechet_distance)(a, summed(y[0])), eager[0], rtol=1e-5)
    np.testing.assert_allclose(jax.jit(jax.vmap(frechet_distance, (None, 0)))(a, many), eager, rtol=1e-5)


# Its gradient.


def by_features(x: jax.Array, y: jax.Array) -> jax.Array:
    return frechet_distance(moments(x), moments(y), min_count=2)


gradients = jax.jit(jax.grad(by_features, (0, 1)))


@pytest.mark.parametrize("counts", [(40, 50), (5, 7), (5, 50), (50, 5)], ids=str)
def test_gradient_by_the_features_is_that_of_finite_differences(counts):
    with jax.enable_x64(True):
        x, y = (jnp.asarray(np.random.default_rng(k).normal(size=(n, 9)) * (1 + k)) for k, n in enumerate(counts))
        check_grads(jax.jit(by_features), (x, y), order=1, eps=1e-6)


def test_gradient_of_a_chunk_that_joins_others_is_that_of_finite_differences():
    with jax.enable_x64(True):
        x, y = (jnp.asarray(np.random.default_rng(k).normal(size=(20, 9)) * (1 + k)) for k in range(2))
        check_grads(jax.jit(lambda x: frechet_distance(updated(moments(y), x), moments(y))), (x,), order=1, eps=1e-6)


@pytest.mark.parametrize("count", [3, 9, 60])
def test_gradient_of_equal_sets_is_zero(count):
    x = pooled(60, 8, 5)[:count]
    for gradient in gradients(x, x):
        np.testing.assert_allclose(gradient, 0, atol=1e-4 / count)


@pytest.mark.parametrize("count", [2, 5, 60])
@pytest.mark.parametrize("other", ["equal rows", "zeros", "repeated", "other axes", "full"])
def test_gradient_is_finite_for_any_rank(count, other):
    x, rows = pooled(60, 8, 6)[:count], pooled(60, 8, 7)
    left = (np.arange(8) > 3).astype(np.float32)
    y = {
        "equal rows": rows[[0] * 60],
        "zeros": 0 * rows,
        "repeated": rows[[0, 1] * 30],
        "other axes": rows * (1 - left),
        "full": rows,
    }[other]
    for gradient in gradients(x * left if other == "other axes" else x, y):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("counts", [(200, 300), (20, 30)], ids=str)
def test_gradient_in_single_is_that_in_double(counts):
    x, y = (pooled(n, 48, k, shift=0.1 * k) for k, n in enumerate(counts))
    with jax.enable_x64(True):
        expected = jax.tree.map(np.asarray, gradients(x.astype(np.float64), y.astype(np.float64)))
    for single, double in zip(gradients(x, y), expected, strict=True):
        np.testing.assert_allclose(single, double, rtol=0, atol=1e-4 * np.abs(double).max())


# Refusals.


def test_too_few_features_are_refused_unless_asked_for():
    few, enough = moments(pooled(6, 6, 0)), moments(pooled(7, 6, 1))
    assert np.isfinite(frechet_distance(enough, enough))
    for distance in (frechet_distance, frechet_distance_exact):
        for pair in ((few, enough), (enough, few)):
            with pytest.raises(
                ValueError, match=r"at least 7 features in a set \(6 numbers each\), got 6.* pass a smaller min_count"
            ):
                distance(*pair)
            assert distance(*pair, min_count=6) > 0
    with pytest.raises(ValueError, match="at least 7 features"):  # one that is known while the other is traced
        jax.jit(lambda b: frechet_distance(few, b))(enough)
    assert np.isnan(jax.jit(frechet_distance)(few, enough))
    assert np.isfinite(jax.jit(partial(frechet_distance, min_count=6))(few, enough))
    with pytest.raises(ValueError, match="min_count >= 2, since one feature has no covariance, got 1"):
        frechet_distance(few, enough, min_count=1)


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"Expected floating-point features \[N, D\], got float32\[3\]"):
        moments(jnp.zeros(3))
    with pytest.raises(ValueError, match=r"Expected floating-point features \[N, D\], got uint8\[3, 2\]"):
        moments(jnp.zeros((3, 2), jnp.uint8))
    with pytest.raises(ValueError, match=r"Expected valid to be bool\[3\], got float32\[3\]"):
        moments(jnp.zeros((3, 2)), jnp.ones(3))
    for function in (merged, frechet_distance, frechet_distance_exact):
        with pytest.raises(ValueError, match=r"one size, \[D\] and \[D\], got \(2,\), \(3,\)"):
            function(empty_moments(2), empty_moments(3))


# Several devices.


def on_four_devices() -> None:
    """Each device sums its own features, then all add up all devices' moments."""
    x = pooled(4 * 5 * 20, 6, 8).reshape(4, 5, 20, 6) + np.float32(100)
    mesh = jax.make_mesh((4,), ("sets",), axis_types=(AxisType.Auto,))
    spec = PartitionSpec("sets")

    def everything(chunks):
        own, _ = jax.lax.scan(lambda m, chunk: (updated(m, chunk), None), moments(chunks[0, 0]), chunks[0, 1:])
        each = jax.lax.all_gather(own, "sets")
        total = reduce(merged, [jax.tree.map(lambda leaf, k=k: leaf[k], each) for k in range(4)])
        return jax.tree.map(lambda leaf: leaf[None], total)

    found = jax.jit(jax.shard_map(everything, mesh=mesh, in_specs=spec, out_specs=spec))(x)
    assert len(found.scatter.sharding.device_set) == 4
    for k in range(4):
        check_moments(jax.tree.map(lambda leaf, k=k: leaf[k], found), x.reshape(-1, 6))
    each = jax.jit(jax.vmap(lambda chunks: moments(chunks.reshape(-1, 6))))(
        jax.device_put(x, jax.NamedSharding(mesh, spec))
    )
    total = reduce(merged, [jax.tree.map(lambda leaf, k=k: leaf[k], each) for k in range(4)])
    check_moments(total, x.reshape(-1, 6))


def test_four_devices_add_up_to_one_set():
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=4", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, __file__], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    on_four_devices()
