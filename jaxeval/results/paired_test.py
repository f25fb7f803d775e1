"""Is a difference between two runs more than chance: a paired permutation test, and Holm's correction for many."""

from collections.abc import Sequence

import numpy as np

from jaxeval.results.summary import scaled

EXACT_UP_TO = 13
"""Clips up to which all 2^n sign flips are tried; of more clips, `FLIPS` random ones with a fixed seed."""
FLIPS = 9999
LEVEL = 0.05
_BLOCK = 2**20


def paired_p(differences: np.ndarray) -> float:
    """The two-sided p of a paired permutation test of the mean difference, in which every clip's sign may flip.

    Args:
        differences: `[N]` finite, one for each clip.

    Returns:
        p, exact up to 13 clips, of 9,999 random flips beyond; 1 if no clip differs.

    References:
        Good, Permutation, Parametric and Bootstrap Tests of Hypotheses, 3rd ed., 2005, section 3.2; Phipson and Smyth,
        Permutation p-values should never be zero, 2010.

    Example:
        >>> paired_p(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))  # 2 of the 32 flips are as far from 0
        0.0625
    """
    return float(paired_ps(scaled(differences)[0][None])[0])


def paired_ps(differences: np.ndarray, flips: int = FLIPS) -> np.ndarray:
    """`paired_p` of several tests at once, with the same flips.

    Args:
        differences: `[K, N]` of K tests, small enough to be summed.
        flips: how many random ones, beyond 13 clips.

    Returns:
        `[K]`.
    """
    count = differences.shape[1]
    if count < 2:
        return np.ones(len(differences))
    if count <= EXACT_UP_TO:
        return _extreme(differences, np.arange(2**count)[:, None] >> np.arange(count) & 1) / 2**count
    rng, block = np.random.default_rng(0), max(1, _BLOCK // count)
    extreme = np.ones(len(differences))  # the observed signs count as one of the flips
    for start in range(0, flips, block):
        extreme += _extreme(differences, rng.integers(0, 2, (min(block, flips - start), count), dtype=np.int8))
    return extreme / (flips + 1)


def _extreme(differences: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """How many of the flips, each a row of 1 for a sign that is kept and 0 for one that isn't, are as far from 0."""
    total = differences.sum(axis=1)
    threshold = abs(total) - 1e-13 * np.abs(differences).sum(axis=1)  # equal sums may differ in their last digits
    return (np.abs(2 * (kept @ differences.T) - total) >= threshold).sum(axis=0)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's correction: p's that keep the chance of any false alarm among them below the level.

        p̃_(k) = max_{j ≤ k} min(1, (m − j + 1) p_(j)),  p_(1) ≤ … ≤ p_(m)

    Args:
        p: of m tests.

    Returns:
        The corrected ones, in the same order.

    References:
        Holm, A simple sequentially rejective multiple test procedure, 1979.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, float)
    order = np.argsort(values, kind="stable")
    stepped = np.minimum(1.0, values[order] * np.arange(len(values), 0, -1))
    corrected = np.empty_like(values)
    corrected[order] = np.maximum.accumulate(stepped)
    return [float(value) for value in corrected]


def too_few(clips: int, tests: int) -> bool:
    """Whether no outcome on so few clips could have a corrected p below the level: the least p is 2 / 2^n.

    Example:
        >>> too_few(5, 1), too_few(6, 1), too_few(6, 2)
        (True, False, True)
    """
    return 2.0 ** (1 - clips) * tests >= LEVEL
