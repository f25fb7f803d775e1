"""Rows of a CSV, JSON Lines or Parquet file whose columns are known, as text, and one line for what is wrong in one."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jaxeval.errors import JaxevalError, nearest, one_line, printable

_CUT_SHORT = "It may be cut short; write it again."

Rows = Iterator[tuple[str, Mapping[str, Any]]]
"""Where a row stands ("line 3"), and its cells by column."""


class Columns(NamedTuple):
    """What a manifest's rows hold.

    Attributes:
        names: of all columns that there may be.
        needed: of those that there must be.
        integers: of those whose cells may be whole numbers.
        decimals: of those whose cells may be any numbers.
        what: one row names one of these.
        given_by: where the user names the file.
    """

    names: tuple[str, ...]
    needed: tuple[str, ...]
    integers: tuple[str, ...] = ()
    decimals: tuple[str, ...] = ()
    what: str = "pair"
    given_by: str = "--pairs"


def read_rows(path: Path, columns: Columns) -> list[tuple[str, dict[str, str]]]:
    r"""A manifest's rows.

    Args:
        path: a .csv file with a heading, .jsonl or .ndjson file of objects, or .parquet file.
        columns: what they hold.

    Returns:
        Where each row stands, the file's name included, and all of its cells as text, "" for an empty one.

    Raises:
        JaxevalError: the file can't be read or is damaged, has other columns or no row, or a cell is no text.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.csv"
        >>> _ = path.write_text("id,video\n1,a.mp4\n")
        >>> [row for _, row in read_rows(path, Columns(("id", "video", "audio"), ("id",)))]
        [{'id': '1', 'video': 'a.mp4', 'audio': ''}]
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise wrong(path, f"one of {', '.join(_READERS)}", f"'{path.suffix}'", "Convert it, or rename it.")
    rows = _guarded(path, reader(path, columns), columns)
    found = [(f"{path}, {where}", _texts(f"{path}, {where}", cells, columns)) for where, cells in rows]
    if not found:
        raise wrong(path, "at least one row", "none", f"Add a row for each {columns.what}.")
    return found


def wrong(where: object, expected: str, found: str, then: str) -> JaxevalError:
    """The error for a manifest, in one line.

    Args:
        where: the file, and the row in it.
        expected: what should stand there.
        found: what does.
        then: what to do next.
    """
    return JaxevalError(printable(f"{where}: expected {expected}, found {found}. {then}"))


def check_unique(wheres: list[str], ids: list[str], what: str) -> None:
    """Refuse an id that two rows have.

    Args:
        wheres: of the rows, as `read_rows` tells it.
        ids: of the rows.
        what: one row names one of these.

    Raises:
        JaxevalError: there is one.
    """
    first: dict[str, str] = {}
    for where, name in zip(wheres, ids, strict=True):
        if name in first:
            then = first[name].rpartition(", ")[2]
            raise wrong(where, "a unique id", f"{name}, which {then} has too", f"Give each {what} its own id.")
        first[name] = where


def _guarded(path: Path, rows: Rows, columns: Columns) -> Rows:
    """The rows, and one error for whatever a file that can't be read makes its reader raise."""
    try:
        yield from rows
    except JaxevalError:
        raise
    except OSError as error:
        raise wrong(path, "a readable file", f"{error.strerror}", f"Check {columns.given_by}.") from error
    except Exception as error:
        kind = path.suffix.lower().removeprefix(".")
        raise wrong(path, f"a complete {kind} file", one_line(error), _CUT_SHORT) from error


def _csv_rows(path: Path, columns: Columns) -> Rows:
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file, strict=True)
        heading = [name.strip() for name in next(lines, [])]
        _check_columns(path, heading, columns)
        for cells in lines:
            where = f"line {lines.line_num}"
            if cells and len(cells) != len(heading):
                then = "Quote a cell that holds a comma; a last line that is cut short makes the file incomplete."
                raise wrong(f"{path}, {where}", f"{len(heading)} cells as in the heading", f"{len(cells)}", then)
            if cells:
                yield where, dict(zip(heading, cells, strict=True))


def _json_rows(path: Path, columns: Columns) -> Rows:
    seen: dict[str, None] = {}
    for number, line in enumerate(path.read_text("utf-8-sig").split("\n"), 1):
        where = f"{path}, line {number}"
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise wrong(where, "a JSON object", one_line(error), _CUT_SHORT) from error
        if not isinstance(cells, dict):
            raise wrong(where, "a JSON object", line[:60], "Write one object a line.")
        _check_columns(where, [*cells, *(name for name in columns.needed if name not in cells)], columns)
        seen |= dict.fromkeys(cells)
        yield f"line {number}", cells
    if seen:
        _check_columns(path, [*seen], columns)


def _parquet_rows(path: Path, columns: Columns) -> Rows:
    import polars as pl

    content = io.BytesIO(path.read_bytes())
    try:
        table = pl.read_parquet(content)
    except pl.exceptions.PanicException as error:  # which is no Exception
        raise ValueError(str(error)) from error
    _check_columns(path, table.columns, columns)
    for number, cells in enumerate(table.iter_rows(named=True), 1):
        yield f"row {number}", cells


_READERS = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows, ".parquet": _parquet_rows}


def _check_columns(where: object, names: list[str], columns: Columns) -> None:
    for number, name in enumerate(names):
        if name not in columns.names:
            expected = f"the columns {', '.join(columns.names)}"
            raise wrong(where, expected, repr(name), nearest(name, columns.names))
        if name in names[:number]:
            raise wrong(where, "each column once", f"{name} twice", "Remove one.")
    for name in columns.needed:
        if name not in names:
            many = len(columns.needed) > 1
            needed = f"{'columns' if many else 'a column'} named {' and '.join(columns.needed)}"
            raise wrong(where, needed, ", ".join(names) or "an empty file", f"Add {name}.")


def _texts(where: str, cells: Mapping[str, Any], columns: Columns) -> dict[str, str]:
    return {name: _text(f"{where}, {name}", name, cells.get(name), columns) for name in columns.names}


def _text(where: str, name: str, value: Any, columns: Columns) -> str:
    is_integer = type(value) is int and name in (*columns.integers, *columns.decimals)
    if is_integer or (type(value) is float and name in columns.decimals):
        return str(value)
    if value is None:
        return ""
    if not isinstance(value, str) or "\0" in value:
        raise wrong(where, "text", repr(value)[:60], "Correct it.")
    return value.strip()
