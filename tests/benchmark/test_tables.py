"""The leaderboard as CSV, Markdown and LaTeX, against the board's own numbers."""

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from msgspec.structs import replace as changed

from jaxeval.benchmark.board import ALL
from jaxeval.benchmark.columns import best_alone, headline, places, with_lags
from jaxeval.benchmark.latex import appendix_latex, escape, leaderboard_latex
from jaxeval.benchmark.standings import board
from jaxeval.benchmark.tables import leaderboard_csv, leaderboard_markdown
from jaxeval.results.formatting import format_value

from .synthetic_rows import bench, rows

HOSTILE = r"a_b&c%d#e$f{g}h~i^j\k<l>m|n[o]*p 名é"


@pytest.fixture(scope="module")
def found():
    told = bench(methods=4, datasets=2)
    return board(rows(told, clips=40), told)


@pytest.fixture(scope="module")
def hostile():
    """Names that no benchmark's file may hold, and scores of the user's own, which may be called anything."""
    told = bench(methods=2)
    told = changed(told, methods=[changed(told.methods[0], name=HOSTILE), changed(told.methods[1], name="*[x]")])
    scored = rows(told, clips=4)
    return board(scored.with_columns(scored["score"].replace("psnr", HOSTILE)), told)


def standing(found, method, place, score):
    return found.standings[method, place, score]


def verdicts(found, place, score):
    return [standing(found, method.name, place, score).verdict for method in found.bench.methods]


def with_verdicts(found, told, p=0.001):
    """The board with other verdicts by PSNR on all datasets, and p of every pair."""
    changes = {}
    for method, verdict in zip(found.bench.methods, told, strict=True):
        key = (method.name, ALL, "psnr")
        changes[key] = replace(found.standings[key], verdict=verdict)
    contest = found.contests[ALL, "psnr"]
    contests = found.contests | {(ALL, "psnr"): replace(contest, p=np.full_like(contest.p, p))}
    return replace(found, standings=found.standings | changes, contests=contests)


def test_csv_has_every_standing(found):
    lines = list(csv.DictReader(io.StringIO(leaderboard_csv(found))))
    assert len(lines) == 4 * 3 * len(found.scores)
    assert {line["dataset"] for line in lines} == {"all datasets", "set-0", "set-1"}
    for line in lines:
        place = "" if line["dataset"] == "all datasets" else line["dataset"]
        told = standing(found, line["method"], place, line["score"])
        assert (float(line["mean"]), int(line["n"]), int(line["of"])) == (told.mean, told.n, told.of)
        assert (float(line["low"]), float(line["high"])) == told.interval
        assert line["rank"] == ("" if told.rank is None else str(told.rank))
        assert line["worst_rank"] == ("" if told.worst_rank is None else str(told.worst_rank))
        assert line["verdict"] == told.verdict
        assert line["signature"] == "; ".join(found.signatures[line["score"]])


def test_one_dataset_stands_alone():
    told = bench(methods=2)
    lines = csv.DictReader(io.StringIO(leaderboard_csv(board(rows(told), told))))
    assert {line["dataset"] for line in lines} == {"set-0"}


def test_markdown_is_a_table_of_the_headline_scores(found):
    lines = [line for line in leaderboard_markdown(found).splitlines() if line.startswith("|")]
    columns = headline(found)
    assert {line.count(" | ") for line in lines} == {len(columns) + 1}
    assert len(lines) == 2 + 4
    for line, method in zip(lines[2:], found.bench.methods, strict=True):
        for cell, score in zip(line.strip("| ").split(" | ")[2:], columns, strict=True):
            told = standing(found, method.name, ALL, score.name)
            assert cell.replace("*", "").split(" ")[0] == format_value(score, told.mean)
            assert (f"<sup>{told.n}/{told.of}</sup>" in cell) == (told.n < told.of)
            assert cell.startswith("**") == (best_alone(found, ALL, score.name) == method.name)


