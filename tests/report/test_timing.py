"""The page's timing: every number from the document, every clip there, and no `_div` without its lag."""

import re
from dataclasses import replace

import numpy as np
import pytest
from msgspec.structs import replace as changed

from jaxeval.protocol import JAXEVAL_V1
from jaxeval.report import page as report
from jaxeval.report import scores as report_scores
from jaxeval.report import timing as report_timing
from jaxeval.report.page import write_report
from jaxeval.report.scores import glance_of, groups_of, worst_of
from jaxeval.report.timing import furthest_off, timing_metric, timing_section
from jaxeval.results.catalogue import catalogue
from jaxeval.results.document import Detail, Document, Row, SignatureTexts, catalogue_of
from jaxeval.results.formatting import format_cell
from jaxeval.results.record import ClipRecord

from .synthetic_clips import FPS, METRICS, clip, document, failed, without
from .test_page import Page

FLAG = "timing: 92 % of the frames are more than 160 ms late or early by lpips; quote a _div only with its lag"
SHARES = {"lag_beyond_40ms": 0.973, "lag_beyond_80ms": 0.5, "lag_beyond_160ms": 0.12, "lag_drift": -6.52}
KNOWN = catalogue(JAXEVAL_V1.encoders, JAXEVAL_V1.timing)
LAGS = [f"{kind}_ms_{metric}" for kind in ("lag", "lag_std") for metric in METRICS]


def told(record, flags=(), **shares):
    return replace(record, scores=record.scores | SHARES | shares, flags=flags)


LATE = told(clip("late", t=40, s=40, shift=6.0), (FLAG,))
STEADY = told(clip("steady", t=40, s=40, shift=1.0), lag_beyond_160ms=0.0)
ONE = without(told(clip("one frame", t=1, s=1)), *LAGS, reason="one frame only, so no timing")
RECORDS = [LATE, STEADY, failed(), ONE]


def written(folder, records, clips=None, **changes):
    content = changed(document(records), **changes)
    write_report(folder / "report.html", content, records if clips is None else clips, fps=FPS, title="timing")
    return (folder / "report.html").read_text("utf-8")


def section(source):
    return source[source.index('<h2 id="timing">') : source.index('<h2 id="scores">')]


def section_of(records, lags=None):
    content = document(records)
    known = catalogue_of(content)
    metric = timing_metric(content, known)
    lags = {r.id: 1000 / FPS * r.curves[metric.name].lag for r in records if r.curves} if lags is None else lags
    return timing_section(content, metric, lags, {}, known)


def test_every_clip_has_its_row_with_the_documents_numbers():
    rows = {row["id"]: row for row in section_of(RECORDS)["rows"]}
    assert [*rows] == [record.id for record in RECORDS]
    for record in (LATE, STEADY):
        row = rows[record.id]
        for key, name in (("lag", "lag_ms_lpips"), ("mouth", "lag_ms_expr")):
            assert row[key] == {"text": format_cell(KNOWN[name], record.scores, KNOWN), "doubtful": False}
        beyond = f"{100 * record.scores['lag_beyond_160ms']:.0f} %"
        assert row["told"] == {"40": "97 %", "80": "50 %", "160": beyond, "drift": "−6.5"}
        assert row["reason"] is None
    assert rows["faceless"]["reason"].startswith("failed: no face was found")
    assert rows["one frame"]["reason"] == "one frame only, so no timing"
    assert [code for code, *_ in rows["late"]["flags"]] == ["timing"]
    assert rows["steady"]["flags"] == []


@pytest.mark.parametrize("shift", [-6.0, 0.0, 3.0])
def test_shapes_and_means_stand_at_their_lag(shift):
    record = clip("x", t=40, s=40, shift=shift)
    found = section_of([record])
    lag, strip = 1000 / FPS * record.curves["lpips"].lag, found["rows"][0]["strip"]
    band = found["bands"][0]
    reach = 100 * band["limit"] / band["width"]
    assert band["limit"] == 40
    assert reach >= np.abs(lag).max()
    assert (strip["mean"] - 50) / 50 * reach == pytest.approx(lag.mean(), abs=0.1)
    assert band["left"] + band["width"] / 2 == pytest.approx(50)
    texts = {tick["text"]: tick["left"] for tick in found["ticks"]}
    assert texts["0"] == 50
    assert texts["+160"] - 50 == pytest.approx(50 * 160 / reach)
    assert texts["−160"] - 50 == pytest.approx(-50 * 160 / reach)
    words = [re.sub(r"^[+-]0$", "0", f"{value:+.0f}").replace("-", "−") for value in (lag.min(), lag.max())]
    assert f"from {words[0]} to {words[1]} ms" in strip["words"]


def test_the_page_shows_it(tmp_path):
    source = written(tmp_path, RECORDS)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", section(source)))
    assert re.search(r"late timing \+\d+ ± \d+ \+\d+ ± \d+ 97 % 50 % 12 % −6\.5 steady", text)
    assert section(source).count('<path class="frames"') == 2  # the clip of one frame has none
    alts = " ".join(value for _, value in Page(source).all("alt"))
    assert "frames beyond ±40 ms 97 %, ±80 ms 50 %, ±160 ms 12 %" in alts
    assert "frames beyond ±40 ms 97 %, ±80 ms 50 %, ±160 ms 12 %" in Page(source).text


def test_a_document_without_a_lag_has_no_timing(tmp_path):
    for records in ([failed()], [ONE], []):
        assert '<h2 id="timing">' not in written(tmp_path, records)


@pytest.mark.parametrize(
    ("named", "lacking", "expected"),
    [("pose", (), "pose"), ("lpips", (), "lpips"), (None, (), "lpips"), ("pose", ("pose",), "lpips")],
)
def test_the_protocol_names_the_metric(named, lacking, expected):
    record = without(LATE, *(f"lag_ms_{m}" for m in lacking), reason="none") if lacking else LATE
    content = document([record], timing=named)
    assert timing_metric(content, catalogue_of(content)).name == expected


def test_of_many_clips_the_flagged_and_the_latest_come_first(monkeypatch):
    monkeypatch.setattr(report_timing, "ROWS_UP_TO", 3)
    names = {"a": (3, 0.0, ()), "b": (-5, 0.0, ()), "c": (1, 0.3, ()), "d": (0, 0.0, (FLAG,)), "e": (8, 0.0, ())}
    rows = []
    for name, (lag, beyond, flags) in names.items():
        scores = {"lag_ms_lpips": float(lag), "lag_std_ms_lpips": 0.5, "lag_beyond_160ms": beyond}
        rows.append(Row(id=name, scores=scores, flags=flags))
    metric = KNOWN.entries["lpips"]
    assert furthest_off(rows, metric, KNOWN) == ["d", "c", "e"]
    assert furthest_off(rows[:3], metric, KNOWN) == ["a", "b", "c"]
    assert furthest_off(rows, None, KNOWN) == []


def test_many_clips_are_drawn_at_once_and_each_record_is_loaded_once(tmp_path, monkeypatch):
    monkeypatch.setattr(report_timing, "ROWS_UP_TO", 2)
    monkeypatch.setattr(report, "ALL_METRICS_UP_TO", 0)
    monkeypatch.setattr(report, "PICTURED_UP_TO", 1)
    records = [
        told(clip("late", t=8, s=8, shift=3.0), lag_beyond_160ms=0.5),
        told(clip("blurred", t=8, s=8, shift=0.0, noise=2.0), lag_beyond_160ms=0.0),
        told(clip("good", t=8, s=8, shift=0.0), lag_beyond_160ms=0.0),
        told(clip("later", t=8, s=8, shift=4.0), lag_beyond_160ms=0.6),
    ]
    asked = []

    def load(name):
        asked.append(name)
        return next(record for record in records if record.id == name)

    source = written(tmp_path, records, load)
    # Two for their timing, one for what alignment leaves; that of the fourth is not needed.
    assert asked == ["late", "blurred", "later"]
    assert source == written(tmp_path, records)
    page = section(source)
    assert re.findall(r'<th scope="row".*?title="([^"]+)"', page) == ["later", "late"]
    assert "The 2 of 4 clips whose timing is furthest off" in page
    assert 'alt="Mean lag by lpips of 4 clips' in page


def test_the_worst_in_time_are_pictured_too(tmp_path, monkeypatch):
    monkeypatch.setattr(report_timing, "ROWS_UP_TO", 2)
    monkeypatch.setattr(report, "ALL_METRICS_UP_TO", 0)
    monkeypatch.setattr(report, "PICTURED_UP_TO", 4)
    blurred = [told(clip(f"blurred {k}", t=6, s=6, shift=0.0, noise=2.0), lag_beyond_160ms=0.0) for k in range(5)]
    records = [*blurred, told(clip("late", t=6, s=6, shift=2.0), (FLAG,))]
    alts = " ".join(value for _, value in Page(written(tmp_path, records)).all("alt"))
    assert [r.id for r in records if f"of {r.id} by" in alts].count("late") == 1
    assert len(re.findall(r"Cost over time of", alts)) == 4


def test_a_div_of_a_flagged_clip_is_marked_wherever_it_stands(tmp_path):
    source = written(tmp_path, RECORDS)
    cells = re.findall(r'<td[^>]*data-score="(\w+)"[^>]*>(.*?)</td>', source, re.S)
    flagged = [name for name, content in cells if "flagged: timing" in content]
    assert sorted(flagged) == sorted(f"{m}_{kind}" for m in METRICS for kind in ("seq", "div"))
    glance = source[source.index('<h2 id="glance">') : source.index('<h2 id="timing">')]
    bars = re.findall(r'<span class="name">(.*?)</span>\s*<span class="bars">', glance, re.S)
    assert [("timing" in bar) for bar in bars if "late" in bar] == [True, True]
    assert not any('class="code warning"' in bar for bar in bars if "steady" in bar)
    drawn = re.findall(r"<summary><b>.*?</summary>", source, re.S)
    assert sum("timing" in summary for summary in drawn) == len(METRICS)


