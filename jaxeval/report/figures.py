"""The figures of the report: arrays in, small SVG or JPEG files out, drawn without pyplot's global state.

Blue is what alignment leaves, vermilion is what the rigid comparison sees (Okabe and Ito's palette, which colour-blind
readers can tell apart). Backgrounds are transparent, so that the page decides on light or dark.
"""

import io
from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure
from PIL import Image

from jaxeval.results.record import Curves

FRAMEWISE, ALIGNED, GREY, INK = "#d55e00", "#0072b2", "#767676", "#222222"

# A fixed salt and no date make the same curves give the same bytes; text stays text, for the reader's own fonts.
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "jaxeval",
    "font.size": 9.5,
    "axes.titlesize": 9.5,
    "font.sans-serif": ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
}
_METADATA = {"Date": None, "Creator": None}
_TIMELINE_WIDTH, _LEFT, _RIGHT = 6.0, 0.72, 0.12
_HEAT_DPI = 130
_MAX_POINTS = 500
_CLEAR_TO_BLUE = LinearSegmentedColormap.from_list("alignment", [f"{ALIGNED}00", ALIGNED, "#003359"])


def house_style() -> AbstractContextManager[None]:
    """A context in which figures look like the page's."""
    return matplotlib.rc_context(_STYLE)


def as_svg(draw: Callable[..., Figure]) -> Callable[..., bytes]:
    """Let a function draw under the house style and return its figure as an SVG file.

    Args:
        draw: gives a figure for its arguments.

    Returns:
        A function of the same arguments that gives the file.
    """

    @wraps(draw)
    def drawn(*args, **kwargs) -> bytes:
        with house_style():
            buffer = io.BytesIO()
            draw(*args, **kwargs).savefig(buffer, format="svg", dpi=_HEAT_DPI, transparent=True, metadata=_METADATA)
        return buffer.getvalue()

    return drawn


def timeline(height: float, seconds: float) -> tuple[Figure, Axes]:
    """One wide pair of axes over time; every timeline has the same width and margins, so that they line up.

    Args:
        height: of the figure, in inches.
        seconds: length of the time axis.

    Returns:
        The figure and its axes.
    """
    figure = Figure(figsize=(_TIMELINE_WIDTH, height))
    bottom, top = 0.42, 0.28
    axes = figure.add_axes(
        (_LEFT / _TIMELINE_WIDTH, bottom / height, 1 - (_LEFT + _RIGHT) / _TIMELINE_WIDTH, 1 - (bottom + top) / height)
    )
    axes.set_xlim(0, seconds)
    axes.set_xlabel("time in the generated clip (s)")
    return figure, axes


