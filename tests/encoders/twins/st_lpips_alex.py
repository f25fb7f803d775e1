"""The shift-tolerant AlexNet in PyTorch, with the arrays of the encoder that comes with jaxeval.

It serves the comparison of speeds, so it is written as one would write it in PyTorch to be fast: its own convolutions
and pools, activations in place, the blur a convolution of each channel by itself. `build` takes no notice of its seed,
and there is no `save`.
"""

import torch
from torch import nn
from torch.nn import functional

from .trained_pieces import as_tensor, filled, frames, trained_arrays

ORACLE = "our reading of PyPI stlpips-pytorch 0.0.2, trained arrays; distances are the authors' (test_st_lpips.py)"
SIZE = 224


class Blur(nn.Module):
    """[1, 2, 1] ⊗ [1, 2, 1] / 16 at every second pixel, after two mirrored pixels on each side."""

    def __init__(self, channels):
        super().__init__()
        row = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("kernel", torch.outer(row, row).repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x):
        return functional.conv2d(functional.pad(x, (2, 2, 2, 2), "reflect"), self.kernel, stride=2, groups=x.shape[1])


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188]).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450]).reshape(1, 3, 1, 1), persistent=False)
        self.conv1 = nn.Conv2d(3, 64, 11, padding=2)
        self.conv2 = nn.Conv2d(64, 192, 5, padding=2)
        self.conv3 = nn.Conv2d(192, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 256, 3, padding=1)
        self.conv5 = nn.Conv2d(256, 256, 3, padding=1)
        self.blur1, self.blur2, self.blur3 = Blur(64), Blur(64), Blur(192)
        self.pool = nn.MaxPool2d(3, stride=1)

    def forward(self, frames):
        x = (2 * frames - 1 - self.shift) / self.scale
        tap1 = self.blur1(self.conv1(x)).relu_()
        tap2 = self.conv2(self.blur2(self.pool(tap1))).relu_()
        tap3 = self.conv3(self.blur3(self.pool(tap2))).relu_()
        tap4 = self.conv4(tap3).relu_()
        tap5 = self.conv5(tap4).relu_()
        return {"tap1": tap1, "tap2": tap2, "tap3": tap3, "tap4": tap4, "tap5": tap5}


def build(seed):
    arrays = trained_arrays("st_lpips_alex")
    return filled(Twin(), {name: array for name, array in arrays.items() if not name.startswith("heads")})


def inputs(count, seed):
    return frames(count, seed, SIZE)


def forward_torch(module, tensor):
    """Frames `[T, 3, H, W]` in [0, 1] to five taps `[T, c, h, w]`."""
    return module(tensor)


def run(module, inputs):
    """`tap1` to `tap5` `[T, h, w, c]`."""
    with torch.inference_mode():
        taps = forward_torch(module, as_tensor(inputs))
    return {name: tap.permute(0, 2, 3, 1).numpy() for name, tap in taps.items()}
