"""Methods in order: ranks over clips or datasets, whether they differ at all, and by how much ranks must differ."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from jaxeval.results.metric import Better


def ranks(values: np.ndarray, better: Better, *, failures: str = "left out") -> np.ndarray:
    """The rank of each method in each block, 1 for the best; equal values share the mean of their ranks.

    Args:
        values: `[M, N]` of M methods in N blocks, clips or datasets; NaN where a method has none.
        better: "↑" if high is better, "↓" if low is.
        failures: "left out": a block in which any method has no value is NaN for all; "last": methods without a value
            share the last ranks, which counts failures against them.

    Returns:
        `[M, N]`.

    Raises:
        ValueError: neither direction is better, or `failures` is something else.

    Example:
        >>> ranks(np.array([[3.0, np.nan], [1.0, 2.0], [1.0, 4.0]]), "↓", failures="last")
        array([[3. , 3. ],
               [1.5, 1. ],
               [1.5, 2. ]])
    """
    if better not in ("↑", "↓"):
        raise ValueError(f"Expected '↑' or '↓', got {better!r}.")
    if failures not in ("left out", "last"):
        raise ValueError(f"Expected failures 'left out' or 'last', got {failures!r}.")
    costs = -np.asarray(values, float) if better == "↑" else np.asarray(values, float)
    lost = np.isnan(costs)
    found = stats.rankdata(np.where(lost, np.inf, costs), axis=0)
    return np.where(lost.any(axis=0), np.nan, found) if failures == "left out" else found


@dataclass(frozen=True)
class Agreement:
    """Whether methods differ, by Friedman's test, and how far the blocks agree on their order.

    Attributes:
        mean_ranks: `[M]`.
        blocks: how many count.
        statistic: Friedman's χ², corrected for ties, of M − 1 degrees of freedom.
        p: the probability of at least so much if all methods are equal.
        w: Kendall's coefficient of concordance, 0 for no agreement to 1 for the same order in all blocks.
    """

    mean_ranks: np.ndarray
    blocks: int
    statistic: float
    p: float
    w: float


def agreement(found: np.ndarray) -> Agreement:
    """Friedman's test and Kendall's W.

    Args:
        found: `[M, N]` ranks; blocks with NaN are left out.

    Returns:
        `Agreement`; statistic, p and W are NaN for fewer than 3 methods or 2 blocks. If all methods are equal in all
        blocks, the statistic is 0.

    References:
        Friedman, The use of ranks to avoid the assumption of normality implicit in the analysis of variance, JASA 1937;
        Kendall and Babington Smith, The problem of m rankings, 1939.

    Example:
        >>> test = agreement(np.array([[1.0, 1, 1, 2], [2, 2, 3, 1], [3, 3, 2, 3]]))
        >>> print(test.mean_ranks, round(test.statistic, 2), round(test.w, 2))
        [1.25 2.   2.75] 4.5 0.56
    """
    kept = found[:, ~np.isnan(found).any(axis=0)]
    methods, blocks = kept.shape
    mean_ranks = kept.mean(axis=1) if blocks else np.full(methods, np.nan)
    if methods < 3 or blocks < 2:
        return Agreement(mean_ranks, blocks, np.nan, np.nan, np.nan)
    if (kept == kept[:1]).all():
        return Agreement(mean_ranks, blocks, 0.0, 1.0, 0.0)
    statistic, p = stats.friedmanchisquare(*kept)
    return Agreement(mean_ranks, blocks, float(statistic), float(p), float(statistic / (blocks * (methods - 1))))


def critical_difference(methods: int, blocks: int, level: float = 0.05) -> float:
    """By how much two mean ranks must differ for the two methods to differ: the Nemenyi test's critical difference.

        CD = q_α √(M (M + 1) / (6 N)),   q_α = q(1 − α; M, ∞) / √2

    with q the quantile of the studentized range.

    Args:
        methods: M, at least 2.
        blocks: N, at least 1.
        level: α.

    References:
        Nemenyi, Distribution-free multiple comparisons, 1963; Demšar, Statistical comparisons of classifiers over
        multiple data sets, JMLR 2006.

    Example:
        >>> round(critical_difference(4, 14), 2)
        1.25
    """
    q = stats.studentized_range.ppf(1 - level, methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * blocks)))


def groups(mean_ranks: np.ndarray, difference: float) -> list[tuple[int, ...]]:
    """Sets of methods that the test can't tell apart, as a critical-difference diagram joins them by bars.

    Args:
        mean_ranks: `[M]`.
        difference: the critical one.

    Returns:
        For each largest set whose ranks lie within `difference` the indices of its methods, the best first; none for
        a method that differs from all others.

    Example:
        >>> groups(np.array([1.2, 2.0, 2.4, 4.4]), 1.0)
        [(0, 1), (1, 2)]
    """
    order = np.argsort(mean_ranks, kind="stable")
    joined: list[tuple[int, ...]] = []
    for first, best in enumerate(order):
        within = tuple(int(k) for k in order[first:] if mean_ranks[k] - mean_ranks[best] <= difference)
        if len(within) > 1 and not (joined and set(within) <= set(joined[-1])):
            joined.append(within)
    return joined


def clips_needed(
    difference: np.ndarray | float, deviation: np.ndarray | float, *, level: float = 0.05, power: float = 0.8
) -> np.ndarray:
    """How many clips tell two methods apart, by a two-sided paired z test.

        n = ⌈((z_{1−α/2} + z_{power}) σ / δ)²⌉

    Args:
        difference: δ, the mean of the paired differences that is to be found, of any shape.
        deviation: σ, their standard deviation, at least 0, of that shape.
        level: α.
        power: the chance of finding it.

    Returns:
        The number of clips, at least 2; NaN where δ is 0, since no number would do.

    Example:
        >>> print(clips_needed(np.array([0.5, 0]), np.array([1.0, 1])))
        [32. nan]
    """
    z = stats.norm.ppf(1 - level / 2) + stats.norm.ppf(power)
    away = np.where(np.equal(difference, 0), np.nan, difference)
    return np.maximum(2, np.ceil((z * deviation / away) ** 2))
