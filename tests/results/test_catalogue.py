"""Scores by name: all that a catalogue says of them, and that nobody else asks their names."""

import ast
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import jaxeval
from jaxeval.errors import JaxevalError
from jaxeval.protocol import ARXIV_2606_01031, JAXEVAL_V1, PROTOCOLS
from jaxeval.results.catalogue import (
    Catalogue,
    catalogue,
    given_metric,
    is_reserved,
    metrics_of,
    own_metric,
    trajectory_metric,
)
from jaxeval.results.definitions import METRICS
from jaxeval.results.document import catalogue_of, document_of
from jaxeval.results.metric import ROLES
from jaxeval.results.score import ALIGNED, aligned_names, score_name
from jaxeval.scoring.plan import function_of
from jaxeval.scoring.trajectory_files import trajectory_scores

V1 = catalogue(JAXEVAL_V1.encoders, JAXEVAL_V1.timing)
WITHOUT_FUNCTION = ("timing", "sync")
"""They have steps of their own in `jaxeval.scoring`: what they are computed of isn't one array a clip."""
EACH = pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS)


def document(*clips, **provenance):
    rows = [{"id": str(k), **clip} for k, clip in enumerate(clips)]
    return document_of({"clips": rows, "summary": {}, "provenance": provenance})


LAGLESS = {"scores": {"a": 1.0, "a_div": 1.0, "b": 1.0, "b_div": 1.0}, "missing": {"lag_ms_a": "-", "lag_ms_b": "-"}}
WHOLE = {"scores": {"b_seq": 0.1, "lag_ms_b": 4.0, "lag_std_ms_b": 1.0, "psnr": 30.0, "b_div": 0.1, "own": 3.0}}


@pytest.mark.parametrize("clips", [(LAGLESS,), (LAGLESS, WHOLE), (WHOLE, LAGLESS)])
def test_each_div_is_followed_by_its_lag(clips):
    known = catalogue_of(document(*clips, trajectories=["b", "a"]))
    names = list(known)
    assert set(names) == {name for clip in clips for kind in clip.values() for name in kind}
    for score in known.values():
        if score.form == "div":
            assert names[names.index(score.name) + 1] == f"lag_ms_{score.metric}"
    if WHOLE in clips:
        assert names[0] == "psnr"
        assert names[-1] == "own"


def test_given_trajectories_are_distances_with_a_definition():
    scores = catalogue_of(document(LAGLESS, trajectories=["a", "b"]))
    assert (scores["a"].better, scores["a_div"].better, scores["lag_ms_a"].unit) == ("↓", "↓", "ms")
    assert all(score.definition for score in scores.values())


def test_known_metrics_come_first():
    clip = {"scores": {"gaze_div": 1.0, "expr_div": 0.1, "lag_ms": 1.0}}
    known = catalogue_of(document(clip, trajectories=["gaze"]))
    assert [(metric.name, bool(metric.role)) for metric in known.aligned] == [("expr", True), ("gaze", False)]


def test_without_a_declaration_a_name_is_never_taken_apart():
    """No trajectory is declared: what looks like a divergence and its lag are two scores that nobody knows."""
    known = catalogue_of(document({"scores": {"gaze_div": 1.0, "lag_ms_gaze": 80.0}}))
    assert {(score.metric, score.form, score.group) for score in known.values()} == {
        ("gaze_div", "value", "other"),
        ("lag_ms_gaze", "value", "other"),
    }
    assert known.aligned == []


@EACH
def test_every_entry_resolves(protocol):
    """Its function is there where it has one, its role is known, and a network of the protocol's or its own fits."""
    known = catalogue(protocol.encoders, protocol.timing)
    for metric in METRICS:
        assert metric.of in ROLES
        assert metric.values
        if metric.per in ("frame", "clip") and not metric.is_mean_cost and metric.name not in WITHOUT_FUNCTION:
            assert function_of(metric).__name__ == metric.name
            assert getattr(jaxeval, metric.name) is function_of(metric)
        if metric.cost and metric.distance:
            assert callable(getattr(jaxeval.distances, metric.distance))
        if metric.encoders:
            assert known.encoder(metric) in metric.encoders
    assert [metric.name for metric in METRICS if metric.is_mean_cost] == ["lpips", "st_lpips", "pose", "expr"]


