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
ENVELOPE = ("lip_envelope", "lip_envelope_offset_ms", *aligned_names("lip_envelope"))
SPEECH, _ = decode_audio(MATERIAL / "speech.wav", SAMPLE_RATE)


def mesh(late=0.0, count=None):
    """`[T, 468, 3]` a face whose mouth opens as loudly as the speech is, some frames later."""
    count = count or len(SPEECH) * FPS // SAMPLE_RATE
    opening = gaussian_filter1d(loudness_envelope(SPEECH, SAMPLE_RATE, FPS, count).astype(float), 1.0)
    opening = np.interp(np.arange(count) - late, np.arange(count), opening)
    landmarks = np.zeros((count, 468, 3), np.float32)
    landmarks[:, 263, 0] = 100
    landmarks[:, 14, 1] = 2 + 60 * opening
    return landmarks


def lips(landmarks, sound):
    crops = np.random.default_rng(0).integers(0, 256, (len(landmarks), 32, 32, 3), dtype=np.uint8)
    return scored(ENVELOPE, crops, crops, landmarks, sound)


@pytest.mark.parametrize("late", [-6, 0, 3, 7])
def test_a_late_picture_has_a_positive_offset(late):
    scores = lips(mesh(late), Sound(SPEECH)).scores
    assert set(scores) == set(ENVELOPE)
    assert scores["lip_envelope_offset_ms"] == pytest.approx(40 * late, abs=25)
    assert scores["lip_envelope"] > 0.8


def test_the_aligned_form_forgives_what_the_lag_tells():
    true, late = (lips(mesh(k), Sound(SPEECH)).scores for k in (0, 4))
    other = lips(mesh()[::-1], Sound(SPEECH)).scores
    assert late["lip_envelope_div"] < 0.5 * other["lip_envelope_div"]
    assert late["lag_ms_lip_envelope"] - true["lag_ms_lip_envelope"] == pytest.approx(160, abs=60)


def test_sound_that_begins_late_is_no_silence():
    """Half a second of the sound is cut off: the rest lies where it was."""
    cut = SAMPLE_RATE // 2
    filled = np.concatenate([np.zeros(cut, SPEECH.dtype), SPEECH[cut:]])
    scores = lips(mesh(), Sound(filled, late=cut)).scores
    assert scores["lip_envelope_offset_ms"] == pytest.approx(0, abs=25)
    assert scores["lip_envelope"] > 0.8


def test_picture_and_sound_of_different_lengths():
    for samples, landmarks in ((SPEECH[: 2 * SAMPLE_RATE], mesh()), (SPEECH, mesh()[:50])):
        scores = lips(landmarks, Sound(samples)).scores
        assert scores["lip_envelope_offset_ms"] == pytest.approx(0, abs=25)


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
    assert set(found.missing) == set(ENVELOPE)
    assert all(text.startswith(reason) for text in found.missing.values())


def test_a_still_mouth_is_not_late():
    still = np.repeat(mesh()[:1], 70, axis=0)
    scores = lips(still, Sound(SPEECH)).scores
    assert (scores["lip_envelope"], scores["lip_envelope_offset_ms"]) == (0, 0)
