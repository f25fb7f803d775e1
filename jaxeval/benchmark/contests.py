"""All methods against each other by one score: paired tests by person, clips needed, and ranks with their tests."""

import itertools
from collections.abc import Sequence

import numpy as np

from jaxeval.benchmark.board import Contest
from jaxeval.benchmark.cells import Cells, units
from jaxeval.benchmark.intervals import clustered_variance
from jaxeval.benchmark.ranking import Agreement, agreement, clips_needed, critical_difference, groups, ranks
from jaxeval.results.metric import Better
from jaxeval.results.paired_test import FLIPS, holm, paired_ps

_FLIPS_A_PAIR = 50
"""So many random flips for each comparison, so that Holm's correction leaves the least p far below the level."""


def contest(parts: Sequence[tuple[Cells, np.ndarray]], better: Better, alpha: float) -> Contest:
    """All methods against each other.

    Args:
        parts: one dataset, or several of equal weight, each with the score's values, `[M, N]`.
        better: "↑" or "↓".
        alpha: the family-wise error of each test.

    Returns:
        The contest.
    """
    methods = len(parts[0][1])
    pairs = np.array(list(itertools.combinations(range(methods), 2)), int).reshape(-1, 2)
    terms, error, common, unit = _paired([_differences(cells, values, pairs) for cells, values in parts])
    difference = np.where(common > 0, terms.sum(axis=1), np.nan)
    needed = clips_needed(difference, error * np.sqrt(common), level=alpha / max(1, len(pairs)))
    blocks = _blocks(*parts[0]) if len(parts) == 1 else np.stack([_means(values) for _, values in parts], axis=1)
    standing, critical = _ranked(blocks, better, alpha)
    return Contest(
        _square(difference * unit, pairs, methods, mirror=-1),
        _square(_corrected(terms, common > 0), pairs, methods),
        _square(needed, pairs, methods),
        standing,
        critical,
        [] if np.isnan(critical) else groups(standing.mean_ranks, critical),
    )


def _paired(found: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each dataset's differences what each person adds to the mean, `[K, P]`, its standard error, clips and unit."""
    unit = units(np.max([np.abs(sums).max(axis=1, initial=0) for sums, _ in found], axis=0))
    sizes = np.array([counts.sum(axis=1) for _, counts in found])
    datasets = np.maximum((sizes > 0).sum(axis=0), 1)
    terms, variance = [], np.zeros(len(unit))
    for (sums, counts), size in zip(found, sizes, strict=True):
        added = sums / unit[:, None] / np.maximum(size, 1)[:, None]
        deviations = sums / unit[:, None] - added.sum(axis=1)[:, None] * counts
        terms.append(added / datasets[:, None])
        variance += np.where(size > 0, clustered_variance(deviations, counts), 0) / datasets**2
    return np.concatenate(terms, axis=1), np.sqrt(variance), sizes.sum(axis=0), unit


def _differences(cells: Cells, values: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`[K, P]` sums and numbers of the differences on a person's common clips."""
    between = values[pairs[:, 0]] - values[pairs[:, 1]]
    is_common = ~np.isnan(between)
    return cells.by_person(np.where(is_common, between, 0)), cells.by_person(is_common.astype(float))


def _corrected(terms: np.ndarray, is_tested: np.ndarray) -> np.ndarray:
    """Holm's p's of tests that flip the signs of persons' shares of the mean difference."""
    p = np.full(len(terms), np.nan)
    if is_tested.any():
        flips = max(FLIPS, _FLIPS_A_PAIR * len(terms) - 1)
        p[is_tested] = holm(list(paired_ps(terms[is_tested], flips)))
    return p


def _means(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    return np.where(known, values, 0).sum(axis=1) / np.where(count, count, np.nan)


def _blocks(cells: Cells, values: np.ndarray) -> np.ndarray:
    """`[M, P]` persons' means over the clips that all methods have."""
    taking = ~np.isnan(values).all(axis=1)
    is_common = ~np.isnan(values[taking]).any(axis=0)
    count = cells.by_person(is_common.astype(float))
    sums = cells.by_person(np.where(is_common, values, 0))
    return np.where(taking[:, None], sums / np.where(count, count, np.nan), np.nan)


def _ranked(blocks: np.ndarray, better: Better, alpha: float) -> tuple[Agreement, float]:
    """Friedman's test and the critical difference among the methods that have any value."""
    taking = ~np.isnan(blocks).all(axis=1)
    found = agreement(ranks(blocks[taking], better))
    mean_ranks = np.full(len(blocks), np.nan)
    mean_ranks[taking] = found.mean_ranks
    able = taking.sum() > 1 and found.blocks > 1
    critical = critical_difference(int(taking.sum()), found.blocks, alpha) if able else np.nan
    return Agreement(mean_ranks, found.blocks, found.statistic, found.p, found.w), critical


def _square(numbers: np.ndarray, pairs: np.ndarray, methods: int, mirror: int = 1) -> np.ndarray:
    square = np.full((methods, methods), np.nan)
    square[pairs[:, 0], pairs[:, 1]] = numbers
    square[pairs[:, 1], pairs[:, 0]] = mirror * numbers
    return square
