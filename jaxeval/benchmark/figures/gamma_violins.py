"""How γ changes a score's distribution, method by method."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from jaxeval.benchmark.figures import style
from jaxeval.benchmark.figures.violin import draw_violin
from jaxeval.report.figures import GREY

_COLUMNS, _PANEL, _TITLE, _BOTTOM, _LEFT = 4, 0.95, 0.25, 0.42, 0.55


@style.printed
def gamma_violins(values: Mapping[float, Mapping[str, np.ndarray]], name: str) -> Figure:
    """Draw how a score's distribution depends on γ, a panel for each method.

    Args:
        values: multiple of the protocol's γ to method to its clips' scores, finite.
        name: of the score.

    Returns:
        A figure two columns wide, or one for a single method. All panels have the same y axis; a bar marks the median.

    Raises:
        ValueError: there is no method.
    """
    multiples = sorted(values)
    methods = list(dict.fromkeys(method for each in values.values() for method in each))
    if not methods:
        raise ValueError("Expected at least one method, got none.")
    columns = min(_COLUMNS, len(methods))
    width, rows = style.COLUMN if columns == 1 else style.PAGE, -(-len(methods) // columns)
    figure = style.page_of(width, (_PANEL + _TITLE) * rows + 0.4)
    wide = (width - 0.62 - 0.12 * (columns - 1)) / columns
    ends = _ends(np.concatenate([np.asarray(v, float) for each in values.values() for v in each.values()]))
    for number, method in enumerate(methods):
        left, row = _LEFT + (wide + 0.12) * (number % columns), number // columns
        axes = style.place(figure, left, _BOTTOM + (_PANEL + _TITLE) * (rows - 1 - row), wide, _PANEL)
        for at, multiple in enumerate(multiples):
            draw_violin(axes, np.asarray(values[multiple].get(method, ()), float), at)
        axes.set(xlim=(-0.5, len(multiples) - 0.5), ylim=ends, xticks=range(len(multiples)))
        axes.set_title(method, weight="bold", pad=2, fontsize=style.SMALL)
        axes.set_ylabel(name if not number % columns else "")
        lowest = number + columns >= len(methods)
        axes.set_xticklabels([f"{multiple:g}" for multiple in multiples] if lowest else [])
        axes.tick_params(labelleft=not number % columns)
        axes.grid(axis="y", color=GREY, alpha=0.2, linewidth=0.5)
    style.write(figure, width / 2, 0.12, "γ in multiples of the protocol's", ha="center")
    return figure


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Of the common axis."""
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room
