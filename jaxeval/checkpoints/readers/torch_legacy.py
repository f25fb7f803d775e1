"""PyTorch's older format, which `torch.save` wrote until 2020: read without PyTorch.

Five pickles (a number that marks the format, its version, the machine's types, the dictionary, the storages' keys),
then each storage: the count of its numbers as int64, and the numbers.
"""

import io
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxeval.checkpoints.readers.pickles import Unpickler, reason
from jaxeval.errors import JaxevalError

_MARK, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_BEGINNING = b"\x80\x02\x8a\x0a" + _MARK.to_bytes(10, "little") + b"."
_TYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8"}


@dataclass(frozen=True)
class _Storage:
    """Numbers by their key; a view of another storage is none."""

    key: str
    kind: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    """A view of a storage, in numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, storages: dict[str, np.ndarray]) -> np.ndarray:
        numbers = storages[self.storage.key]
        last = self.offset + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))
        if min((0, self.offset, *self.shape, *self.strides)) < 0 or (0 not in self.shape and last >= len(numbers)):
            raise ValueError(f"a tensor {list(self.shape)} beyond its {len(numbers)} numbers")
        if np.prod(self.shape, dtype=object) > len(numbers):
            raise ValueError("a tensor that repeats the numbers of a smaller one")
        size = numbers.dtype.itemsize
        view = np.lib.stride_tricks.as_strided(
            numbers[self.offset :], self.shape, [stride * size for stride in self.strides], writeable=False
        )
        return np.ascontiguousarray(view, view.dtype.newbyteorder("=")).reshape(self.shape)


def is_legacy_torch(data: bytes) -> bool:
    """Whether a file begins as those of the older format do.

    Args:
        data: the file, or its beginning.
    """
    return data.startswith(_BEGINNING)


def read_legacy_torch(data: bytes) -> dict[str, np.ndarray]:
    """A state dictionary's tensors by name; nothing in the file is executed.

    Args:
        data: the whole file.

    Returns:
        Tensors by name.

    Raises:
        JaxevalError: the file is no dictionary of plain tensors in this format.
    """
    try:
        return _read(data)
    except Exception as error:
        text = "Expected a PyTorch state dictionary of plain tensors, found"
        raise JaxevalError(f"{text}: {reason(error)}") from error


def _read(data: bytes) -> dict[str, np.ndarray]:
    file = io.BytesIO(data)
    mark, version, _ = (Unpickler(file, {}).load() for _ in range(3))
    if (mark, version) != (_MARK, _VERSION):
        raise ValueError("another format")
    tensors = Unpickler(file, _ADMITTED, _stored).load()
    if not isinstance(tensors, dict) or not tensors:
        raise TypeError(f"an object of type {type(tensors).__name__}")
    if wrong := [name for name, value in tensors.items() if not isinstance(name, str) or type(value) is not _Tensor]:
        raise TypeError(f"no plain tensor under {wrong[0]!r}")
    kinds = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    storages = {key: _numbers(file, kinds[key]) for key in Unpickler(file, {}).load()}
    return {name: tensor.of(storages) for name, tensor in tensors.items()}


def _numbers(file: io.BytesIO, storage: _Storage) -> np.ndarray:
    dtype = np.dtype(_TYPES[storage.kind])
    count = int.from_bytes(file.read(8), "little", signed=True)
    content = file.read(max(0, count) * dtype.itemsize)
    if count != storage.count or len(content) != count * dtype.itemsize:
        raise ValueError(f"a storage of {len(content)} bytes instead of {storage.count} numbers")
    return np.frombuffer(content, dtype)


def _stored(pid: Any) -> _Storage:
    """A storage's persistent id: the word "storage", type, key, device, count of numbers, view."""
    word, kind, key, _, count, view = pid
    if word != "storage" or view is not None or kind not in _TYPES or not isinstance(key, str):
        raise ValueError("a storage that is none of plain numbers")
    return _Storage(key, kind, int(count))


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise TypeError("a tensor without numbers")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


_ADMITTED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    **{("torch", kind): kind for kind in _TYPES},
}
