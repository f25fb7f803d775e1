"""Costs that can't be aligned, or only just: the right numbers or the reason, never a wrong number."""

from dataclasses import replace

import numpy as np
import pytest

from jaxeval.alignment.core.band import smallest_band
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.aligned_scores import Costs, align, aligned_names, framewise
from jaxeval.scoring.plan import trajectory_costs

METRICS = ("lpips", "csim", "pose", "expr")


def protocol(metric="motion", gamma=0.01, band=1000.0):
    return replace(JAXEVAL_V1, gamma={metric: gamma}, band=band)


def walk(seed, count, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal((count, 3)).cumsum(axis=0)


def costs_of(x, y):
    return trajectory_costs("squared_euclidean", x, y)


def hard_dtw(x, y):
    """The least sum of squared distances along a path, in long double, cell by cell."""
    x, y = np.asarray(x, np.float32).astype(np.longdouble), np.asarray(y, np.float32).astype(np.longdouble)
    cost = ((x[:, None] - y[None]) ** 2).sum(axis=2)
    r = np.full((len(x) + 1, len(y) + 1), np.inf, np.longdouble)
    r[0, 0] = 0
    for i in range(len(x)):
        for j in range(len(y)):
            r[i + 1, j + 1] = cost[i, j] + min(r[i, j], r[i, j + 1], r[i + 1, j])
    return r[-1, -1]


@pytest.mark.parametrize(("t", "s"), [(1, 50), (50, 1), (1, 27), (3, 250)])
@pytest.mark.parametrize("metric", METRICS)
def test_a_band_without_a_path_is_a_reason(metric, t, s):
    assert smallest_band(t, s) > 25
    found = align({metric: costs_of(walk(0, t), walk(1, s))}, protocol(metric))
    told = f"no alignment within the band of 25 frames: {t} frame{'s' * (t > 1)} against {s}"
    assert (found.scores, found.curves) == ({}, {})
    assert found.missing == dict.fromkeys(aligned_names(metric), told)


@pytest.mark.parametrize(("t", "s"), [(1, 26), (26, 1), (1, 1)])
def test_one_frame_within_the_band_has_scores_and_no_timing(t, s):
    x, y = walk(0, t), walk(1, s)
    found = align({"motion": costs_of(x, y)}, protocol())
    # With one frame on a side there is one path, of all the cells.
    assert found.scores["motion_seq"] == pytest.approx(float(hard_dtw(x, y)) / max(t, s), rel=1e-5)
    assert set(found.missing.values()) == {"one frame only, so no timing"}
    assert np.isfinite(found.curves["motion"].aligned).all()


@pytest.mark.parametrize("scale", [1e10, 1e12, 2e12])
def test_huge_costs_below_the_limit_are_aligned_right(scale):
    x, y = walk(0, 30, scale), walk(1, 30, scale)
    found = align({"motion": costs_of(x, y)}, protocol())
    expected = hard_dtw(x, y), (hard_dtw(x, x) + hard_dtw(y, y)) / 2  # at such costs γ = 0.01 is nothing
    assert found.scores["motion_seq"] == pytest.approx(float(expected[0]) / 30, rel=1e-5)
    assert found.scores["motion_div"] == pytest.approx(float(expected[0] - expected[1]) / 30, rel=1e-5)


@pytest.mark.parametrize("scale", [1e14, 1e15, 1e16, 1e18, 1e20, 1e36])
def test_costs_that_float32_can_not_add_are_refused_with_the_reason(scale):
    found = align({"motion": costs_of(walk(0, 40, scale), walk(1, 40, scale))}, protocol())
    assert (found.scores, found.curves) == ({}, {})
    assert all(reason.startswith("no alignment: ") and "costs" in reason for reason in found.missing.values())
    assert found.missing.keys() == set(aligned_names("motion"))


@pytest.mark.parametrize("place", [(0, 0), (20, 20), (5, 30)])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30, 3e29])
def test_one_such_cost_is_enough(place, value):
    costs = costs_of(walk(0, 40), walk(1, 40))
    changed = costs.xy.copy()
    changed[place] = value
    assert align({"motion": costs._replace(xy=changed)}, protocol()).scores == {}


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_a_gamma_that_overflows_is_a_reason():
    found = align({"motion": costs_of(walk(0, 40), walk(1, 40))}, protocol(gamma=1e39))
    assert found.scores == {}
    assert all("γ = inf" in reason for reason in found.missing.values())


def test_no_warning_on_the_way(recwarn):
    for scale in (1.0, 1e15, 1e20, 0.0):
        align({"motion": costs_of(walk(0, 40, scale), walk(1, 40, scale))}, protocol())
    assert [str(warning.message) for warning in recwarn] == []


@pytest.mark.parametrize(("scale", "there"), [(1.0, True), (1e16, True), (1e20, False)])
def test_the_framewise_mean_is_finite_or_missing(scale, there):
    x, y = walk(0, 40, scale), walk(1, 40, scale)
    found = framewise("motion", costs_of(x, y))
    if there:
        expected = ((x.astype(np.float32).astype(float) - y.astype(np.float32).astype(float)) ** 2).sum(axis=1).mean()
        assert found.scores["motion"] == pytest.approx(expected, rel=1e-6)
    else:
        assert "exceed float32's range" in found.missing["motion"]


def test_rows_without_any_alignment_do_not_divide_by_zero(recwarn):
    """As where no path leads: nothing of it may reach the figures."""
    forbidden = np.full((4, 4), 1e30, np.float32)
    costs = Costs(np.zeros(4), forbidden, np.zeros((4, 4)), np.zeros((4, 4)))
    assert align({"motion": costs}, protocol()).curves == {}
    assert not recwarn.list
