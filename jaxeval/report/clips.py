"""The report's clips: each with its filmstrips, its alignment, its costs and its lag, drawn one clip at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from jaxeval.errors import JaxevalError, one_line
from jaxeval.report import figures
from jaxeval.report.offset_figure import offset_curve
from jaxeval.report.scores import briefly
from jaxeval.report.timing import shares_in_words
from jaxeval.report.timing_figures import lag_over_time
from jaxeval.results.catalogue import Catalogue
from jaxeval.results.definitions import DRIFT
from jaxeval.results.document import Row
from jaxeval.results.flags import time_flags
from jaxeval.results.formatting import format_cell
from jaxeval.results.metric import Metric
from jaxeval.results.record import ClipRecord, Strip

_NARROWEST_THUMBNAIL, _WIDEST_THUMBNAIL = 6.0, 12.0


def wanted_records(
    ids: Sequence[str], wanted: Set[str], clips: Iterable[ClipRecord] | Callable[[str], ClipRecord]
) -> Iterator[ClipRecord]:
    """Load one clip after the other, each once, so that memory does not grow with their number.

    Args:
        ids: of all the document's clips, in order.
        wanted: those that are needed.
        clips: the clips with their pictures' material, in any order, or a function that loads one by its id.

    Yields:
        The wanted clips; one that can't be loaded as a failed record that says why.

    Raises:
        ValueError: if `clips` holds another id, or one twice, or lacks a wanted one.

    Example:
        >>> [record.status for record in wanted_records(["late"], {"late"}, [ClipRecord("late", "failed")])]
        ['failed']
    """
    left = set(ids)
    for record in (_loaded(clips, id_) for id_ in ids if id_ in wanted) if callable(clips) else clips:
        if record.id not in left:
            raise ValueError(f"Expected each clip of the document once, got a second or unknown id {record.id!r}.")
        left.discard(record.id)
        if record.id in wanted:
            yield record
    if lost := left & wanted:
        raise ValueError(f"Expected the pictures of every clip, got none of {min(lost)!r}.")


def _loaded(clips: Callable[[str], ClipRecord], id_: str) -> ClipRecord:
    try:
        return clips(id_)
    except Exception as error:
        return ClipRecord(id_, "failed", str(error) if isinstance(error, JaxevalError) else one_line(error))


def clip_section(
    row: Row,
    record: ClipRecord,
    anchor: str,
    *,
    metrics: Sequence[Metric],
    timing: Metric | None,
    known: Catalogue,
    fps: float,
) -> dict[str, Any]:
    """Draw one clip.

    Args:
        row: of the document; all numbers and words are from it.
        record: the clip with its pictures' material.
        anchor: its place in the page.
        metrics: the aligned metrics whose figures are drawn, where the clip has them.
        timing: the one whose shares and drift the row tells.
        known: the document's scores.
        fps: frames per second of the curves and the strips, above 0, where the record has none of its own.

    Returns:
        What the template `clip.html.j2` shows of it.

    Example:
        >>> row, clip = Row(id="late", missing={"psnr": "no frames"}), ClipRecord("late", "failed")
        >>> known = Catalogue((), {})
        >>> clip_section(row, clip, "clip-1", metrics=(), timing=None, known=known, fps=25.0)["reasons"]
        {'no frames': ['psnr']}
    """
    rate = record.fps or fps
    lost = [f"no pictures: {record.reason}"] if (row.status, record.status) == ("ok", "failed") else []
    drawn = [metric for metric in metrics if metric.name in record.curves]
    return {
        "row": row,
        "anchor": anchor,
        "film": filmstrips(record, rate, row.frames),
        "notes": [flag.partition(": ") for flag in (*row.flags, *lost)],
        "warnings": time_flags(row),
        "reasons": _reasons(row.missing, known),
        "offsets": _offsets(row, record, known, rate),
        "metrics": [_drawn(metric, row, record, known, rate, timed=metric == timing) for metric in drawn],
    }


def _reasons(missing: Mapping[str, str], known: Catalogue) -> dict[str, list[str]]:
    """Reason to the names of the scores that it explains."""
    reasons = dict.fromkeys(missing.values())
    return {why: briefly([name for name, reason in missing.items() if reason == why], known) for why in reasons}


def _offsets(row: Row, record: ClipRecord, known: Catalogue, fps: float) -> dict[str, Any] | None:
    """The curve of lip-sync over offsets, with its numbers in words; None without one."""
    if not record.offsets:
        return None
    scores = [score for score in known.values() if score.metric == "lip_sync" and score.form == "value"]
    numbers = "; ".join(
        f"{score.label} {format_cell(score, row.scores, known)} {score.unit}".rstrip()
        for score in scores
        if score.name in row.scores
    )
    svg = offset_curve(record.offsets, fps=fps)
    alt = f"Correlation of mouth and voice over offsets of {row.id}: {numbers}"
    return {"numbers": numbers, "alt": alt, "uri": figures.data_uri("image/svg+xml", svg)}


def _drawn(
    metric: Metric, row: Row, record: ClipRecord, known: Catalogue, fps: float, *, timed: bool
) -> dict[str, Any]:
    """One aligned metric's figures, with its numbers in words."""
    m, curves, scores = metric.name, record.curves[metric.name], row.scores
    numbers = "; ".join(
        f"{score.label} {format_cell(score, scores, known)} {score.unit}".rstrip()
        for score in (known.get(m), known.of(m, "div"), known.of(m, "lag"))
        if score and score.name in scores
    )
    told = shares_in_words(scores, known) if timed else {}
    beyond = ", ".join(f"±{ms} ms {share}" for ms, share in told.items() if ms != "drift")
    beyond = f"frames beyond {beyond}" if beyond else ""
    about = f"of {row.id} by {m}: {numbers}"
    drift = scores.get(DRIFT) if timed else None
    drawings = (
        (f"Alignment {about}", figures.alignment_heat_map(curves, fps=fps)),
        (f"Cost over time {about}", figures.cost_over_time(curves, fps=fps, cost=metric.cost)),
        (f"Lag over time {about}{beyond and '; '}{beyond}", lag_over_time(curves, fps=fps, drift=drift)),
    )
    return {
        "metric": metric,
        "numbers": numbers,
        "beyond": beyond,
        "figures": [{"alt": alt, "uri": figures.data_uri("image/svg+xml", svg)} for alt, svg in drawings],
    }