@EACH
def test_names_are_unique_and_every_score_of_a_run_is_told(protocol):
    known = catalogue(protocol.encoders, protocol.timing)
    entries = [metric.name for metric in METRICS]
    assert len(entries) == len(set(entries)) == len(known.entries)
    names = [name for metric in known.metrics for name in known.scores(metric)]
    assert sorted(names) == sorted(known)
    for metric in metrics_of(protocol):
        assert known.scores(metric), metric.name
        for score in (known[name] for name in known.scores(metric)):
            assert score.name == score_name(metric.name, score.form) or score.form not in ALIGNED or metric.of == "lags"
            assert (score.better in ("↑", "↓")) or score.unit or score.name.endswith("ratio"), score.name
            assert score.definition.endswith(".")
            assert score.decimals >= 0
            assert "{" not in score.name + score.definition
            assert is_reserved(score.name), score.name


def test_two_metrics_of_one_number_have_it_once():
    """A catalogue keeps a score by its name: were a name given twice, one would be lost without a word."""
    for protocol in PROTOCOLS.values():
        counts = [len(Catalogue([metric], protocol.encoders)) for metric in METRICS]
        assert sum(counts) == len(catalogue(protocol.encoders))


def test_forms_of_a_metric():
    assert V1.of("csim", "framewise").name == "csim"
    assert [V1.of("csim", form).name for form in ALIGNED] == list(aligned_names("csim"))
    assert aligned_names("csim") == ("csim_seq", "csim_div", "lag_ms_csim", "lag_std_ms_csim")
    assert (V1.of("timing", "lag").name, V1.of("timing", "lag_std").name) == ("lag_ms", "lag_std_ms")
    assert V1.of("psnr", "div") is None
    assert V1.of("nobody", "lag") is None
    assert [score.is_aligned for score in (V1["csim"], V1["csim_seq"], V1["csim_div"], V1["lag_ms_csim"])] == [
        *(False, True, True, False)
    ]
    assert [metric.name for metric in V1.aligned] == [
        *("lpips", "st_lpips", "csim", "pose", "expr", "sync", "lip_sync")
    ]


def test_a_part_keeps_the_order_and_the_unknown_come_last():
    part = V1.restricted(["beauty", "csim_div", "fid", "psnr", "lag_ms"])
    assert list(part) == ["lag_ms", "psnr", "csim_div", "fid", "beauty"]
    assert (part["beauty"].group, part["beauty"].better, part["beauty"].unit) == ("other", "", "")
    assert part.of("csim", "div") == V1["csim_div"]
    assert part.of("csim", "lag") is None
    assert [metric.name for metric in part.aligned] == ["csim"]
    assert (part.encoders, part.timing) == (V1.encoders, V1.timing)
    assert list(part.restricted(["psnr", "ssim"])) == ["psnr", "ssim"]
    assert part.restricted(["psnr", "ssim"])["ssim"].group == "other", "a part doesn't know what it left out"


def test_the_network_is_the_protocols_where_it_is_of_the_metrics_kind():
    theirs = catalogue(ARXIV_2606_01031.encoders, ARXIV_2606_01031.timing)
    told = {
        name: [known.encoder(known.entries[name]) for known in (V1, theirs)]
        for name in ("st_lpips", "lpips", "csim", "pose", "m_lmd", "sync", "fid", "psnr")
    }
    assert told == {
        "st_lpips": ["st_lpips_alex", "st_lpips_alex"],
        "lpips": ["lpips_alex", "lpips_alex"],
        "csim": ["dlib_resnet", "arcface_r50"],
        "pose": ["face_mesh", "liveportrait_motion"],
        "m_lmd": ["face_mesh", "face_mesh"],
        "sync": ["syncnet", "syncnet"],
        "fid": ["inception_fid", "inception_fid"],
        "psnr": ["", ""],
    }


@EACH
def test_a_lag_is_read_off_its_own_metric_or_the_protocols(protocol):
    known = catalogue(protocol.encoders, protocol.timing)
    assert {known.source(known[name]) for name in ("lag_ms", "lag_std_ms", "lag_drift")} == {protocol.timing}
    assert known.source(known["lag_ms_expr"]) == "expr"


