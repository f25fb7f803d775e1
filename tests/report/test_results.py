"""What a run found, held in Python: the same numbers in frames, files, figures and on the screen."""

import io
import re
import sys
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure
from rich.console import Console

from jaxeval.errors import JaxevalError
from jaxeval.report.page import write_report
from jaxeval.report.results import PER_FRAME, Results
from jaxeval.report.table import print_table
from jaxeval.results.document import csv_of, encoded, read_document

from .synthetic_clips import FPS, clip, document, failed, without

PSNR = np.array([30.0, np.inf, 28.0])
LATE = replace(clip("late", t=12, s=10), per_frame={"psnr": PSNR, "l1": np.arange(3.0)}, flags=("hdr: x",))
PARTIAL = without(clip("partial", t=6, s=6), "psnr", reason="identical frames")
RECORDS = [LATE, PARTIAL, failed("<b>lost</b>", "no face")]


def results_of(records=RECORDS, **protocol):
    by_id = {record.id: record for record in records}
    return Results(document(records, **protocol), by_id.__getitem__, FPS)


def test_clips_have_their_scores_curves_and_alignments():
    late, partial, lost = results_of().clips
    assert (late.id, late.status, late.reason, late.frames) == ("late", "ok", None, (12, 10))
    assert (late.scores, late.flags) == (LATE.scores, ("hdr: x",))
    assert (lost.status, lost.reason, lost.frames) == ("failed", "no face", None)
    assert partial.missing == {"psnr": "identical frames"}
    np.testing.assert_array_equal(late.curves["psnr"], PSNR)
    assert late.alignments.keys() == LATE.curves.keys()
    np.testing.assert_array_equal(late.alignment, LATE.curves["lpips"].alignment)
    np.testing.assert_array_equal(results_of(timing="expr").clips[0].alignment, LATE.curves["expr"].alignment)
    assert (lost.alignment, dict(lost.curves)) == (None, {})


def test_clips_print_in_a_line():
    late, partial, lost = results_of().clips
    assert repr(late) == f"ClipResult('late', {len(LATE.scores)} scores, 1 flags)"
    assert repr(partial) == f"ClipResult('partial', {len(PARTIAL.scores)} scores)"
    assert repr(lost) == "ClipResult('<b>lost</b>', failed: no face)"


def test_a_record_is_loaded_once_and_only_when_it_is_looked_at():
    asked = []
    results = Results(document(RECORDS), lambda name: asked.append(name) or LATE, FPS)
    assert results.clips[0].scores
    assert results.summary
    assert results.to_polars().height == 3
    assert asked == []
    assert results.clips[0].curves is results.clips[0].curves
    assert results.clips[0].alignments
    assert asked == ["late"]


def test_the_summary_is_plain():
    results = results_of()
    entry = results.document.summary["psnr"]
    assert results.summary["psnr"] == {"mean": entry.mean, "ci95": entry.ci95, "n": 1, "of": 3}
    assert results.summary.keys() == results.document.summary.keys() == results.known.keys()


def check_frame(frame, is_null):
    results = results_of()
    columns = ["id", "status", "reason", "frames_generated", "frames_reference", *results.known, "flags"]
    assert list(frame.columns) == columns
    assert list(frame["id"]) == ["late", "partial", "<b>lost</b>"]
    assert list(frame["status"]) == ["ok", "ok", "failed"]
    assert [list(flags) for flags in frame["flags"]] == [["hdr: x"], [], []]
    assert list(frame["frames_generated"])[:2] == [12, 6]
    for name in results.known:
        for record, value in zip(RECORDS, frame[name], strict=True):
            assert is_null(value) if name not in record.scores else value == record.scores[name]


def test_to_polars():
    frame = results_of().to_polars()
    check_frame(frame, lambda value: value is None)
    assert all(frame.schema[name] == pl.Float64 for name in results_of().known)
    assert frame["frames_generated"].to_list() == [12, 6, None]
    nothing = results_of([failed("a", "broken")]).to_polars()
    assert (nothing.height, nothing.width) == (1, 6)


@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is no dependency")
def test_to_pandas():
    frame = results_of().to_pandas()
    check_frame(frame, np.isnan)
    assert all(frame[name].dtype == np.float64 for name in results_of().known)


def test_to_pandas_without_pandas_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(JaxevalError, match=r"to_pandas: expected pandas, found none\. Run: pip install pandas"):
        results_of().to_pandas()


