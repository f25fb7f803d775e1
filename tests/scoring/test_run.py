"""Nothing that one clip holds keeps the others' files from being written."""

import csv
import io
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

from jaxeval.cli.main import main
from jaxeval.errors import JaxevalError
from jaxeval.report.page import write_report
from jaxeval.report.table import print_table
from jaxeval.results.record import ClipRecord, Curves, SetFeatures, Strip
from jaxeval.scoring.scorer import Scorer

from .runs import a_run, no_networks, read, results_of, trajectories


@pytest.fixture(autouse=True)
def _no_networks(monkeypatch):
    no_networks(monkeypatch)


@pytest.fixture
def pairs(tmp_path):
    return trajectories(tmp_path, "first", 0.1, count=2)


CURVE = Curves(np.ones(4), np.ones(4), np.zeros(4), np.eye(4))
UNFIT = Strip(np.arange(2), np.array([[object()], [object()]]))
ODD = {
    "a score that is NaN": {"scores": {"motion": math.nan}},
    "a score that is infinite": {"scores": {"motion": -math.inf}},
    "a score that float64 can't hold": {"scores": {"motion": 10**400}},
    "a score that is no number": {"scores": {"motion": "fast"}},
    "huge scores": {
        "scores": {"motion": 1.7e308, "lag_ms_motion": -1.7e308, "lag_std_ms_motion": 1e308, "motion_div": 1e300}
    },
    "curves that are NaN": {"curves": {"motion": Curves(*[np.full((4, 4), np.nan)] * 4)}},
    "huge curves": {"curves": {"motion": Curves(*[np.full(4, 3e38, np.float32)] * 3, np.eye(4))}},
    "lags that are huge": {"curves": {"motion": Curves(np.ones(4), np.ones(4), np.full(4, 1e308), np.eye(4))}},
    "features that are NaN": {"features": SetFeatures({"fd_dlib_resnet": np.full((2, 2), np.nan)}, {})},
    "numbers of NumPy's": {"scores": {"motion": np.float32(1)}, "frames": (np.int64(3), np.int32(4))},
    "what NumPy can't store": {"curves": {"motion": CURVE}, "generated": UNFIT},
    "what JSON can't store": {"reason": object()},
    "no scores at all": {},
}


def score_all(monkeypatch, run, pairs, odd):
    """Score the pairs, the second with a record of these values, as the command does."""
    score = Scorer.score

    def scored(self, pair, progress, following):
        return (
            ClipRecord(pair.id, "ok", **{"frames": (4, 4), **odd})
            if pair.id == "clip1"
            else score(self, pair, progress)
        )

    monkeypatch.setattr(Scorer, "score", scored)
    records = [run.record(pair)[0] for pair in pairs]
    results = results_of(run, records)
    outputs = results.write_scores(run.out)
    print_table(results.document, Console(file=io.StringIO()))
    results.write_page(outputs, "Odd")
    return results.document


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_the_files_are_written_whatever_one_record_holds(monkeypatch, tmp_path, pairs, odd, recwarn):
    run = a_run(tmp_path / "out")
    score_all(monkeypatch, run, pairs, odd)
    alone = a_run(tmp_path / "alone")
    results_of(alone, [alone.record(pairs[0])[0]]).write_scores(alone.out)
    text = (tmp_path / "out" / "scores.json").read_text()
    document = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in scores.json"))
    assert [row["id"] for row in document["clips"]] == ["clip0", "clip1"]
    assert document["clips"][0] == read(tmp_path / "alone")["clips"][0]
    rows = list(csv.DictReader((tmp_path / "out" / "scores.csv").open()))
    assert [row["id"] for row in rows] == ["clip0", "clip1"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert all(row["id"] in page for row in rows)
    assert [str(warning.message) for warning in recwarn if issubclass(warning.category, RuntimeWarning)] == []


def test_a_record_that_can_not_be_saved_fails_its_clip_and_is_tried_again(monkeypatch, tmp_path, pairs):
    for _ in range(2):
        document = score_all(monkeypatch, a_run(tmp_path / "out"), pairs, ODD["what NumPy can't store"])
        assert [row.status for row in document.clips] == ["ok", "failed"]
        assert document.clips[1].reason.startswith("unexpected ValueError: ")
        assert document.clips[1].reason.endswith(".log")


@pytest.mark.parametrize("lost", [True, False])
def test_a_record_that_is_gone_before_the_page_costs_its_pictures_only(tmp_path, pairs, lost):
    run = a_run(tmp_path / "out")
    records = [run.record(pair)[0] for pair in pairs]
    (path,) = (tmp_path / "out" / "clips").glob("clip1-*.npz")
    path.unlink() if lost else path.write_bytes(b"PK garbage")
    document = results_of(run, records).document
    assert document.summary["motion"].n == 2
    with pytest.raises(JaxevalError, match=r"clip1: expected its record in .*, found none; score it again"):
        run.clip("clip1")
    write_report(tmp_path / "page.html", document, run.clip, fps=25.0, title="Lost")
    page = (tmp_path / "page.html").read_text()
    assert "clip1: expected its record in" in page
    assert page.count("Alignment of clip0") == 1


def test_a_number_that_is_not_finite_is_missing(tmp_path, pairs):
    run = a_run(tmp_path / "out", values={"cost": math.nan, "fps": 30.0})
    results_of(run, [run.record(pair)[0] for pair in pairs]).write_scores(run.out)
    document = read(tmp_path / "out")
    assert document["summary"]["cost"] == {"mean": None, "ci95": None, "n": 0, "of": 2}
    assert document["details"]["cost"] == {"reason": "the given value isn't a finite number"}
    assert document["summary"]["fps"]["mean"] == 30
    json.dumps(document, allow_nan=False)


def test_the_numbers_are_written_before_the_page_is_tried(monkeypatch, tmp_path, pairs, capsys):
    def broken(*_, **__):
        raise RuntimeError("no ink")

    monkeypatch.setattr("jaxeval.report.results.write_report", broken)
    words = [
        "score",
        str(tmp_path / "first"),
        str(tmp_path / "references"),
        "--out",
        str(tmp_path / "out"),
        "--noise-floor",
        "0",
    ]
    with pytest.raises(SystemExit) as stopped:
        main(words)
    out, err = capsys.readouterr()
    assert stopped.value.code == 2
    assert "unexpected RuntimeError: no ink" in err
    assert len(read(tmp_path / "out")["clips"]) == 2
    assert (tmp_path / "out" / "scores.csv").exists()
    assert "clip1" in out, "the table is printed"
    assert not list((tmp_path / "out").glob(".page-*"))


@pytest.mark.slow
@pytest.mark.parametrize("limit", [3_000, 20_000], ids=["at a record", "at the page"])
def test_a_full_disk_is_one_line_and_keeps_what_was_computed(tmp_path, limit):
    """No file may grow beyond the limit, which is what a full disk looks like to a process."""
    trajectories(tmp_path, "first", 0.1, count=2)
    trajectories(tmp_path, "first", 0.1, count=1, frames=8)
    code = (
        f"import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}));"
        "from jaxeval.cli.main import main; main()"
    )
    words = ["score", tmp_path / "first", tmp_path / "references", "--out", tmp_path / "out", "--noise-floor", 0]
    done = subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("jaxeval: ")]
    assert "expected to write it, found: File too large" in line
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "out" / "clips").glob("clip0-*.npz"))
    assert (tmp_path / "out" / "scores.json").exists() == (limit == 20_000)
