"""The divergence: 0 for identical clips, and bounded for a late one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from jaxeval.alignment import divergence_from_costs, dtw, soft_dtw_divergence
from jaxeval.alignment.distances import cosine, squared_euclidean

from .oracles import looped, random_walk


def squared(x, y):
    return cdist(x, y, "sqeuclidean")


def test_is_its_definition():
    x, y = random_walk(24), random_walk(30, seed=1)
    xy, xx, yy = (looped(squared(*pair), 0.5)[0] for pair in ((x, y), (x, x), (y, y)))
    np.testing.assert_allclose(soft_dtw_divergence(x, y, gamma=0.5), xy - (xx + yy) / 2, rtol=1e-5)


@pytest.mark.parametrize("distance", [squared_euclidean, cosine])
@pytest.mark.parametrize("gamma", [0.0, 1e-4, 1e-2, 1.0])
def test_identical_clips_are_exactly_0_apart(distance, gamma):
    x = jnp.asarray(random_walk(30))
    assert soft_dtw_divergence(x, x + 0, distance=distance, gamma=gamma) == 0


@pytest.mark.parametrize("batched", [False, True])
def test_identical_clips_are_exactly_0_apart_when_compiled_as_one(batched):
    def function(x, y, gamma):
        return soft_dtw_divergence(x, y, gamma=gamma, lengths=(26, 26))

    clips = jnp.stack([random_walk(30), random_walk(30, seed=1)])
    clips = clips if batched else clips[0]
    compiled = jax.jit(jax.vmap(function, in_axes=(0, 0, None)) if batched else function)
    for gamma in (0.0, 1e-4, 1e-2, 1.0):
        np.testing.assert_array_equal(compiled(clips, clips, gamma), 0)


@pytest.mark.parametrize("k", [0, 1, 4])
@pytest.mark.parametrize("gamma", [0.0, 1e-3, 0.1, 10.0])
def test_a_shift_keeps_within_its_bound(gamma, k):
    # Some paths wait k frames, walk the common part and wait again; the bound counts these alone.
    clip = random_walk(40)
    late, common = clip[np.maximum(np.arange(40) - k, 0)], clip[: 40 - k]
    last = squared(clip[40 - k :], common[-1:]).sum()
    with jax.enable_x64(True):
        wide = [jnp.asarray(x, jnp.float64) for x in (clip, late)]
        divergence = float(soft_dtw_divergence(*wide, gamma=gamma))
        hard = float(dtw(squared_euclidean(*wide)))
    assert hard <= last + 1e-9
    of_common, of_clip, of_late = (looped(squared(x, x), gamma or 1e-12)[0] for x in (common, clip, late))
    assert divergence <= last + (of_common - of_clip) / 2 + (of_common - of_late) / 2 + 1e-9


def test_padding_may_hold_anything_and_has_a_gradient_of_exactly_0():
    x, y = random_walk(9), random_walk(8, seed=1)
    lengths = np.array([[9, 8], [5, 8], [4, 3]])
    xs, ys = np.stack([x] * 3), np.stack([y] * 3)
    for padded_x, padded_y, (t, s) in zip(xs, ys, lengths, strict=True):
        padded_x[t:], padded_y[s:] = np.nan, np.inf

    def function(x, y, lengths):
        return soft_dtw_divergence(x, y, distance=cosine, gamma=0.1, lengths=lengths)

    values, gradients = jax.jit(jax.vmap(jax.value_and_grad(function, argnums=(0, 1))))(xs, ys, lengths)
    for index, (t, s) in enumerate(lengths):
        pairs = ((x[:t], y[:s]), (x[:t], x[:t]), (y[:s], y[:s]))
        xy, xx, yy = (looped(2 * cdist(*pair, "cosine"), 0.1)[0] for pair in pairs)
        np.testing.assert_allclose(values[index], xy - (xx + yy) / 2, rtol=1e-4)
        for gradient, length in zip(gradients, (t, s), strict=True):
            np.testing.assert_array_equal(gradient[index, length:], 0)
            assert np.isfinite(gradient[index]).all()


def test_static_lengths_cut_both_clips():
    x, y = random_walk(24), random_walk(30, seed=1)
    xy, xx, yy = (looped(squared(*pair), 0.5)[0] for pair in ((x[:20], y[:9]), (x[:20], x[:20]), (y[:9], y[:9])))
    cut = soft_dtw_divergence(x, y, gamma=0.5, lengths=(20, 9))
    np.testing.assert_allclose(cut, xy - (xx + yy) / 2, rtol=1e-5)


@pytest.mark.parametrize(("xx", "yy"), [((3, 3), (3, 4)), ((4, 4), (4, 4)), ((3,), (4, 4))])
def test_shapes_that_dont_fit_are_told(xx, yy):
    text = r"Expected costs xy \[T, S\], xx \[T, T\] and yy \[S, S\], got shapes \(3, 4\)"
    with pytest.raises(ValueError, match=text):
        divergence_from_costs(jnp.ones((3, 4)), jnp.ones(xx), jnp.ones(yy))
