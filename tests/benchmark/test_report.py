"""`jaxeval bench report`: its files hold what the run found, and two builds are equal but for the provenance."""

import csv
import io
import json
import re

import polars as pl
import pytest

from .material import METHODS, bench, folders, rows

TABLES = {f"leaderboard.{end}" for end in ("csv", "md", "tex")}
NAMES = {"appendix.tex", "figures", "index.html", "rows.parquet", *TABLES}
COLUMNS = ["method", "dataset", "id", "identity", "score", "value", "reason", "signature"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with an output that is missing, a number of a method's own, and a second γ."""
    folder = tmp_path_factory.mktemp("report")
    file = folders(folder, clips=4)
    text = file.read_text().replace("# values = { fps = 31.5 }", "values = { fps = 31.5 }", 1)
    file.write_text(f"gammas = [10.0]\n{text}")
    (folder / "outs/late/wild/c1.npz").unlink()
    bench("run", file, "--out", folder / "RUN", code=1)
    text = bench("report", folder / "RUN")
    assert f"{folder}/RUN/report/index.html" in text
    assert "aren't scored yet" not in text
    return folder / "RUN"


def told(run):
    return pl.read_parquet(run / "report/rows.parquet")


def test_the_files(run):
    assert {path.name for path in (run / "report").iterdir()} == NAMES
    figures = {path.stem for path in (run / "report/figures").iterdir()}
    assert {"leaderboard-gaze_div", "gamma-gaze_div", "heat-map", "spearman", "ranks-gaze", "lags"} <= figures
    assert {path.suffix for path in (run / "report/figures").iterdir()} == {".pdf", ".svg"}


def test_rows(run):
    found = told(run)
    assert found.columns == COLUMNS
    assert found.select("method", "dataset", "id", "score").is_unique().all()
    assert found.select("method", "dataset", "id").unique().height == 24
    failed = found.filter(score="")
    assert failed.select("method", "dataset", "id", "value").rows() == [("late", "wild", "c1", None)]
    assert list(dict.fromkeys(found["method"])) == list(METHODS)


def test_the_leaderboard_is_of_the_rows(run):
    lines = list(csv.DictReader(io.StringIO((run / "report/leaderboard.csv").read_text())))
    found = told(run)
    for line in lines:
        if line["dataset"] in ("wild", "studio") and line["score"] != "fps":
            same = {key: line[key] for key in ("method", "dataset", "score")}
            own = found.filter(**same)["value"].drop_nulls()
            assert float(line["mean"]) == pytest.approx(own.mean())
            assert (int(line["n"]), int(line["of"])) == (len(own), 4)
    own = {(line["method"], line["mean"]) for line in lines if line["score"] == "fps"}
    assert own == {("early", "31.5"), ("late", ""), ("noisy", "")}
    assert {line["signature"] for line in lines if line["score"] == "gaze_div"} == {
        found.filter(score="gaze_div")["signature"][0]
    }


def test_two_builds_are_equal(run):
    before = {path: path.read_bytes() for path in (run / "report").rglob("*") if path.is_file()}
    bench("report", run)
    after = {path: path.read_bytes() for path in (run / "report").rglob("*") if path.is_file()}
    page = run / "report/index.html"
    written = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
    assert written.sub(b"", before.pop(page)) == written.sub(b"", after.pop(page))
    assert before == after


def test_a_run_that_is_not_finished(tmp_path):
    file = folders(tmp_path, clips=3)
    bench("run", file, "--out", tmp_path / "RUN", "--shard", "1/2")
    text = bench("report", tmp_path / "RUN")
    assert "9 of 18 pairs aren't scored yet; they count as failed here." in text
    found = told(tmp_path / "RUN")
    assert found.filter(reason="not scored yet").height == 9
    assert found.select("method", "dataset", "id").unique().height == 18
    files = rows(tmp_path / "RUN")
    bench("run", file, "--out", tmp_path / "RUN", "--shard", "2/2")
    assert files.items() <= rows(tmp_path / "RUN").items()
    bench("report", tmp_path / "RUN")
    assert told(tmp_path / "RUN").filter(reason="not scored yet").height == 0


def test_no_score_at_all(tmp_path):
    file = folders(tmp_path, clips=1)
    for path in tmp_path.glob("outs/*/*/*"):
        path.write_bytes(b"nothing")
    bench("run", file, "--out", tmp_path / "RUN", code=1)
    text = bench("report", tmp_path / "RUN", code=2)
    assert "RUN: expected scores, found none: " in text
    assert "expected an .npz file of arrays, found no archive" in text


def test_a_report_needs_a_run(tmp_path):
    assert "expected the folder of a benchmark's run, found no plan.json in it" in bench("report", tmp_path, code=2)


def test_what_the_sets_gave_is_kept(run):
    """Reading every record again would take minutes for thousands of clips."""
    kept = json.loads((run / "sets.json").read_text())
    assert len(kept) == len(METHODS) * 2
