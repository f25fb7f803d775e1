"""What weights there are, where they come from, and the digests that prove them unchanged."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from jaxeval.errors import JaxevalError
from jaxeval.files import file_sha256

PACKAGE = Path(__file__).parents[1]
_REGISTRY = "PyPI "


@dataclass(frozen=True)
class Source:
    """One upstream file.

    Attributes:
        package: the project that publishes it: registry, name and version of a package, or where else it is.
        file: its name, or its path inside the package.
        bytes: its size; 0 if it isn't known.
        sha256: of the whole file; only the first digits of it if no more are published, none if it isn't known.
        part: the half-open range of bytes that is used; None for all.
        also: other files that will do; their numbers may differ in the last digits.
    """

    package: str
    file: str
    bytes: int = 0
    sha256: str = ""
    part: tuple[int, int] | None = None
    also: "tuple[Source, ...]" = ()

    def is_file(self, sha256: str) -> bool:
        """Whether a file of that digest is this one, as far as is known; never, if nothing is known.

        Args:
            sha256: of the file, in hexadecimal.
        """
        return bool(self.sha256) and sha256.startswith(self.sha256)

    def accepts(self, sha256: str) -> bool:
        """Whether a file of that digest is this one or one that will do as well.

        Args:
            sha256: of the file, in hexadecimal.
        """
        return any(source.is_file(sha256) for source in (self, *self.also))

    @property
    def requirement(self) -> str | None:
        """The package of a registry that holds it, as `NAME==VERSION`; None if it lies elsewhere."""
        name, _, version = self.package.removeprefix(_REGISTRY).partition(" ")
        return f"{name}=={version}" if self.package.startswith(_REGISTRY) else None

    def __str__(self) -> str:
        """Which file it is, in words."""
        known = [f"{self.bytes:,} bytes"] if self.bytes else []
        if self.sha256:
            known.append(f"sha256 {self.sha256}{'' if len(self.sha256) == 64 else '…'}")
        return f"{Path(self.file).name} of {self.package}" + (f" ({', '.join(known)})" if known else "")


@dataclass(frozen=True)
class Entry:
    """One encoder's weights.

    Attributes:
        name: the encoder's public name.
        version: of the converted arrays; it changes whenever they do.
        license: SPDX identifier, or words where there is none.
        citation: whom to cite.
        sources: the upstream files, in the order in which `convert` takes them.
        bytes: total size of the arrays in memory; 0 if they don't come with jaxeval.
        sha256: over all arrays: the digest of the lines "name digest", each with its line feed, sorted by name; empty
            if they don't come with jaxeval.
        arrays: the digest of each array by name, see `digest`; empty likewise.
    """

    name: str
    version: str
    license: str
    citation: str
    sources: tuple[Source, ...]
    bytes: int = 0
    sha256: str = ""
    arrays: Mapping[str, str] = field(default_factory=dict)


def weights_folder() -> Path:
    """The folder of weights that came with this copy of jaxeval: inside an installed package, or beside its source."""
    installed = PACKAGE / "weights"
    return installed if installed.is_dir() else PACKAGE.parent / "weights"


def read_manifest(path: Path | None = None) -> dict[str, Entry]:
    """Read the manifest.

    Args:
        path: of a manifest; the one that came with jaxeval by default, since digests are only worth as much as the
            place that they come from.

    Returns:
        Entries by encoder name.

    Raises:
        JaxevalError: the file is missing or is no manifest.

    Example:
        >>> read_manifest()["dlib_resnet"].license
        'CC0-1.0'
    """
    return _read_manifest(path or weights_folder() / "manifest.toml")


@cache
def _read_manifest(path: Path) -> dict[str, Entry]:
    try:
        tables = tomllib.loads(path.read_text())
        return {name: _entry(name, table) for name, table in tables.items()}
    except FileNotFoundError:
        raise JaxevalError(f"{path}: expected the manifest of the weights, found none; reinstall jaxeval.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, KeyError, AttributeError) as error:
        raise JaxevalError(f"{path}: expected a manifest of weights, got {error}; reinstall jaxeval.") from error


def _entry(name: str, table: dict) -> Entry:
    return Entry(**{**table, "name": name, "sources": tuple(map(_source, table["sources"]))})


def _source(table: dict) -> Source:
    part = tuple(table["part"]) if "part" in table else None
    return Source(**{**table, "part": part, "also": tuple(map(_source, table.get("also", ())))})


def digest(array: np.ndarray) -> str:
    """SHA-256 of an array: of the text `<dtype><shape>` and then its values, little-endian, in C order.

    It is over the values and not over a file, so it survives a re-save.

    Args:
        array: of any type and shape.

    Example:
        >>> digest(np.zeros(3, np.float32)) == hashlib.sha256(b"float32[3]" + bytes(12)).hexdigest()
        True
    """
    header = f"{array.dtype.name}{list(array.shape)}".encode()
    values = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return hashlib.sha256(header + values.tobytes()).hexdigest()


def total_digest(digests: Mapping[str, str]) -> str:
    """SHA-256 over all arrays of an encoder, see `Entry.sha256`.

    Args:
        digests: of each array, by name.
    """
    return hashlib.sha256("".join(f"{name} {digests[name]}\n" for name in sorted(digests)).encode()).hexdigest()


def packaged_arrays(file: str, sha256: str, what: str) -> dict[str, np.ndarray]:
    """The arrays of a NumPy archive that comes with jaxeval beside the checkpoints.

    Args:
        file: its name in the weights' folder.
        sha256: of the whole file.
        what: what it holds, for the error's text.

    Returns:
        Arrays by name.

    Raises:
        JaxevalError: the file is missing or changed.
    """
    path = weights_folder() / file
    if not path.is_file():
        raise JaxevalError(f"{path}: expected {what}, found no file; reinstall jaxeval.")
    if (actual := file_sha256(path)) != sha256:
        raise JaxevalError(f"{path}: expected sha256 {sha256}, found {actual}; reinstall jaxeval.")
    with np.load(path) as arrays:
        return dict(arrays)


def tampered(digests: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Names of the arrays that are not, value for value, those of the digests; missing and surplus ones included.

    Args:
        digests: of each array, by name.
        arrays: by name.
    """
    return [
        name
        for name in sorted({*digests, *arrays})
        if name not in arrays or name not in digests or digest(arrays[name]) != digests[name]
    ]


def manifest_arrays(name: str, arrays: Mapping[str, np.ndarray]) -> str:
    """The manifest's generated part for one encoder: sizes and digests as TOML, for whoever adds weights.

    Args:
        name: the encoder's.
        arrays: by dotted name.
    """
    digests = {key: digest(array) for key, array in sorted(arrays.items())}
    size = sum(array.nbytes for array in arrays.values())
    totals = f"bytes = {size}", f'sha256 = "{total_digest(digests)}"'
    return "\n".join([*totals, "", f"[{name}.arrays]", *(f'"{key}" = "{value}"' for key, value in digests.items())])
