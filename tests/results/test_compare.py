"""Two runs side by side: what may be compared, and whether the difference is more than chance."""

import copy
import json

import numpy as np
import pytest

from jaxeval.cli.main import main
from jaxeval.errors import JaxevalError
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results import compare as comparison
from jaxeval.results.catalogue import catalogue
from jaxeval.results.document import Document, SignatureTexts, document_of, encoded, read_document, row_of
from jaxeval.results.record import ClipRecord
from jaxeval.results.signature import Conditions, differing, fields_of, signatures_of
from jaxeval.results.summary import summarize

WEIGHTS = {name: f"{k:064x}" for k, name in enumerate(dict.fromkeys(JAXEVAL_V1.encoders.values()), 1)}


def document(scores, protocol=JAXEVAL_V1, weights=WEIGHTS, region="face"):
    """What `scores.json` holds of clips a, b, c, …, from name to values, in plain values."""
    count = len(next(iter(scores.values())))
    rows = [{name: values[k] for name, values in scores.items() if values[k] is not None} for k in range(count)]
    records = [ClipRecord(chr(97 + k), "ok", scores=row) for k, row in enumerate(rows)]
    document = Document(
        provenance={"protocol": protocol.as_dict()},
        clips=tuple(map(row_of, records)),
        summary=summarize(records, scores),
        signatures={
            name: SignatureTexts(short=signature.short, long=signature.long)
            for name, signature in signed(scores, protocol, region, weights).items()
        },
    )
    return json.loads(encoded(document))


def signed(names, protocol=JAXEVAL_V1, region="face", weights=WEIGHTS):
    known = catalogue(protocol.encoders, protocol.timing).restricted(names)
    return signatures_of(known, Conditions(protocol, region, weights))


def compare(one, other, only=()):
    """Of plain values, which are easy to change."""
    return comparison.compare(document_of(one), document_of(other), only)


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
    one, other = (document({name: [value + k / 100 for k in range(6)]}) for value in (0.1, 0.7))
    assert compare(one, other)[0].verdict == verdict


def test_an_aligned_score_stands_beside_its_lag():
    """Lags over the clips that are compared, and no verdict where a clip's timing is at fault."""
    lags = {"lag_ms_pose": [100, 60] * 3 + [900], "lag_std_ms_pose": [5, 15] * 3 + [900]}
    one = document({"pose_div": [0.1, 0.2] * 3 + [0.3]} | lags)
    lags = {"lag_ms_pose": [-10, -30] * 3 + [0], "lag_std_ms_pose": [1, 3] * 3 + [0]}
    other = document({"pose_div": [0.4, 0.5] * 3 + [None]} | lags)
    (row,) = compare(one, other, ["pose_div"])
    assert row.lags == ((pytest.approx(80), pytest.approx(10)), (pytest.approx(-20), pytest.approx(2)))
    assert (row.n, row.flagged, row.verdict) == (6, 0, "first")
    other["clips"][1]["flags"] = ["resized: a", "timing: 30 % of the frames"]
    (row,) = compare(one, other, ["pose_div"])
    assert (row.flagged, row.verdict) == (1, "see lag")
    (row,) = compare(one, other, ["lag_ms_pose"])
    assert (row.lags, row.flagged, row.verdict) == (None, 0, "")


def test_an_unknown_lag_gives_no_verdict_where_timing_is_flagged():
    one, other = document({"pose_div": [0.1, 0.2] * 3}), document({"pose_div": [0.4, 0.5] * 3})
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
    (signature,) = signed(["lag_ms"]).values()
    assert (signature.encoder, signature.weights) == ("lpips_alex", WEIGHTS["lpips_alex"])
    assert (signature.crop, signature.gamma) == ("face224", 0.0009)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"region": "frame"}, "crop face224 against frame224"),
        ({"weights": WEIGHTS | {"lpips_alex": "f" * 64}}, f"weights {WEIGHTS['lpips_alex']} against {'f' * 64}"),
        ({"weights": WEIGHTS | {"lpips_alex": WEIGHTS["lpips_alex"] + " (unverified)"}}, "(unverified)"),
        ({"weights": WEIGHTS | {"blaze_face": "e" * 64}}, "finders"),
    ],
)
def test_other_signatures_are_refused_with_the_field(changed, field):
    one, other = document({"lpips": [0.1, 0.2]}), document({"lpips": [0.1, 0.2]}, **changed)
    with pytest.raises(JaxevalError, match="Expected scores of one signature, found lpips with") as refused:
        compare(one, other)
    assert field in str(refused.value)
    assert "\n" not in str(refused.value)


