"""What a minute of video takes: 1500 frames of 512 × 512 through every encoder, and a gradient through 64.

python benchmarks/encoder_memory.py [--clip] [NAME ...]

Clip: what XLA sets aside for the whole program (arguments, result, and what lies between), and the peak of a process
that runs the first frames. The clip itself, 1.18 GB of bytes, is part of the first. An LPIPS network is run as it is
used, by `jaxeval.lpips` on two clips, since its taps of a whole clip would be many times the clip. Gradient: what lies
between for the gradient of 64 frames of the encoder's own size through `encode`, as it is and with `remat=True`,
and what that costs in time; left out by --clip.
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
from encoder_twins import NAMES, encoder, table

from jaxeval.encoders.streaming import encode
from jaxeval.metrics.perceptual import lpips, lpips_matrix

FRAMES, SIDE, BAND = 1500, 512, 25
RUN = 50
GRADIENT_FRAMES, GRADIENT_MEMORY = 64, 2**25
LIMIT = 4e9


def needed(program: Any) -> tuple[float, float]:
    """Of a compiled program: all that XLA sets aside, and of it what lies between arguments and result."""
    found = program.memory_analysis()
    parts = found.argument_size_in_bytes, found.output_size_in_bytes, found.temp_size_in_bytes
    return float(sum(parts)), float(parts[2])


def frames_shape(name: str, count: int, side: int = SIDE) -> tuple[int, ...]:
    """Of so many frames, as the encoder takes them: I3D in clips of 16."""
    return (count // 16, 16, side, side, 3) if name == "i3d" else (count, side, side, 3)


def clip(name: str) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(frames_shape(name, FRAMES), jnp.uint8)


def clip_function(name: str) -> tuple[Any, int]:
    """What runs over clips, and over how many."""
    return (lpips, 2) if "lpips" in name else (encode, 1)


def gradient(net: Any, frames: jax.Array) -> jax.Array:
    def total(frames: jax.Array) -> jax.Array:
        return sum(jnp.sum(jnp.square(x)) for x in jax.tree.leaves(encode(net, frames, memory=GRADIENT_MEMORY)))

    return jax.grad(total)(frames)


def measure(name: str) -> dict[str, Any]:
    """Run in a process of its own, so that its peak is this encoder's."""
    found: dict[str, Any] = {}
    function, clips = clip_function(name)
    found["whole"], _ = needed(jax.jit(function).lower(encoder(name), *[clip(name)] * clips).compile())
    frames = np.random.default_rng(0).integers(0, 256, frames_shape(name, RUN), np.uint8)
    jax.block_until_ready(jax.jit(function)(encoder(name), *[frames] * clips))
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1e3
    if "--clip" in sys.argv:
        return found
    shape = frames_shape(name, GRADIENT_FRAMES, encoder(name).size or 224)
    inputs = jnp.asarray(np.random.default_rng(0).random(shape, np.float32))
    for remat in (False, True):
        net = encoder(name, remat=remat)
        run = jax.jit(gradient).lower(net, inputs).compile()
        jax.block_until_ready(run(net, inputs))
        start = time.perf_counter()
        jax.block_until_ready(run(net, inputs))
        found[f"remat {remat}"] = needed(run)[1], time.perf_counter() - start
    return found


def matrix(name: str) -> float:
    function = jax.jit(partial(lpips_matrix, band=BAND))
    return needed(function.lower(encoder(name), clip(name), clip(name)).compile())[0]


def row(name: str) -> list[str]:
    command = [sys.executable, __file__, "--one", name, *(option for option in sys.argv if option == "--clip")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return [name, "FAILED", *["-"] * 6]
    found = json.loads(done.stdout)
    clip_cells = [
        name,
        f"{found['whole'] / 1e9:.2f}",
        "ok" if found["whole"] < LIMIT else "ABOVE",
        f"{found['peak'] / 1e9:.2f}",
    ]
    if "remat False" not in found:
        return [*clip_cells, *["-"] * 4]
    (kept, time_kept), (spared, time_spared) = found["remat False"], found["remat True"]
    return [
        *clip_cells,
        f"{kept / 1e6:.0f}",
        f"{spared / 1e6:.0f}",
        f"{kept / max(spared, 1):.1f}",
        f"{time_spared / time_kept:.2f}",
    ]


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2])))
        return
    names = [name for name in sys.argv[1:] if not name.startswith("-")] or NAMES
    head = [
        "encoder",
        "clip GB",
        "< 4 GB",
        f"peak GB, {RUN} frames",
        "gradient MB",
        "remat MB",
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
