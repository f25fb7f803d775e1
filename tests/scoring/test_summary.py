"""Means over the clips that have a score, with how many of how many."""

import numpy as np
import pytest

from jaxeval.scoring.record import ClipRecord
from jaxeval.scoring.summary import summarise


def records(values, failed=0):
    good = [
        ClipRecord(
            str(k), "ok", scores={} if value is None else {"a": value}, missing={"a": "no"} if value is None else {}
        )
        for k, value in enumerate(values)
    ]
    return good + [ClipRecord(f"f{k}", "failed", "broken") for k in range(failed)]


def test_failed_and_missing_count_in_of_and_not_in_the_mean():
    summary = summarise(records([1.0, None, 3.0], failed=2))
    assert summary["a"]["mean"] == 2
    assert (summary["a"]["n"], summary["a"]["of"]) == (2, 5)


def test_one_clip_has_no_interval():
    assert summarise(records([1.5]))["a"] == {"mean": 1.5, "ci95": None, "n": 1, "of": 1}


def test_a_score_that_no_clip_has_is_not_zero():
    assert summarise(records([None, None]))["a"] == {"mean": None, "ci95": None, "n": 0, "of": 2}


def test_interval_is_that_of_the_normal_approximation_for_many_clips():
    values = np.random.default_rng(0).normal(5, 2, 400)
    low, high = summarise(records(values.tolist()))["a"]["ci95"]
    half = 1.96 * values.std(ddof=1) / 20
    assert low == pytest.approx(values.mean() - half, abs=0.05)
    assert high == pytest.approx(values.mean() + half, abs=0.05)


def test_equal_values_have_an_interval_of_no_width():
    assert summarise(records([2.0, 2.0, 2.0]))["a"]["ci95"] == [2.0, 2.0]


def test_two_runs_agree():
    assert summarise(records([1.0, 2.0, 4.0])) == summarise(records([1.0, 2.0, 4.0]))
