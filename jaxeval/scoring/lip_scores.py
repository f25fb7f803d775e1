"""The numbers of `lip_sync`, and why some of them aren't told."""

from typing import Any

import numpy as np

from jaxeval.metrics.lip_sync import SURE, LipSync
from jaxeval.results.record import OffsetCurve
from jaxeval.results.score import Form, score_name
from jaxeval.scoring.aligned_scores import Scored, missing
from jaxeval.scoring.sound import Sound

_UNSURE = f"a lip-sync confidence below {SURE:g}: a wrong pair reaches as much"
_LAGS: tuple[Form, ...] = ("lag", "lag_std")


def lip_scores(found: tuple[Any, Any], own_sound: Sound, fps: float) -> Scored:
    """Correlation, offset and confidence of the generated clip, and the reference's own offset.

    Args:
        found: `LipSync` of the generated clip, and of the reference, None if it has no sound.
        own_sound: the reference's.
        fps: frames per second.
    """
    x, y = found
    scores = {"lip_sync": float(x.correlation), "lip_sync_confidence": float(x.confidence)}
    offsets = {role: _curve(each) for role, each in (("generated", x), ("reference", y)) if each is not None}
    scored = Scored(scores, offsets=offsets) | _offset("lip_sync_offset_ms", x, fps)
    if y is None:
        return scored | missing(["lip_sync_offset_ms_reference"], f"no sound of the reference: {own_sound.reason}")
    return scored | _offset("lip_sync_offset_ms_reference", y, fps)


def without_unsure_lag(scored: Scored) -> Scored:
    """The lag between mouth and voice is told only if their offset is.

    Args:
        scored: the pair's scores, with those of alignment.
    """
    lags = [score_name("lip_sync", form) for form in _LAGS]
    if scored.scores.get("lip_sync_confidence", SURE) >= SURE:
        return scored
    return scored.only(lambda name: name not in lags) | missing([lag for lag in lags if lag in scored.scores], _UNSURE)


def _curve(found: LipSync) -> OffsetCurve:
    confidence = float(found.confidence)
    sure = SURE / confidence * float(found.correlation) if confidence > 0 else 1.0
    return OffsetCurve(np.asarray(found.curve), sure)


def _offset(name: str, found: LipSync, fps: float) -> Scored:
    offset = float(found.offset)
    if np.isnan(offset):
        return missing([name], "too few frames have both picture and sound")
    if float(found.confidence) < SURE:
        return missing([name], _UNSURE)
    return Scored({name: offset * 1000 / fps})
