"""Two runs side by side: what may be compared, and whether the difference is more than chance."""

import copy
import json

import numpy as np
import pytest

from jaxeval.cli import main
from jaxeval.errors import JaxevalError
from jaxeval.scoring.compare import compare, read_scores
from jaxeval.scoring.protocol import JAXEVAL_V1
from jaxeval.scoring.record import ClipRecord
from jaxeval.scoring.signature import differing, fields_of, signatures_of
from jaxeval.scoring.summary import summarise

WEIGHTS = {name: f"{k:064x}" for k, name in enumerate(dict.fromkeys(JAXEVAL_V1.encoders.values()), 1)}


def document(scores, protocol=JAXEVAL_V1, weights=WEIGHTS, region="face"):
    """What `scores.json` holds of clips a, b, c, …, from name to values."""
    count = len(next(iter(scores.values())))
    rows = [{name: values[k] for name, values in scores.items() if values[k] is not None} for k in range(count)]
    records = [ClipRecord(chr(97 + k), "ok", scores=row) for k, row in enumerate(rows)]
    signatures = signatures_of(scores, protocol, region, weights)
    return {
        "schema": 1,
        "provenance": {"protocol": protocol.as_dict()},
        "clips": [{"id": r.id, "status": "ok", "scores": r.scores, "missing": {}} for r in records],
        "summary": summarise(records),
        "signatures": {name: signature.as_dict() for name, signature in signatures.items()},
    }


def test_differences_are_paired_over_common_clips():
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 1, 60)
    one = document({"ssim": (0.8 + 0.01 * hard).tolist(), "l1": [0.5] * 60})
    better = (0.81 + 0.01 * hard + rng.normal(0, 1e-3, 60)).tolist()
    other = document({"ssim": [None, *better[1:]], "l1": [0.5] * 60})
    found = {row.score.name: row for row in compare(one, other)}
    ssim = found["ssim"]
    assert (ssim.n, ssim.of, ssim.verdict) == (59, 60, "second")
    assert ssim.difference == pytest.approx(0.01, abs=5e-4)
    assert ssim.ci95[0] < 0.01 < ssim.ci95[1]
    # Unpaired, the clips' own spread would hide it.
    assert ssim.ci95[1] - ssim.ci95[0] < 1e-3
    assert (found["l1"].difference, found["l1"].verdict) == (0, "")


@pytest.mark.parametrize(("name", "verdict"), [("ssim", "second"), ("l1", "first"), ("lag_ms", "")])
def test_the_better_end_is_the_scores_own(name, verdict):
    one, other = (document({name: [value, value + 0.01, value + 0.02]}) for value in (0.1, 0.7))
    assert compare(one, other)[0].verdict == verdict


def test_an_aligned_score_stands_beside_its_lag():
    """Lags over the clips that are compared, and no verdict where a clip's timing is at fault."""
    one = document({"pose_div": [0.1, 0.2, 0.3], "lag_ms_pose": [100, 60, 900], "lag_std_ms_pose": [5, 15, 900]})
    other = document({"pose_div": [0.4, 0.5, None], "lag_ms_pose": [-10, -30, 0], "lag_std_ms_pose": [1, 3, 0]})
    (row,) = compare(one, other, ["pose_div"])
    assert row.lags == ((80, 10), (-20, 2))
    assert (row.n, row.flagged, row.verdict) == (2, 0, "first")
    other["clips"][1]["flags"] = ["resized: a", "timing: 30 % of the frames"]
    (row,) = compare(one, other, ["pose_div"])
    assert (row.flagged, row.verdict) == (1, "see lag")
    (row,) = compare(one, other, ["lag_ms_pose"])
    assert (row.lags, row.flagged, row.verdict) == (None, 0, "")


def test_an_unknown_lag_gives_no_verdict_where_timing_is_flagged():
    one, other = document({"pose_div": [0.1, 0.2]}), document({"pose_div": [0.4, 0.5]})
    assert compare(one, other)[0].verdict == "first"
    other["clips"][0]["flags"] = ["frozen: half of it"]
    (row,) = compare(one, other)
    assert (row.lags, row.flagged, row.verdict) == (None, 1, "see lag")


