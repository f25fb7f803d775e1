"""Time stamps as no muxer would write them, straight into the time line."""

from fractions import Fraction

import numpy as np
import pytest

from jaxeval.media.retime import Stamped, Timeline, at_constant_rate

from .numbered_clips import nearest


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0, 1, None, 3], [0, 1, 2, 3]),
        ([None, None, None], [0, 1, 2]),
        ([5, 6, 6, 8], [5, 6, 7, 8]),
        ([0, 1, 2, 0, 1, 2], [0, 1, 2, 3, 4, 5]),
        ([0, 1, 10**9, 3], [0, 1, 2, 3]),
    ],
    ids=["missing", "none", "twice", "starting over", "far away"],
)
def test_unusable_stamps_continue_at_the_announced_rate(stamps, expected):
    frames = [Stamped(None if t is None else Fraction(t, 25), Fraction(0), k) for k, t in enumerate(stamps)]
    timeline = Timeline(Fraction(1, 25), gap=Fraction(60))
    assert [time * 25 for time, _ in timeline.mended(frames)] == expected
    assert timeline.end * 25 == expected[-1] + 1


@pytest.mark.parametrize("seed", range(20))
def test_the_number_of_frames_is_the_rounded_duration_at_any_rate(seed):
    rng = np.random.default_rng(seed)
    steps = [Fraction(int(step), 1000) for step in rng.integers(1, rng.integers(3, 120), size=40)]
    times = [sum(steps[:k], Fraction(0)) for k in range(len(steps))]
    frames = [Stamped(time, step, k) for k, (time, step) in enumerate(zip(times, steps, strict=True))]
    shown = list(at_constant_rate(frames, Timeline(Fraction(1, 25), Fraction(60)), Fraction(25)))
    expected = max(1, int(sum(steps) * 25 + Fraction(1, 2)))
    assert shown == nearest(times, expected)
