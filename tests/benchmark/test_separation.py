"""Separation figures against loops over all pairs, and on cells whose answer is known."""

import numpy as np
import pytest

from jaxeval.benchmark.perturbations import GRID, IDENTICAL
from jaxeval.benchmark.separation import (
    auc,
    badness,
    mean_monotonicity,
    monotonicity,
    ratio,
    relative,
    responses,
    separation,
)
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.catalogue import catalogue

CHANGED = GRID[1:]


def cells(seed, score="x"):
    """A clip's cells with random badness, in few enough steps that some are equal."""
    rng = np.random.default_rng(seed)
    return {condition: {score: float(rng.integers(-3, 12))} for condition in GRID}


def ranks(values):
    return [sum(b < a for b in values) + (sum(b == a for b in values) + 1) / 2 for a in values]


@pytest.mark.parametrize("seed", range(5))
def test_auc_counts_pairs(seed):
    rng = np.random.default_rng(seed)
    faults, harmless = rng.integers(0, 6, 7).astype(float), rng.integers(0, 6, 5).astype(float)
    won = sum((f > h) + 0.5 * (f == h) for f in faults for h in harmless)
    assert auc(faults, harmless) == pytest.approx(won / 35)
    assert auc(harmless, faults) == pytest.approx(1 - won / 35)


def test_no_responses_have_no_figures():
    some, none = np.ones(3), np.zeros(0)
    assert auc(some, none) is auc(none, some) is ratio(some, none) is ratio(none, some) is None
    assert ratio(some, np.zeros(2)) is None  # nothing to compare with


@pytest.mark.parametrize("seed", range(5))
def test_monotonicity_is_the_correlation_of_ranks(seed):
    found = responses(cells(seed), "x")
    for change in {condition.change for condition in CHANGED}:
        points = [(0.0, 0.0)] + [(c.strength, x) for c, x in found.items() if c.change == change]
        first, second = (ranks(values) for values in zip(*points, strict=True))
        if len(set(second)) == 1:
            assert monotonicity(found, change) is None
        else:
            assert monotonicity(found, change) == pytest.approx(np.corrcoef(first, second)[0, 1])


def test_monotonicity_needs_three_levels():
    found = responses(cells(0), "x")
    halves = [condition for condition in CHANGED if condition.change == "mouth_freeze"]
    assert monotonicity({halves[0]: 1.0}, "mouth_freeze") is None
    assert monotonicity({halves[0]: 1.0, halves[1]: 2.0}, "mouth_freeze") == pytest.approx(1)
    assert monotonicity(found, "mouth_freeze", origin=False) is None
    assert mean_monotonicity([{}], "x", "blur") == (None, 0)


def test_separation_is_a_mean_over_clips():
    clips = [cells(seed) for seed in range(3)]
    ratios, areas, own_areas = [], [], []
    for clip in clips:
        origin = clip[IDENTICAL]["x"]
        bad = {c: values["x"] - origin for c, values in clip.items()}
        faults = [x for c, x in bad.items() if c.kind == "quality fault"]
        mine = [bad[c] for c in bad if c.change == "identity"]
        harmless = [x for c, x in bad.items() if c.kind == "harmless"]
        ratios.append(np.mean(faults) / np.mean(np.abs(harmless)))
        areas.append(np.mean([(f > h) + 0.5 * (f == h) for f in faults for h in harmless]))
        own_areas.append(np.mean([(f > h) + 0.5 * (f == h) for f in mine for h in harmless]))
    found = separation(clips, "x", ["identity"])
    assert (found.clips, found.faults, found.harmless) == (3, 57, 60)
    assert found.ratio == pytest.approx(np.mean(ratios))
    assert found.auc == pytest.approx(np.mean(areas))
    assert found.own_auc == pytest.approx(np.mean(own_areas))


def test_a_clip_without_a_score_counts_for_nothing_and_is_counted():
    one = cells(0)
    assert separation([one, {}, {IDENTICAL: {"x": 1.0}}], "x") == separation([one], "x")
    assert separation([{}], "x").clips == 0
    assert separation([{}], "x").auc is None


def test_without_a_value_for_identical_clips_there_is_an_auc_and_no_ratio():
    clip = cells(1)
    bare = {c: values for c, values in clip.items() if c != IDENTICAL}
    assert separation([bare], "x").auc == separation([clip], "x").auc
    assert separation([bare], "x", ["blur"]).ratio is separation([bare], "x", ["blur"]).own_ratio is None


def test_high_is_bad_whatever_the_score():
    known = catalogue(JAXEVAL_V1.encoders, JAXEVAL_V1.timing)
    good = {"ssim": 0.9, "csim": 0.9, "lip_sync": 0.9, "lpips": 0.1, "lpips_div": 0.1}
    worse = {"ssim": 0.8, "csim": 0.8, "lip_sync": 0.8, "lpips": 0.2, "lpips_div": 0.2}
    better, bad = badness(good, known), badness(worse, known)
    assert all(bad[name] > better[name] for name in good)
    assert bad["csim"] == pytest.approx(0.4)  # the squared distance of unit vectors


def test_relative_responses_have_quality_faults_of_mean_one():
    found = relative(responses(cells(2), "x"))
    assert np.mean([abs(x) for c, x in found.items() if c.kind == "quality fault"]) == pytest.approx(1)
    assert relative({}) == {}
    assert relative(dict.fromkeys(CHANGED, 0.0)) == {}
