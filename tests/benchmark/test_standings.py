"""A board against plain loops over its rows, and what must not change it."""

import itertools
import random

import numpy as np
import polars as pl
import pytest
from scipy import stats

from jaxeval.benchmark.board import ALL
from jaxeval.benchmark.plan import Bench, Dataset, Method, Statistics
from jaxeval.benchmark.shards import Row
from jaxeval.benchmark.standings import board

METHODS, DATASETS = ("a", "b", "c"), ("wild", "studio")
DIRECTIONS = {"l1": "↓", "psnr": "↑", "lag_ms": ""}


def bench_of(methods=METHODS, datasets=DATASETS):
    named = [Method(name, "{dataset}/{id}.mp4") for name in methods], [Dataset(name, name) for name in datasets]
    return Bench(*named, statistics=Statistics(resamples=200))


def table(rows):
    return pl.DataFrame(rows, schema=dict.fromkeys(Row._fields, pl.String) | {"value": pl.Float64}, orient="row")


def told(seed=0, persons=9):
    """Rows of persons with 1 to 3 clips, some of which failed or lack a score."""
    rng, rows = np.random.default_rng(seed), []
    for dataset, person in itertools.product(DATASETS, range(persons)):
        for clip in range(rng.integers(1, 4)):
            where, who = (dataset, f"{person}-{clip}"), "" if person == 0 else f"person {person}"
            for number, method in enumerate(METHODS):
                if rng.random() < 0.1:
                    rows.append(Row(method, *where, who, "", None, "no face", ""))
                    continue
                for score in DIRECTIONS:
                    value = None if rng.random() < 0.1 else float(rng.normal() + number)
                    reason = "identical frames" if value is None else ""
                    rows.append(Row(method, *where, who, score, value, reason, f"{score}|v:1"))
    return rows


ROWS = told()
FOUND = board(table(ROWS), bench_of())


def numbers(method, dataset, score):
    """Clip to number."""
    keyed = ((row, (row.method, row.dataset, row.score)) for row in ROWS)
    return {row.id: row.value for row, key in keyed if key == (method, dataset, score) and row.value is not None}


def clips(dataset):
    """Clip to person."""
    return {row.id: row.identity or f"clip {row.id}" for row in ROWS if row.dataset == dataset}


def in_order(values, better):
    cost = {name: -value if better == "↑" else value for name, value in values.items()}
    return {name: 1 + sum(other < cost[name] for other in cost.values()) for name in cost}


@pytest.mark.parametrize("score", DIRECTIONS)
def test_means_and_coverage(score):
    every = {}
    for method, dataset in itertools.product(METHODS, DATASETS):
        values = numbers(method, dataset, score)
        found = FOUND.standings[method, dataset, score]
        every[method, dataset] = sum(values.values()) / len(values)
        assert found.mean == pytest.approx(every[method, dataset], rel=1e-12)
        assert (found.n, found.of) == (len(values), len(clips(dataset)))
    for method in METHODS:
        found = FOUND.standings[method, ALL, score]
        assert found.mean == pytest.approx(sum(every[method, dataset] for dataset in DATASETS) / 2, rel=1e-12)
        assert found.of == sum(len(clips(dataset)) for dataset in DATASETS)
        assert found.interval[0] < found.mean < found.interval[1]


@pytest.mark.parametrize("score", ["l1", "psnr"])
@pytest.mark.parametrize("places", [["wild"], ["studio"], ["wild", "studio"]], ids=str)
def test_ranks_and_the_worst_case(score, places):
    plain, worst = {}, {}
    for method in METHODS:
        values = [numbers(method, place, score) for place in places]
        plain[method] = np.mean([np.mean(list(each.values())) for each in values])
        full = []
        for place, each in zip(places, values, strict=True):
            seen = [value for name in METHODS for value in numbers(name, place, score).values()]
            bad = max(seen) if DIRECTIONS[score] == "↓" else min(seen)
            full.append(np.mean([each.get(clip, bad) for clip in clips(place)]))
        worst[method] = np.mean(full)
    for method in METHODS:
        found = FOUND.standings[method, places[0] if len(places) == 1 else ALL, score]
        assert found.rank == in_order(plain, DIRECTIONS[score])[method]
        assert found.worst_rank == in_order(worst, DIRECTIONS[score])[method]


def test_neither_direction_has_no_ranks():
    standings = [FOUND.standings[method, place, "lag_ms"] for method in METHODS for place in (*DATASETS, ALL)]
    assert all((found.rank, found.worst_rank, found.verdict) == (None, None, "") for found in standings)
    assert not any(score == "lag_ms" for _, score in FOUND.contests)


def test_verdicts_follow_the_corrected_p():
    for (dataset, score), contest in FOUND.contests.items():
        standings = [FOUND.standings[method, dataset, score] for method in METHODS]
        best = next(number for number, found in enumerate(standings) if found.rank == 1)
        for number, found in enumerate(standings):
            expected = "best" if number == best else "tied" if contest.p[best, number] >= 0.05 else ""
            assert found.verdict == expected
    verdicts = {FOUND.standings[method, ALL, "l1"].verdict for method in METHODS}
    assert verdicts == {"best", ""}


