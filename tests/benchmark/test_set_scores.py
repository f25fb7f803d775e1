"""Fréchet distances on a board: the formula, over all clips of a method."""

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import sqrtm

from jaxeval.benchmark.board import ALL
from jaxeval.benchmark.layouts import Source
from jaxeval.benchmark.plan import Bench, Dataset, Method
from jaxeval.benchmark.report import all_rows
from jaxeval.benchmark.set_scores import set_scores, with_set_scores
from jaxeval.benchmark.standings import board
from jaxeval.benchmark.units import Plan
from jaxeval.results.record import ClipRecord, SetFeatures
from jaxeval.results.store import ClipStore, record_key

FRAMES, SIZE = 150, 8


def by_scipy(x, y):
    """‖μ_x − μ_y‖² + tr(Σ_x + Σ_y − 2 (Σ_x Σ_y)^½) in float64."""
    x, y = (rows.astype(np.float64) for rows in (x, y))
    root = sqrtm(np.cov(x.T) @ np.cov(y.T)).real
    return np.square(x.mean(0) - y.mean(0)).sum() + np.trace(np.cov(x.T) + np.cov(y.T) - 2 * root)


@pytest.fixture
def run(tmp_path):
    """Records with features of expressions, two clips of 150 frames on each dataset, and their keys."""
    rng = np.random.default_rng(0)
    methods = [Method(name, f"{name}/{{dataset}}/{{id}}") for name in ("near", "far")]
    bench = Bench(methods, [Dataset("a", "a"), Dataset("b", "b")])
    plan = Plan(bench, tmp_path, {name: [Source(f"c{k}", Path(f"c{k}.mp4")) for k in range(2)] for name in "ab"})
    store, keys, features = ClipStore(tmp_path / "clips"), {}, {}
    for method, away in (("near", 0.1), ("far", 1.0)):
        for dataset in "ab":
            for k in range(2):
                pair = f"{method}/{dataset}/c{k}"
                x, y = (rng.normal(shift, 1, (FRAMES, SIZE)).astype(np.float32) for shift in (away, 0))
                features[method, dataset, k] = x, y
                record = ClipRecord(pair, "ok", features=SetFeatures({"fd_expr": x}, {"fd_expr": y}))
                store.save(record, {"k": k})
                keys[method, dataset, f"c{k}"] = record_key(pair, {"k": k})
    return tmp_path, plan, keys, features


def test_they_are_scipys_over_all_clips(run):
    folder, plan, keys, features = run
    found = set_scores(folder, plan, keys)
    for (method, dataset), own in found.items():
        x, y = (np.concatenate([features[method, dataset, k][side] for k in range(2)]) for side in (0, 1))
        value, count = own["fd_expr"]
        assert count == 2
        assert value == pytest.approx(by_scipy(x, y), rel=1e-3)
    whole = with_set_scores(board(all_rows(folder, plan), plan.bench), found)
    near, far = (whole.standings[method, ALL, "fd_expr"] for method in ("near", "far"))
    assert near.mean == pytest.approx(np.mean([found["near", dataset]["fd_expr"][0] for dataset in "ab"]))
    assert (near.rank, far.rank) == (1, 2)
    assert (near.n, near.of, near.interval) == (4, 4, None)


def test_they_are_computed_once(run, monkeypatch):
    folder, plan, keys, _ = run
    first = set_scores(folder, plan, keys)
    monkeypatch.setattr(ClipStore, "recall", lambda *_: pytest.fail("a record was read again"))
    assert set_scores(folder, plan, keys) == first


def test_other_records_are_other_scores(run):
    folder, plan, keys, _ = run
    first = set_scores(folder, plan, keys)
    del keys["near", "a", "c0"]
    again = set_scores(folder, plan, keys)
    assert again["near", "a"]["fd_expr"] == (None, 1), "150 features are too few"
    assert again["far", "a"] == first["far", "a"]
