"""What weights there are, where they come from, and the digests that prove them unchanged."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from jaxeval.errors import JaxevalError

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Source:
    """One upstream file.

    Attributes:
        package: registry, name and version of the package that holds it.
        file: its path inside the package.
        bytes: its size.
        sha256: of the whole file.
        part: the half-open range of bytes that is used; None for all.
    """

    package: str
    file: str
    bytes: int
    sha256: str
    part: tuple[int, int] | None = None


@dataclass(frozen=True)
class Entry:
    """One encoder's weights.

    Attributes:
        name: the encoder's public name.
        version: of the converted arrays; it changes whenever they do.
        licence: SPDX identifier.
        citation: whom to cite.
        sources: the upstream files, in the order in which `convert` takes them.
        bytes: total size of the arrays in memory.
        sha256: over all arrays: the digest of the lines "name digest", each with its line feed, sorted by name.
        arrays: the digest of each array by name, see `digest`.
    """

    name: str
    version: str
    licence: str
    citation: str
    sources: tuple[Source, ...]
    bytes: int
    sha256: str
    arrays: Mapping[str, str]


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
        >>> read_manifest()["dlib_resnet"].licence
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
    sources = tuple(
        Source(**{**source, "part": tuple(source["part"]) if "part" in source else None}) for source in table["sources"]
    )
    return Entry(**{**table, "name": name, "sources": sources})


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(array: np.ndarray) -> str:
    """SHA-256 of an array: of the text `<dtype><shape>` and then its values, little-endian, in C order.

    It is over the values and not over a file, so it survives a re-save.

    Example:
        >>> digest(np.zeros(3, np.float32)) == hashlib.sha256(b"float32[3]" + bytes(12)).hexdigest()
        True
    """
    header = f"{array.dtype.name}{list(array.shape)}".encode()
    values = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return hashlib.sha256(header + values.tobytes()).hexdigest()


def total_digest(digests: Mapping[str, str]) -> str:
    """SHA-256 over all arrays of an encoder, see `Entry.sha256`."""
    return hashlib.sha256("".join(f"{name} {digests[name]}\n" for name in sorted(digests)).encode()).hexdigest()


def tampered(entry: Entry, arrays: Mapping[str, np.ndarray]) -> list[str]:
    """Names of the arrays that are not, value for value, those of the manifest; missing and surplus ones included."""
    return [
        name
        for name in sorted({*entry.arrays, *arrays})
        if name not in arrays or name not in entry.arrays or digest(arrays[name]) != entry.arrays[name]
    ]


def manifest_arrays(name: str, arrays: Mapping[str, np.ndarray]) -> str:
    """The manifest's generated part for one encoder: sizes and digests as TOML, for whoever adds weights."""
    digests = {key: digest(array) for key, array in sorted(arrays.items())}
    size = sum(array.nbytes for array in arrays.values())
    return "\n".join([f"bytes = {size}", f'sha256 = "{total_digest(digests)}"', "", *_table(name, digests.items())])


def _table(name: str, digests: Iterable[tuple[str, str]]) -> list[str]:
    return [f"[{name}.arrays]", *(f'"{key}" = "{value}"' for key, value in digests)]
