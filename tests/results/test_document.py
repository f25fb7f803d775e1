"""What is written reads back; what others wrote is taken, or refused in one line that names the place."""

import csv
import io
import json
from dataclasses import fields

import msgspec
import pytest

from jaxeval.errors import JaxevalError
from jaxeval.results.document import (
    Detail,
    Document,
    Entry,
    Floor,
    Row,
    SignatureTexts,
    catalogue_of,
    csv_of,
    document_of,
    encoded,
    read_document,
    row_of,
)
from jaxeval.results.record import ClipRecord
from jaxeval.results.sides import side_of

from ..scoring.runs import a_run, no_networks, results_of, trajectories

PLAIN = {"clips": [{"id": "a", "scores": {"l1": 0.5}}], "summary": {"l1": {"mean": 0.5, "n": 1, "of": 1}}}
ROW = Row(
    id='名前 "é", b',
    frames=(3, 4),
    scores={"l1": 1 / 3, "psnr": 1e308, "tiny": 5e-324},
    missing={"csim": "no face"},
    flags=("resized: a, b", "timing: c"),
    lag_support={"expr": -0.25},
)
WHOLE = Document(
    provenance={"protocol": {"name": "mine", "band": None, "gamma": {"expr": 3e-6}}, "values": {"cost": None}},
    clips=(ROW, Row(id="b", status="failed", reason="no sound")),
    summary={"l1": Entry(mean=1 / 3, ci95=(0.1, 0.4), n=1, of=2), "csim": Entry(of=2)},
    details={"l1": Detail(median=1 / 3, worst=("a", "b")), "fid": Detail(reason="few", without={"b": "no sound"})},
    signatures={"l1": SignatureTexts(short="l1|mine", long="metric=l1 | fps=25")},
    floor=Floor(crf=18, clips=(Row(id="floor/a"),), summary={"l1": Entry(mean=0.01, n=1, of=1)}),
)


@pytest.mark.parametrize("document", [WHOLE, document_of(PLAIN), Document(clips=(), summary={})])
def test_what_is_written_reads_back(tmp_path, document):
    (tmp_path / "scores.json").write_bytes(encoded(document))
    assert read_document(tmp_path) == read_document(tmp_path / "scores.json") == document


def test_what_a_run_writes_reads_back(tmp_path, monkeypatch):
    no_networks(monkeypatch)
    run = a_run(tmp_path / "out")
    results = results_of(run, [run.record(pair)[0] for pair in trajectories(tmp_path, "first", 0.1)])
    results.write(tmp_path / "out", report=False)
    found = read_document(tmp_path / "out")
    assert found == results.document
    assert found.provenance["trajectories"] == ["motion"]
    assert list(catalogue_of(found)) == list(results.known)
    assert set(results.known) == {"motion", "motion_seq", "motion_div", "lag_ms_motion", "lag_std_ms_motion"}


def test_a_row_is_all_of_a_record_but_its_pictures_and_arrays():
    shared = {"id", "status", "reason", "frames", "scores", "missing", "flags"}
    drawn = {"curves", "generated", "reference", "portrait", "audio", "offsets", "features", "per_frame", "by_gamma"}
    left_out = drawn | {"fps", "trajectories"}
    assert {field.name for field in fields(ClipRecord)} == shared | left_out | {"support"}
    told = {name: getattr(ROW, name) for name in shared}
    record = ClipRecord(**told, support={"expr": -0.25}, trajectories=("gaze",), fps=50.0)
    assert row_of(record) == ROW


def test_what_is_left_out_is_empty():
    found = document_of(PLAIN)
    (row,) = found.clips
    assert (row.status, row.reason, row.frames, row.missing, row.flags, row.lag_support) == (
        "ok",
        None,
        None,
        {},
        (),
        {},
    )
    assert (found.provenance, found.details, found.signatures, found.floor) == ({}, {}, {}, Floor())
    assert found.summary["l1"].ci95 is None


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_no_json_are_read_and_then_missing(tmp_path, text):
    written = json.dumps(PLAIN).replace("0.5", text)
    (tmp_path / "scores.json").write_text(written)
    side = side_of(read_document(tmp_path), "first")
    assert side.clips["a"].scores == {}
    assert side.clips["a"].missing["l1"].startswith("no finite number: the computation gave ")
    assert side.means == {"l1": None}


