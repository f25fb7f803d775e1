"""The report's timing: of each clip where its frames lie, how many are beyond the tolerances, and whether it drifts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxeval.report.figures import data_uri
from jaxeval.report.timing_figures import LIMITS, lag_outline, lags_of_clips, reach_of, spaced
from jaxeval.results.catalogue import Catalogue
from jaxeval.results.definitions import BEYOND, DRIFT, MOUTH
from jaxeval.results.document import Document, Row
from jaxeval.results.flags import is_doubtful, time_flags
from jaxeval.results.formatting import format_cell, format_value
from jaxeval.results.metric import Metric
from jaxeval.results.record import ClipRecord
from jaxeval.results.score import Score

ROWS_UP_TO = 24
_NARROWEST_LABEL = 0.22


def timing_metric(document: Document, known: Catalogue) -> Metric | None:
    """The metric whose lag is shown: the protocol's, or the first one that has a lag where no clip has that.

    Args:
        document: the document.
        known: its scores.

    Returns:
        The metric; None if no clip has a lag.
    """
    timed = [metric for metric in known.aligned if any(_has_lag(row, metric, known) for row in document.clips)]
    return next((metric for metric in timed if metric.name == known.timing), timed[0] if timed else None)


def _has_lag(row: Row, metric: Metric, known: Catalogue) -> bool:
    lag = known.of(metric.name, "lag")
    return lag is not None and lag.name in row.scores


def furthest_off(rows: Sequence[Row], metric: Metric | None, known: Catalogue) -> list[str]:
    """The clips whose frames are shown: all of few, of many those with the worst timing.

    Args:
        rows: the document's clips.
        metric: whose lag is shown.
        known: the document's scores.

    Returns:
        At most 24 ids; of more clips the worst first.
    """
    if metric is None:
        return []
    timed = [row for row in rows if _has_lag(row, metric, known)]
    if len(rows) > ROWS_UP_TO:
        timed = sorted(timed, key=lambda row: _off(row, metric, known), reverse=True)
    return [row.id for row in timed[:ROWS_UP_TO]]


def _off(row: Row, metric: Metric, known: Catalogue) -> tuple[float, ...]:
    lag, spread = _lag_and_spread(row, metric, known)
    return len(time_flags(row)), row.scores.get(BEYOND.format(LIMITS[-1]), 0.0), abs(lag) + spread


def _lag_and_spread(row: Row, metric: Metric, known: Catalogue) -> tuple[float, float]:
    """In ms, 0 where one is missing."""
    scores = known.of(metric.name, "lag"), known.of(metric.name, "lag_std")
    lag, spread = (0.0 if score is None else row.scores.get(score.name, 0.0) for score in scores)
    return lag, spread


def frame_lags(record: ClipRecord, metric: Metric, fps: float) -> np.ndarray | None:
    """All that is kept of a clip until the section is drawn.

    Args:
        record: the clip, with its curves.
        metric: whose lag is shown.
        fps: of the page, where the record has none of its own.

    Returns:
        `[T]` ms; None if the clip has no curve of that metric, or one that can't be drawn.
    """
    curves = record.curves.get(metric.name)
    lags = np.empty(0) if curves is None else 1000 / (record.fps or fps) * np.asarray(curves.lag, np.float64)
    return lags if lags.ndim == 1 and len(lags) and np.isfinite(lags).all() else None


def timing_section(
    document: Document,
    metric: Metric | None,
    lags: Mapping[str, np.ndarray],
    anchors: Mapping[str, str],
    known: Catalogue,
) -> dict[str, Any] | None:
    """What the template `timing.html.j2` shows.

    Args:
        document: all numbers are from it.
        metric: whose lag is shown.
        lags: ids of the clips whose frames are drawn, with the lag of each frame in ms.
        anchors: ids of the clips that have pictures, each with its anchor in the page.
        known: the document's scores.

    Returns:
        The template's variables; None if there is nothing to show.
    """
    if metric is None:
        return None
    rows, reach = document.clips, reach_of(list(lags.values()))
    many = len(rows) > ROWS_UP_TO
    by_id = {row.id: row for row in rows}
    listed = [by_id[id_] for id_ in furthest_off(rows, metric, known)] if many else rows
    mouth = _mouth(rows, metric, known)
    bands = [{"limit": limit, "left": 50 - 50 * limit / reach, "width": 100 * limit / reach} for limit in LIMITS]
    return {
        "metric": metric,
        "mouth": mouth,
        "shares": any(DRIFT in row.scores for row in listed),
        "bands": [band for band in bands if band["limit"] <= reach],
        "ticks": [{"left": 50 + 50 * ms / reach, "text": _signed(ms)} for ms in _labels(reach)],
        "rows": [_row(row, metric, mouth, lags.get(row.id), reach, anchors, known) for row in listed],
        "of": len(rows) if many else None,
        "untimed": sum(not _has_lag(row, metric, known) for row in rows) if many else 0,
        "overview": _overview(rows, metric, known) if many else None,
    }


def _labels(reach: float) -> list[int]:
    limits = spaced(reach, _NARROWEST_LABEL)
    return sorted([0, *limits, *(-limit for limit in limits)])


def _signed(ms: float) -> str:
    return f"{ms:+.0f}".replace("-", "−") if round(ms) else "0"


def shares_in_words(scores: Mapping[str, float], known: Catalogue) -> dict[str, str]:
    """The shares beyond the tolerances in per cent, and the drift.

    Args:
        scores: a clip's.
        known: the document's scores.

    Returns:
        "40", "80", "160" and "drift" to their texts, without a unit; what is missing is left out.

    Example:
        >>> from jaxeval.results.catalogue import catalogue
        >>> shares_in_words({"lag_beyond_40ms": 0.973, "lag_drift": -6.52}, catalogue({}))
        {'40': '97 %', 'drift': '−6.5'}
    """
    shares = {str(ms): scores.get(BEYOND.format(ms)) for ms in LIMITS}
    told = {ms: f"{100 * share:.0f} %" for ms, share in shares.items() if share is not None}
    return told | ({"drift": format_value(known[DRIFT], scores[DRIFT])} if DRIFT in scores else {})


def _row(
    row: Row,
    metric: Metric,
    mouth: Score | None,
    lag: np.ndarray | None,
    reach: float,
    anchors: Mapping[str, str],
    known: Catalogue,
) -> dict[str, Any]:
    score = known.of(metric.name, "lag")
    reason = row.missing.get(score.name if score else "", f"not scored by {metric.name}")
    if row.status != "ok":
        reason = f"failed: {row.reason or 'no reason was recorded'}"
    return {
        "id": row.id,
        "anchor": anchors.get(row.id),
        "flags": [flag.partition(": ") for flag in time_flags(row)],
        "reason": None if _has_lag(row, metric, known) else reason,
        "lag": _lag_cell(row, score, known),
        "mouth": _lag_cell(row, mouth, known),
        "told": shares_in_words(row.scores, known),
        "strip": None if lag is None else _strip(lag, reach),
    }


def _mouth(rows: Sequence[Row], metric: Metric, known: Catalogue) -> Score | None:
    """The mouth's lag, where a clip has it and it isn't the one that is shown anyway."""
    lag = known.of(MOUTH, "lag") if metric.name != MOUTH else None
    return lag if lag and any(lag.name in row.scores for row in rows) else None


def _lag_cell(row: Row, lag: Score | None, known: Catalogue) -> dict[str, Any] | None:
    """A lag in words, and whether it is to be doubted; None where it is missing."""
    if lag is None or lag.name not in row.scores:
        return None
    return {"text": format_cell(lag, row.scores, known), "doubtful": is_doubtful(row, lag, known)}


def _strip(lag: np.ndarray, reach: float) -> dict[str, Any]:
    low, first, third, high = np.quantile(lag, (0, 0.25, 0.75, 1))
    middle = f"half of them from {_signed(first)} to {_signed(third)}"
    return {
        "outline": lag_outline(lag, reach),
        "mean": 50 + 50 * float(lag.mean()) / reach,
        "words": f"frames from {_signed(low)} to {_signed(high)} ms, {middle}",
    }


def _overview(rows: Sequence[Row], metric: Metric, known: Catalogue) -> dict[str, str]:
    """All clips at once, by their numbers alone: no record is loaded for it."""
    timed = [row for row in rows if _has_lag(row, metric, known)]
    means, spreads = map(list, zip(*(_lag_and_spread(row, metric, known) for row in timed), strict=True))
    svg = lags_of_clips(means, spreads, [bool(time_flags(row)) for row in timed])
    range_ = f"from {_signed(min(means))} to {_signed(max(means))} ms, median {_signed(float(np.median(means)))}"
    return {
        "alt": f"Mean lag by {metric.name} of {len(timed)} clips, in order: {range_}",
        "uri": data_uri("image/svg+xml", svg),
    }
