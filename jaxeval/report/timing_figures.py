"""The report's drawings of timing: the lag of each frame, of one clip, and of many, beside the usual tolerances.

Grey bands reach to ±40, ±80 and ±160 ms, the darkest being the narrowest.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from jaxeval.report.figures import ALIGNED, FRAMEWISE, GREY, INK, as_svg, curve, marker, timeline
from jaxeval.results.record import Curves

LIMITS = (40, 80, 160)
"""Milliseconds either way; the shares of frames beyond them are scores."""

_LABELLED = (40, 80, 160, 320, 640, 1280, 2560)
_MAX_CLIPS = 400
_CELLS = 200
_MARGIN = 1.05  # what the outline's kernel adds at either end
_KERNEL = np.exp(-0.5 * (np.arange(-9, 10) / 3) ** 2)


def _bands(axes: Axes, reach: float) -> None:
    """The tolerances, and as many of them on the axis as there is room for; the widest first, then 0."""
    for limit in LIMITS:
        axes.axhspan(-limit, limit, color=GREY, alpha=0.11, linewidth=0, zorder=0)
    axes.axhline(0, color=GREY, linewidth=1, linestyle=(0, (4, 3)))
    axes.set_ylim(-reach, reach)
    labelled = spaced(reach, 0.3)
    axes.set_yticks([sign * limit for limit in labelled for sign in (-1, 1)] + [0])


def spaced(reach: float, gap: float) -> list[int]:
    """Those of 40, 80, 160, 320 … ms that an axis of ±reach has room for, the largest first.

    Args:
        reach: of the axis either way, in ms.
        gap: least distance between two labels, as a share of `reach`.

    Returns:
        Milliseconds; `round(reach / 2)` alone where none would fit.

    Example:
        >>> spaced(200, 0.3), spaced(200, 0.15), spaced(30, 0.3)
        ([160, 80], [160, 80, 40], [15])
    """
    chosen: list[int] = []
    for limit in sorted((limit for limit in _LABELLED if limit <= reach), reverse=True):
        if limit >= gap * reach and (not chosen or chosen[-1] - limit >= gap * reach):
            chosen.append(limit)
    return chosen or [round(reach / 2)]


@as_svg
def lag_over_time(curves: Curves, *, fps: float, drift: float | None = None) -> Figure:
    """Draw the lag of each generated frame in milliseconds, over the tolerances; positive is late.

    Args:
        curves: one aligned metric of one pair; `curves.lag` is in frames.
        fps: frames per second of both clips, above 0.
        drift: slope of the lag in ms per s, drawn as a line through the middle; None for no line.

    Returns:
        An SVG file.

    Example:
        >>> identity = Curves(np.zeros(3), np.zeros(3), np.zeros(3), np.eye(3))
        >>> b"lag (ms" in lag_over_time(identity, fps=25.0, drift=1.5)
        True
    """
    figure, axes = timeline(1.75, len(curves.lag) / fps)
    draw_lag(axes, curves, fps=fps, drift=drift)
    return figure


def draw_lag(axes: Axes, curves: Curves, *, fps: float, drift: float | None = None) -> None:
    """Draw a lag as `lag_over_time` does, onto axes of its own or a caller's."""
    lag, seconds = 1000 / fps * curves.lag, len(curves.lag) / fps
    # At least two frames, and the tolerance of 80 ms, so that a lag far below one frame does not fill the height.
    _bands(axes, max(2000 / fps, 100.0, 1.15 * float(np.abs(lag).max())))
    axes.plot(*curve(lag, fps), color=ALIGNED, marker=marker(len(lag)))
    if drift is not None:
        ends = np.array([0, seconds])
        line = lag.mean() + drift * (ends - seconds / 2)
        label = f"drift {drift:+.1f} ms/s".replace("-", "−")
        axes.plot(ends, line, color=INK, linewidth=1, linestyle=(0, (1, 2)), label=label)
        axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.97), borderpad=0, handlelength=1.8)
    axes.set_title("lag (ms; above 0 the generated clip is late)")


