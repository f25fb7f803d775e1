"""Flags for what alignment hides: faulty clips of a real face get theirs, harmless ones get none."""

from types import SimpleNamespace

import numpy as np
import pytest

from jaxeval.demo.clips import talking_face
from jaxeval.perturb.picture import blurred, late, rubato
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.record import Curves
from jaxeval.scoring.aligned_scores import Scored
from jaxeval.scoring.materials import grey_blocks
from jaxeval.scoring.plan import BLOCKS, FAULTS, TIME_FAULTS, measure, padded_rows
from jaxeval.scoring.timing import FEWEST_TIMED, fault_flags, timing_scores

FRAMES = talking_face()[0][:, 24:248, 24:248]
T = np.arange(len(FRAMES))


def flags(x, y=FRAMES, scored=None):
    clips = [SimpleNamespace(seen=SimpleNamespace(crops=frames), frames=len(frames)) for frames in (x, y)]
    pair = SimpleNamespace(protocol=JAXEVAL_V1, x=clips[0], y=clips[1], alone=False)
    found = []
    if min(len(x), len(y)) >= FEWEST_TIMED:
        rows = padded_rows(grey_blocks(x), grey_blocks(y))
        found = list(map(float, measure(((FAULTS, TIME_FAULTS),), {BLOCKS: rows})[FAULTS]))
    return [flag.split(":")[0] for flag in fault_flags(pair, scored or Scored(), found)]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (np.where((T >= 25) & (T < 50), 25, T), ["frozen"]),
        (T % 25, ["looped"]),
        (T[::-1], ["reversed"]),
        (T * 0 + 30, ["static"]),
        (T, []),
        (np.minimum(T + 4, T[-1]), []),
        ((T * 0.8).astype(int), []),
        (T[:12], []),
    ],
)
def test_faults_of_time(shown, expected):
    assert flags(FRAMES[shown]) == expected


def test_harmless_changes():
    for changed in (late(FRAMES, 0.2, fps=25.0), rubato(FRAMES, 0.15, fps=25.0), blurred(FRAMES)):
        assert flags(changed.frames) == []


@pytest.mark.parametrize("by", [(0, 9), (-8, 0)])
def test_a_displaced_picture(by):
    assert flags(np.roll(FRAMES, by, axis=(1, 2))) == ["misregistered"]


def curves(cost):
    curve = np.full(len(T), cost)
    return Curves(curve, curve, 0 * curve, np.eye(len(T)))


@pytest.mark.parametrize(
    ("metric", "cost", "expected"),
    [("lpips", 0.014, ["copy"]), ("lpips", 0.016, []), ("st_lpips", 0.008, ["copy"]), ("st_lpips", 0.01, [])],
)
def test_a_copy_by_the_aligned_costs(metric, cost, expected):
    assert flags(FRAMES, scored=Scored(curves={metric: curves(cost), "expr": curves(0.0)})) == expected


def test_a_copy_by_lpips_where_both_are_there():
    both = {"st_lpips": curves(0.5), "lpips": curves(0.004)}
    assert flags(FRAMES, scored=Scored(curves=both)) == ["copy"]


@pytest.mark.parametrize(("frames_late", "flagged"), [(3, False), (6, True)])
def test_timing_in_numbers_and_its_flag(frames_late, flagged):
    lag = np.full(100, float(frames_late))
    names = {"lag_ms_lpips": 40.0 * frames_late, "lag_std_ms_lpips": 0.0}
    found = timing_scores(JAXEVAL_V1, Scored(names, curves={"lpips": Curves(lag, lag, lag, np.eye(100))}))
    scores = found.scores
    assert (scores["lag_ms"], scores["lag_std_ms"]) == (40.0 * frames_late, 0)
    assert [scores[f"lag_beyond_{ms}ms"] for ms in (40, 80, 160)] == [1, 1, float(flagged)]
    assert scores["lag_drift"] == pytest.approx(0, abs=1e-4)
    assert [flag.split(":")[0] for flag in found.flags] == (["timing"] if flagged else [])


def test_drift_of_a_slower_clip():
    lag = 0.1 * np.arange(100.0)
    names = dict.fromkeys(("lag_ms_lpips", "lag_std_ms_lpips"), 1.0)
    found = timing_scores(JAXEVAL_V1, Scored(names, curves={"lpips": Curves(lag, lag, lag, np.eye(100))}))
    assert found.scores["lag_drift"] == pytest.approx(100, rel=1e-4)
    assert found.flags


def test_without_timing_it_is_missing():
    reason = dict.fromkeys(("lag_ms_lpips", "lag_std_ms_lpips"), "one frame only")
    found = timing_scores(JAXEVAL_V1, Scored(missing=reason))
    assert set(found.missing) == {"lag_ms", "lag_std_ms", "lag_drift", *(f"lag_beyond_{ms}ms" for ms in (40, 80, 160))}
