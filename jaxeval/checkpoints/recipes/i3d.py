"""I3D's RGB stream, from the widespread PyTorch port: pytorch-i3d's `rgb_imagenet.pt`."""

from dataclasses import replace

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


I3D = Recipe(
    readers=(read_torch,),
    names=merge(
        *(_layer(f"layers.{index}", name) for index, (name, _) in enumerate(LAYERS)),
        {"logits.kernel": take("io", "logits.conv3d.weight", "oi111"), "logits.bias": take("o", "logits.conv3d.bias")},
    ),
    ignored=("*.num_batches_tracked",),
)
