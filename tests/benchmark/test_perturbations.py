"""The grid: what it holds, what each condition does to a clip, and which part of it is chosen."""

import numpy as np
import pytest

from jaxeval.benchmark.perturbations import CHANGES, GRID, IDENTICAL, OWN, SAMPLE_RATE, Material, chosen_conditions
from jaxeval.errors import JaxevalError

KINDS = {
    "harmless": ("shift", "pace", "wander", "jitter", "drops"),
    "timing fault": ("freezes", "sound_delay"),
    "quality fault": ("blur", "noise", "compression", "identity", "mouth_freeze"),
}
FRAMES = 50


@pytest.fixture(scope="module")
def material():
    """Noise that changes from frame to frame, two seconds long, with a made-up face."""
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (FRAMES, 48, 48, 3), dtype=np.uint8)
    face = rng.uniform(14, 34, (468, 3))
    face[234, 0], face[454, 0] = 10, 38
    landmarks = np.stack([face + rng.normal(0, 0.5, 3) for _ in frames])
    return Material(frames, 25.0, rng.normal(0, 0.1, FRAMES * SAMPLE_RATE // 25).astype(np.float32), landmarks)


def test_every_change_is_of_one_kind():
    assert {c.change: c.kind for c in GRID[1:]} == {change: kind for kind, cs in KINDS.items() for change in cs}
    assert {change for changes in OWN.values() for change in changes} <= set(KINDS["quality fault"])


def test_every_change_has_levels_in_rising_order():
    for change in CHANGES:
        strengths = [c.strength for c in GRID if c.change == change]
        assert len(set(strengths)) >= 2
        assert min(strengths) > 0
        if change != "pace":  # which is slower first
            assert strengths == sorted(strengths)


def test_names_and_files_are_unique():
    assert len({c.name for c in GRID}) == len({c.file_name for c in GRID}) == len(GRID)
    assert all(c.file_name.isascii() and "/" not in c.file_name for c in GRID)


@pytest.mark.parametrize("condition", GRID[1:], ids=lambda condition: condition.file_name)
def test_each_condition_changes_what_it_is_about(condition, material):
    made = condition.make(material)
    picture = made.frames.shape != material.frames.shape or bool((made.frames != material.frames).any())
    sound = made.sound.shape != material.sound.shape or bool((made.sound != material.sound).any())
    assert picture == (condition.change != "sound_delay")
    assert sound == (condition.change in ("shift", "pace", "wander", "sound_delay"))
    if condition.change != "pace":
        assert made.frames.shape == material.frames.shape
        assert made.sound.shape == material.sound.shape


@pytest.mark.parametrize("change", ["blur", "noise", "identity", "shift", "sound_delay"])
def test_stronger_levels_change_more(change, material):
    smooth = np.repeat(np.repeat(material.frames[:, ::8, ::8], 8, 1), 8, 2)
    smooth = Material(smooth, 25.0, np.cumsum(material.sound), material.landmarks)
    made = [c.make(smooth) for c in GRID if c.change == change]
    if change == "sound_delay":
        amounts = [np.count_nonzero(m.sound == 0) for m in made]
    elif change == "shift":
        amounts = [int((m.frames == smooth.frames[:1]).all((1, 2, 3)).sum()) for m in made]
    else:
        amounts = [np.abs(m.frames.astype(float) - smooth.frames).mean() for m in made]
    assert amounts == sorted(amounts)
    assert amounts[0] < amounts[-1]


def test_what_a_clip_lacks_is_told(material):
    mute = Material(material.frames, 25.0)
    reasons = {c.change: c.lacks(mute) for c in GRID}
    assert reasons.pop("sound_delay") == "the clip has no sound"
    assert reasons.pop("identity") == reasons.pop("mouth_freeze") == "no face was found in the clip"
    assert set(reasons.values()) == {None}
    assert {c.lacks(material) for c in GRID} == {None}


def test_a_part_of_the_grid():
    assert chosen_conditions() == GRID
    assert chosen_conditions(["blur"], 9) == (IDENTICAL, *(c for c in GRID if c.change == "blur"))
    two = chosen_conditions(levels=2)
    for change in CHANGES:
        every = [c.strength for c in GRID if c.change == change]
        assert {c.strength for c in two if c.change == change} == {min(every), max(every)}
    assert [c.name for c in chosen_conditions(["noise", "shift"], 1)] == [
        "identical",
        "shift 240 ms",
        "noise σ 32 of 255",
    ]


@pytest.mark.parametrize(
    ("changes", "levels", "text"),
    [
        (["blurr"], None, "Did you mean blur?"),
        (["identical"], None, "Did you mean identity?"),
        ([], 0, "at least 1, found 0"),
    ],
)
def test_what_cannot_be_chosen(changes, levels, text):
    with pytest.raises(JaxevalError, match=text):
        chosen_conditions(changes, levels)
