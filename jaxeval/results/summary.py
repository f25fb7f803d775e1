"""Scores of many clips in one line each: mean, 95 % interval, how many of how many; median, and the worst clips."""

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from jaxeval.results.document import Detail, Entry
from jaxeval.results.record import ClipRecord
from jaxeval.results.score import Score

_RESAMPLES, _LEVEL = 2000, 0.95
_BLOCK = 2**20
_WORST = 5
_LARGEST = 2.0**400
"""Up to here sums and squares of as many numbers as there are stay in float64; larger ones are scaled first."""


def summarize(
    records: Sequence[ClipRecord], names: Iterable[str], identities: Mapping[str, str] | None = None
) -> dict[str, Entry]:
    """Every score's mean over the clips that have it.

    Args:
        records: all clips, failed ones included.
        names: of the scores.
        identities: clip's id to the person in it, where known: clips of one person are no independent evidence, so the
            interval resamples persons with all their clips. A clip that isn't named is a person of its own.

    Returns:
        Name to `Entry`. The interval is the bootstrap's percentile interval of the mean (2000 resamples, fixed seed).
    """
    return {name: _entry(name, records, identities or {}) for name in names}


def details_of(records: Sequence[ClipRecord], scores: Iterable[Score]) -> dict[str, Detail]:
    """What more there is to say of every score than its mean; no clip is the worst where there is no better end."""
    return {score.name: _detail(score, records) for score in scores}


def interval(values: np.ndarray, persons: Sequence[str]) -> tuple[float, float] | None:
    """The 95 % interval of a mean.

    Args:
        values: `[N]` one number for each clip.
        persons: whose clip each is.

    Returns:
        Low and high, as `scipy.stats.bootstrap` has them, importing which takes longer than a comparison; None for
        fewer than 2 persons.
    """
    _, whose = np.unique(np.asarray(persons), return_inverse=True)
    counts = np.bincount(whose)
    if len(counts) < 2:
        return None
    values, unit = scaled(values)
    sums, rng, means = np.bincount(whose, values), np.random.default_rng(0), np.empty(_RESAMPLES)
    step = max(1, _BLOCK // len(counts))
    for start in range(0, _RESAMPLES, step):
        drawn = rng.integers(0, len(counts), (min(step, _RESAMPLES - start), len(counts)))
        means[start : start + step] = sums[drawn].sum(1) / counts[drawn].sum(1)
    tail = (1 - _LEVEL) / 2
    low, high = (_quantile(np.sort(means), share) * unit for share in (tail, 1 - tail))
    return low, high


def _quantile(ordered: np.ndarray, share: float) -> float:
    """Interpolated linearly, in the order of SciPy's operations: NumPy's own differs in the last digit."""
    place = share * len(ordered) + (1 - share)
    below, part = int(place) - 1, place % 1
    return float((1 - part) * ordered[below] + part * ordered[below + 1])


def scaled(values: np.ndarray) -> tuple[np.ndarray, float]:
    """Numbers that can be summed and squared, and their unit: a power of 2, so that nothing is rounded.

    Args:
        values: `[N]` finite float64.

    Returns:
        values / unit and unit, which is 1 for all but huge numbers.

    Example:
        >>> values, unit = scaled(np.array([1e308, 1e308]))
        >>> print(values.sum() / 2 * unit)
        1e+308
    """
    largest = float(np.abs(values).max(initial=0))
    unit = 1.0 if largest <= _LARGEST else 2.0 ** (math.frexp(largest)[1] - 1)
    return values / unit, unit


def mean_of(values: np.ndarray) -> float:
    """The mean of finite numbers, however large."""
    values, unit = scaled(values)
    return float(values.mean()) * unit


def _median(values: Sequence[float]) -> float:
    small, unit = scaled(np.array(values))
    return float(np.median(small)) * unit


def _entry(name: str, records: Sequence[ClipRecord], identities: Mapping[str, str]) -> Entry:
    having = [record for record in records if name in record.scores]
    values = np.array([record.scores[name] for record in having])
    persons = [identities.get(record.id, f"clip {record.id}") for record in having]
    return Entry(
        mean=mean_of(values) if having else None,
        ci95=interval(values, persons) if having else None,
        n=len(having),
        of=len(records),
    )


def _detail(score: Score, records: Sequence[ClipRecord]) -> Detail:
    having = [record for record in records if score.name in record.scores]
    ordered = sorted(having, key=lambda record: record.scores[score.name], reverse=score.better == "↓")
    return Detail(
        median=_median([record.scores[score.name] for record in having]) if having else None,
        worst=tuple(record.id for record in ordered[:_WORST]) if score.better else (),
    )
