import pytest

from jaxeval.results.flags import time_flags
from jaxeval.results.given import floor_of, floor_words, metrics_in, shown_scores


def document(*clips):
    return {"clips": [{"id": str(k), **clip} for k, clip in enumerate(clips)], "summary": {}}


LAGLESS = {"scores": {"a": 1.0, "a_div": 1.0, "b": 1.0, "b_div": 1.0}, "missing": {"lag_ms_a": "-", "lag_ms_b": "-"}}
WHOLE = {"scores": {"b_seq": 0.1, "lag_ms_b": 4.0, "lag_std_ms_b": 1.0, "psnr": 30.0, "b_div": 0.1, "own": 3.0}}


@pytest.mark.parametrize("clips", [(LAGLESS,), (LAGLESS, WHOLE), (WHOLE, LAGLESS)])
def test_each_div_is_followed_by_its_lag(clips):
    names = [score.name for score in shown_scores(document(*clips))]
    assert len(names) == len(set(names))
    assert set(names) == {name for clip in clips for kind in clip.values() for name in kind}
    for name in names:
        if name.endswith("_div"):
            assert names[names.index(name) + 1] == f"lag_ms_{name.removesuffix('_div')}"
    if WHOLE in clips:
        assert names[0] == "psnr"
        assert names[-1] == "own"


def test_given_trajectories_are_distances_with_a_definition():
    scores = {score.name: score for score in shown_scores(document(LAGLESS))}
    assert (scores["a"].better, scores["a_div"].better, scores["lag_ms_a"].unit) == ("↓", "↓", "ms")
    assert all(scores[name].definition for name in scores)


def test_known_metrics_come_first():
    clip = {"scores": {"gaze_div": 1.0, "expr_div": 0.1, "lag_ms": 1.0}}
    assert [(m.name, bool(m.role)) for m in metrics_in(document(clip))] == [("expr", True), ("gaze", False)]


def test_flags_of_time_alone_warn_of_a_div():
    codes = ("timing", "frozen", "looped", "reversed", "static", "copy", "misregistered", "colour", "timings")
    flags = [f"{code}: words: more" for code in codes]
    assert time_flags({"flags": flags}) == flags[:5]
    assert time_flags({}) == []


def test_the_noise_floor_in_words():
    rows = [{"id": f"floor/{name}", "status": "ok", "reason": None} for name in "ab"]
    broken = {"id": "floor/c", "status": "failed", "reason": "no disk"}
    summary = {"l1": {"mean": 0.01}, "psnr": {"mean": None}}
    document = {"floor": {"crf": 18, "clips": [*rows, broken], "summary": summary}}
    assert floor_of(document) == {"l1": 0.01}
    told, failed = floor_words(document)
    assert "2 references against themselves, coded again at CRF 18" in told
    assert failed == "Noise floor: floor/c failed: no disk"
    assert floor_words({}) == []
    assert floor_of({"floor": {"crf": 18, "clips": [], "summary": {}}}) == {}
