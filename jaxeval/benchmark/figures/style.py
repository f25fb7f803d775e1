"""How a benchmark's figures look: one or two columns wide, text of 7 pt and more, a color and a marker per paradigm.

The colors are Okabe and Ito's; a reader who can't tell them apart, or has a gray print, goes by marker and dashes.
"""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import text_to_path

from jaxeval.benchmark.plan import PARADIGMS
from jaxeval.report.figures import ALIGNED, FRAMEWISE, INK, house_style
from jaxeval.results.score import Score

COLUMN, PAGE = 3.4, 7.0
"""Inches: a figure's width in one column of a paper, and in two."""

SMALL, TEXT = 7.0, 7.5
"""Points."""

LARGEST = 1e300
"""What is larger is drawn there: matplotlib takes differences, and they must be finite."""

LINE = 0.125
"""Inches from one small line to the next."""

PALETTE = (ALIGNED, FRAMEWISE, "#009e73", "#b3528a", "#5c5c5c", "#56b4e9", "#b8860b", "#000000")
"""Okabe and Ito's, with purple and yellow darkened so that thin lines show on white."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (6, 1.2, 1.2, 1.2)), (0, (3, 2)))

# DejaVu Sans comes with matplotlib: layout and bytes are the same on every machine. It is wide, so that a reader's own
# font needs no more room than was measured.
_STYLE: Any = {
    "font.sans-serif": ["DejaVu Sans", "Helvetica", "Arial", "Liberation Sans"],
    "font.size": TEXT,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "axes.linewidth": 0.6,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": SMALL,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "text.color": INK,
    "hatch.linewidth": 0.5,
    "pdf.fonttype": 42,
}
_NAMELESS = {"svg": {"Date": None, "Creator": None}, "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer"))}


@dataclass(frozen=True)
class Look:
    """What tells one kind of line or point from the others."""

    color: str
    marker: str
    dashes: Any


LOOKS = {
    name: Look(color, marker, dashes)
    for name, color, marker, dashes in zip(PARADIGMS, PALETTE, MARKERS, DASHES, strict=False)
}
"""Of each paradigm."""


def printed(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Let a function draw under the style of the benchmark's figures."""

    @wraps(draw)
    def drawn(*args, **kwargs) -> Figure:
        with house_style(), matplotlib.rc_context(_STYLE):
            return draw(*args, **kwargs)

    return drawn


def file_of(figure: Figure, kind: str, *, transparent: bool = False) -> bytes:
    """A figure as a file, the same bytes each time.

    Args:
        figure: drawn by a function that is `printed`.
        kind: "pdf" or "svg".
        transparent: no background, for a page that has its own.

    Returns:
        The file's content.
    """
    with house_style(), matplotlib.rc_context(_STYLE):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, transparent=transparent, metadata=_NAMELESS[kind])
    return buffer.getvalue()


@cache
def text_width(text: str, size: float = SMALL, *, bold: bool = False) -> float:
    """Inches that one line of text takes.

    Example:
        >>> text_width("wide") > text_width("will"), text_width("")
        (True, 0.0)
    """
    font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if bold else "normal")
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def widest(texts: Iterable[str], size: float = SMALL) -> float:
    """Inches of the widest line, in bold; 0 without any."""
    return max((text_width(text, size, bold=True) for text in texts), default=0.0)


def page_of(width: float, height: float, looks: Mapping[str, Look] | None = None, *, lines: bool = False) -> Figure:
    """An empty figure, with a key along its upper edge.

    Args:
        width: in inches.
        height: without the key.
        looks: what each name of the key looks like; there is no key without any.
        lines: whether the key shows dashes behind the markers.

    Returns:
        The figure; it is higher by what the key takes.
    """
    if not looks:
        return Figure(figsize=(width, height))
    length = 2.4 if lines else 1.0
    columns = _key_columns([text_width(name) + 0.2 + 0.1 * length for name in looks], width - 0.1)
    figure = Figure(figsize=(width, height + 0.15 * -(-len(looks) // columns) + 0.06))
    handles = [
        Line2D([], [], color=look.color, marker=look.marker, linestyle=look.dashes if lines else "none", label=name)
        for name, look in looks.items()
    ]
    told: Any = {"borderaxespad": 0.3, "borderpad": 0.1, "labelspacing": 0.3, "columnspacing": 1.2}
    figure.legend(handles=handles, loc="upper left", ncols=columns, handlelength=length, handletextpad=0.5, **told)
    return figure


def _key_columns(entries: Sequence[float], width: float) -> int:
    """How many columns a key may have: a legend's are as wide as the widest entry in each."""
    for columns in range(len(entries), 1, -1):
        if sum(part.max() for part in np.array_split(entries, columns)) <= width:
            return columns
    return 1


def place(figure: Figure, left: float, bottom: float, width: float, height: float, **told: Any) -> Axes:
    """Axes at a place in inches from the figure's lower left corner."""
    x, y = figure.get_size_inches()
    return figure.add_axes((left / x, bottom / y, width / x, height / y), **told)


def bare(axes: Axes) -> Axes:
    """Axes without lines and ticks, but with what is drawn on them."""
    axes.set(xticks=[], yticks=[])
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def write(figure: Figure, left: float, bottom: float, text: str, **told: Any) -> None:
    """Text at a place in inches from the figure's lower left corner."""
    x, y = figure.get_size_inches()
    figure.text(left / x, bottom / y, text, **{"fontsize": SMALL, "va": "center", **told})


def write_lines(figure: Figure, lines: Sequence[str], top: float) -> None:
    """Lines of text from a height in inches down."""
    for number, line in enumerate(lines):
        write(figure, 0.08, top - LINE * (number + 0.5), line)


def heading(score: Score) -> str:
    """A score with the direction that is better and its unit.

    Example:
        >>> from jaxeval.results.catalogue import catalogue
        >>> known = catalogue({"identity": "dlib_resnet"})
        >>> heading(known["psnr"]), heading(known["lag_ms"]), heading(known["csim_div"])
        ('psnr ↑ (dB)', 'lag_ms (ms)', 'csim_div (dlib) ↓')
    """
    unit = f"({score.unit})" if score.unit else ""
    return " ".join(part for part in (score.label, score.better, unit) if part)


def looks_of(paradigms: Iterable[str]) -> dict[str, Look]:
    """The looks of those paradigms that occur, in the order of `PARADIGMS`."""
    found = set(paradigms)
    return {name: look for name, look in LOOKS.items() if name in found}


def wrapped(parts: Sequence[str], width: float) -> list[str]:
    """Parts in lines that are no longer than a figure of that width has room for."""
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]} · {part}" if lines else part
        if lines and text_width(longer) <= width - 0.2:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines
