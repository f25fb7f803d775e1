"""How fast Soft-DTW is beside other implementations on CPU, for several sizes of a batch.

A row gives the time of ours and of every peer, and how many times as long as ours the best peer takes: in each of
several repetitions all of them run in turn, and the ratio is taken within a repetition; its median and its extremes are
shown. `soft_dtw_peers.py` says what the peers are. Before anything is timed, their values and gradients are held
against ours. Below the table: compilation, calls outside `jax.jit`, a band, and what clips ten times as long cost
inside a band.

    python benchmarks/soft_dtw.py [--quick] [--sizes 1x100x100 32x250x250 ...]

Packages: `pip install numba tslearn aeon torch`.
"""

import argparse
import json
import math
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from soft_dtw_peers import Peer, peers

import jaxeval

GAMMA, BAND = 0.1, 25
SIZES = [(1, 100, 100), (1, 500, 500), (1, 2000, 2000), (32, 100, 100), (32, 250, 250), (256, 64, 64)]
QUICK_SIZES = [(1, 100, 100), (4, 100, 100), (32, 64, 64)]
CLIPS, QUICK_CLIPS, SHORT_CLIP = (1500, 15_000), (300, 1500), 64
REPETITIONS, QUICK_REPETITIONS = 7, 3
ENOUGH = 0.005  # seconds that a measurement takes at least
PAUSE = 0.02  # seconds after which the threads of one contender no longer disturb the next
TOLERANCE = 1e-3

Size = tuple[int, int, int]
Call = Callable[[], Any]


class Case(NamedTuple):
    """One row: what runs, and how long compiling ours took."""

    size: Size
    with_gradient: bool
    calls: dict[str, Call]
    compile_seconds: float


