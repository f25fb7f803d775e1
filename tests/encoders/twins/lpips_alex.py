"""torchvision's AlexNet, whose distances under the heads are those of PyPI `lpips`: see tests/golden/make_lpips.py."""

from torch import nn

from .lpips_pieces import Backbone, inputs, run, save_backbone, seeded

ORACLE = "torchvision's layers in PyTorch; distances of PyPI lpips 0.1.4"
CLASSIFIER = {
    "1.weight": (4096, 9216),
    "1.bias": (4096,),
    "4.weight": (4096, 4096),
    "4.bias": (4096,),
    "6.weight": (1000, 4096),
    "6.bias": (1000,),
}

__all__ = ["ORACLE", "build", "inputs", "run", "save"]


def build(seed):
    layers = [
        nn.Conv2d(3, 64, 11, stride=4, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(64, 192, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(),
    ]
    return seeded(Backbone(layers, (2, 5, 8, 10, 12), CLASSIFIER), seed)


save = save_backbone
