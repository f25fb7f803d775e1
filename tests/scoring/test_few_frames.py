"""Clips of one frame and of few: what can be computed is, and everything else says how many frames it needs."""

import pytest

import jaxeval
from jaxeval.demo.clips import talking_face
from jaxeval.media.write import write_video

NAMES = ["csim", "lpips", "lpips_div", "jerk", "tlpips", "head_motion", "blink_rate", "blink_rate_reference"]
NEEDED = {"tlpips": 2, "head_motion": 2, "jerk": 4, "blink_rate": 50, "blink_rate_reference": 50}


@pytest.mark.slow
@pytest.mark.parametrize(("t", "s"), [(1, 1), (3, 5), (6, 1)])
def test_a_score_is_there_or_says_how_many_frames_it_needs(tmp_path, t, s):
    frames = talking_face()[0][:6]
    for name, count in (("x", t), ("y", s)):
        write_video(tmp_path / f"{name}.mp4", frames[:count], 25, crf=10)
    (clip,) = jaxeval.score(tmp_path / "x.mp4", tmp_path / "y.mp4", scores=NAMES).clips
    assert (clip.status, clip.frames) == ("ok", (t, s))
    least = {name: t if name == "jerk" else min(t, s) for name in NEEDED}
    lacking = {name: f"fewer than {count} frames" for name, count in NEEDED.items() if least[name] < count}
    assert clip.missing == lacking
    assert clip.scores.keys() == set(NAMES) - lacking.keys()
