"""The curve of lip-sync over offsets, as the page draws it."""

import numpy as np
import pytest

from jaxeval.report.offset_figure import offset_curve
from jaxeval.results.record import OffsetCurve


def peaked(at, height, sure=0.3):
    values = height * np.exp(-((np.arange(-15, 16) - at) ** 2) / 8)
    return OffsetCurve(values, sure)


def test_both_clips_and_the_band_are_drawn_the_same_each_time():
    curves = {"generated": peaked(3, 0.5), "reference": peaked(0, 0.6)}
    svg = offset_curve(curves, fps=25.0)
    assert svg == offset_curve(curves, fps=25.0)
    text = svg.decode()
    assert all(word in text for word in ("generated", "reference", "the picture is late", "wrong pairs"))


def test_a_maximum_that_tells_nothing_is_hollow():
    sure, unsure = (offset_curve({"generated": peaked(3, height)}, fps=25.0) for height in (0.5, 0.2))
    assert (b"fill: #ffffff" in sure, b"fill: #ffffff" in unsure) == (False, True)


@pytest.mark.parametrize("values", [np.full(31, np.nan), np.r_[np.full(10, np.nan), np.linspace(0, 0.4, 21)]])
def test_offsets_with_too_few_frames_are_left_out(values):
    assert offset_curve({"reference": OffsetCurve(values, 0.3)}, fps=30.0).startswith(b"<?xml")
