"""What the twins of the encoders with real weights share: their values, the residual block of two of them, frames."""

import numpy as np
import torch
from flax import nnx
from torch import nn
from torch.nn import functional

import jaxeval

TENSORS = {"kernel": "weight", "slope": "weight", "bias": "bias"}
"""Our arrays and what PyTorch calls them."""


def trained_arrays(name):
    """Our encoder's arrays by dotted name."""
    state = nnx.to_flat_state(nnx.state(jaxeval.load_encoder(name)))
    return {".".join(map(str, path)): np.asarray(leaf[...]) for path, leaf in state}


def filled(module, arrays):
    """The module in evaluation mode, its tensors taken from our arrays: one each, and none left over."""
    state = {}
    for name, array in arrays.items():
        owner, _, kind = name.rpartition(".")
        # nnx.Sequential keeps its members in a list `layers`.
        state[f"{owner.replace('.layers.', '.')}.{TENSORS[kind]}"] = torch.tensor(_torch_layout(array))
    module.load_state_dict(state)
    return module.eval().requires_grad_(False)


def _torch_layout(array):
    """Kernels `[k, k, C, D]`, of each channel by itself `[k, k, C]`, of matrix products `[C, D]`; or vectors."""
    if array.ndim == 4:
        return array.transpose(3, 2, 0, 1)
    return array.transpose(2, 0, 1)[:, None] if array.ndim == 3 else array.T


class BlazeBlock(nn.Module):
    """TensorFlow's padding puts the odd pixel behind, so a striding block pads by itself."""

    def __init__(self, inputs, outputs, stride, activation):
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride, padding=1 if stride == 1 else 0, groups=inputs)
        self.pointwise = nn.Conv2d(inputs, outputs, 1)
        self.activation = activation
        self.widening = outputs - inputs

    def forward(self, x):
        skip = x
        if self.depthwise.stride != (1, 1):
            skip = functional.max_pool2d(x, 2)
            x = functional.pad(x, (0, 1, 0, 1))
        if self.widening:
            skip = functional.pad(skip, (0, 0, 0, 0, 0, self.widening))
        return self.activation(self.pointwise(self.depthwise(x)).add_(skip))


def blaze_blocks(inputs, table, activation):
    """Blocks in a row; the table says (channels, stride), `activation(channels)` makes each block's own."""
    blocks = nn.Sequential()
    for outputs, stride in table:
        blocks.append(BlazeBlock(inputs, outputs, stride, activation(outputs)))
        inputs = outputs
    return blocks


def frames(count, seed, size):
    """Smooth random colours, as bytes would say them."""
    coarse = torch.from_numpy(np.random.default_rng(seed).random((count, 3, 8, 8), np.float32))
    smooth = functional.interpolate(coarse, (size, size), mode="bicubic", align_corners=False)
    return ((255 * smooth).round().clamp(0, 255) / 255).permute(0, 2, 3, 1).contiguous().numpy()


def as_tensor(inputs):
    """Frames `[T, H, W, 3]` as PyTorch has them, channels last in memory."""
    return torch.from_numpy(inputs).permute(0, 3, 1, 2)
