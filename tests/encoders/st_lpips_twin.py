"""The shift-tolerant AlexNet in PyTorch's own operations, as its paper describes it: the oracle of our port."""

import numpy as np
import torch
from torch.nn import functional

SHIFT = torch.tensor([-0.030, -0.088, -0.188]).reshape(1, 3, 1, 1)
SCALE = torch.tensor([0.458, 0.448, 0.450]).reshape(1, 3, 1, 1)
PADDING = (2, 2, 1, 1, 1)


def blur(x):
    row = torch.tensor([1.0, 2.0, 1.0])
    kernel = (torch.outer(row, row) / 16).expand(x.shape[1], 1, 3, 3)
    return functional.conv2d(functional.pad(x, (2, 2, 2, 2), mode="reflect"), kernel, stride=2, groups=x.shape[1])


def taps(encoder, frames):
    """`frames` `[T, H, W, 3]` in [0, 1], a tensor; five taps `[T, h, w, c]`."""
    x = (2 * frames.permute(0, 3, 1, 2) - 1 - SHIFT) / SCALE
    layers = [encoder.conv1, encoder.conv2, encoder.conv3, encoder.conv4, encoder.conv5]
    outputs = []
    for index, (layer, padding) in enumerate(zip(layers, PADDING, strict=True)):
        kernel = torch.from_numpy(np.asarray(layer.kernel[...]).copy()).permute(3, 2, 0, 1)
        bias = torch.from_numpy(np.asarray(layer.bias[...]).copy())
        if index in (1, 2):
            x = blur(functional.max_pool2d(x, 3, stride=1))
        x = functional.conv2d(x, kernel, bias, padding=padding)
        x = torch.relu(blur(x) if index == 0 else x)
        outputs.append(x.permute(0, 2, 3, 1))
    return outputs
