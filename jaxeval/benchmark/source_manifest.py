"""A dataset that a manifest describes: a CSV, JSON Lines or Parquet file of its clips, one a row."""

import unicodedata
from collections.abc import Mapping

from jaxeval.benchmark.layouts import Source
from jaxeval.benchmark.remote import Place, is_remote, local, located
from jaxeval.errors import printable
from jaxeval.media.span import checked_span
from jaxeval.scoring.manifest_rows import Columns, check_unique, read_rows, wrong

_CLIPS = Columns(
    Source._fields,
    needed=("id",),
    integers=("id", "identity"),
    decimals=("start", "end"),
    what="clip",
    given_by="the dataset's root",
)


def read_sources(manifest: Place) -> list[Source]:
    r"""The clips that a manifest names, by their ids.

    Columns: `id`; `video`, or `portrait` and `audio`, with `audio` beside a video where its sound lies in a file of its
    own; `identity`, `style`; `start` and `end`, in seconds, of the part that the clip is. All but `id` may be left out.
    Paths are relative to the manifest's folder, or URLs.

    Args:
        manifest: a .csv file with a heading, .jsonl or .ndjson file of objects, or .parquet file; or its URL.

    Raises:
        JaxevalError: the file can't be read or is damaged, has other columns or no row, or a row has no id or one that
            another has, neither a video nor a portrait with audio, or a part that ends before it begins.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "clips.csv"
        >>> _ = path.write_text("id,video,end\na,a.mp4,10\n")
        >>> [(clip.id, clip.video.name, clip.span) for clip in read_sources(path)]
        [('a', 'a.mp4', (0.0, 10.0))]
    """
    path = local(manifest)
    rows = read_rows(path, _CLIPS)
    folder = located(manifest, "..") if is_remote(manifest) else path.parent
    clips = [_source(where, row, folder) for where, row in rows]
    check_unique([where for where, _ in rows], [clip.id for clip in clips], _CLIPS.what)
    return sorted(clips, key=lambda clip: clip.id)


def _source(where: str, row: Mapping[str, str], folder: Place) -> Source:
    if not row["id"]:
        raise wrong(where, "an id", "an empty cell", "Give the clip one: its outputs are named after it.")
    if not row["video"] and not (row["portrait"] and row["audio"]):
        found = " and ".join(name for name in ("portrait", "audio") if row[name]) or "none"
        raise wrong(where, "a video, or a portrait and audio", found, "Fill the cells in, or remove the row.")
    if row["video"] and row["portrait"]:
        raise wrong(where, "a video or a portrait", "both", "Empty one: identity is held against one of them.")
    start, end = (_seconds(where, name, row[name]) for name in ("start", "end"))
    checked_span(start, end, where)
    video, audio, portrait = (
        located(folder, row[name]) if row[name] else None for name in ("video", "audio", "portrait")
    )
    name = printable(unicodedata.normalize("NFC", row["id"]))
    return Source(name, video, audio, portrait, row["identity"], row["style"], start, end)


def _seconds(where: str, name: str, text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        raise wrong(where, f"a number of seconds in {name}", repr(text[:60]), "Correct it.") from None
