"""Runs into one folder, in turn and at once: none loses a file, and none reads what another one wrote."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from jaxeval.errors import JaxevalError
from jaxeval.results.document import encoded
from jaxeval.results.outputs import FILES, Outputs

from ..scoring.runs import a_run, means, no_networks, read, results_of, trajectories


@pytest.fixture(autouse=True)
def _no_networks(monkeypatch):
    no_networks(monkeypatch)


def scored(run, pairs):
    """The document, how many records are fresh, and where another run's files are kept."""
    found = [run.record(pair) for pair in pairs]
    results = results_of(run, [record for record, _ in found])
    outputs = results.write_scores(run.out)
    draw_page(run, outputs)
    return json.loads(encoded(results.document)), sum(fresh for _, fresh in found), outputs.kept


def written(run, records):
    return results_of(run, records).write_scores(run.out)


def draw_page(run, outputs):
    outputs.write_page(lambda path: path.write_text(f"page of {run.settings.names['generated']}"))


@pytest.fixture
def methods(tmp_path):
    return {name: trajectories(tmp_path, name, noise) for name, noise in (("first", 0.1), ("second", 0.5))}


@pytest.fixture
def alone(methods, tmp_path):
    """What each method scores in a folder of its own."""
    for name, pairs in methods.items():
        scored(a_run(tmp_path / f"alone {name}", name), pairs)
    return {name: read(tmp_path / f"alone {name}") for name in methods}


def kept(folder):
    """Folder and document of every earlier run."""
    return {path: read(path) for path in (folder / "previous").iterdir()}


def test_the_first_methods_files_are_kept_and_its_records_found_again(methods, alone, tmp_path):
    out = tmp_path / "out"
    assert scored(a_run(out), methods["first"])[1] == 3
    before = {name: (out / name).read_bytes() for name in FILES}
    _, fresh, moved = scored(a_run(out, "second"), methods["second"])
    assert fresh == 3
    (place,) = kept(out)
    assert {name: (place / name).read_bytes() for name in FILES} == before
    digest = json.loads(before["scores.json"])["provenance"]["digest"]
    assert place.name.endswith(f"Z-{digest[:8]}")
    assert moved == [f"{out} held the scores of first against references; its files are kept in {place}"]
    assert read(out)["clips"] == alone["second"]["clips"]
    document, fresh, moved = scored(a_run(out), methods["first"])
    assert (fresh, means(document)) == (0, means(alone["first"]))
    assert "held the scores of second against references" in moved[0]
    assert {means(d)["motion"] for d in kept(out).values()} == {means(d)["motion"] for d in alone.values()}


def test_the_same_inputs_are_written_over(methods, tmp_path):
    out = tmp_path / "out"
    for fresh in (3, 0):
        assert scored(a_run(out), methods["first"])[1:] == (fresh, [])
    assert not (out / "previous").exists()


def test_a_run_that_grows_keeps_no_copies_of_itself(methods, tmp_path):
    run = a_run(tmp_path / "out")
    records, outputs = [], Outputs(run.out)
    for pair in methods["first"]:
        records.append(run.record(pair)[0])
        document = results_of(run, records).document
        outputs.write(document.provenance["digest"], encoded(document), b"")
    assert outputs.kept == []
    assert len(read(tmp_path / "out")["clips"]) == 3


@pytest.mark.parametrize(
    "changed", [{"gamma": 0.5}, {"min_features": 7}, {"values": {"cost": 1.0}}, {"floor": 2}], ids=str
)
def test_other_settings_are_another_run(methods, tmp_path, changed):
    scored(a_run(tmp_path / "out"), methods["first"])
    assert len(scored(a_run(tmp_path / "out", **changed), methods["first"])[2]) == 1


