"""I3D's RGB stream in PyTorch, under the tensor names of pytorch-i3d's `rgb_imagenet.pt`.

The original's code is in PyPI's `cd-fvd` 0.1.1, but with another ε in its normalisations: a test holds the two against
each other, with the original's, where that package is installed.
"""

import io

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .seeded import seeded

ORACLE = "our reading of piergiaj/pytorch-i3d; equal to the code in PyPI cd-fvd 0.1.1 with the original's epsilon"
TAPS = ("Conv3d_1a_7x7", "Conv3d_2c_3x3", "Mixed_3c", "Mixed_4f", "Mixed_5c")


def same(x, kernel, stride):
    """Zeros around, so that ⌈side / stride⌉ windows fit; the odd one behind."""
    pads = []
    for side, k, s in zip(x.shape[:1:-1], kernel[::-1], stride[::-1], strict=True):
        total = max((-(-side // s) - 1) * s + k - side, 0)
        pads += [total // 2, total - total // 2]
    return functional.pad(x, pads)


class Unit(nn.Module):
    def __init__(self, inputs, outputs, size=1, stride=1):
        super().__init__()
        self.conv3d = nn.Conv3d(inputs, outputs, size, stride, bias=False)
        self.bn = nn.BatchNorm3d(outputs, eps=0.001)

    def forward(self, x):
        return torch.relu(self.bn(self.conv3d(same(x, self.conv3d.kernel_size, self.conv3d.stride))))


class Pool(nn.Module):
    def __init__(self, size, stride):
        super().__init__()
        self.size, self.stride = size, stride

    def forward(self, x):
        return functional.max_pool3d(same(x, self.size, self.stride), self.size, self.stride)


class Mixed(nn.Module):
    def __init__(self, inputs, *widths):
        super().__init__()
        self.b0 = Unit(inputs, widths[0])
        self.b1a = Unit(inputs, widths[1])
        self.b1b = Unit(widths[1], widths[2], 3)
        self.b2a = Unit(inputs, widths[3])
        self.b2b = Unit(widths[3], widths[4], 3)
        self.b3a = Pool((3, 3, 3), (1, 1, 1))
        self.b3b = Unit(inputs, widths[5])

    def forward(self, x):
        return torch.cat([self.b0(x), self.b1b(self.b1a(x)), self.b2b(self.b2a(x)), self.b3b(self.b3a(x))], 1)


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.Conv3d_1a_7x7 = Unit(3, 64, 7, 2)
        self.MaxPool3d_2a_3x3 = Pool((1, 3, 3), (1, 2, 2))
        self.Conv3d_2b_1x1 = Unit(64, 64)
        self.Conv3d_2c_3x3 = Unit(64, 192, 3)
        self.MaxPool3d_3a_3x3 = Pool((1, 3, 3), (1, 2, 2))
        self.Mixed_3b = Mixed(192, 64, 96, 128, 16, 32, 32)
        self.Mixed_3c = Mixed(256, 128, 128, 192, 32, 96, 64)
        self.MaxPool3d_4a_3x3 = Pool((3, 3, 3), (2, 2, 2))
        self.Mixed_4b = Mixed(480, 192, 96, 208, 16, 48, 64)
        self.Mixed_4c = Mixed(512, 160, 112, 224, 24, 64, 64)
        self.Mixed_4d = Mixed(512, 128, 128, 256, 24, 64, 64)
        self.Mixed_4e = Mixed(512, 112, 144, 288, 32, 64, 64)
        self.Mixed_4f = Mixed(528, 256, 160, 320, 32, 128, 128)
        self.MaxPool3d_5a_2x2 = Pool((2, 2, 2), (2, 2, 2))
        self.Mixed_5b = Mixed(832, 256, 160, 320, 32, 128, 128)
        self.Mixed_5c = Mixed(832, 384, 192, 384, 48, 128, 128)
        self.logits = nn.Module()
        self.logits.conv3d = nn.Conv3d(1024, 400, 1)

    def forward(self, clips):
        """Clips `[N, 3, F, 224, 224]` in [0, 1] to logits, and beside them the maps by their name."""
        x = 2 * clips - 1
        taps = {}
        for name, layer in self.named_children():
            if name != "logits":
                x = taps[name] = layer(x)
        logits = self.logits.conv3d(functional.avg_pool3d(x, (2, 7, 7), stride=1))
        return logits.squeeze((3, 4)).mean(2), taps


def build(seed):
    return seeded(Twin(), seed)


def save(module):
    """The file is from before PyTorch counted batches."""
    state = {name: tensor for name, tensor in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    buffer = io.BytesIO()
    torch.save(state, buffer, _use_new_zipfile_serialization=False)
    return [buffer.getvalue()]


def inputs(count, seed, frames=16):
    """Noise: `[N, F, 224, 224, 3]`."""
    return np.random.default_rng(seed).random((count, frames, 224, 224, 3), np.float32)


def run(module, inputs):
    """`logits [N, 400]`."""
    with torch.inference_mode():
        logits, _ = module(torch.from_numpy(inputs).permute(0, 4, 1, 2, 3))
    return {"logits": logits.numpy()}


def taps(module, inputs):
    """Maps on the way, `[N, f, h, w, c]`."""
    with torch.inference_mode():
        _, found = module(torch.from_numpy(inputs).permute(0, 4, 1, 2, 3))
    return {name: found[name].permute(0, 2, 3, 4, 1).numpy() for name in TAPS}
