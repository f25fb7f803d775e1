"""A plain PyTorch pipeline of the packages that one would pick, frame by frame: what `score_speed.py` holds jaxeval to.

    python benchmarks/torch_pipeline.py FOLDER

FOLDER comes from `score_clips.py`. Printed as JSON are the seconds of both pairs, the second pair's seconds by stage,
and its scores. PyAV decodes each file once; BlazeFace runs on every frame, and the faces it finds give the clip one
square. On that square: LPIPS (AlexNet, v0.1), SSIM and PSNR (scikit-image), the face mesh for LMD, and dlib's network
for CSIM. The networks are the twins of tests/encoders with jaxeval's weights, in batches of 25, each in the faster of
PyTorch's two memory layouts; scikit-image runs on all cores. Nothing is aligned.
"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import encoder_twins
import numpy as np
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from jaxeval.encoders.detections import anchor_centers

FPS, BATCH = 25, 25
CROP, MESH, CHIP, DETECTOR = 224, 192, 150, 128
PADDING = 0.25
ANCHORS = anchor_centers()
SSIM = {"channel_axis": 2, "data_range": 1, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
CHANNELS = 3

Network = Callable[[np.ndarray], list[np.ndarray]]
"""uint8 frames `[T, H, W, 3]` to outputs, arrays of T rows."""


Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


@contextmanager
def charged(stages: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    stages[stage] += time.perf_counter() - start


def lpips_twin() -> Callable[[Any, torch.Tensor], Any]:
    """AlexNet's twin, which the tests fill with seeded values, with the weights that ship, and LPIPS of frame pairs."""
    arrays = encoder_twins.twin("trained_pieces").trained_arrays("lpips_alex")
    net = encoder_twins.module("lpips_alex")
    convolutions = [layer for layer in net.features if isinstance(layer, torch.nn.Conv2d)]
    for number, layer in enumerate(convolutions, start=1):
        kernel, bias = (arrays[f"conv{number}.{kind}"] for kind in ("kernel", "bias"))
        layer.load_state_dict({"weight": torch.tensor(kernel.transpose(3, 2, 0, 1)), "bias": torch.tensor(bias)})
    heads = [torch.tensor(arrays[f"heads.{number}"]).reshape(1, -1, 1, 1) for number in range(len(convolutions))]

    def distances(net: Any, pairs: torch.Tensor) -> torch.Tensor:
        """Of `[2 T, 3, H, W]`: each frame of the first half from the one in the second."""
        total = torch.zeros(len(pairs) // 2)
        for tap, head in zip(net(pairs), heads, strict=True):
            x, y = (tap / (tap.square().sum(1, keepdim=True).sqrt() + 1e-10)).chunk(2)
            total += ((x - y).square() * head).sum(1).mean((1, 2))
        return total

    return distances


def networks() -> dict[str, Network]:
    forwards = {name: encoder_twins.forward(name) for name in ("blaze_face", "face_mesh", "dlib_resnet")}
    sides = {"lpips_alex": CROP, "blaze_face": DETECTOR, "face_mesh": MESH, "dlib_resnet": CHIP}
    forwards["lpips_alex"] = lpips_twin()
    return {name: network(name, forwards[name], side) for name, side in sides.items()}


def network(name: str, forward: Callable[[Any, torch.Tensor], Any], side: int) -> Network:
    """The twin in the memory layout that is faster on this machine."""
    net = encoder_twins.module(name)

    def run(frames: np.ndarray, layout: torch.memory_format) -> list[np.ndarray]:
        with torch.inference_mode():
            batch = torch.from_numpy(frames).permute(0, 3, 1, 2).to(torch.float32, memory_format=layout).div_(255)
            found = forward(net.to(memory_format=layout), batch)
            return [out.numpy() for out in (found.values() if isinstance(found, dict) else (found,))]

    def seconds(layout: torch.memory_format) -> float:
        run(noise, layout)
        start = time.perf_counter()
        run(noise, layout)
        return time.perf_counter() - start

    noise = np.random.default_rng(0).integers(0, 256, (2 * BATCH, side, side, CHANNELS), np.uint8)
    best = min((torch.contiguous_format, torch.channels_last), key=seconds)
    return lambda frames: run(frames, best)


def batched(net: Network, *clips: np.ndarray) -> list[np.ndarray]:
    """A network on 25 frames at a time, of each clip."""
    parts = [net(np.concatenate([clip[k : k + BATCH] for clip in clips])) for k in range(0, len(clips[0]), BATCH)]
    return [np.concatenate(outputs) for outputs in zip(*parts, strict=True)]


def decoded(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        if stream.average_rate != FPS:
            raise ValueError(f"Expected a file of {FPS} frames per second, got {stream.average_rate}: {path}.")
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(stream)])


