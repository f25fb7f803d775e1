"""Frames per second of every encoder beside its twin in PyTorch, on this machine's CPU.

python benchmarks/encoder_speed.py [--eager] [NAME ...]

Float32, batch of 16 (i3d: 2 clips of 16 frames). In each of several repetitions ours and the twin's ways run in turn:
plain, with channels last, and by torch.compile (unless --eager); in inference mode with as many threads as cores.
Each turn first runs once untimed, lest one library's idle threads, still spinning, are charged to the other. The ratio
is the best twin's time over ours, its median and its extremes. Below: the LPIPS matrix of 100 × 100 frames against two
passes of the network, and how long importing and loading take.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from encoder_twins import NAMES, encoder, forward, module, table, twin

from jaxeval.metrics.perceptual import lpips_features, lpips_matrix

BATCH, CLIPS = 16, 2
REPETITIONS = 3
TURN = 0.3
"""Seconds that a turn lasts at least."""
TARGET, LEAST = 1.3, 1.0
SHIPPED = ("lpips_alex", "st_lpips_alex", "dlib_resnet", "face_mesh", "blaze_face")


def seconds(call: Callable[[], Any]) -> float:
    jax.block_until_ready(call())
    calls, start = 0, time.perf_counter()
    while not calls or time.perf_counter() - start < TURN:
        jax.block_until_ready(call())
        calls += 1
    return (time.perf_counter() - start) / calls


def interleaved(calls: dict[str, Callable[[], Any]]) -> dict[str, np.ndarray]:
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(REPETITIONS):
        for name, call in calls.items():
            times[name].append(seconds(call))
    return {name: np.array(found) for name, found in times.items()}


def twins(name: str, inputs: np.ndarray) -> dict[str, Callable[[], Any]]:
    """The ways in which PyTorch runs it."""
    function, net = forward(name), module(name)
    order = (0, 3, 1, 2) if inputs.ndim == 4 else (0, 4, 1, 2, 3)
    tensor = torch.from_numpy(np.ascontiguousarray(inputs.transpose(order)))
    layout = torch.channels_last if inputs.ndim == 4 else torch.channels_last_3d
    ways: dict[str, tuple[Any, torch.Tensor]] = {"plain": (function, tensor)}
    if "--eager" not in sys.argv:
        ways["compiled"] = torch.compile(function), tensor.contiguous(memory_format=layout)
    ways["channels last"] = function, tensor.contiguous(memory_format=layout)
    calls = {}
    for way, (function, given) in ways.items():

        def call(function: Any = function, given: torch.Tensor = given) -> Any:
            with torch.inference_mode():
                return function(net, given)

        try:
            call()
        except Exception as error:
            print(f"{name}: PyTorch, {way}: {type(error).__name__}", file=sys.stderr)
            continue
        calls[way] = call
    return calls


def row(name: str) -> list[str]:
    inputs = twin(name).inputs(CLIPS if name == "i3d" else BATCH, 0)
    net, given = encoder(name), jnp.asarray(inputs)
    run = jax.jit(lambda net, inputs: net(inputs))
    times = interleaved({"ours": lambda: run(net, given), **twins(name, inputs)})
    best = min((way for way in times if way != "ours"), key=lambda way: np.median(times[way]))
    ratios = times[best] / times["ours"]
    ratio = float(np.median(ratios))
    verdict = "ok" if ratio >= TARGET else "enough" if ratio >= LEAST else "SHORT"
    count = len(inputs)
    return [
        name,
        f"{count / np.median(times['ours']):.1f}",
        f"{count / np.median(times[best]):.1f}",
        best,
        f"{ratio:.2f}",
        f"{ratios.min():.2f}-{ratios.max():.2f}",
        verdict,
    ]


def matrix() -> str:
    net, frames = encoder("st_lpips_alex"), jax.random.uniform(jax.random.key(0), (2, 100, 256, 256, 3))
    pair = jax.jit(lpips_matrix), jax.jit(lambda net, x: lpips_features(net, x).sum(axis=1))
    calls = {
        "matrix": lambda: pair[0](net, *frames),
        "passes": lambda: (pair[1](net, frames[0]), pair[1](net, frames[1])),
    }
    times = interleaved(calls)
    ratio = float(np.median(times["matrix"] / times["passes"]))
    text = (
        f"{np.median(times['matrix']):.2f} s, two feature passes {np.median(times['passes']):.2f} s, ratio {ratio:.2f}"
    )
    return f"lpips_matrix, 100 × 100 frames at 256 × 256, st_lpips_alex: {text} (at most 1.5)"


def process(code: str) -> float:
    return min(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout) for _ in "abc"
    )


def cold() -> list[str]:
    clock = "import time; t = time.perf_counter(); {}; print(time.perf_counter() - t)"
    lines = [f"import jaxeval after jax: {process('import jax; ' + clock.format('import jaxeval')):.2f} s (under 0.5)"]
    for name in SHIPPED:
        load = f"import jaxeval; from jaxeval import load_encoder; {clock.format(f'load_encoder({name!r})')}"
        lines.append(f"load {name}: {process(load):.2f} s (under 1)")
    return lines


def main() -> None:
    torch.set_num_threads(os.cpu_count() or 1)
    print(f"jax {jax.__version__}, torch {torch.__version__}, {os.cpu_count()} cores")
    names = [name for name in sys.argv[1:] if not name.startswith("-")] or NAMES
    head = ["encoder", "ours 1/s", "twin 1/s", "twin's way", "ratio", "min-max", f"target {TARGET}, {LEAST:g}"]
    print(table([head, *(row(name) for name in names)]), flush=True)
    print(matrix(), *cold(), sep="\n")


if __name__ == "__main__":
    main()
