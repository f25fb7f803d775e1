"""FID's Inception-v3 in PyTorch, under the tensor names of `pt_inception-2015-12-05-6726825d.pth`.

The original's code is PyPI's `pytorch-fid`, which needs a torchvision built for the installed PyTorch: a test holds the
two against each other where both are there.
"""

import io

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from .seeded import seeded

ORACLE = "our reading of PyPI pytorch-fid 0.3.0 and torchvision 0.29.1; equal to their code"
TAPS = ("maxpool1", "maxpool2", "Mixed_6e", "Mixed_7c")


class Conv(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride=1, padding=0):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


def average(x):
    return functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def maximum(x):
    return functional.max_pool2d(x, 3, stride=1, padding=1)


class A(nn.Module):
    def __init__(self, inputs, last):
        super().__init__()
        self.branch1x1 = Conv(inputs, 64, 1)
        self.branch5x5_1 = Conv(inputs, 48, 1)
        self.branch5x5_2 = Conv(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = Conv(inputs, 64, 1)
        self.branch3x3dbl_2 = Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, padding=1)
        self.branch_pool = Conv(inputs, last, 1)

    def forward(self, x):
        five = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, double, self.branch_pool(average(x))], 1)


class B(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch3x3 = Conv(288, 384, 3, stride=2)
        self.branch3x3dbl_1 = Conv(288, 64, 1)
        self.branch3x3dbl_2 = Conv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = Conv(96, 96, 3, stride=2)

    def forward(self, x):
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, functional.max_pool2d(x, 3, stride=2)], 1)


class C(nn.Module):
    def __init__(self, middle):
        super().__init__()
        wide, tall = {"kernel": (1, 7), "padding": (0, 3)}, {"kernel": (7, 1), "padding": (3, 0)}
        self.branch1x1 = Conv(768, 192, 1)
        self.branch7x7_1 = Conv(768, middle, 1)
        self.branch7x7_2 = Conv(middle, middle, **wide)
        self.branch7x7_3 = Conv(middle, 192, **tall)
        self.branch7x7dbl_1 = Conv(768, middle, 1)
        self.branch7x7dbl_2 = Conv(middle, middle, **tall)
        self.branch7x7dbl_3 = Conv(middle, middle, **wide)
        self.branch7x7dbl_4 = Conv(middle, middle, **tall)
        self.branch7x7dbl_5 = Conv(middle, 192, **wide)
        self.branch_pool = Conv(768, 192, 1)

    def forward(self, x):
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(x), seven, double, self.branch_pool(average(x))], 1)


class D(nn.Module):
    def __init__(self):
        super().__init__()
        self.branch3x3_1 = Conv(768, 192, 1)
        self.branch3x3_2 = Conv(192, 320, 3, stride=2)
        self.branch7x7x3_1 = Conv(768, 192, 1)
        self.branch7x7x3_2 = Conv(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = Conv(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = Conv(192, 192, 3, stride=2)

    def forward(self, x):
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([three, seven, functional.max_pool2d(x, 3, stride=2)], 1)


class E(nn.Module):
    def __init__(self, inputs, pool):
        super().__init__()
        self.pool = pool
        self.branch1x1 = Conv(inputs, 320, 1)
        self.branch3x3_1 = Conv(inputs, 384, 1)
        self.branch3x3_2a = Conv(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = Conv(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = Conv(inputs, 448, 1)
        self.branch3x3dbl_2 = Conv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = Conv(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = Conv(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = Conv(inputs, 192, 1)

    def forward(self, x):
        three = self.branch3x3_1(x)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        parts = [self.branch1x1(x), self.branch3x3_2a(three), self.branch3x3_2b(three)]
        parts += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double), self.branch_pool(self.pool(x))]
        return torch.cat(parts, 1)


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3, padding=1)
        self.maxpool1 = nn.MaxPool2d(3, stride=2)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3)
        self.maxpool2 = nn.MaxPool2d(3, stride=2)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = A(192, 32), A(256, 64), A(288, 64)
        self.Mixed_6a = B()
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = C(128), C(160), C(160), C(192)
        self.Mixed_7a = D()
        self.Mixed_7b, self.Mixed_7c = E(1280, average), E(2048, maximum)
        self.fc = nn.Linear(2048, 1008)

    def forward(self, frames):
        """Frames `[T, 3, H, W]` in [0, 1] to features, and beside them the maps by their name."""
        x = 2 * functional.interpolate(frames, size=(299, 299), mode="bilinear", align_corners=False) - 1
        taps = {}
        for name, layer in self.named_children():
            if name != "fc":
                x = taps[name] = layer(x)
        return x.mean((2, 3)), taps


def build(seed):
    return seeded(Twin(), seed)


def save(module):
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)
    return [buffer.getvalue()]


def inputs(count, seed, height=299, width=299):
    """Noise."""
    return np.random.default_rng(seed).random((count, height, width, 3), np.float32)


def run(module, inputs):
    """`features [T, 2048]`."""
    with torch.inference_mode():
        features, _ = module(torch.from_numpy(inputs).permute(0, 3, 1, 2))
    return {"features": features.numpy()}


def taps(module, inputs):
    """pytorch-fid's other outputs, and the last maps, `[T, h, w, c]`."""
    with torch.inference_mode():
        _, found = module(torch.from_numpy(inputs).permute(0, 3, 1, 2))
    return {name: found[name].permute(0, 2, 3, 1).numpy() for name in TAPS}
