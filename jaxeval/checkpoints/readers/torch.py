"""The tensors of a PyTorch state dictionary."""

import io
import re
import warnings
import zipfile
from typing import Any

import numpy as np

from jaxeval.checkpoints.readers.torch_legacy import is_legacy_torch, read_legacy_torch
from jaxeval.errors import JaxevalError

_WRAPPERS = ("state_dict", "model")
_PARALLEL = "module."


def read_torch(data: bytes) -> dict[str, np.ndarray]:
    """The state dictionary's tensors by name; nothing in the file is executed.

    Both formats of `torch.save` are read, the older one without PyTorch. A dictionary inside another one, under
    `state_dict` or `model`, is taken out of it, and the prefix `module.` of parallel training is taken off.

    Args:
        data: the whole file.

    Returns:
        Tensors by name; narrow floating-point ones as float32.

    Raises:
        JaxevalError: PyTorch is needed and not installed, or the file is no dictionary of plain tensors.
    """
    try:
        import torch
    except ImportError:
        if is_legacy_torch(data):
            return read_legacy_torch(data)
        raise JaxevalError("Converting a PyTorch file needs PyTorch: pip install 'jaxeval[convert]'.") from None
    try:
        _refuse_what_swells(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        tensors = {name: _as_numpy(torch, name, tensor) for name, tensor in _unwrapped(state).items()}
    except MemoryError:
        raise JaxevalError(_complaint("tensors larger than the memory")) from None
    except Exception as error:
        # PyTorch raises whatever the damaged byte leads it to.
        raise JaxevalError(_complaint(_reason(error))) from error
    if tensors and all(name.startswith(_PARALLEL) for name in tensors):
        return {name.removeprefix(_PARALLEL): tensor for name, tensor in tensors.items()}
    return tensors


def _complaint(found: str) -> str:
    return f"Expected a PyTorch state dictionary of plain tensors, found: {found}"


def _reason(error: Exception) -> str:
    """PyTorch's own text, which here and there is a page of advice to load the file nevertheless, in short."""
    text = " ".join(str(error).split())
    if refused := re.search(r"(?:GLOBAL|global:?)\s+(?:GLOBAL\s+)?([\w.]+)", text):
        return f"a pickle that would run {refused[1]}; nothing was run"
    return "no such pickle" if "Weights only" in text else text[:200] or type(error).__name__


def _refuse_what_swells(data: bytes) -> None:
    """A few bytes that would fill the memory: a compressed archive (PyTorch writes none), bytes by their number."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(member.file_size for member in archive.infolist()) > len(data):
                raise TypeError("a compressed archive")
    if b"\nbytearray\n" in data:
        raise TypeError("a pickle that holds a bytearray")


def _unwrapped(state: Any) -> dict[str, Any]:
    if not isinstance(state, dict):
        raise TypeError(f"a {type(state).__name__}")
    nested = [state[name] for name in _WRAPPERS if isinstance(state.get(name), dict)]
    return nested[0] if nested else state


def _as_numpy(torch: Any, name: Any, tensor: Any) -> np.ndarray:
    if not isinstance(name, str):
        raise TypeError(f"a name that is a {type(name).__name__}")
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
        raise TypeError(f"a {type(tensor).__name__} under {name!r}")
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex():
        raise TypeError(f"a tensor {name!r} that is sparse, quantised or complex")
    if tensor.dtype in (torch.bfloat16, torch.float16):
        # Widened, numbers that are stored once and repeated would each take their own place.
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise TypeError(f"a tensor {name!r} that repeats the numbers of a smaller one")
        tensor = tensor.float()
    return tensor.detach().numpy()
