"""What figures compute before they draw: scaling, Pareto's front, order, places of labels, densities."""

import numpy as np
import pytest
from scipy.stats import gaussian_kde

from jaxeval.benchmark.board import ALL
from jaxeval.benchmark.figures import numbers
from jaxeval.benchmark.figures.critical_difference import stacked
from jaxeval.benchmark.figures.forest import in_order
from jaxeval.benchmark.figures.labels import place_labels
from jaxeval.benchmark.figures.lags import bent
from jaxeval.benchmark.figures.radar import profiles
from jaxeval.benchmark.figures.rank_shift import Shift, orders, shifts
from jaxeval.benchmark.figures.save import lag_sizes
from jaxeval.benchmark.figures.style import COLUMN, text_width, wrapped
from tests.benchmark.boards import KNOWN, synthetic_bench
from tests.benchmark.test_figures import case


def test_methods_without_a_value_stand_last():
    found, _ = case("gaps")
    entries = in_order(found, next(s for s in found.scores if s.name == "lpips_div"), ALL)
    lacking = [standing.mean is None for _, standing in entries]
    assert any(lacking)
    assert lacking == sorted(lacking)


def test_bars_do_not_overlap():
    rng = np.random.default_rng(0)
    spans = sorted(tuple(sorted(pair)) for pair in rng.uniform(1, 20, (40, 2)))
    levels = stacked(spans)
    for a in range(40):
        for b in range(a):
            apart = spans[b][1] < spans[a][0] or spans[a][1] < spans[b][0]
            assert apart or levels[a] != levels[b]
    most = max(sum(first <= at <= last for first, last in spans) for at, _ in spans)
    assert max(levels) + 1 <= most + 2


def test_lag_sizes_weigh_datasets_equally():
    found, rows = case("gaps")
    told = lag_sizes(rows, "lag_ms")
    for method in found.bench.methods:
        means = []
        for dataset in found.bench.datasets:
            values = [
                abs(row["value"])
                for row in rows.filter(method=method.name, dataset=dataset.name, score="lag_ms").to_dicts()
                if row["value"] is not None
            ]
            means += [np.mean(values)] if values else []
        assert told.get(method.name) == (pytest.approx(np.mean(means)) if means else None)


def test_ranks_compare_only_methods_with_both_scores():
    found, _ = case("gaps")
    moves = shifts(found, KNOWN["csim"], KNOWN["csim_div"], {})
    both = [move for move in moves if move.before is not None]
    assert len(both) < len(moves)
    assert sum(move.before for move in both) == sum(move.after for move in both) == len(both) * (len(both) + 1) / 2


def test_lines_of_equal_ranks_do_not_cross():
    methods = synthetic_bench(4, 1).methods
    ranks = [(1.5, 2.0), (1.5, 1.0), (None, None), (3.0, 3.0)]
    assert orders([Shift(m, *pair, np.nan) for m, pair in zip(methods, ranks, strict=True)]) == (
        [1, 0, 3, 2],
        [1, 0, 3, 2],
    )


@pytest.mark.parametrize("seed", range(5))
def test_pareto_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 5, (2, 25)).astype(float)
    x[rng.random(25) < 0.2] = np.nan
    expected = [
        not np.isnan(a + b)
        and not any(c >= a and d >= b and (c > a or d > b) for c, d in zip(x, y, strict=True) if not np.isnan(c + d))
        for a, b in zip(x, y, strict=True)
    ]
    assert numbers.pareto(x, y).tolist() == expected


@pytest.mark.parametrize("better", ["↑", "↓"])
def test_min_max_of_any_size(better):
    values = np.random.default_rng(0).normal(size=(7, 4))
    values[values > 1] = np.nan
    for scale in (1.0, 1e300, 1e-300):
        found = numbers.min_max(values * scale, better, axis=0)
        for column, expected in zip(found.T, values.T, strict=True):
            worst, best = (np.nanmin, np.nanmax) if better == "↑" else (np.nanmax, np.nanmin)
            np.testing.assert_allclose(
                column, (expected - worst(expected)) / (best(expected) - worst(expected)), rtol=1e-9, atol=1e-12
            )
    assert np.isnan(numbers.min_max(np.array([np.nan]), better)).all()
    np.testing.assert_array_equal(numbers.min_max(np.array([-1.7e308, 1.7e308]), "↑"), [0, 1])


def test_profiles_are_means_of_paradigms():
    values = np.array([[[0.0], [1.0], [4.0]], [[2.0], [np.nan], [np.nan]]])
    found = profiles(values, [KNOWN["lpips"]], ["other", "motion space", "other"])
    assert list(found) == ["motion space", "other"]
    np.testing.assert_allclose(found["other"], [[0.5], [0.5]])
    np.testing.assert_allclose(found["motion space"], [[0.75], [np.nan]])


def test_leading_scores_are_of_different_groups():
    found, _ = case("full")
    chosen = numbers.leading(found, 8)
    assert len({score.group for score in chosen}) == 8
    assert {"lpips_div", "csim_div", "psnr", "lip_sync"} <= {score.name for score in chosen}
    assert {score.name for score in numbers.framewise_of(found, chosen)} >= {"lpips", "csim"}


@pytest.mark.parametrize("seed", range(4))
def test_labels_cover_neither_points_nor_each_other(seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0.1, 2.4, (25, 2))
    boxes = place_labels(points, rng.uniform(0.2, 0.6, 25), 0.115, (0, 0, 2.7, 2.5))
    kept = [box for box in boxes if box]
    assert len(kept) > 15
    for number, (left, bottom, right, top) in enumerate(kept):
        assert left >= 0
        assert bottom >= 0
        assert right <= 2.7
        assert top <= 2.5
        assert not ((points > (left, bottom)) & (points < (right, top))).all(axis=1).any()
        for other in kept[:number]:
            assert right <= other[0] or other[2] <= left or top <= other[1] or other[3] <= bottom


def test_density_is_scipys():
    values = np.random.default_rng(0).normal(size=40)
    where, height = numbers.density(values)
    expected = gaussian_kde(values)(where)
    np.testing.assert_allclose(height, expected / expected.max(), rtol=1e-9)
    assert (where[0], where[-1]) == (values.min(), values.max())
    assert len(numbers.density(np.random.default_rng(0).normal(size=5000))[0]) == len(where)
    assert [len(part) for part in numbers.density(np.array([]))] == [0, 0]


def test_bent_axis_is_smooth_and_rises():
    values = np.linspace(-5000, 5000, 20001)
    steps = np.diff(bent(values, 160.0))
    assert (steps > 0).all()
    np.testing.assert_allclose(np.diff(steps), 0, atol=2e-3)


def test_wrapped_lines_fit():
    parts = [f"part {n}" for n in range(30)]
    lines = wrapped(parts, COLUMN)
    assert " · ".join(lines).split(" · ") == parts
    assert max(text_width(line) for line in lines) <= COLUMN - 0.2
