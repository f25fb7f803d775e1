"""BlazeFace, short range, in PyTorch, with the arrays of the encoder that comes with jaxeval.

It serves the comparison of speeds, so it is written as one would write it in PyTorch to be fast: depthwise convolutions
with `groups`, sums and activations in place. `build` takes no notice of its seed, and there is no `save`. Its outputs
are those of our `BlazeFace.raw`.
"""

import jax
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .trained_pieces import as_tensor, blaze_blocks, filled, frames, trained_arrays

ORACLE = "our reading of the tflite graph, trained arrays; outputs are the graph's own (test_blaze_face.py)"
SIZE = 128
NUMBERS = 16
FINE = [(24, 1), (28, 1), (32, 2), (36, 1), (42, 1), (48, 2), (56, 1), (64, 1), (72, 1), (80, 1), (88, 1)]
COARSE = [(96, 2), (96, 1), (96, 1), (96, 1), (96, 1)]
ANCHORS = {88: 2, 96: 6}
"""Per pixel of the maps with so many channels."""


def relu(channels):
    return nn.ReLU(inplace=True)


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 24, 5, stride=2)
        self.fine = blaze_blocks(24, FINE, relu)
        self.coarse = blaze_blocks(88, COARSE, relu)
        self.regressors = nn.ModuleList([nn.Conv2d(width, n * NUMBERS, 1) for width, n in ANCHORS.items()])
        self.classifiers = nn.ModuleList([nn.Conv2d(width, n, 1) for width, n in ANCHORS.items()])

    def forward(self, frames):
        x = self.stem(functional.pad(2 * frames - 1, (1, 2, 1, 2))).relu_()
        fine = self.fine(x)
        maps = fine, self.coarse(fine)
        offsets = [_by_anchor(head(x), NUMBERS) for head, x in zip(self.regressors, maps, strict=True)]
        logits = [_by_anchor(head(x), 1) for head, x in zip(self.classifiers, maps, strict=True)]
        return {"offsets": torch.cat(offsets, 1), "logits": torch.cat(logits, 1)[..., 0]}


def _by_anchor(x, numbers):
    """`[T, anchors × numbers, H, W]` to `[T, H × W × anchors, numbers]`."""
    return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, numbers)


def build(seed):
    return filled(Twin(), trained_arrays("blaze_face"))


def inputs(count, seed):
    return frames(count, seed, SIZE)


def forward_torch(module, tensor):
    """Frames `[T, 3, 128, 128]` in [0, 1] to offsets `[T, 896, 16]` and logits `[T, 896]`."""
    return module(tensor)


def run(module, inputs):
    """`offsets` `[T, 896, 16]` and `logits` `[T, 896]`."""
    with torch.inference_mode():
        return {name: output.numpy() for name, output in forward_torch(module, as_tensor(inputs)).items()}


def ours(encoder, inputs):
    """The same of our network, which by itself goes on to decode them."""
    offsets, logits = jax.jit(lambda encoder, inputs: encoder.raw(inputs))(encoder, inputs)
    return {"offsets": np.asarray(offsets), "logits": np.asarray(logits)}
