"""Two scores against each other, with the methods that no other one beats by both."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jaxeval.benchmark.figures import style
from jaxeval.benchmark.figures.labels import Box, place_labels
from jaxeval.benchmark.figures.numbers import pareto
from jaxeval.benchmark.plan import Method
from jaxeval.report.figures import GREY, INK
from jaxeval.results.score import Score

_LEFT, _BOTTOM, _SIDE, _HEIGHT = 0.62, 0.42, 0.1, 2.5
_INNER = (style.COLUMN - _LEFT - _SIDE, _HEIGHT)


@style.printed
def trade_off(values: np.ndarray, methods: Sequence[Method], x: Score, y: Score, title: str) -> Figure:
    """Draw one score over another.

    Args:
        values: `[M, 2]` each method's x and y; NaN where there is none.
        methods: M of them.
        x: the score to the right. Where neither end is better, high counts as better, and the axis says so.
        y: the score upwards; likewise.
        title: what is traded for what.

    Returns:
        A figure one column wide. Axes run so that better is up and right; the staircase joins Pareto's front, whose
        names are bold. If there is no room for the names, numbers stand for them, with a list below.
    """
    shown = [k for k in range(len(methods)) if not np.isnan(values[k]).any()]
    lacking = [method.name for k, method in enumerate(methods) if k not in shown]
    values = np.clip(values, -style.LARGEST, style.LARGEST)
    turned = np.where([score.better == "↓" for score in (x, y)], -values, values)
    best = pareto(turned[:, 0], turned[:, 1])
    names, points = [methods[k].name for k in shown], _inches(turned[shown])
    texts, boxes = names, _places(points, names)
    if any(box is None for box in boxes):
        texts = [str(number) for number in range(1, len(names) + 1)]
        boxes = _places(points, texts)
    lines = [] if texts == names else style.wrapped([f"{n} {name}" for n, name in enumerate(names, 1)], style.COLUMN)
    lines += style.wrapped(["no value", *lacking], style.COLUMN) if lacking else []
    foot, looks = style.LINE * len(lines) + 0.06, style.looks_of(methods[k].paradigm for k in shown)
    figure = style.page_of(style.COLUMN, foot + _BOTTOM + _HEIGHT + 0.2, looks)
    axes = style.place(figure, _LEFT, foot + _BOTTOM, *_INNER)
    _axes(axes, turned[shown], (x, y))
    _front(axes, turned[best])
    for k, point, box, text in zip(shown, points, boxes, texts, strict=True):
        _point(axes, methods[k], point, box, text, best=bool(best[k]))
    style.write(figure, 0.08, foot + _BOTTOM + _HEIGHT + 0.12, title, weight="bold")
    style.write_lines(figure, lines, foot)
    return figure


def limits(values: np.ndarray) -> tuple[float, float]:
    """Ends of an axis with room around the values, also if all are equal.

    Example:
        >>> limits(np.array([0.0, 10.0])), limits(np.array([2.0])), limits(np.array([]))
        ((-1.0, 11.0), (0.0, 4.0), (0.0, 1.0))
    """
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = 0.1 * (high - low) or max(1.0, abs(high))
    return low - room, high + room


def _inches(turned: np.ndarray) -> np.ndarray:
    """Where points lie on the axes, in inches from their lower left corner."""
    ends = np.array([limits(turned[:, 0]), limits(turned[:, 1])])
    return (turned - ends[:, 0]) / (ends[:, 1] - ends[:, 0]) * _INNER


def _places(points: np.ndarray, texts: Sequence[str]) -> list[Box | None]:
    widths = [style.text_width(text, bold=True) for text in texts]
    return place_labels(points, widths, 0.115, (0.0, 0.0, *_INNER))


def _axes(axes: Axes, turned: np.ndarray, scores: tuple[Score, Score]) -> None:
    axes.set(xlim=limits(turned[:, 0]), ylim=limits(turned[:, 1]))
    for axis, score, better in zip((axes.xaxis, axes.yaxis), scores, ("→", "↑"), strict=True):
        axis.set_major_locator(MaxNLocator(5))
        if score.better == "↓":
            axis.set_major_formatter(lambda value, _: f"{0.0 - value:g}".replace("-", "−"))
        unit = f" ({score.unit})" if score.unit else ""
        meaning = "better" if score.better else "more"
        axis.set_label_text(f"{score.label}{unit}, {better} {meaning}")
    axes.yaxis.set_label_coords(0.16 / _INNER[0] - _LEFT / _INNER[0], 0.5)
    axes.grid(color=GREY, alpha=0.2, linewidth=0.5)
    axes.set_axisbelow(True)


def _front(axes: Axes, members: np.ndarray) -> None:
    """The staircase below and left of which every point is dominated."""
    if not len(members):
        return
    steps = members[np.argsort(members[:, 0], kind="stable")]
    left, bottom = axes.get_xlim()[0], axes.get_ylim()[0]
    xs = [left, *steps[:, 0], steps[-1, 0]]
    ys = [steps[0, 1], *steps[:, 1], bottom]
    axes.step(xs, ys, where="pre", color=INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=1)


def _point(axes: Axes, method: Method, at: np.ndarray, box: Box | None, text: str, *, best: bool) -> None:
    """A method's marker and its label, with a line between them if they are apart."""
    look, whole = style.LOOKS[method.paradigm], axes.transAxes
    x, y = at / _INNER
    axes.plot(x, y, marker=look.marker, color=look.color, transform=whole, clip_on=False, zorder=3)
    if box is None:
        return
    near = np.clip(at, box[:2], box[2:])
    if np.linalg.norm(near - at) > 0.08:
        u, v = near / _INNER
        axes.plot([x, u], [y, v], color=GREY, linewidth=0.5, transform=whole, zorder=1)
    u, v = (box[0] + box[2]) / 2 / _INNER[0], (box[1] + box[3]) / 2 / _INNER[1]
    told: Any = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.4}
    weight = "bold" if best else "normal"
    axes.text(u, v, text, ha="center", va="center", fontsize=style.SMALL, weight=weight, zorder=2, bbox=told,
              transform=whole)  # fmt: skip
