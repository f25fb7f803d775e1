"""LivePortrait's motion extractor in PyTorch.

The original's own code is in PyPI's `mimic-head` 0.1.5 (MIT), which re-formats KwaiVGI/LivePortrait's modules and
changes nothing in them: `pip install --no-deps mimic-head` is enough. Where it isn't installed, the twin below, of the
same names, takes its place; a test holds the two against each other.
"""

import importlib.util
import io
import itertools

import numpy as np
import torch
from torch import nn
from torch.nn import functional

ORIGINAL = importlib.util.find_spec("mimic_head") is not None
ORACLE = (
    "the original's own code (PyPI mimic-head 0.1.5)"
    if ORIGINAL
    else "self-consistent only: our reading of KwaiVGI/LivePortrait, src/modules/convnextv2.py"
)
WIDTHS, DEPTHS, EPS = (96, 192, 384, 768), (3, 3, 9, 3), 1e-6
HEADS = {"kp": 63, "scale": 1, "pitch": 66, "yaw": 66, "roll": 66, "t": 3, "exp": 63}


class ChannelNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        normed = functional.layer_norm(x.movedim(1, -1), self.weight.shape, self.weight, self.bias, EPS)
        return normed.movedim(-1, 1)


class ResponseNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x):
        norms = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)
        return x + self.gamma * x * (norms / (norms.mean(-1, keepdim=True) + EPS)) + self.beta


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=EPS)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.grn = ResponseNorm(4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)

    def forward(self, x):
        hidden = functional.gelu(self.pwconv1(self.norm(self.dwconv(x).movedim(1, -1))))
        return x + self.pwconv2(self.grn(hidden)).movedim(-1, 1)


class ConvNeXt(nn.Module):
    def __init__(self):
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, WIDTHS[0], 4, 4), ChannelNorm(WIDTHS[0]))
        downs = [nn.Sequential(ChannelNorm(c), nn.Conv2d(c, d, 2, 2)) for c, d in itertools.pairwise(WIDTHS)]
        self.downsample_layers = nn.ModuleList([stem, *downs])
        rows = zip(WIDTHS, DEPTHS, strict=True)
        self.stages = nn.ModuleList([nn.Sequential(*(Block(c) for _ in range(depth))) for c, depth in rows])
        self.norm = nn.LayerNorm(WIDTHS[-1], eps=EPS)
        for name, size in HEADS.items():
            setattr(self, f"fc_{name}", nn.Linear(WIDTHS[-1], size))

    def forward(self, x):
        for down, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(down(x))
        x = self.norm(x.mean((2, 3)))
        return {name: getattr(self, f"fc_{name}")(x) for name in HEADS}


class Twin(nn.Module):
    def __init__(self):
        super().__init__()
        self.detector = ConvNeXt()

    def forward(self, x):
        return self.detector(x)


def original():
    """The original's network, empty."""
    from mimic_head.modules.motion_extractor import MotionExtractor

    return MotionExtractor(num_kp=21, backbone="convnextv2_tiny")


def build(seed, network=None):
    """Products that keep the size of what they get, normalisations around 1, nothing zero that starts as zero."""
    module = network or (original() if ORIGINAL else Twin())
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            values = torch.randn(tensor.shape, generator=rng)
            if name.endswith("weight") and tensor.ndim > 1:
                values *= tensor[0].numel() ** -0.5
            elif name.endswith("weight"):
                values = 1 + 0.2 * values
            elif name.endswith("gamma"):
                values *= 0.5
            else:
                values *= 0.2
            tensor.copy_(values)
    return module.eval()


def save(module):
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)
    return [buffer.getvalue()]


def inputs(count, seed):
    """Blobs and a little noise."""
    rng = np.random.default_rng(seed)
    blobs = rng.random((count, 8, 8, 3)).repeat(32, axis=1).repeat(32, axis=2)
    return (0.8 * blobs + 0.2 * rng.random(blobs.shape)).astype(np.float32)


def angle(logits):
    """Degrees: the mean of 66 bins, 3 degrees apart, the first at −97.5."""
    return logits.softmax(1) @ torch.arange(-97.5, 98, 3, dtype=logits.dtype)


def outputs(module, frames):
    """`run` on a tensor, so that it can be differentiated: what the network says of frames `[T, H, W, 3]`."""
    said = module(frames.movedim(3, 1))
    angles = torch.stack([angle(said[name]) for name in ("pitch", "yaw", "roll")], 1)
    pose = torch.cat([angles, said["scale"], said["t"]], 1)
    return {"pose": pose, "expression": said["exp"], "keypoints": said["kp"]}


def run(module, inputs):
    with torch.inference_mode():
        return {name: output.numpy() for name, output in outputs(module, torch.tensor(inputs)).items()}


def taps(module, inputs):
    """The map after each stage, as our network lays it out."""
    maps = []
    hooks = [
        stage.register_forward_hook(lambda _, __, output: maps.append(output.movedim(1, 3).numpy()))
        for stage in module.detector.stages
    ]
    run(module, inputs)
    for hook in hooks:
        hook.remove()
    return maps
