"""The rows of a benchmark on disk: a Parquet file for each unit of work, whole or not there at all."""

import hashlib
import io
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import polars as pl

from jaxeval.errors import JaxevalError, printable
from jaxeval.files import atomic_file, make_folder

try:
    import fcntl
except ImportError:  # Windows: two runs at once into one folder aren't noticed
    fcntl = None  # type: ignore[assignment]

_NAMED, _CHECKED = 16, 32
"""Hexadecimal digits of a unit's name and of a file's checksum."""


class Row(NamedTuple):
    """One score of one clip of one method.

    Attributes:
        method: its name.
        dataset: its name.
        id: of the clip.
        identity: of the person; "" if it isn't known.
        score: its name; "" in the one row of a clip that failed.
        value: None if it is missing.
        reason: why it is missing, or why the clip failed; "" otherwise.
        signature: what the number depends on.
    """

    method: str
    dataset: str
    id: str
    identity: str
    score: str
    value: float | None
    reason: str
    signature: str


_SCHEMA = {name: pl.Float64 if name == "value" else pl.String for name in Row._fields}


class Shards:
    """Rows in a folder that several processes and hosts may share.

    A file's name holds a digest of its unit and the SHA-256 of its content, so that a damaged one is found out; its
    rows hold the key of all that they were made from. A file takes its name only when it is whole.

    Args:
        folder: created if it doesn't exist.

    Raises:
        JaxevalError: the folder can't be created.

    Example:
        >>> import tempfile
        >>> shards = Shards(Path(tempfile.mkdtemp()))
        >>> rows = [Row("m", "wild", "a", "", "l1", 0.5, "", "l1|v:1")]
        >>> shards.write("wild/a", "key", rows)
        >>> shards.read("wild/a", "key") == rows, shards.read("wild/a", "another key")
        (True, None)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_folder(folder)

    def write(self, unit: str, key: str, rows: Sequence[Row]) -> None:
        """Keep a unit's rows, in the place of those that were made from anything else.

        Args:
            unit: its name.
            key: of all that the rows depend on.
            rows: all of them.

        Raises:
            JaxevalError: the file can't be written, as on a full disk.
        """
        content = _parquet(key, rows)
        path = self._folder / f"{_digest(unit.encode(), _NAMED)}-{_digest(content, _CHECKED)}.parquet"
        before = self._files(unit)
        with atomic_file(path) as file:
            file.write(content)
        for other in before:
            if other != path:
                other.unlink(missing_ok=True)

    def read(self, unit: str, key: str) -> list[Row] | None:
        """A unit's rows; None if there are none that were made from this, or their file is damaged.

        Args:
            unit: its name.
            key: see `write`.
        """
        for path in self._files(unit):
            table = _sound(path)
            if table is not None and (table["key"] == key).all():
                return [Row(*row) for row in table.select(Row._fields).iter_rows()]
        return None

    def _files(self, unit: str) -> list[Path]:
        return sorted(self._folder.glob(f"{_digest(unit.encode(), _NAMED)}-*.parquet"))


def _parquet(key: str, rows: Sequence[Row]) -> bytes:
    """The same bytes for the same rows."""
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row").with_columns(key=pl.lit(key))
    content = io.BytesIO()
    table.write_parquet(content)
    return content.getvalue()


def _sound(path: Path) -> pl.DataFrame | None:
    """A file's rows; None if it is damaged or has gone."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if path.stem.partition("-")[2] != _digest(content, _CHECKED):
        return None
    return pl.read_parquet(io.BytesIO(content))


def _digest(content: bytes, digits: int) -> str:
    return hashlib.sha256(content).hexdigest()[:digits]


@contextmanager
def only_run(folder: Path, part: str = "") -> Iterator[None]:
    """The right to work on a part of a run, as long as the block lasts or the process lives.

    Args:
        folder: the run's; it exists.
        part: which part, such as "3 of 16"; "" for all.

    Raises:
        JaxevalError: another process has it; the text names it.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with only_run(folder):
        ...     (folder / "running").read_text().startswith("process ")
        True
    """
    path = folder / f"running {part}".strip()
    try:
        file = path.open("a+")
    except OSError as error:
        text = f"{path}: expected to write it, found: {error.strerror}. Choose another folder."
        raise JaxevalError(printable(text)) from error
    with file:
        if not _locked(file.fileno()):
            file.seek(0)
            found = file.read().strip() or "one"
            text = f"{folder}: expected no other run to work on it, found {found}. Wait, or stop it."
            raise JaxevalError(printable(text))
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield


def _locked(number: int) -> bool:
    """Take a file's lock, which ends with the process however it ends."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
