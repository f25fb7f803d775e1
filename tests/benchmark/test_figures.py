"""Figures: every hostile case is readable, they say what the board says, and two builds are equal byte for byte."""

import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache

import numpy as np
import polars as pl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from jaxeval.benchmark.board import ALL
from jaxeval.benchmark.figures.critical_difference import critical_difference_diagram
from jaxeval.benchmark.figures.forest import forest_plot
from jaxeval.benchmark.figures.gamma_violins import gamma_violins
from jaxeval.benchmark.figures.heat_map import heat_map
from jaxeval.benchmark.figures.lags import lag_violins
from jaxeval.benchmark.figures.radar import radar
from jaxeval.benchmark.figures.rank_shift import rank_shift, shifts
from jaxeval.benchmark.figures.save import lag_sizes, page_figures, pictures, write_figures
from jaxeval.benchmark.figures.style import COLUMN, PAGE, file_of
from jaxeval.benchmark.figures.trade_off import trade_off
from jaxeval.benchmark.standings import board
from tests.benchmark.boards import KNOWN, synthetic_bench, synthetic_rows

SOME = ("lag_ms", "lpips", "lpips_div", "lag_ms_lpips", "lip_sync", "head_motion", "jerk")
CASES = {
    "usual": {"methods": 8, "datasets": 3},
    "full": {"methods": 25, "datasets": 8, "clips": 2, "scores": tuple(KNOWN)[:60]},
    "long names": {"bench": synthetic_bench(25, 2, long_names=True), "clips": 4, "scores": SOME},
    "few long names": {"bench": synthetic_bench(3, 1, long_names=True), "clips": 4, "scores": SOME},
    "one method": {"methods": 1, "datasets": 1, "clips": 3},
    "one score": {"methods": 4, "datasets": 1, "clips": 3, "scores": ("psnr",)},
    "equal": {"methods": 4, "datasets": 2, "clips": 4, "equal": True},
    "gaps": {"methods": 6, "datasets": 2, "clips": 3, "missing": 0.7},
}
LAG = KNOWN["lag_ms"]


@cache
def case(name):
    rows, bench = synthetic_rows(**CASES[name])
    return board(rows, bench), rows


@cache
def drawn(name):
    """Its figures, of each kind no more than two."""
    kinds = Counter()
    chosen = []
    for picture in pictures(*case(name)):
        kind = picture.name.partition("-")[0]
        kinds[kind] += 1
        chosen += [picture] if kinds[kind] < 3 else []
    return {picture.name: picture.draw() for picture in chosen}


def words(figure):
    """The visible texts of a figure and their boxes in inches."""
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    hidden = {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in _beyond(axis)}
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    texts = [text for text in texts if text not in hidden]
    return texts, np.array([text.get_window_extent(canvas.get_renderer()).extents / figure.dpi for text in texts])


def _beyond(axis):
    """Labels of ticks outside the axis: they exist, but aren't drawn."""
    low, high = sorted(axis.get_view_interval())
    room = 1e-9 * (high - low)
    ticks = (tick for tick in axis.get_major_ticks() if not low - room <= tick.get_loc() <= high + room)
    return [label for tick in ticks for label in (tick.label1, tick.label2)]


def check_readable(figure, told):
    """Texts of 7 pt and more, inside the figure, none on another, on a page's width."""
    width, height = figure.get_size_inches()
    assert width in (COLUMN, PAGE)
    assert height < 10
    texts, boxes = words(figure)
    assert min(text.get_fontsize() for text in texts) >= 7
    for text, box in zip(texts, boxes, strict=True):
        inside = (box[:2] > -0.01).all() and box[2] < width + 0.01 and box[3] < height + 0.01
        assert inside, f"{told}: {text.get_text()!r} at {box} of {width} × {height}"
    low, high = np.maximum(boxes[:, None, :2], boxes[:, :2]), np.minimum(boxes[:, None, 2:], boxes[:, 2:])
    depth = (high - low).min(axis=2) * ~np.eye(len(boxes), dtype=bool)
    a, b = np.unravel_index(depth.argmax(), depth.shape)
    assert depth[a, b] < 0.04, f"{told}: {texts[a].get_text()!r} on {texts[b].get_text()!r}"


