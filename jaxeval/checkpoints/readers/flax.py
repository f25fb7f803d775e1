"""The arrays of a pickled tree of Flax parameters; nothing in the file is executed."""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxeval.checkpoints.readers.pickles import Unpickler, reason
from jaxeval.errors import JaxevalError

_DTYPES = ("f2", "f4", "f8", "i4", "i8")
_DEEPEST = 20


def read_flax(data: bytes) -> dict[str, np.ndarray]:
    """A pickled tree of dictionaries and NumPy arrays, by dotted name: `AlexNet_0.Conv_0.kernel`.

    The pickle's instructions for making an array are carried out by two classes of this file, not by NumPy, and no
    other class or function is admitted.

    Args:
        data: the whole file.

    Returns:
        Arrays by name.

    Raises:
        JaxevalError: the file is no pickle of such a tree, or asks for anything else.
    """
    try:
        tree = Unpickler(io.BytesIO(data), _ADMITTED).load()
        arrays = dict(_leaves(tree, "", set()))
        if not arrays:
            raise ValueError("no array")
    except Exception as error:
        raise JaxevalError(f"Expected a pickled tree of NumPy arrays, found: {reason(error)}") from error
    return arrays


def is_flax(data: bytes) -> bool:
    """Whether a file is a pickle of protocol 3 or 4, as Flax parameters are kept; PyTorch's are none.

    Args:
        data: the file, or its beginning.
    """
    return data[:2] in (b"\x80\x03", b"\x80\x04")


@dataclass
class _Dtype:
    """`numpy.dtype`, as pickles make it: a kind and a size, and then a state with the order of bytes."""

    code: str
    align: Any = False
    copy: Any = True
    order: str = ""

    def __setstate__(self, state: tuple) -> None:
        self.order = state[1]

    def made(self) -> np.dtype:
        if self.code not in _DTYPES or self.order not in ("<", ">"):
            raise TypeError(f"numbers of type {self.order}{self.code}")
        return np.dtype(self.order + self.code)


class _Array:
    """`numpy.ndarray`, as pickles make it: empty, and then a state with its shape, type and bytes."""

    def __init__(self, kind: Any, shape: Any, code: Any) -> None:
        self.value: np.ndarray | None = None

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, by_columns, content = state
        if not isinstance(dtype, _Dtype) or not isinstance(content, bytes):
            raise TypeError("an array without a plain type and bytes")
        if not all(isinstance(extent, int) and extent >= 0 for extent in shape):
            raise TypeError(f"an array of shape {shape}")
        if math.prod(shape) * dtype.made().itemsize != len(content):
            raise ValueError(f"{len(content)} bytes for {dtype.code} {list(shape)}")
        values = np.frombuffer(content, dtype.made()).reshape(shape, order="F" if by_columns else "C")
        self.value = np.ascontiguousarray(values, dtype.made().newbyteorder("="))


class _NoArray:
    """The class that `_reconstruct` is told to make an array of; nothing is made of it here."""


_ADMITTED = {
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _NoArray,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


def _leaves(tree: Any, name: str, seen: set[int]) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays; what stands in a tree twice could fill the memory from a few bytes."""
    if id(tree) in seen or name.count(".") >= _DEEPEST:
        raise TypeError(f"no plain tree under {name[:100]!r}")
    seen.add(id(tree))
    if isinstance(tree, _Array) and tree.value is not None:
        yield name, tree.value
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if not isinstance(key, str):
                raise TypeError(f"a name of type {type(key).__name__}")
            yield from _leaves(value, f"{name}.{key}" if name else key, seen)
    else:
        raise TypeError(f"an object of type {type(tree).__name__.lstrip('_')} under {name!r}")
