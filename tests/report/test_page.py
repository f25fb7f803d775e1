import gc
import re
import weakref
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from msgspec.structs import replace as changed

from jaxeval.errors import JaxevalError
from jaxeval.report import clips as report_clips
from jaxeval.report import page as report
from jaxeval.report import scores as report_scores
from jaxeval.report.page import write_report
from jaxeval.results.document import Detail, Entry
from jaxeval.results.record import ClipRecord

from .synthetic_clips import FPS, METRICS, clip, document, failed, without

VOID = {"meta", "link", "img", "br", "input"}
SELF_CLOSED = {"path", "rect"}
ODD = 'a & <b>"é"</b> 名前\'s'
LATE = clip("late", t=20, s=20)
RECORDS = [
    LATE,
    replace(clip(ODD, t=16, s=12, audio=False), flags=("resized: from 64×48 to 32×24", "plain note")),
    without(clip("partial", t=8, s=8), "psnr", "pose_div", "lag_ms_pose", reason="identical frames: 8 of 8"),
    clip("one frame", t=1, s=1),
    failed("faceless", "no face in <faceless>.mp4"),
    replace(failed("half", "the sound broke off"), generated=LATE.generated, frames=(20, 20)),
]


class Page(HTMLParser):
    """A page taken apart: tags that were never closed fail, and all text, attributes and table cells are kept."""

    def __init__(self, source):
        super().__init__()
        self.open, self.attributes, self.texts, self.cells = [], [], [], {}
        self.row, self.times = None, []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_startendtag(self, tag, attrs):
        assert tag in SELF_CLOSED
        self.attributes.append((tag, dict(attrs)))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.attributes.append((tag, attrs))
        self.row = None if tag == "tr" else self.row
        if tag == "td" and "data-score" in attrs:
            self.cells[self.row, attrs["data-score"]] = attrs.get("data-value")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data):
        self.texts.append(data)
        tag, attrs = self.attributes[-1] if self.attributes else ("", {})
        if tag == "span" and attrs.get("style", "").startswith("left:") and self.open[-1] == "span":
            self.times.append(data)
        if "th" in self.open and "tbody" in self.open and data.strip():
            self.row = data

    def all(self, name):
        return [(tag, attrs[name]) for tag, attrs in self.attributes if name in attrs]

    @property
    def text(self):
        return re.sub(r"\s+", " ", "".join(self.texts))


def write(folder, records, clips=None, **changes):
    target = folder / "report.html"
    content = changed(document(records), **changes)
    write_report(target, content, records if clips is None else clips, fps=FPS, title='Odd <title> & "more"')
    return target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write(tmp_path_factory.mktemp("page"), RECORDS)


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def test_every_number_is_the_documents(page):
    for row in document(RECORDS).clips:
        for name, value in row.scores.items():
            if not name.startswith("lag_std"):
                assert float(page.cells.pop((row.id, name))) == value
    # What is left over are exactly the missing values.
    assert page.cells == {("partial", name): None for name in ("psnr", "pose_div", "lag_ms_pose")}


def test_the_summary_has_means_intervals_and_counts(page, source):
    foot = source[source.index("<tfoot>") : source.index("</tfoot>")]
    summary = document(RECORDS).summary
    for name, entry in summary.items():
        if not name.startswith("lag_std"):
            assert all(f'data-value="{value}"' in foot for value in (entry.mean, *entry.ci95))
    assert (foot.count("4 of 6"), foot.count("3 of 6")) == (len(summary) - 5 - 3, 3)


def test_every_clip_has_its_name_status_reason_and_notes_escaped(page, source):
    for record in RECORDS:
        assert record.id in page.text
    for words in (
        "failed: no face in <faceless>.mp4",
        "the sound broke off",
        "from 64×48 to 32×24",
        "plain note",
        "psnr, pose_div, lag_ms_pose: identical frames: 8 of 8",
        'Odd <title> & "more"',
    ):
        assert words in page.text
    assert '<b>"é' not in source
    assert "<faceless>" not in source


def test_nothing_comes_from_outside(page, source):
    links = [link for name in ("src", "href", "srcset", "action") for link in page.all(name)]
    assert all(link.startswith(("data:", "#")) for _, link in links)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(r"data:[^\"]*", "", source).partition("<script>")[0])


