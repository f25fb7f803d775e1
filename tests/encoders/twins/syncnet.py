"""SyncNet in its authors' PyTorch form (syncnet_python)."""

import io

import numpy as np
import torch
from torch import nn

ORACLE = "our reading of syncnet_python's SyncNetModel: equal to its code in PyPI syncnet-python 0.2.3 (by test)"
SIZE = 224


class SyncNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.netcnnaud = nn.Sequential(
            *self.layer(nn.Conv2d(1, 64, 3, padding=1), nn.MaxPool2d(1, stride=1)),
            *self.layer(nn.Conv2d(64, 192, 3, padding=1), nn.MaxPool2d(3, stride=(1, 2))),
            *self.layer(nn.Conv2d(192, 384, 3, padding=1)),
            *self.layer(nn.Conv2d(384, 256, 3, padding=1)),
            *self.layer(nn.Conv2d(256, 256, 3, padding=1), nn.MaxPool2d(3, stride=2)),
            *self.layer(nn.Conv2d(256, 512, (5, 4))),
        )
        self.netfcaud = self.head()
        self.netcnnlip = nn.Sequential(
            *self.layer(nn.Conv3d(3, 96, (5, 7, 7), stride=(1, 2, 2)), nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2))),
            *self.layer(
                nn.Conv3d(96, 256, (1, 5, 5), stride=(1, 2, 2), padding=(0, 1, 1)),
                nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1)),
            ),
            *self.layer(nn.Conv3d(256, 256, (1, 3, 3), padding=(0, 1, 1))),
            *self.layer(nn.Conv3d(256, 256, (1, 3, 3), padding=(0, 1, 1))),
            *self.layer(nn.Conv3d(256, 256, (1, 3, 3), padding=(0, 1, 1)), nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2))),
            *self.layer(nn.Conv3d(256, 512, (1, 6, 6))),
        )
        self.netfclip = self.head()

    @staticmethod
    def layer(conv, *pool):
        norm = nn.BatchNorm3d if isinstance(conv, nn.Conv3d) else nn.BatchNorm2d
        return conv, norm(conv.out_channels), nn.ReLU(), *pool

    @staticmethod
    def head():
        return nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024))

    def forward_aud(self, x):
        return self.netfcaud(self.netcnnaud(x).flatten(1))

    def forward_lip(self, x):
        return self.netfclip(self.netcnnlip(x).flatten(1))


def build(seed):
    """Seeded values; the first normalisations bring near 1 what the towers see, BGR up to 255 and MFCC up to 50."""
    generator = torch.Generator().manual_seed(seed)

    def uniform(like, low, high):
        return low + (high - low) * torch.rand(like.shape, generator=generator)

    module = SyncNet()
    first = {"netcnnlip.1": 100.0, "netcnnaud.1": 10.0}
    with torch.no_grad():
        for name, part in module.named_modules():
            if isinstance(part, nn.Conv2d | nn.Conv3d | nn.Linear):
                deviation = (2 / part.weight[0].numel()) ** 0.5
                part.weight.copy_(deviation * torch.randn(part.weight.shape, generator=generator))
                part.bias.copy_(uniform(part.bias, -0.2, 0.2))
            elif isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
                scale = first.get(name, 1.0)
                part.weight.copy_(uniform(part.weight, 0.7, 1.3))
                part.bias.copy_(uniform(part.bias, -0.2, 0.2))
                part.running_mean.copy_(scale * uniform(part.bias, -0.3, 0.3))
                part.running_var.copy_(scale**2 * uniform(part.bias, 0.5, 2.0))
    return module.eval()


def save(module):
    """As its authors' file of 2017: the format before the zip archive, and no counters of batches."""
    state = {name: tensor for name, tensor in module.state_dict().items() if not name.endswith("num_batches_tracked")}
    file = io.BytesIO()
    torch.save(state, file, _use_new_zipfile_serialization=False)
    return [file.getvalue()]


def inputs(count, seed):
    """Blobs of 32 pixels and a little noise, so that one window's embedding is far from another's."""
    rng = np.random.default_rng(seed)
    blobs = np.kron(rng.random((count, 7, 7, 3), np.float32), np.ones((1, 32, 32, 1), np.float32))
    return 0.8 * blobs + 0.2 * rng.random(blobs.shape, np.float32)


def sound(count, seed):
    """MFCC `[count, 13]` of the size that speech has: a large first one, the others around 0."""
    mfcc = 15 * np.random.default_rng(seed).normal(size=(count, 13)).astype(np.float32)
    return mfcc + np.float32([15] + [0] * 12)


def lip_windows(frames):
    """All windows of five successive frames `[N, 3, 5, H, W]`, BGR, 0-255."""
    frames = torch.as_tensor(frames).flip(-1) * 255
    return torch.stack([frames[i : i + 5] for i in range(len(frames) - 4)]).permute(0, 4, 1, 2, 3)


def sound_windows(mfcc):
    """All windows of twenty columns `[N, 1, 13, 20]`, four columns apart."""
    mfcc = torch.as_tensor(mfcc).T
    return torch.stack([mfcc[None, :, i : i + 20] for i in range(0, mfcc.shape[1] - 19, 4)])


def run(module, inputs):
    with torch.inference_mode():
        return {"visual": module.forward_lip(lip_windows(inputs)).numpy()}


def run_sound(module, mfcc):
    with torch.inference_mode():
        return module.forward_aud(sound_windows(mfcc)).numpy()