def cut(frames: np.ndarray, box: Box, side: int) -> np.ndarray:
    pictures = (Image.fromarray(frame).resize((side, side), Image.Resampling.BILINEAR, box) for frame in frames)
    return np.stack([np.asarray(picture) for picture in pictures])


def face_square(detector: Network, frames: np.ndarray) -> Box:
    """One square for the whole clip: around the union of each frame's surest face, padded."""
    height, width = frames.shape[1:3]
    offsets, logits = batched(detector, cut(frames, (0, 0, width, height), DETECTOR))
    rows, surest = np.arange(len(frames)), logits.argmax(1)
    box = offsets[rows, surest, :4] / DETECTOR
    centers, extent = (box[:, :2] + ANCHORS[surest]) * [width, height], box[:, 2:] * [width, height]
    low, high = (centers - extent / 2).min(0), (centers + extent / 2).max(0)
    half = min((high - low).max() * (0.5 + PADDING), min(width, height) / 2)
    x, y = np.clip((low + high) / 2, half, [width - half, height - half])
    return (x - half, y - half, x + half, y + half)


def picture_scores(pair: tuple[np.ndarray, np.ndarray]) -> tuple[float, float]:
    x, y = (np.float32(frame) / 255 for frame in pair)
    return structural_similarity(x, y, **SSIM), peak_signal_noise_ratio(x, y, data_range=1)


def landmark_distance(x: np.ndarray, y: np.ndarray) -> float:
    """Of landmarks `[T, 468, 2]` after centering, pixels."""
    x, y = (points - points.mean(1, keepdims=True) for points in (x, y))
    return float(np.linalg.norm(x - y, axis=-1).mean())


def score(nets: dict[str, Network], folder: Path) -> tuple[dict[str, float], dict[str, float]]:
    stages: dict[str, float] = defaultdict(float)
    with charged(stages, "decoder"):
        clips = [decoded(folder / f"{role}.mp4") for role in ("generated", "reference")]
    with charged(stages, "BlazeFace"):
        squares = [face_square(nets["blaze_face"], frames) for frames in clips]
    with charged(stages, "crops"):
        crops = [cut(frames, squares[1], CROP) for frames in clips]
        meshes, chips = ([cut(f, s, side) for f, s in zip(clips, squares, strict=True)] for side in (MESH, CHIP))
    with charged(stages, "LPIPS"):
        distances = batched(nets["lpips_alex"], *crops)[0]
    with charged(stages, "SSIM and PSNR"), ThreadPoolExecutor() as pool:
        ssim, psnr = np.mean(list(pool.map(picture_scores, zip(*crops, strict=True))), axis=0)
    with charged(stages, "face mesh"):
        scales = [(right - left) / MESH for left, _, right, _ in squares]
        x, y = (s * batched(nets["face_mesh"], mesh)[0][..., :2] for s, mesh in zip(scales, meshes, strict=True))
        lmd = landmark_distance(x, y)
    with charged(stages, "identity"):
        x, y = (batched(nets["dlib_resnet"], chip)[0] for chip in chips)
        cosine = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    scores = {"lpips": distances.mean(), "csim": cosine.mean(), "ssim": ssim, "psnr": psnr, "lmd": lmd}
    return {name: float(value) for name, value in scores.items()}, stages


def main() -> None:
    nets, seconds = networks(), []
    for pair in ("one", "two"):
        start = time.perf_counter()
        scores, stages = score(nets, Path(sys.argv[1]) / pair)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"seconds": seconds, "stages": stages, "scores": scores}))


if __name__ == "__main__":
    main()
