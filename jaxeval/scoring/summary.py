"""Scores of many clips in one line each: mean, 95 % interval, how many of how many."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.stats import bootstrap

from jaxeval.scoring.record import ClipRecord

_RESAMPLES = 2000


def summarise(records: Sequence[ClipRecord]) -> dict[str, dict[str, Any]]:
    """Every score's mean over the clips that have it.

    Args:
        records: all clips, failed ones included.

    Returns:
        Name to `{"mean", "ci95": [low, high] or None, "n", "of"}`: n clips have the score, of all that were asked
        for. The interval is the bootstrap's percentile interval of the mean over clips (2000 resamples, fixed seed);
        None for n < 2. A score that no clip has is listed with mean None and n 0.
    """
    names = dict.fromkeys(name for record in records for name in (*record.scores, *record.missing))
    return {name: _summary(_values(records, name), len(records)) for name in names}


def _values(records: Iterable[ClipRecord], name: str) -> np.ndarray:
    return np.array([record.scores[name] for record in records if name in record.scores])


def _summary(values: np.ndarray, of: int) -> dict[str, Any]:
    mean = float(values.mean()) if len(values) else None
    return {"mean": mean, "ci95": _interval(values), "n": len(values), "of": of}


def _interval(values: np.ndarray) -> list[float] | None:
    if len(values) < 2:
        return None
    result = bootstrap(
        (values,), np.mean, n_resamples=_RESAMPLES, method="percentile", rng=np.random.default_rng(0), vectorized=True
    )
    return [float(result.confidence_interval.low), float(result.confidence_interval.high)]
