"""Make kid.npz: what torchmetrics 1.9.0 and torch-fidelity 0.4.0 make of given features, in float64.

Usage, from the repository's root: python -m tests.golden.make_kid FOLDER
FOLDER holds both packages (pip install --no-deps --target FOLDER torchmetrics==1.9.0 torch-fidelity==0.4.0
lightning-utilities); they need torch, scipy and tqdm. Where they ask for torchvision's datasets they get a stand-in.
"""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

HERE = Path(__file__).parent
SUBSET = 30


def features() -> tuple[np.ndarray, np.ndarray]:
    """`[60, 12]` twice: non-negative, skewed and correlated, as pooled activations are."""
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(12, 12)) * np.arange(1, 13)[:, None] ** -0.7
    x, y = (rng.normal(size=(60, 12)) @ mix for _ in range(2))
    return np.maximum(x, 0) ** 1.2, np.maximum(y + 0.3, 0) ** 1.2


def torchvision() -> dict[str, ModuleType]:
    """The modules and names of torchvision that are imported, none of which is used here."""
    names = ("torchvision", "torchvision.datasets", "torchvision.transforms", "torchvision.transforms.functional")
    modules = {name: ModuleType(name) for name in names}
    modules["torchvision.transforms"].functional = modules["torchvision.transforms.functional"]
    for dataset in ("CIFAR10", "CIFAR100", "STL10"):
        setattr(modules["torchvision.datasets"], dataset, object)
    return modules


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    sys.modules |= (stand_ins := torchvision())
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric

    for name in stand_ins:
        del sys.modules[name]  # torchmetrics does without it if it isn't there
    from torchmetrics.image.fid import _compute_fid
    from torchmetrics.image.kid import poly_mmd

    x, y = features()
    a, b = torch.from_numpy(x), torch.from_numpy(y)
    one, other = fid_features_to_statistics(a), fid_features_to_statistics(b)
    moments = [torch.from_numpy(found[name]) for found in (one, other) for name in ("mu", "sigma")]
    whole = {"kid_subsets": 1, "kid_subset_size": 60, "verbose": False}
    subsets = {"kid_subsets": 20_000, "kid_subset_size": SUBSET, "verbose": False}
    np.savez_compressed(
        HERE / "kid.npz",
        x=x,
        y=y,
        torchmetrics_kid=poly_mmd(a, b).numpy(),
        torch_fidelity_kid=kid_features_to_metric(a, b, **whole)["kernel_inception_distance_mean"],
        torch_fidelity_subsets=list(kid_features_to_metric(a, b, **subsets).values()),
        torchmetrics_fid=_compute_fid(*moments).numpy(),
        torch_fidelity_fid=fid_statistics_to_metric(one, other, verbose=False)["frechet_inception_distance"],
    )
