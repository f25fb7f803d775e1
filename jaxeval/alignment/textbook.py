"""Soft-DTW as the papers write it, cell by cell: for reading, and for checking the fast one in `core/`."""

import numpy as np

STEPS = ((1, 1), (1, 0), (0, 1))  # what a path's step adds to (i, j): diagonal, vertical, horizontal


def soft_dtw_by_loops(cost: np.ndarray, gamma: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Soft-DTW's value, the expected alignment, and the transition weights, in float64.

        R_ij = D_ij + min_γ(R_{i−1,j−1}, R_{i−1,j}, R_{i,j−1}),    min_γ(a) = −γ log Σ_k exp(−a_k / γ)
        E_ij = ∂R_ts / ∂D_ij = Σ_k E_{(i,j) + step k} w_{(i,j) + step k, k},    w_k = exp(−a_k / γ) / Σ_l exp(−a_l / γ)

    Args:
        cost: `[T, S]` finite costs D.
        gamma: smoothing γ, above 0, in the cost's unit.

    Returns:
        R_ts, the value; E `[T, S]`; w `[T, S, 3]`, the share of each cell's diagonal, vertical and horizontal
        predecessor in its soft minimum.

    References:
        Cuturi and Blondel, Soft-DTW: a differentiable loss function for time-series, ICML 2017, algorithms 1 and 2;
        Mensch and Blondel, Differentiable dynamic programming for structured prediction and attention, ICML 2018.

    Example:
        >>> value, alignment, _ = soft_dtw_by_loops(np.array([[0.0, 1.0], [1.0, 0.0]]), gamma=1.0)
        >>> print(f"{value:.4f} {alignment[0, 1]:.4f}")  # -log(1 + 2 exp(-1)), exp(-1) / (1 + 2 exp(-1))
        -0.5514 0.2119
    """
    t, s = cost.shape
    accumulated = np.full((t + 1, s + 1), np.inf)  # R, with a row and a column before the first: nothing leads there
    accumulated[0, 0] = 0
    weights = np.zeros((t, s, 3))
    for i, j in np.ndindex(t, s):
        before = np.array([accumulated[i + 1 - di, j + 1 - dj] for di, dj in STEPS])
        terms = np.exp((before.min() - before) / gamma)
        accumulated[i + 1, j + 1] = cost[i, j] + before.min() - gamma * np.log(terms.sum())
        weights[i, j] = terms / terms.sum()
    alignment = np.zeros((t + 1, s + 1))  # E, with the same row and column
    alignment[t, s] = 1
    for i, j in reversed(list(np.ndindex(t, s))):
        for (di, dj), weight in zip(STEPS, weights[i, j], strict=True):
            alignment[i + 1 - di, j + 1 - dj] += alignment[i + 1, j + 1] * weight
    return float(accumulated[t, s]), alignment[1:, 1:], weights
