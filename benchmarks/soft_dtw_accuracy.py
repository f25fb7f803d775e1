"""How exact Soft-DTW and its alignment are in float32, beside other implementations, at every scale of γ and the costs.

The oracle goes through the cells in float64. Of each R it keeps the cost of the cheapest path, which is exact, apart
from what the other paths take off it, so that no size of R costs the shares a digit. It sees the numbers as the rounded
types hold them, γ included.

- value: |v - v64| / max(|v64|, γT, max|C|), the worse of `soft_dtw` and `soft_dtw_value_and_alignment`
- alignment: max|E - E64|

The peers (see `soft_dtw_peers.py`) are shown without a band, for theirs are other sets of cells or none; the one in
float64 is the measure of what float32 costs. A second table shows the derivative with respect to γ. The exit code is 1
if ours misses a target.

    python benchmarks/soft_dtw_accuracy.py [--quick]

Packages: `pip install numba`, which the oracle needs; tslearn and torch are optional.
"""

import sys
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numba import njit
from soft_dtw_peers import Peer, peers

import jaxeval
from jaxeval.alignment import soft_dtw_value_and_alignment

GAMMAS = (1.0, 1e-1, 1e-2, 1e-3, 1e-4)
SHAPES = ((100, 120), (500, 500))
BANDS = (None, 25)
SCALES = {"[0, 1)": lambda u: u, "+1e3": lambda u: u + 1000, "x1e6": lambda u: u * 1e6, "x1e12": lambda u: u * 1e12}
SHOWN = ("numba", "tslearn", "naive JAX")
VALUE_TARGET = 1e-6


class Truth(NamedTuple):
    """What the oracle says of one matrix; slope is the derivative with respect to γ."""

    value: float
    alignment: np.ndarray
    slope: float


class Errors(NamedTuple):
    """Of one implementation."""

    value: float
    alignment: float


def alignment_target(gamma: float) -> float:
    return 1e-5 if gamma >= 1e-3 else 1e-3


def forbidden(shape: tuple[int, int], band: float | None) -> np.ndarray:
    """Whether |i·L/max(t−1, 1) − j·L/max(s−1, 1)| > band, multiplied by both lengths, so that nothing is rounded."""
    if band is None:
        return np.zeros(shape, bool)
    i, j = np.indices(shape)
    across, along = (max(length - 1, 1) for length in shape)
    return np.abs(i * along - j * across) * (max(shape) - 1) > band * across * along


def oracle(cost: np.ndarray, gamma: float, band: float | None = None) -> Truth:
    cost = np.where(forbidden(cost.shape, band), np.inf, cost.astype(np.float64))
    cheapest, excess, shares, entropy = _there(cost, gamma)
    alignment = _back(shares)
    return Truth(cheapest + excess, alignment, float((alignment * entropy).sum()))


@njit
def _there(cost, gamma):
    """R of the last cell as `cheapest + excess`; of each cell the shares of its predecessors and Σ_k w_k log w_k."""
    t, s = cost.shape
    cheapest, excess = np.full((t + 1, s + 1), np.inf), np.zeros((t + 1, s + 1))
    cheapest[0, 0] = 0
    shares, entropy = np.zeros((t, s, 3)), np.zeros((t, s))
    gap = np.empty(3)
    for i in range(t):
        for j in range(s):
            steps = ((i, j), (i, j + 1), (i + 1, j))
            least = 0
            for k in range(1, 3):
                behind = cheapest[steps[k]] - cheapest[steps[least]]
                if cheapest[steps[k]] < np.inf and behind + (excess[steps[k]] - excess[steps[least]]) < 0:
                    least = k
            base = steps[least]
            if cheapest[base] == np.inf or cost[i, j] == np.inf:
                continue
            others = 0.0
            for k in range(3):
                gap[k] = (cheapest[steps[k]] - cheapest[base]) + (excess[steps[k]] - excess[base])
                if k != least:
                    others += np.exp(-gap[k] / gamma)
            for k in range(3):
                shares[i, j, k] = np.exp(-gap[k] / gamma) / (1 + others)
                if shares[i, j, k] > 0:
                    entropy[i, j] -= shares[i, j, k] * (gap[k] / gamma + np.log1p(others))
            cheapest[i + 1, j + 1] = cost[i, j] + cheapest[base]
            excess[i + 1, j + 1] = excess[base] - gamma * np.log1p(others)
    return cheapest[t, s], excess[t, s], shares, entropy


@njit
def _back(shares):
    t, s, _ = shares.shape
    alignment = np.zeros((t + 1, s + 1))
    alignment[t, s] = 1
    for i in range(t - 1, -1, -1):
        for j in range(s - 1, -1, -1):
            here = alignment[i + 1, j + 1]
            alignment[i, j] += here * shares[i, j, 0]
            alignment[i, j + 1] += here * shares[i, j, 1]
            alignment[i + 1, j] += here * shares[i, j, 2]
    return alignment[1:, 1:]


