"""Figures for a notebook: the path where the alignment has it, and nothing drawn of what is no alignment."""

from types import SimpleNamespace

import numpy as np
import pytest

from jaxeval.report.plots import plot_alignment, plot_clip

from .synthetic_clips import FPS, clip

CURVES = clip("late", t=20, s=16).curves["expr"]


def aligned(alignment):
    return SimpleNamespace(alignment=alignment)


@pytest.mark.parametrize(("fps", "unit"), [(None, "frames"), (25.0, "s")])
def test_the_path_is_the_alignments_expectation(fps, unit):
    (axes,) = plot_alignment(aligned(CURVES.alignment), fps=fps).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == (f"generated ({unit})", f"reference ({unit})")
    rate = fps or 1.0
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 20 / rate), (0, 16 / rate))
    path = next(line for line in axes.lines if line.get_label() == "expected path")
    np.testing.assert_allclose(path.get_xdata(), (np.arange(20) + 0.5) / rate)
    expected = (CURVES.alignment * np.arange(16)).sum(1) / CURVES.alignment.sum(1)
    np.testing.assert_allclose(path.get_ydata(), (expected + 0.5) / rate)
    np.testing.assert_array_equal(axes.images[0].get_array(), CURVES.alignment.T)


def test_a_row_without_mass_draws_no_nan():
    alignment = np.eye(4)
    alignment[2] = 0
    (axes,) = plot_alignment(aligned(alignment)).axes
    assert all(np.isfinite(line.get_ydata()).all() for line in axes.lines)


@pytest.mark.parametrize(
    "alignment",
    [np.zeros((2, 3, 3)), np.zeros(3), np.zeros((0, 3)), np.array([[1.0, np.nan]]), np.array([[np.inf]])],
    ids=["batch", "vector", "empty", "nan", "inf"],
)
def test_what_is_no_alignment_of_one_pair_is_refused(alignment):
    with pytest.raises(ValueError, match=r"Expected the finite alignment \[T, S\] of one pair, got shape \("):
        plot_alignment(aligned(alignment))


def test_a_clips_three_figures_share_their_time():
    figure = plot_clip(CURVES, fps=FPS, cost="squared distance", title="late: expr")
    heat, cost, lag = figure.axes
    assert figure.get_suptitle() == "late: expr"
    assert heat.get_xlim() == cost.get_xlim() == lag.get_xlim() == (0, 20 / FPS)
    assert cost.get_title(loc="left") == "squared distance, per frame"
    assert lag.get_xlabel() == "time in the generated clip (s)"
    drawn = next(line for line in lag.lines if len(line.get_ydata()) == 20)
    np.testing.assert_allclose(drawn.get_ydata(), 1000 / FPS * CURVES.lag)
