import re
from xml.etree import ElementTree

import numpy as np
import pytest

from jaxeval.report.timing_figures import LIMITS, lag_outline, lag_over_time, lags_of_clips, reach_of, spaced
from jaxeval.results.record import Curves

from .test_figures import SVG, line, scale

FPS = 25.0
SECONDS = (np.arange(100) + 0.5) / FPS


def of(lag_ms):
    lag = np.asarray(lag_ms, float) * FPS / 1000
    return Curves(np.zeros(len(lag)), np.zeros(len(lag)), lag, np.eye(len(lag)))


def filled(root, colour):
    """The heights of the filled shapes of that colour, in the values of the axis."""
    shapes = [p for p in root.iter(f"{SVG}path") if f"fill: {colour}" in (p.get("style") or "") and p.get("clip-path")]
    points = [np.array(re.findall(r"([-\d.]+) ([-\d.]+)", shape.get("d")), float) for shape in shapes]
    return [scale(root, "y")(p[:, 1]) for p in points]


@pytest.mark.parametrize("lag_ms", [np.zeros(100), np.full(100, 150.0), np.linspace(-170, 30, 100)])
def test_the_bands_reach_to_the_tolerances(lag_ms):
    heights = filled(ElementTree.fromstring(lag_over_time(of(lag_ms), fps=FPS)), "#767676")
    assert [h.max() for h in heights] == pytest.approx(LIMITS, abs=0.5)
    assert [h.min() for h in heights] == pytest.approx([-limit for limit in LIMITS], abs=0.5)


@pytest.mark.parametrize("drift", [-37.5, 0.0, 6.5])
def test_the_drift_is_a_line_of_that_slope_through_the_middle(drift):
    lag_ms = 20 + drift * (SECONDS - 2) + 30 * np.sin(SECONDS)
    content = lag_over_time(of(lag_ms), fps=FPS, drift=drift)
    seconds, lag = line(ElementTree.fromstring(content), "#222222")
    assert (lag[-1] - lag[0]) / (seconds[-1] - seconds[0]) == pytest.approx(drift, abs=0.2)
    assert lag.mean() == pytest.approx(lag_ms.mean(), abs=0.5)
    assert f"drift {drift:+.1f} ms/s".replace("-", "−").encode() in content


def test_without_a_drift_there_is_no_second_line():
    content = lag_over_time(of(np.zeros(9)), fps=FPS)
    assert b"drift" not in content
    assert b"#222222; stroke-width" not in content


def points(root):
    """Each marker's place, in the values of the axes, flagged ones apart: (rank, ms)."""
    found = {}
    for use in root.iter(f"{SVG}use"):
        style = use.get("style") or ""
        for name, colour in (("plain", "#0072b2"), ("flagged", "#d55e00")):
            if f"fill: {colour}" in style:
                found.setdefault(name, []).append((float(use.get("x")), float(use.get("y"))))
    x, y = scale(root, "x"), scale(root, "y")
    # The last of each kind stands in the legend.
    return {name: [(x(a), y(b)) for a, b in marks[:-1]] for name, marks in found.items()}


def test_clips_are_drawn_in_order_of_their_lag_and_flagged_ones_apart():
    means, spreads = np.array([120.0, -300.0, 0.0, 40.0]), np.array([10.0, 5.0, 1.0, 20.0])
    root = ElementTree.fromstring(lags_of_clips(means, spreads, [False, True, False, False]))
    found = points(root)
    np.testing.assert_allclose(found["flagged"], [(1, -300)], atol=1)
    np.testing.assert_allclose(found["plain"], [(2, 0), (3, 40), (4, 120)], atol=1)


def test_thousands_of_clips_keep_both_ends_and_a_small_file():
    means = np.random.default_rng(0).normal(0, 100, 5000)
    content = lags_of_clips(means, np.full(5000, 9.0), means > 250)
    assert len(content) < 250_000
    found = points(ElementTree.fromstring(content))
    lags = [ms for kind in found.values() for _, ms in kind]
    assert len(lags) <= 400
    assert (min(lags), max(lags)) == pytest.approx((means.min(), means.max()), abs=1)


@pytest.mark.parametrize(
    "lag", [[0.0], [120.0] * 9, np.linspace(-150, 170, 75), [-200.0, 200.0], [-190.0] * 3 + [50.0]]
)
def test_the_outline_stands_where_the_frames_are(lag):
    lag = np.asarray(lag)
    x, y = np.array(re.findall(r"([-\d.]+),([-\d.]+)", lag_outline(lag, 200.0)), float).T
    np.testing.assert_allclose(y + y[::-1], 2, atol=0.011)
    half = len(x) // 2
    ms, height = 4 * (x[:half] - 50), 1 - y[:half]
    assert height.max() == pytest.approx(1, abs=0.006)
    # Every frame is under the shape, nothing of it is farther from a frame than the kernel is wide.
    assert all(height[np.abs(ms - one).argmin()] > 0.05 for one in lag)
    assert np.abs(ms[height > 0.01][:, None] - lag).min(axis=1).max() <= 20
    if np.abs(lag).max() < 180:
        assert (ms * height).sum() / height.sum() == pytest.approx(lag.mean(), abs=2)


@pytest.mark.parametrize(
    ("lags", "expected"), [([], 200), ([[10.0]], 200), ([[-100.0], [500.0, 3.0]], 560), ([[1000.0]], 1080)]
)
def test_the_axis_reaches_to_the_last_frame(lags, expected):
    assert reach_of([np.array(lag) for lag in lags]) == expected


@pytest.mark.parametrize("reach", [30, 90, 100, 200, 333, 1000, 5000])
@pytest.mark.parametrize("gap", [0.15, 0.22, 0.3])
def test_labels_of_the_axis_never_crowd(reach, gap):
    labels = sorted([0, *spaced(reach, gap)])
    assert len(labels) > 1
    assert labels[-1] <= reach
    assert np.diff(labels).min() >= gap * reach
