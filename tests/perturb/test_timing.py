"""More faults of timing: which frame is shown when, counted by hand on numbered frames."""

import numpy as np
import pytest

from jaxeval.perturb.timing import dropped, frozen, jittered, paced, paced_audio


def numbered(count):
    """Frame t is t everywhere."""
    return np.arange(count, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 2, 2, 3), np.uint8)


def shown(clip):
    return clip.frames[:, 0, 0, 0].astype(int)


def agrees(clip):
    """The lag is what it says: t less the number of the frame that is shown."""
    np.testing.assert_array_equal(clip.lag, np.arange(len(clip.frames)) - shown(clip))


@pytest.mark.parametrize(
    ("factor", "expected"),
    [(1.0, [0, 1, 2, 3, 4, 5]), (2.0, [0, 2, 4]), (0.5, [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5]), (1.5, [0, 2, 3, 5])],
)
def test_another_pace(factor, expected):
    clip = paced(numbered(6), factor)
    assert shown(clip).tolist() == expected
    agrees(clip)


@pytest.mark.parametrize("factor", [0.8, 1.2])
def test_sound_keeps_up_with_the_picture(factor):
    """A ramp of one unit per frame: after t frames of the new pace it stands where the picture stands."""
    per_frame = 640
    sound = paced_audio(np.arange(100 * per_frame) / per_frame, factor)
    clip = paced(numbered(100), factor)
    assert len(sound) == pytest.approx(len(clip.frames) * per_frame, abs=per_frame)
    middle = slice(10, len(clip.frames) - 10)
    np.testing.assert_allclose(sound[::per_frame][middle], shown(clip)[middle], atol=0.5 + 1e-9)


@pytest.mark.parametrize("reach", [0, 0.4, 1, 3])
def test_jitter_stays_within_its_reach_and_in_order(reach):
    clip = jittered(numbered(200), reach, seed=3)
    agrees(clip)
    assert (np.diff(shown(clip)) >= 0).all()
    assert np.abs(clip.lag).max() <= reach + 0.5
    assert bool(clip.lag.any()) == (reach > 0.5)


def test_another_seed_is_another_jitter():
    assert (jittered(numbered(50), 2, seed=0).lag != jittered(numbered(50), 2, seed=1).lag).any()


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_dropped_frames_hold_the_one_before(share):
    clip = dropped(numbered(100), share, seed=1)
    agrees(clip)
    assert (clip.lag > 0).sum() == min(round(share * 100), 99)
    held = clip.lag > 0
    np.testing.assert_array_equal(shown(clip)[held], shown(clip)[np.flatnonzero(held) - 1])
    np.testing.assert_array_equal(shown(clip)[~held], np.flatnonzero(~held))


@pytest.mark.parametrize("start", [0.0, 0.5, 1.0])
def test_a_freeze_ends_where_the_clip_would_be(start):
    clip = frozen(numbered(50), 0.4, start=start, fps=25)
    agrees(clip)
    runs = np.flatnonzero(np.diff(shown(clip)) == 0)
    if start < 1:
        assert len(runs) == 10
        assert (np.diff(runs) == 1).all()
    np.testing.assert_array_equal(clip.lag[: max(0, int(start * 50) - 5)], 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: paced(numbered(3), 0), "factor > 0, got 0"),
        (lambda: jittered(numbered(3), -1), "reach >= 0, got -1"),
        (lambda: dropped(numbered(3), 1), r"share in \[0, 1\), got 1"),
        (lambda: frozen(numbered(3), -1), "seconds >= 0"),
        (lambda: paced(np.zeros((0, 2, 2, 3), np.uint8), 1), "Expected frames of shape"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
