"""A record as a row of `scores.json` and as a line of `scores.csv`."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from jaxeval.results.record import ClipRecord


def row_of(record: ClipRecord) -> dict[str, Any]:
    """What `scores.json` holds of a clip.

    Example:
        >>> row_of(ClipRecord("a", "ok", scores={"l1": 0.5}))["scores"]
        {'l1': 0.5}
    """
    names = ("id", "status", "reason", "frames", "scores", "missing", "flags")
    return {name: getattr(record, name) for name in names} | {"lag_support": record.support}


def csv_of(records: Sequence[ClipRecord]) -> str:
    r"""One line a clip, one column a score; a missing score is an empty cell.

    Example:
        >>> csv_of([ClipRecord("a", "ok", frames=(2, 2), scores={"l1": 0.5})]).splitlines()[1]
        'a,ok,,2,2,0.5,'
    """
    names = list(dict.fromkeys(name for record in records for name in (*record.scores, *record.missing)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "status", "reason", "frames_generated", "frames_reference", *names, "flags"])
    for record in records:
        cells = [repr(record.scores[name]) if name in record.scores else "" for name in names]
        frames = record.frames or ("", "")
        writer.writerow([record.id, record.status, record.reason or "", *frames, *cells, "; ".join(record.flags)])
    return text.getvalue()