def test_hostile_names_stay_one_cell(hostile):
    lines = [line for line in leaderboard_markdown(hostile).splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
    assert r"a\_b\&c" in lines[2]
    assert r"\<l\>m\|n" in lines[2]
    names = {line["score"] for line in csv.DictReader(io.StringIO(leaderboard_csv(hostile)))}
    assert HOSTILE in names


def test_headline_scores_come_by_rank_with_their_lags(found):
    names = [score.name for score in headline(found)]
    assert names == ["lpips", "lpips_div", "lag_ms_lpips", "csim", "psnr", "lip_sync"]


def test_no_aligned_score_stands_without_its_lag(found):
    names = [score.name for score in with_lags(found, ["csim_div", "psnr", "lpips_seq", "lpips_div", "nothing"])]
    assert names == ["csim_div", "lag_ms_csim", "psnr", "lpips_seq", "lpips_div", "lag_ms_lpips"]


@pytest.mark.parametrize(
    ("told", "p", "alone"),
    [
        (["best", "", "", ""], 0.001, 0),
        (["best", "tied", "", ""], 0.001, None),
        (["best", "best", "", ""], 0.001, None),
        (["best", "", "", ""], np.nan, None),
        (["", "", "", ""], 0.001, None),
    ],
)
def test_bold_only_where_significant(found, told, p, alone):
    changed = with_verdicts(found, told, p)
    assert best_alone(changed, ALL, "psnr") == (None if alone is None else f"method-{alone}")
    text = leaderboard_latex(changed, ["psnr"]).split("\n\n")[1]
    assert text.count(r"\textbf{") == (alone is not None)
    several = sum(map(bool, told)) > 1
    assert text.count(r"\underline{") == (sum(map(bool, told)) if several else 0)
    assert leaderboard_markdown(changed).count("**3") == (alone is not None)


def tables(text, kind="tabular"):
    """Column counts and the lines of every table in a LaTeX text."""
    for layout, body in re.findall(rf"\\begin{{{kind}}}{{([lr]+)}}(.*?)\\end{{{kind}}}", text, re.S):
        yield len(layout), [line for line in body.splitlines() if re.search(r"\\\\(\*|\[1pt\])?( \\end\w+)?$", line)]


def columns_of(line):
    if spanned := re.match(r"\\multicolumn{(\d+)}", line):
        return int(spanned[1])
    return len(re.findall(r"(?<!\\)&", line)) + 1


def check(text, kind):
    bare = re.sub(r"\\[{}\\]", "", text)
    assert bare.count("{") == bare.count("}")
    found = list(tables(text, kind))
    assert found
    for count, lines in found:
        assert {columns_of(line) for line in lines if not line.startswith(r"\caption")} == {count}
    return found


def test_latex_has_a_table_for_each_place(found):
    text = leaderboard_latex(found)
    made = check(text, "tabular")
    assert len(made) == len(places(found)) == 3
    assert re.findall(r"\\label{(.*?)}", text) == ["tab:leaderboard-0", "tab:leaderboard-1", "tab:leaderboard-2"]
    for place, (count, lines) in zip(places(found), made, strict=True):
        assert count == len(headline(found)) + 2
        for method in found.bench.methods:
            at = next(k for k, line in enumerate(lines) if line.startswith(f"{method.name} &"))
            assert str(method.year or "--") in lines[at]
            for k, score in enumerate(headline(found)):
                told = standing(found, method.name, place, score.name)
                cells = [line.split(" & ")[2 + k] for line in lines[at : at + 2]]
                assert escape(format_value(score, told.mean)) in cells[0]
                assert (f"{told.n}/{told.of}" in cells[0]) == (told.n < told.of)
                assert escape(format_value(score, told.interval[0])) in cells[1]
    for paradigm in {method.paradigm for method in found.bench.methods}:
        assert text.count(rf"\emph{{{paradigm}}}") == 3
    assert "psnr & " in text
    assert r"dB $\uparrow$" in text


def test_the_appendix_has_every_score(found):
    text = appendix_latex(found)
    check(text, "longtable")
    assert all(escape(score.label) in text for score in found.scores)


def test_special_characters_are_escaped(hostile):
    check(leaderboard_latex(hostile), "tabular")
    check(appendix_latex(hostile), "longtable")
    expected = (
        r"a\_b\&c\%d\#e\$f\{g\}h\textasciitilde{}i\textasciicircum{}j\textbackslash{}k\textless{}l\textgreater{}m"
        r"\textbar{}n{[}o]{*}p \texttt{U+540D}é"
    )
    assert escape(HOSTILE) == expected


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_compiles(found, hostile, tmp_path):
    parts = [leaderboard_latex(found), appendix_latex(found), leaderboard_latex(hostile), appendix_latex(hostile)]
    packages = r"\usepackage{booktabs,graphicx,rotating,longtable,pdflscape}"
    text = "\n".join([r"\documentclass{article}", packages, r"\begin{document}", *parts, r"\end{document}"])
    (tmp_path / "paper.tex").write_text(text, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=60)
    assert done.returncode == 0, done.stdout[-2000:]
