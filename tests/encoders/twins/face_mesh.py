"""MediaPipe's face mesh in PyTorch, with the arrays of the encoder that comes with jaxeval.

It serves the comparison of speeds, so it is written as one would write it in PyTorch to be fast: depthwise convolutions
with `groups`, `nn.PReLU`, sums in place. `build` takes no notice of its seed, and there is no `save`.
"""

import torch
from torch import nn
from torch.nn import functional

from .trained_pieces import as_tensor, blaze_blocks, filled, frames, trained_arrays

ORACLE = "our reading of the tflite graph, trained arrays; outputs are the graph's own (test_face_mesh.py)"
SIZE = 192
POINTS = 468
NOT_IN_THE_NETWORK = ("canonical", "procrustes_weights")


def group(channels):
    """The three blocks at one resolution, the first of which strides."""
    return [(channels, 2), (channels, 1), (channels, 1)]


class Head(nn.Module):
    def __init__(self, table, outputs):
        super().__init__()
        self.blocks = blaze_blocks(128, table, nn.PReLU)
        self.bottleneck = nn.Conv2d(128, 32, 1)
        self.bottleneck_prelu = nn.PReLU(32)
        self.bottleneck_block = blaze_blocks(32, [(32, 1)], nn.PReLU)
        self.output = nn.Conv2d(32, outputs, 3)

    def forward(self, x):
        x = self.bottleneck_prelu(self.bottleneck(self.blocks(x)))
        return self.output(self.bottleneck_block(x)).flatten(1)


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, stride=2)
        self.stem_prelu = nn.PReLU(16)
        self.trunk = blaze_blocks(16, [(16, 1), (16, 1), *group(32), *group(64), *group(128), *group(128)], nn.PReLU)
        self.landmarks = Head(group(128), 3 * POINTS)
        self.presence = Head([(128, 2)], 1)

    def forward(self, frames):
        x = self.stem_prelu(self.stem(functional.pad(frames, (0, 1, 0, 1))))
        x = self.trunk(x)
        return {"landmarks": self.landmarks(x).reshape(-1, POINTS, 3), "presence": self.presence(x)[:, 0]}


def build(seed):
    arrays = trained_arrays("face_mesh")
    return filled(Twin(), {name: array for name, array in arrays.items() if name not in NOT_IN_THE_NETWORK})


def inputs(count, seed):
    return frames(count, seed, SIZE)


def forward_torch(module, tensor):
    """Crops `[T, 3, 192, 192]` in [0, 1] to landmarks `[T, 468, 3]` and presence `[T]`."""
    return module(tensor)


def run(module, inputs):
    """`landmarks` `[T, 468, 3]` and `presence` `[T]`."""
    with torch.inference_mode():
        return {name: output.numpy() for name, output in forward_torch(module, as_tensor(inputs)).items()}