def test_other_gamma_or_band_matters_to_aligned_scores_only():
    from dataclasses import replace

    scores = {"lpips": [0.1, 0.2], "lpips_div": [0.1, 0.2], "lag_ms": [1.0, 2.0]}
    for changed in (
        replace(JAXEVAL_V1, gamma=dict(JAXEVAL_V1.gamma) | {"lpips": 0.5}),
        replace(JAXEVAL_V1, band=80.0),
    ):
        one, other = document(scores), document(scores, changed)
        assert compare(one, other, ["lpips"])[0].difference == 0
        for name in ("lpips_div", "lag_ms"):
            with pytest.raises(JaxevalError, match=f"found {name} with (gamma|band)"):
                compare(one, other, [name])


def test_every_field_of_a_signature_reads_back():
    (signature,) = signed(["csim_div"]).values()
    fields = fields_of(signature.long)
    assert fields["encoder"] == "dlib_resnet"
    assert fields["weights"] == WEIGHTS["dlib_resnet"]
    assert (fields["crop"], fields["gamma"], fields["band"]) == ("chip150", "0.0003", "1000.0")
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
        read_document(tmp_path)
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
    assert "too few clips (n = 2)" in out
    assert "first" in out
    assert err.count("\n") == 1


def test_five_clips_carry_no_verdict_and_six_do():
    """All of n clips better: p = 2 / 2^n, .0625 of five and .03125 of six."""
    for count, verdict, reason in ((5, "", "too few clips (n = 5)"), (6, "second", "")):
        one, other = (document({"ssim": [value + k / 100 for k in range(count)]}) for value in (0.1, 0.7))
        (row,) = compare(one, other)
        assert (row.p, row.p_holm) == (2 / 2**count, 2 / 2**count)
        assert (row.verdict, row.reason) == (verdict, reason)
        assert row.ci95[0] > 0, "the interval alone would call it"


def test_p_is_corrected_for_all_scores_that_are_compared():
    rng = np.random.default_rng(0)
    names = ("ssim", "ms_ssim", "l1", "cpbd", "niqe")
    one = document({name: rng.normal(size=8).tolist() for name in names})
    other = copy.deepcopy(one)
    shifts = {name: rng.normal(0.4 * k, 1, 8) for k, name in enumerate(names)}
    for k, clip in enumerate(other["clips"]):
        for name in names:
            clip["scores"][name] += float(shifts[name][k])
    rows = {row.score.name: row for row in compare(one, other)}
    p = {name: permuted(shifts[name]) for name in names}
    for name in names:
        assert rows[name].p == pytest.approx(p[name])
        # Holm: the largest of what the tests up to this one ask for, each times the tests that are left.
        before = [other_ for other_ in names if p[other_] <= p[name]]
        asked = [p[b] * sum(p[later] >= p[b] for later in names) for b in before]
        assert rows[name].p_holm == pytest.approx(min(1, max(asked)))
    assert compare(one, other, ["niqe"])[0].p_holm == compare(one, other, ["niqe"])[0].p


def permuted(differences):
    signs = np.array(np.meshgrid(*[[1, -1]] * len(differences))).reshape(len(differences), -1)
    return float((np.abs(differences @ signs) >= abs(differences.sum()) * (1 - 1e-12)).mean())


def test_a_run_against_itself():
    one = document({"ssim": [0.1, 0.2, 0.3], "lag_ms": [1.0, 2.0, 3.0]})
    for row in compare(one, one):
        assert (row.difference, row.p, row.p_holm, row.verdict, row.reason) == (0, 1, 1, "", "")


def test_what_a_run_lacks_is_a_row_that_says_so():
    one = document({"l1": [0.1, 0.2], "psnr": [None, None], "niqe": [5.0, None], "csim": [0.9, None]})
    other = document({"l1": [0.1, 0.2], "psnr": [None, None], "jerk": [1.0, 2.0], "csim": [None, 0.9]})
    for side in (one, other):
        for clip in side["clips"]:
            clip["missing"] = {"psnr": "identical frames: 3 of 3"}
    other["clips"][0]["missing"]["csim"] = "no face"
    found = {row.score.name: row for row in compare(one, other)}
    assert set(found) == {"l1", "psnr", "niqe", "csim", "jerk"}
    why = "identical frames: 3 of 3 (2 of 2 clips)"
    assert found["psnr"].reason == f"missing in both runs; first: {why}; second: {why}"
    assert found["niqe"].reason == "missing in the second run: not scored (2 of 2 clips)"
    assert found["jerk"].reason == "missing in the first run: not scored (2 of 2 clips)"
    both = "no clip has it in both runs; first: not scored (1 of 2 clips); second: no face (1 of 2 clips)"
    assert found["csim"].reason == both
    for name in ("psnr", "niqe", "csim", "jerk"):
        assert (found[name].difference, found[name].p, found[name].verdict) == (None, None, "")
    assert (found["niqe"].one, found["niqe"].other) == (5.0, None)
    assert found["l1"].p_holm == 1, "only what is tested counts"


