"""Scores of the whole set: the distances are those of all features together, and few features are refused."""

import numpy as np
import pytest
import scipy.linalg

from jaxeval.protocol import ARXIV_2606_01031, JAXEVAL_V1
from jaxeval.results.record import ClipRecord, SetFeatures
from jaxeval.results.selection import select
from jaxeval.results.store import ClipStore
from jaxeval.scoring.sets import Sets, set_metrics

NAME = "fd_dlib_resnet"
OURS, PAPERS = (set_metrics(select(protocol)) for protocol in (JAXEVAL_V1, ARXIV_2606_01031))


def features(seed, count, size=6, shift=0.0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, size)) @ np.diag(np.arange(1, size + 1)) + shift).astype(np.float32)


def distance(x, y):
    """By scipy's matrix square root in float64."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    first, second = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = scipy.linalg.sqrtm(first @ second)
    return np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(first) + np.trace(second) - 2 * np.trace(root.real)


def test_clips_of_any_length_add_up_to_the_distance_of_all_their_frames():
    parts = [(features(k, 5 + 7 * k, shift=1.0), features(100 + k, 40 - 3 * k)) for k in range(8)]
    sets = Sets(OURS)
    for x, y in parts:
        sets.add(SetFeatures({NAME: x}, {NAME: y}))
    entry = sets.summary(9)[NAME]
    expected = distance(*(np.concatenate(side) for side in zip(*parts, strict=True)))
    assert entry.mean == pytest.approx(expected, rel=1e-5)
    assert (entry.n, entry.of, entry.ci95) == (8, 9, None)
    assert NAME not in sets.details()


def test_few_features_are_refused_unless_asked_for():
    x, y = features(0, 6, shift=1.0), features(1, 30)
    for fewest, is_there in ((None, False), (6, True), (7, False)):
        sets = Sets(OURS, fewest)
        sets.add(SetFeatures({NAME: x}, {NAME: y}))
        entry = sets.summary(1)[NAME]
        assert (entry.mean is not None) == is_there
        if not is_there:
            told = "7 features needed on each side, found 6 and 30; --min-features 6 lowers the limit"
            assert sets.details()[NAME].reason == told


def test_expressions_need_as_many_features_as_their_entry_says():
    """Fewer than they have numbers, 1404: no clip's vary in that many directions."""
    for count, is_there in ((255, False), (256, True)):
        sets = Sets(OURS)
        sets.add(SetFeatures({"fd_expr": features(0, count, 300)}, {"fd_expr": features(1, 400, 300)}))
        assert (sets.summary(1)["fd_expr"].mean is not None) == is_there


def test_a_set_score_that_no_pair_has_says_why():
    sets = Sets(PAPERS)
    sets.add(SetFeatures(missing={"fid": "No weights for inception_fid."}))
    entries = sets.summary(1)
    assert set(entries) == {"fid", "fvd", "fd_arcface_r50", "fd_expr"} == set(PAPERS)
    assert sets.details()["fid"].reason == "No weights for inception_fid."
    assert sets.details()["fvd"].reason == "no clip was scored"


def test_the_store_keeps_features_and_reasons(tmp_path):
    x, y = features(0, 6), features(1, 9)
    record = ClipRecord("a", "ok", features=SetFeatures({NAME: x}, {NAME: y}, {"fid": "no weights"}))
    store = ClipStore(tmp_path)
    store.save(record, {})
    found = store.load("a", {}).features
    np.testing.assert_array_equal(found.generated[NAME], x)
    np.testing.assert_array_equal(found.reference[NAME], y)
    assert found.missing == {"fid": "no weights"}
    store.save(ClipRecord("b", "ok"), {})
    assert store.load("b", {}).features is None


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e20])
def test_a_clip_with_odd_features_is_left_out_and_named(value):
    """Of float32 squares of 1e20 are infinite: the whole set would have no distance."""
    good = [(features(k, 20, shift=1.0), features(100 + k, 20)) for k in range(3)]
    odd = features(9, 20)
    odd[3, 2] = value
    sets = Sets(OURS)
    for k, (x, y) in enumerate(good):
        sets.add(SetFeatures({NAME: x}, {NAME: y}), f"clip{k}")
    sets.add(SetFeatures({NAME: odd}, {NAME: features(8, 20)}), "odd")
    entry = sets.summary(4)[NAME]
    expected = distance(*(np.concatenate(side) for side in zip(*good, strict=True)))
    assert (entry.mean, entry.n, entry.of) == (pytest.approx(expected, rel=1e-5), 3, 4)
    assert list(sets.details()[NAME].without) == ["odd"]


def test_features_just_below_the_limit_have_a_finite_distance():
    x, y = features(0, 30) * np.float32(1e13), features(1, 30)
    sets = Sets(OURS)
    sets.add(SetFeatures({NAME: x}, {NAME: y}))
    assert sets.summary(1)[NAME].mean == pytest.approx(distance(x, y), rel=1e-4)


def test_features_of_another_size_are_left_out():
    sets = Sets(OURS, min_count=2)
    for size in (6, 5):
        sets.add(SetFeatures({NAME: features(0, 20, size)}, {NAME: features(1, 20, size)}), f"of {size}")
    assert sets.summary(2)[NAME].n == 1
    assert sets.details()[NAME].without == {"of 5": "features of 5 numbers, not 6 as in other clips"}