@as_svg
def lags_of_clips(means: Sequence[float], spreads: Sequence[float], flagged: Sequence[bool]) -> Figure:
    """Draw the mean lag and its spread of many clips, from the earliest to the latest.

    Args:
        means: of each clip, in ms.
        spreads: standard deviation of each clip's lag, in ms.
        flagged: whether a clip is marked.

    Returns:
        An SVG file; of more than 400 clips every n-th is drawn.

    Example:
        >>> b"clips" in lags_of_clips([-20.0, 120.0], [3.0, 8.0], [False, True])
        True
    """
    order = np.argsort(means, kind="stable")
    ranks = np.unique(np.linspace(0, len(order) - 1, min(len(order), _MAX_CLIPS)).round().astype(int))
    mean, spread, marked = (np.asarray(values)[order[ranks]] for values in (means, spreads, flagged))
    figure = Figure(figsize=(9.6, 2.7))
    axes = figure.add_axes((0.065, 0.17, 0.91, 0.71))
    _bands(axes, max(200.0, 1.1 * float((np.abs(mean) + spread).max())))
    axes.vlines(ranks + 1, mean - spread, mean + spread, color=ALIGNED, alpha=0.45, linewidth=1.4)
    for kind, colour, shape, label in (
        (~marked, ALIGNED, "o", "mean ± spread within the clip"),
        (marked, FRAMEWISE, "D", "flagged"),
    ):
        if kind.any():
            axes.plot(ranks[kind] + 1, mean[kind], shape, color=colour, markersize=3.6, label=label)
    axes.set(xlim=(0, len(order) + 1), xlabel="clips, from the earliest to the latest")
    axes.set_title("lag (ms; above 0 the generated clip is late)")
    axes.legend(loc="lower right", bbox_to_anchor=(1.005, 0.97), ncols=2, borderpad=0, handlelength=1)
    return figure


def reach_of(lags: Sequence[np.ndarray]) -> float:
    """How far an axis must go either way to show every frame of every clip.

    Args:
        lags: of each clip the lag of its frames, in ms.

    Returns:
        A multiple of 40 ms, at least 200, with room for the outline's own width.

    Example:
        >>> reach_of([np.array([3.0, -321.0]), np.array([40.0])])
        360.0
    """
    widest = max((float(np.abs(lag).max()) for lag in lags), default=0.0)
    return max(200.0, 40 * float(np.ceil(_MARGIN * widest / 40)))


def lag_outline(lag: np.ndarray, reach: float) -> str:
    """Turn a clip's lags into the outline of their density, mirrored about its middle, 100 wide and 2 high.

    Args:
        lag: `[T]` ms of each frame; T ≥ 1.
        reach: ms at the right end, and negative at the left end; no lag lies beyond.

    Returns:
        The `d` attribute of an SVG path. Its height is 2 where most frames lie, whatever their share.

    Example:
        >>> "L50.0,0.00L" in lag_outline(np.zeros(5), 200.0)
        True
    """
    cells = np.rint((lag / reach + 1) * _CELLS / 2).astype(int).clip(0, _CELLS)
    density = np.convolve(np.bincount(cells, minlength=_CELLS + 1), _KERNEL, mode="same")
    height = density / density.max()
    seen = np.flatnonzero(height > 1e-3)
    inside = np.arange(max(seen[0] - 1, 0), min(seen[-1] + 2, _CELLS + 1))
    x, half = 100 * inside / _CELLS, np.where(height > 1e-3, height, 0)[inside]
    upper, lower = zip(x, 1 - half, strict=True), zip(x[::-1], 1 + half[::-1], strict=True)
    return "M" + "L".join(f"{a:.1f},{b:.2f}" for a, b in (*upper, *lower)) + "Z"
