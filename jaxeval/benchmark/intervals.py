"""Means over clips and their intervals, many at once, by a bootstrap that resamples persons with all their clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jaxeval.benchmark.plan import Statistics

_BLOCK = 2**22


@dataclass(frozen=True)
class Means:
    """K means over clips of one dataset.

    Attributes:
        mean: `[K]`, NaN without any clip.
        count: `[K]` clips.
        persons: `[K]` that have any of these clips.
        resampled: `[B, K]` the mean's deviation from `mean`, in B resamples.
    """

    mean: np.ndarray
    count: np.ndarray
    persons: np.ndarray
    resampled: np.ndarray


def means(sums: np.ndarray, counts: np.ndarray, told: Statistics, stream: int = 0) -> Means:
    """Means of clips that are clustered by person.

    Args:
        sums: `[K, P]` of each person's clips.
        counts: `[K, P]` how many clips those are.
        told: resamples and seed.
        stream: the number of the dataset, so that datasets are resampled independently.

    Returns:
        `Means`. A person without a clip isn't drawn.
    """
    count = counts.sum(axis=1)
    mean = sums.sum(axis=1) / np.where(count, count, np.nan)
    persons = (counts > 0).sum(axis=1)
    order = np.argsort(counts == 0, axis=1, kind="stable")
    deviations = np.take_along_axis(np.where(counts > 0, sums - mean[:, None] * counts, 0.0), order, axis=1)
    sizes = np.take_along_axis(counts, order, axis=1)
    resampled = np.full((told.resamples, len(sums)), np.nan)
    for drawn in np.unique(persons[persons > 0]):
        alike = persons == drawn
        weights = _weights(int(drawn), told.resamples, told.seed, stream)
        resampled[:, alike] = (weights @ deviations[alike, :drawn].T) / (weights @ sizes[alike, :drawn].T)
    return Means(mean, count, persons, resampled)


@lru_cache(maxsize=1)
def _weights(persons: int, resamples: int, seed: int, stream: int) -> np.ndarray:
    """`[B, P]` how often each person is drawn."""
    rng = np.random.default_rng([seed, stream, persons])
    drawn = rng.integers(0, persons, (resamples, persons)) + persons * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * persons).reshape(resamples, persons).astype(float)


def limits(found: Sequence[Means], level: float) -> np.ndarray:
    """The intervals of means over datasets of equal weight.

    Args:
        found: of each dataset, or of one.
        level: of the intervals.

    Returns:
        `[2, K]` low and high; NaN where a dataset has fewer than 2 persons, or none has a mean.
    """
    known = np.array([~np.isnan(each.mean) for each in found])
    datasets = known.sum(axis=0)
    center = overall(found)
    moved = sum(np.where(on, each.resampled, 0) for each, on in zip(found, known, strict=True))
    moved = moved / np.maximum(datasets, 1)
    tail = (1 - level) / 2
    low, high = np.quantile(moved, (tail, 1 - tail), axis=0)
    lone = np.array([each.persons == 1 for each in found]).any(axis=0)
    return np.where(lone | (datasets == 0), np.nan, center + np.array([low, high]))


def overall(found: Sequence[Means]) -> np.ndarray:
    """`[K]` means of the datasets' means, NaN without any."""
    every = np.array([each.mean for each in found])
    known = ~np.isnan(every)
    return np.where(known, every, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
