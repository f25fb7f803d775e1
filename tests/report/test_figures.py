import io
import re
from base64 import b64decode
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from PIL import Image

from jaxeval.report.figures import alignment_heat_map, cost_over_time, loudness_outline, thumbnail
from jaxeval.report.timing_figures import lag_over_time
from jaxeval.results.record import Curves

from .synthetic_clips import FPS, clip

SVG = "{http://www.w3.org/2000/svg}"
LATE = clip("late", t=40, s=36).curves["lpips"]
DRAW = {
    "heat": lambda curves: alignment_heat_map(curves, fps=FPS),
    "cost": lambda curves: cost_over_time(curves, fps=FPS, cost="squared distance"),
    "lag": lambda curves: lag_over_time(curves, fps=FPS),
}


def flat(t, s):
    return Curves(np.zeros(min(t, s)), np.zeros(t), np.zeros(t), np.full((t, s), 0.5))


def number(text):
    return float(text.replace("−", "-"))


def scale(root, axis):
    """Pixels to values along an axis, read off its tick marks and their labels."""
    ticks = [g for g in root.iter(f"{SVG}g") if re.fullmatch(rf"{axis}tick_\d+", g.get("id", ""))]
    pixels = [float(next(g.iter(f"{SVG}use")).get(axis)) for g in ticks]
    values = [number("".join(next(g.iter(f"{SVG}text")).itertext())) for g in ticks]
    slope, offset = np.polyfit(pixels, values, 1)
    return lambda pixel: slope * pixel + offset


def line(root, colour):
    """The points of the line of that colour, in the values of the axes."""

    def drawn(path):
        style = path.get("style") or ""
        return colour in style and "fill: none" in style and path.get("clip-path")

    path = next(p for p in root.iter(f"{SVG}path") if drawn(p))
    points = np.array([[float(v) for v in pair.split()] for pair in re.split(r"[ML]", path.get("d"))[1:]])
    return scale(root, "x")(points[:, 0]), scale(root, "y")(points[:, 1])


def assert_on_curve(points, seconds, values, span):
    """Every drawn point lies on the curve, whose straight parts may be drawn with fewer points."""
    x, y = points
    np.testing.assert_allclose(y, np.interp(x, seconds, values), atol=5e-3 * span)
    assert (x[0], x[-1]) == pytest.approx((seconds[0], seconds[-1]), abs=1e-3)


def test_the_lag_is_drawn_in_milliseconds_positive_upward():
    root = ElementTree.fromstring(DRAW["lag"](LATE))
    lag = 1000 / FPS * LATE.lag
    assert_on_curve(line(root, "#0072b2"), (np.arange(40) + 0.5) / FPS, lag, 2 * np.abs(lag).max())


@pytest.mark.parametrize(("colour", "name"), [("#d55e00", "framewise"), ("#0072b2", "aligned")])
def test_both_costs_are_drawn_on_the_same_axes(colour, name):
    values = getattr(LATE, name)
    root = ElementTree.fromstring(DRAW["cost"](LATE))
    seconds = (np.arange(len(values)) + 0.5) / FPS
    assert_on_curve(line(root, colour), seconds, values, max(LATE.framewise.max(), LATE.aligned.max()))


def test_the_expected_path_lies_below_the_diagonal_by_the_lag():
    seconds, reference = line(ElementTree.fromstring(DRAW["heat"](LATE)), "#222222")
    e = LATE.alignment
    expected = (e @ np.arange(36) / e.sum(1) + 0.5) / FPS
    np.testing.assert_allclose(reference, np.interp(seconds, (np.arange(40) + 0.5) / FPS, expected), atol=0.01)
    assert (reference[5:-5] < seconds[5:-5]).all()


def test_the_heat_map_has_the_reference_upward():
    """A single aligned cell, (t, s) = (0, 3) of 4 × 4, shows up in the upper left corner."""
    e = np.zeros((4, 4))
    e[0, 3] = 1
    svg = DRAW["heat"](Curves(np.zeros(4), np.zeros(4), np.zeros(4), e)).decode()
    content = re.search(r'href="(data:image/png;base64,[^"]+)"', svg).group(1)
    with io.BytesIO(b64decode(content.split(",")[1])) as file:
        alpha = np.asarray(Image.open(file).convert("RGBA"))[..., 3]
    flip = -1 if "scale(1 -1)" in svg else 1
    h, w = alpha.shape
    assert alpha[::flip][h // 8, w // 8] == 255
    assert alpha[::flip][h // 2 :].max() == 0
    assert alpha[:, w // 2 :].max() == 0


@pytest.mark.parametrize("kind", DRAW)
@pytest.mark.parametrize(("t", "s"), [(1, 1), (1, 9), (9, 1), (2, 2), (40, 36), (300, 90)])
def test_every_length_draws_with_units_and_no_outside_resource(kind, t, s):
    content = DRAW[kind](flat(t, s))
    text = "".join(ElementTree.fromstring(content).itertext())
    assert "(s)" in text
    assert ("(ms" in text) == (kind == "lag")
    assert not re.search(rb'href="(?!#|data:)', content)


@pytest.mark.parametrize("kind", DRAW)
def test_the_same_curves_give_the_same_bytes(kind):
    assert DRAW[kind](LATE) == DRAW[kind](LATE)


@pytest.mark.parametrize("kind", DRAW)
def test_files_stay_small_for_long_clips(kind):
    rng = np.random.default_rng(0)
    e = np.exp(-(((np.arange(3000)[:, None] / 3 - np.arange(1000)[None]) / 2) ** 2))
    assert len(DRAW[kind](Curves(*rng.random((3, 3000)), e))) < 120_000


def test_drawing_leaves_the_callers_style_alone():
    before = dict(matplotlib.rcParams)
    DRAW["lag"](LATE)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("count", [1, 2, 199, 200, 5000])
def test_the_loudness_outline_keeps_every_peak_and_is_mirrored(count):
    audio = np.random.default_rng(0).random(count)
    x, y = np.array(re.findall(r"([\d.]+),([\d.]+)", loudness_outline(audio)), float).T
    assert len(x) <= 400
    assert y.min() == pytest.approx(1 - audio.max(), abs=0.006)
    np.testing.assert_allclose(y + y[::-1], 2, atol=0.011)
    assert (x.min(), x.max()) == (0, 100 if count > 1 else 0)


@pytest.mark.parametrize(("shape", "size"), [((240, 320), (160, 120)), ((90, 60), (60, 90)), ((400, 100), (40, 160))])
def test_a_thumbnail_keeps_colours_and_proportions(shape, size):
    picture = Image.open(io.BytesIO(thumbnail(np.full((*shape, 3), (200, 100, 50), np.uint8))))
    assert (picture.format, picture.size) == ("JPEG", size)
    np.testing.assert_allclose(np.asarray(picture).mean((0, 1)), (200, 100, 50), atol=2)
