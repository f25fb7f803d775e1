"""Robustness in pictures: how each score answers to rising levels of each change, and how far kinds are apart."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxeval.benchmark.perturbations import Condition, Kind
from jaxeval.benchmark.separation import Cells, Responses, relative, responses
from jaxeval.report.figures import ALIGNED, FRAMEWISE, GREY, INK
from jaxeval.results.score import Score

KINDS: Mapping[Kind, str] = {
    "harmless": "harmless changes of timing",
    "timing fault": "timing faults",
    "quality fault": "quality faults",
}
_COLORS: Mapping[Kind, str] = {"harmless": FRAMEWISE, "timing fault": GREY, "quality fault": ALIGNED}
_MARKERS: Mapping[Kind, str] = {"harmless": "o", "timing fault": "^", "quality fault": "s"}
_LINES: Mapping[str, Mapping[str, Any]] = {
    "framewise": {"color": FRAMEWISE, "marker": "o", "linewidth": 2.6, "markersize": 6},
    "seq": {"color": INK, "marker": "v", "linestyle": ":", "linewidth": 1.4, "markersize": 4},
    "div": {"color": ALIGNED, "marker": "s", "linewidth": 1.4, "markersize": 4},
}
_OTHERS = (FRAMEWISE, "#009e73", "#cc79a7", "#e69f00")  # for the numbers of a metric that isn't aligned
_LINEAR = 0.03  # responses below this share of the mean fault are drawn linearly
_TICKS = (-100, -10, -1, -0.1, 0, 0.1, 1, 10, 100)
_PANEL = (1.75, 1.55)
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.75, 0.1, 0.62, 0.5


def response_curves(scores: Sequence[Score], clips: Sequence[Cells]) -> Figure:
    """Draw the response of a metric's forms against the level of each change, one row of panels for each kind.

    Responses are in units of the mean response to quality faults, so that the forms compare: a line is the mean over
    clips, a point one clip. Harmless changes should stay near 0, quality faults rise.

    Args:
        scores: the forms of one metric.
        clips: their cells.

    Returns:
        The figure; draw it under `jaxeval.report.figures.house_style`.
    """
    found = {score: [relative(responses(cells, score.name)) for cells in clips] for score in scores}
    panels = _panels(c for one in found.values() for responses_ in one for c in responses_)
    rows, columns = max(len(panels), 1), max((len(changes) for changes in panels.values()), default=1)
    width = _LEFT + columns * (_PANEL[0] + 0.12) + _RIGHT
    figure = Figure(figsize=(max(width, 4.6), _TOP + rows * (_PANEL[1] + _BOTTOM)), layout="constrained")
    grid, styles, limits = figure.add_gridspec(rows, columns), _styles(scores), _limits(found.values())
    for row, (kind, changes) in enumerate(panels.items()):
        for column, change in enumerate(changes):
            axes = figure.add_subplot(grid[row, column])
            for score in scores:
                _draw_line(axes, styles[score], _levels(found[score], change))
            _scale(axes, limits, numbered=column == 0)
            axes.set_title(change.replace("_", " "))
            axes.set_xlabel(_unit(found, change))
            axes.set_ylabel("" if column else KINDS[kind].replace(" ", "\n", 1))
    lines = [figure.axes[0].plot([], [], **styles[score], label=score.name)[0] for score in scores] if panels else []
    figure.legend(handles=lines, loc="outside upper left", ncols=len(scores) or 1)
    return figure


def response_strip(scores: Sequence[Score], clips: Sequence[Cells]) -> Figure:
    """Draw every response of every score on one line each, by the kind of change, a point a clip and condition.

    Responses are in units of the score's mean response to quality faults.

    Args:
        scores: in the order of the lines.
        clips: their cells.

    Returns:
        The figure; draw it under `jaxeval.report.figures.house_style`.
    """
    figure = Figure(figsize=(7.4, 1.3 + 0.42 * len(scores)), layout="constrained")
    axes = figure.add_subplot()
    for row, score in enumerate(scores):
        if row and score.metric != scores[row - 1].metric:
            axes.axhline(0.5 - row, color="#cccccc", linewidth=0.8)
        for cells in clips:
            _dots(axes, -row, relative(responses(cells, score.name)))
    for kind, words in KINDS.items():
        axes.plot([], [], _MARKERS[kind], color=_COLORS[kind], label=words)
    axes.set_xscale("symlog", linthresh=_LINEAR)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks([-row for row in range(len(scores))], [score.name for score in scores])
    axes.set_ylim(0.6 - len(scores), 0.6)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.set_xlabel("response / the score's mean response to quality faults")
    figure.legend(loc="outside upper left", ncols=3)
    return figure


def _dots(axes: Axes, row: int, found: Responses) -> None:
    for offset, kind in zip((0.24, 0, -0.24), KINDS, strict=True):
        values = [x for condition, x in found.items() if condition.kind == kind]
        look: dict[str, Any] = {"color": _COLORS[kind], "markersize": 4, "alpha": 0.6, "markeredgewidth": 0}
        axes.plot(values, np.full(len(values), row + offset), _MARKERS[kind], **look)


def _panels(conditions: Iterable[Condition]) -> dict[Kind, list[str]]:
    """Kind to its changes, in the order in which they were made."""
    panels: dict[Kind, list[str]] = {kind: [] for kind in KINDS}
    for condition in dict.fromkeys(conditions):
        if condition.change not in panels[condition.kind]:
            panels[condition.kind].append(condition.change)
    return {kind: changes for kind, changes in panels.items() if changes}


def _unit(found: Mapping[Score, Sequence[Responses]], change: str) -> str:
    return next(c.unit for one in found.values() for values in one for c in values if c.change == change)


def _levels(clips: Sequence[Responses], change: str) -> dict[float, list[float]]:
    """Strength of a change to all responses to it, rising."""
    levels: dict[float, list[float]] = {}
    for found in clips:
        for condition, x in found.items():
            if condition.change == change:
                levels.setdefault(condition.strength, []).append(x)
    return dict(sorted(levels.items()))


def _draw_line(axes: Axes, style: Mapping[str, Any], levels: Mapping[float, Sequence[float]]) -> None:
    faint = {**style, "linestyle": "", "alpha": 0.35, "markersize": 3, "markeredgewidth": 0}
    for strength, values in levels.items():
        axes.plot(np.full(len(values), strength), values, **faint)
    axes.plot([*levels], [np.mean(values) for values in levels.values()], **style)
    strengths = [*levels] if len(levels) <= 4 else [*levels][::2]
    axes.set_xticks(strengths, [f"{strength:g}" for strength in strengths])
    axes.margins(x=0.12)


def _styles(scores: Sequence[Score]) -> dict[Score, Mapping[str, Any]]:
    others = [score for score in scores if score.form not in _LINES]
    look = {"marker": "o", "markersize": 4}
    colors = {score: _OTHERS[k % len(_OTHERS)] for k, score in enumerate(others)}
    return {score: _LINES.get(score.form) or look | {"color": colors[score]} for score in scores}


def _limits(found: Iterable[Sequence[Responses]]) -> tuple[float, float]:
    """Of the response, for all panels: from 0 or below to 1 or above."""
    values = [x for clips in found for one in clips for x in one.values()]
    lowest, highest = min(values, default=0.0), max(values, default=1.0)
    return min(-_LINEAR, 1.5 * lowest), max(3.0, 1.5 * highest)


def _scale(axes: Axes, limits: tuple[float, float], *, numbered: bool) -> None:
    axes.axhline(0, color=GREY, linewidth=0.8, zorder=0)
    axes.axhline(1, color=GREY, linewidth=0.6, linestyle=(0, (2, 3)), zorder=0)
    axes.set_yscale("symlog", linthresh=_LINEAR)
    axes.set_ylim(*limits)
    ticks = [tick for tick in _TICKS if limits[0] <= tick <= limits[1]]
    axes.set_yticks(ticks, [f"{tick:g}" if numbered else "" for tick in ticks])
    axes.set_yticks([], minor=True)
