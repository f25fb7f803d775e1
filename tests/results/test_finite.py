"""However a score, a record or features are made: what isn't finite is missing with a reason."""

import json
import math

import msgspec
import numpy as np
import pytest

from jaxeval.results.catalogue import catalogue
from jaxeval.results.document import csv_of, row_of
from jaxeval.results.record import ClipRecord, Curves, SetFeatures
from jaxeval.scoring.aligned_scores import Scored

NOT_FINITE = [float("nan"), float("inf"), -np.inf, np.float32("nan"), np.float64("inf"), 10**400, None, "fast", [1, 2]]
MAKERS = [Scored, lambda scores, missing: ClipRecord("a", "ok", scores=scores, missing=missing)]


def curves(**changed):
    parts = {"framewise": np.ones(2), "aligned": np.ones(2), "lag": np.zeros(2), "alignment": np.eye(2)}
    return Curves(**parts | changed)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("value", NOT_FINITE, ids=str)
def test_such_a_score_is_missing_with_a_reason(make, value):
    made = make({"good": np.float32(0.5), "bad": value}, {"other": "no face"})
    assert made.scores == {"good": 0.5}
    assert type(made.scores["good"]) is float
    assert made.missing["other"] == "no face"
    assert made.missing["bad"].startswith("no finite number: the computation gave ")


@pytest.mark.parametrize("make", MAKERS)
def test_a_known_reason_stays_and_a_number_needs_none(make):
    made = make({"a": math.nan, "b": 1.0}, {"a": "no sound", "b": "old"})
    assert (made.scores, made.missing) == ({"b": 1.0}, {"a": "no sound"})


@pytest.mark.parametrize("part", ["framewise", "aligned", "lag", "alignment"])
@pytest.mark.parametrize("make", [Scored, lambda curves: ClipRecord("a", "ok", curves=curves)])
def test_curves_that_are_not_finite_are_left_out(make, part):
    bad = {part: np.full_like(getattr(curves(), part), np.nan)}
    assert list(make(curves={"pose": curves(**bad), "expr": curves()}).curves) == ["expr"]


def test_a_record_of_odd_values_is_a_row_like_any_other():
    record = ClipRecord(
        "a\nb",
        "ok",
        frames=(np.int64(3), 4),
        scores={"l1": np.float32(0.25), "x": np.inf},
        flags=("a", 3),
        fps=math.nan,
    )
    made = row_of(record)
    row = json.loads(msgspec.json.encode(made), parse_constant=pytest.fail)
    assert (row["frames"], row["scores"], row["flags"], record.fps) == ([3, 4], {"l1": 0.25}, ["a", "3"], None)
    table = csv_of([made], catalogue({}).restricted(["x", "l1"]))
    assert table.splitlines()[0].startswith("id,status,reason,frames_generated,frames_reference,l1,x,flags")
    assert table.endswith('"a\nb",ok,,3,4,0.25,,a; 3\n')


@pytest.mark.parametrize(
    "rows", [np.full((3, 2), np.nan), np.full((3, 2), 1e20), np.zeros((0, 2)), np.zeros(3), np.ones((3, 5))], ids=str
)
@pytest.mark.parametrize("side", ["generated", "reference"])
def test_features_that_can_not_be_added_are_missing_on_both_sides(side, rows):
    good = {"generated": {"fid": np.ones((4, 2))}, "reference": {"fid": np.ones((4, 2))}}
    assert SetFeatures(**good).missing == {}
    found = SetFeatures(**good | {side: {"fid": rows}})
    assert (found.generated, found.reference) == ({}, {})
    assert "fid" in found.missing
