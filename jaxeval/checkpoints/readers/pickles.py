"""Pickles of arrays: only the classes and functions that a reader admits are run, and they are the reader's own."""

import io
import pickle
from collections.abc import Callable, Mapping
from typing import Any

Admitted = Mapping[tuple[str, str], Any]
"""By module and name: what stands for a class or function that a pickle asks for."""


class Unpickler(pickle._Unpickler):
    """An unpickler that runs nothing but what it is given.

    It is the one written in Python: that in C makes room for any index that a file names, gigabytes from six bytes.

    Args:
        data: the pickle, which may be followed by something else.
        admitted: see `Admitted`.
        stored: makes an object of a persistent id, if the file has such.
    """

    def __init__(self, data: io.BytesIO, admitted: Admitted, stored: Callable[[Any], Any] | None = None) -> None:
        super().__init__(data)
        self._admitted, self._stored = admitted, stored

    def find_class(self, module: str, name: str) -> Any:
        """What stands for `module.name`.

        Raises:
            UnpicklingError: it isn't admitted.
        """
        if (module, name) not in self._admitted:
            raise pickle.UnpicklingError(f"a pickle that would run {module}.{name}; nothing was run")
        return self._admitted[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """What stands for a persistent id.

        Raises:
            UnpicklingError: the reader knows none.
        """
        if self._stored is None:
            raise pickle.UnpicklingError("a pickle with persistent ids")
        return self._stored(pid)


def reason(error: Exception) -> str:
    """What is wrong with a file, in one line; a damaged byte leads the unpickler to any exception.

    Args:
        error: whatever was raised.
    """
    if isinstance(error, MemoryError):
        return "arrays larger than the memory"
    return " ".join(str(error).split())[:200] or type(error).__name__
