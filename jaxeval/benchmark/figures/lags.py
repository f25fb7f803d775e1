"""When the methods' pictures come: the lags of each one's clips over the usual tolerances."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxeval.benchmark.figures import style
from jaxeval.benchmark.figures.violin import draw_violin
from jaxeval.benchmark.plan import Method
from jaxeval.report.figures import GREY, INK
from jaxeval.report.timing_figures import LIMITS

_ROW, _BOTTOM, _LEAST, _POINTS, _APART, _LONG = 0.24, 0.4, 1.5, 50, 0.38, 1e5
_BEND, _FAR = 160.0, 640.0
"""Milliseconds: where the axis turns logarithmic, if any lag is beyond the second."""


@style.printed
def lag_violins(lags: Mapping[str, np.ndarray], methods: Sequence[Method], name: str = "lag") -> Figure:
    """Draw the distribution of each method's lags.

    Args:
        lags: method to the lag of each of its clips in ms, finite; a method may lack.
        methods: in the order of rows.
        name: what the lag is called.

    Returns:
        A figure one column wide, or two if names are long. Gray bands reach to ±40, ±80 and ±160 ms; to the right the
        generated clip is late. Of each method at most 50 clips are drawn as points, evenly by rank. If any lag is
        beyond 640 ms, the axis is logarithmic from 160 ms on.
    """
    values = [np.asarray(lags.get(method.name, ()), float) for method in methods]
    reach = max(200.0, 1.05 * max((float(np.abs(each).max(initial=0)) for each in values), default=0.0))
    bend = _BEND if reach > _FAR else reach
    left, right = style.widest(method.name for method in methods) + 0.14, style.widest(["clips", "9999"]) + 0.14
    width = style.COLUMN if style.COLUMN - left - right >= _LEAST else style.PAGE
    looks = style.looks_of(method.paradigm for method in methods)
    figure = style.page_of(width, _BOTTOM + _ROW * len(methods) + 0.2, looks)
    axes = style.place(figure, left, _BOTTOM, width - left - right, _ROW * len(methods))
    _bands(axes, reach, bend)
    for number, (method, each) in enumerate(zip(methods, values, strict=True)):
        _row(axes, number, bent(each, bend), style.LOOKS[method.paradigm])
        count = f"{len(each)}" if len(each) else "none"
        style.write(figure, width - 0.08, _BOTTOM + _ROW * (len(methods) - number - 0.5), count, ha="right")
    style.write(figure, width - 0.08, _BOTTOM + _ROW * len(methods) + 0.08, "clips", ha="right")
    axes.set(ylim=(len(methods) - 0.5, -0.5), xlabel=f"{name} (ms); above 0 the picture is late")
    axes.set_yticks(range(len(methods)), [method.name for method in methods])
    axes.tick_params(axis="y", length=0)
    return figure


def bent(values: np.ndarray, bend: float) -> np.ndarray:
    """Squeeze what is beyond a bend, smoothly.

        v within ±b,   sign(v) b (1 + ln(|v| / b)) beyond

    Args:
        values: of any shape.
        bend: b, above 0.

    Example:
        >>> print(bent(np.array([-100.0, 160.0, 320.0]), 160.0).round(1))
        [-100.   160.   270.9]
    """
    size = np.abs(values)
    return np.where(size <= bend, values, np.sign(values) * bend * (1 + np.log(np.maximum(size, bend) / bend)))


def _bands(axes: Axes, reach: float, bend: float) -> None:
    for limit in LIMITS:
        axes.axvspan(*bent(np.array([-limit, limit]), bend), color=GREY, alpha=0.13, linewidth=0, zorder=0)
    axes.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    edge = float(bent(np.array(reach), bend))
    axes.set_xlim(-edge, edge)
    ticks = np.array([sign * mark for mark in _marks(reach, bend) for sign in (-1, 1)] + [0], float)
    axes.set_xticks(bent(ticks, bend), [_told(tick) for tick in ticks])


def _marks(reach: float, bend: float) -> list[float]:
    """Those of 40, 80, 160 … ms that the axis has room for, the largest first."""
    edge, chosen = float(bent(np.array(reach), bend)), [0.0]
    for limit in 40.0 * 2.0 ** np.arange(int(np.log2(reach / 40)), -1, -1):
        at = float(bent(limit, bend)) / edge
        if all(abs(at - float(bent(np.array(other), bend)) / edge) >= _APART for other in chosen):
            chosen.append(float(limit))
    return chosen[1:]


def _told(tick: float) -> str:
    text = f"{tick:+.0f}" if abs(tick) < _LONG else f"{tick:+.0e}"
    return text.replace("-", "−", 1) if tick else "0"


def _row(axes: Axes, number: int, values: np.ndarray, look: style.Look) -> None:
    draw_violin(axes, values, number, color=look.color, lying=True)
    if len(values):
        # By rank, so that both ends are among them.
        kept = np.quantile(values, np.linspace(0, 1, min(len(values), _POINTS)), method="nearest")
        told: Any = {"marker": look.marker, "color": look.color, "linestyle": "none", "markersize": 2.2}
        axes.plot(kept, np.full(len(kept), number + 0.3), alpha=0.6, markeredgewidth=0, zorder=2, **told)
    else:
        axes.text(0, number, "no lag", ha="center", va="center", fontsize=style.SMALL, color=INK)
