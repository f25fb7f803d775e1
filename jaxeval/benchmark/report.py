"""The report: one HTML file that shows every score, and for each clip what was aligned with what, at which lag."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from jaxeval.atomic import atomic_file
from jaxeval.benchmark.report_clips import clip_sections
from jaxeval.scoring.record import ClipRecord
from jaxeval.scoring.score_names import aligned_metrics, catalogue, encoders_of, format_cell, format_value, scores_in
from jaxeval.scoring.score_texts import GROUPS, Aligned, Score

# What keeps the page sane for many clips: about 300 kB a clip with every metric's figures, 120 kB with one metric's.
ALL_METRICS_UP_TO = 12
PICTURED_UP_TO = 100
_GLANCE_UP_TO = 24
_GLANCE = ("st_lpips", "lpips", "expr")


def write_report(
    path: str | Path,
    document: Mapping,
    clips: Iterable[ClipRecord] | Callable[[str], ClipRecord],
    *,
    fps: float,
    title: str,
) -> None:
    """Write one self-contained HTML page about scored clips; no script or resource from elsewhere is needed.

    Every clip has a row in the table. Up to 12 clips are shown with all their metrics' figures, up to 100 with those of
    the first metric; of more, the 100 with the highest st_lpips_div or lpips_div, and the page says so. The file
    appears whole or not at all, and one clip's pictures are in memory at a time.

    Args:
        path: the file to write; its folder exists.
        document: what `scores.json` holds: `provenance`, `clips` and `summary`. All numbers shown are from it.
        clips: the same clips with their pictures' material, in any order, or a function that loads one by its id.
        fps: frames per second of the curves and the strips, above 0.
        title: the page's heading, plain text.

    Raises:
        JaxevalError: if the file can't be written.
        ValueError: if `clips` holds an id that the document does not, or one twice, or lacks one that gets pictures.

    Example:
        >>> import tempfile
        >>> clip = ClipRecord("late", "failed", reason="no face was found")
        >>> row = {"id": "late", "status": "failed", "reason": clip.reason, "frames": None,
        ...        "scores": {}, "missing": {}, "flags": []}
        >>> document = {"provenance": {}, "clips": [row], "summary": {}}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_report(Path(folder) / "report.html", document, [clip], fps=25.0, title="One clip")
        ...     "no face was found" in (Path(folder) / "report.html").read_text("utf-8")
        True
    """
    rows, provenance = document["clips"], document.get("provenance", {})
    known = catalogue(encoders_of(document))
    anchors = _pictured(rows)
    present = aligned_metrics(document)
    metrics = present if len(rows) <= ALL_METRICS_UP_TO else present[:1]
    context = {
        "title": title,
        "fps": fps,
        "rows": rows,
        "summary": document["summary"],
        "anchors": anchors,
        "provenance": provenance,
        "facts": _facts(provenance, fps),
        "groups": _groups(scores_in(document)),
        "glance": _glance(document),
        "reasons": _reasons(rows, document.get("details", {})),
        "metrics": metrics,
        "sections": clip_sections(rows, anchors, clips, metrics=metrics, known=known, fps=fps),
    }
    with atomic_file(Path(path)) as file:
        file.writelines(part.encode() for part in _environment().get_template("report.html.j2").generate(context))


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("jaxeval.benchmark"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"format_value": format_value, "cell": format_cell}
    return environment


def _facts(provenance: Mapping, fps: float) -> dict[str, str]:
    """What must be known before a number is read, for the page's head."""
    protocol = provenance.get("protocol", {})
    if not isinstance(protocol, Mapping):
        protocol = {"name": protocol}
    gamma = ", ".join(f"{name} {value:g}" for name, value in protocol.get("gamma", {}).items())
    facts = {
        "protocol": protocol.get("name"),
        "region": protocol.get("region", provenance.get("region")),
        "frames per second": f"{fps:g}",
        "γ": gamma,
        "band": f"±{protocol['band']:g} ms" if protocol.get("band") else None,
    }
    return {name: value for name, value in facts.items() if value}


def _groups(scores: list[Score]) -> list[tuple[str, list[Score]]]:
    """Columns under their headings; a lag's spread stands in the lag's own column."""
    columns = [score for score in scores if not score.name.startswith("lag_std_ms")]
    groups = [(heading, [s for s in columns if s.group == group]) for group, heading in GROUPS.items()]
    return [(heading, members) for heading, members in groups if members]


def _pictured(rows: list[Mapping]) -> dict[str, str]:
    """Ids of the clips that get pictures, each with its anchor in the page."""
    worst = sorted(rows, key=_appearance, reverse=True)
    chosen = {row["id"] for row in (rows if len(rows) <= PICTURED_UP_TO else worst[:PICTURED_UP_TO])}
    return {row["id"]: f"clip-{number}" for number, row in enumerate(rows, 1) if row["id"] in chosen}


def _appearance(row: Mapping) -> float:
    """How far the clip is off once it is aligned."""
    scores = row["scores"]
    return scores.get("st_lpips_div", scores.get("lpips_div", float("-inf")))


def _reasons(rows: list[Mapping], details: Mapping[str, Mapping]) -> dict[str, dict[str, list[str]]]:
    """Why scored clips, and the set, lack scores: reason to the clips, each with the names of its missing scores."""
    reasons: dict[str, dict[str, list[str]]] = {}
    for row in (row for row in rows if row["status"] == "ok"):
        for name, reason in row["missing"].items():
            reasons.setdefault(reason, {}).setdefault(row["id"], []).append(name)
    for name, detail in details.items():
        if "reason" in detail:
            reasons.setdefault(detail["reason"], {}).setdefault("the whole set", []).append(name)
    return reasons


def _glance(document: Mapping) -> list[dict[str, Any]]:
    """For each headline metric the bars of every clip, or of the mean where there are too many clips."""
    rows = [(row["id"], row["scores"]) for row in document["clips"]]
    if len(rows) > _GLANCE_UP_TO:
        means = {name: entry["mean"] for name, entry in document["summary"].items() if entry["mean"] is not None}
        rows = [(f"mean of {len(rows)} clips", means)]
    known = catalogue(encoders_of(document))
    metrics = [metric for metric in aligned_metrics(document) if metric.name in _GLANCE]
    panels = [{"metric": metric, "bars": _bars(metric, rows, known)} for metric in metrics]
    return [panel for panel in panels if panel["bars"]]


def _bars(metric: Aligned, rows: list[tuple[str, Mapping]], known: Mapping[str, Score]) -> list[dict[str, Any]]:
    rigid, left, lag = (known[name] for name in (metric.name, f"{metric.name}_div", f"lag_ms_{metric.name}"))
    shown = [(id_, scores) for id_, scores in rows if {rigid.name, left.name, lag.name} <= scores.keys()]
    longest = max((max(scores[rigid.name], scores[left.name]) for _, scores in shown), default=0.0) or 1.0
    return [
        {
            "id": id_,
            "rigid": format_value(rigid, scores[rigid.name]),
            "rigid_width": 100 * max(scores[rigid.name], 0) / longest,
            "aligned": format_value(left, scores[left.name]),
            "aligned_width": 100 * max(scores[left.name], 0) / longest,
            "lag": format_cell(lag, scores),
            "left": f"{100 * scores[left.name] / scores[rigid.name]:.0f} %" if scores[rigid.name] > 0 else None,
        }
        for id_, scores in shown
    ]
