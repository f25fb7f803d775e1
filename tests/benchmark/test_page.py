"""The benchmark's page: its content against the board."""

import json
import re

import numpy as np
import polars as pl
import pytest

from jaxeval.benchmark.board import ALL
from jaxeval.benchmark.columns import headline
from jaxeval.benchmark.losses import failures_of, missing_of
from jaxeval.benchmark.shards import Row
from jaxeval.benchmark.standings import board
from jaxeval.results.formatting import format_value

from .pages import BENCH, HOSTILE, Page, hostile_rows, unpacked, written
from .synthetic_rows import KNOWN


def test_the_main_table_stands_without_a_script(built):
    found, _, page = built
    head, *lines = page.tables["board-table"]
    columns = headline(found)
    assert [cell.split()[0] for cell in head[1:]] == [score.label.split()[0] for score in columns]
    means = []
    for line in lines:
        method = re.match(r"method-\d", line[0])[0]
        for cell, score in zip(line[1:], columns, strict=True):
            told = found.standings[method, ALL, score.name]
            value, rest = re.match(r"[★◇]?([+−]?[\d.]+)(.*)", cell.replace(" ", "")).groups()
            text = format_value(score, told.mean)
            assert (value + rest).startswith(text)
            assert (f"{told.n}/{told.of}" in cell) == (told.n < told.of)
            assert ("★" in cell or "◇" in cell) == bool(told.verdict)
        means.append(found.standings[method, ALL, columns[0].name].mean)
    assert means == sorted(means)


def test_board_holds_every_number(built):
    found, _, page = built
    told = json.loads(page.scripts["board"])
    assert told["places"] == ["", "set-0", "set-1"]
    for p, place in enumerate(told["places"]):
        for s, score in enumerate(found.scores):
            for m, method in enumerate(BENCH.methods):
                want = found.standings[method.name, place, score.name]
                interval = want.interval or (None, None)
                numbers = [want.mean, *interval, want.n, want.of, want.rank, want.worst_rank, want.verdict]
                assert told["standings"][p][s]["of"][m] == numbers
    for score in told["scores"]:
        aligned = KNOWN[score["name"]].is_aligned
        assert (score["lag"] is not None) == aligned


def test_every_clip_is_packed(built, page_rows):
    found, _, page = built
    index, names = unpacked(page, "clips"), [method.name for method in BENCH.methods]
    many = len(index["ids"])
    assert many == 16
    at = {(f"set-{d}", id_): k for k, (d, id_) in enumerate(zip(index["datasets"], index["ids"], strict=True))}
    numbers = {score.name: number for number, score in enumerate(found.scores)}
    packs = {name: unpacked(page, f"values-{number}") for name, number in numbers.items()}
    known = {name: sum(value is not None for value in pack["values"]) for name, pack in packs.items()}
    for row in (Row(*each) for each in page_rows.rows()):
        place = names.index(row.method) * many + at[row.dataset, row.id]
        told = packs[row.score] if row.score else {"missing": index["failed"], "values": None}
        assert index["identities"][at[row.dataset, row.id]] == row.identity
        if row.value is None:
            assert not row.score or told["values"][place] is None
            coded = told["missing"]
            assert coded["texts"][coded["which"][coded["places"].index(place)]] == row.reason
        else:
            assert told["values"][place] == pytest.approx(row.value, rel=1e-6)
            assert told["made"]["texts"] == [row.signature]
            known[row.score] -= 1
    assert not any(known.values())


def test_contests_are_packed(built):
    found, _, page = built
    for number, score in enumerate(found.scores):
        if not score.better:
            assert f"contests-{number}" not in page.ids
            continue
        for p, place in enumerate(["", "set-0", "set-1"]):
            contest, told = found.contests[place, score.name], unpacked(page, f"contests-{number}")[str(p)]
            pairs = [(0, 1), (0, 2), (1, 2)]
            for name in ("p", "difference", "needed"):
                want = [getattr(contest, name)[pair] for pair in pairs]
                got = [np.nan if value is None else value for value in told[name]]
                np.testing.assert_allclose(got, want, rtol=1e-3)


def test_reasons_are_counted_by_method(page_rows):
    found = board(page_rows, BENCH)
    failed = failures_of(found, page_rows)
    assert set(failed) == {"decoding failed", "no face in ….mp4"}
    assert np.sum(list(failed.values()), axis=0).tolist() == [
        sum(found.failures[m.name].values()) for m in BENCH.methods
    ]
    (reason, counts), *others = missing_of(found, page_rows).items()
    lost = page_rows.filter((pl.col("score") != "") & pl.col("value").is_null())
    assert not others
    assert reason.startswith("the costs leave it open (")
    each = lost.group_by("method").agg(pl.struct("dataset", "id").n_unique()).sort("method")
    assert counts == each.to_series(1).to_list()


