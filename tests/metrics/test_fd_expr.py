"""Fréchet distances of expressions against scipy's matrix root in float64, on meshes with a known expression."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.transform import Rotation

from jaxeval.metrics.frechet import frechet_distance, frechet_distance_exact, moments, updated
from jaxeval.metrics.motion import expression_trajectory, fit_mesh

RNG = np.random.default_rng(0)
CANONICAL = RNG.uniform(-8, 8, (468, 3)).astype(np.float32)
WEIGHTS = RNG.uniform(0.1, 1, 468).astype(np.float32)
SHAPES = RNG.normal(size=(6, 468, 3)) * np.array([1, 0.7, 0.5, 0.3, 0.2, 0.1])[:, None, None]
"""What six muscles do to the mesh, in cm."""
distance = jax.jit(frechet_distance)


def expressions(count, seed, strength=1.0, smile=0.0):
    """`[T, 1404]` of a face that turns, moves and grows as it talks."""
    rng = np.random.default_rng(seed)
    muscles = rng.normal(size=(count, 6)) * 0.3 * strength + np.array([smile, 0, 0, 0, 0, 0])
    faces = CANONICAL + np.einsum("tm,mnd->tnd", muscles, SHAPES)
    turns = Rotation.from_euler("xyz", rng.uniform(-10, 10, (count, 3)), degrees=True).as_matrix()
    moved = rng.uniform(20, 25, (count, 1, 1)) * np.einsum("tij,tnj->tni", turns, faces) + rng.uniform(90, 110, (1, 3))
    mesh = jnp.asarray(moved * np.array([1, -1, -1]), jnp.float32)
    return jax.jit(lambda m: expression_trajectory(m, CANONICAL, fit_mesh(m, CANONICAL, WEIGHTS)))(mesh)


def few(rows):
    """`[T, 141]` every tenth landmark, whose covariance has its root in no time."""
    return rows.reshape(len(rows), 468, 3)[:, ::10].reshape(len(rows), -1)


def by_sqrtm(x, y):
    """‖μ − ν‖² + tr (S + T − 2 (S T)^½) in the few directions in which the rows vary."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    shift = x.mean(0) - y.mean(0)
    _, values, axes = np.linalg.svd(np.concatenate([x - x.mean(0), y - y.mean(0)]), full_matrices=False)
    axes = axes[values > 1e-4 * values[0]]
    s, t = (np.cov(z @ axes.T, rowvar=False) for z in (x, y))
    return shift @ shift + np.trace(s + t - 2 * sqrtm(s @ t).real)


def variance(rows):
    return np.var(np.asarray(rows, np.float64), axis=0, ddof=1).sum()


def exact(x, y):
    return frechet_distance_exact(moments(jnp.asarray(x)), moments(jnp.asarray(y)), min_count=100)


@pytest.mark.parametrize(("strength", "smile"), [(1.0, 0.0), (0.5, 0.0), (1.5, 0.3)])
def test_it_is_scipys(strength, smile):
    x, y = few(expressions(300, 1, strength, smile)), few(expressions(260, 2))
    rounding = 1e-5 * variance(y)
    expected = by_sqrtm(x, y)
    np.testing.assert_allclose(exact(x, y), expected, atol=rounding)
    np.testing.assert_allclose(distance(moments(x), moments(y)), expected, atol=10 * rounding)
    # In chunks, as clips come in.
    added = updated(moments(x[:130]), x[130:])
    np.testing.assert_allclose(frechet_distance_exact(added, moments(y)), expected, atol=rounding)


def test_it_is_scipys_over_the_whole_mesh():
    x, y = expressions(300, 1, 0.8), expressions(260, 2)
    np.testing.assert_allclose(exact(x, y), by_sqrtm(x, y), atol=1e-5 * variance(y))


def test_less_expression_is_farther_and_the_same_is_at_0():
    y = few(expressions(300, 3))
    same, less, least = (exact(few(expressions(300, 3, strength)), y) for strength in (1, 0.7, 0.4))
    assert 0 <= same < 1e-4 * less < 1e-4 * least


def test_less_the_references_mean_persons_hide_no_expression():
    """Two persons, one of whom smiles at rest; the generated clips have half of their expression."""
    references = [np.asarray(few(expressions(300, seed, smile=2.0 * seed))) for seed in (0, 1)]
    means = [y.mean(0) for y in references]
    generated = [(y + mean) / 2 for y, mean in zip(references, means, strict=True)]
    expected = np.mean([variance(y) for y in references]) / 4
    assert exact(np.concatenate(generated), np.concatenate(references)) < 0.8 * expected
    centred = [
        np.concatenate([z - mean for z, mean in zip(side, means, strict=True)]) for side in (generated, references)
    ]
    np.testing.assert_allclose(exact(*centred), expected, rtol=0.01)


def test_few_frames_are_refused_by_default():
    rows = expressions(100, 4)
    with pytest.raises(ValueError, match=r"Expected at least 1405 features in a set \(1404 numbers each\), got 100"):
        frechet_distance(moments(rows), moments(rows))