@cache
def ours(band: float | None):
    def function(cost, gamma):
        both = soft_dtw_value_and_alignment(cost, gamma=gamma, band=band)
        return jaxeval.soft_dtw(cost, gamma=gamma, band=band), *both

    return jax.jit(function)


def errors_of_ours(cost: jax.Array, gamma: float, band: float | None, truth: Truth) -> Errors:
    alone, value, alignment = ours(band)(cost, gamma)
    seen = np.asarray(cost, np.float64)
    return Errors(
        float(np.max([value_error(v, truth, seen, gamma) for v in (alone, value)])),
        float(np.abs(np.asarray(alignment, np.float64) - truth.alignment).max()),
    )


def errors_of_peer(peer: Peer, cost: np.ndarray, gamma: float, truth: Truth) -> Errors:
    value, alignment = (np.asarray(x)[0] for x in peer.value_and_gradient(peer.take(cost[None]), gamma))
    return Errors(value_error(value, truth, cost, gamma), float(np.abs(alignment - truth.alignment).max()))


def value_error(value: float, truth: Truth, cost: np.ndarray, gamma: float) -> float:
    unit = max(abs(truth.value), gamma * len(cost), np.abs(cost).max())
    return abs(float(value) - truth.value) / unit


def matrix(shape: tuple[int, int], scale: str, dtype: type) -> jax.Array:
    uniform = np.random.default_rng(0).random(shape)
    return jnp.asarray(SCALES[scale](uniform).astype(np.float32)).astype(dtype)


def measured(case: tuple, found: list[Peer]) -> tuple[list[str], bool]:
    """The cells of one row, and whether ours meets the targets."""
    dtype, shape, band, scale, gamma = case
    cost, gamma = matrix(shape, scale, dtype), float(np.float32(gamma))
    wide = np.asarray(cost.astype(jnp.float32))
    truth = oracle(wide, gamma, band)
    own = errors_of_ours(cost, gamma, band, truth)
    good = own.value <= VALUE_TARGET and own.alignment <= alignment_target(gamma)
    cells = [f"{own.value:.0e}", f"{own.alignment:.0e}", "ok" if good else "MISSED"]
    for peer in found:
        theirs = errors_of_peer(peer, wide, gamma, truth) if band is None else None
        cells += ["-", "-"] if theirs is None else [f"{theirs.value:.0e}", f"{theirs.alignment:.0e}"]
    return cells, good


def slope_error(scale: str, gamma: float) -> float:
    cost, gamma = matrix((100, 120), scale, jnp.float32), jnp.float32(gamma)
    truth = oracle(np.asarray(cost), float(gamma)).slope
    slope = jax.jit(jax.grad(lambda gamma: jaxeval.soft_dtw(cost, gamma=gamma)))(gamma)
    # A slope that isn't there in float32 may be 0.
    return abs(float(slope) - truth) / max(abs(truth), float(np.finfo(np.float32).tiny))


def rows(found: list[Peer], shapes: tuple) -> Iterator[tuple[list[str], bool]]:
    for case in product((jnp.float32, jnp.bfloat16), shapes, BANDS, SCALES, GAMMAS):
        dtype, (t, s), band, scale, gamma = case
        cells, good = measured(case, found)
        yield [dtype.__name__, f"{t}x{s}", str(band or "-"), scale, f"{gamma:.0e}", *cells], good


def main() -> None:
    found, missing = peers()
    found = [peer for peer in found if peer.name in SHOWN]
    for name in (name for name in missing if name in SHOWN):
        print(f"{name}: not installed")
    head = f"{'costs':8} {'T x S':>8} {'band':>4} {'scale':>6} {'γ':>6} | {'ours: value, alignment':>22}"
    print(" | ".join([head, *(f"{peer.name:>13}" for peer in found)]))
    met = []
    for cells, good in rows(found, SHAPES[:1] if "--quick" in sys.argv else SHAPES):
        line = "{:8} {:>8} {:>4} {:>6} {:>6} | {:>6} {:>6} {:>8}".format(*cells[:8])
        pairs = zip(cells[8::2], cells[9::2], strict=True)
        print(" | ".join([line, *(f"{value:>6} {alignment:>6}" for value, alignment in pairs)]), flush=True)
        met.append(good)
    print("\nRelative error of the derivative with respect to γ, 100x120, float32")
    for scale in ("[0, 1)", "+1e3"):
        cells = (f"γ {gamma:.0e}: {slope_error(scale, gamma):.1e}" for gamma in GAMMAS[1:])
        print(f"{scale:>6}   {'   '.join(cells)}")
    print(f"\nTargets: value {VALUE_TARGET:.0e}; alignment 1e-05 for γ >= 1e-03, 1e-03 for γ = 1e-04")
    print(f"ours met them in {sum(met)} of {len(met)} cases" + ("" if all(met) else ": NOT all"))
    sys.exit(not all(met))


if __name__ == "__main__":
    main()
