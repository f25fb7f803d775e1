"""Timing in milliseconds, and the faults of time that must not hide: against loops in NumPy, and on made-up faults."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from jaxeval.alignment import lag, soft_dtw_alignment
from jaxeval.metrics import temporal_faults as faults
from jaxeval.metrics.lag_summary import timing
from jaxeval.metrics.temporal_faults import copy, frozen, looped, reversed_in_time, static
from tests.metrics import fault_material as material
from tests.quickly import QUICKLY

# --- timing ---------------------------------------------------------------------------------------------------------


def curve(seed=0, count=30):
    rng = np.random.default_rng(seed)
    return (np.cumsum(rng.normal(size=count)) + rng.uniform(-3, 3)).astype(np.float32)


def by_numpy(frames, fps):
    ms = frames.astype(np.float64) * 1000 / fps
    quarter = 250 / fps
    shares = [np.mean(np.abs(ms) > limit + quarter) for limit in (40, 80, 160)]
    slope = np.polyfit(np.arange(len(ms)) / fps, ms, 1)[0]
    return [ms.mean(), ms.std(), *shares, slope]


@pytest.mark.parametrize("fps", [25.0, 29.97])
@pytest.mark.parametrize("seed", range(3))
def test_timing_is_numpys(seed, fps):
    np.testing.assert_allclose(timing(curve(seed), fps=fps), by_numpy(curve(seed), fps), rtol=2e-5, atol=1e-3)


@pytest.mark.parametrize("length", [2, 11, 30])
def test_timing_does_not_see_padding(length):
    padded = np.where(np.arange(30) < length, curve(), np.nan).astype(np.float32)
    expected = by_numpy(curve()[:length], 25.0)
    np.testing.assert_allclose(timing(padded, fps=25.0, length=length), expected, rtol=2e-5, atol=1e-3)
    traced = jax.jit(lambda c, n: timing(c, fps=25.0, length=n))(padded, jnp.int32(length))
    np.testing.assert_allclose(traced, expected, rtol=2e-5, atol=1e-3)
    gradient = jax.grad(lambda c: sum(timing(c, fps=25.0, length=length)))(padded)
    assert np.isfinite(gradient).all()
    np.testing.assert_array_equal(gradient[length:], 0)


def test_a_single_frame_has_no_drift():
    found = timing(jnp.array([3.0]), fps=25.0)
    np.testing.assert_allclose(found, [120, 0, 1, 1, 0, np.nan])
    assert np.isfinite(jax.grad(lambda c: timing(c, fps=25.0).std)(jnp.array([3.0]))).all()


def test_timing_under_vmap_and_gradient():
    batch = np.stack([curve(seed) for seed in range(3)])
    together = jax.vmap(lambda c: timing(c, fps=25.0))(batch)
    np.testing.assert_allclose(np.stack(together, axis=1), [timing(c, fps=25.0) for c in batch], rtol=1e-5, atol=1e-4)
    with jax.enable_x64(True):
        c = jnp.asarray(curve(1), jnp.float64)
        check_grads(lambda c: [timing(c, fps=25.0)[k] for k in (0, 1, 5)], (c,), order=1, modes=("rev", "fwd"))
    np.testing.assert_array_equal(jax.grad(lambda c: timing(c, fps=25.0).std)(jnp.ones(9)), 0)


@pytest.mark.parametrize("wrong", [jnp.ones((2, 3)), jnp.ones(0), jnp.arange(3)])
def test_what_is_no_curve_is_refused(wrong):
    with pytest.raises(ValueError, match=r"Expected a floating-point curve \[T\], got"):
        timing(wrong, fps=25.0)


def test_a_length_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"Expected length in 1\.\.3, got 4"):
        timing(jnp.ones(3), fps=25.0, length=4)


def wandering_cost(shown, count):
    """Costs of a clip that shows those moments of a path that never comes back, against the path."""
    rng = np.random.default_rng(3)
    path = np.cumsum(rng.normal(size=(count, 6)), axis=0)
    apart = path[shown][:, None] - path[None]
    return jnp.asarray((apart**2).sum(axis=-1), jnp.float32)


@pytest.mark.parametrize(
    ("delay", "beyond"), [(0, (0, 0, 0)), (1, (0, 0, 0)), (2, (1, 0, 0)), (4, (1, 1, 0)), (5, (1, 1, 1))]
)
def test_a_delay_of_whole_frames_is_not_beyond_the_limit_it_lies_on(delay, beyond):
    cost = wandering_cost(np.maximum(np.arange(100) - delay, 0), 100)
    found = timing(lag(soft_dtw_alignment(cost, gamma=1.0)).curve, fps=25.0)
    # At the ends, which are held in the corners, the share is lower by up to the delay; never higher.
    for share, whole in zip(found[2:5], beyond, strict=True):
        assert (0.89 if whole else 0) <= share <= whole
    np.testing.assert_allclose(found.mean, 40 * (delay - delay * (delay + 2) / 200), atol=0.02 * 40)


@pytest.mark.parametrize("delay", [2, 4])
def test_the_ends_of_a_constant_delay_do_what_is_documented(delay):
    cost = wandering_cost(np.maximum(np.arange(100) - delay, 0), 100)
    found = timing(lag(soft_dtw_alignment(cost, gamma=0.01)).curve, fps=25.0)
    held = np.minimum(np.arange(100.0), delay)
    held[-1] -= delay / 2
    np.testing.assert_allclose(found, by_numpy(held, 25.0), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(found.mean, 40 * (delay - delay * (delay + 2) / 200), rtol=1e-3)
    np.testing.assert_allclose(found.drift, 3000 * (delay / 100) ** 2, rtol=0.1)


@pytest.mark.parametrize("tempo", [0.9, 0.95])
def test_another_tempo_drifts(tempo):
    shown = np.rint(np.arange(100) * tempo).astype(int)
    cost = wandering_cost(shown, 100)[:, : shown[-1] + 1]
    found = timing(lag(soft_dtw_alignment(cost, gamma=0.1)).curve, fps=25.0)
    np.testing.assert_allclose(found.drift, 1000 * (1 - tempo), atol=5)


# --- faults, by loops -----------------------------------------------------------------------------------------------


def path_costs(seed=0, t=40, s=44):
    rng = np.random.default_rng(seed)
    y = np.cumsum(rng.normal(size=(s, 3)), axis=0)
    x = y[np.minimum(np.arange(t), s - 1)] + 0.3 * rng.normal(size=(t, 3))
    x[10:22] = x[10]  # a freeze of 11 steps
    y[22:29] = y[22]  # and a pause of 6, and one of 6 whose second half is too near the end
    y[32:39] = y[32]
    x, y = x.astype(np.float32), y.astype(np.float32)
    return tuple(((a[:, None] - b[None]) ** 2).sum(axis=-1) for a, b in ((x, x), (x, y), (y, y)))


def frozen_by_loops(xx, yy):
    def steps(costs):
        return np.array([costs[k, k + 1] for k in range(len(costs) - 1)], np.float64)

    def share(steps, scale):
        total, run = 0, 0
        for step in [*steps[8:-8], np.inf]:
            if step <= 0.05 * scale:
                run += 1
            else:
                total += run if run >= 5 else 0
                run = 0
        return total / len(steps)

    x, y = steps(xx), steps(yy)
    return max(0, share(x, max(x.mean(), y.mean() / 10)) - share(y, y.mean()))


def dips_by_loops(costs):
    t = len(costs)
    apart = [0.0] + [np.mean([costs[i, i + p] for i in range(t - p)]) for p in range(1, t)]
    depth = {}
    for p in range(5, 2 * t // 3 + 1):
        usual = np.mean(apart[1 : p + 1])
        depth[p] = max(0, 1 - apart[p] / usual) if usual > 0 else 0
    return depth


def looped_by_loops(xx, yy):
    x, y = dips_by_loops(xx), dips_by_loops(yy)
    return max(max(0, dip - max(y.get(q, 0) for q in range(p - 3, p + 4))) for p, dip in x.items())


def dtw_by_loops(cost):
    t, s = cost.shape
    best = np.full((t + 1, s + 1), np.inf)
    best[0, 0] = 0
    for i, j in np.ndindex(t, s):
        best[i + 1, j + 1] = cost[i, j] + min(best[i, j], best[i + 1, j], best[i, j + 1])
    return best[t, s]


def reversed_by_loops(xy):
    forward, backward, floor = dtw_by_loops(xy), dtw_by_loops(xy[::-1]), sum(row.min() for row in xy)
    return (forward - backward) / (max(forward, backward) - floor)


ORACLES = {
    "frozen": (lambda xx, xy, yy, n=None: frozen(xx, yy, lengths=n), lambda xx, xy, yy: frozen_by_loops(xx, yy)),
    "looped": (lambda xx, xy, yy, n=None: looped(xx, yy, lengths=n), lambda xx, xy, yy: looped_by_loops(xx, yy)),
    "reversed": (
        lambda xx, xy, yy, n=None: reversed_in_time(xy, lengths=n),
        lambda xx, xy, yy: reversed_by_loops(xy),
    ),
    "static": (
        lambda xx, xy, yy, n=None: static(xx, yy, lengths=n),
        lambda xx, xy, yy: xx.mean(dtype=np.float64) / yy.mean(dtype=np.float64),
    ),
}


def looping_costs():
    t = np.arange(40)
    x = np.stack([np.sin(2 * np.pi * t / 13), np.cos(2 * np.pi * t / 13)], axis=1) * (1 + 0.002 * t[:, None])
    y = np.stack([np.sin(0.3 * np.arange(44)), 0.05 * np.arange(44)], axis=1)
    return tuple(((a[:, None] - b[None]) ** 2).sum(axis=-1).astype(np.float32) for a, b in ((x, x), (x, y), (y, y)))


@pytest.mark.parametrize("name", ORACLES)
def test_each_number_is_its_formula(name):
    function, oracle = jax.jit(ORACLES[name][0]), ORACLES[name][1]
    for costs in (path_costs(), path_costs(1), looping_costs(), path_costs(2, 44, 40)):
        np.testing.assert_allclose(function(*costs), oracle(*costs), rtol=2e-5, atol=1e-6)
    if name == "frozen":
        assert oracle(*path_costs()) == pytest.approx(11 / 39 - 6 / 43)
    if name == "looped":
        assert oracle(*looping_costs()) > 0.5


@pytest.mark.parametrize("name", ORACLES)
def test_padding_is_not_seen(name):
    function, _ = ORACLES[name]
    costs = path_costs()
    lengths = (37, 31)
    alone = function(*(c[:a, :b] for c, (a, b) in zip(costs, ((37, 37), (37, 31), (31, 31)), strict=True)))
    padded = [
        np.where((np.arange(len(c)) < a)[:, None] & (np.arange(c.shape[1]) < b)[None], c, np.nan).astype(np.float32)
        for c, (a, b) in zip(costs, ((37, 37), (37, 31), (31, 31)), strict=True)
    ]
    np.testing.assert_allclose(function(*padded, lengths), alone, rtol=1e-5, atol=1e-7)
    traced = jax.jit(lambda c, n: function(*c, n))(padded, tuple(map(jnp.int32, lengths)))
    np.testing.assert_allclose(traced, alone, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ORACLES)
def test_vmap_and_gradient(name):
    function, _ = ORACLES[name]
    several = [path_costs(seed) for seed in range(2)]
    together = jax.jit(jax.vmap(function))(*(np.stack(c) for c in zip(*several, strict=True)))
    np.testing.assert_allclose(together, [function(*c) for c in several], rtol=1e-5, atol=1e-6)
    with jax.enable_x64(True):
        costs = tuple(jnp.asarray(c, jnp.float64) for c in path_costs(1))
        assert function(*costs).dtype == jnp.float64
        if name == "static":
            check_grads(lambda *c: function(*c), costs, order=1, modes=("rev", "fwd"))
    gradient_of = jax.jit(jax.grad(lambda c: jnp.nan_to_num(function(*c))), compiler_options=QUICKLY)
    for costs in (path_costs(), tuple(np.zeros_like(c) for c in path_costs())):
        gradients = gradient_of(tuple(map(jnp.asarray, costs)))
        assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_nothing_at_all_moves():
    still = jnp.zeros((40, 40))
    assert frozen(still, still) == 0
    assert looped(still, still) == 0
    assert reversed_in_time(still) == 0
    assert np.isnan(static(still, still))
    assert frozen(still, jnp.asarray(path_costs()[2])) == pytest.approx(23 / 39 - 6 / 43)
    assert static(still, jnp.asarray(path_costs()[2])) == 0


def test_copy_is_the_median_over_the_noise():
    for count in (1, 6, 7):
        costs = np.random.default_rng(count).uniform(size=count).astype(np.float32)
        np.testing.assert_allclose(copy(costs, noise=0.02), np.median(costs) / 0.02, rtol=1e-6)
        padded = np.concatenate([costs, [np.nan, 0]]).astype(np.float32)
        np.testing.assert_allclose(copy(padded, noise=0.02, length=count), np.median(costs) / 0.02, rtol=1e-6)
        assert np.isfinite(jax.grad(lambda c, n=count: copy(c, noise=0.02, length=n))(padded)).all()
    assert copy(jnp.zeros(9), noise=0.02) == 0


def test_what_fits_no_pair_is_refused():
    with pytest.raises(ValueError, match=r"Expected square matrices \[T, T\] and \[S, S\], got shapes \(3, 4\)"):
        frozen(jnp.ones((3, 4)), jnp.ones((4, 4)))
    with pytest.raises(ValueError, match=r"Expected lengths\[0\] in 1\.\.4"):
        static(jnp.ones((4, 4)), jnp.ones((4, 4)), lengths=(5, 4))
    with pytest.raises(ValueError, match=r"Expected costs \[T\], got shape \[2, 2\]"):
        copy(jnp.ones((2, 2)), noise=0.1)
    with pytest.raises(ValueError, match="Expected noise > 0, got 0"):
        copy(jnp.ones(2), noise=0)
    with pytest.raises(ValueError, match=r"Expected length in 1\.\.2, got 0"):
        copy(jnp.ones(2), noise=1, length=0)


# --- faults, on pictures --------------------------------------------------------------------------------------------


@jax.jit
def _all(xx, xy, yy):
    return frozen(xx, yy), looped(xx, yy), reversed_in_time(xy), static(xx, yy)


@pytest.fixture(scope="module", params=["puppet", "carphone"])
def table(request):
    """Name of each variant, coded as video is, to its four numbers and its costs frame by frame."""
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        frames = material.halved(getattr(material, request.param)())
        yy = material.block_costs(frames, frames)
        clips = {name: material.coded(clip, 23, "fast") for name, clip in material.variants(frames).items()}
        clips |= {f"crf {crf}": material.coded(frames, crf, "fast") for crf in (18, 28, 40)}
        found = {}
        for name, clip in clips.items():
            xy = material.block_costs(clip, frames)
            numbers = dict(
                zip(
                    ("frozen", "looped", "reversed", "static"),
                    _all(material.block_costs(clip, clip), xy, yy),
                    strict=True,
                )
            )
            found[name] = numbers | {"costs": np.diagonal(xy)}
    return found


def alarms(numbers):
    limits = {
        "frozen": numbers["frozen"] > faults.FROZEN,
        "looped": numbers["looped"] > faults.LOOPED,
        "reversed": numbers["reversed"] > faults.REVERSED,
        "static": numbers["static"] < faults.STATIC,
    }
    return {name for name, alarm in limits.items() if alarm}


def test_every_fault_is_told_and_nothing_else(table):
    told = {name: alarms(numbers) for name, numbers in table.items()}
    # A static clip is frozen, too.
    expected = {name: {fault} | ({"frozen"} if fault == "static" else set()) for name, fault in material.FAULTS.items()}
    assert told == {name: expected.get(name, set()) for name in table}


def test_the_share_that_is_frozen_is_about_what_it_was_made(table):
    count = len(table["honest"]["costs"])
    # The codec takes a few frames to settle.
    for name, frames in (("frozen for 0.6 s", 15), ("frozen for 0.4 s", 10), ("frozen to the end", 32)):
        assert (frames - 5) / (count - 1) <= table[name]["frozen"] <= (frames - 1) / (count - 1) + 1e-6


def test_a_copy_is_told_through_the_codec_and_a_fault_of_the_picture_is_none(table):
    noise = float(np.median(table["crf 18"]["costs"]))
    found = {name: float(copy(numbers["costs"], noise=noise)) for name, numbers in table.items()}
    assert found["crf 18"] == pytest.approx(1)
    assert found["crf 18"] < faults.COPY < found["honest"] < found["crf 28"]  # the honest one is coded at crf 23
    others = ("crf 28", "crf 40", "blurred", "half as far", "backwards", "looped, 1 s", "static")
    assert min(found[name] for name in others) > faults.COPY


def test_other_moments_of_one_clip_are_not_reversed():
    frames = material.halved(material.carphone())
    yy = material.block_costs(frames, frames)
    starts = [(a, b) for a in range(0, 51, 10) for b in range(0, 51, 10) if a != b]
    found = jax.vmap(lambda c: reversed_in_time(c))(np.stack([yy[a : a + 50, b : b + 50] for a, b in starts]))
    assert np.max(found) < faults.REVERSED


def test_without_a_reference_nothing_is_taken_off():
    """Against a reference that never stands still, never returns and moves as far, the numbers are the same."""
    xx, _, _ = looping_costs()
    lively = np.square(np.arange(len(xx))[:, None] - np.arange(len(xx))[None]).astype(np.float32)
    lively *= np.diagonal(xx, 1).mean() / np.diagonal(lively, 1).mean()
    assert faults.looped(xx) == pytest.approx(float(faults.looped(xx, lively)), abs=1e-6)
    shown = np.concatenate([np.arange(20.0), np.full(20, 19.0), np.arange(20.0, 40)])
    stuck = np.square(shown[:, None] - shown[None]).astype(np.float32)
    assert faults.frozen(stuck) == pytest.approx(20 / 59, abs=1e-6)
    assert faults.static(stuck) == pytest.approx(2 * shown.var(), rel=1e-5)
    padded = np.pad(stuck, (0, 4), constant_values=np.nan)
    for fault in (faults.frozen, faults.looped, faults.static):
        assert fault(padded, lengths=(60, 60)) == pytest.approx(float(fault(stuck)), rel=1e-5)


def test_a_still_step_may_cost_no_more_than_the_noise():
    shown = np.concatenate([np.arange(20.0), 19 + 0.1 * np.arange(20), np.arange(21.0, 41)])
    slow = np.square(shown[:, None] - shown[None]).astype(np.float32)
    assert faults.frozen(slow) > 0.3
    assert faults.frozen(slow, noise=0.02) == faults.frozen(slow)
    assert faults.frozen(slow, noise=0.005) == 0
