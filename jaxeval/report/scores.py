"""The report's numbers: the columns of its table, the bars at a glance, the worst clips, why scores are missing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jaxeval.results.catalogue import format_cell, format_value
from jaxeval.results.definitions import GROUPS, Aligned, Score
from jaxeval.results.flags import is_doubtful, time_flags

GLANCE_UP_TO = 24
_GLANCE = ("st_lpips", "lpips", "expr")


def facts_of(provenance: Mapping, fps: float) -> dict[str, str]:
    """What must be known before a number is read, for the page's head.

    Args:
        provenance: of the document.
        fps: of the page.

    Returns:
        Name to text; what is not known is left out.

    Example:
        >>> facts_of({"protocol": "jaxeval-v1"}, 25.0)
        {'protocol': 'jaxeval-v1', 'frames per second': '25'}
    """
    protocol = provenance.get("protocol", {})
    if not isinstance(protocol, Mapping):
        protocol = {"name": protocol}
    gamma = ", ".join(f"{name} {value:g}" for name, value in protocol.get("gamma", {}).items())
    facts = {
        "protocol": protocol.get("name"),
        "region": protocol.get("region", provenance.get("region")),
        "frames per second": f"{fps:g}",
        "timing by": protocol.get("timing"),
        "γ": gamma,
        "band": f"±{protocol['band']:g} ms" if protocol.get("band") else None,
    }
    return {name: value for name, value in facts.items() if value}


def groups_of(scores: Iterable[Score], metrics: Sequence[Aligned]) -> list[tuple[str, list[Score]]]:
    """Columns under their headings; a lag's spread stands in the lag's own column.

    Args:
        scores: what the document speaks of, in order.
        metrics: the aligned ones, each with a heading of its own.

    Returns:
        Headings with their columns; no heading without any.
    """
    columns = [score for score in scores if not score.name.startswith("lag_std_ms")]
    headings = GROUPS | {metric.name: metric.title for metric in metrics}
    groups = [(heading, [s for s in columns if s.group == group]) for group, heading in headings.items()]
    return [(heading, members) for heading, members in groups if members]


def reasons_of(rows: Sequence[Mapping], details: Mapping[str, Mapping]) -> dict[str, dict[str, list[str]]]:
    """Why scored clips, and the set, lack scores.

    Args:
        rows: the document's clips.
        details: the document's details; empty without any.

    Returns:
        Reason to the clips, each with the names of its missing scores.
    """
    reasons: dict[str, dict[str, list[str]]] = {}
    for row in (row for row in rows if row["status"] == "ok"):
        for name, reason in row["missing"].items():
            reasons.setdefault(reason, {}).setdefault(row["id"], []).append(name)
    for name, detail in details.items():
        if "reason" in detail:
            reasons.setdefault(detail["reason"], {}).setdefault("the whole set", []).append(name)
        for clip, reason in detail.get("without", {}).items():
            reasons.setdefault(reason, {}).setdefault(clip, []).append(name)
    return reasons


def worst_of(
    rows: Sequence[Mapping], details: Mapping[str, Mapping], known: Mapping[str, Score]
) -> list[dict[str, Any]]:
    """The worst clips of every score, an aligned score's with the lag that it forgave.

    Args:
        rows: the document's clips.
        details: the document's details.
        known: every score by name, in order.

    Returns:
        One entry a score; none where fewer than two clips have it.
    """
    by_id = {row["id"]: row for row in rows}
    found = []
    for name, score in known.items():
        worst = [by_id[id_] for id_ in details.get(name, {}).get("worst", ()) if name in by_id[id_]["scores"]]
        if len(worst) > 1:
            lag = _lag_of(name, known)
            clips = [
                {
                    "id": row["id"],
                    "value": format_value(score, row["scores"][name]),
                    "lag": lag and _lag_text(lag, row["scores"]),
                    "warnings": time_flags(row) if lag else [],
                }
                for row in worst
            ]
            found.append({"score": score, "clips": clips})
    return found


def _lag_of(name: str, known: Mapping[str, Score]) -> Score | None:
    """The lag without which an aligned score must not stand."""
    for ending in ("_div", "_seq"):
        if name.endswith(ending):
            return known.get(f"lag_ms_{name.removesuffix(ending)}")
    return None


def _lag_text(lag: Score, scores: Mapping[str, float]) -> str:
    return f"lag {format_cell(lag, scores)} ms" if lag.name in scores else "lag unknown"


def glance_of(document: Mapping, metrics: Sequence[Aligned], known: Mapping[str, Score]) -> list[dict[str, Any]]:
    """For each headline metric the bars of every clip, or of the mean where there are too many clips.

    Args:
        document: what `scores.json` holds.
        metrics: the aligned metrics that it speaks of.
        known: every score by name.

    Returns:
        A panel a metric, and for the first two of the trajectories that came in files.
    """
    rows: list[tuple[Mapping, list[str]]] = [(row, time_flags(row)) for row in document["clips"]]
    if len(rows) > GLANCE_UP_TO:
        means = {name: entry["mean"] for name, entry in document["summary"].items() if entry["mean"] is not None}
        flagged = sum(bool(warnings) for _, warnings in rows)
        told = [f"{flagged} flagged: clips whose timing is at fault, see below"] if flagged else []
        rows = [({"id": f"mean of {len(rows)} clips", "scores": means}, told)]
    given = [metric for metric in metrics if not metric.role]
    headline = [metric for metric in metrics if metric.name in _GLANCE] + given[:2]
    panels = [{"metric": metric, "bars": _bars(metric, rows, known)} for metric in headline]
    return [panel for panel in panels if panel["bars"]]


def _bars(
    metric: Aligned, rows: Sequence[tuple[Mapping, list[str]]], known: Mapping[str, Score]
) -> list[dict[str, Any]]:
    names = metric.name, f"{metric.name}_div", f"lag_ms_{metric.name}"
    shown = [(row, row["scores"], warnings) for row, warnings in rows if set(names) <= row["scores"].keys()]
    longest = max((max(scores[names[0]], scores[names[1]]) for _, scores, _ in shown), default=0.0) or 1.0
    if not shown:
        return []
    rigid, left, lag = (known[name] for name in names)
    return [
        {
            "id": row["id"],
            "rigid": format_value(rigid, scores[rigid.name]),
            "rigid_width": 100 * max(scores[rigid.name], 0) / longest,
            "aligned": format_value(left, scores[left.name]),
            "aligned_width": 100 * max(scores[left.name], 0) / longest,
            "lag": format_cell(lag, scores),
            "doubtful": is_doubtful(row, lag.name, None),
            "left": f"{100 * scores[left.name] / scores[rigid.name]:.0f} %" if scores[rigid.name] > 0 else None,
            "warnings": warnings,
        }
        for row, scores, warnings in shown
    ]