def test_spearman_is_scipys_with_high_for_good():
    names = [score.name for score in FOUND.scores]
    assert names == ["lag_ms", "psnr", "l1"]
    points = {name: [FOUND.standings[m, d, name].mean for m in METHODS for d in DATASETS] for name in names}
    for a, b in itertools.product(range(3), repeat=2):
        turned = -1 if (names[a] == "l1") != (names[b] == "l1") else 1
        expected = turned * stats.spearmanr(points[names[a]], points[names[b]]).statistic
        assert FOUND.spearman[a, b] == pytest.approx(expected, abs=1e-12)


def test_failures_clips_and_signatures():
    for method in METHODS:
        count = sum(row.method == method and row.score == "" for row in ROWS)
        assert FOUND.failures[method] == ({"no face": count} if count else {})
    assert sum(map(len, FOUND.failures.values())) == 3
    assert FOUND.clips == {dataset: len(clips(dataset)) for dataset in DATASETS}
    assert FOUND.signatures == {score: (f"{score}|v:1",) for score in ("lag_ms", "psnr", "l1")}


def test_the_order_of_rows_does_not_matter():
    mixed = random.Random(0).sample(ROWS, len(ROWS))
    again = board(table(mixed), bench_of())
    assert (again.standings, again.failures, again.clips) == (FOUND.standings, FOUND.failures, FOUND.clips)
    for key, contest in FOUND.contests.items():
        np.testing.assert_array_equal(contest.p, again.contests[key].p)


def test_numbers_that_are_not_finite_are_missing():
    bad = [
        row._replace(value=[np.nan, np.inf, -np.inf][n % 3]) if row.value is None else row for n, row in enumerate(ROWS)
    ]
    assert board(table(bad), bench_of()).standings == FOUND.standings


@pytest.mark.parametrize("scale", [2.0**-600, 2.0**900])
def test_the_unit_does_not_matter(scale, recwarn):
    scaled = [row._replace(value=row.value and row.value * scale) for row in ROWS]
    found = board(table(scaled), bench_of())
    for key, standing in FOUND.standings.items():
        other = found.standings[key]
        assert other.mean == standing.mean * scale
        assert other.interval == tuple(end * scale for end in standing.interval)
        assert (other.rank, other.worst_rank, other.verdict) == (standing.rank, standing.worst_rank, standing.verdict)
    for key, contest in FOUND.contests.items():
        np.testing.assert_array_equal(contest.needed, found.contests[key].needed)
        np.testing.assert_array_equal(contest.difference * scale, found.contests[key].difference)
    assert not recwarn.list


def test_huge_numbers_of_one_method_leave_the_others_alone(recwarn):
    largest = np.finfo(float).max
    signs = itertools.cycle([1, -1])
    huge = [row._replace(value=next(signs) * largest) if row.value and row.method == "c" else row for row in ROWS]
    found = board(table(huge), bench_of())
    for dataset in (*DATASETS, ALL):
        assert found.standings["a", dataset, "l1"].interval == FOUND.standings["a", dataset, "l1"].interval
        standing, contest = found.standings["c", dataset, "l1"], found.contests[dataset, "l1"]
        assert np.isfinite([standing.mean, *standing.interval]).all()
        assert np.isfinite(contest.difference[np.triu_indices(3, 1)]).all()
    assert not recwarn.list


def test_a_method_without_numbers_comes_last_in_the_worst_case_only():
    rows = [row for row in ROWS if row.method != "a" or row.score == ""]
    found = board(table(rows), bench_of())
    standing = found.standings["a", "wild", "l1"]
    assert (standing.mean, standing.interval, standing.n, standing.rank) == (None, None, 0, None)
    assert (standing.of, standing.worst_rank, standing.verdict) == (len(clips("wild")), 3, "")
    contest = found.contests["wild", "l1"]
    assert np.isnan(contest.p[0]).all()
    assert np.isnan(contest.agreement.mean_ranks).tolist() == [True, False, False]
    assert contest.p[1, 2] == board(table(rows), bench_of(("b", "c"))).contests["wild", "l1"].p[0, 1]


def test_only_what_was_planned_counts():
    other = [row._replace(method="d") for row in ROWS] + [row._replace(dataset="tame") for row in ROWS]
    assert board(table([*ROWS, *other]), bench_of()).standings == FOUND.standings


def test_no_rows_no_scores(recwarn):
    found = board(table([]), bench_of())
    assert (found.scores, found.standings, found.contests) == ((), {}, {})
    assert (found.clips, found.failures) == ({"wild": 0, "studio": 0}, {"a": {}, "b": {}, "c": {}})
    assert not recwarn.list


def test_one_method_one_person(recwarn):
    rows = [Row("a", "wild", clip, "Ann", "l1", float(clip), "", "") for clip in "123"]
    found = board(table(rows), bench_of(("a",), ("wild",)))
    standing = found.standings["a", ALL, "l1"]
    assert (standing.mean, standing.interval, standing.rank, standing.verdict) == (2.0, None, 1.0, "best")
    contest = found.contests["wild", "l1"]
    assert (contest.p.shape, contest.groups) == ((1, 1), [])
    assert np.isnan(contest.critical)
    assert not recwarn.list


def test_a_dataset_without_rows_changes_nothing(recwarn):
    found = board(table(ROWS), bench_of(datasets=(*DATASETS, "later")))
    assert {key: each for key, each in found.standings.items() if key[1] != "later"} == FOUND.standings
    assert (found.standings["a", "later", "l1"].mean, found.clips["later"]) == (None, 0)
    assert not recwarn.list