def curve(values: np.ndarray, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """Times of the frames' middles and their values; a long clip is thinned to means over equal stretches.

    Args:
        values: `[T]` one for each frame.
        fps: frames per second.

    Returns:
        Seconds and values, at most 500 each.
    """
    seconds, stretches = (np.arange(len(values)) + 0.5) / fps, min(len(values), _MAX_POINTS)
    means = (np.array([part.mean() for part in np.array_split(x, stretches)]) for x in (seconds, values))
    return next(means), next(means)


def marker(count: int) -> str:
    """The marker of a line: through fewer than three points it is invisible without its points."""
    return "o" if count < 3 else ""


@as_svg
def alignment_heat_map(curves: Curves, *, fps: float) -> Figure:
    """Draw the alignment E as a heat map, with its expected path and the line of zero lag.

    The path is s(t) = t − lag(t) = Σ_s E_ts s / Σ_s E_ts. Below the dashed line the generated clip is late.

    Args:
        curves: one aligned metric of one pair, T × S frames.
        fps: frames per second of both clips, above 0.

    Returns:
        An SVG file; the map inside is a raster whose size does not grow with T and S.

    References:
        Cuturi and Blondel 2017, "Soft-DTW: a Differentiable Loss Function for Time-Series", for E.

    Example:
        >>> identity = Curves(np.zeros(3), np.zeros(3), np.zeros(3), np.eye(3))
        >>> alignment_heat_map(identity, fps=25.0)[:5]
        b'<?xml'
    """
    figure = Figure(figsize=(3.9, 3.75))
    draw_alignment(figure.add_axes((0.155, 0.125, 0.82, 0.8)), curves.alignment, curves.lag, fps=fps)
    return figure


def draw_alignment(axes: Axes, alignment: np.ndarray, lag: np.ndarray, *, fps: float, unit: str = "s") -> None:
    """Draw an alignment as `alignment_heat_map` does.

    Args:
        axes: where to.
        alignment: `[T, S]` in [0, 1].
        lag: `[T]` in frames.
        fps: frames in a unit of time.
        unit: of time, for the labels.
    """
    t, s = alignment.shape
    axes.imshow(
        alignment.T,
        origin="lower",
        extent=(0, t / fps, 0, s / fps),
        cmap=_CLEAR_TO_BLUE,
        norm=PowerNorm(0.5, 0, 1),
        aspect="equal" if max(t, s) < 3 * min(t, s) else "auto",
    )
    end = min(t, s) / fps
    axes.plot([0, end], [0, end], color=FRAMEWISE, linewidth=1.1, linestyle=(0, (4, 3)), zorder=3, label="no lag")
    times, late = curve(lag / fps, fps)
    axes.plot(times, times - late, color=INK, linewidth=0.9, marker=marker(t), label="expected path")
    axes.set(xlim=(0, t / fps), ylim=(0, s / fps), xlabel=f"generated ({unit})", ylabel=f"reference ({unit})")
    axes.set_title("which frames were aligned")
    axes.legend(loc="upper left", borderpad=0, handlelength=1.6)


@as_svg
def cost_over_time(curves: Curves, *, fps: float, cost: str) -> Figure:
    """Draw the cost of each frame under the rigid alignment and under the soft one, on the same axes.

    Args:
        curves: one aligned metric of one pair.
        fps: frames per second of both clips, above 0.
        cost: what the cost is, with its unit, for the title.

    Returns:
        An SVG file.

    Example:
        >>> identity = Curves(np.zeros(3), np.zeros(3), np.zeros(3), np.eye(3))
        >>> b"aligned" in cost_over_time(identity, fps=25.0, cost="squared distance")
        True
    """
    figure, axes = timeline(1.9, len(curves.aligned) / fps)
    draw_costs(axes, curves, fps=fps, cost=cost)
    return figure


def draw_costs(axes: Axes, curves: Curves, *, fps: float, cost: str) -> None:
    """Draw costs as `cost_over_time` does, onto axes of its own or a caller's."""
    # The rigid cost is the broader line, so that it still shows where the alignment changes nothing.
    lines = ((curves.framewise, FRAMEWISE, "frame-wise", 2.2), (curves.aligned, ALIGNED, "aligned", 1.2))
    for values, colour, name, width in lines:
        seconds, means = curve(values, fps)
        axes.fill_between(seconds, means, color=colour, alpha=0.14, linewidth=0)
        axes.plot(seconds, means, color=colour, label=name, linewidth=width, marker=marker(len(values)))
    highest = max(float(curves.framewise.max()), float(curves.aligned.max()))
    axes.set_ylim(min(0.0, float(curves.aligned.min())), 1.08 * highest or 1.0)
    axes.set_title(f"{cost}, per frame")
    axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.97), ncols=2, borderpad=0, handlelength=1.4)


def data_uri(kind: str, content: bytes) -> str:
    """A file inside the page.

    Args:
        kind: its media type.
        content: its bytes.
    """
    return f"data:{kind};base64,{b64encode(content).decode('ascii')}"


def loudness_outline(audio: np.ndarray) -> str:
    """Turn a loudness curve into the outline of a strip, mirrored about its middle, 100 wide and 2 high.

    Args:
        audio: `[N]` loudness in [0, 1], evenly spaced; N ≥ 1.

    Returns:
        The `d` attribute of an SVG path, of at most 400 points.

    Example:
        >>> loudness_outline(np.array([0.0, 1.0]))
        'M0.0,1.00L100.0,0.00L100.0,2.00L0.0,1.00Z'
    """
    # The loudest of each stretch, so that no short sound is lost where the strip is coarser than the curve.
    peaks = np.array([part.max() for part in np.array_split(audio, min(len(audio), 200))])
    x = np.linspace(0, 100, len(peaks))
    upper, lower = zip(x, 1 - peaks, strict=True), zip(x[::-1], 1 + peaks[::-1], strict=True)
    return "M" + "L".join(f"{a:.1f},{b:.2f}" for a, b in (*upper, *lower)) + "Z"


def thumbnail(image: np.ndarray) -> bytes:
    r"""Compress one frame of a filmstrip.

    Args:
        image: `[h, w, 3]` uint8 RGB.

    Returns:
        A JPEG file, at most 160 pixels on its longer side.

    Example:
        >>> thumbnail(np.zeros((8, 8, 3), np.uint8))[:3]
        b'\xff\xd8\xff'
    """
    buffer, picture = io.BytesIO(), Image.fromarray(image)
    picture.thumbnail((160, 160))
    picture.save(buffer, format="JPEG", quality=82)
    return buffer.getvalue()