def test_the_page_is_accessible(page):
    ids = [value for _, value in page.all("id")]
    assert len(ids) == len(set(ids))
    inner = [link[1:] for _, link in page.all("href") if link.startswith("#")]
    assert set(inner) <= set(ids)
    assert [attrs["lang"] for tag, attrs in page.attributes if tag == "html"] == ["en"]
    assert all("scope" in attrs for tag, attrs in page.attributes if tag == "th")
    assert all("alt" in attrs for tag, attrs in page.attributes if tag == "img")
    alts = " ".join(value for _, value in page.all("alt"))
    lag = f"{LATE.scores['lag_ms_expr']:+.0f} ± {LATE.scores['lag_std_ms_expr']:.0f} ms"
    assert f"Lag over time of late by expr: expr {LATE.scores['expr']:.5f}" in alts
    assert lag in alts


def test_every_scored_clip_has_the_figures_of_all_metrics(page):
    alts = [value for _, value in page.all("alt") if value]
    scored = [record for record in RECORDS if record.status == "ok"]
    for record in scored:
        for m in METRICS:
            assert sum(f" of {record.id} by {m}:" in alt for alt in alts) == 3
    assert len(alts) == 3 * len(METRICS) * len(scored)


@pytest.mark.parametrize(("t", "s"), [(50, 50), (50, 40), (30, 50), (50, 10)])
def test_the_filmstrips_share_one_time_axis_and_never_overlap(tmp_path, monkeypatch, t, s):
    monkeypatch.setattr(report, "ALL_METRICS_UP_TO", 0)
    page = Page(write(tmp_path, [clip("uneven", t=t, s=s)]))
    width = float(next(v for _, v in page.all("style") if "--thumbnail" in v).split(":")[1].rstrip("%"))
    lefts = {
        kind: [float(v[5:-1]) for tag, v in page.all("style") if tag == kind and v.startswith("left:")]
        for kind in ("img", "span")
    }
    assert lefts["img"] == lefts["span"]
    frames = [round(int(time.removesuffix(" ms")) * FPS / 1000) for time in page.times]
    assert lefts["img"] == pytest.approx([(100 - width) * frame / (max(t, s) - 1) for frame in frames], abs=2e-3)
    second = lefts["img"].index(0, 1)
    for strip in (lefts["img"][:second], lefts["img"][second:]):
        assert all(b - a >= width - 2e-3 for a, b in pairwise(strip))
    assert max(lefts["img"]) == pytest.approx(100 - width, abs=2e-3)


def test_a_loader_is_asked_for_one_clip_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "ALL_METRICS_UP_TO", 0)
    records = [replace(clip("x", t=4, s=4), id=f"clip {i}") for i in range(4)]
    given, alive = [], []

    def load(name):
        gc.collect()
        alive.append(sum(reference() is not None for reference in given))
        record = replace(next(record for record in records if record.id == name))
        given.append(weakref.ref(record))
        return record

    assert write(tmp_path, records, load) == write(tmp_path, records)
    assert max(alive) <= 1


@pytest.mark.parametrize(("count", "metrics"), [(3, [*METRICS]), (4, ["lpips"])])
def test_many_clips_show_the_first_metric_only_and_say_so(tmp_path, monkeypatch, count, metrics):
    monkeypatch.setattr(report, "ALL_METRICS_UP_TO", 3)
    page = Page(write(tmp_path, [clip(f"clip {i}", t=4, s=4) for i in range(count)]))
    assert len([v for _, v in page.all("alt") if v]) == 3 * len(metrics) * count
    assert ("Figures of lpips only: with 4 clips" in page.text) == (len(metrics) == 1)


def test_too_many_clips_picture_the_worst_and_say_how_many(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "PICTURED_UP_TO", 2)
    monkeypatch.setattr(report, "ALL_METRICS_UP_TO", 0)
    records = [clip("good", t=6, s=6), clip("worse", t=6, s=6, noise=0.5), failed(), clip("worst", t=6, s=6, noise=2.0)]
    page = Page(write(tmp_path, records))
    alts = " ".join(value for _, value in page.all("alt"))
    assert [record.id for record in records if f"of {record.id} by" in alts] == ["worse", "worst"]
    assert "Pictures of 2 of 4 clips" in page.text
    assert "The other 2 are only in the table" in page.text
    assert {row for row, _ in page.cells} == {"good", "worse", "worst"}


def test_the_glance_gives_way_to_the_mean(tmp_path, monkeypatch):
    monkeypatch.setattr(report_scores, "GLANCE_UP_TO", 1)
    monkeypatch.setattr(report, "ALL_METRICS_UP_TO", 0)
    records = [clip("a", t=6, s=6), clip("b", t=6, s=6, noise=1.0)]
    assert "mean of 2 clips" in Page(write(tmp_path, records)).text


