"""Lips against sound: offsets have the right size and sign, whenever sound begins and however long it lasts."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from jaxeval.demo.clips import MATERIAL, SAMPLE_RATE
from jaxeval.media.audio import decode_audio, loudness_envelope
from jaxeval.results.score import aligned_names
from jaxeval.scoring.sound import Sound

from .crops import scored

FPS = 25
OFFSET, OWN = "lip_sync_offset_ms", "lip_sync_offset_ms_reference"
LIP_SYNC = ("lip_sync", OFFSET, "lip_sync_confidence", OWN, *aligned_names("lip_sync"))
SPEECH, _ = decode_audio(MATERIAL / "speech.wav", SAMPLE_RATE)
OTHER = SPEECH[::-1].copy()


def mesh(late=0.0, count=None):
    """`[T, 468, 3]` a face whose lips part and whose jaw drops as loudly as the speech is, some frames later."""
    count = count or len(SPEECH) * FPS // SAMPLE_RATE
    opening = gaussian_filter1d(np.log(0.01 + loudness_envelope(SPEECH, SAMPLE_RATE, FPS, count).astype(float)), 1.0)
    opening = (opening - opening.min()) / np.ptp(opening)
    opening = 15 * np.interp(np.arange(count) - late, np.arange(count), opening)
    rest = 50 * np.random.default_rng(0).normal(size=(468, 3))
    landmarks = np.tile(rest, (count, 1, 1)).astype(np.float32)
    for upper, lower, apart in ((13, 14, 2), (82, 87, 2), (312, 317, 2), (81, 178, 2), (311, 402, 2)):
        landmarks[:, lower] = landmarks[:, upper]
        landmarks[:, lower, 1] += apart + opening
    for upper, lower, apart in ((0, 17, 20), (1, 152, 80)):
        landmarks[:, lower] = landmarks[:, upper]
        landmarks[:, lower, 1] += apart + opening
    return landmarks


def lips(landmarks, sound, own_sound=None):
    crops = np.random.default_rng(0).integers(0, 256, (len(landmarks), 32, 32, 3), dtype=np.uint8)
    return scored(LIP_SYNC, crops, crops, landmarks, sound, own_sound or sound)


@pytest.mark.parametrize("late", [-6, 0, 3, 7])
def test_a_late_picture_has_a_positive_offset(late):
    scores = lips(mesh(late), Sound(SPEECH)).scores
    assert set(scores) == set(LIP_SYNC)
    assert scores[OFFSET] == pytest.approx(40 * late, abs=25)
    assert scores[OWN] == scores[OFFSET], "both clips have this mesh and this sound"
    assert scores["lip_sync"] > 0.5
    assert scores["lip_sync_confidence"] > 3


def test_the_references_own_offset_is_that_of_its_own_sound():
    delayed = np.concatenate([np.zeros(SAMPLE_RATE // 5, SPEECH.dtype), SPEECH])[: len(SPEECH)]
    scores = lips(mesh(3), Sound(SPEECH), Sound(delayed)).scores
    assert scores[OFFSET] == pytest.approx(120, abs=25)
    assert scores[OWN] == pytest.approx(-80, abs=25)


def test_a_reference_without_sound_has_no_offset():
    found = lips(mesh(), Sound(SPEECH), Sound(None, "reference.mp4 has no sound stream"))
    assert found.missing == {OWN: "no sound of the reference: reference.mp4 has no sound stream"}


def test_the_offset_of_a_wrong_sound_is_not_told():
    found = lips(mesh(), Sound(OTHER))
    assert found.scores["lip_sync_confidence"] < 3
    unsure = {OFFSET, "lag_ms_lip_sync", "lag_std_ms_lip_sync"}
    assert set(found.missing) == unsure | {OWN}
    assert {found.missing[name] for name in unsure} == {"a lip-sync confidence below 3: a wrong pair reaches as much"}


def test_the_aligned_form_forgives_what_the_lag_tells():
    true, late = (lips(mesh(k), Sound(SPEECH)).scores for k in (0, 4))
    other = lips(mesh(), Sound(OTHER)).scores
    assert late["lip_sync_div"] < 0.8 * other["lip_sync_div"]
    assert late["lag_ms_lip_sync"] - true["lag_ms_lip_sync"] == pytest.approx(160, abs=60)


def test_sound_that_begins_late_is_no_silence():
    """A third of a second of the sound is cut off: the rest lies where it was."""
    cut = SAMPLE_RATE // 3
    filled = np.concatenate([np.zeros(cut, SPEECH.dtype), SPEECH[cut:]])
    scores = lips(mesh(), Sound(filled, late=cut)).scores
    assert scores[OFFSET] == pytest.approx(0, abs=25)
    assert scores["lip_sync"] > 0.5


def test_picture_and_sound_of_different_lengths():
    for samples, landmarks in ((SPEECH[: 5 * SAMPLE_RATE // 2], mesh()), (SPEECH, mesh()[:65])):
        scores = lips(landmarks, Sound(samples)).scores
        assert scores[OFFSET] == pytest.approx(0, abs=25)


@pytest.mark.parametrize(
    ("samples", "frames", "reason"),
    [
        (SPEECH, 30, "too short for offsets of ±15 frames: 30 have both picture and sound"),
        (SPEECH[: SAMPLE_RATE // 2], 70, "too short for offsets of ±15 frames: 1"),
        (SPEECH[:0], 70, "too short for offsets of ±15 frames: 0 have both picture and sound"),
        (np.zeros_like(SPEECH), 70, "the sound is silent"),
    ],
)
def test_what_can_not_be_told_is_missing(samples, frames, reason):
    found = lips(mesh()[:frames], Sound(samples))
    assert found.scores == {}
    assert set(found.missing) == set(LIP_SYNC)
    assert all(text.startswith(reason) for text in found.missing.values())


def test_a_still_mouth_is_not_in_sync():
    still = np.repeat(mesh()[:1], 70, axis=0)
    found = lips(still, Sound(SPEECH))
    assert (found.scores["lip_sync"], found.scores["lip_sync_confidence"]) == (0, 0)
    assert OFFSET in found.missing