def test_what_is_written_is_json_without_nan():
    json.loads(encoded(WHOLE), parse_constant=pytest.fail)
    assert encoded(WHOLE).count(b"\n") > 50, "for readers too"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"schema": 2}, "expected schema 1, found 2; score the clips again."),
        ({"schema": None}, "expected schema 1, found None"),
        ({"clips": {}}, "Expected `array`, got `object` - at `$.clips`"),
        ({"clips": [{"id": "a", "frames": [1]}]}, "at `$.clips[0].frames`"),
        ({"clips": [{"id": "a", "flags": "timing"}]}, "Expected `array`, got `str` - at `$.clips[0].flags`"),
        ({"clips": [{"id": "a", "lag_support": {"expr": "much"}}]}, "at `$.clips[0].lag_support[...]`"),
        ({"summary": {"l1": {"ci95": [1, 2, 3]}}}, "at `$.summary[...].ci95`"),
        ({"details": {"l1": {"worst": [1]}}}, "Expected `str`, got `int` - at `$.details[...].worst[0]`"),
        ({"signatures": {"l1": "psnr|v1"}}, "at `$.signatures[...]`"),
        ({"floor": {"clips": [{}]}}, "missing required field `id` - at `$.floor.clips[0]`"),
        ({"provenance": []}, "at `$.provenance`"),
    ],
    ids=str,
)
def test_another_kind_or_version_is_one_line_that_names_the_place(tmp_path, changed, told):
    (tmp_path / "scores.json").write_text(json.dumps(PLAIN | changed))
    with pytest.raises(JaxevalError, match=r"scores\.json: expected ") as refused:
        read_document(tmp_path)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({"trajectories": 5}, "trajectories"),
        ({"trajectories": [5]}, "trajectories[0]"),
        ({"scorers": ["iqa"]}, "scorers"),
        ({"scorers": {"iqa": {"unit": 3}}}, "scorers[...][...]"),
        ({"values": 3}, "values"),
        ({"protocol": 3}, "protocol"),
        ({"protocol": {"encoders": {"identity": 5}}}, "protocol.encoders[...]"),
        ({"protocol": {"gamma": 3}}, "protocol.gamma"),
        ({"protocol": {"band": "wide"}}, "protocol.band"),
        ({"protocol": {"timing": ["expr"]}}, "protocol.timing"),
    ],
    ids=str,
)
def test_a_provenance_that_can_not_be_used_is_refused_too(tmp_path, told, place):
    (tmp_path / "scores.json").write_text(json.dumps(PLAIN | {"provenance": told}))
    with pytest.raises(JaxevalError) as refused:
        read_document(tmp_path)
    assert f"at `$.provenance.{place}`; score the clips again." in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"{", b"", b"\xef\xbb\xbf{}", b'"text"'], ids=len)
def test_files_that_are_no_documents(tmp_path, content):
    (tmp_path / "scores.json").write_bytes(content)
    with pytest.raises(JaxevalError, match=r"scores\.json: expected the scores\.json of a run, found: ") as refused:
        read_document(tmp_path)
    assert "\n" not in str(refused.value)


def test_nothing_there(tmp_path):
    for path in (tmp_path, tmp_path / "scores.json", tmp_path / "nowhere"):
        with pytest.raises(JaxevalError, match=r"found none\. Create it with jaxeval score"):
            read_document(path)


def test_plain_values_are_refused_with_the_place():
    with pytest.raises(msgspec.ValidationError, match=r"\$\.clips\[0\]\.scores"):
        document_of(PLAIN | {"clips": [{"id": "a", "scores": 3}]})


def test_the_table_has_a_column_a_score_and_exact_numbers():
    known = catalogue_of(WHOLE)
    lines = list(csv.DictReader(io.StringIO(csv_of(WHOLE.clips, known))))
    head = ["id", "status", "reason", "frames_generated", "frames_reference"]
    assert list(lines[0]) == [*head, "psnr", "l1", "csim", "tiny", "flags"]
    first, second = lines
    assert (first["id"], first["frames_generated"], first["frames_reference"]) == (ROW.id, "3", "4")
    assert {name: float(first[name]) for name in ROW.scores} == ROW.scores
    assert (first["csim"], first["flags"]) == ("", "resized: a, b; timing: c")
    assert (second["status"], second["reason"], second["frames_generated"], second["l1"]) == (
        "failed",
        "no sound",
        "",
        "",
    )
