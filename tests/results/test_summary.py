"""Means over the clips that have a score, with how many of how many."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import bootstrap

from jaxeval.results.catalogue import catalogue
from jaxeval.results.document import Detail, Entry
from jaxeval.results.record import ClipRecord
from jaxeval.results.summary import details_of, interval, summarize


def records(values, failed=0):
    good = [
        ClipRecord(
            str(k), "ok", scores={} if value is None else {"a": value}, missing={"a": "no"} if value is None else {}
        )
        for k, value in enumerate(values)
    ]
    return good + [ClipRecord(f"f{k}", "failed", "broken") for k in range(failed)]


def names_of(rows):
    return dict.fromkeys(name for row in rows for name in (*row.scores, *row.missing))


def summary_of(rows, persons=None):
    return summarize(rows, names_of(rows), persons)


def details(rows):
    return details_of(rows, catalogue({}).restricted(names_of(rows)).values())


def test_failed_and_missing_count_in_of_and_not_in_the_mean():
    summary = summary_of(records([1.0, None, 3.0], failed=2))
    assert summary["a"].mean == 2
    assert (summary["a"].n, summary["a"].of) == (2, 5)


def test_one_clip_has_no_interval():
    assert summary_of(records([1.5]))["a"] == Entry(mean=1.5, ci95=None, n=1, of=1)


def test_a_score_that_no_clip_has_is_not_zero():
    assert summary_of(records([None, None]))["a"] == Entry(mean=None, ci95=None, n=0, of=2)
    assert details(records([None, None]))["a"] == Detail(median=None, worst=())


def test_interval_is_that_of_the_normal_approximation_for_many_clips():
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = summary_of(records(values.tolist()))["a"].ci95
    half = 1.96 * values.std(ddof=1) / 20
    assert low == pytest.approx(values.mean() - half, abs=0.05)
    assert high == pytest.approx(values.mean() + half, abs=0.05)


def test_equal_values_have_an_interval_of_no_width():
    assert summary_of(records([2.0, 2.0, 2.0]))["a"].ci95 == (2.0, 2.0)


def test_two_runs_agree():
    assert summary_of(records([1.0, 2.0, 4.0])) == summary_of(records([1.0, 2.0, 4.0]))


def test_the_worst_clips_are_told_worst_first():
    rows = [ClipRecord(f"c{k}", "ok", scores={"ssim": k / 10, "l1": k / 10, "lag_ms": float(k)}) for k in range(8)]
    summary = details(rows)
    assert summary["ssim"].worst == ("c0", "c1", "c2", "c3", "c4")
    assert summary["l1"].worst == ("c7", "c6", "c5", "c4", "c3")
    assert summary["lag_ms"].worst == ()
    assert summary["ssim"].median == pytest.approx(0.35)


def test_clips_of_one_person_are_resampled_together():
    """40 persons with 10 clips each that agree: the interval is that of 40 numbers, not of 400."""
    rng = np.random.default_rng(1)
    of_person = rng.normal(0, 1, 40)
    values = np.repeat(of_person, 10) + rng.normal(0, 1e-3, 400)
    rows = records(values.tolist())
    persons = {row.id: f"p{k // 10}" for k, row in enumerate(rows)}
    low, high = summary_of(rows, persons)["a"].ci95
    half = 1.96 * of_person.std(ddof=1) / np.sqrt(40)
    assert (high - low) / 2 == pytest.approx(half, rel=0.1)
    low, high = summary_of(rows)["a"].ci95
    assert (high - low) / 2 < 0.5 * half


def test_one_person_has_no_interval():
    rows = records([1.0, 2.0, 3.0])
    assert summary_of(rows, dict.fromkeys((row.id for row in rows), "she"))["a"].ci95 is None


@pytest.mark.parametrize(
    "values", [[1e308, 1.5e308, 1.7e308], [1.7e308] * 5, [-1.7e308, 1.7e308], [1e200, 2.0, -3e190]]
)
def test_huge_numbers_have_their_mean_median_and_interval(values, recwarn):
    entry = summary_of(records(values))["a"]
    exact = sum(map(Fraction, values)) / len(values)
    assert entry.mean == pytest.approx(float(exact), rel=1e-12)
    assert min(values) <= entry.ci95[0] <= entry.mean * (1 + 1e-15) <= entry.ci95[1] * (1 + 1e-15)
    ordered = sorted(map(Fraction, values))
    middle = (ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2
    assert details(records(values))["a"].median == pytest.approx(float(middle), rel=1e-12)
    assert not recwarn.list


@pytest.mark.parametrize(
    "values", [[0.0, 0.0], [2.0] * 4, [5e-324, 1e-320], [1.0], [None, None], [float("nan"), 1.0, 2.0]]
)
def test_no_warning_reaches_the_terminal(values, recwarn):
    summary_of(records(values))
    details(records(values))
    assert not recwarn.list


def test_a_score_that_is_not_finite_is_not_in_the_mean():
    assert summary_of(records([1.0, float("inf"), 3.0]))["a"].mean == 2


@pytest.mark.parametrize("persons", [2, 5, 14, 600])
def test_intervals_are_scipys(persons):
    rng = np.random.default_rng(persons)
    whose = np.concatenate([np.arange(persons), rng.integers(0, persons, 2 * persons)])
    values = rng.normal(size=len(whose))
    oracle = bootstrap(
        (np.bincount(whose, values), np.bincount(whose)),
        lambda sums, counts, axis=-1: sums.sum(axis) / counts.sum(axis),
        paired=True,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(0),
        vectorized=True,
    ).confidence_interval
    assert interval(values, [f"{person:04}" for person in whose]) == pytest.approx([*oracle], rel=1e-14, abs=0)
