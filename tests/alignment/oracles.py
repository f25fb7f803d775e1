"""Soft-DTW in float64 NumPy, from its definitions and the textbook's loops: what the wavefront is held against."""

from fractions import Fraction
from functools import cache
from itertools import pairwise
from math import inf

import numpy as np

from jaxeval.alignment.textbook import STEPS, soft_dtw_by_loops


@cache
def monotone_paths(t: int, s: int) -> list[tuple[tuple[int, int], ...]]:
    """Every path from (0, 0) to (t − 1, s − 1)."""
    if (t, s) == (1, 1):
        return [((0, 0),)]
    shorter = [(t - di, s - dj) for di, dj in STEPS if t > di and s > dj]
    return [(*path, (t - 1, s - 1)) for size in shorter for path in monotone_paths(*size)]


def is_monotone_path(path: np.ndarray, t: int, s: int) -> bool:
    steps = [(int(i2 - i1), int(j2 - j1)) for (i1, j1), (i2, j2) in pairwise(path)]
    return tuple(path[0]) == (0, 0) and tuple(path[-1]) == (t - 1, s - 1) and all(step in STEPS for step in steps)


def enumerated(cost: np.ndarray, gamma: float, paths=None) -> tuple[float, np.ndarray]:
    """Value and alignment as sums over all paths; γ = 0 is the minimum, its paths equally likely."""
    cost = np.asarray(cost, np.float64)
    paths = monotone_paths(*cost.shape) if paths is None else paths
    totals = np.array([sum(cost[cell] for cell in path) for path in paths])
    weights = np.exp(-(totals - totals.min()) / gamma) if gamma else (totals == totals.min()).astype(float)
    alignment = np.zeros(cost.shape)
    for path, weight in zip(paths, weights / weights.sum(), strict=True):
        for cell in path:
            alignment[cell] += weight
    return totals.min() - gamma * np.log(weights.sum()), alignment


def looped(cost: np.ndarray, gamma: float) -> tuple[float, np.ndarray, float]:
    """Value, alignment and ∂value/∂γ = Σ E_ij Σ_k w_ijk log w_ijk, from the textbook's loops."""
    value, alignment, weights = soft_dtw_by_loops(cost, gamma)
    *others, largest = np.moveaxis(np.sort(weights, axis=-1), -1, 0)
    # The largest weight is near 1, where the logarithm of the others' sum keeps its digits.
    negative_entropy = sum(w * np.log(np.where(w > 0, w, 1)) for w in others) + largest * np.log1p(-sum(others))
    return value, alignment, (alignment * negative_entropy).sum()


def swept(cost: np.ndarray, gamma: float) -> tuple[float, np.ndarray]:
    """Value and alignment by anti-diagonals, in long double; +inf forbids a cell; at γ = 0 ties share the minimum."""
    t, s = cost.shape
    accumulated = np.full((t + 1, s + 1), inf, np.longdouble)
    accumulated[0, 0] = 0
    weights = np.zeros((len(STEPS), t, s), np.longdouble)
    diagonals = [(rows := np.arange(max(0, d - s + 1), min(t - 1, d) + 1), d - rows) for d in range(t + s - 1)]
    for i, j in diagonals:
        before = np.stack([accumulated[i + 1 - di, j + 1 - dj] for di, dj in STEPS])
        least = np.where(np.isinf(before.min(axis=0)), 0, before.min(axis=0))
        terms = np.exp(-(before - least) / np.longdouble(gamma)) if gamma else (before == least).astype(np.longdouble)
        total = terms.sum(axis=0)
        leads = total > 0
        total = np.where(leads, total, 1)
        accumulated[i + 1, j + 1] = np.where(leads, cost[i, j] + least - np.longdouble(gamma) * np.log(total), inf)
        weights[:, i, j] = terms / total
    alignment = np.zeros((t + 1, s + 1), np.longdouble)
    alignment[t, s] = np.isfinite(accumulated[t, s])
    for i, j in reversed(diagonals):
        for (di, dj), weight in zip(STEPS, weights, strict=True):
            alignment[i + 1 - di, j + 1 - dj] += alignment[i + 1, j + 1] * weight[i, j]
    return float(accumulated[t, s]), alignment[1:, 1:].astype(np.float64)


def deviation(i: int, j: int, t: int, s: int) -> Fraction:
    """How far a cell lies from the line between the corners, in frames of the longer trajectory."""
    span = max(t, s) - 1
    return abs(Fraction(i * span, max(t - 1, 1)) - Fraction(j * span, max(s - 1, 1)))


def members(t: int, s: int, band: float) -> np.ndarray:
    """Which cells of a t × s matrix lie inside a band, in exact fractions."""
    return np.array([[deviation(i, j, t, s) <= band for j in range(s)] for i in range(t)])


def inside(t: int, s: int, band: float) -> list[tuple[tuple[int, int], ...]]:
    """Every path that stays inside a band."""
    return [path for path in monotone_paths(t, s) if all(deviation(*cell, t, s) <= band for cell in path)]


def only_inside(cost: np.ndarray, band: float) -> np.ndarray:
    """Costs with all cells outside a band forbidden."""
    return np.where(members(*cost.shape, band), cost, inf)


def differences(function, point: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Central differences, one column for each component of the point."""
    shifts = step * np.eye(len(point))
    return np.stack([(function(point + shift) - function(point - shift)) / (2 * step) for shift in shifts], axis=-1)


def random_cost(t: int, s: int, seed: int = 0, offset: float = 0.0) -> np.ndarray:
    """Float32 costs in [offset, offset + 1): an oracle must see the rounded numbers."""
    return (np.random.default_rng(seed).random((t, s)) + offset).astype(np.float32)


def random_walk(t: int, dimensions: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(t, dimensions)).cumsum(axis=0).astype(np.float32)
