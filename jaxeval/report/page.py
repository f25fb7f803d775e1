"""The report: one HTML file that shows every score, and for each clip what was aligned with what, at which lag."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TextIO

import numpy as np
from jinja2 import Template

from jaxeval.errors import one_line
from jaxeval.files import atomic_file
from jaxeval.report.clips import clip_section, wanted_records
from jaxeval.report.environment import page_environment
from jaxeval.report.noise_floor import floor_of, floor_words
from jaxeval.report.scores import facts_of, glance_of, groups_of, reasons_of, worst_of
from jaxeval.report.timing import frame_lags, furthest_off, timing_metric, timing_section
from jaxeval.results.catalogue import Catalogue
from jaxeval.results.document import Detail, Document, Entry, Row, catalogue_of
from jaxeval.results.flags import time_flags
from jaxeval.results.metric import Metric
from jaxeval.results.record import ClipRecord

# What keeps the page sane for many clips: about 300 kB a clip with every metric's figures, 120 kB with one metric's.
ALL_METRICS_UP_TO = 12
PICTURED_UP_TO = 100
_BLOCK = 1 << 20


def write_report(
    path: str | Path,
    document: Document,
    clips: Iterable[ClipRecord] | Callable[[str], ClipRecord],
    *,
    fps: float,
    title: str,
) -> None:
    """Write one self-contained HTML page about scored clips; no script or resource from elsewhere is needed.

    Every clip has a row in the table. Up to 24 clips show where their frames lie in time, of more all clips' lags and
    the 24 furthest off. Up to 12 clips are shown with all their metrics' figures, up to 100 with those of the first
    metric; of more, the 100 that are furthest off in time or have the highest `_div`, and the page says so. The file
    appears whole or not at all, and one clip's pictures are in memory at a time.

    Args:
        path: the file to write; its folder exists.
        document: what `scores.json` holds. All numbers shown are from it.
        clips: the same clips with their pictures' material, in any order, or a function that loads one by its id.
        fps: frames per second of the curves and the strips, above 0.
        title: the page's heading, plain text.

    Raises:
        JaxevalError: if the file can't be written.
        ValueError: if `clips` holds an id that the document does not, or one twice, or lacks one that gets pictures.

    Example:
        >>> import tempfile
        >>> clip = ClipRecord("late", "failed", reason="no face was found")
        >>> document = Document(clips=(Row(id="late", status="failed", reason=clip.reason),), summary={})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_report(Path(folder) / "report.html", document, [clip], fps=25.0, title="One clip")
        ...     "no face was found" in (Path(folder) / "report.html").read_text("utf-8")
        True
    """
    plan = _plan(document, fps)
    environment = page_environment("jaxeval.report")
    # The timing stands above the clips and is drawn of all of them: so the clips are drawn first, and put aside.
    with (
        atomic_file(Path(path)) as file,
        TemporaryFile("w+", encoding="utf-8", newline="", dir=Path(path).parent) as aside,
    ):
        lags = _draw(environment.get_template("clip.html.j2"), aside, clips, plan)
        aside.seek(0)
        context = _context(document, plan) | {
            "title": title,
            "timing": timing_section(document, plan.timing, lags, plan.anchors, plan.known),
            "sections": iter(partial(aside.read, _BLOCK), ""),
        }
        file.writelines(part.encode() for part in environment.get_template("report.html.j2").generate(context))


@dataclass(frozen=True)
class _Plan:
    """What of a document is shown where.

    Attributes:
        rows: id to row.
        known: the document's scores.
        drawn: the aligned metrics whose figures are drawn.
        timing: the metric whose lag is shown first.
        timed: ids of the clips whose frames' lags are shown.
        anchors: ids of the clips that get pictures, each with its anchor.
        fps: of clips that have none of their own.
    """

    rows: Mapping[str, Row]
    known: Catalogue
    drawn: list[Metric]
    timing: Metric | None
    timed: list[str]
    anchors: Mapping[str, str]
    fps: float


def _plan(document: Document, fps: float) -> _Plan:
    rows, known = document.clips, catalogue_of(document)
    timing = timing_metric(document, known)
    timed = furthest_off(rows, timing, known)
    first = [timing] if timing else known.aligned[:1]
    return _Plan(
        rows={row.id: row for row in rows},
        known=known,
        drawn=known.aligned if len(rows) <= ALL_METRICS_UP_TO else first,
        timing=timing,
        timed=timed,
        anchors=_pictured(rows, known, timed),
        fps=fps,
    )


def _draw(
    template: Template, aside: TextIO, clips: Iterable[ClipRecord] | Callable[[str], ClipRecord], plan: _Plan
) -> dict[str, np.ndarray]:
    """Write the pictured clips' sections and return the lags of the timed clips' frames, in ms."""
    lags = {}
    for record in wanted_records(list(plan.rows), plan.anchors.keys() | set(plan.timed), clips):
        if plan.timing and record.id in plan.timed:
            lags[record.id] = frame_lags(record, plan.timing, plan.fps)
        if record.id in plan.anchors:
            aside.write(_drawn(template, record, plan))
    return {id_: lag for id_, lag in lags.items() if lag is not None}


def _drawn(template: Template, record: ClipRecord, plan: _Plan) -> str:
    """One clip's section; where its pictures can't be drawn, the others' stand and it says why."""
    section = partial(
        clip_section,
        plan.rows[record.id],
        anchor=plan.anchors[record.id],
        metrics=plan.drawn,
        timing=plan.timing,
        known=plan.known,
        fps=plan.fps,
    )
    try:
        return template.render(clip=section(record))
    except Exception as error:
        bare = ClipRecord(record.id, "failed", f"drawing failed: {one_line(error)}")
        return template.render(clip=section(bare))


