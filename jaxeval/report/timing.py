"""The report's timing: of each clip where its frames lie, how many are beyond the tolerances, and whether it drifts."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxeval.report.timing_figures import LIMITS, lag_outline, lags_of_clips, reach_of, spaced
from jaxeval.results.catalogue import format_cell, format_value
from jaxeval.results.definitions import Aligned, Score
from jaxeval.results.flags import is_doubtful, time_flags
from jaxeval.results.given import timing_of
from jaxeval.results.record import ClipRecord

ROWS_UP_TO = 24
MOUTH = "lag_ms_expr"
"""The lag of the mouth, which stands beside the picture's."""
_NARROWEST_LABEL = 0.22


def timing_metric(document: Mapping, metrics: Sequence[Aligned]) -> Aligned | None:
    """The metric whose lag is shown: the protocol's, or the first one that has a lag where no clip has that.

    Args:
        document: what `scores.json` holds.
        metrics: the aligned metrics that it speaks of.

    Returns:
        The metric; None if no clip has a lag.
    """
    chosen = timing_of(document)
    timed = [m for m in metrics if any(f"lag_ms_{m.name}" in row["scores"] for row in document["clips"])]
    return next((metric for metric in timed if metric.name == chosen), timed[0] if timed else None)


def furthest_off(rows: Sequence[Mapping], metric: Aligned | None) -> list[str]:
    """The clips whose frames are shown: all of few, of many those with the worst timing.

    Args:
        rows: the document's clips.
        metric: whose lag is shown.

    Returns:
        At most 24 ids; of more clips the worst first.
    """
    if metric is None:
        return []
    timed = [row for row in rows if f"lag_ms_{metric.name}" in row["scores"]]
    if len(rows) > ROWS_UP_TO:
        timed = sorted(timed, key=lambda row: _off(row, metric), reverse=True)
    return [row["id"] for row in timed[:ROWS_UP_TO]]


def _off(row: Mapping, metric: Aligned) -> tuple[float, ...]:
    lag, spread = (row["scores"].get(f"{kind}_ms_{metric.name}", 0.0) for kind in ("lag", "lag_std"))
    return len(time_flags(row)), row["scores"].get("lag_beyond_160ms", 0.0), abs(lag) + spread


def frame_lags(record: ClipRecord, metric: Aligned, fps: float) -> np.ndarray | None:
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
    document: Mapping,
    metric: Aligned | None,
    lags: Mapping[str, np.ndarray],
    anchors: Mapping[str, str],
    known: Mapping[str, Score],
) -> dict[str, Any] | None:
    """What the template `timing.html.j2` shows.

    Args:
        document: what `scores.json` holds; all numbers are from it.
        metric: whose lag is shown.
        lags: ids of the clips whose frames are drawn, with the lag of each frame in ms.
        anchors: ids of the clips that have pictures, each with its anchor in the page.
        known: every score by name.

    Returns:
        The template's variables; None if there is nothing to show.
    """
    if metric is None:
        return None
    rows, reach = document["clips"], reach_of(list(lags.values()))
    many = len(rows) > ROWS_UP_TO
    by_id = {row["id"]: row for row in rows}
    listed = [by_id[id_] for id_ in furthest_off(rows, metric)] if many else rows
    bands = [{"limit": limit, "left": 50 - 50 * limit / reach, "width": 100 * limit / reach} for limit in LIMITS]
    return {
        "metric": metric,
        "mouth": _has_mouth(metric, known),
        "shares": any("lag_drift" in row["scores"] for row in listed),
        "bands": [band for band in bands if band["limit"] <= reach],
        "ticks": [{"left": 50 + 50 * ms / reach, "text": _signed(ms)} for ms in _labels(reach)],
        "rows": [_row(row, metric, lags.get(row["id"]), reach, anchors, known) for row in listed],
        "of": len(rows) if many else None,
        "untimed": sum(f"lag_ms_{metric.name}" not in row["scores"] for row in rows) if many else 0,
        "overview": _overview(rows, metric) if many else None,
    }


