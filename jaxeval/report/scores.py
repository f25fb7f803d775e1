"""The report's numbers: the columns of its table, the bars at a glance, the worst clips, why scores are missing."""

from collections.abc import Mapping, Sequence
from typing import Any

from jaxeval.results.catalogue import Catalogue
from jaxeval.results.definitions import GROUPS
from jaxeval.results.document import Detail, Document, Row, scored_names
from jaxeval.results.flags import is_doubtful, time_flags
from jaxeval.results.formatting import format_cell, format_value
from jaxeval.results.metric import Metric
from jaxeval.results.score import Score

GLANCE_UP_TO = 24


def facts_of(document: Document, fps: float) -> dict[str, str]:
    """What must be known before a number is read, for the page's head.

    Args:
        document: for its protocol.
        fps: of the page.

    Returns:
        Name to text; what is not known is left out.

    Example:
        >>> facts_of(Document(clips=(), summary={}, provenance={"protocol": "jaxeval-v1"}), 25.0)
        {'protocol': 'jaxeval-v1', 'frames per second': '25'}
    """
    protocol = document.protocol
    facts = {
        "protocol": protocol.get("name"),
        "region": protocol.get("region", document.provenance.get("region")),
        "face": document.provenance.get("face"),
        "frames per second": f"{fps:g}",
        "timing metric": protocol.get("timing"),
        "γ": ", ".join(f"{name} {value:g}" for name, value in protocol.get("gamma", {}).items()),
        "band": f"±{protocol['band']:g} ms" if protocol.get("band") else None,
    }
    return {name: value for name, value in facts.items() if value}


def groups_of(document: Document, known: Catalogue) -> list[tuple[str, list[Score]]]:
    """Columns under their headings: the scores that a clip or the set has. A lag's spread stands in the lag's column.

    Args:
        document: the document.
        known: its scores.

    Returns:
        Headings with their columns; no heading without any.
    """
    groups: dict[str, list[Score]] = {}
    told = scored_names(document)
    for score in known.values():
        if score.form != "lag_std" and score.name in told:
            groups.setdefault(GROUPS.get(score.group, score.group), []).append(score)
    return list(groups.items())


def reasons_of(document: Document, known: Catalogue) -> dict[str, dict[str, list[str]]]:
    """Why scored clips, and the set, lack scores.

    Args:
        document: the document.
        known: its scores.

    Returns:
        Reason to the clips, each with what it lacks, see `briefly`; what all clips lack stands once.
    """
    reasons: dict[str, dict[str, list[str]]] = {}
    scored = [row for row in document.clips if row.status == "ok"]
    for row in scored:
        for reason in dict.fromkeys(row.missing.values()):
            lacks = [name for name, why in row.missing.items() if why == reason]
            reasons.setdefault(reason, {})[row.id] = briefly(lacks, known)
    for reason, clips in reasons.items():
        lists = list(clips.values())
        if len(lists) == len(scored) > 1 and all(names == lists[0] for names in lists):
            reasons[reason] = {f"all {len(scored)} clips": lists[0]}
    for name, detail in document.details.items():
        if detail.reason:
            reasons.setdefault(detail.reason, {}).setdefault("the whole set", []).append(name)
        for clip, reason in detail.without.items():
            reasons.setdefault(reason, {}).setdefault(clip, []).append(name)
    return reasons


def briefly(names: Sequence[str], known: Catalogue) -> list[str]:
    """Names of scores, those of one metric together where there are more than three of them.

    Example:
        >>> from jaxeval.results.catalogue import catalogue
        >>> briefly(["psnr", "csim", "csim_seq", "csim_div", "lag_ms_csim"], catalogue({}))
        ['psnr', 'csim (4 scores)']
    """
    metrics: dict[str, list[str]] = {}
    for name in names:
        metrics.setdefault(known[name].metric if name in known else name, []).append(name)
    return [
        told for metric, own in metrics.items() for told in ([f"{metric} ({len(own)} scores)"] if len(own) > 3 else own)
    ]


def worst_of(document: Document, known: Catalogue) -> list[dict[str, Any]]:
    """The worst clips of every score, an aligned score's with the lag that it forgave.

    Args:
        document: the document.
        known: its scores.

    Returns:
        One entry a score; none where fewer than two clips have it.
    """
    by_id = {row.id: row for row in document.clips}
    panels = []
    for name, score in known.items():
        listed = document.details.get(name, Detail()).worst
        worst = [by_id[id_] for id_ in listed if name in by_id[id_].scores]
        if len(worst) > 1:
            panels.append({"score": score, "clips": [_worst(row, score, known) for row in worst]})
    return panels


def _worst(row: Row, score: Score, known: Catalogue) -> dict[str, Any]:
    lag = known.of(score.metric, "lag") if score.is_aligned else None
    return {
        "id": row.id,
        "value": format_value(score, row.scores[score.name]),
        "lag": lag and _lag_text(lag, row.scores, known),
        "warnings": time_flags(row) if lag else [],
    }


def _lag_text(lag: Score, scores: Mapping[str, float], known: Catalogue) -> str:
    return f"lag {format_cell(lag, scores, known)} ms" if lag.name in scores else "lag unknown"


def glance_of(document: Document, known: Catalogue) -> list[dict[str, Any]]:
    """For each headline metric the bars of every clip, or of the mean where there are too many clips.

    Args:
        document: the document.
        known: its scores.

    Returns:
        A panel a metric, and for the first two of the trajectories that came in files.
    """
    rows = [(row, time_flags(row)) for row in document.clips]
    if len(rows) > GLANCE_UP_TO:
        means = {name: entry.mean for name, entry in document.summary.items() if entry.mean is not None}
        flagged = sum(bool(warnings) for _, warnings in rows)
        told = [f"{flagged} flagged: clips with timing faults, see below"] if flagged else []
        rows = [(Row(id=f"mean of {len(rows)} clips", scores=means), told)]
    given = [metric for metric in known.aligned if not metric.role]
    headline = [metric for metric in known.aligned if metric.glance] + given[:2]
    panels = [{"metric": metric, "bars": _bars(metric, rows, known)} for metric in headline]
    return [panel for panel in panels if panel["bars"]]


def _bars(metric: Metric, rows: Sequence[tuple[Row, list[str]]], known: Catalogue) -> list[dict[str, Any]]:
    rigid, left, lag = known.get(metric.name), known.of(metric.name, "div"), known.of(metric.name, "lag")
    if rigid is None or left is None or lag is None:
        return []
    shown = [(row, told) for row, told in rows if {rigid.name, left.name, lag.name} <= row.scores.keys()]
    longest = max((max(row.scores[rigid.name], row.scores[left.name]) for row, _ in shown), default=0.0) or 1.0
    return [
        {
            "id": row.id,
            "rigid": format_value(rigid, row.scores[rigid.name]),
            "rigid_width": 100 * max(row.scores[rigid.name], 0) / longest,
            "aligned": format_value(left, row.scores[left.name]),
            "aligned_width": 100 * max(row.scores[left.name], 0) / longest,
            "lag": format_cell(lag, row.scores, known),
            "doubtful": is_doubtful(row, lag, known),
            "left": _percent(row.scores[left.name], row.scores[rigid.name]),
            "warnings": told,
        }
        for row, told in shown
    ]


def _percent(part: float, whole: float) -> str | None:
    return f"{100 * part / whole:.0f} %" if whole > 0 else None
