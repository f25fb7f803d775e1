"""Figures for a notebook or a paper: one clip's alignment, cost and lag."""

from typing import Protocol

import numpy as np
from matplotlib.figure import Figure

from jaxeval.report.figures import draw_alignment, draw_costs, house_style
from jaxeval.report.timing_figures import draw_lag
from jaxeval.results.record import Curves


class Aligned(Protocol):
    """What has an alignment, such as `jaxeval.AlignedScore`."""

    alignment: np.ndarray


def plot_alignment(score: Aligned, *, fps: float | None = None) -> Figure:
    """Draw the alignment of one pair: which frames belong together, and by how many frames the clip is late.

    The path is s(t) = Σ_s E_ts s / Σ_s E_ts. Below the dashed line the generated clip is late.

    Args:
        score: what `jaxeval.aligned(...)` gives for one pair; not a batch.
        fps: frames per second, for axes in seconds; None for axes in frames.

    Returns:
        A matplotlib figure; `figure.savefig("alignment.png")` writes it.

    Raises:
        ValueError: the alignment isn't `[T, S]`, or has numbers that aren't finite.

    Example:
        >>> import jax.numpy as jnp, jaxeval
        >>> metric = jaxeval.aligned(jaxeval.distances.squared_euclidean)
        >>> figure = plot_alignment(metric(jnp.arange(4.0)[:, None], jnp.arange(5.0)[:, None]))
        >>> figure.axes[0].get_xlabel()
        'generated (frames)'
    """
    alignment = np.asarray(score.alignment, np.float64)
    if alignment.ndim != 2 or not alignment.size or not np.isfinite(alignment).all():
        raise ValueError(f"Expected the finite alignment [T, S] of one pair, got shape {alignment.shape}.")
    mass = alignment.sum(axis=1)  # [T]
    path = alignment @ np.arange(alignment.shape[1]) / np.where(mass > 0, mass, 1)
    with house_style():
        figure = Figure(figsize=(4.2, 4.0), layout="constrained")
        lag, unit = np.arange(len(alignment)) - path, "frames" if fps is None else "s"
        draw_alignment(figure.add_subplot(), alignment, lag, fps=fps or 1.0, unit=unit)
    return figure


def plot_clip(curves: Curves, *, fps: float, cost: str, title: str) -> Figure:
    """Draw an aligned metric of one clip: its alignment, its cost and its lag over time.

    Args:
        curves: of the metric.
        fps: frames per second of both clips.
        cost: what the cost is, with its unit.
        title: over all.

    Returns:
        A matplotlib figure.
    """
    with house_style():
        figure = Figure(figsize=(10.5, 4.2), layout="constrained")
        axes = figure.subplot_mosaic([["alignment", "cost"], ["alignment", "lag"]], width_ratios=(4, 6))
        figure.suptitle(title)
        draw_alignment(axes["alignment"], curves.alignment, curves.lag, fps=fps)
        draw_costs(axes["cost"], curves, fps=fps, cost=cost)
        draw_lag(axes["lag"], curves, fps=fps)
        for name in ("cost", "lag"):
            axes[name].set_xlim(0, len(curves.lag) / fps)
        axes["lag"].set_xlabel("time in the generated clip (s)")
    return figure
