"""The document of a run: what `scores.json` holds, decoded and encoded here and nowhere else."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from jaxeval.errors import JaxevalError
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.catalogue import Catalogue, catalogue, given_metric, own_metric, trajectory_metric
from jaxeval.results.record import ClipRecord

SCHEMA = 1
NAME = "scores.json"

_NEXT = "score the clips again"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of clips: one row of the results.

    Attributes:
        id: the clip's name.
        status: "ok" or "failed".
        reason: why it failed; None if it didn't.
        frames: numbers of frames of the generated clip and of the reference (None without one), at the protocol's fps;
            None if unknown.
        scores: name to finite number.
        missing: name of a missing score to the reason.
        flags: warnings and remarks, each "code: text".
        lag_support: aligned metric to how well the costs support its lag, in [-1, 1].
    """

    id: str
    status: str = "ok"
    reason: str | None = None
    frames: tuple[int, int | None] | None = None
    scores: dict[str, float] = {}
    missing: dict[str, str] = {}
    flags: tuple[str, ...] = ()
    lag_support: dict[str, float] = {}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One score over all clips.

    Attributes:
        mean: over the clips that have it; None if none has.
        ci95: the mean's 95 % interval; None for fewer than two clips or persons.
        n: clips that have the score.
        of: clips that were asked for.
    """

    mean: float | None = None
    ci95: tuple[float, float] | None = None
    n: int = 0
    of: int | None = None


class Detail(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """More about one score.

    Attributes:
        median: over the clips that have the score; None if none has.
        worst: ids of up to five clips, the worst first.
        reason: why a score of the whole set is missing.
        without: ids of the clips that a score of the whole set leaves out, each with the reason.
    """

    median: float | None = None
    worst: tuple[str, ...] = ()
    reason: str = ""
    without: dict[str, str] = {}


class SignatureTexts(msgspec.Struct, frozen=True, kw_only=True):
    """A score's signature, short for a table's foot and long."""

    short: str = "unknown"
    long: str = "unknown"


class Floor(msgspec.Struct, frozen=True, kw_only=True):
    """The noise floor: references scored against themselves, re-encoded at the constant rate factor `crf`."""

    crf: int = 0
    clips: tuple[Row, ...] = ()
    summary: dict[str, Entry] = {}


class _Protocol(msgspec.Struct):
    encoders: dict[str, str] = {}
    gamma: dict[str, float] = {}
    band: float | None = None
    timing: str | None = None


class _Provenance(msgspec.Struct):
    """What of a provenance is used; the rest is for readers."""

    protocol: _Protocol | str = ""
    trajectories: tuple[str, ...] = ()
    scorers: dict[str, dict[str, str]] = {}
    values: dict[str, Any] = {}


class _Read(msgspec.Struct):
    provenance: _Provenance


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run found.

    Attributes:
        schema: the version of this format.
        provenance: what the numbers were made from; the only part with time stamps.
        clips: one row per pair.
        summary: score's name to its mean over all clips.
        details: score's name to its median and worst clips.
        signatures: score's name to what its numbers depend on.
        floor: the noise floor.
    """

    schema: int = SCHEMA
    provenance: dict[str, Any] = {}
    clips: tuple[Row, ...]
    summary: dict[str, Entry]
    details: dict[str, Detail] = {}
    signatures: dict[str, SignatureTexts] = {}
    floor: Floor = Floor()

    @property
    def protocol(self) -> dict[str, Any]:
        """The protocol's fields, as far as the provenance tells them."""
        told = self.provenance.get("protocol", {})
        return told if isinstance(told, dict) else {"name": told}


def document_of(value: Any) -> Document:
    """A document from plain values, such as JSON gives.

    Raises:
        msgspec.ValidationError: a value is missing or of another kind; the text says which and where.

    Example:
        >>> document_of({"clips": [{"id": "a", "scores": {"l1": 0.5}}], "summary": {}}).clips[0].scores
        {'l1': 0.5}
    """
    return msgspec.convert(value, Document)


def catalogue_of(document: Document) -> Catalogue:
    """Every score that a document speaks of, in the order of the tables.

    Example:
        >>> [*catalogue_of(document_of({"clips": [], "summary": {"l1": {}, "psnr": {}}}))]
        ['psnr', 'l1']
    """
    told = document.provenance
    extra = (
        *map(trajectory_metric, told.get("trajectories", ())),
        *(own_metric(name, words) for name, words in told.get("scorers", {}).items()),
        *map(given_metric, told.get("values", ())),
    )
    spoken = dict.fromkeys(document.summary)
    for row in document.clips:
        spoken |= dict.fromkeys((*row.scores, *row.missing))
    protocol = document.protocol
    encoders = protocol.get("encoders") or JAXEVAL_V1.encoders
    return catalogue(encoders, protocol.get("timing", ""), extra).restricted(spoken)


def scored_names(document: Document) -> set[str]:
    """The scores that any clip, or the set, has.

    Example:
        >>> clips = [{"id": "a", "scores": {"l1": 0.5}, "missing": {"psnr": "identical frames"}}]
        >>> scored_names(document_of({"clips": clips, "summary": {}}))
        {'l1'}
    """
    of_set = {name for name, entry in document.summary.items() if entry.mean is not None}
    return of_set.union(*(row.scores for row in document.clips))


def row_of(record: ClipRecord) -> Row:
    """What a document holds of a clip.

    Example:
        >>> row_of(ClipRecord("a", "ok", scores={"l1": 0.5})).scores
        {'l1': 0.5}
    """
    shared = {name: getattr(record, name) for name in Row.__struct_fields__ if name != "lag_support"}
    return Row(**shared, lag_support=record.support)


def read_document(path: Path) -> Document:
    """A run's `scores.json`.

    Args:
        path: the file, or the folder that holds it.

    Returns:
        The document.

    Raises:
        JaxevalError: there is none, or it isn't one of this version.
    """
    file = path / NAME if path.is_dir() else path
    expected = f"{file}: expected the {NAME} of a run"
    try:
        plain = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise JaxevalError(f"{expected}, found none. Create it with jaxeval score.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise JaxevalError(f"{expected}, found: {' '.join(str(error).split())}.") from error
    if isinstance(plain, dict) and plain.get("schema", SCHEMA) != SCHEMA:
        raise JaxevalError(f"{file}: expected schema {SCHEMA}, found {plain['schema']}; {_NEXT}.")
    try:
        document = document_of(plain)
        msgspec.convert({"provenance": document.provenance}, _Read)
        return document
    except msgspec.ValidationError as error:
        raise JaxevalError(f"{expected}, found: {error}; {_NEXT}.") from error


def encoded(document: Document) -> bytes:
    """The text of `scores.json`; no number in it is NaN or infinite, for records hold none."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1)


def csv_of(rows: Sequence[Row], known: Catalogue) -> str:
    r"""The text of `scores.csv`: one line a clip, one column a score; a missing score is an empty cell.

    Example:
        >>> document = document_of({"clips": [{"id": "a", "frames": [2, 2], "scores": {"l1": 0.5}}], "summary": {}})
        >>> csv_of(document.clips, catalogue_of(document)).splitlines()[1]
        'a,ok,,2,2,0.5,'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "status", "reason", "frames_generated", "frames_reference", *known, "flags"])
    for row in rows:
        cells = [repr(row.scores[name]) if name in row.scores else "" for name in known]
        writer.writerow([row.id, row.status, row.reason or "", *(row.frames or ("", "")), *cells, "; ".join(row.flags)])
    return text.getvalue()
