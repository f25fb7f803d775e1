"""The rows of a benchmark on disk: a Parquet file for each unit of work, whole or not there at all."""

import hashlib
import io
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import IO, NamedTuple

import polars as pl

from jaxeval.errors import JaxevalError, printable
from jaxeval.files import atomic_file, file_state, make_folder

try:
    import fcntl
except ImportError:  # Windows: two runs at once into one folder aren't noticed
    fcntl = None  # type: ignore[assignment]

_NAMED, _CHECKED = 16, 32
"""Hexadecimal digits of a unit's name and of a file's checksum."""
_TRIES, _MOMENT = 5, 0.05


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
        multiple: of the protocol's γ; rows of others than 1 tell what hangs on that choice.
    """

    method: str
    dataset: str
    id: str
    identity: str
    score: str
    value: float | None
    reason: str
    signature: str
    multiple: float = 1.0


_SCHEMA = {name: pl.Float64 if name in ("value", "multiple") else pl.String for name in (*Row._fields, "key")}

COLUMNS = [name for name in Row._fields if name != "multiple"]
"""Of the rows at the protocol's γ, which is all that most readers want."""


class Shards:
    """Rows in a folder that several processes and hosts may share: one file for each unit of work.

    A file's name holds a digest of its unit and the SHA-256 of its content, so that a damaged one is found out. It
    takes its name only when it is whole, and holds beside each row the key of all that the row was made from.

    Args:
        folder: created if it doesn't exist.

    Raises:
        JaxevalError: the folder can't be created.

    Example:
        >>> import tempfile
        >>> shards = Shards(Path(tempfile.mkdtemp()))
        >>> rows = [Row("m", "wild", "a", "", "l1", 0.5, "", "l1|v:1")]
        >>> shards.write("wild/a", {"key": rows})
        >>> shards.read("wild/a") == {"key": rows}, shards.read("wild/b")
        (True, {})
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        make_folder(folder)

    def write(self, unit: str, rows: Mapping[str, Sequence[Row]]) -> None:
        """Keep a unit's rows, in the place of those that it had.

        Args:
            unit: its name.
            rows: key of all that rows depend on to these rows, at least one a key.

        Raises:
            JaxevalError: the file can't be written, as on a full disk.
        """
        content = _parquet(rows)
        path = self._folder / f"{_digest(unit.encode(), _NAMED)}-{_digest(content, _CHECKED)}.parquet"
        before = self._files(unit)
        if path not in before or _sound(path) is None:
            with atomic_file(path) as file:
                file.write(content)
        for other in before:
            if other != path:
                other.unlink(missing_ok=True)

    def read(self, unit: str) -> dict[str, list[Row]]:
        """A unit's rows by their keys; none if its file is damaged or isn't there.

        Args:
            unit: its name.
        """
        table, found = _newest(self._files(unit)), dict[str, list[Row]]()
        for key, *row in () if table is None else table.select("key", *Row._fields).iter_rows():
            found.setdefault(key, []).append(Row(*row))
        return found

    def table(self) -> pl.DataFrame:
        """The rows of all units whose files are whole, with the columns of `Row` and `key`."""
        units: dict[str, list[Path]] = {}
        for path in sorted(self._folder.glob("*.parquet")):
            units.setdefault(path.stem.partition("-")[0], []).append(path)
        parts = [table for files in units.values() if (table := _newest(files)) is not None]
        return pl.concat(parts) if parts else pl.DataFrame(schema=_SCHEMA)

    def _files(self, unit: str) -> list[Path]:
        return sorted(self._folder.glob(f"{_digest(unit.encode(), _NAMED)}-*.parquet"))


def _newest(files: Sequence[Path]) -> pl.DataFrame | None:
    """The rows of a unit's file; a process that was killed may have left the old one beside the new."""
    newest = sorted(files, key=lambda path: (file_state(path) or (0, 0))[1], reverse=True)
    return next((table for path in newest if (table := _sound(path)) is not None), None)


def _parquet(rows: Mapping[str, Sequence[Row]]) -> bytes:
    """The same bytes for the same rows."""
    listed = [(*row, key) for key, own in rows.items() for row in own]
    content = io.BytesIO()
    pl.DataFrame(listed, schema=_SCHEMA, orient="row").write_parquet(content)
    return content.getvalue()


def _sound(path: Path) -> pl.DataFrame | None:
    """A file's rows; None if it is damaged, has gone, or is of a version with other columns."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if path.stem.partition("-")[2] != _digest(content, _CHECKED):
        return None
    table = pl.read_parquet(io.BytesIO(content))
    return table if dict(table.schema) == _SCHEMA else None


def _digest(content: bytes, digits: int) -> str:
    return hashlib.sha256(content).hexdigest()[:digits]


@contextmanager
def only_run(folder: Path, part: str = "") -> Iterator[None]:
    """The right to work on a run, or on a part of it, as long as the block lasts or the process lives.

    Parts may be worked on at once, but none while a process has the whole run.

    Args:
        folder: the run's; it exists.
        part: which part, such as "3 of 16"; "" for all.

    Raises:
        JaxevalError: another process has it; the text names it.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> with only_run(folder):
        ...     workers(folder)[0].startswith("process ")
        True
    """
    with _lock(folder, "running", shared=bool(part)) as whole:
        if not part:
            _sign(whole)
            yield
            return
        with _lock(folder, f"running {part}", shared=False) as own:
            _sign(own, f", part {part}")
            yield


def workers(folder: Path) -> list[str]:
    """Who works on a run at the moment, such as "process 12 on host, part 3 of 16"."""
    found = []
    for path in sorted(folder.glob("running*")):
        with path.open("rb+") as file:
            if not _locked(file.fileno(), shared=True) and (name := file.read().decode(errors="replace").strip()):
                found.append(name)
    return found


@contextmanager
def _lock(folder: Path, name: str, *, shared: bool) -> Iterator[IO[bytes]]:
    path = folder / name
    try:
        file = path.open("ab+")
    except OSError as error:
        text = f"{path}: expected to write it, found: {error.strerror}. Choose another folder."
        raise JaxevalError(printable(text)) from error
    with file:
        if not _taken(file.fileno(), shared=shared):
            named = ", ".join(workers(folder)) or "one"
            text = f"{folder}: expected no other run to work on it, found {named}. Wait, or stop it."
            raise JaxevalError(printable(text))
        yield file


def _sign(file: IO[bytes], part: str = "") -> None:
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}{part}\n".encode())
    file.flush()


def _taken(number: int, *, shared: bool) -> bool:
    """Take a file's lock; whoever asks who works on the run holds it for a moment."""
    for _ in range(_TRIES):
        if _locked(number, shared=shared):
            return True
        sleep(_MOMENT)
    return False


def _locked(number: int, *, shared: bool) -> bool:
    """Take a file's lock, which ends with the process however it ends."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(number, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
