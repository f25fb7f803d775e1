"""The leaderboard as a forest plot: each method's mean with its interval, the best on top, and over how many clips."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jaxeval.benchmark.board import ALL, Board, Standing
from jaxeval.benchmark.columns import lag_of
from jaxeval.benchmark.figures import style
from jaxeval.benchmark.plan import Method
from jaxeval.report.figures import GREY, INK
from jaxeval.results.formatting import format_value
from jaxeval.results.score import Score

_ROW, _BOTTOM, _LEAST = 0.165, 0.56, 1.3


@style.printed
def forest_plot(board: Board, score: Score, dataset: str = ALL) -> Figure:
    """Draw the leaderboard of one score.

    Args:
        board: what was found.
        score: one of the board's.
        dataset: its name, or `ALL`.

    Returns:
        A figure one column wide, or two if names are long. Methods without a value stand last. An
        aligned score has its mean lag beside it.
    """
    entries = in_order(board, score, dataset)
    names, columns = [_label(method, standing) for method, standing in entries], _columns(board, score, dataset)
    left, right = style.widest(names) + 0.14, sum(style.widest(column) + 0.12 for column in columns) + 0.08
    width = style.COLUMN if style.COLUMN - left - right >= _LEAST else style.PAGE
    looks = style.looks_of(method.paradigm for method, _ in entries)
    figure = style.page_of(width, _BOTTOM + _ROW * len(entries) + 0.2, looks)
    axes = style.place(figure, left, _BOTTOM, width - left - right, _ROW * len(entries))
    _draw(axes, entries, score)
    axes.set_yticks(range(len(entries)), names)
    for label, (_, standing) in zip(axes.get_yticklabels(), entries, strict=True):
        label.set_fontweight("bold" if standing.verdict == "best" else "normal")
    at = width - 0.08
    for column in columns[::-1]:
        for number, text in enumerate(column):
            style.write(figure, at, _BOTTOM + _ROW * (len(entries) - number + 0.5), text, ha="right")
        at -= style.widest(column) + 0.12
    style.write(figure, 0.08, 0.1, _note(board, entries))
    return figure


def _columns(board: Board, score: Score, dataset: str) -> list[list[str]]:
    """What stands on the right, each with its head: over how many clips, and what lag an aligned score forgave."""
    entries, lag = in_order(board, score, dataset), lag_of(board, score)
    columns = [["clips", *(f"{standing.n}/{standing.of}" for _, standing in entries)]]
    if lag:
        found = [board.standings[method.name, dataset, lag.name].mean for method, _ in entries]
        columns = [["lag (ms)", *("–" if each is None else format_value(lag, each) for each in found)], *columns]
    return columns


def in_order(board: Board, score: Score, dataset: str) -> list[tuple[Method, Standing]]:
    """The methods from the best to the worst, those without a value last; by their mean if no end is better."""
    told = [(method, board.standings[method.name, dataset, score.name]) for method in board.bench.methods]
    return sorted(told, key=lambda entry: _place(entry[1]))


def _place(standing: Standing) -> tuple[bool, float, float]:
    return standing.mean is None, standing.rank or 0.0, standing.mean or 0.0


def _label(method: Method, standing: Standing) -> str:
    return f"≈ {method.name}" if standing.verdict == "tied" else method.name


def _note(board: Board, entries: Sequence[tuple[Method, Standing]]) -> str:
    level = f"bars: {board.bench.statistics.level:.0%} interval"
    if not any(standing.verdict for _, standing in entries):
        return level
    tied = any(standing.verdict == "tied" for _, standing in entries)
    return f"{level}; bold: best" + "; ≈ not told from it" * tied


def _draw(axes: Axes, entries: Sequence[tuple[Method, Standing]], score: Score) -> None:
    for number, (method, standing) in enumerate(entries):
        look = style.LOOKS[method.paradigm]
        if number % 2:
            axes.axhspan(number - 0.5, number + 0.5, color=GREY, alpha=0.1, linewidth=0)
        if standing.mean is None:
            axes.text(0.5, number, "no value", transform=axes.get_yaxis_transform(), ha="center", va="center",
                      fontsize=style.SMALL, color=GREY)  # fmt: skip
            continue
        mean, *ends = np.clip([standing.mean, *(standing.interval or ())], -style.LARGEST, style.LARGEST)
        if ends:
            axes.plot(ends, [number] * 2, color=look.color, linewidth=1.6)
        axes.plot(mean, number, marker=look.marker, color=look.color, markersize=4.5)
    axes.set_ylim(len(entries) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(style.heading(score), color=INK)
    if all(standing.mean is None for _, standing in entries):
        axes.set_xticks([])
