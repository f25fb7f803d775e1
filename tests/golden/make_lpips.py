"""Make lpips.npz: what PyPI lpips 0.1.4's own code, with its own heads, makes of seeded backbones.

Its backbones come from torchvision, whose place the twins take here: the same layers, filled with the twins' seed 0.

Usage, from the repository's root: python -m tests.golden.make_lpips FOLDER
FOLDER holds the package, unpacked from its wheel; it needs torch, scipy and tqdm.
"""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from tests.encoders.twins import lpips_alex, lpips_squeeze, lpips_vgg

HERE = Path(__file__).parent
TWINS = {"alex": lpips_alex, "vgg": lpips_vgg, "squeeze": lpips_squeeze}
TORCHVISION_NAMES = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}


def load_package(folder: str) -> ModuleType:
    """The package `lpips`, finding the twins where it looks for torchvision's networks."""
    torchvision, models = ModuleType("torchvision"), ModuleType("torchvision.models")
    for net, name in TORCHVISION_NAMES.items():
        setattr(models, name, lambda pretrained, net=net: TWINS[net].build(seed=0))
    torchvision.models = models
    sys.modules |= {"torchvision": torchvision, "torchvision.models": models}
    sys.path.insert(0, folder)
    return import_module("lpips")


def pairs() -> tuple[np.ndarray, np.ndarray]:
    """`[5, 3, 100, 100]` in [-1, 1], twice: a face's middle thrice against others, and noise against noise."""
    images = np.load(HERE / "stlpips_alex.npz")
    face, *others = (images[name][..., 62:162, 62:162] for name in ("face", "shift", "blur", "noise"))
    return np.concatenate([face.repeat(3, axis=0), images["a"]]), np.concatenate([*others, images["b"]])


if __name__ == "__main__":
    package = load_package(sys.argv[1])
    x, y = (torch.from_numpy(images).double() for images in pairs())
    layers = {}
    for net in TWINS:
        with torch.inference_mode():
            _, parts = package.LPIPS(net=net, verbose=False).double()(x, y, retPerLayer=True)
        layers[net] = torch.stack(parts)[..., 0, 0, 0].T.numpy()
    np.savez_compressed(HERE / "lpips.npz", **layers)
