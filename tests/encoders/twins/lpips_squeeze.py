"""torchvision's SqueezeNet 1.1, whose distances under the heads are those of PyPI `lpips`: see make_lpips.py."""

import torch
from torch import nn

from .lpips_pieces import Backbone, inputs, run, save_backbone, seeded

ORACLE = "torchvision's layers in PyTorch; distances of PyPI lpips 0.1.4"
CLASSIFIER = {"1.weight": (1000, 512, 1, 1), "1.bias": (1000,)}

__all__ = ["ORACLE", "build", "inputs", "run", "save"]


class Fire(nn.Module):
    def __init__(self, channels, between, half):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, between, 1)
        self.expand1x1 = nn.Conv2d(between, half, 1)
        self.expand3x3 = nn.Conv2d(between, half, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))], 1)


def build(seed):
    layers = [
        nn.Conv2d(3, 64, 3, stride=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        Fire(64, 16, 64),
        Fire(128, 16, 64),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        Fire(128, 32, 128),
        Fire(256, 32, 128),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        Fire(256, 48, 192),
        Fire(384, 48, 192),
        Fire(384, 64, 256),
        Fire(512, 64, 256),
    ]
    return seeded(Backbone(layers, (2, 5, 8, 10, 11, 12, 13), CLASSIFIER), seed)


save = save_backbone
