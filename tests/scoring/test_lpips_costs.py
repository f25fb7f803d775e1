"""Costs through blocks of features equal the direct ones, in whatever room."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.scoring import lpips_costs as module
from jaxeval.scoring.lpips_costs import BLOCK, FeatureBlocks, lpips_costs


class Pixels:
    """An encoder whose single tap is the frame itself: its features are unit colours, easy to follow."""

    def __init__(self):
        self.heads = (Head(),)
        self.calls = 0

    def __call__(self, frames):
        return (frames + 0.1,)


class Head:
    def __getitem__(self, _):
        return jnp.array([1.0, 0.5, 2.0])


jax.tree_util.register_pytree_node(Head, lambda _: ((), None), lambda *_: Head())
jax.tree_util.register_pytree_node(Pixels, lambda _: ((), None), lambda *_: Pixels())


def clip(seed, count):
    return np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)


def brute(x, y):
    """LPIPS of all pairs in float64, straight from its definition."""

    def unit(frames):
        taps = frames.astype(np.float64) / 255 + 0.1
        return taps / np.sqrt((taps**2).sum(-1, keepdims=True))

    a, b = unit(x), unit(y)
    squares = (a[:, None] - b[None]) ** 2 @ np.array([1.0, 0.5, 2.0])
    return squares.mean((2, 3))


@pytest.mark.parametrize(("t", "s"), [(1, 1), (7, 30), (60, 60), (26, 110)])
@pytest.mark.parametrize("budget", [0, 10**5, 10**9])
def test_costs_equal_the_definition(t, s, budget):
    x, y = clip(0, t), clip(1, s)
    shares = []
    costs = lpips_costs(FeatureBlocks(Pixels(), budget), ("x", x), ("y", y), shares.append).costs
    np.testing.assert_allclose(costs.xy, brute(x, y), atol=1e-5)
    np.testing.assert_allclose(costs.xx, brute(x, x), atol=1e-5)
    np.testing.assert_allclose(costs.yy, brute(y, y), atol=1e-5)
    np.testing.assert_allclose(costs.framewise, np.diagonal(brute(x, y)), atol=1e-6)
    assert shares == sorted(shares)
    assert shares[0] >= 0
    assert shares[-1] < 1


@pytest.mark.parametrize("count", [1, 25, 61])
def test_a_clip_against_itself_has_three_identical_matrices(count):
    x = clip(0, count)
    costs = lpips_costs(FeatureBlocks(Pixels()), ("x", x), ("y", x.copy()), lambda share: None).costs
    np.testing.assert_array_equal(costs.xy, costs.xx)
    np.testing.assert_array_equal(costs.xy, costs.yy)
    np.testing.assert_array_equal(costs.framewise, 0)


def test_with_room_every_block_is_computed_once(monkeypatch):
    computed = []
    original = module._features
    monkeypatch.setattr(module, "_features", lambda *a: computed.append(1) or original(*a))
    blocks = FeatureBlocks(Pixels())
    lpips_costs(blocks, ("x", clip(0, 3 * BLOCK)), ("y", clip(1, 2 * BLOCK)), lambda share: None)
    assert len(computed) == 5
    blocks.drop("x")
    lpips_costs(blocks, ("z", clip(2, BLOCK)), ("y", clip(1, 2 * BLOCK)), lambda share: None)
    assert len(computed) == 6


def test_a_reference_that_does_not_fit_keeps_its_first_blocks(monkeypatch):
    """The next pair begins with them: by least recent use each would be driven out just before it is asked for."""
    computed = []
    original = module._features
    monkeypatch.setattr(module, "_features", lambda *a: computed.append(1) or original(*a))
    blocks, y = FeatureBlocks(Pixels(), 8 * BLOCK * 48 * 4), ("y", clip(1, 6 * BLOCK))
    for count in (12, 6 + 1):
        computed.clear()
        lpips_costs(blocks, ("x", clip(0, 6 * BLOCK)), y, lambda share: None, band=10)
        assert len(computed) == count


@pytest.mark.parametrize("band", [None, 10])
def test_what_is_known_of_a_reference_is_not_computed_again(band, monkeypatch):
    x, y = ("x", clip(0, 40)), ("y", clip(1, 70))
    whole = lpips_costs(FeatureBlocks(Pixels()), x, y, lambda share: None, band=band)
    pairs, original = [], module._meet

    def watched(rows, center, told, products):
        pairs.extend(told)
        return original(rows, center, told, products)

    monkeypatch.setattr(module, "_meet", watched)
    known = module.OwnCosts(whole.costs.yy, whole.steps[1])
    again = lpips_costs(FeatureBlocks(Pixels()), x, y, lambda share: None, band=band, known=known)
    jax.tree.map(np.testing.assert_array_equal, again, whole)
    once = len(pairs)
    lpips_costs(FeatureBlocks(Pixels()), x, y, lambda share: None, band=band)
    assert once < len(pairs) - once


def test_without_room_blocks_pass_by_and_never_more_are_kept(monkeypatch):
    size = BLOCK * 48 * 4
    blocks = FeatureBlocks(Pixels(), 4 * size)
    most = []
    original = FeatureBlocks.get
    monkeypatch.setattr(FeatureBlocks, "get", lambda self, *a: (original(self, *a), most.append(len(self._kept)))[0])
    lpips_costs(blocks, ("x", clip(0, 6 * BLOCK)), ("y", clip(1, 6 * BLOCK)), lambda share: None)
    assert max(most) == 4


@pytest.mark.parametrize(("t", "s"), [(1, 1), (130, 130), (60, 200), (200, 61)])
@pytest.mark.parametrize("band", [1, 5.5, 40])
def test_inside_a_band_costs_are_the_same_and_far_blocks_are_never_computed(t, s, band, monkeypatch):
    x, y = clip(0, t), clip(1, s)
    done = []
    original = module._meet
    monkeypatch.setattr(
        module, "_meet", lambda rows, center, pairs, *a: done.extend(pairs) or original(rows, center, pairs, *a)
    )
    costs = lpips_costs(FeatureBlocks(Pixels()), ("x", x), ("y", y), lambda share: None, band=band).costs
    for matrix, (a, b) in ((costs.xy, (x, y)), (costs.xx, (x, x)), (costs.yy, (y, y))):
        n, m = matrix.shape
        longest = max(n, m) - 1
        i, j = np.indices((n, m))
        inside = np.abs(i * longest / max(n - 1, 1) - j * longest / max(m - 1, 1)) <= band
        np.testing.assert_allclose(matrix[inside], brute(a, b)[inside], atol=1e-5)
    np.testing.assert_allclose(costs.framewise, np.diagonal(brute(x, y)), atol=1e-6)
    count = -(-t // BLOCK) + -(-s // BLOCK)
    assert len(done) <= count * (count + 1) / 2
    if min(t, s) > 100 and band < 10:
        assert len(done) < 0.5 * count * (count + 1) / 2


def steps_by_hand(frames):
    """Each frame's LPIPS to the one before, one after the other in float64."""
    return np.array([brute(one[None], other[None])[0, 0] for one, other in zip(frames[1:], frames[:-1], strict=True)])


