"""All methods by all scores at a glance: each score scaled from its worst method to its best."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxeval.benchmark.board import ALL, Board
from jaxeval.benchmark.figures import numbers, style
from jaxeval.benchmark.figures.tiles import PALE_TO_BLUE, draw_tiles, scale
from jaxeval.benchmark.plan import Method
from jaxeval.results.formatting import format_value
from jaxeval.results.score import Score

_WIDEST_TILE, _BOTTOM, _ROOMY = 0.5, 0.42, 48


@style.printed
def heat_map(board: Board, dataset: str = ALL) -> Figure:
    """Draw methods × scores.

    Args:
        board: what was found.
        dataset: its name, or `ALL`.

    Returns:
        A figure one column wide if it fits, or two. Scores with a better end are its rows; methods are its columns,
        from the one that is the best on average. A tile is the darker the better; a hatched one has no value.

    Raises:
        ValueError: no score has a better end.
    """
    scores = [score for score in board.scores if score.better]
    if not scores:
        raise ValueError("Expected a score with a better end, got none.")
    values = numbers.means(board, dataset, scores)
    shades = np.stack([numbers.min_max(values[:, k], score.better) for k, score in enumerate(scores)])
    order = best_first(shades)
    methods = [board.bench.methods[k] for k in order]
    texts = np.array([[_text(score, values[m, k]) for m in order] for k, score in enumerate(scores)])
    names = [f"{score.label} {score.better}" for score in scores]
    left, wanted = style.widest(names) + 0.14, style.widest(texts.ravel()) + 0.06
    width = style.COLUMN if left + len(methods) * wanted <= style.COLUMN - 0.08 else style.PAGE
    tile = min(_WIDEST_TILE, (width - left - 0.08) / len(methods))
    row = 0.15 if len(scores) <= _ROOMY else 0.122
    figure = _sheet(width, row, methods, scores)
    axes = style.bare(style.place(figure, left, _BOTTOM, tile * len(methods), row * len(scores)))
    draw_tiles(axes, shades[:, order], PALE_TO_BLUE, texts if tile >= wanted else None)
    axes.set_yticks(np.arange(len(scores)) + 0.5, names)
    axes.tick_params(length=0)
    _heads(axes, methods, row)
    return figure


def best_first(shades: np.ndarray) -> list[int]:
    """Methods by their mean over the scores that they have, those without any last.

    Args:
        shades: `[S, M]` 1 for the best; NaN where there is none.

    Example:
        >>> best_first(np.array([[0.0, np.nan, 1.0], [0.2, np.nan, np.nan]]))
        [2, 0, 1]
    """
    known = ~np.isnan(shades)
    mean = np.where(known, shades, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return [int(k) for k in np.lexsort((-mean, ~known.any(axis=0)))]


def _text(score: Score, value: float) -> str:
    return "" if np.isnan(value) else format_value(score, value)


def _sheet(width: float, row: float, methods: Sequence[Method], scores: Sequence[Score]) -> Figure:
    """The page with the keys of paradigms and colors."""
    names = style.widest(method.name for method in methods) + 0.3
    looks = style.looks_of(method.paradigm for method in methods)
    figure = style.page_of(width, _BOTTOM + row * len(scores) + names, looks)
    scale(style.bare(style.place(figure, 0.1, 0.2, 1.5, 0.11)), PALE_TO_BLUE, ("worst", "best of the row"))
    style.write(figure, 1.75, 0.25, "hatched: no value")
    return figure


def _heads(axes: Axes, methods: Sequence[Method], row: float) -> None:
    """The methods' names upright over their columns, each over its paradigm's marker."""
    for number, method in enumerate(methods):
        look, at = style.LOOKS[method.paradigm], number + 0.5
        axes.plot(at, -0.09 / row, marker=look.marker, color=look.color, clip_on=False)
        told: Any = {"ha": "center", "va": "bottom", "rotation": 90, "fontsize": style.SMALL}
        axes.text(at, -0.19 / row, method.name, **told)
