"""The report's drawing of lip-sync: how well mouth and voice agree at every offset, of both clips."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from jaxeval.report.figures import ALIGNED, GREY, INK, as_svg
from jaxeval.results.record import OffsetCurve

_COLORS = {"generated": ALIGNED, "reference": INK}
_MARGIN = 1.15


@as_svg
def offset_curve(curves: Mapping[str, OffsetCurve], *, fps: float) -> Figure:
    """Draw the correlation of mouth and voice over offsets, each clip's maximum, and what wrong pairs reach.

    The grey band ends where 5 of 100 wrong pairs have a maximum: one within it tells no offset, and is drawn hollow.

    Args:
        curves: "generated" and "reference", or one of them, to its curve.
        fps: frames per second, above 0.

    Returns:
        An SVG file.

    Example:
        >>> offset_curve({"generated": OffsetCurve(np.array([0.1, 0.5, 0.2]), 0.4)}, fps=25.0)[:5]
        b'<?xml'
    """
    figure = Figure(figsize=(6.0, 2.2))
    axes = figure.add_axes((0.12, 0.2, 0.86, 0.68))
    band = max(curve.sure for curve in curves.values())
    axes.axhspan(-band, band, color=GREY, alpha=0.14, linewidth=0)
    axes.axvline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    highest = band
    for role, curve in curves.items():
        reach, color = len(curve.values) // 2, _COLORS[role]
        milliseconds = np.arange(-reach, reach + 1) * 1000 / fps
        style = "-" if role == "generated" else "--"
        axes.plot(milliseconds, curve.values, color=color, label=role, linestyle=style)
        if np.isnan(curve.values).all():
            continue
        best = int(np.nanargmax(curve.values))
        face = color if curve.values[best] >= curve.sure else "white"
        axes.plot(milliseconds[best], curve.values[best], "o", color=color, markerfacecolor=face, markersize=6)
        highest = max(highest, float(np.nanmax(np.abs(curve.values))))
    axes.set_ylim(-_MARGIN * highest, _MARGIN * highest)
    axes.margins(x=0)
    axes.set_xlabel("offset (ms); right of 0 the picture is late")
    axes.set_title("correlation of mouth and voice; grey: what wrong pairs reach")
    axes.legend(loc="lower right", ncols=2)
    return figure
