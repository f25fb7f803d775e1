"""A manifest: a CSV, JSON Lines or Parquet file that names the pairs, one a row."""

import csv
import io
import json
import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxeval.errors import JaxevalError, nearest, one_line, printable
from jaxeval.scoring.folders import id_of
from jaxeval.scoring.pairing import Pair

COLUMNS = ("id", "generated", "reference", "audio", "portrait", "identity")
_NEEDED = ("generated", "reference")
_NUMBERS_TOO = ("id", "identity")
_CUT_SHORT = "It may be cut short; write it again."

Rows = Iterator[tuple[str, Mapping[str, Any]]]
"""Where a row stands ("line 3"), and its cells by column."""


def read_manifest(path: Path) -> tuple[list[Pair], dict[str, str]]:
    """The pairs that a manifest names, in its order.

    Columns: `generated` and `reference` are paths, relative to the manifest's folder; a clip with an empty reference is
    scored without one, its identity against `portrait` if that is there. `id` names the pair; without one it is the
    generated file's path below the folder that all of them share, without suffix, as for two folders. `audio` is a
    sound or video file, `identity` the person in the clip.

    Args:
        path: a .csv file with a heading, .jsonl or .ndjson file of objects, or .parquet file.

    Returns:
        The pairs, and the clips' persons by id, where known.

    Raises:
        JaxevalError: the file can't be read or is damaged, has other columns or no row, or a row has no generated clip,
            both reference and portrait, an id that another has, or a cell that is no text.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise _wrong(path, f"one of {', '.join(_READERS)}", f"'{path.suffix}'", "Convert it, or rename it.")
    found = [(where, _texts(f"{path}, {where}", cells)) for where, cells in _guarded(path, reader(path))]
    if not found:
        raise _wrong(path, "at least one row", "none", "Add a row for each pair.")
    ids, first = _ids([row for _, row in found]), dict[str, str]()
    for (where, _), name in zip(found, ids, strict=True):
        if name in first:
            then = "Give each pair its own id."
            raise _wrong(f"{path}, {where}", "a unique id", f"{name}, which {first[name]} has too", then)
        first[name] = where
    rows = {name: row for (_, row), name in zip(found, ids, strict=True)}
    pairs = [_pair(name, row, path.parent) for name, row in rows.items()]
    return pairs, {name: row["identity"] for name, row in rows.items() if row["identity"]}


def _wrong(where: object, expected: str, found: str, then: str) -> JaxevalError:
    return JaxevalError(printable(f"{where}: expected {expected}, found {found}. {then}"))


def _guarded(path: Path, rows: Rows) -> Rows:
    """The rows, and one error for whatever a file that can't be read makes its reader raise."""
    try:
        yield from rows
    except JaxevalError:
        raise
    except OSError as error:
        raise _wrong(path, "a readable file", f"{error.strerror}", "Check --pairs.") from error
    except Exception as error:
        kind = path.suffix.lower().removeprefix(".")
        raise _wrong(path, f"a complete {kind} file", one_line(error), _CUT_SHORT) from error


def _csv_rows(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file, strict=True)
        heading = [name.strip() for name in next(lines, [])]
        _check_columns(path, heading)
        for cells in lines:
            where = f"line {lines.line_num}"
            if cells and len(cells) != len(heading):
                then = "Quote a cell that holds a comma; a last line that is cut short makes the file incomplete."
                raise _wrong(f"{path}, {where}", f"{len(heading)} cells as in the heading", f"{len(cells)}", then)
            if cells:
                yield where, dict(zip(heading, cells, strict=True))


def _json_rows(path: Path) -> Rows:
    seen: dict[str, None] = {}
    for number, line in enumerate(path.read_text("utf-8-sig").split("\n"), 1):
        where = f"{path}, line {number}"
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _wrong(where, "a JSON object", one_line(error), _CUT_SHORT) from error
        if not isinstance(cells, dict):
            raise _wrong(where, "a JSON object", line[:60], "Write one object a line.")
        _check_columns(where, [*cells, *(name for name in _NEEDED if name not in cells)])
        seen |= dict.fromkeys(cells)
        yield f"line {number}", cells
    if seen:
        _check_columns(path, [*seen])


def _parquet_rows(path: Path) -> Rows:
    import polars as pl

    content = io.BytesIO(path.read_bytes())
    try:
        table = pl.read_parquet(content)
    except pl.exceptions.PanicException as error:  # which is no Exception
        raise ValueError(str(error)) from error
    _check_columns(path, table.columns)
    for number, cells in enumerate(table.iter_rows(named=True), 1):
        yield f"row {number}", cells


_READERS = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows, ".parquet": _parquet_rows}


def _check_columns(where: object, names: list[str]) -> None:
    for number, name in enumerate(names):
        if name not in COLUMNS:
            raise _wrong(where, f"the columns {', '.join(COLUMNS)}", repr(name), nearest(name, COLUMNS))
        if name in names[:number]:
            raise _wrong(where, "each column once", f"{name} twice", "Remove one.")
    for name in _NEEDED:
        if name not in names:
            told = ", ".join(names) or "an empty file"
            raise _wrong(where, "columns named generated and reference", told, f"Add {name}.")


def _texts(where: str, cells: Mapping[str, Any]) -> dict[str, str]:
    """All cells of a row as text, "" for an empty one."""
    row = {name: _text(f"{where}, {name}", cells.get(name), name in _NUMBERS_TOO) for name in COLUMNS}
    if not row["generated"]:
        raise _wrong(where, "a path in generated", "an empty cell", "Fill it in, or remove the row.")
    if row["reference"] and row["portrait"]:
        raise _wrong(where, "a reference or a portrait", "both", "Empty one: identity is held against one of them.")
    return row


def _text(where: str, value: Any, number_too: bool) -> str:
    if number_too and type(value) is int:
        return str(value)
    if value is None:
        return ""
    if not isinstance(value, str) or "\0" in value:
        raise _wrong(where, "text", repr(value)[:60], "Correct it.")
    return value.strip()


def _ids(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The pairs' names; without an id, from the path below the folder that all generated files share."""
    paths = [os.path.normpath(row["generated"]) for row in rows]
    folders = {os.path.dirname(path) for path in paths}
    shared = os.path.commonpath(folders) if len({os.path.isabs(folder) for folder in folders}) == 1 else ""
    below = [os.path.relpath(path, shared) if shared else path for path in paths]
    given = [printable(unicodedata.normalize("NFC", row["id"])) for row in rows]
    return [name or id_of(path) for name, path in zip(given, below, strict=True)]


def _pair(name: str, row: Mapping[str, str], folder: Path) -> Pair:
    reference, audio, portrait = (folder / row[role] if row[role] else None for role in COLUMNS[2:5])
    return Pair(name, folder / row["generated"], reference, audio, portrait)
