"""Each dataset's profile of the paradigms: a spoke per score, outside is better."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes

from jaxeval.benchmark.board import Board
from jaxeval.benchmark.figures import numbers, style
from jaxeval.report.figures import GREY
from jaxeval.results.formatting import format_value
from jaxeval.results.score import Score

_RADIUS, _GAP, _TITLE = 0.62, 0.16, 0.22


@style.printed
def radar(board: Board, scores: Sequence[Score]) -> Figure:
    """Draw each dataset's radar, with one line a paradigm.

    Args:
        board: what was found.
        scores: 3 to 9 of the board's with a better end.

    Returns:
        A figure two columns wide, or one for a single dataset. A score runs from the worst mean of any method on any
        dataset in the center to the best one at the rim, both stated below; a paradigm's is the mean of its methods'.

    Raises:
        ValueError: fewer than 3 scores, or one without a better end.
    """
    if len(scores) < 3 or not all(score.better for score in scores):
        raise ValueError(f"Expected 3 or more scores with a better end, got {[score.name for score in scores]}.")
    names = [dataset.name for dataset in board.bench.datasets]
    values = np.stack([numbers.means(board, name, scores) for name in names])
    paradigms = [method.paradigm for method in board.bench.methods]
    found, panel = profiles(values, scores, paradigms), _wide(scores)
    columns = min(len(names), max(1, int(style.PAGE / panel)))
    width = style.COLUMN if columns == 1 and panel <= style.COLUMN else style.PAGE
    ranges = [_range(score, values[:, :, k]) for k, score in enumerate(scores)]
    notes = style.wrapped(["center to rim", *ranges], width)
    rows, bottom, tall = -(-len(names) // columns), style.LINE * len(notes) + 0.12, 2 * (_RADIUS + _GAP) + _TITLE
    figure = style.page_of(width, bottom + tall * rows, style.looks_of(paradigms), lines=True)
    for number, name in enumerate(names):
        center = (number % columns + 0.5) * width / columns
        low = bottom + tall * (rows - 1 - number // columns) + _GAP
        axes = style.place(figure, center - _RADIUS, low, 2 * _RADIUS, 2 * _RADIUS, projection="polar")
        _draw(axes, {paradigm: lines[number] for paradigm, lines in found.items()}, scores)
        style.write(figure, center, low + 2 * _RADIUS + _GAP + 0.1, name, ha="center", weight="bold")
    style.write_lines(figure, notes, bottom - 0.06)
    return figure


def profiles(values: np.ndarray, scores: Sequence[Score], paradigms: Sequence[str]) -> dict[str, np.ndarray]:
    """The mean of each paradigm's methods, scaled.

    Args:
        values: `[K, M, S]` means on K datasets.
        scores: S of them.
        paradigms: of the M methods.

    Returns:
        Paradigm to `[K, S]`, 0 for the worst of all methods and datasets and 1 for the best; NaN where it has none.
    """
    scaled = np.stack([numbers.min_max(values[:, :, k], score.better) for k, score in enumerate(scores)], axis=2)
    found = {}
    for paradigm in style.looks_of(paradigms):
        part = scaled[:, [each == paradigm for each in paradigms]]
        known = ~np.isnan(part)
        count = known.sum(axis=1)
        found[paradigm] = np.where(known, part, 0).sum(axis=1) / np.where(count, count, np.nan)
    return found


def _draw(axes: Axes, lines: Mapping[str, np.ndarray], scores: Sequence[Score]) -> None:
    assert isinstance(axes, PolarAxes)
    angles = np.linspace(0, 2 * np.pi, len(scores), endpoint=False)
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set_ylim(0, 1)
    axes.set_yticks([0.25, 0.5, 0.75], [])
    axes.set_xticks(angles, [])
    axes.grid(color=GREY, alpha=0.35, linewidth=0.5)
    axes.spines["polar"].set(color=GREY, linewidth=0.6)
    for paradigm, line in lines.items():
        look = style.LOOKS[paradigm]
        told: Any = {"color": look.color, "marker": look.marker, "linestyle": look.dashes, "markersize": 3.2}
        axes.plot([*angles, 2 * np.pi], [*line, line[0]], clip_on=False, linewidth=1.1, zorder=3, **told)
    for angle, score in zip(angles, scores, strict=True):
        across, up = np.sin(angle).round(3), np.cos(angle).round(3)
        side, height = (("center", "left", "right")[int(np.sign(n))] for n in (across, -up))
        vertical = {"center": "center", "left": "top", "right": "bottom"}[height]
        axes.text(angle, 1.08, score.name, ha=side, va=vertical, fontsize=style.SMALL)


def _wide(scores: Sequence[Score]) -> float:
    """Inches that a panel takes with its names."""
    across = np.abs(np.sin(np.linspace(0, 2 * np.pi, len(scores), endpoint=False))).round(3)
    reach = [(1.08 * _RADIUS * x, style.text_width(score.name)) for x, score in zip(across, scores, strict=True)]
    return 2 * max(x + (width if x else width / 2) for x, width in reach) + 0.04


def _range(score: Score, values: np.ndarray) -> str:
    """From the center to the rim."""
    known = values[~np.isnan(values)]
    if not len(known):
        return f"{score.label}: no value"
    ends = sorted((float(known.min()), float(known.max())), reverse=score.better == "↓")
    return f"{score.label}: {format_value(score, ends[0])} to {format_value(score, ends[1])}"
