"""How far the fast mode of each encoder is from the reference mode, output by output.

python benchmarks/encoder_precision.py [NAME ...]

In fast mode convolutions and matrix products multiply bfloat16 numbers and add in float32, on every platform. The
numbers here are those of the platform that it runs on, whose name is printed. Frames: for weights that come with
jaxeval a real face, for seeded weights the twin's inputs.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from encoder_twins import NAMES, encoder, table, twin
from PIL import Image

import jaxeval
from jaxeval.checkpoints.manifest import read_manifest
from jaxeval.demo.clips import MATERIAL
from jaxeval.metrics.perceptual import lpips


def face(side: int) -> np.ndarray:
    """The astronaut's face, three times: as it is, a pixel to the right, and brighter."""
    photo = Image.open(MATERIAL / "astronaut.png").convert("RGB").crop((112, 0, 336, 224)).resize((side, side))
    frame = np.asarray(photo, np.float32) / 255
    return np.stack([frame, np.roll(frame, 1, axis=1), frame**0.8])


def norm(x: jax.Array) -> float:
    return float(np.linalg.norm(np.asarray(x, np.float64)))


def rows(name: str) -> list[list[str]]:
    real = bool(read_manifest()[name].arrays)
    nets = [(jaxeval.load_encoder if real else encoder)(name, precision=mode) for mode in ("reference", "fast")]
    inputs = face(nets[0].size or 224) if real else twin(name).inputs(8 if name == "syncnet" else 3, 0)
    run = jax.jit(lambda net, inputs: net(inputs))
    exact, fast = (run(net, jnp.asarray(inputs)) for net in nets)
    found = []
    paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(exact)]
    for path, leaf, other in zip(paths, jax.tree.leaves(exact), jax.tree.leaves(fast), strict=True):
        output = "".join(map(str, path)).strip("[].") or "output"
        found.append([name, output, f"{norm(leaf - other) / norm(leaf):.1e}", "real" if real else "seeded"])
    if "lpips" in name:
        pair = jnp.asarray(inputs[:1]), jnp.asarray(inputs[1:2])
        a, b = (float(jax.jit(lpips)(net, *pair)[0]) for net in nets)
        found.append([name, "distance", f"{abs(a - b) / a:.1e}", "real" if real else "seeded"])
    return found


def main() -> None:
    print(f"platform: {jax.devices()[0].platform} ({jax.devices()[0].device_kind})")
    found = [["encoder", "output", "deviation", "weights"]]
    for name in sys.argv[1:] or NAMES:
        found += rows(name)
    print(table(found))


if __name__ == "__main__":
    main()
