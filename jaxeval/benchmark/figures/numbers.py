"""Numbers behind the figures: a board's means, scores turned and scaled, Pareto's front, densities."""

import itertools
from collections.abc import Sequence

import numpy as np
from scipy import stats

from jaxeval.benchmark.board import Board
from jaxeval.results.definitions import METRICS
from jaxeval.results.metric import Better
from jaxeval.results.score import Score

_MOST = 512
_RANKS = {value.name: value.rank for metric in METRICS for value in metric.values if value.rank}
_LAST = 99


def means(board: Board, dataset: str, scores: Sequence[Score]) -> np.ndarray:
    """`[M, S]` the methods' means on a dataset, or on `ALL`; NaN where there is none."""
    told = [[board.standings.get((m.name, dataset, s.name)) for s in scores] for m in board.bench.methods]
    numbers = [[np.nan if each is None or each.mean is None else each.mean for each in row] for row in told]
    return np.array(numbers, float).reshape(len(numbers), len(scores))


def leading(board: Board, count: int) -> list[Score]:
    """The scores to show where there is no room for all: as different ones as there are.

    Args:
        board: what was found.
        count: at most so many.

    Returns:
        Scores with a better end: of each group the one that comes first in the catalogue, then of each the next one,
        and so on. What alignment leaves of a frame-wise score comes before it.
    """
    directed = [score for score in board.scores if score.better]
    left = {score.metric: score for score in directed if score.form == "div"}
    ranked = sorted(directed, key=lambda score: _RANKS.get(score.name, _LAST))
    groups: dict[str, dict[Score, None]] = {}
    for score in ranked:
        first = left.get(score.metric, score) if score.form == "framewise" else score
        groups.setdefault(score.group, {}).update({first: None, score: None})
    rounds = itertools.zip_longest(*groups.values())
    return [score for each in rounds for score in each if score][:count]


def framewise_of(board: Board, scores: Sequence[Score]) -> list[Score]:
    """Of scores that are divergences the frame-wise ones of the same metrics."""
    metrics = [score.metric for score in scores if score.form == "div"]
    return [score for score in board.scores if score.form == "framewise" and score.metric in metrics and score.better]


def min_max(values: np.ndarray, better: Better, axis: int | None = None) -> np.ndarray:
    """Scale to 0 for the worst and 1 for the best.

        (v − worst) / (best − worst)

    Args:
        values: of any shape; NaN stays NaN.
        better: "↑" if high is better, "↓" if low is.
        axis: along which the worst and the best are taken; all if None.

    Returns:
        The same shape; 0.5 where all are equal.

    Example:
        >>> print(min_max(np.array([3.0, np.nan, 1.0, 2.0]), "↓"), min_max(np.ones(2), "↑"))
        [0.  nan 1.  0.5] [0.5 0.5]
    """
    known = ~np.isnan(values)
    low = np.where(known, values, np.inf).min(axis=axis, keepdims=True, initial=np.inf)
    high = np.where(known, values, -np.inf).max(axis=axis, keepdims=True, initial=-np.inf)
    some = low < high
    # Halves: the difference of the largest numbers is finite.
    span = np.where(some, np.where(some, high, 1) / 2 - np.where(some, low, 0) / 2, 1)
    scaled = np.where(some, (values / 2 - np.where(some, low, 0) / 2) / span, 0.5)
    return np.where(known, 1 - scaled if better == "↓" else scaled, np.nan)


def pareto(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which points no other one dominates: none is at least as high by both and higher by one.

    Args:
        x: `[N]`, turned so that high is better; NaN where there is none.
        y: likewise.

    Returns:
        `[N]` bool; False for a point without either number.

    Example:
        >>> pareto(np.array([1.0, 2.0, 3.0, 3.0]), np.array([3.0, 2.0, 1.0, 0.0]))
        array([ True,  True,  True, False])
    """
    as_good = (x[:, None] >= x) & (y[:, None] >= y)
    better = (x[:, None] > x) | (y[:, None] > y)
    return ~(as_good & better).any(axis=0) & ~np.isnan(x) & ~np.isnan(y)


def density(values: np.ndarray, cells: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian kernel density with Scott's bandwidth, within the range of the values.

    Args:
        values: `[N]` finite; of more than 512 as many quantiles count.
        cells: at how many places.

    Returns:
        Places and densities relative to the highest; one place and 0 where all values are equal, nothing for none.

    Example:
        >>> where, height = density(np.array([0.0, 1.0, 2.0]))
        >>> print(where[0], where[-1], height.max(), density(np.ones(3)))
        0.0 2.0 1.0 (array([1.]), array([0.]))
    """
    kept = np.quantile(values, np.linspace(0, 1, _MOST)) if len(values) > _MOST else values
    unit = np.abs(kept).max(initial=0)
    if not len(kept) or not np.ptp(kept / (unit or 1)) > 1e-12:
        return np.unique(kept)[:1], np.zeros(min(1, len(kept)))
    where = np.linspace(kept.min(), kept.max(), cells)
    height = stats.gaussian_kde(kept / unit)(where / unit)
    return where, height / height.max()
