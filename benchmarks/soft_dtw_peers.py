"""Other implementations of Soft-DTW on CPU, for the benchmarks `soft_dtw.py` and `soft_dtw_accuracy.py`.

- numba: the algorithm of Blondel, Mensch and Vert, Differentiable divergences between time series, 2021: row by row
  in float64, the three transition probabilities of each cell kept for the way back. Serial, as in the authors' package,
  and with a batch divided among the cores. The value alone keeps two rows and no probabilities, for which the package
  has no way of its own.
- tslearn: what is behind its `SoftDTWLossPyTorch`; float32 costs, the batch divided among the cores.
- aeon: takes series, not costs, and has no gradient. It gets two random series of one channel for each pair, and
  computes their squared differences itself, in float64.
- naive JAX: a scan over anti-diagonals in float32 with 1e8 for infinity, differentiated by JAX.

The packages come with `pip install numba tslearn aeon torch`; a peer without its package is shown as not installed.
"""

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

INFINITY = 1e8

# OpenMP's threads, which tslearn and numba-parallel use, wait by running otherwise, and so slow down what runs next, or
# themselves where another process has one of the cores.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


class Peer(NamedTuple):
    """One implementation.

    Attributes:
        name: for the tables.
        take: brings float32 costs `[B, n, m]` into the form that the functions want.
        value: (what `take` returned, gamma) -> values `[B]`.
        value_and_gradient: the same, and the gradients `[B, n, m]`; None if it has none.
        costs_of: the costs `[B, n, m]` that it sees of what `take` returned; None if they are the ones given.
        float32: whether it computes in float32, so that its gradient loses digits as the path grows.
    """

    name: str
    take: Callable[[np.ndarray], Any]
    value: Callable[[Any, float], Any]
    value_and_gradient: Callable[[Any, float], tuple[Any, Any]] | None
    costs_of: Callable[[Any], np.ndarray] | None = None
    float32: bool = False


def peers() -> tuple[list[Peer], list[str]]:
    """The peers whose packages are there, and the names of the others."""
    needs = {
        "numba": ("numba", lambda: numba_peer(parallel=False)),
        "numba-parallel": ("numba", lambda: numba_peer(parallel=True)),
        "tslearn": ("tslearn torch", tslearn_peer),
        "aeon": ("aeon", aeon_peer),
        "naive JAX": ("jax", naive_jax_peer),
    }
    found, missing = [], []
    for name, (packages, peer) in needs.items():
        if all(find_spec(package) for package in packages.split()):
            found.append(peer())
        else:
            missing.append(name)
    return found, missing


def numba_peer(parallel: bool) -> Peer:
    import numba

    pair_value, there, back = (numba.njit(function) for function in (_value, _there, _back))

    # Without `parallel` a prange is a range.
    @numba.njit(parallel=parallel)
    def value(costs, gamma):
        values = np.empty(len(costs))
        for b in numba.prange(len(costs)):
            values[b] = pair_value(costs[b], gamma)
        return values

    @numba.njit(parallel=parallel)
    def value_and_gradient(costs, gamma):
        values, gradients = np.empty(len(costs)), np.empty(costs.shape)
        for b in numba.prange(len(costs)):
            values[b], share = there(costs[b], gamma)
            back(share, gradients[b])
        return values, gradients

    return Peer("numba-parallel" if parallel else "numba", np.ascontiguousarray, value, value_and_gradient)


def _value(cost, gamma):
    n, m = cost.shape
    scale = 1 / gamma
    above = np.full(m + 1, np.inf)
    above[0] = 0.0
    for i in range(n):
        corner, left = above[0], np.inf
        above[0] = np.inf
        for j in range(1, m + 1):
            up = above[j]
            least = min(corner, min(up, left))
            total = np.exp(least - corner) + np.exp(least - up) + np.exp(least - left)
            left = cost[i, j - 1] * scale + least - np.log(total)
            above[j] = left
            corner = up
    return gamma * above[m]


