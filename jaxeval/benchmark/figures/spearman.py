"""Which scores say the same: Spearman's rank correlations between all of them, as one half of a table."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxeval.benchmark.figures import style
from jaxeval.benchmark.figures.tiles import RED_TO_BLUE, draw_tiles, ink_on, scale
from jaxeval.results.score import Score

_ROW, _BOTTOM, _TEXT_FITS = 0.16, 0.42, 0.24


@style.printed
def spearman_matrix(correlations: np.ndarray, scores: Sequence[Score]) -> Figure:
    """Draw rank correlations between scores.

    Args:
        correlations: `[S, S]` in [−1, 1], symmetric; NaN where there is none.
        scores: S of them.

    Returns:
        A figure one column wide if it fits, or two: the lower half of the table in the scores' order. A score's name
        stands at the end of its row, which is the head of its column. A bar marks a negative number that doesn't fit.
    """
    count, names = len(scores), style.widest(score.label for score in scores) + 0.2
    width = style.COLUMN if count * _TEXT_FITS <= style.COLUMN - names else style.PAGE
    tile = min(0.36, (width - names - 0.08) / count)
    row = min(max(tile, 0.112), 0.17)
    figure = style.page_of(width, _BOTTOM + row * count + 0.08)
    axes = style.bare(style.place(figure, 0.08, _BOTTOM, tile * count, row * count))
    _draw(axes, correlations, told=tile >= _TEXT_FITS)
    for k, score in enumerate(scores):
        axes.text(k + 1 + 0.05 / tile, k + 0.52, score.label, va="center", fontsize=style.SMALL)
    scale(style.bare(style.place(figure, 0.1, 0.2, 1.2, 0.11)), RED_TO_BLUE, ("−1", "0", "1"))
    style.write(figure, 1.42, 0.25, "rank correlation; hatched: none")
    return figure


def _draw(axes: Axes, correlations: np.ndarray, *, told: bool) -> None:
    """The lower half's tiles, with their numbers or else bars for the negative ones."""
    shades, lower = correlations / 2 + 0.5, np.tri(len(correlations), dtype=bool)
    texts = np.vectorize(_text, otypes=[object])(correlations) if told else None
    draw_tiles(axes, shades, RED_TO_BLUE, texts, lower)
    for r, c in () if told else zip(*np.nonzero(lower & (correlations < 0)), strict=True):
        color = ink_on(RED_TO_BLUE(shades[r, c])[:3])
        axes.plot([c + 0.25, c + 0.75], [r + 0.5] * 2, color=color, linewidth=0.7)


def _text(value: float) -> str:
    """Two digits without the leading zero.

    Example:
        >>> _text(-0.456), _text(1.0), _text(0.001)
        ('−.46', '1', '0')
    """
    text = f"{value:.2f}".replace("0.", ".", 1).replace("-", "−")
    return {"1.00": "1", "−1.00": "−1", ".00": "0", "−.00": "0"}.get(text, text)