def size(text: str) -> Size:
    batch, n, m = map(int, text.split("x"))
    return batch, n, m


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes and few repetitions")
    parser.add_argument("--sizes", type=size, nargs="+", help="batch x n x m, for example 32x250x250")
    parser.add_argument("--clip", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def header() -> str:
    versions = []
    for package in ("jax", "numba", "tslearn", "aeon", "torch"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} not installed")
    return f"python {platform.python_version()}, {', '.join(versions)}; {os.cpu_count()} cores, {processor()}"


def processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def costs(size: Size) -> np.ndarray:
    return np.random.default_rng(0).random(size, np.float32)


def ours(with_gradient: bool, band: float | None = None) -> Callable[[jax.Array], Any]:
    function = partial(jaxeval.soft_dtw, gamma=GAMMA, band=band)
    return jax.jit(jax.vmap(jax.value_and_grad(function) if with_gradient else function))


def seconds(call: Call, count: int = 1) -> float:
    """Mean time of a call."""
    start = time.perf_counter()
    for _ in range(count):
        jax.block_until_ready(call())
    return (time.perf_counter() - start) / count


def interleaved(calls: dict[str, Call], repetitions: int) -> dict[str, np.ndarray]:
    """Milliseconds of each call in each repetition, in which all of them, compiled before, run in turn."""
    counts = {name: math.ceil(ENOUGH / seconds(call)) for name, call in calls.items()}
    times = {name: [] for name in calls}
    for _ in range(repetitions):
        for name, call in calls.items():
            time.sleep(PAUSE)
            if counts[name] > 1:
                call()
            times[name].append(seconds(call, counts[name]) * 1000)
    return {name: np.array(taken) for name, taken in times.items()}


def first_and_later(call: Call) -> tuple[float, float]:
    first = seconds(call)
    return first, min(seconds(call) for _ in range(3))


def case(size: Size, with_gradient: bool, others: list[Peer]) -> Case:
    """A row with all its contenders compiled, warm and, the peers, in agreement with ours."""
    function, data = ours(with_gradient), costs(size)
    calls = {"ours": partial(function, jnp.asarray(data))}
    first, later = first_and_later(calls["ours"])
    for peer in others:
        run = peer.value_and_gradient if with_gradient else peer.value
        if run is None:
            continue
        taken = peer.take(data)
        calls[peer.name] = partial(run, taken, GAMMA)
        expected = function(peer.costs_of(taken) if peer.costs_of else data)
        check(peer, size, calls[peer.name](), expected, with_gradient)
        seconds(calls[peer.name])
    return Case(size, with_gradient, calls, first - later)


def check(peer: Peer, size: Size, found: Any, expected: Any, with_gradient: bool) -> None:
    """Leave with a message if a peer computes something else than ours."""
    pairs = zip(*((found, expected) if with_gradient else ([found], [expected])), strict=True)
    errors = [relative_error(np.asarray(theirs), np.asarray(own)) for theirs, own in pairs]
    # A difference of rounding errors, which grow with R, over γ.
    tolerance = TOLERANCE * max(1, max(size[1:]) / 500) if peer.float32 else TOLERANCE
    if not max(errors) <= tolerance:
        text = " and ".join(f"{error:.1e}" for error in errors)
        sys.exit(f"soft_dtw: {peer.name} at {size} differs from ours by {text} (values, gradients).")


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    """The worst of the batch, by each pair's largest number."""
    axes = tuple(range(1, expected.ndim))
    return float((np.abs(found - expected).max(axes) / np.abs(expected).max(axes)).max())


def verdict(ratio: float, full: float, enough: float) -> str:
    return "ok" if ratio >= full else "within reach" if ratio >= enough else "SHORT"


def target(size: Size) -> tuple[float, float]:
    return (1, 1) if size == (1, 100, 100) else (2, 1.5)


def row(case: Case, names: list[str], repetitions: int) -> list[str]:
    times = interleaved(case.calls, repetitions)
    medians = {name: float(np.median(taken)) for name, taken in times.items()}
    best = min((name for name in times if name != "ours"), key=medians.get)
    ratios, (full, enough) = times[best] / times["ours"], target(case.size)
    ratio, compiling = float(np.median(ratios)), case.compile_seconds
    return [
        "value+grad" if case.with_gradient else "value",
        "x".join(map(str, case.size)),
        f"{medians['ours']:.3g}",
        best,
        f"{medians[best]:.3g}",
        f"{ratio:.2f}",
        f"{ratios.min():.2f}-{ratios.max():.2f}",
        f"{full:g}" if full == enough else f"{full:g}, {enough:g}",
        verdict(ratio, full, enough),
        *(f"{medians[name]:.3g}" if name in medians else "-" for name in names),
        f"{compiling:.2f}{'' if compiling < 1 else ' SHORT'}",
    ]


def table(cases: list[Case], names: list[str], repetitions: int) -> str:
    head = ["", "size", "ours", "best peer", "ms", "ratio", "min-max", "target", "", *names, "compile s"]
    rows = [head, *(row(case, names, repetitions) for case in cases)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    signs = ["<" if column in (0, 1, 3) else ">" for column in range(len(head))]
    fields = list(zip(signs, widths, strict=True))
    lines = ("  ".join(f"{cell:{s}{w}}" for cell, (s, w) in zip(row, fields, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def eager() -> list[str]:
    cost = jnp.asarray(costs((1, 250, 250))[0])
    lines = []
    for name, function in {"soft_dtw": jaxeval.soft_dtw, "grad(soft_dtw)": jax.grad(jaxeval.soft_dtw)}.items():
        taken = [seconds(partial(function, cost)) * 1000 for _ in range(9)]
        text = f"first {taken[0]:.0f} ms, second {taken[1]:.2f} ms, later {np.median(taken[2:]):.2f} ms"
        lines.append(f"eager {name} at 250x250: {text} (target: second < 5 ms) {verdict(5 / taken[1], 1, 1)}")
    return lines


def banded(size: Size, repetitions: int) -> str:
    cost = jnp.asarray(costs(size))
    calls = {name: partial(ours(True, band), cost) for name, band in (("full", None), ("banded", BAND))}
    for call in calls.values():
        first_and_later(call)
    times = interleaved(calls, repetitions)
    ratios = times["full"] / times["banded"]
    ratio, medians = float(np.median(ratios)), [float(np.median(times[name])) for name in calls]
    text = f"{medians[0]:.3g} / {medians[1]:.3g} ms = {ratio:.2f} ({ratios.min():.2f}-{ratios.max():.2f})"
    name = "x".join(map(str, size))
    return f"value + gradient at {name}, full / band={BAND}: {text} (target: 5) {verdict(ratio, 5, 5)}"


def peak_memory() -> float:
    """In MB, of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def clip(frames: int) -> None:
    """The child process: one clip's divergence and its gradient, measured, as JSON."""
    metric = jaxeval.aligned(jaxeval.distances.squared_euclidean, gamma=0.01, band=BAND)
    x, y = jax.random.normal(jax.random.key(0), (2, frames, 512)).block_until_ready()
    function = jax.jit(jax.value_and_grad(lambda x, y: metric(x, y).divergence))
    # What compiling takes is not the clip's.
    jax.block_until_ready(function(x[:SHORT_CLIP], y[:SHORT_CLIP]))
    before = peak_memory()
    first, later = first_and_later(lambda: function(x, y))
    print(json.dumps({"first": first, "later": later, "peak": peak_memory(), "more": peak_memory() - before}))


def clips(lengths: tuple[int, int]) -> list[str]:
    """What the band's clips cost, each in a process of its own, and how it grows."""
    lines, costs = [], []
    for frames in lengths:
        command = [sys.executable, __file__, "--clip", str(frames)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            return [*lines, f"clip of {frames} frames: FAILED, exit code {done.returncode}"]
        found = json.loads(done.stdout)
        costs.append(found)
        times = f"{found['later']:.3f} s (first call {found['first']:.2f} s)"
        memory = f"peak memory {found['peak']:.0f} MB, {found['more']:.0f} MB more than {SHORT_CLIP} frames take"
        lines.append(f"clip of {frames} frames x 512, divergence and gradient, band={BAND}: {times}, {memory}")
    short, long = costs
    growth = f"time x {long['later'] / short['later']:.1f}, memory x {long['more'] / max(short['more'], 1):.1f}"
    return [*lines, f"growth for {lengths[1] / lengths[0]:g} times the frames: {growth}"]


def main() -> None:
    chosen = options()
    if chosen.clip:
        clip(chosen.clip)
        return
    print(header(), flush=True)
    # First, for a child counts its parent's memory at the start as its own.
    long_clips = clips(QUICK_CLIPS if chosen.quick else CLIPS)
    repetitions = QUICK_REPETITIONS if chosen.quick else REPETITIONS
    sizes = chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES)
    found, missing = peers()
    jax.block_until_ready(jax.jit(jnp.sin)(0.0))
    cases = [case(size, with_gradient, found) for with_gradient in (True, False) for size in sizes]
    print(f"Milliseconds, γ = {GAMMA}; ratio: best peer / ours over {repetitions} repetitions; compile: target < 1 s")
    print(table(cases, [peer.name for peer in found], repetitions))
    if "aeon" not in missing:
        print("aeon: on series of its own, of whose points it squares the differences; it has no gradient")
    for name in missing:
        print(f"{name}: not installed")
    print()
    print(*eager(), banded((4, 250, 250) if chosen.quick else (32, 250, 250), repetitions), sep="\n", flush=True)
    print("", *long_clips, sep="\n")


if __name__ == "__main__":
    main()
