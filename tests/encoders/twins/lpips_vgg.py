"""torchvision's VGG-16, whose distances under the heads are those of PyPI `lpips`: see tests/golden/make_lpips.py."""

from torch import nn

from .lpips_pieces import Backbone, inputs, run, save_backbone, seeded

ORACLE = "torchvision's layers in PyTorch; distances of PyPI lpips 0.1.4"
LAYERS = (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512)
CLASSIFIER = {
    "0.weight": (4096, 25088),
    "0.bias": (4096,),
    "3.weight": (4096, 4096),
    "3.bias": (4096,),
    "6.weight": (1000, 4096),
    "6.bias": (1000,),
}

__all__ = ["ORACLE", "build", "inputs", "run", "save"]


def build(seed):
    layers, channels = [], 3
    for layer in LAYERS:
        if layer == "pool":
            layers.append(nn.MaxPool2d(2, stride=2))
        else:
            layers += [nn.Conv2d(channels, layer, 3, padding=1), nn.ReLU()]
            channels = layer
    return seeded(Backbone(layers, (4, 9, 16, 23, 30), CLASSIFIER), seed)


save = save_backbone
