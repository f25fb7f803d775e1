"""All methods against each other by one score: paired tests by person, clips needed, and ranks with their tests."""

import itertools
from collections.abc import Sequence

import numpy as np

from jaxeval.benchmark.board import Contest
from jaxeval.benchmark.cells import Cells
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
    found = [_differences(cells, values, pairs) for cells, values in parts]
    sizes = np.array([counts.sum(axis=1) for _, counts in found])
    datasets = np.maximum((sizes > 0).sum(axis=0), 1)
    shares = np.where(sizes > 0, 1 / np.maximum(sizes, 1) / datasets, 0)
    terms = np.concatenate([sums * share[:, None] for (sums, _), share in zip(found, shares, strict=True)], axis=1)
    common = sizes.sum(axis=0)
    difference = np.where(common > 0, terms.sum(axis=1), np.nan)
    variance = sum(_variance(*each) * share**2 for each, share in zip(found, shares, strict=True))
    p = np.full(len(pairs), np.nan)
    tested = common > 0
    if tested.any():
        flips = max(FLIPS, _FLIPS_A_PAIR * len(pairs) - 1)
        p[tested] = holm(list(paired_ps(terms[tested], flips)))
    needed = clips_needed(difference, np.sqrt(variance * common), level=alpha / max(1, len(pairs)))
    blocks = _blocks(*parts[0]) if len(parts) == 1 else np.stack([_means(values) for _, values in parts], axis=1)
    standing, critical = _ranked(blocks, better, alpha)
    return Contest(
        _square(difference, pairs, methods, mirror=-1),
        _square(p, pairs, methods),
        _square(needed, pairs, methods),
        standing,
        critical,
        [] if np.isnan(critical) else groups(standing.mean_ranks, critical),
    )


def _differences(cells: Cells, values: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`[K, P]` sums and numbers of the differences on a person's common clips."""
    between = values[pairs[:, 0]] - values[pairs[:, 1]]
    is_common = ~np.isnan(between)
    return cells.by_person(np.where(is_common, between, 0)), cells.by_person(is_common.astype(float))


def _variance(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """`[K]` of the sum of clips clustered by person, about its mean; NaN for fewer than 2 persons."""
    total = counts.sum(axis=1)
    residuals = sums - (sums.sum(axis=1) / np.maximum(total, 1))[:, None] * counts
    persons = (counts > 0).sum(axis=1)
    return np.where(persons == 0, 0, (residuals**2).sum(axis=1) * persons / np.where(persons == 1, np.nan, persons - 1))


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
