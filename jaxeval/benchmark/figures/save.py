"""Which figures a benchmark gets, under which names, and their files for print and for the page."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from jaxeval.benchmark.board import ALL, Board
from jaxeval.benchmark.figures.critical_difference import critical_difference_diagram
from jaxeval.benchmark.figures.forest import forest_plot
from jaxeval.benchmark.figures.gamma_violins import gamma_violins
from jaxeval.benchmark.figures.heat_map import heat_map
from jaxeval.benchmark.figures.lags import lag_violins
from jaxeval.benchmark.figures.numbers import framewise_of, leading, means
from jaxeval.benchmark.figures.radar import radar
from jaxeval.benchmark.figures.rank_shift import rank_shift, shifts
from jaxeval.benchmark.figures.spearman import spearman_matrix
from jaxeval.benchmark.figures.style import file_of
from jaxeval.benchmark.figures.trade_off import trade_off
from jaxeval.files import atomic_file

_LEADING = 8

# Of each the first that the board has. Head motion stands for expressiveness: it is a size, in degrees, that every clip
# has, while a clip of some seconds holds few blinks or none. Neither end of it is better in itself.
_TRADES: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "synchronization-realism": (
        "synchronization against realism",
        ("sync_c", "lip_sync", "sync_d"),
        ("fid", "lpips", "st_lpips", "ms_ssim", "ssim", "l1", "psnr"),
    ),
    "expressiveness-stability": (
        "expressiveness against stability",
        ("head_motion", "blink_rate"),
        ("jerk", "tlpips", "smooth", "id_stability"),
    ),
}


@dataclass(frozen=True)
class Picture:
    """One figure.

    Attributes:
        name: of its files, without their endings.
        caption: one line; no two are equal.
        draw: gives the figure.
    """

    name: str
    caption: str
    draw: Callable[[], Figure]


def pictures(board: Board, rows: pl.DataFrame, swept: pl.DataFrame | None = None) -> list[Picture]:
    """The figures that a benchmark has the numbers for.

    Args:
        board: what was found.
        rows: what it was found from, with the columns of a `jaxeval.benchmark.shards.Row`.
        swept: rows at several multiples of γ; None if there is one γ only.

    Returns:
        The leaderboards first.
    """
    of_timing = [*_rank_shifts(board, rows), *_trades(board), *_lags(board, rows)]
    by_gamma = [] if swept is None else _by_gamma(board, swept)
    return [*_by_score(board), *_overviews(board), *of_timing, *by_gamma]


def write_figures(folder: Path, board: Board, rows: pl.DataFrame, swept: pl.DataFrame | None = None) -> list[Path]:
    """Write each figure for print, as NAME.pdf and NAME.svg on white. Two builds are equal byte for byte.

    Args:
        folder: where to; it exists.
        board: what was found.
        rows: what it was found from.
        swept: see `pictures`.

    Returns:
        The files.

    Raises:
        JaxevalError: a file can't be written.
    """
    written = []
    for picture in pictures(board, rows, swept):
        figure = picture.draw()
        for kind in ("pdf", "svg"):
            written.append(folder / f"{picture.name}.{kind}")
            with atomic_file(written[-1]) as file:
                file.write(file_of(figure, kind))
    return written


def page_figures(board: Board, rows: pl.DataFrame, swept: pl.DataFrame | None = None) -> dict[str, bytes]:
    """Each figure for the page: dark on nothing, so that the page's own filter turns it over in dark mode.

    Args:
        board: what was found.
        rows: what it was found from.
        swept: see `pictures`.

    Returns:
        Caption to SVG file.
    """
    return {each.caption: file_of(each.draw(), "svg", transparent=True) for each in pictures(board, rows, swept)}


def _by_score(board: Board) -> Iterator[Picture]:
    scores, methods = leading(board, _LEADING), board.bench.methods
    for score in dict.fromkeys((*scores, *framewise_of(board, scores))):
        caption = f"{score.label}: means over {_where(board)} with their intervals"
        yield Picture(f"leaderboard-{_slug(score.name)}", caption, partial(forest_plot, board, score))
    for score in scores:
        contest = board.contests.get((ALL, score.name))
        if contest and not np.isnan(contest.agreement.mean_ranks).all():
            draw = partial(critical_difference_diagram, contest, methods, score)
            caption = f"{score.label}: mean ranks, and by how much they must differ"
            yield Picture(f"critical-difference-{_slug(score.name)}", caption, draw)


def _overviews(board: Board) -> Iterator[Picture]:
    spokes = leading(board, _LEADING)
    if spokes:
        caption = f"All scores over {_where(board)}, each from its worst method to its best"
        yield Picture("heat-map", caption, partial(heat_map, board))
    if len(spokes) > 2:
        yield Picture("radar", "The paradigms on each dataset; outside is better", partial(radar, board, spokes))
    if len(board.scores) > 1:
        caption = "Spearman's rank correlation between scores, over the methods' means on each dataset"
        yield Picture("spearman", caption, partial(spearman_matrix, board.spearman, board.scores))


def _rank_shifts(board: Board, rows: pl.DataFrame) -> Iterator[Picture]:
    forms = {(score.metric, score.form): score for score in board.scores if score.better}
    for (metric, form), framewise in forms.items():
        aligned = forms.get((metric, "div"))
        if form != "framewise" or not aligned:
            continue
        lag = next((score for score in board.scores if (score.metric, score.form) == (metric, "lag")), None)
        moves = shifts(board, framewise, aligned, lag_sizes(rows, lag.name) if lag else {})
        caption = f"{framewise.label}: how alignment changes the ranks, and the lag that it forgives"
        yield Picture(f"ranks-{_slug(metric)}", caption, partial(rank_shift, moves, framewise, aligned))


def _trades(board: Board) -> Iterator[Picture]:
    known = {score.name: score for score in board.scores}
    for name, (title, across, up) in _TRADES.items():
        x, y = (next((known[each] for each in names if each in known), None) for names in (across, up))
        if x and y:
            draw = partial(trade_off, means(board, ALL, [x, y]), board.bench.methods, x, y, title)
            yield Picture(name, f"{title[0].upper()}{title[1:]}: {x.label} and {y.label}", draw)


def _lags(board: Board, rows: pl.DataFrame) -> Iterator[Picture]:
    lag = next((score for score in board.scores if score.form == "lag"), None)
    if lag:
        found = _finite(rows, lag.name).group_by("method").agg("value")
        lags = {method: np.sort(np.array(values)) for method, values in found.iter_rows()}
        caption = f"{lag.label}: the lags of each method's clips"
        yield Picture("lags", caption, partial(lag_violins, lags, board.bench.methods, lag.label))


def _by_gamma(board: Board, swept: pl.DataFrame) -> Iterator[Picture]:
    known = {score.name: score for score in board.scores}
    for score in (known[name] for name in known if name in set(swept.filter(pl.col("multiple") != 1)["score"])):
        values: dict[float, dict[str, np.ndarray]] = {}
        found = _finite(swept, score.name).sort("multiple").group_by("multiple", "method", maintain_order=True)
        for multiple, method, own in found.agg("value").iter_rows():
            values.setdefault(multiple, {})[method] = np.sort(np.array(own))
        caption = f"{score.label}: what hangs on the choice of γ"
        yield Picture(f"gamma-{_slug(score.name)}", caption, partial(gamma_violins, values, score.label))


def lag_sizes(rows: pl.DataFrame, name: str) -> dict[str, float]:
    """The mean size of each method's lags, every dataset of equal weight.

    Args:
        rows: with the columns of a `jaxeval.benchmark.shards.Row`.
        name: of the lag's score.

    Returns:
        Method to ms.
    """
    sizes = _finite(rows, name).with_columns(pl.col("value").abs()).sort("dataset", "id")
    by_dataset = sizes.group_by("method", "dataset", maintain_order=True).agg(pl.col("value").mean())
    return dict(by_dataset.group_by("method", maintain_order=True).agg(pl.col("value").mean()).iter_rows())


def _finite(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.filter((pl.col("score") == name) & pl.col("value").is_finite())


def _where(board: Board) -> str:
    count = len(board.bench.datasets)
    return f"{count} datasets of equal weight" if count > 1 else board.bench.datasets[0].name


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)
