"""A pair's pictures: image quality, smoothness, and the perceptual distance frame by frame and aligned."""

from collections.abc import Callable

import jax
import numpy as np

from jaxeval.checkpoints.niqe_model import niqe_model
from jaxeval.metrics.cpbd import cpbd
from jaxeval.metrics.image import l1, ms_ssim, psnr, ssim
from jaxeval.metrics.niqe import NiqeModel, niqe
from jaxeval.metrics.smoothness import smooth
from jaxeval.protocol import Protocol
from jaxeval.scoring.aligned_scores import Scored, align, aligned_names, framewise, mean, missing
from jaxeval.scoring.lpips_costs import BLOCK, FeatureBlocks, lpips_costs

AGAINST = ("psnr", "ssim", "ms_ssim", "l1")
ALONE = ("cpbd", "niqe")
IMAGE = (*AGAINST, *ALONE, "smooth")


def perceptual_names(metric: str) -> tuple[str, ...]:
    """The scores of the perceptual metric."""
    return metric, *aligned_names(metric)


def image_scores(x: np.ndarray, y: np.ndarray) -> Scored:
    """All scores of `IMAGE`.

    Args:
        x: `[T, H, W, 3]` uint8 crops of the generated clip.
        y: `[S, H, W, 3]` uint8 crops of the reference.

    Returns:
        Means over the first min(T, S) frames, without a reference over all T; that of psnr, which is infinite for
        identical frames, over the frames that differ, with a flag. It is missing if none does.
    """
    common = min(len(x), len(y))
    values = _in_blocks(_against, x[:common], y[:common])
    decibels, model = values.pop("psnr"), niqe_model()
    values |= _in_blocks(lambda frames: _alone(frames, model), x)
    return _psnr_score(decibels) | Scored({name: mean(value) for name, value in values.items()}) | _smooth_scores(x)


def _psnr_score(decibels: np.ndarray) -> Scored:
    count, differ = len(decibels), decibels[~np.isinf(decibels)]
    same = f"identical frames: {count - len(differ)} of {count}"
    if not len(differ):
        return missing(["psnr"], same)
    flags = () if len(differ) == count else (f"{same} frames left out of psnr",)
    return Scored({"psnr": mean(differ)}, flags=flags)


def _in_blocks(function: Callable[..., dict[str, jax.Array]], *clips: np.ndarray) -> dict[str, np.ndarray]:
    """A function of frames in [0, 1], by one compiled program for any number of them."""
    count, parts = len(clips[0]), []
    for start in range(0, count, BLOCK):
        rows = np.arange(start, start + BLOCK).clip(max=count - 1)
        parts.append(jax.device_get(function(*(_unit(clip[rows]) for clip in clips))))
    return {name: np.concatenate([part[name] for part in parts])[:count] for name in parts[0]}


@jax.jit
def _against(x: jax.Array, y: jax.Array) -> dict[str, jax.Array]:
    """A pair of frames at a time, whose windowed means stay in the processor's cache and serve SSIM and MS-SSIM."""
    metrics = {"psnr": psnr, "ssim": ssim, "ms_ssim": ms_ssim, "l1": l1}
    found = jax.lax.map(
        lambda pair: {name: metric(*pair) for name, metric in metrics.items()}, (x[:, None], y[:, None])
    )
    return {name: values[:, 0] for name, values in found.items()}


@jax.jit
def _alone(x: jax.Array, model: NiqeModel) -> dict[str, jax.Array]:
    return {"cpbd": cpbd(x), "niqe": niqe(x, model)}


def _smooth_scores(x: np.ndarray) -> Scored:
    """VBench's form on frames k and k + 2 against k + 1, k even, a block of three times as many frames at a time."""
    middles = (len(x) - 1) // 2
    if middles < 1:
        return missing(["smooth"], "fewer than 3 frames: none lies between two others")
    places = 2 * np.arange(middles)
    triples = np.stack([x[places + step] for step in range(3)], axis=1)
    return Scored({"smooth": mean(_in_blocks(_smooth, triples)["smooth"])})


@jax.jit
def _smooth(triples: jax.Array) -> dict[str, jax.Array]:
    return {"smooth": jax.vmap(smooth)(triples)}


def _unit(frames: np.ndarray) -> np.ndarray:
    """[0, 255] to [0, 1], apart from the compiled step: fused with a difference, it would round x and y differently."""
    return frames.astype(np.float32) / np.float32(255)


def perceptual_scores(
    blocks: FeatureBlocks,
    protocol: Protocol,
    x: tuple[str, np.ndarray],
    y: tuple[str, np.ndarray],
    progress: Callable[[float], None],
) -> Scored:
    """ST-LPIPS or LPIPS, frame-wise and aligned; x and y are a clip's unique name and its crops."""
    costs = lpips_costs(blocks, x, y, progress, band=protocol.band_frames)
    return framewise(protocol.perceptual, costs) | align(protocol.perceptual, costs, protocol)
