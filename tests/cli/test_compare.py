"""`jaxeval compare` as a gate: exit codes, and one line for each score that decides."""

import csv
import io
import json

import numpy as np
import pytest

from .command import run


def test_a_score_that_is_no_worse_passes(capsys, runs):
    code, out, err = run(capsys, "compare", *runs, "--fail-if-worse", "ssim")
    assert (code, err) == (0, "")
    assert "ssim" in out


def test_a_score_that_is_worse_fails_and_is_named(capsys, runs):
    code, _, err = run(capsys, "compare", *reversed(runs), "--fail-if-worse", "l1,ssim")
    assert code == 1
    assert err == "jaxeval: ssim is worse: 0.6350 → 0.5350 (−0.1000, n = 8, p = 0.016)\n"


def test_documents_hold_nothing_else(capsys, runs):
    code, out, err = run(capsys, "compare", *reversed(runs), "--fail-if-worse", "ssim", "--json")
    assert (code, err.count("\n")) == (1, 1)
    assert {row["name"]: row["verdict"] for row in json.loads(out)["scores"]}["ssim"] == "first"
    code, out, err = run(capsys, "compare", *reversed(runs), "--fail-if-worse", "ssim", "--csv")
    assert (code, err.count("\n")) == (1, 1)
    assert [row["name"] for row in csv.DictReader(io.StringIO(out))] == ["ssim", "l1"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--fail-if-worse", "sim"], "--fail-if-worse: sim isn't among the compared scores. Did you mean ssim?"),
        (["--scores", "l1", "--fail-if-worse", "ssim"], "ssim isn't among the compared scores. Choose from l1."),
        (["--scores", "sssim"], "--scores: expected sssim in both runs, found none in either. Did you mean ssim?"),
    ],
)
def test_names_that_are_not_there(capsys, runs, words, line):
    code, out, err = run(capsys, "compare", *runs, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err


def changed(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def without_ssim(document):
    for clip in document["clips"]:
        del clip["scores"]["ssim"]
        clip["missing"] = {"ssim": "no face"}


def few_clips(document):
    del document["clips"][3:]


def set_level(document):
    document["summary"]["fid"] = {"mean": 3.0, "ci95": None, "n": 8, "of": 8}
    document["signatures"]["fid"] = document["signatures"]["ssim"]


def lagging(document):
    for k, clip in enumerate(document["clips"]):
        clip["scores"] |= {"pose_div": 0.1 + k / 100, "lag_ms": 3.0}
    for name in ("pose_div", "lag_ms"):
        document["summary"][name] = document["summary"]["ssim"]
        document["signatures"][name] = document["signatures"]["ssim"]
    document["clips"][0]["flags"] = ["timing: 30 % of the frames"]


@pytest.mark.parametrize(
    ("change", "name", "line"),
    [
        (without_ssim, "ssim", "ssim: can't be judged: missing in both runs; first: no face (8 of 8 clips)"),
        (few_clips, "ssim", "ssim: can't be judged: too few clips (n = 3)"),
        (set_level, "fid", "fid: can't be judged: a score of the whole set: not tested"),
        (lagging, "pose_div", "pose_div: can't be judged: timing is flagged in 1 of 8 clips; see their lag"),
        (lagging, "lag_ms", "lag_ms: can't be judged: neither direction is better"),
    ],
)
def test_what_can_not_be_judged_does_not_pass(capsys, runs, change, name, line):
    for path in runs:
        changed(path, change)
    code, _, err = run(capsys, "compare", *runs, "--fail-if-worse", name)
    assert code == 2
    assert line in err


def test_a_loss_counts_more_than_what_can_not_be_judged(capsys, runs):
    for path in runs:
        changed(path, lagging)
    code, _, err = run(
        capsys, "compare", *reversed(runs), "--scores", "ssim,pose_div", "--fail-if-worse", "pose_div,ssim"
    )
    assert (code, err.count("\n")) == (1, 2)


def test_a_gate_agrees_with_the_runs_it_was_made_from(capsys, runs):
    """Noise around no difference passes, whichever run is the new one."""
    rng = np.random.default_rng(2)

    def noisy(document):
        for clip in document["clips"]:
            clip["scores"]["ssim"] = 0.5 + rng.normal(0, 0.01)

    for path in runs:
        changed(path, noisy)
    for order in (runs, runs[::-1]):
        assert run(capsys, "compare", *order, "--fail-if-worse", "ssim")[0] == 0
