"""What alignment does to the order: ranks by the frame-wise score on the left, by the divergence on the right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import rankdata

from jaxeval.benchmark.board import ALL, Board
from jaxeval.benchmark.figures import style
from jaxeval.benchmark.plan import Method
from jaxeval.report.figures import GREY, INK
from jaxeval.results.score import Score

_ROW, _LEAST = 0.16, 0.9


@dataclass(frozen=True)
class Shift:
    """One method's two ranks.

    Attributes:
        method: which one.
        before: its frame-wise rank, 1 for the best; None without either score.
        after: its rank by what alignment leaves; likewise.
        lag: what the alignment forgave, in ms; NaN if it isn't known.
    """

    method: Method
    before: float | None
    after: float | None
    lag: float

    @property
    def gained(self) -> float:
        """Ranks won by alignment; 0 if either rank is missing."""
        return 0.0 if self.before is None or self.after is None else self.before - self.after


def shifts(
    board: Board, framewise: Score, aligned: Score, lags: Mapping[str, float], dataset: str = ALL
) -> list[Shift]:
    """Both ranks of each method.

    Args:
        board: what was found.
        framewise: a metric's frame-wise score.
        aligned: the same metric's divergence.
        lags: method to the mean size of its clips' lags by that metric, in ms.
        dataset: its name, or `ALL`.

    Returns:
        In the benchmark's order; ranks are those among the methods that have both scores.
    """
    methods = board.bench.methods
    told = [[board.standings[m.name, dataset, score.name].rank for score in (framewise, aligned)] for m in methods]
    ranks = np.array(told, float)
    ranks[np.isnan(ranks).any(axis=1)] = np.nan
    found = [[None if np.isnan(r) else float(r) for r in row] for row in rankdata(ranks, axis=0, nan_policy="omit")]
    return [Shift(m, a, b, lags.get(m.name, np.nan)) for m, (a, b) in zip(methods, found, strict=True)]


@style.printed
def rank_shift(moves: Sequence[Shift], framewise: Score, aligned: Score) -> Figure:
    """Draw how alignment changes the order of methods.

    Args:
        moves: of each method.
        framewise: the score on the left.
        aligned: the score on the right.

    Returns:
        A figure one column wide if names are short, or two. What moved is colored and bold, with the ranks that it won
        (▲) or lost (▼) and the mean size of the lag that alignment forgave.
    """
    before, after = orders(moves)
    heads = ("frame-wise", style.heading(framewise)), ("aligned (mean |lag|)", style.heading(aligned))
    left = style.widest([*map(_left, moves), *heads[0]]) + 0.2
    right = style.widest([*map(_right, moves), *heads[1]]) + 0.2
    width = style.COLUMN if style.COLUMN - left - right >= _LEAST else style.PAGE
    looks = style.looks_of(move.method.paradigm for move in moves)
    figure = style.page_of(width, 0.52 + _ROW * len(moves), looks, lines=True)
    axes = style.bare(style.place(figure, left, 0.1, width - left - right, _ROW * len(moves)))
    axes.set(xlim=(0, 1), ylim=(len(moves) - 0.5, -0.5))
    for move, y, z in zip(moves, before, after, strict=True):
        _draw(axes, move, y, z)
    for at, side, lines in zip((left, width - right), ("right", "left"), heads, strict=True):
        for number, line in enumerate(lines):
            height = 0.33 + _ROW * len(moves) - 0.13 * number
            style.write(figure, at, height, line, ha=side, weight="bold" if number else "normal")
    return figure


def orders(moves: Sequence[Shift]) -> tuple[list[int], list[int]]:
    """The line of each method on either side, 0 on top.

    Args:
        moves: of each method.

    Returns:
        Two permutations; methods of equal rank stand as on the other side, those without one last.
    """
    last = float(len(moves) + 1)
    keys = [(move.before or last, move.after or last, number) for number, move in enumerate(moves)]
    before = sorted(range(len(moves)), key=lambda k: keys[k])
    after = sorted(range(len(moves)), key=lambda k: (keys[k][1], keys[k][0], k))
    return [before.index(k) for k in range(len(moves))], [after.index(k) for k in range(len(moves))]


def _rank(rank: float | None) -> str:
    return "–" if rank is None else f"{rank:g}"


def _left(move: Shift) -> str:
    return f"{move.method.name}  {_rank(move.before)}"


def _right(move: Shift) -> str:
    text = f"{_rank(move.after)}  {move.method.name}"
    if not move.gained:
        return text
    lag = "" if np.isnan(move.lag) else f" ({move.lag:.0f} ms)"
    return f"{text} {'▲' if move.gained > 0 else '▼'}{abs(move.gained):g}{lag}"


def _draw(axes: Axes, move: Shift, before: float, after: float) -> None:
    look, moved = style.LOOKS[move.method.paradigm], move.gained != 0
    color = look.color if moved else GREY
    if move.before is not None and move.after is not None:
        told: Any = {"linewidth": 1.5, "linestyle": look.dashes} if moved else {"linewidth": 0.7}
        axes.plot([0, 1], [before, after], color=color, zorder=3 if moved else 2, clip_on=False, **told)
    for x, y, rank in ((0, before, move.before), (1, after, move.after)):
        if rank is not None:
            axes.plot(x, y, marker=look.marker, color=color, clip_on=False, zorder=4)
    weight = "bold" if moved else "normal"
    for x, y, side, text in ((0, before, "right", _left(move)), (1, after, "left", _right(move))):
        words: Any = {"ha": side, "va": "center", "fontsize": style.SMALL, "weight": weight, "color": INK}
        axes.annotate(text, (x, y), xytext=(12 * x - 6, 0), textcoords="offset points", **words)