def test_per_frame_has_every_value_of_every_frame():
    frame = results_of().per_frame()
    assert dict(frame.schema) == {"clip": pl.String, "score": pl.String, "frame": pl.Int64, "value": pl.Float64}
    assert frame.rows() == [
        *(("late", "psnr", k, value) for k, value in enumerate(PSNR.tolist())),
        *(("late", "l1", k, float(k)) for k in range(3)),
    ]
    empty = results_of([failed()]).per_frame()
    assert (empty.height, empty.schema) == (0, frame.schema)


def test_it_writes_the_commands_files(tmp_path):
    results = results_of()
    assert results.write(tmp_path / "new" / "out", title="Mine", per_frame=True) == []
    out = tmp_path / "new" / "out"
    assert {path.name for path in out.iterdir()} == {"scores.json", "scores.csv", "report.html", PER_FRAME}
    assert (out / "scores.json").read_bytes() == encoded(results.document)
    assert read_document(out) == results.document
    assert (out / "scores.csv").read_text("utf-8") == csv_of(results.document.clips, results.known)
    write_report(tmp_path / "page.html", results.document, RECORDS, fps=FPS, title="Mine")
    assert (out / "report.html").read_bytes() == (tmp_path / "page.html").read_bytes()
    assert pl.read_parquet(out / PER_FRAME).equals(results.per_frame())


@pytest.mark.parametrize("digest", [None, "a" * 64])
def test_its_own_files_are_no_other_runs(tmp_path, digest):
    results = results_of([PARTIAL])
    if digest:
        results.document.provenance["digest"] = digest
    for _ in range(2):
        assert results.write(tmp_path) == []
    assert not (tmp_path / "previous").exists()


def test_it_keeps_another_runs_files(tmp_path):
    results_of([PARTIAL]).write(tmp_path, report=False)
    before = (tmp_path / "scores.json").read_bytes()
    assert not (tmp_path / "report.html").exists()
    (line,) = results_of([LATE]).write(tmp_path, report=False)
    (place,) = (tmp_path / "previous").iterdir()
    assert line == f"{tmp_path} held the scores of 1 clips; its files are kept in {place}"
    assert (place / "scores.json").read_bytes() == before


def test_a_folder_that_can_not_be_made_is_a_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JaxevalError, match=r"file/out: expected a folder to write to, found: Not a directory\."):
        results_of().write(tmp_path / "file" / "out")


@pytest.mark.parametrize(
    ("timing", "metric", "shown"),
    [("lpips", None, "lpips"), ("lpips", "csim", "csim"), ("expr", None, "expr"), ("st_lpips", None, "lpips")],
)
def test_a_clip_is_plotted(timing, metric, shown):
    figure = results_of(timing=timing).plot("late", metric)
    assert isinstance(figure, Figure)
    assert figure.get_suptitle() == f"late: {shown}"
    heat, cost, lag = figure.axes
    np.testing.assert_array_equal(heat.images[0].get_array(), LATE.curves[shown].alignment.T)
    assert cost.get_title(loc="left").endswith(", per frame")
    assert cost.get_xlim() == lag.get_xlim() == (0, 12 / FPS)
    drawn = next(line for line in lag.lines if len(line.get_ydata()) == 12)
    np.testing.assert_allclose(drawn.get_ydata(), 1000 / FPS * LATE.curves[shown].lag)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("layt",), r"expected the id of a clip, found 'layt'\. Did you mean late\?"),
        (("late", "psnr"), "expected an aligned metric of the clip, found 'psnr'; late has lpips, csim, pose, expr"),
        (("<b>lost</b>",), "found 'lpips'; <b>lost</b> has none"),
    ],
)
def test_what_can_not_be_plotted_is_a_line(words, told):
    with pytest.raises(JaxevalError, match=f"plot: .*{told}") as refused:
        results_of().plot(*words)
    assert "\n" not in str(refused.value)


def test_it_prints_as_the_commands_table():
    results, console = results_of(), Console(file=io.StringIO(), width=160, no_color=True)
    print_table(results.document, console)
    assert repr(results) == console.file.getvalue()
    assert "late *" in repr(results)
    assert "\x1b" not in repr(results)


def test_a_notebook_shows_the_same_table_escaped():
    source = results_of()._repr_html_()
    assert source.startswith("<pre")
    assert "&lt;b&gt;lost&lt;/b&gt;" in source
    assert "<b>lost" not in source
    text = re.sub(r"<[^>]+>", "", source)
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&#x27;", "'"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, sign)
    assert text.split() == repr(results_of()).split()