@EACH
def test_a_protocol_scores_what_it_names_the_networks_for(protocol):
    names = {metric.name for metric in metrics_of(protocol)}
    assert set(protocol.aligned) <= names
    assert ("lip_sync" in names) != ("sync" in names)
    assert ("st_lpips" in names) != ("lpips" in names)
    assert {"fid", "fvd"} <= names or not {"fid", "fvd"} & names
    assert not names & {"iqa", "vqa", "fps"}
    without = replace(protocol, encoders={k: v for k, v in protocol.encoders.items() if k != "identity"})
    assert names - {metric.name for metric in metrics_of(without)} == {
        "csim",
        "id_distance",
        "id_stability",
        "fd_identity",
    }


def test_values_and_scores_of_the_users_own():
    told = {"better": "↓", "unit": "px", "definition": "How far the eyes are off."}
    own = [own_metric("eyes", told), own_metric("iqa", {"better": "↑"})]
    extra = [trajectory_metric("gaze"), *own, given_metric("cost"), given_metric("fps")]
    known = catalogue(JAXEVAL_V1.encoders, JAXEVAL_V1.timing, extra)
    eyes = known["eyes"]
    assert (eyes.better, eyes.unit, eyes.definition, eyes.per) == ("↓", "px", "How far the eyes are off.", "user")
    assert known["iqa"] == V1["iqa"]
    assert known["fps"] == V1["fps"]
    assert (known["cost"].group, known["cost"].per) == ("sets", "given")
    names = ["psnr", "gaze", "eyes", "fid", "cost"]
    assert list(known.restricted(names)) == names, "before the scores of the whole set, values after them"
    assert not V1.entries.keys() & {"eyes", "gaze", "cost"}


@pytest.mark.parametrize("name", ["psnr", "timing", "lag_ms", "x_div", "lag_of_mine", "fd_x", "id", "flags", "sync"])
def test_names_that_are_taken(tmp_path, name):
    """By a trajectory too: its divergence would stand under another one's name, or its signature name a network."""
    assert is_reserved(name)
    assert not is_reserved("sharpness")
    np.savez(tmp_path / "a.npz", **{name: np.zeros((3, 2)), "sharpness": np.zeros((3, 2))})
    with pytest.raises(JaxevalError, match=f"found {name}, which is reserved for scores; rename it"):
        trajectory_scores(tmp_path / "a.npz", tmp_path / "a.npz", JAXEVAL_V1, 0.01)


NAMED_HERE = {"results/score.py", "results/catalogue.py", "results/definitions.py"}
PACKAGE = Path(jaxeval.__file__).parent
PIECES = ("_div", "_seq", "lag_ms_", "lag_std_ms_")
# As words to a reader: a column's heading, and columns of `compare --csv` that hold both runs' lags.
WORDS = {("report/table.py", "_div"), ("report/comparison.py", "lag_ms_"), ("report/comparison.py", "lag_std_ms_")}


def literals(path):
    """The texts of a module, without its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def expressions(path):
    """What a template computes, all between its braces; the whole of a script."""
    text = path.read_text("utf-8")
    return [text] if path.suffix == ".js" else re.findall(r"{{.*?}}|{%.*?%}", text, re.S)


def pieces_of_names(text):
    """Where a text holds a piece of a score's name; in a sentence it stands as a word of its own."""
    return [piece for piece in PIECES if re.search(rf"(?<![ (]){piece}", text) or text == piece]


def found_in(paths, texts):
    named = {(path.relative_to(PACKAGE).as_posix(), text) for path in paths for text in texts(path)}
    return {(path, text) for path, text in named if path not in NAMED_HERE and pieces_of_names(text)}


def test_nobody_else_builds_or_takes_apart_a_name():
    python = found_in(PACKAGE.rglob("*.py"), literals)
    assert {(path, text) for path, text in python if "_divergence" not in text} == WORDS
    templates = [path for path in PACKAGE.rglob("templates/*") if path.suffix in (".j2", ".js")]
    assert len(templates) > 5
    assert found_in(templates, expressions) == set()


@pytest.mark.parametrize("text", ["_div", "{}_seq", "lag_ms_{}", "csim_div", "lag_std_ms_", "{m}_div"])
def test_pieces_of_names_are_seen(text):
    assert pieces_of_names(text)
    assert not pieces_of_names(f"do not quote its {PIECES[0]} without its lag (or {PIECES[1]})")
