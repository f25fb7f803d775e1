"""The page and the figures of a robustness run."""

import io
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from jaxeval.benchmark.perturbations import Condition
from jaxeval.benchmark.robustness import Findings
from jaxeval.benchmark.robustness_figure import KINDS, response_curves, response_strip
from jaxeval.benchmark.robustness_files import FORMS, changes_of, judged, reasons, separations
from jaxeval.benchmark.separation import mean_monotonicity
from jaxeval.files import atomic_file, make_folder
from jaxeval.report.figures import data_uri, house_style
from jaxeval.results.record import ClipRecord
from jaxeval.results.score import Score

_DATELESS: Mapping[str, Any] = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None, "Creator": None}}
_ALWAYS = {"copy", "identical frames"}  # every changed clip is made from its reference, and may be flagged so


def write_figures(out: Path, found: Findings) -> dict[str, bytes]:
    """Draw all figures, each as PDF and SVG.

    Args:
        out: folder for them.
        found: what the run found.

    Returns:
        Caption to SVG file, for the page.
    """
    make_folder(out)
    # Without a value for the clip itself, or with no response to what is harmless, there is nothing to be relative to.
    scores = [score for score, figure in separations(found).items() if figure.ratio is not None]
    if not scores:
        return {}
    drawn = {"All responses": ("responses", lambda: response_strip(scores, found.cells))}
    for metric, forms in groupby(scores, key=lambda score: score.metric):
        drawn |= {f"Curves of {metric}": (f"curves_{metric}", _curves([*forms], found))}
    return {caption: _saved(draw, out / name) for caption, (name, draw) in drawn.items()}


def _curves(forms: list[Score], found: Findings) -> Callable[[], Figure]:
    """Of one metric; numbers on different scales share the panels, for all are relative."""
    return lambda: response_curves(forms, found.cells)


def _saved(draw: Callable[[], Figure], path: Path) -> bytes:
    with house_style():
        figure = draw()
        files = {}
        for kind, metadata in _DATELESS.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=kind, transparent=True, metadata=metadata)
            files[kind] = buffer.getvalue()
            with atomic_file(path.with_suffix(f".{kind}")) as file:
                file.write(files[kind])
    return files["svg"]


def write_page(path: Path, found: Findings, figures: Mapping[str, bytes], title: str) -> None:
    """Write one self-contained page: separation figures, curves, what alignment forgave, what failed.

    Args:
        path: the file.
        found: what the run found.
        figures: see `write_figures`.
        title: the page's heading, plain text.
    """
    context = {
        "title": title,
        "facts": _facts(found),
        "separations": separations(found),
        "forms": FORMS,
        "of": len(found.clips),
        "figures": {caption: data_uri("image/svg+xml", svg) for caption, svg in figures.items()},
        "kinds": KINDS,
        "changes": changes_of(found),
        "monotonicity": _monotonicity(found),
        "flags": _flags(found),
        "failed": reasons((r.reason or "", clip, c.name) for clip, c, r in found.records if r.status != "ok"),
        "missing": reasons(_missing(found)),
    }
    with atomic_file(path) as file:
        file.write(_environment().get_template("robustness.html.j2").render(context).encode())


def _environment() -> Environment:
    loader = ChoiceLoader([PackageLoader("jaxeval.benchmark"), PackageLoader("jaxeval.report")])
    options = {"autoescape": True, "undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    environment = Environment(loader=loader, **options)  # type: ignore[arg-type]
    environment.filters["figure"] = lambda number: "–" if number is None else f"{number:#.3g}".rstrip(".")
    return environment


def _facts(found: Findings) -> dict[str, object]:
    facts, count = found.facts, sum(1 for _ in found.records)
    return {
        "clips": len(found.clips),
        "changed copies": f"{facts['changes']} each",
        "scored": f"{count - found.failed} of {count}",
        "protocol": facts["protocol"]["name"],
        "region": facts["region"],
        "of each clip at most": f"{facts['seconds']:g} s",
        "jaxeval": facts["software"]["jaxeval"],
        "device": facts["device"],
    }


def _monotonicity(found: Findings) -> dict[Score, dict[str, float | None]]:
    """Score to change to Spearman's correlation."""
    changes = changes_of(found)
    every = {
        score: {change: mean_monotonicity(found.cells, score.name, change)[0] for change in changes}
        for score in judged(found)
    }
    return {score: row for score, row in every.items() if any(value is not None for value in row.values())}


def _flags(found: Findings) -> dict[str, tuple[int, dict[str, int]]]:
    """Change to how many copies were scored, and how many of those got each flag that the clip itself didn't get."""
    told: dict[str, tuple[int, Counter[str]]] = {}
    for name, condition, record in found.records:
        if condition.kind == "identical" or record.status != "ok" or not record.frames:
            continue
        before = _codes(_itself(found.clips[name]))
        count, codes = told.get(condition.change, (0, Counter()))
        told[condition.change] = count + 1, codes + Counter(_codes(record) - before - _ALWAYS)
    return {change: (count, dict(codes.most_common())) for change, (count, codes) in told.items()}


def _itself(records: Mapping[Condition, ClipRecord]) -> ClipRecord | None:
    return next((record for condition, record in records.items() if condition.kind == "identical"), None)


def _codes(record: ClipRecord | None) -> set[str]:
    return {flag.partition(":")[0] for flag in record.flags} if record else set()


def _missing(found: Findings):
    """Reason, clip and what is missing: a change as a whole where all of its scores are."""
    for clip, condition, record in found.records:
        if record.status == "ok" and not record.scores:
            for reason in dict.fromkeys(record.missing.values()):
                yield reason, clip, condition.name
            continue
        for score, reason in record.missing.items():
            yield reason, clip, f"{score} ({condition.name})"
