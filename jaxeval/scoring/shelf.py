"""What is small and was made of a clip: kept in memory and, of a reference, on disk for the next run."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jaxeval.errors import JaxevalError
from jaxeval.files import atomic_file, make_folder
from jaxeval.results.store import digest_of

Arrays = Mapping[str, np.ndarray]


class Shelf:
    """Arrays of one clip, each set of them under a name and all that it depends on.

    Args:
        folder: where each set is kept in a file of its own; None to keep it in memory only.
        inputs: all that everything here depends on, JSON's types: the file's content, protocol, weights, software.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = Shelf(folder, {"file": "a1b2"}).once("face", 0, lambda: {"boxes": np.ones((5, 4))})
        >>> Shelf(folder, {"file": "a1b2"}).once("face", 0, lambda: {"boxes": np.zeros((5, 4))})["boxes"].sum()
        np.float64(20.0)
    """

    def __init__(self, folder: Path | None = None, inputs: Mapping[str, Any] | None = None) -> None:
        self._folder, self._inputs = folder, inputs
        self._held: dict[str, Arrays] = {}

    def once(self, name: str, of: Any, make: Callable[[], Arrays]) -> Arrays:
        """Arrays, made when they are first asked for.

        Args:
            name: what they are.
            of: what they depend on beside `inputs`, JSON's types.
            make: what makes them.
        """
        found = self.find(name, of)
        if found is None:
            found = make()
            self.keep(name, of, found)
        return found

    def find(self, name: str, of: Any) -> Arrays | None:
        """Arrays that are kept, by this run or an earlier one.

        Args:
            name: what they are.
            of: see `once`.

        Returns:
            None if there are none, or their file is damaged.
        """
        key = self._key(name, of)
        if key not in self._held and self._folder is not None:
            try:
                with np.load(self._folder / f"{key}.npz", allow_pickle=False) as archive:
                    self._held[key] = {name: archive[name] for name in archive.files}
            except Exception:  # whatever a damaged file makes zipfile, zlib or numpy raise
                return None
        return self._held.get(key)

    def keep(self, name: str, of: Any, arrays: Arrays) -> None:
        """Keep arrays; where there is no room on disk, the next run makes them again.

        Args:
            name: what they are.
            of: see `once`.
            arrays: all of them together.
        """
        key = self._key(name, of)
        self._held[key] = arrays
        if self._folder is None:
            return
        try:
            make_folder(self._folder)
            with atomic_file(self._folder / f"{key}.npz") as file:
                np.savez_compressed(file, allow_pickle=False, **arrays)
        except JaxevalError:
            pass

    def _key(self, name: str, of: Any) -> str:
        return f"{name}-{digest_of([name, of, self._inputs])[:24]}"