COUNTS = [(24, 25), (25, 26), (26, 24), (51, 1), (2, 51), (50, 76)]
"""Either side of a block's last frame, and clips of one frame, which take no step."""


@pytest.mark.parametrize(("t", "s"), COUNTS)
@pytest.mark.parametrize("budget", [0, 10**5, 10**9])
@pytest.mark.parametrize("how", [{}, {"band": 1}, {"framewise_only": True}], ids=str)
def test_steps_equal_a_loop_over_frames_wherever_blocks_end(t, s, budget, how):
    x, y = clip(0, t), clip(1, s)
    found = lpips_costs(FeatureBlocks(Pixels(), budget), ("x", x), ("y", y), lambda share: None, **how)
    assert [len(steps) for steps in found.steps] == [t - 1, s - 1]
    for steps, frames in zip(found.steps, (x, y), strict=True):
        np.testing.assert_allclose(steps, steps_by_hand(frames), atol=1e-6)


def test_a_clip_that_stands_still_takes_steps_of_0():
    still = clip(0, 1).repeat(51, axis=0)
    found = lpips_costs(FeatureBlocks(Pixels()), ("x", still), ("y", clip(1, 30)), lambda share: None)
    np.testing.assert_array_equal(found.steps[0], 0)


@pytest.mark.parametrize(("t", "s"), COUNTS)
def test_without_matrices_the_rest_is_the_same(t, s, monkeypatch):
    monkeypatch.setattr(module, "precise_matmul", lambda *_: pytest.fail("a product that nobody asked for"))
    monkeypatch.setattr(module, "_meet", jax.jit(module._meet.__wrapped__, static_argnames=("pairs", "products")))
    x, y = ("x", clip(0, t)), ("y", clip(1, s))
    only = lpips_costs(FeatureBlocks(Pixels()), x, y, lambda share: None, framewise_only=True)
    monkeypatch.undo()
    whole = lpips_costs(FeatureBlocks(Pixels()), x, y, lambda share: None)
    np.testing.assert_array_equal(only.costs.framewise, whole.costs.framewise)
    for mine, theirs in zip(only.steps, whole.steps, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert not any(matrix.any() for matrix in (only.costs.xy, only.costs.xx, only.costs.yy))