def _there(cost, gamma):
    n, m = cost.shape
    scale = 1 / gamma
    value = np.full((n + 1, m + 1), np.inf)
    value[0, 0] = 0.0
    share = np.zeros((n + 1, m + 1, 3))
    for i in range(n):
        for j in range(m):
            corner, up, left = value[i, j], value[i, j + 1], value[i + 1, j]
            least = min(corner, min(up, left))
            from_corner, from_up, from_left = np.exp(least - corner), np.exp(least - up), np.exp(least - left)
            total = from_corner + from_up + from_left
            share[i, j, 0] = from_corner / total
            share[i, j, 1] = from_up / total
            share[i, j, 2] = from_left / total
            value[i + 1, j + 1] = cost[i, j] * scale + least - np.log(total)
    return gamma * value[n, m], share


def _back(share, gradient):
    n, m = gradient.shape
    flow = np.zeros((n + 1, m + 1))
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            flow[i, j] = (
                share[i + 1, j + 1, 0] * flow[i + 1, j + 1]
                + share[i + 1, j, 1] * flow[i + 1, j]
                + share[i, j + 1, 2] * flow[i, j + 1]
            )
            if i == n - 1 and j == m - 1:
                flow[i, j] = 1
            gradient[i, j] = flow[i, j]


def tslearn_peer() -> Peer:
    import torch
    from tslearn.metrics import soft_dtw_loss_pytorch

    # The loss takes series; the autograd function in it takes costs.
    function = soft_dtw_loss_pytorch._SoftDTWLossPyTorch.apply

    def take(costs):
        return torch.from_numpy(np.array(costs, np.float32))

    def value(costs, gamma):
        with torch.no_grad():
            return function(costs, gamma, 0, None, None)

    def value_and_gradient(costs, gamma):
        costs = costs.detach().requires_grad_()
        values = function(costs, gamma, 0, None, None)
        return values.detach(), torch.autograd.grad(values.sum(), costs)[0]

    return Peer("tslearn", take, value, value_and_gradient, float32=True)


def aeon_peer() -> Peer:
    from aeon.distances import soft_dtw_cost_matrix

    def take(costs):
        rng = np.random.default_rng(1)
        batch, n, m = costs.shape
        return rng.random((batch, n)), rng.random((batch, m))

    def value(series, gamma):
        # Its `soft_dtw_distance` is the last element of this, without its sign.
        return np.array([soft_dtw_cost_matrix(x, y, gamma)[-1, -1] for x, y in zip(*series, strict=True)])

    def costs_of(series):
        x, y = series
        return np.square(x[:, :, None] - y[:, None]).astype(np.float32)

    return Peer("aeon", take, value, None, costs_of)


def naive_jax_peer() -> Peer:
    # γ as a number that is known, as ours gets it.
    value = jax.jit(jax.vmap(naive, (0, None)), static_argnums=1)
    value_and_gradient = jax.jit(jax.vmap(jax.value_and_grad(naive), (0, None)), static_argnums=1)
    return Peer("naive JAX", jnp.asarray, value, value_and_gradient, float32=True)


def naive(cost: jax.Array, gamma: float) -> jax.Array:
    """Soft-DTW of one pair, differentiable."""
    n, m = cost.shape
    # Rows one element longer than they are read drift apart by one: the columns are anti-diagonals.
    padded = jnp.pad(cost, ((0, 0), (0, n)), constant_values=INFINITY).reshape(-1)
    diagonals = padded[: n * (n + m - 1)].reshape(n, n + m - 1).T

    def one_down(values):
        return jnp.pad(values[:-1], (1, 0), constant_values=INFINITY)

    def step(carry, costs):
        before, previous = carry
        three = jnp.stack([one_down(before), one_down(previous), previous])
        # With `jax.nn.logsumexp(-three / gamma)` the gradient has NaN from 20 x 20 on.
        least = jax.lax.stop_gradient(three.min(axis=0))
        current = costs + least - gamma * jnp.log(jnp.exp((least - three) / gamma).sum(axis=0))
        return (previous, current), None

    start = jnp.full(n, INFINITY), diagonals[0]
    return jax.lax.scan(step, start, diagonals[1:])[0][1][-1]
