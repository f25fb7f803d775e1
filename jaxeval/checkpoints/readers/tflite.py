"""The constant tensors of a TensorFlow Lite network."""

import struct
from typing import Any

import numpy as np

from jaxeval.errors import JaxevalError

_FLOATS: dict[int, np.dtype] = {0: np.dtype("<f4"), 1: np.dtype("<f2")}
"""By the format's own numbers of its types FLOAT32 and FLOAT16."""


def read_tflite(data: bytes) -> dict[str, np.ndarray]:
    """Every constant floating-point tensor by name, as float32 in the file's own layout.

    Args:
        data: the whole `.tflite` file.

    Raises:
        JaxevalError: the `tflite` package is not installed, or the file is no such network.
    """
    try:
        import tflite
    except ImportError:
        raise JaxevalError("Converting a .tflite file needs a reader: pip install 'jaxeval[convert]'.") from None
    try:
        model = tflite.Model.GetRootAs(data, 0)
        graph = model.Subgraphs(0)
        tensors = [graph.Tensors(index) for index in range(graph.TensorsLength())]
        constants = [(tensor, model.Buffers(tensor.Buffer())) for tensor in tensors if tensor.Type() in _FLOATS]
        return {
            tensor.Name().decode(): _values(np.asarray(buffer.DataAsNumpy()), tensor)
            for tensor, buffer in constants
            if buffer.DataLength()
        }
    except (struct.error, IndexError, ValueError, TypeError, AttributeError) as error:
        raise JaxevalError(f"Expected a TensorFlow Lite network, found: {error}") from error


def _values(raw: np.ndarray, tensor: Any) -> np.ndarray:
    return raw.view(_FLOATS[tensor.Type()]).reshape(tensor.ShapeAsNumpy()).astype(np.float32)
