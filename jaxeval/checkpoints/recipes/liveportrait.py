"""LivePortrait's motion extractor, from its authors' PyTorch file."""

import numpy as np

from jaxeval.checkpoints.readers.torch import read_torch
from jaxeval.checkpoints.recipe import Names, Recipe, merge, take, torch_conv, torch_dense
from jaxeval.encoders import liveportrait_motion

_PREFIX = "detector."
"""Of the motion extractor's one part, in the published file; it is missing where that part was saved alone."""


def _with_prefix(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if any(name.startswith(_PREFIX) for name in tensors):
        return tensors
    return {_PREFIX + name: tensor for name, tensor in tensors.items()}


def _norm(ours: str, theirs: str) -> Names:
    return {f"{ours}.scale": take("c", f"{theirs}.weight"), f"{ours}.shift": take("c", f"{theirs}.bias")}


def _block(ours: str, theirs: str) -> Names:
    return merge(
        {
            f"{ours}.depthwise.kernel": take("hwc", f"{theirs}.dwconv.weight", "c1hw"),
            f"{ours}.depthwise.bias": take("c", f"{theirs}.dwconv.bias"),
            f"{ours}.response.scale": take("c", f"{theirs}.grn.gamma", "111c"),
            f"{ours}.response.shift": take("c", f"{theirs}.grn.beta", "111c"),
        },
        _norm(f"{ours}.norm", f"{theirs}.norm"),
        torch_dense(f"{ours}.widen", f"{theirs}.pwconv1"),
        torch_dense(f"{ours}.narrow", f"{theirs}.pwconv2"),
    )


_HEADS = {
    "pitch": "fc_pitch",
    "yaw": "fc_yaw",
    "roll": "fc_roll",
    "scale": "fc_scale",
    "translation": "fc_t",
    "expression": "fc_exp",
    "canonical": "fc_kp",
}

LIVEPORTRAIT_MOTION = Recipe(
    readers=(read_torch,),
    names=merge(
        torch_conv("stem", f"{_PREFIX}downsample_layers.0.0"),
        _norm("stem_norm", f"{_PREFIX}downsample_layers.0.1"),
        *(_norm(f"shrinks.{k}.norm", f"{_PREFIX}downsample_layers.{k + 1}.0") for k in range(3)),
        *(torch_conv(f"shrinks.{k}.conv", f"{_PREFIX}downsample_layers.{k + 1}.1") for k in range(3)),
        *(
            _block(f"stages.{stage}.{block}", f"{_PREFIX}stages.{stage}.{block}")
            for stage, (_, blocks) in enumerate(liveportrait_motion.STAGES)
            for block in range(blocks)
        ),
        _norm("norm", f"{_PREFIX}norm"),
        *(torch_dense(ours, f"{_PREFIX}{theirs}") for ours, theirs in _HEADS.items()),
    ),
    prepare=_with_prefix,
)
