"""How scores answer to controlled changes: a panel for each change, a line for each score."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxeval.benchmark.figures import style
from jaxeval.report.figures import GREY

_COLUMNS, _HEIGHT, _LEFT, _GAP, _FOOT, _TITLE, _NAMED = 4, 1.15, 0.45, 0.22, 0.36, 0.2, 8

Curves = Mapping[str, tuple[Sequence[float], Mapping[str, Sequence[float]]]]
"""Change to its levels and, for each score, the responses at them."""


@style.printed
def robustness_curves(curves: Curves, response: str = "response") -> Figure:
    """Draw responses over levels.

    Args:
        curves: what to draw; NaN for a missing response.
        response: what the y axis is.

    Returns:
        A figure two columns wide, or one for a single change. All panels have the same y axis. Of more than 8 scores
        those that respond most, over all changes, are named; the others are thin and gray.

    Raises:
        ValueError: there is no change.
    """
    if not curves:
        raise ValueError("Expected at least one change, got none.")
    named, others = most_responsive(curves)
    looks = {
        name: style.Look(style.PALETTE[k], style.MARKERS[k], style.DASHES[k % len(style.DASHES)])
        for k, name in enumerate(named)
    }
    columns = min(_COLUMNS, len(curves))
    width, rows = style.COLUMN if columns == 1 else style.PAGE, -(-len(curves) // columns)
    tall, ends = _FOOT + _HEIGHT + _TITLE, _ends(curves)
    wide = (width - _LEFT - 0.1 - _GAP * (columns - 1)) / columns
    figure = style.page_of(width, tall * rows + 0.23, looks, lines=True)
    for number, (change, (levels, lines)) in enumerate(curves.items()):
        left, bottom = _LEFT + (wide + _GAP) * (number % columns), tall * (rows - 1 - number // columns) + _FOOT + 0.05
        axes = style.place(figure, left, bottom, wide, _HEIGHT)
        _draw(axes, levels, lines, looks)
        axes.set_ylim(ends)
        axes.set_title(change, weight="bold", pad=3)
        axes.tick_params(labelleft=not number % columns)
    text = f"up: {response}" + (f"; gray: {len(others)} more that respond less" if others else "")
    style.write(figure, 0.08, tall * rows + 0.15, text)
    return figure


def most_responsive(curves: Curves, count: int = _NAMED) -> tuple[list[str], list[str]]:
    """Scores that are named, and those that aren't.

    Args:
        curves: what is drawn.
        count: how many are named.

    Returns:
        Both in the order in which they first occur; a score's response is its greatest span of any change.
    """
    spans: dict[str, float] = {}
    for _, lines in curves.values():
        for name, values in lines.items():
            known = np.asarray(values, float)
            known = known[~np.isnan(known)]
            spans[name] = max(spans.get(name, 0.0), float(np.ptp(known)) if len(known) else 0.0)
    first = set(sorted(spans, key=lambda name: -spans[name])[:count])
    return [name for name in spans if name in first], [name for name in spans if name not in first]


def _ends(curves: Curves) -> tuple[float, float]:
    every = np.array([value for _, lines in curves.values() for values in lines.values() for value in values], float)
    known = every[~np.isnan(every)]
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    room = 0.06 * (high - low) or 0.5
    return low - room, high + room


def _draw(
    axes: Axes, levels: Sequence[float], lines: Mapping[str, Sequence[float]], looks: Mapping[str, style.Look]
) -> None:
    for name, values in lines.items():
        look = looks.get(name)
        if look is None:
            axes.plot(levels, values, color=GREY, linewidth=0.6, alpha=0.6, zorder=1)
        else:
            told: Any = {"color": look.color, "marker": look.marker, "linestyle": look.dashes}
            axes.plot(levels, values, markersize=3.2, linewidth=1.1, zorder=2, **told)
    axes.locator_params(axis="x", nbins=4)
    axes.locator_params(axis="y", nbins=5)
    axes.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.5)