def _labels(reach: float) -> list[int]:
    limits = spaced(reach, _NARROWEST_LABEL)
    return sorted([0, *limits, *(-limit for limit in limits)])


def _signed(ms: float) -> str:
    return f"{ms:+.0f}".replace("-", "−") if round(ms) else "0"


def shares_in_words(scores: Mapping[str, float], known: Mapping[str, Score]) -> dict[str, str]:
    """The shares beyond the tolerances in per cent, and the drift.

    Args:
        scores: a clip's.
        known: every score by name.

    Returns:
        "40", "80", "160" and "drift" to their texts, without a unit; what is missing is left out.

    Example:
        >>> from jaxeval.results.catalogue import catalogue
        >>> shares_in_words({"lag_beyond_40ms": 0.973, "lag_drift": -6.52}, catalogue())
        {'40': '97 %', 'drift': '−6.5'}
    """
    found = {str(ms): scores.get(f"lag_beyond_{ms}ms") for ms in LIMITS}
    told = {ms: f"{100 * share:.0f} %" for ms, share in found.items() if share is not None}
    drift = {"drift": format_value(known["lag_drift"], scores["lag_drift"])} if "lag_drift" in scores else {}
    return told | drift


def _row(
    row: Mapping,
    metric: Aligned,
    lag: np.ndarray | None,
    reach: float,
    anchors: Mapping[str, str],
    known: Mapping[str, Score],
) -> dict[str, Any]:
    name, scores = f"lag_ms_{metric.name}", row["scores"]
    reason = row["missing"].get(name, f"not scored by {metric.name}")
    if row["status"] != "ok":
        reason = f"failed: {row['reason'] or 'no reason was recorded'}"
    return {
        "id": row["id"],
        "anchor": anchors.get(row["id"]),
        "flags": [flag.partition(": ") for flag in time_flags(row)],
        "reason": None if name in scores else reason,
        "lag": _lag_cell(row, name, metric, known),
        "mouth": _lag_cell(row, MOUTH, metric, known) if _has_mouth(metric, known) else None,
        "told": shares_in_words(scores, known),
        "strip": None if lag is None else _strip(lag, reach),
    }


def _has_mouth(metric: Aligned, known: Mapping[str, Score]) -> bool:
    return MOUTH in known and metric.name != "expr"


def _lag_cell(row: Mapping, name: str, metric: Aligned, known: Mapping[str, Score]) -> dict[str, Any] | None:
    """A lag in words, and whether it is to be doubted; None where it is missing."""
    if name not in row["scores"]:
        return None
    return {"text": format_cell(known[name], row["scores"]), "doubtful": is_doubtful(row, name, metric.name)}


def _strip(lag: np.ndarray, reach: float) -> dict[str, Any]:
    low, first, third, high = np.quantile(lag, (0, 0.25, 0.75, 1))
    middle = f"half of them from {_signed(first)} to {_signed(third)}"
    return {
        "outline": lag_outline(lag, reach),
        "mean": 50 + 50 * float(lag.mean()) / reach,
        "words": f"frames from {_signed(low)} to {_signed(high)} ms, {middle}",
    }


def _overview(rows: Sequence[Mapping], metric: Aligned) -> dict[str, str]:
    """All clips at once, by their numbers alone: no record is loaded for it."""
    timed = [row for row in rows if f"lag_ms_{metric.name}" in row["scores"]]
    means = [row["scores"][f"lag_ms_{metric.name}"] for row in timed]
    spreads = [row["scores"].get(f"lag_std_ms_{metric.name}", 0.0) for row in timed]
    svg = lags_of_clips(means, spreads, [bool(time_flags(row)) for row in timed])
    range_ = f"from {_signed(min(means))} to {_signed(max(means))} ms, median {_signed(float(np.median(means)))}"
    return {
        "alt": f"Mean lag by {metric.name} of {len(timed)} clips, in order: {range_}",
        "uri": f"data:image/svg+xml;base64,{b64encode(svg).decode('ascii')}",
    }
