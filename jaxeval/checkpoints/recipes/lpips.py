"""LPIPS v0.1: the backbones from torchvision's files, without their classifiers; the heads from the package's own."""

import functools
from collections.abc import Mapping

import numpy as np

from jaxeval.checkpoints.manifest import packaged_arrays
from jaxeval.checkpoints.readers.torch import read_torch
from jaxeval.checkpoints.recipe import Names, Recipe, merge, take, torch_conv
from jaxeval.encoders import lpips_alex, lpips_squeeze, lpips_vgg

HEADS_FILE = "lpips_heads.npz"
"""In the weights' folder: `alex.0` ... `squeeze.6`, float32 `[c]`."""

HEADS_SHA256 = "fb21f2421128eb75f0274b39a3844c582de67c50198eee0dbd3f633e8b59e90d"


def read_heads(backbone: str) -> dict[str, np.ndarray]:
    """The heads of one backbone as `lin0`, `lin1`, ...

    Args:
        backbone: "alex", "vgg" or "squeeze".

    Raises:
        JaxevalError: the file that comes with jaxeval is missing or changed.
    """
    heads, prefix = packaged_arrays(HEADS_FILE, HEADS_SHA256, "the heads of LPIPS"), f"{backbone}."
    return {f"lin{key.removeprefix(prefix)}": head for key, head in heads.items() if key.startswith(prefix)}


def _read(backbone: str, data: bytes) -> dict[str, np.ndarray]:
    return read_torch(data) | read_heads(backbone)


def _recipe(backbone: str, taps: int, layers: Names) -> Recipe:
    heads = {f"heads.{tap}": take("c", f"lin{tap}") for tap in range(taps)}
    return Recipe(readers=(functools.partial(_read, backbone),), names=merge(layers, heads), ignored=("classifier.*",))


def _features(indices: Mapping[str, int]) -> Names:
    return merge(*(torch_conv(ours, f"features.{index}") for ours, index in indices.items()))


LPIPS_ALEX = _recipe(
    "alex", len(lpips_alex.TAPS), _features({"conv1": 0, "conv2": 3, "conv3": 6, "conv4": 8, "conv5": 10})
)

_VGG_GROUPS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))

LPIPS_VGG = _recipe(
    "vgg",
    len(lpips_vgg.TAPS),
    _features({f"groups.{g}.{k}": index for g, group in enumerate(_VGG_GROUPS) for k, index in enumerate(group)}),
)

_SQUEEZE_SLICES = ((3, 4), (6, 7), (9,), (10,), (11,), (12,))

LPIPS_SQUEEZE = _recipe(
    "squeeze",
    len(lpips_squeeze.TAPS),
    merge(
        _features({"stem": 0}),
        *(
            torch_conv(f"fires.{s}.{k}.{ours}", f"features.{index}.{theirs}")
            for s, group in enumerate(_SQUEEZE_SLICES)
            for k, index in enumerate(group)
            for ours, theirs in (("squeeze", "squeeze"), ("expand1", "expand1x1"), ("expand3", "expand3x3"))
        ),
    ),
)