def test_a_number_of_the_set_that_both_lack_is_a_row_too():
    one, other = document({"l1": [0.1, 0.2]}), document({"l1": [0.1, 0.2]})
    for side in (one, other):
        side["summary"]["fid"] = {"mean": None, "ci95": None, "n": 0, "of": 2}
        side["details"] = {"fid": {"reason": "No weights for inception_fid."}}
        side["signatures"]["fid"] = one["signatures"]["l1"]
    row = compare(one, other)[-1]
    told = "missing in both runs; first: No weights for inception_fid.; second: No weights for inception_fid."
    assert (row.score.name, row.reason) == ("fid", told)


def test_nothing_to_compare_is_one_line(tmp_path, capsys):
    for name in ("one", "other"):
        written = document({"psnr": [None, None], "niqe": [None, None]})
        for clip in written["clips"]:
            clip["missing"] = {"psnr": "identical frames: 3 of 3"}
        (tmp_path / f"{name}.json").write_text(json.dumps(written))
    with pytest.raises(SystemExit) as stopped:
        main(["compare", str(tmp_path / "one.json"), str(tmp_path / "other.json")])
    out, err = capsys.readouterr()
    assert (stopped.value.code, out, err.count("\n")) == (2, "", 1)
    assert "Expected psnr in both runs, found none in either: missing in both runs; first: identical frames" in err


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")], ids=str)
def test_numbers_of_others_that_are_not_finite_are_missing(tmp_path, capsys, value):
    """`json` writes and reads NaN and Infinity, which are no JSON."""
    for name in ("one", "other"):
        written = document({"l1": [0.1] * 7, "ssim": [0.5] * 7})
        written["clips"][3]["scores"]["l1"] = value
        written["summary"]["l1"]["mean"] = value
        (tmp_path / f"{name}.json").write_text(json.dumps(written))
    one, other = (read_document(tmp_path / f"{name}.json") for name in ("one", "other"))
    found = {row.score.name: row for row in comparison.compare(one, other)}
    assert (found["l1"].n, found["l1"].of, found["l1"].difference) == (6, 7, 0)
    with pytest.raises(SystemExit) as stopped:
        main(["compare", str(tmp_path / "one.json"), str(tmp_path / "other.json"), "--json"])
    assert stopped.value.code == 0
    json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


@pytest.mark.parametrize("values", [(1.7e308, 1.6e308), (1.7e308, -1.7e308), (-1e308, 1.7e308)])
def test_huge_numbers_are_compared_or_say_why(values, recwarn):
    one, other = (document({"l1": [value] * 7, "ssim": [0.5] * 7}) for value in values)
    row = compare(one, other, ["l1", "ssim"])[0]
    exact = values[1] - values[0]
    if np.isfinite(exact):
        assert row.difference == pytest.approx(exact, rel=1e-12)
        assert row.p == 2 / 2**7
    else:
        assert (row.difference, row.p, row.reason) == (None, None, "the difference exceeds float64's range")
    assert (row.one, row.other) == pytest.approx(values, rel=1e-12)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("part", "entry", "place"),
    [
        ("clips", 5, "$.clips[2]"),
        ("clips", {}, "$.clips[2]"),
        ("clips", {"id": 3}, "$.clips[2].id"),
        ("clips", {"id": "a", "scores": [1]}, "$.clips[2].scores"),
        ("clips", {"id": "a", "scores": {"l1": "0.5 dB"}}, "$.clips[2].scores[...]"),
        ("clips", {"id": "a", "scores": {"l1": None}}, "$.clips[2].scores[...]"),
        ("clips", {"id": "a", "scores": {"l1": [1]}}, "$.clips[2].scores[...]"),
        pytest.param("clips", {"id": "a", "scores": {"l1": 10**400}}, "$.clips[2].scores[...]", id="clips-huge"),
        ("summary", 3, "$.summary[...]"),
        ("summary", {"mean": "0.5 dB"}, "$.summary[...].mean"),
        ("summary", {"mean": [1]}, "$.summary[...].mean"),
    ],
    ids=str,
)
def test_documents_of_another_shape_are_one_line_that_names_the_place(tmp_path, part, entry, place):
    written = document({"l1": [0.1, 0.2]})
    if part == "clips":
        written[part].append(entry)
    else:
        written[part]["x"] = entry
    (tmp_path / "scores.json").write_text(json.dumps(written))
    with pytest.raises(JaxevalError, match=r"scores\.json: expected the scores\.json of a run, found: ") as refused:
        read_document(tmp_path)
    assert f"`{place}`; score the clips again." in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_score_without_its_signature_is_refused_against_one_with():
    one, other = document({"l1": [0.1, 0.2]}), document({"l1": [0.1, 0.2]})
    del other["signatures"]["l1"]
    with pytest.raises(JaxevalError, match="Expected scores of one signature, found l1 with"):
        compare(one, other)
