"""A manifest: a CSV, JSON Lines or Parquet file that names the pairs, one a row."""

import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from jaxeval.errors import printable
from jaxeval.scoring.folders import id_of
from jaxeval.scoring.manifest_rows import Columns, check_unique, read_rows, wrong
from jaxeval.scoring.pairing import Pair

COLUMNS = ("id", "generated", "reference", "audio", "portrait", "identity")
_PAIRS = Columns(COLUMNS, ("generated", "reference"), integers=("id", "identity"))


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
    wheres, rows = map(list, zip(*read_rows(path, _PAIRS), strict=True))
    for where, row in zip(wheres, rows, strict=True):
        _check_row(where, row)
    ids = _ids(rows)
    check_unique(wheres, ids, _PAIRS.what)
    named = dict(zip(ids, rows, strict=True))
    pairs = [_pair(name, row, path.parent) for name, row in named.items()]
    return pairs, {name: row["identity"] for name, row in named.items() if row["identity"]}


def _check_row(where: str, row: Mapping[str, str]) -> None:
    if not row["generated"]:
        raise wrong(where, "a path in generated", "an empty cell", "Fill it in, or remove the row.")
    if row["reference"] and row["portrait"]:
        raise wrong(where, "a reference or a portrait", "both", "Empty one: identity is held against one of them.")


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
