"""What the four twins of the LPIPS family share; frames and taps are PyTorch's `[T, C, H, W]` inside."""

import io

import numpy as np
import torch
from torch import nn

SHIFT = torch.tensor([-0.030, -0.088, -0.188], dtype=torch.float64).reshape(1, 3, 1, 1)
SCALE = torch.tensor([0.458, 0.448, 0.450], dtype=torch.float64).reshape(1, 3, 1, 1)


class Backbone(nn.Module):
    """torchvision's `features`, cut after the layers with these numbers; its `classifier` has names but no values."""

    def __init__(self, layers, ends, classifier):
        super().__init__()
        self.features = nn.Sequential(*layers)
        self.ends = ends
        self.classifier = classifier

    def forward(self, frames):
        """Frames in [0, 1] to a list of taps."""
        x = (2 * frames - 1 - SHIFT.to(frames)) / SCALE.to(frames)
        taps = []
        for index, layer in enumerate(self.features, start=1):
            x = layer(x)
            if index in self.ends:
                taps.append(x)
        return taps


def seeded(module, seed):
    """The module in evaluation mode: kernels as He draws them, small biases, heads from 0 to 1; drawn by NumPy."""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, tensor in module.named_parameters():
            if name.startswith("lin"):
                values = rng.random(tensor.shape)
            elif tensor.ndim > 1:
                values = rng.normal(size=tensor.shape) * np.sqrt(2 / tensor[0].numel())
            else:
                values = 0.1 * rng.normal(size=tensor.shape)
            tensor.copy_(torch.from_numpy(values))
    return module.eval().requires_grad_(False)


def save_backbone(module):
    """The bytes of torchvision's file: the classifier's tensors, which nobody looks at, are one number each, spread."""
    state = module.state_dict()
    for name, shape in module.classifier.items():
        state[f"classifier.{name}"] = torch.zeros(1).expand(shape)
    return [saved(state)]


def saved(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def inputs(count, seed, height=224, width=224):
    """Noise."""
    return np.random.default_rng(seed).random((count, height, width, 3), np.float32)


def run(module, inputs):
    """`tap0`, `tap1`, ... `[T, h, w, c]`."""
    with torch.inference_mode():
        taps = module(torch.from_numpy(inputs).permute(0, 3, 1, 2))
    return {f"tap{index}": tap.permute(0, 2, 3, 1).numpy() for index, tap in enumerate(taps)}