def filmstrips(record: ClipRecord, fps: float, frames: tuple[int, int | None] | None = None) -> dict[str, Any] | None:
    """The filmstrips on one linear time axis, positions in per cent of the width, and the loudness under them.

    Args:
        record: the clip with its pictures' material.
        fps: frames per second of the strips, above 0.
        frames: numbers of frames of the generated clip and of the reference, if they are known.

    Returns:
        What the template `film.html.j2` shows; None for a clip without pictures.
    """
    strips = {"portrait": record.portrait, "generated": record.generated, "reference": record.reference}
    shown = {name: strip for name, strip in strips.items() if strip is not None and len(strip.frames)}
    if not shown:
        return None
    last = max(int(strip.frames[-1]) for strip in shown.values())
    width = _thumbnail_width(shown.values(), last)
    scale = (100 - width) / max(last, 1)
    # The pair's sound is the reference's own where it has one, so it is drawn as long as the reference.
    sound = scale * ([count for count in frames or (last + 1,) if count is not None][-1] - 1)
    return {
        "width": width,
        "strips": {name: _thumbnails(strip, width, scale, fps) for name, strip in shown.items()},
        "sound_width": min(sound, 100 - width),
        "sound": figures.loudness_outline(record.audio) if record.audio is not None and sound > 0 else None,
    }


def _thumbnail_width(strips: Iterable[Strip], last: int) -> float:
    """The width at which neighbours do not touch: (100 − width) · step / last ≥ 1.04 width, within limits."""
    steps = [int(np.diff(strip.frames).min()) for strip in strips if len(strip.frames) > 1]
    step = min(steps, default=last) / max(last, 1)
    return float(np.clip(100 * step / (1.04 + step), _NARROWEST_THUMBNAIL, _WIDEST_THUMBNAIL))


def _thumbnails(strip: Strip, width: float, scale: float, fps: float) -> dict[str, Any]:
    """Thumbnails at their times; one that would cover its neighbour on the left is left out."""
    shown: list[dict[str, Any]] = []
    for frame, image in zip(strip.frames.tolist(), strip.images, strict=True):
        if not shown or scale * frame >= shown[-1]["left"] + width:
            uri = figures.data_uri("image/jpeg", figures.thumbnail(image))
            shown.append({"left": scale * frame, "ms": f"{1000 * frame / fps:.0f}", "uri": uri})
    height, breadth = strip.images.shape[1:3]
    return {"thumbnails": shown, "aspect": 100 / width * breadth / height}