def test_numbers_of_the_whole_set_stand_side_by_side():
    one, other = document({"l1": [0.1, 0.2]}), document({"l1": [0.1, 0.2]})
    for side, value in ((one, 30.0), (other, 25.0)):
        side["summary"]["fps"] = {"mean": value, "ci95": None, "n": 2, "of": 2}
        side["signatures"]["fps"] = one["signatures"]["l1"]
    (row,) = compare(one, other, ["fps"])
    assert (row.one, row.other, row.difference, row.ci95, row.verdict) == (30.0, 25.0, -5.0, None, "")


def test_the_overall_lag_is_its_metrics():
    (signature,) = signatures_of(["lag_ms"], JAXEVAL_V1, "face", WEIGHTS).values()
    assert (signature.encoder, signature.weights) == ("st_lpips_alex", WEIGHTS["st_lpips_alex"])
    assert (signature.crop, signature.gamma) == ("face224", 0.0009)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"region": "frame"}, "crop face224 against frame224"),
        ({"weights": WEIGHTS | {"st_lpips_alex": "f" * 64}}, f"weights {WEIGHTS['st_lpips_alex']} against {'f' * 64}"),
        ({"weights": WEIGHTS | {"st_lpips_alex": WEIGHTS["st_lpips_alex"] + " (unverified)"}}, "(unverified)"),
        ({"weights": WEIGHTS | {"blaze_face": "e" * 64}}, "finders"),
    ],
)
def test_other_signatures_are_refused_with_the_field(changed, field):
    one, other = document({"st_lpips": [0.1, 0.2]}), document({"st_lpips": [0.1, 0.2]}, **changed)
    with pytest.raises(JaxevalError, match="Expected scores of one signature, found st_lpips with") as refused:
        compare(one, other)
    assert field in str(refused.value)
    assert "\n" not in str(refused.value)


def test_other_gamma_or_band_matters_to_aligned_scores_only():
    from dataclasses import replace

    scores = {"st_lpips": [0.1, 0.2], "st_lpips_div": [0.1, 0.2], "lag_ms": [1.0, 2.0]}
    for changed in (
        replace(JAXEVAL_V1, gamma=dict(JAXEVAL_V1.gamma) | {"st_lpips": 0.5}),
        replace(JAXEVAL_V1, band=80.0),
    ):
        one, other = document(scores), document(scores, changed)
        assert compare(one, other, ["st_lpips"])[0].difference == 0
        for name in ("st_lpips_div", "lag_ms"):
            with pytest.raises(JaxevalError, match=f"found {name} with (gamma|band)"):
                compare(one, other, [name])


def test_every_field_of_a_signature_reads_back():
    (signature,) = signatures_of(["csim_div"], JAXEVAL_V1, "face", WEIGHTS).values()
    fields = fields_of(signature.long)
    assert fields["encoder"] == "dlib_resnet"
    assert fields["weights"] == WEIGHTS["dlib_resnet"]
    assert (fields["crop"], fields["gamma"], fields["band"]) == ("chip150", "0.0006", "1000.0")
    assert differing(fields, fields | {"fps": "30"}) == ["fps"]
    assert signature.short.startswith("csim_div|jaxeval-v1|e:dlib_resnet#")


def test_names_that_are_not_there_and_clips_that_do_not_meet(tmp_path):
    one, other = document({"ssim": [0.1, 0.2]}), document({"l1": [0.1, 0.2]})
    with pytest.raises(JaxevalError, match="Expected ssim in both runs, found none in the second run"):
        compare(one, other, ["ssim"])
    moved = copy.deepcopy(one)
    for clip in moved["clips"]:
        clip["id"] += "2"
    with pytest.raises(JaxevalError, match="found none in common"):
        compare(one, moved)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"schema": 2, "clips": [], "summary": {}, "signatures": {}}']
)
def test_files_that_are_no_runs(tmp_path, content):
    (tmp_path / "scores.json").write_text(content)
    with pytest.raises(JaxevalError, match=r"scores\.json: expected ") as refused:
        read_scores(tmp_path)
    assert "\n" not in str(refused.value)


def test_the_command(tmp_path, capsys):
    for name, value in (("one", 0.1), ("other", 0.3)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "scores.json").write_text(json.dumps(document({"l1": [value, value + 0.01]})))
    for arguments, code in (((), 0), (("--scores", "l1"), 0), (("--scores", "ssim"), 2)):
        with pytest.raises(SystemExit) as stopped:
            main(["compare", str(tmp_path / "one"), str(tmp_path / "other" / "scores.json"), *arguments])
        assert stopped.value.code == code
    out, err = capsys.readouterr()
    assert "0.2000" in out
    assert "first" in out
    assert err.count("\n") == 1
