"""Demšar's critical-difference diagram: mean ranks on a line, bars joining methods that no test tells apart."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxeval.benchmark.board import Contest
from jaxeval.benchmark.figures import style
from jaxeval.benchmark.plan import Method
from jaxeval.report.figures import INK
from jaxeval.results.score import Score

_ROW, _BAR, _LEAST = 0.155, 0.07, 1.2


@style.printed
def critical_difference_diagram(contest: Contest, methods: Sequence[Method], score: Score) -> Figure:
    """Draw mean ranks, the critical difference and what it can't tell apart.

    Args:
        contest: by the score; methods without a mean rank are left out.
        methods: in the contest's order.
        score: which one.

    Returns:
        A figure one column wide, or two for long names and for more than 8 methods.

    Raises:
        ValueError: no method has a mean rank.

    References:
        Demšar, Statistical comparisons of classifiers over multiple data sets, JMLR 2006, figure 1.
    """
    ranks = contest.agreement.mean_ranks
    order = [int(k) for k in np.argsort(ranks, kind="stable") if not np.isnan(ranks[k])]
    if not order:
        raise ValueError("Expected a method with a mean rank, got none.")
    side = style.widest(f"{methods[k].name}  {ranks[k]:.2f}" for k in order) + 0.3
    width = style.COLUMN if len(order) <= 8 and style.COLUMN - 2 * side >= _LEAST else style.PAGE
    levels = stacked([(ranks[group[0]], ranks[group[-1]]) for group in contest.groups])
    deep = _BAR * (max(levels, default=-1) + 1) + 0.1
    below = deep + _ROW * (-(-len(order) // 2)) + 0.24
    figure = style.page_of(width, below + 0.72, style.looks_of(methods[k].paradigm for k in order))
    axes = style.bare(style.place(figure, side, below, width - 2 * side, 0.01))
    axes.set(xlim=(1, max(2, len(order))), ylim=(0, 0.01))  # up and down in inches
    _ruler(axes, contest.critical, len(order))
    for level, group in zip(levels, contest.groups, strict=True):
        ends = [ranks[group[0]] - 0.04, ranks[group[-1]] + 0.04]
        axes.plot(ends, [-0.06 - _BAR * level] * 2, color=INK, linewidth=2.6, clip_on=False)
    _names(axes, [(methods[k], float(ranks[k])) for k in order], deep)
    style.write(figure, 0.08, below + 0.62, f"mean rank by {style.heading(score)}, 1 the best", weight="bold")
    style.write(figure, 0.08, 0.1, _note(contest))
    return figure


def stacked(spans: Sequence[tuple[float, float]]) -> list[int]:
    """The lowest free level for each bar, so that none overlap.

    Args:
        spans: both ends of each bar.

    Example:
        >>> stacked([(1, 2), (1.5, 3), (2.5, 4)])
        [0, 1, 0]
    """
    ends: list[float] = []
    levels = []
    for first, last in spans:
        level = next((k for k, end in enumerate(ends) if end < first - 0.1), len(ends))
        ends[level:] = [last, *ends[level + 1 :]]
        levels.append(level)
    return levels


def _ruler(axes: Axes, critical: float, count: int) -> None:
    """The line of ranks, and above it the critical difference as far as the line goes."""
    last = max(2, count)
    axes.plot([1, last], [0, 0], color=INK, linewidth=0.8, clip_on=False)
    for rank in range(1, last + 1, 1 if last <= 13 else 2):
        axes.plot([rank] * 2, [0, 0.04], color=INK, linewidth=0.8, clip_on=False)
        axes.text(rank, 0.06, str(rank), ha="center", va="bottom", fontsize=style.SMALL)
    if np.isnan(critical):
        return
    end = min(1 + critical, last)
    axes.plot([1, end], [0.27, 0.27], color=INK, linewidth=1.2, marker="|", markersize=6, clip_on=False)
    text = f"CD {critical:.2f}" + ", beyond the line" * (1 + critical > last)
    axes.text(1, 0.33, text, ha="left", va="bottom", fontsize=style.SMALL)


def _names(axes: Axes, ranked: Sequence[tuple[Method, float]], deep: float) -> None:
    """The better half on the left from the best down, the others on the right from the worst down."""
    half = -(-len(ranked) // 2)
    left, right = axes.get_xlim()
    inch = (right - left) / (axes.get_position().width * float(axes.figure.get_size_inches()[0]))  # type: ignore[union-attr]
    for number, (method, rank) in enumerate(ranked):
        on_left = number < half
        look, y = style.LOOKS[method.paradigm], -deep - _ROW * (number if on_left else len(ranked) - 1 - number)
        end = left - 0.1 * inch if on_left else right + 0.1 * inch
        axes.plot([rank, rank, end], [0, y, y], color=look.color, linewidth=0.7, clip_on=False)
        axes.plot(rank, 0, marker=look.marker, color=look.color, clip_on=False, zorder=3)
        text = f"{method.name}  {rank:.2f}" if on_left else f"{rank:.2f}  {method.name}"
        shift = -0.05 * inch if on_left else 0.05 * inch
        axes.text(end + shift, y, text, ha="right" if on_left else "left", va="center", fontsize=style.SMALL)


def _note(contest: Contest) -> str:
    found = contest.agreement
    if np.isnan(found.p):
        return f"N = {found.blocks}: too few methods or blocks for Friedman's test"
    chance = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"
    return f"Friedman: χ² = {found.statistic:.1f}, {chance}, W = {found.w:.2f}, N = {found.blocks}"
