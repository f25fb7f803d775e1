"""Seeded values for twins with normalisations."""

import numpy as np
import torch


def seeded(module, seed):
    """The module in evaluation mode: kernels as He draws them, normalisations around 1, with means and variances."""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, tensor in module.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            if tensor.ndim > 1:
                values = rng.normal(size=tensor.shape) * np.sqrt(2 / tensor[0].numel())
            elif name.endswith("running_var"):
                values = rng.uniform(0.5, 2, tensor.shape)
            elif name.endswith("bn.weight"):
                values = rng.uniform(0.8, 1.2, tensor.shape)
            else:
                values = 0.1 * rng.normal(size=tensor.shape)
            tensor.copy_(torch.from_numpy(values))
    return module.eval().requires_grad_(False)
