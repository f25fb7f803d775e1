"""One violin: a density mirrored about its axis, the middle half as a bar, the median as a white point."""

import numpy as np
from matplotlib.axes import Axes

from jaxeval.benchmark.figures.numbers import density
from jaxeval.report.figures import ALIGNED, INK


def draw_violin(axes: Axes, values: np.ndarray, at: float, *, color: str = ALIGNED, lying: bool = False) -> None:
    """Draw a violin; nothing without values.

    Args:
        axes: where to.
        values: `[N]` finite.
        at: its place on the other axis, where it is 0.8 wide.
        color: of its body.
        lying: along x rather than along y.
    """
    if not len(values):
        return
    where, height = density(values)
    fill = axes.fill_between if lying else axes.fill_betweenx
    fill(where, at - 0.4 * height, at + 0.4 * height, color=color, alpha=0.35, linewidth=0)
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    for ends, width in (((values.min(), values.max()), 0.6), ((low, high), 2.4)):
        line = (ends, (at, at)) if lying else ((at, at), ends)
        axes.plot(*line, color=INK, linewidth=width, solid_capstyle="butt", zorder=3)
    point = (median, at) if lying else (at, median)
    axes.plot(*point, marker="o", markersize=3.4, color="white", markeredgecolor=INK, markeredgewidth=0.8, zorder=4)
