"""A comparison as table, as JSON and as CSV: the same rows, exact numbers, nothing but the document on the output."""

import csv
import io
import json

import pytest

from jaxeval.cli.main import main
from jaxeval.report.comparison import comparison_csv, comparison_json, comparison_notes
from jaxeval.results.catalogue import catalogue
from jaxeval.results.compare import Difference

SCORES = catalogue({})
LAGS = ((80.0, 10.0), (-20.0, 2.5))
ROWS = [
    Difference(SCORES["ssim"], 0.1, 1 / 3, 1 / 3 - 0.1, (0.2, 0.25), 12, 13, p=1 / 2048, p_holm=3 / 2048),
    Difference(SCORES["pose_div"], 0.1, 0.2, 0.1, (0.05, 0.2), 12, 13, LAGS, 2, 0.5, 0.75),
    Difference(SCORES["l1"], 0.1, 0.2, 0.1, None, 1, 13, p=1.0, p_holm=1.0, reason="too few clips (n = 1)"),
    Difference(
        SCORES["psnr"], None, 31.0, None, None, 0, 13, reason="missing in the first run: no frames (13 of 13 clips)"
    ),
    Difference(SCORES["fps"], 30.0, 25.0, -5.0, None, 0, 0, reason="a score of the whole set: not tested"),
]


def test_json_has_every_field_and_exact_numbers():
    document = json.loads(comparison_json(ROWS, "a", "b"), parse_constant=pytest.fail)
    assert (document["first"], document["second"]) == ("a", "b")
    assert (document["test"]["tests"], document["test"]["correction"]) == (3, "holm")
    ssim, pose, l1, psnr, fps = document["scores"]
    assert (ssim["first"], ssim["second"], ssim["difference"]) == (0.1, 1 / 3, 1 / 3 - 0.1)
    assert (ssim["p"], ssim["p_holm"], ssim["ci95"], ssim["exact"]) == (1 / 2048, 3 / 2048, [0.2, 0.25], True)
    assert (ssim["n"], ssim["of"], ssim["verdict"], ssim["reason"]) == (12, 13, "second", "")
    assert pose["lags"] == {"first": {"mean_ms": 80.0, "std_ms": 10.0}, "second": {"mean_ms": -20.0, "std_ms": 2.5}}
    assert (pose["flagged"], pose["verdict"]) == (2, "see lag")
    assert (l1["verdict"], l1["reason"], l1["ci95"]) == ("", "too few clips (n = 1)", None)
    assert (psnr["first"], psnr["second"], psnr["difference"], psnr["p"]) == (None, 31.0, None, None)
    assert (fps["difference"], fps["of"]) == (-5.0, 0)
    assert {tuple(entry) for entry in document["scores"]} == {tuple(ssim)}


def test_csv_has_the_same_numbers():
    lines = list(csv.DictReader(io.StringIO(comparison_csv(ROWS))))
    for line, row in zip(lines, ROWS, strict=True):
        assert line["name"] == row.score.name
        told = {"first": row.one, "second": row.other, "difference": row.difference, "p": row.p, "p_holm": row.p_holm}
        for name, value in told.items():
            assert line[name] == ("" if value is None else repr(value))
        assert (line["verdict"], line["reason"]) == (row.verdict, row.reason)
    assert (lines[1]["lag_ms_second"], lines[1]["lag_std_ms_second"], lines[0]["lag_ms_first"]) == ("-20.0", "2.5", "")
    assert (lines[0]["ci95_low"], lines[0]["ci95_high"], lines[2]["ci95_low"]) == ("0.2", "0.25", "")


def test_notes_name_the_test_its_sample_and_what_is_missing():
    notes = comparison_notes(ROWS)
    assert notes[0] == "psnr: missing in the first run: no frames (13 of 13 clips)."
    assert "all 2^n sign flips up to 13 clips; Holm-corrected over 3 scores" in notes[-1]
    many = Difference(SCORES["ssim"], 0.1, 0.2, 0.1, (0.0, 0.2), 14, 14, p=0.5, p_holm=0.5)
    assert "beyond that 9,999 random ones (seed 0)" in comparison_notes([many])[-1]


@pytest.fixture
def runs(tmp_path):
    signature = {"short": "x", "long": "metric=x"}
    for name, shift in (("one", 0.0), ("other", 0.1)):
        clips = [
            {
                "id": f"c{k}",
                "status": "ok",
                "scores": {"ssim": 0.5 + k / 100 + shift},
                "missing": {"niqe": "no [red] sky"},
            }
            for k in range(7)
        ]
        names = ("ssim", "niqe")
        document = {
            "schema": 1,
            "clips": clips,
            "summary": {score: {"mean": None, "ci95": None, "n": 0, "of": 7} for score in names},
            "signatures": dict.fromkeys(names, signature),
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    return [str(tmp_path / "one.json"), str(tmp_path / "other.json")]


def compared(capsys, *words):
    with pytest.raises(SystemExit) as stopped:
        main(["compare", *words])
    return stopped.value.code, *capsys.readouterr()


def test_the_command_prints_a_table_a_document_or_lines(runs, capsys):
    code, out, err = compared(capsys, *runs)
    assert (code, err) == (0, "")
    (line,) = [line for line in out.splitlines() if "ssim" in line]
    assert [cell.strip() for cell in line.strip("│ ").split("│")] == [
        *("ssim", "↑", "0.5300", "0.6300", "0.1000", "0.1000 to 0.1000", "0.016", "7 of 7", "", "second")
    ]
    assert "niqe: missing in both runs; first: no [red] sky (7 of 7 clips)" in out
    code, out, err = compared(capsys, *runs, "--json")
    assert (code, err, len(json.loads(out)["scores"])) == (0, "", 2)
    code, out, err = compared(capsys, *runs, "--csv")
    assert (code, err) == (0, "")
    assert [line["name"] for line in csv.DictReader(io.StringIO(out))] == ["ssim", "niqe"]


def test_one_form_at_a_time(runs, capsys):
    code, out, err = compared(capsys, *runs, "--json", "--csv")
    assert (code, out, err.count("\n")) == (2, "", 1)