@pytest.mark.parametrize("name", CASES)
def test_every_figure_of_a_hostile_board_is_readable(name):
    for label, figure in drawn(name).items():
        check_readable(figure, f"{name}, {label}")


@pytest.mark.parametrize("huge", [1e12, 1.7e308])
@pytest.mark.filterwarnings("error")
def test_one_absurd_method_leaves_every_figure_readable(huge):
    rows, bench = synthetic_rows(3, 1, clips=4, scores=SOME[:5])
    absurd = pl.when(method="Ditto").then(pl.col("value").sign() * huge).otherwise("value")
    rows = rows.with_columns(absurd.alias("value"))
    for picture in pictures(board(rows, bench), rows):
        check_readable(picture.draw(), picture.name)


@pytest.mark.parametrize("count", [1, 2, 5, 25])
def test_violins_of_gamma_are_readable(count):
    rng, bench = np.random.default_rng(0), synthetic_bench(count, 1, long_names=count == 25)
    clips = {0: 0, 1: 1, 2: 300}
    values = {
        multiple: {method.name: rng.normal(size=clips.get(m, 20)) for m, method in enumerate(bench.methods)}
        for multiple in (0.1, 1, 10)
    }
    figure = gamma_violins(values | {3: {bench.methods[0].name: np.zeros(9)}}, "lpips_div")
    check_readable(figure, count)
    told = {text.get_text() for text in words(figure)[0]}
    assert {"0.1", "1", "3", "10", *(method.name for method in bench.methods)} <= told


def test_a_build_repeats_byte_for_byte(tmp_path):
    found, rows = case("one score")
    first = [path.read_bytes() for path in write_figures(tmp_path, found, rows)]
    assert first == [path.read_bytes() for path in write_figures(tmp_path, found, rows)]
    assert len(set(first)) == len(list(tmp_path.iterdir())) == 2 * len(drawn("one score"))


def test_another_process_builds_the_same_bytes(tmp_path):
    """With other hashes, from rows in another order."""
    rows, bench = synthetic_rows(3, 1, clips=4, scores=SOME[:5])
    written = write_figures(tmp_path, board(rows, bench), rows)
    rows.sample(fraction=1, shuffle=True, seed=1).write_parquet(tmp_path / "rows.parquet")
    code = (
        "import sys; from pathlib import Path; from tests.benchmark.boards import *\n"
        "from jaxeval.benchmark.figures.save import write_figures; from jaxeval.benchmark.standings import board\n"
        "folder = Path(sys.argv[1]); (folder / 'again').mkdir(); rows = pl.read_parquet(folder / 'rows.parquet')\n"
        "write_figures(folder / 'again', board(rows, synthetic_bench(3, 1)), rows)"
    )
    seeded = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=seeded, check=True)
    for path in written:
        content = path.read_bytes()
        assert content == (tmp_path / "again" / path.name).read_bytes(), path.name
        assert not re.search(rb"CreationDate|<dc:date>|/ModDate", content)
    names = {path.name for path in written}
    assert {"heat-map.pdf", "lags.svg", "radar.svg", "ranks-lpips.pdf", "leaderboard-lpips_div.pdf"} <= names
    assert {"spearman.pdf", "synchronization-realism.svg", "critical-difference-lip_sync.pdf"} <= names
    assert len(names) == 2 * len(pictures(board(rows, bench), rows))


def test_page_has_every_figure_on_nothing():
    found, rows = case("one score")
    on_page = page_figures(found, rows)
    assert list(on_page) == [picture.caption for picture in pictures(found, rows)]
    for svg, figure in zip(on_page.values(), drawn("one score").values(), strict=True):
        assert b'id="patch_1"' not in svg or b"fill: none" in svg.split(b'id="patch_1"')[1][:300]
        assert b"#ffffff" in file_of(figure, "svg").split(b'id="patch_1"')[1][:300]


def test_captions_and_names_are_unique():
    for name in CASES:
        found = pictures(*case(name))
        assert len({picture.name for picture in found}) == len({picture.caption for picture in found}) == len(found)


