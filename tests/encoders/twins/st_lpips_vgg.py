"""The VGG-16 of PyPI `stlpips-pytorch`, under its tensor names; with its weights, the distances are the authors'."""

import torch
from torch import nn
from torch.nn import functional

from .lpips_pieces import SCALE, SHIFT, inputs, run, saved, seeded

ORACLE = "our reading of PyPI stlpips-pytorch 0.0.2; with its real weights, its golden distances"
SLICES = (
    {0: (3, 64), 2: (64, 64)},
    {6: (64, 128), 8: (128, 128)},
    {12: (128, 256), 14: (256, 256), 16: (256, 256)},
    {20: (256, 512), 22: (512, 512), 24: (512, 512)},
    {28: (512, 512), 30: (512, 512), 32: (512, 512)},
)
"""Convolutions from channels to channels, by their place in the original's sequence of layers."""

__all__ = ["ORACLE", "build", "inputs", "run", "save"]


class Blur(nn.Module):
    def __init__(self, channels):
        super().__init__()
        row = torch.tensor([1.0, 2.0, 1.0])
        self.register_buffer("filt", (torch.outer(row, row) / 16).expand(channels, 1, 3, 3).clone())

    def forward(self, x):
        return functional.conv2d(functional.pad(x, (2, 2, 2, 2), "reflect"), self.filt, stride=2, groups=x.shape[1])


class Head(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.model = nn.Sequential(nn.Dropout(), nn.Conv2d(channels, 1, 1, bias=False))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.scaling_layer = nn.Module()
        self.scaling_layer.register_buffer("shift", SHIFT.float())
        self.scaling_layer.register_buffer("scale", SCALE.float())
        self.net = nn.Module()
        for number, convolutions in enumerate(SLICES):
            layers = nn.Sequential()
            for index, (channels, outputs) in convolutions.items():
                if number and not len(layers):
                    layers.add_module(str(index - 2), nn.MaxPool2d(2, stride=1))
                    layers.add_module(str(index - 1), Blur(channels))
                layers.add_module(str(index), nn.Conv2d(channels, outputs, 3, padding=1))
                layers.add_module(str(index + 1), nn.ReLU())
            self.net.add_module(f"slice{number + 1}", layers)
            self.add_module(f"lin{number}", Head(outputs))

    def forward(self, frames):
        """Frames in [0, 1] to a list of taps."""
        x = (2 * frames - 1 - self.scaling_layer.shift) / self.scaling_layer.scale
        taps = []
        for slice in self.net.children():
            x = slice(x)
            taps.append(x)
        return taps


def build(seed):
    return seeded(Network(), seed)


def save(module):
    return [saved(module.state_dict())]