def test_every_div_column_stands_before_its_lag():
    document = Document(clips=(Row(id="a", scores=dict.fromkeys(KNOWN, 1.0)),), summary={})
    names = [score.name for _, members in groups_of(document, KNOWN) for score in members]
    divs = [name for name in names if name.endswith("_div")]
    assert divs
    assert all(names[names.index(name) + 1] == f"lag_ms_{name.removesuffix('_div')}" for name in divs)


def test_the_mean_of_many_clips_says_how_many_are_flagged(monkeypatch):
    monkeypatch.setattr(report_scores, "GLANCE_UP_TO", 1)
    content = document([LATE, STEADY])
    panels = glance_of(content, catalogue_of(content))
    assert [bar["warnings"][0].partition(":")[0] for panel in panels for bar in panel["bars"]] == ["1 flagged"] * 2


def test_worst_clips_by_an_aligned_score_come_with_their_lag(tmp_path):
    details = {name: Detail(median=0.25, worst=("late", "steady")) for name in ("lpips_div", "psnr")}
    details["ssim"] = Detail(median=0.1, worst=("late",))
    content = changed(document(RECORDS), details=details)
    entries = worst_of(content, catalogue_of(content))
    found = {entry["score"].name: entry["clips"] for entry in entries}
    assert [*found] == ["psnr", "lpips_div"]
    lag = format_cell(KNOWN["lag_ms_lpips"], LATE.scores, KNOWN)
    assert found["lpips_div"][0]["lag"] == f"lag {lag} ms"
    assert found["lpips_div"][0]["warnings"] == [FLAG]
    assert found["psnr"][0]["lag"] is None
    text = Page(written(tmp_path, RECORDS, details=details)).text
    assert f"(lag {lag} ms, timing)" in text
    assert re.search(r"median [– ]*0\.25", text)


def test_signatures_stand_with_the_definitions(tmp_path):
    texts = SignatureTexts(short="psnr|jaxeval-v1|f:25", long="metric=psnr | fps=25 | crop=face224")
    source = written(tmp_path, RECORDS, signatures={"psnr": texts})
    entry = source[source.index('<div id="def-psnr">') : source.index('<div id="def-ssim">')]
    assert "psnr|jaxeval-v1|f:25" in entry
    assert "crop=face224" in entry
    assert "signature" not in written(tmp_path, RECORDS)


def given(name, shift):
    """A pair of files with trajectories `gaze` and `mouth`, at 50 frames a second."""
    record, scores = clip(name, t=30, s=30, shift=shift), {}
    for mine, theirs in (("gaze", "pose"), ("mouth", "expr")):
        names = (theirs, f"{theirs}_seq", f"{theirs}_div", f"lag_ms_{theirs}", f"lag_std_ms_{theirs}")
        scores |= {score.replace(theirs, mine): record.scores[score] for score in names}
    curves = {"gaze": record.curves["pose"], "mouth": record.curves["expr"]}
    return ClipRecord(name, "ok", frames=(30, 30), scores=scores, curves=curves, fps=50.0, trajectories=tuple(curves))


def test_trajectories_that_came_in_files_are_shown_like_any_metric(tmp_path):
    records = [given("a", 2.0), given("b", -3.0)]
    source = written(tmp_path, records)
    page = Page(source)
    heads = re.findall(r'<th scope="col" class="sortable[^"]*">\s*<a href="#def-(\w+)"', source)
    assert heads == [name.format(m) for m in ("gaze", "mouth") for name in ("{}", "{}_seq", "{}_div", "lag_ms_{}")]
    alts = [value for _, value in page.all("alt") if value]
    assert len(alts) == 2 * 2 * 3
    # At 50 frames a second a frame is 20 ms.
    lag = 20 * records[0].curves["gaze"].lag
    (mean,) = re.findall(r'class="mean" d="M([\d.]+),', section(source))[:1]
    assert (float(mean) - 50) / 50 * 200 == pytest.approx(lag.mean(), abs=0.5)
    assert source.index('<h2 id="glance">') < source.index("gaze <small>↓ lower is better</small>")


def test_long_names_are_shortened_where_there_is_no_room_and_whole_in_the_table(tmp_path):
    name = "x" * 30 + "middle" + "y" * 30
    source = written(tmp_path, [told(clip(name, t=6, s=6))])
    assert f">{'x' * 20}…{'y' * 18}</a>" in section(source)
    table = source[source.index('<table id="table">') :]
    assert f">{name}</a>" in table


def test_a_lag_without_support_is_doubted_wherever_it_stands(tmp_path):
    support = {"lpips": 1.0, "expr": 0.9, "csim": 0.9, "pose": 0.9}
    content = document([LATE, STEADY], {"late": support | {"lpips": -0.3}, "steady": support})
    write_report(tmp_path / "report.html", content, [LATE, STEADY], fps=FPS, title="Doubts")
    source = (tmp_path / "report.html").read_text("utf-8")
    # In the glance's panel of lpips, in the timing table, and in the table of all scores twice: lag_ms and its own.
    assert len(re.findall(r"± \d+<span class=\"doubt\"", source)) == 4