@pytest.mark.parametrize("name", ["usual", "gaps", "long names"])
def test_leaderboard_says_what_the_board_says(name):
    found, _ = case(name)
    score = KNOWN["lpips_div"]
    texts, boxes = words(forest_plot(found, score))
    heights = {text.get_text().removeprefix("≈ "): box[1] for text, box in zip(texts, boxes, strict=True)}
    told = [text.get_text() for text in texts]
    standings = {m.name: found.standings[m.name, ALL, score.name] for m in found.bench.methods}
    ranked = sorted((each.rank, -heights[method]) for method, each in standings.items() if each.rank)
    assert [rank for rank, _ in ranked] == [
        rank for _, rank in sorted((-heights[m], each.rank) for m, each in standings.items() if each.rank)
    ]
    for method, each in standings.items():
        assert f"{each.n}/{each.of}" in told
        assert (f"≈ {method}" in told) == (each.verdict == "tied")
        weight = next(text.get_fontweight() for text in texts if text.get_text().removeprefix("≈ ") == method)
        assert (weight == "bold") == (each.verdict == "best")
    assert told.count("no value") == sum(each.mean is None for each in standings.values())
    assert "lag (ms)" in told


def test_heat_map_writes_the_means():
    found, _ = case("usual")
    told = {text.get_text() for text in words(heat_map(found))[0]}
    assert {f"{found.standings[m.name, ALL, 'psnr'].mean:.2f}" for m in found.bench.methods} <= told
    assert {score.label + " " + score.better for score in found.scores if score.better} <= told
    assert not any(text.startswith("lag_ms") for text in told)


def test_critical_difference_diagram_writes_the_mean_ranks():
    found, _ = case("usual")
    contest = found.contests[ALL, "psnr"]
    figure = critical_difference_diagram(contest, found.bench.methods, KNOWN["psnr"])
    told = " ".join(text.get_text() for text in words(figure)[0])
    for method, rank in zip(found.bench.methods, contest.agreement.mean_ranks, strict=True):
        assert f"{method.name}  {rank:.2f}" in told or f"{rank:.2f}  {method.name}" in told
    assert f"CD {contest.critical:.2f}" in told
    assert f"N = {contest.agreement.blocks}" in told


def test_rank_shift_labels_what_moved_with_its_lag():
    found, rows = case("usual")
    lags = lag_sizes(rows, "lag_ms_lpips")
    moves = shifts(found, KNOWN["lpips"], KNOWN["lpips_div"], lags)
    told = {text.get_text() for text in words(rank_shift(moves, KNOWN["lpips"], KNOWN["lpips_div"]))[0]}
    moved = [move for move in moves if move.gained]
    assert moved
    for move in moves:
        sign = "▲" if move.gained > 0 else "▼"
        end = f" {sign}{abs(move.gained):g} ({lags[move.method.name]:.0f} ms)" if move.gained else ""
        assert f"{move.after:g}  {move.method.name}{end}" in told


def test_pareto_members_are_bold():
    bench = synthetic_bench(6, 1)
    values = np.array([[1.0, 5], [2, 4], [3, 1], [3, 2], [0, 9], [np.nan, 0]])
    figure = trade_off(values, bench.methods, KNOWN["lip_sync"], KNOWN["lpips"], "one against the other")
    bold = {text.get_text() for text in words(figure)[0] if text.get_fontweight() == "bold"}
    assert bold == {"one against the other", bench.methods[2].name}
    assert f"no value · {bench.methods[5].name}" in {text.get_text() for text in words(figure)[0]}


@pytest.mark.parametrize("reach", [10.0, 500.0, 3000.0, 1e6, 1e300])
def test_lags_of_any_reach_are_readable(reach):
    methods = synthetic_bench(3, 1).methods
    lags = {methods[0].name: np.linspace(-reach, reach, 99), methods[1].name: np.array([3.0])}
    figure = lag_violins(lags, methods, LAG.label)
    check_readable(figure, reach)
    assert {"99", "1", "none", "no lag"} <= {text.get_text() for text in words(figure)[0]}


def test_what_cannot_be_drawn_is_refused():
    found, _ = case("usual")
    with pytest.raises(ValueError, match="3 or more scores"):
        radar(found, found.scores[:2])
    with pytest.raises(ValueError, match="at least one method"):
        gamma_violins({1.0: {}}, "lpips_div")
