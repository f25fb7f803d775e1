"""dlib's face-recognition network in PyTorch, with the arrays of the encoder that comes with jaxeval.

It serves the comparison of speeds, so it is written as one would write it in PyTorch to be fast: the affine layers are
folded into the convolutions before them, sums and activations are done in place. `build` takes no notice of its seed,
and there is no `save`.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .trained_pieces import as_tensor, filled, frames, trained_arrays

ORACLE = "our reading of dlib's network, trained arrays; embeddings are dlib's own (test_dlib_resnet.py)"
SIZE = 150
BLOCKS = (32, 32, 32, -64, 64, 64, 64, -128, 128, 128, -256, 256, 256, -256)
"""Channels of each residual block, negative where it strides."""


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1 if stride == 1 else 0)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.stride = stride
        self.widening = outputs - inputs

    def forward(self, x):
        branch = self.conv2(self.conv1(x).relu_())
        if self.stride == 1:
            return branch.add_(x).relu_()
        # A branch that is a row and a column short is added to what lies above and left of them.
        total = functional.avg_pool2d(x, 2)
        if self.widening:
            total = functional.pad(total, (0, 0, 0, 0, 0, self.widening))
        total[:, :, : branch.shape[2], : branch.shape[3]] += branch
        return total.relu_()


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        mean = torch.tensor([122.782, 117.001, 104.298]).reshape(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)
        self.stem = nn.Conv2d(3, 32, 7, stride=2)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.blocks = nn.Sequential()
        inputs = 32
        for channels in BLOCKS:
            outputs, stride = abs(channels), 1 if channels > 0 else 2
            self.blocks.append(Block(inputs, outputs, stride))
            inputs = outputs
        self.head = nn.Linear(256, 128, bias=False)

    def forward(self, frames):
        x = self.pool(self.stem((255 * frames - self.mean) / 256).relu_())
        return self.head(self.blocks(x).mean((2, 3)))


def folded(arrays):
    """Convolutions that do the affine layers behind them, too."""
    arrays = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    convolutions = {}
    for name in [name.removesuffix(".kernel") for name in arrays if name.endswith(".kernel")]:
        affine = "stem_affine" if name == "stem" else name.replace("conv", "affine")
        scale, shift = arrays[f"{affine}.scale"], arrays[f"{affine}.shift"]
        convolutions[f"{name}.kernel"] = scale * arrays[f"{name}.kernel"]
        convolutions[f"{name}.bias"] = scale * arrays[f"{name}.bias"] + shift
    return {name: array.astype(np.float32) for name, array in convolutions.items()}


def build(seed):
    arrays = trained_arrays("dlib_resnet")
    return filled(Twin(), {**folded(arrays), "head.kernel": arrays["head"]})


def inputs(count, seed):
    return frames(count, seed, SIZE)


def forward_torch(module, tensor):
    """Chips `[T, 3, 150, 150]` in [0, 1] to embeddings `[T, 128]`."""
    return {"embedding": module(tensor)}


def run(module, inputs):
    """`embedding` `[T, 128]`."""
    with torch.inference_mode():
        return {name: output.numpy() for name, output in forward_torch(module, as_tensor(inputs)).items()}