def _context(document: Document, plan: _Plan) -> dict[str, Any]:
    """What the templates show of the document itself."""
    known, rows = plan.known, document.clips
    return {
        "document": document,
        "known": known,
        "rows": rows,
        "referenced": not rows or any(row.frames is None or row.frames[1] is not None for row in rows),
        "anchors": plan.anchors,
        "facts": facts_of(document, plan.fps),
        "groups": groups_of(document, known),
        "glance": glance_of(document, known),
        "reasons": reasons_of(document, known),
        "worst": worst_of(document, known),
        "floor": floor_of(document),
        "floor_words": floor_words(document),
        "warnings": {row.id: flags for row in rows if (flags := time_flags(row))},
        "drawn": plan.drawn,
        "median": partial(_median, document),
        "count": partial(_count, document),
    }


def _median(document: Document, score: str) -> float | None:
    """Of the clips that have a score; None where it isn't told."""
    return document.details.get(score, Detail()).median


def _count(document: Document, score: str) -> str:
    """How many clips of how many have a score."""
    entry = document.summary.get(score, Entry())
    return f"{entry.n} of {len(document.clips) if entry.of is None else entry.of}"


def _pictured(rows: Sequence[Row], known: Catalogue, timed: list[str]) -> dict[str, str]:
    """Ids of the clips that get pictures, each with its anchor in the page.

    A `_div` forgives timing, so of many clips those that are furthest off in time come first, up to a quarter.
    """
    chosen = [row.id for row in rows]
    if len(rows) > PICTURED_UP_TO:
        first = known.of(known.aligned[0].name, "div") if known.aligned else None
        name = first.name if first else ""
        ranked = sorted(rows, key=lambda row: row.scores.get(name, float("-inf")), reverse=True)
        chosen = list(dict.fromkeys((*timed[: PICTURED_UP_TO // 4], *(row.id for row in ranked))))[:PICTURED_UP_TO]
    kept = set(chosen)
    return {row.id: f"clip-{number}" for number, row in enumerate(rows, 1) if row.id in kept}
