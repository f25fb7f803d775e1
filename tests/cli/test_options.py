"""Options and paths that make no run: exit code 2, and one line that says what to do. Nothing is scored here."""

import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest

from jaxeval.results.run_folder import MARKER

from .command import run


def refused(capsys, *words):
    """The line of a command that can't run."""
    code, out, err = run(capsys, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    return err


def test_a_missing_path(capsys, files, tmp_path):
    code, _, err = run(capsys, "score", tmp_path / "nowhere.mp4", files / "reference.mp4", "--out", tmp_path / "out")
    assert code == 2
    assert err.count("\n") == 1
    assert "nowhere.mp4: expected GENERATED to be a file or a folder, found neither" in err


def test_a_pipe_is_not_waited_for(capsys, files, tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    code, _, err = run(capsys, "score", tmp_path / "pipe.mp4", files / "reference.mp4", "--out", tmp_path / "out")
    assert code == 2
    assert "pipe.mp4: expected GENERATED to be a file" in err


@pytest.mark.parametrize("kind", ["a file stands there", "no permission"])
def test_an_output_folder_that_cannot_be_written(capsys, files, tmp_path, kind):
    out = tmp_path / "out"
    if kind == "a file stands there":
        out.write_text("")
    elif os.getuid() == 0:
        out = Path("/proc/jaxeval")  # root may write everywhere but here
    else:
        out.mkdir(mode=0o500)
    code, _, err = run(capsys, "score", files / "generated.mp4", files / "reference.mp4", "--out", out)
    assert code == 2
    assert err.count("\n") == 1
    assert f"{out}" in err


def test_an_unknown_protocol_is_named(capsys, files):
    code, _, err = run(capsys, "score", files / "generated.mp4", files / "reference.mp4", "--protocol", "mine")
    assert code == 2
    assert "--protocol: expected a known name, found mine. Choose from jaxeval-v1, arxiv-2606.01031." in err


def test_a_file_against_a_folder(capsys, files):
    code, _, err = run(capsys, "score", files, files / "reference.mp4")
    assert code == 2
    assert "expected only files or only folders, found both: GENERATED" in err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "expected GENERATED, or --pairs FILE. See --help."),
        (["no-such-file"], "no-such-file: expected GENERATED to be a file or a folder, found neither."),
        (["a", "b", "--face", "top"], "face: expected left, right, largest or a number from 1 on, found 'top'."),
        (["a", "b", "--portrait", "c"], "--portrait: expected no REFERENCE, found both."),
        (["--pairs", "c.csv", "--portrait", "d"], "--portrait: with --pairs, use the portrait column instead."),
        (["a", "b", "--pairs", "c.csv"], "--pairs replaces GENERATED and REFERENCE; found both. Use one of them."),
        (["a", "--pairs", "c.csv"], "--pairs replaces GENERATED and REFERENCE"),
        (["--pairs", "c.csv", "--audio", "d"], "--audio: with --pairs, use the audio column instead."),
        (["a", "b", "--protocol", "jaxeval_v1"], "found jaxeval_v1. Did you mean jaxeval-v1?"),
        (["a", "b", "--gamma", "nan"], "--gamma: expected a number from 0 to 1e+30, found nan. Try 0.01."),
        (["a", "b", "--noise-floor", "-1"], "--noise-floor: expected at least 0, found -1. 0 disables it."),
        (["a", "b", "--min-features", "1"], "--min-features: expected at least 2, found 1."),
        (["a", "b", "--value", "fps"], "--value: expected NAME=NUMBER, such as fps=31.5, found 'fps'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options_that_make_no_run(capsys, words, line):
    assert line in refused(capsys, "score", *words)


@pytest.fixture
def clips(tmp_path, monkeypatch):
    """Two methods and their references, as trajectories; the working folder is theirs."""
    monkeypatch.chdir(tmp_path)
    for side in ("mine", "theirs", "references"):
        (tmp_path / side).mkdir()
        for name in "ab":
            steps = np.random.default_rng([*map(ord, side + name)]).standard_normal((12, 2))
            np.savez(tmp_path / side / f"{name}.npz", motion=steps.cumsum(axis=0))
    return tmp_path


def scored(capsys, *words):
    """The output of a run that succeeds."""
    code, out, err = run(capsys, "score", *words, "--noise-floor", 0)
    assert (code, err) == (0, "")
    return out


def scores(folder):
    document = json.loads((folder / "scores.json").read_text())
    return {clip["id"]: clip["scores"]["motion"] for clip in document["clips"]}


def test_the_default_folder_never_holds_two_methods(capsys, clips):
    """Other inputs get a fresh folder and a line that names both; the same inputs get theirs again."""
    assert "holds" not in scored(capsys, "mine", "references")
    first = scores(clips / "jaxeval-scores")
    out = scored(capsys, "theirs", "references")
    line = f"jaxeval-scores holds scores of {clips}/mine against {clips}/references; results go to jaxeval-scores-2"
    assert line in out.splitlines()
    assert scores(clips / "jaxeval-scores") == first != scores(clips / "jaxeval-scores-2")
    assert "2 of 2 clips were already scored" in scored(capsys, clips / "mine", "references")
    assert "2 of 2 clips were already scored" in scored(capsys, "theirs", "references")
    assert sorted(path.name for path in clips.glob("jaxeval-*")) == ["jaxeval-scores", "jaxeval-scores-2"]
    assert not list(clips.glob("*/previous"))


def test_an_interrupted_run_finds_its_default_folder_again(capsys, clips):
    scored(capsys, "mine", "references")
    (clips / "jaxeval-scores" / "scores.json").unlink()
    assert "2 of 2 clips were already scored" in scored(capsys, "mine", "references")


def test_a_folder_that_is_given_keeps_the_earlier_files(capsys, clips):
    for method in ("mine", "theirs"):
        out = scored(capsys, method, "references", "--out", "here")
    assert "here held the scores of mine against references; its files are kept in here/previous/" in out
    assert len(list((clips / "here" / "previous").iterdir())) == 1


def test_results_of_an_interrupted_run_are_no_clips(capsys, clips):
    """The records of a run are .npz files; beside them there is no scores.json yet."""
    (clips / "mine" / "earlier" / "clips").mkdir(parents=True)
    np.savez(clips / "mine" / "earlier" / "clips" / "c.npz", motion=np.eye(3))
    (clips / "mine" / "earlier" / MARKER).write_text("{}")
    assert "skipped 1 file (not a clip, or audio without a clip): GENERATED/earlier" in scored(
        capsys, "mine", "references"
    )


def test_a_wrong_path_leaves_no_folder(capsys, clips):
    refused(capsys, "score", "nowhere", "references")
    assert not list(clips.glob("jaxeval-*"))


def manifest(folder, *rows, columns=("generated", "reference")):
    text = io.StringIO()
    csv.writer(text).writerows([columns, *rows])
    (folder / "pairs.csv").write_text(text.getvalue())
    return folder / "pairs.csv"


def test_a_manifest_scores_what_two_folders_score(capsys, clips):
    scored(capsys, "mine", "references", "--out", "folders")
    rows = [(f"mine/{name}.npz", f"references/{name}.npz") for name in "ba"]
    scored(capsys, "--pairs", manifest(clips, *rows), "--out", "manifest")
    assert [*scores(clips / "manifest")] == ["b", "a"], "in the manifest's order"
    assert scores(clips / "manifest") == scores(clips / "folders")
    provenance = json.loads((clips / "manifest" / "scores.json").read_text())["provenance"]
    assert provenance["generated"] == f"{clips}/pairs.csv"
    out = scored(capsys, "--pairs", manifest(clips, rows[0]), "--out", "manifest")
    assert f"held the scores of {clips}/pairs.csv against the references it names" in out


def test_identities_come_from_the_manifest_or_from_a_file(capsys, clips):
    pairs = [("mine/a.npz", "references/a.npz"), ("mine/b.npz", "references/b.npz")]
    one = manifest(clips, *((*pair, "Ann") for pair in pairs), columns=("generated", "reference", "identity"))
    scored(capsys, "--pairs", one, "--out", "one")
    scored(capsys, "--pairs", manifest(clips, *pairs), "--out", "two")
    intervals = [
        json.loads((clips / name / "scores.json").read_text())["summary"]["motion"]["ci95"] for name in ("one", "two")
    ]
    assert intervals[0] is None, "two clips of one person have no interval"
    assert intervals[1] is not None
    manifest(clips, *((*pair, "Ann") for pair in pairs), columns=("generated", "reference", "identity"))
    (clips / "who.csv").write_text("a,Ann\n")
    line = refused(capsys, "score", "--pairs", one, "--identities", "who.csv", "--out", "three")
    assert "has an identity column already. Use one of them." in line


def test_a_pair_without_a_reference_or_a_file_is_a_failed_row(capsys, clips):
    rows = [
        ("mine/a.npz", "references/a.npz"),
        ("mine/b.npz", ""),
        ("mine/c.npz", "references/a.npz"),
        ("mine", "mine"),
    ]
    code, out, _ = run(capsys, "score", "--pairs", manifest(clips, *rows), "--noise-floor", 0, "--out", "out")
    clips_found = json.loads((clips / "out" / "scores.json").read_text())["clips"]
    assert (code, [clip["status"] for clip in clips_found]) == (1, ["ok", "failed", "failed", "failed"])
    assert "mine/b.npz: expected a reference for trajectories (.npz), found none; give one." in " ".join(out.split())


def test_the_page_may_be_left_out(capsys, clips):
    out = scored(capsys, "mine", "references", "--no-report")
    assert "report.html" not in out
    assert sorted(path.name for path in (clips / "jaxeval-scores").iterdir()) == [
        "clips",
        MARKER,
        "scores.csv",
        "scores.json",
    ]
