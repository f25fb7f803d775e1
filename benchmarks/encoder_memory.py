"""What a minute of video takes: 1500 frames of 512 × 512 through every encoder, and a gradient through 16.

python benchmarks/encoder_memory.py [NAME ...]

Columns: what XLA sets aside for the whole program (arguments, result, and what lies between), and the peak of a process
that runs the first frames through the same program's chunks. The clip itself, 1.18 GB of bytes, is part of both where
it is an argument. `gradient` is what lies between for the gradient of 16 frames, as it is and with
`keep_stages=False`, and what that costs in time.
"""

import json
import resource
import subprocess
import sys
import time
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from encoder_twins import NAMES, encoder, table, twin

from jaxeval.encoders.streaming import encode
from jaxeval.metrics.perceptual import lpips_matrix

FRAMES, SIDE, BAND = 1500, 512, 25
RUN = 75
GRADIENT_FRAMES = 16
LIMIT = 4e9


def needed(program: Any) -> tuple[float, float]:
    """Of a compiled program: all that XLA sets aside, and of it what lies between arguments and result."""
    found = program.memory_analysis()
    parts = found.argument_size_in_bytes, found.output_size_in_bytes, found.temp_size_in_bytes
    return float(sum(parts)), float(parts[2])


def clip(count: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((count, SIDE, SIDE, 3), jnp.uint8)


def gradient(net: Any, frames: jax.Array) -> jax.Array:
    return jax.grad(lambda frames: sum(jnp.sum(jnp.square(x)) for x in jax.tree.leaves(net(frames))))(frames)


def measure(name: str) -> dict[str, Any]:
    """Run in a process of its own, so that its peak is this encoder's."""
    net = encoder(name)
    inputs = twin(name).inputs(2, 0)
    found: dict[str, Any] = {}
    if inputs.ndim == 4:
        whole, _ = needed(jax.jit(encode).lower(net, clip(FRAMES)).compile())
        frames = np.random.default_rng(0).integers(0, 256, clip(RUN).shape, np.uint8)
        jax.block_until_ready(jax.jit(encode)(net, frames))
        found |= {"whole": whole, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1e3}
        inputs = twin(name).inputs(GRADIENT_FRAMES, 0)
    for keep in (True, False):
        run = jax.jit(gradient).lower(encoder(name, keep_stages=keep), jnp.asarray(inputs)).compile()
        between = needed(run)[1]
        jax.block_until_ready(run(encoder(name, keep_stages=keep), jnp.asarray(inputs)))
        start = time.perf_counter()
        jax.block_until_ready(run(encoder(name, keep_stages=keep), jnp.asarray(inputs)))
        found[f"keep {keep}"] = between, time.perf_counter() - start
    return found


def matrix(name: str) -> float:
    function = jax.jit(partial(lpips_matrix, band=BAND))
    return needed(function.lower(encoder(name), clip(FRAMES), clip(FRAMES)).compile())[0]


def row(name: str) -> list[str]:
    done = subprocess.run([sys.executable, __file__, "--one", name], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return [name, "FAILED", *["-"] * 6]
    found = json.loads(done.stdout)
    (kept, time_kept), (spared, time_spared) = found["keep True"], found["keep False"]
    clip_columns = ["-", "-", "-"]
    if "whole" in found:
        ok = "ok" if found["whole"] < LIMIT else "ABOVE"
        clip_columns = [f"{found['whole'] / 1e9:.2f}", ok, f"{found['peak'] / 1e9:.2f}"]
    return [
        name,
        *clip_columns,
        f"{kept / 1e6:.0f}",
        f"{spared / 1e6:.0f}",
        f"{kept / max(spared, 1):.1f}",
        f"{time_spared / time_kept:.2f}",
    ]


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2])))
        return
    names = sys.argv[1:] or NAMES
    head = [
        "encoder",
        "clip GB",
        "< 4 GB",
        f"peak GB, {RUN} frames",
        "gradient MB",
        "stages only MB",
        "times",
        "slower",
    ]
    print(table([head, *(row(name) for name in names)]), flush=True)
    print()
    for name in names:
        if "lpips" in name:
            bytes_ = matrix(name)
            verdict = "ok" if bytes_ < LIMIT else "ABOVE"
            print(f"lpips_matrix of two such clips, {name}, band={BAND}: {bytes_ / 1e9:.2f} GB {verdict}", flush=True)


if __name__ == "__main__":
    main()
