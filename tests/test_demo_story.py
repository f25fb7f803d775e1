"""`jaxeval demo` tells its story, and its page opens without a complaint."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

import jaxeval
from jaxeval.cli.main import main
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.catalogue import catalogue
from jaxeval.results.definitions import TIMING
from jaxeval.results.score import ALIGNED
from jaxeval.scoring.timing import CODEC_NOISE
from tests.chromium import FLAGS

KNOWN = catalogue(JAXEVAL_V1.encoders, JAXEVAL_V1.timing)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    with pytest.raises(SystemExit) as stopped:
        main(["demo", "--out", str(folder)])
    assert stopped.value.code == 0
    return folder


@pytest.fixture(scope="module")
def scores(out):
    return {clip["id"]: clip["scores"] for clip in json.loads((out / "scores.json").read_text())["clips"]}


@pytest.mark.parametrize("metric", ["lpips", "expr"])
@pytest.mark.parametrize("clip", ["late", "rubato"])
def test_a_timing_fault_vanishes_once_aligned(scores, clip, metric):
    assert scores[clip][f"{metric}_div"] <= 0.2 * scores[clip][metric]


def test_and_comes_back_as_milliseconds(scores):
    assert abs(scores["late"]["lag_ms_lpips"] - 120) <= 20
    assert abs(scores["late"]["lag_ms_expr"] - 120) <= 20
    assert scores["rubato"]["lag_std_ms"] > 20


@pytest.mark.parametrize("clip", ["blurred", "degraded"])
def test_a_fault_of_the_picture_stays(scores, clip):
    assert scores[clip]["lpips_div"] >= 0.9 * scores[clip]["lpips"]
    assert abs(scores[clip]["lag_ms"]) < 1


def test_the_unit_of_the_flag_copy_is_its_noise_floor(out):
    floor = json.loads((out / "scores.json").read_text("utf-8"))["floor"]
    assert floor["summary"]["lpips"]["mean"] == pytest.approx(CODEC_NOISE["lpips"], rel=0.05)
    assert [codes(clip["flags"]) for clip in floor["clips"]] == [["copy"]]


@pytest.fixture(scope="module")
def before():
    return json.loads((Path(__file__).parent / "golden" / "demo_scores.json").read_text("utf-8"))


def same(found, before, name):
    """As tables print them, or to a thousandth: processors round differently."""
    return found == pytest.approx(before, rel=1e-3, abs=0.5 * 10.0 ** -KNOWN[name].decimals)


def codes(flags):
    """Without the words behind them, which may change."""
    return [flag.partition(":")[0] for flag in flags]


REPLACED = ("st_lpips", TIMING.name)
"""Metrics of which the demo has others now: LPIPS, and the clip's timing by it."""

GAMMA = {"st_lpips": 9e-4, "csim": 6e-4, "pose": 3e-4, "expr": 4e-6, "lip_sync": 6e-2}
"""The protocol's γ when the record was made."""


def is_replaced(name):
    return KNOWN[name].metric in REPLACED or KNOWN[name].form in ALIGNED


def test_every_score_is_what_it_was_before_the_catalogue(out, before):
    document = json.loads((out / "scores.json").read_text("utf-8"))
    assert [clip["id"] for clip in document["clips"]] == list(before["clips"])
    compared = 0
    for clip in document["clips"]:
        then = before["clips"][clip["id"]]
        assert (codes(clip["flags"]), clip["missing"], clip["frames"]) == (
            codes(then["flags"]),
            then["missing"],
            then["frames"],
        )
        for name, value in then["scores"].items():
            if not is_replaced(name):
                assert same(clip["scores"][name], value, name), name
                compared += 1
    assert compared == 4 * 16
    for part, then in ((document["summary"], before["summary"]), (document["floor"]["summary"], before["floor"])):
        for name, entry in then.items():
            if is_replaced(name):
                continue
            assert (part[name]["n"], part[name]["of"]) == (entry["n"], entry["of"])
            assert same(part[name]["mean"], entry["mean"], name), name


def test_st_lpips_and_what_depends_on_gamma_are_what_they_were_too(out, before):
    encoders = {**JAXEVAL_V1.encoders, "perceptual": "st_lpips_alex"}
    protocol = replace(JAXEVAL_V1, name="before", encoders=encoders, timing="st_lpips", gamma=GAMMA)
    names = [name for name in before["clips"]["late"]["scores"] if is_replaced(name)]
    assert len(names) == 11 + 3 * 4 + 2
    methods = sorted((out / "methods").iterdir())
    pairs = [jaxeval.Pair(path.stem, path, out / "reference.mp4") for path in methods]
    for clip in jaxeval.score(pairs, scores=names, protocol=protocol).clips:
        then = before["clips"][clip.id]
        assert codes(clip.flags) == codes(then["flags"])
        assert clip.scores.keys() == set(names)
        for name, value in clip.scores.items():
            assert same(value, then["scores"][name], name), name


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
@pytest.mark.parametrize("width", [1400, 400])
def test_the_page_opens_without_a_console_message(out, tmp_path, width):
    picture = tmp_path / "page.png"
    where = [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},1200", f"--screenshot={picture}"]
    page = (out / "report.html").as_uri()
    done = subprocess.run(["chromium", *FLAGS, *where, page], capture_output=True, text=True, timeout=120)
    assert picture.stat().st_size > 10_000
    assert "CONSOLE" not in done.stderr
