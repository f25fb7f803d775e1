"""The tensors of a PyTorch state dictionary."""

import io
import pickle

import numpy as np

from jaxeval.errors import JaxevalError


def read_torch(data: bytes) -> dict[str, np.ndarray]:
    """The state dictionary's tensors by name; nothing in the file is executed.

    Args:
        data: the whole `.pth` file.

    Raises:
        JaxevalError: PyTorch is not installed, or the file is no plain dictionary of tensors.
    """
    try:
        import torch
    except ImportError:
        raise JaxevalError("Converting a PyTorch file needs PyTorch: pip install 'jaxeval[convert]'.") from None
    try:
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        return {name: tensor.numpy() for name, tensor in state.items()}
    except (pickle.UnpicklingError, RuntimeError, EOFError, AttributeError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise JaxevalError(f"Expected a PyTorch state dictionary of plain tensors, got: {reason}") from error