def test_runs_that_interleave_read_their_own_records(methods, alone, tmp_path):
    """Record by record in turn, then the summaries, then the pages."""
    out = tmp_path / "out"
    runs = {name: a_run(out, name) for name in methods}
    records = {name: [] for name in methods}
    for k in range(3):
        for name, run in runs.items():
            records[name].append(run.record(methods[name][k])[0])
    outputs = {}
    for name, run in runs.items():
        for record in records[name]:
            assert run.clip(record.id).scores == record.scores
            assert len(run.clip(record.id).curves["motion"].lag) == 20
        outputs[name] = written(run, records[name])
    for name, run in runs.items():
        draw_page(run, outputs[name])
    everywhere = [(out, read(out)), *kept(out).items()]
    for folder, document in everywhere:
        name = document["provenance"]["generated"]
        assert document["clips"] == read(tmp_path / f"alone {name}")["clips"]
        page = folder / "report.html"
        assert not page.exists() or page.read_text() == f"page of {name}"
    pages = {path.read_text() for path in out.rglob("report.html")}
    assert pages == {"page of first", "page of second"}


def test_threads_that_write_into_one_folder(methods, alone, tmp_path):
    out, failed = tmp_path / "out", []

    def go(name):
        try:
            scored(a_run(out, name), methods[name])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=go, args=(name,)) for name in (*methods, "first")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    found = [read(out), *kept(out).values()]
    assert {d["provenance"]["generated"] for d in found} == {"first", "second"}
    for document in found:
        assert document["clips"] == read(tmp_path / f"alone {document['provenance']['generated']}")["clips"]


@pytest.mark.slow
def test_processes_that_write_into_one_folder(methods, alone, tmp_path):
    def start(name):
        words = ["score", tmp_path / name, tmp_path / "references", "--out", tmp_path / "out", "--noise-floor", 0]
        return subprocess.Popen(
            [sys.executable, "-m", "jaxeval", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    for running in [start(name) for name in (*methods, "first")]:
        _, errors = running.communicate()
        assert (running.returncode, b"Traceback" in errors) == (0, False)
    found = [read(tmp_path / "out"), *kept(tmp_path / "out").values()]
    assert {Path(d["provenance"]["generated"]).name for d in found} == {"first", "second"}
    for document in found:
        name = Path(document["provenance"]["generated"]).name
        assert document["clips"] == read(tmp_path / f"alone {name}")["clips"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"clips": [1, 2], "provenance": 3}',
        b'{"provenance": {"digest": "../../x", "written": "../../y"}}',
        b'{"provenance": {"digest": 5, "written": 1e99, "generated": ["a"], "reference": "b"}}',
    ],
    ids=repr,
)
def test_whatever_was_there_is_kept(methods, tmp_path, content):
    out = tmp_path / "out"
    out.mkdir()
    (out / "scores.json").write_bytes(content)
    moved = scored(a_run(out), methods["first"])[2]
    (place,) = (out / "previous").iterdir()
    assert (place / "scores.json").read_bytes() == content
    assert len(moved) == 1
    assert "\n" not in moved[0]


def test_a_folder_where_the_file_should_be_is_kept_too(methods, tmp_path):
    (tmp_path / "out" / "scores.json" / "mine").mkdir(parents=True)
    scored(a_run(tmp_path / "out"), methods["first"])
    assert list((tmp_path / "out" / "previous").glob("*/scores.json/mine"))


def test_two_runs_of_one_second_and_digest_are_both_kept(tmp_path):
    text = '{"provenance": {"digest": "%s", "written": "2026-01-01T00:00:00+00:00"}, "clips": %s}'
    for clips in ("[]", "[1]", "[1]"):
        (tmp_path / "scores.json").write_text(text % ("a" * 64, clips))
        Outputs(tmp_path).write("b" * 64, b"{}", b"")
    found = {place.name: json.loads((place / "scores.json").read_text()) for place in (tmp_path / "previous").iterdir()}
    assert found["20260101T000000Z-aaaaaaaa"]["clips"] == []
    assert found["20260101T000000Z-aaaaaaaa-2"]["clips"] == [1]


def test_what_can_not_be_moved_is_a_line(methods, tmp_path):
    scored(a_run(tmp_path / "out"), methods["first"])
    (tmp_path / "out" / "previous").write_text("in the way")
    with pytest.raises(JaxevalError, match="expected a folder for the earlier run's files") as refused:
        scored(a_run(tmp_path / "out", "second"), methods["second"])
    assert "\n" not in str(refused.value)
    assert read(tmp_path / "out")["provenance"]["generated"] == "first"