def test_many_reasons_are_cut_short(page_rows):
    found = board(page_rows, BENCH)
    extra = [Row("method-1", "set-0", f"c{n}", "", "", None, f"reason {n:03}", "") for n in range(60)]
    counts = failures_of(found, pl.DataFrame(extra, schema=page_rows.schema, orient="row"))
    assert len(counts) == 41
    assert counts["20 other reasons"] == [0, 20, 0]


def test_worst_clips_come_with_pictures_and_videos(built, page_rows):
    _, path, page = built
    text = path.read_text("utf-8")
    values = page_rows.filter(score="lpips")
    worst = [values.filter(method=m.name).sort("value", nulls_last=False)["value"][-1] for m in BENCH.methods]
    shown = text.split('<section aria-labelledby="worst">')[1].split("</details>")[0]
    assert re.findall(r"lpips <b>([\d.]+)</b>", shown) == [
        format_value(KNOWN["lpips"], value) for value in sorted(worst, reverse=True)
    ]
    assert shown.count('class="strip"') == 2
    assert "no pictures were kept" in shown
    assert "no pictures: OSError: the record has gone" in shown
    addresses = [told["src"] for tag, told in page.tags if tag == "video"]
    assert all(address.startswith(("../outputs/method-", "javascript%3A")) for address in addresses)
    assert all(" " not in address and "#" not in address for address in addresses)
    assert all(told["preload"] == "none" for tag, told in page.tags if tag == "video")


def test_the_page_needs_nothing_from_elsewhere(built):
    _, _, page = built
    kept = [(tag, told) for tag, told in page.tags if tag in ("script", "link", "img")]
    assert all(address.startswith("data:") for _, told in kept if (address := told.get("src") or told.get("href")))
    assert len(page.ids) == len(set(page.ids))
    inner = {told["href"][1:] for tag, told in page.tags if tag == "a" and told.get("href", "").startswith("#")}
    assert inner <= set(page.ids)


def test_a_figure_for_two_columns_of_a_paper_is_wide_here_too(tmp_path, page_rows):
    figures = {"narrow": b'<svg width="245pt"/>', "broad": b'<svg height="9pt" width="504pt"/>', "bare": b"<svg/>"}
    _, path = written(tmp_path, page_rows, figures=figures)
    shown = re.findall(r'<figure( class="wide")?><img [^>]*alt="(\w+)"', path.read_text("utf-8"))
    assert shown == [("", "narrow"), (' class="wide"', "broad"), ("", "bare")]


def test_every_score_has_its_signature_and_its_weights(built):
    found, path, _ = built
    text = path.read_text("utf-8")
    assert all(f"<code>{signature}</code>" in text for told in found.signatures.values() for signature in told)
    definitions = text.split('<section aria-labelledby="definitions">')[1].split("</section>")[0]
    assert definitions.count(f"sha256:{'0123abcd' * 8}") == len(found.scores)
    assert "ff" * 32 not in definitions


def test_two_builds_differ_in_provenance_only(tmp_path, page_rows, built):
    text = built[1].read_text("utf-8")
    _, again = written(tmp_path, page_rows.sample(fraction=1.0, shuffle=True, seed=1))
    assert again.read_text("utf-8") == text
    provenance = {"written": "tomorrow", "weights": {"lpips_alex": "0123abcd" * 8, "unused": "ff" * 32}}
    _, later = written(tmp_path, page_rows, provenance=provenance)
    assert later.read_text("utf-8") != text
    assert later.read_text("utf-8").replace("tomorrow", "today") == text


def test_hostile_names_are_only_text(tmp_path):
    told, page_rows = hostile_rows()
    given = {"title": HOSTILE, "figures": {HOSTILE: b"<svg/>"}, "provenance": {HOSTILE: HOSTILE}}
    _, path = written(tmp_path, page_rows, told, **given)
    page = Page(path.read_text("utf-8"))
    assert not [told for tag, told in page.tags if tag == "img" and told.get("src") == "x"]
    assert HOSTILE in json.loads(page.scripts["board"])["methods"][0]
    assert any(HOSTILE in id_ for id_ in unpacked(page, "clips")["ids"])


@pytest.mark.parametrize("kept", ["failed", "nothing"])
def test_a_benchmark_without_scores_has_a_page(tmp_path, page_rows, kept):
    part = page_rows.filter(score="") if kept == "failed" else page_rows.clear()
    found, path = written(tmp_path, part)
    assert not found.scores
    page = Page(path.read_text("utf-8"))
    assert len(page.tables["board-table"]) == 1 + 3