@pytest.mark.parametrize("records", [[failed()], [clip("alone", t=3, s=3)], []])
def test_small_documents_make_a_page(tmp_path, records):
    page = Page(write(tmp_path, records))
    assert f"{len(records)} pair" in page.text


@pytest.mark.parametrize(
    "provenance",
    [
        {},
        {"protocol": "jaxeval-v1"},
        {"protocol": {"name": "jaxeval-v1", "band": None, "encoders": {"identity": "dlib_resnet"}}},
    ],
)
def test_any_provenance_is_shown(tmp_path, provenance):
    text = Page(write(tmp_path, [failed()], provenance=provenance)).text
    assert ("jaxeval-v1" in text) == bool(provenance)


@pytest.mark.parametrize(
    ("clips", "words"),
    [
        ([LATE, LATE], "second or unknown id 'late'"),
        ([clip("stranger", t=2, s=2)], "second or unknown id 'stranger'"),
        ([], "got none of 'late'"),
    ],
)
def test_clips_that_do_not_match_are_refused_and_leave_the_old_page(tmp_path, clips, words):
    (tmp_path / "report.html").write_text("old")
    with pytest.raises(ValueError, match=words):
        write(tmp_path, [LATE], clips)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "old"


@pytest.mark.parametrize("place", ["nowhere/report.html", "file/report.html"])
def test_a_place_that_cannot_be_written_is_named(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(JaxevalError, match=r"report\.html: expected to write it, found: .*another folder"):
        write_report(tmp_path / place, document([failed()]), [failed()], fps=FPS, title="x")


def test_a_report_of_four_clips_is_small(tmp_path):
    records = [clip(f"clip {i}") for i in range(4)]
    assert len(write(tmp_path, records)) < 2_000_000


def test_scores_of_the_set_stand_in_the_summary_and_their_reasons_under_the_table(tmp_path):
    found = document([LATE])
    of_set = {"fd_dlib_resnet": Entry(mean=1.2345, n=1, of=1), "fid": Entry(of=1)}
    details = {"fid": Detail(reason="2049 features needed on each side"), "psnr": Detail(median=1.0)}
    found = changed(found, summary=found.summary | of_set, details=details)
    write_report(tmp_path / "report.html", found, [LATE], fps=FPS, title="set")
    text = " ".join(Page((tmp_path / "report.html").read_text("utf-8")).texts)
    assert "1.2345" in text
    assert text.count("of the set") == 1, "fid has no column, for there is none"
    assert "not scored" not in text
    assert "2049 features needed on each side" in text
    assert "the whole set (fid)" in text


def test_a_clip_whose_pictures_can_not_be_drawn_says_so_and_the_others_stand(tmp_path, monkeypatch):
    """Whatever the fault: of its curves, its strips, or in drawing."""
    good, odd = clip("good", t=8, s=8), clip("odd", t=8, s=8)
    shape = replace(odd.generated, images=odd.generated.images[..., None])
    flat = replace(odd.curves["expr"], alignment=np.zeros(3))
    for broken in (replace(odd, generated=shape), replace(odd, curves={"expr": flat})):
        page = Page(write(tmp_path, [good, broken]))
        assert "drawing failed: " in page.text
        assert any("of good by" in alt for _, alt in page.all("alt"))
        assert not any("of odd by" in alt for _, alt in page.all("alt"))
    draw = report_clips.figures.cost_over_time
    monkeypatch.setattr(
        report_clips.figures,
        "cost_over_time",
        lambda c, **more: draw(c, **more) if c is not odd.curves["expr"] else 1 / 0,
    )
    page = Page(write(tmp_path, [good, odd]))
    assert "drawing failed: ZeroDivisionError: division by zero" in page.text


def test_a_clip_whose_record_can_not_be_loaded_says_so(tmp_path):
    good, odd = clip("good", t=8, s=8), clip("odd", t=8, s=8)

    def load(name):
        if name == "odd":
            raise KeyError("gone")
        return good

    page = Page(write(tmp_path, [good, odd], load))
    assert "no pictures KeyError: 'gone'" in page.text
    assert any("of good by" in alt for _, alt in page.all("alt"))


def test_a_report_without_any_score(tmp_path):
    page = Page(write(tmp_path, [ClipRecord("nothing", "ok", frames=(3, 3)), failed("worse", "no face")]))
    assert "nothing" in page.text
    assert "failed: no face" in page.text
