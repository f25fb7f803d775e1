"""The band against its definition in exact fractions, and Soft-DTW inside it against the paths that stay inside."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.alignment import soft_dtw, soft_dtw_divergence, soft_dtw_value_and_alignment
from jaxeval.alignment.core.band import in_band, smallest_band

from ..oracles import STEPS, deviation, enumerated, inside, members, random_cost


def bottleneck(t, s):
    """The least possible worst deviation along a path, by dynamic programming."""
    worst = {}
    for i, j in np.ndindex(t, s):
        before = [worst[i - di, j - dj] for di, dj in STEPS if i >= di and j >= dj]
        worst[i, j] = max(deviation(i, j, t, s), min(before, default=Fraction(0)))
    return worst[t - 1, s - 1]


@pytest.mark.parametrize("lengths", [(1, 1), (1, 7), (7, 1), (5, 5), (7, 10), (10, 7), (4, 13)])
@pytest.mark.parametrize("band", [0, 0.5, 1, 2.25, 3, 1e9, float("inf")])
def test_membership_is_the_definition(lengths, band):
    t, s = lengths
    found = in_band(*jnp.indices((10, 13)), lengths, band)
    np.testing.assert_array_equal(found[:t, :s], members(t, s, band))


@pytest.mark.parametrize("t", [1, 2, 4, 7, 9])
def test_the_smallest_band_is_the_bottleneck_and_holds_its_worst_cell_despite_rounding(t):
    for s in range(1, 14):
        smallest = smallest_band(t, s)
        assert smallest == smallest_band(s, t) == float(bottleneck(t, s))
        found = in_band(*jnp.indices((10, 13)), (t, s), smallest)
        np.testing.assert_array_equal(found[:t, :s], members(t, s, bottleneck(t, s)))


@pytest.mark.parametrize(("shape", "band"), [((5, 5), 1), ((4, 6), 1.5), ((5, 2), 2)])
def test_only_paths_inside_the_band_count(shape, band):
    cost = random_cost(*shape)
    expected, expected_alignment = enumerated(cost, 0.1, inside(*shape, band))
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=0.1, band=band)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    np.testing.assert_allclose(alignment, expected_alignment, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(alignment)[~np.array(members(*shape, band))], 0)


@pytest.mark.parametrize("gamma", [0.0, 1e-3, 1.0])
def test_band_0_of_equal_lengths_is_the_rigid_alignment(gamma):
    cost = random_cost(60, 60)
    frame_wise = np.diagonal(cost).mean(dtype=np.float64)
    value, alignment = soft_dtw_value_and_alignment(cost, gamma=gamma, band=0)
    np.testing.assert_allclose(value / 60, frame_wise, rtol=1e-6)
    np.testing.assert_allclose(alignment, np.eye(60), rtol=1e-6)
    with jax.enable_x64(True):
        wide = jnp.asarray(cost, jnp.float64)
        np.testing.assert_allclose(soft_dtw(wide, gamma=gamma, band=0) / 60, frame_wise, rtol=1e-12)


def test_the_band_follows_traced_lengths():
    cost, lengths = random_cost(6, 8), [(6, 8), (5, 6), (4, 4), (2, 8)]
    values = jax.vmap(lambda pair: soft_dtw(cost, lengths=pair, band=1.5))(jnp.array(lengths))
    for (t, s), value in zip(lengths, values, strict=True):
        paths = inside(t, s, 1.5)
        expected = enumerated(cost[:t, :s], 0.01, paths)[0] if paths else np.nan
        np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_more_frames_than_products_of_their_numbers_fit_are_told():
    clip = jax.ShapeDtypeStruct((46_341, 1), jnp.float32)
    with pytest.raises(ValueError, match=r"Expected at most 46340 frames with a band, got 46341\."):
        jax.eval_shape(lambda x: soft_dtw_divergence(x, x, band=5), clip)


def test_the_band_named_in_the_error_is_enough():
    with pytest.raises(ValueError, match="smallest that reaches 4 x 8 frames") as error:
        soft_dtw(jnp.ones((4, 8)), band=0)
    named = float(str(error.value).split(">= ")[1].split(" ")[0])
    assert np.isfinite(soft_dtw(jnp.ones((4, 8)), band=named))
