"""What a robustness run found, as tables: a row for every number, the separation figures, the monotonicity."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

from jaxeval.benchmark.perturbations import OWN
from jaxeval.benchmark.robustness import Findings
from jaxeval.benchmark.separation import Separation, mean_monotonicity, responses, separation
from jaxeval.files import atomic_file
from jaxeval.results.score import Score

FORMS = {"framewise": "frame-wise", "seq": "Soft-DTW", "div": "divergence", "value": "value"}
"""A score's form in words."""

_ROWS = ("clip", "kind", "change", "level", "strength", "unit", "score", "value", "response", "reason")
_SEPARATION = ("score", "metric", "form", "ratio", "auc", "own_ratio", "own_auc", "clips", "of", "faults", "harmless")
_MONOTONICITY = ("score", "kind", "change", "spearman", "clips", "of")


def write_tables(out: Path, found: Findings) -> list[Path]:
    """Write `robustness.csv`, `separation.csv` and `monotonicity.csv`.

    Args:
        out: folder for them.
        found: what the run found.

    Returns:
        Their paths.
    """
    tables = {
        "robustness.csv": (_ROWS, _rows(found)),
        "separation.csv": (_SEPARATION, _separation_rows(found)),
        "monotonicity.csv": (_MONOTONICITY, _monotonicity_rows(found)),
    }
    for name, (head, rows) in tables.items():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
        with atomic_file(out / name) as file:
            file.write(text.getvalue().encode())
    return [out / name for name in tables]


def judged(found: Findings) -> list[Score]:
    """The scores with a better end, which can tell a fault from what is harmless."""
    return [score for score in found.known.values() if score.better]


def separations(found: Findings) -> dict[Score, Separation]:
    """The separation figures of every score that has any."""
    figures = {score: separation(found.cells, score.name, OWN.get(score.metric, ())) for score in judged(found)}
    return {score: figure for score, figure in figures.items() if figure.clips}


def changes_of(found: Findings) -> dict[str, str]:
    """The changes that were made, each with its kind, in the grid's order."""
    conditions = dict.fromkeys(condition for records in found.clips.values() for condition in records)
    return {c.change: c.kind for c in conditions if c.kind != "identical"}


def _rows(found: Findings) -> Iterator[Sequence[Any]]:
    for (name, records), cells in zip(found.clips.items(), found.cells, strict=True):
        relative = {score: responses(cells, score) for score in found.known}
        for condition, record in records.items():
            told = (name, condition.kind, condition.change, condition.level, condition.strength, condition.unit)
            if record.status != "ok":
                yield *told, "", "", "", record.reason
                continue
            for score in found.known:
                reason = "" if score in record.scores else record.missing.get(score, "not scored")
                numbers = (record.scores.get(score), relative[score].get(condition))
                yield *told, score, *map(_digits, numbers), reason


def _separation_rows(found: Findings) -> Iterator[Sequence[Any]]:
    for score, figure in separations(found).items():
        *figures, clips, faults, harmless = astuple(figure)
        counts = (clips, len(found.clips), faults, harmless)
        yield score.name, score.metric, FORMS[score.form], *map(_digits, figures), *counts


def _monotonicity_rows(found: Findings) -> Iterator[Sequence[Any]]:
    for score in judged(found):
        for change, kind in changes_of(found).items():
            mean, clips = mean_monotonicity(found.cells, score.name, change)
            yield score.name, kind, change, _digits(mean), clips, len(found.clips)


def _digits(number: float | None) -> str:
    return "" if number is None else f"{number:.6g}"


def reasons(records: Iterable[tuple[str, str, str]]) -> dict[str, dict[str, list[str]]]:
    """Reason to clip to what it concerns.

    Args:
        records: of reason, clip, and what is missing or failed, in the order of the rows.

    Example:
        >>> reasons([("no sound", "a", "delay 80 ms"), ("no sound", "a", "delay 160 ms")])
        {'no sound': {'a': ['delay 80 ms', 'delay 160 ms']}}
    """
    told: dict[str, dict[str, list[str]]] = {}
    for reason, clip, what in records:
        told.setdefault(reason, {}).setdefault(clip, []).append(what)
    return told
