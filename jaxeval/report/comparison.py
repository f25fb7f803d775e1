"""Two runs side by side, for a reader, a script or a spreadsheet."""

import csv
import io
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from rich.table import Table
from rich.text import Text

from jaxeval.results.compare import Difference
from jaxeval.results.formatting import format_value
from jaxeval.results.paired_test import EXACT_UP_TO, FLIPS

_NONE = "–"
_HEADINGS = (
    "score",
    "better",
    "first",
    "second",
    "difference",
    "95 %",
    "p (Holm)",
    "n of N",
    "lag ± spread, ms",
    "better run",
)


def comparison_table(rows: Sequence[Difference]) -> Table:
    """One row a score that either run has; a dash is explained by the last cell or by `comparison_notes`."""
    table = Table(*_HEADINGS)
    for row in (row for row in rows if row.one is not None or row.other is not None):
        value = partial(_value, row)
        between = f"{value(row.ci95[0])} to {value(row.ci95[1])}" if row.ci95 else _NONE
        counts = f"{row.n} of {row.of}" if row.of else "the set"
        better = f"{row.score.better} {row.score.unit}".strip()
        numbers = value(row.one), value(row.other), value(row.difference)
        p = _NONE if row.p_holm is None else f"{row.p_holm:.2g}"
        cells = (row.score.label, better, *numbers, between, p, counts, _lags(row), _verdict(row))
        table.add_row(*map(Text, cells))
    return table


def comparison_notes(rows: Sequence[Difference]) -> list[str]:
    """How p was found, and why scores can't be compared: a line for each reason."""
    tested = [row for row in rows if row.p is not None]
    reasons: dict[str, list[str]] = {}
    for row in (row for row in rows if row.difference is None):
        reasons.setdefault(row.reason, []).append(row.score.name)
    lines = [f"{', '.join(names)}: {reason}." for reason, names in reasons.items()]
    if tested:
        lines.append(f"p: {_test(tested)}. A run is called better where p is below .05.")
    return lines


def comparison_json(rows: Sequence[Difference], first: str, second: str) -> str:
    """One document with everything that is known of each score; a number that isn't there is null.

    Args:
        rows: the comparison.
        first: name of the first run.
        second: name of the second.

    Returns:
        JSON text without NaN or Infinity.
    """
    tested = sum(row.p is not None for row in rows)
    test = {
        "name": "paired sign-flip permutation test of the mean difference, two-sided",
        "exact_up_to_clips": EXACT_UP_TO,
        "random_flips_beyond": FLIPS,
        "seed": 0,
        "correction": "holm",
        "tests": tested,
    }
    document = {"first": first, "second": second, "test": test, "scores": [_entry(row) for row in rows]}
    return json.dumps(document, indent=1, allow_nan=False)


def comparison_csv(rows: Sequence[Difference]) -> str:
    """One line a score, exact numbers; one that isn't there is an empty cell."""
    lines = []
    for row in rows:
        entry = _entry(row)
        del entry["ci95"], entry["lags"]
        low, high = row.ci95 or (None, None)
        entry |= {"ci95_low": low, "ci95_high": high}
        for run, (lag, spread) in zip(("first", "second"), row.lags or [(None, None)] * 2, strict=True):
            entry |= {f"lag_ms_{run}": lag, f"lag_std_ms_{run}": spread}
        lines.append(entry)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _entry(row: Difference) -> dict[str, Any]:
    runs = zip(("first", "second"), row.lags or (), strict=False)
    lags = {run: {"mean_ms": mean, "std_ms": spread} for run, (mean, spread) in runs}
    return {
        "name": row.score.name,
        "better": row.score.better,
        "unit": row.score.unit,
        "first": row.one,
        "second": row.other,
        "difference": row.difference,
        "ci95": row.ci95,
        "p": row.p,
        "p_holm": row.p_holm,
        "exact": None if row.p is None else row.n <= EXACT_UP_TO,
        "n": row.n,
        "of": row.of,
        "lags": lags or None,
        "flagged": row.flagged,
        "verdict": row.verdict,
        "reason": row.reason,
    }


def _value(row: Difference, value: float | None) -> str:
    return _NONE if value is None else format_value(row.score, value)


def _verdict(row: Difference) -> str:
    """Which run is better; where that isn't known, in short why."""
    return row.verdict or (row.reason if row.p is not None else row.reason.partition(":")[0].partition(";")[0])


def _lags(row: Difference) -> str:
    """What alignment forgave in both runs, beside a score that is worth nothing without it."""
    if not row.score.is_aligned or row.difference is None:
        return ""
    told = [f"{mean:+.0f} ± {spread:.0f}".replace("-", "−") for mean, spread in row.lags or ()]
    return "; ".join(told or ["unknown"]) + (f", {row.flagged} flagged" if row.flagged else "")


def _test(tested: Sequence[Difference]) -> str:
    most = max(row.n for row in tested)
    flips = f"all 2^n sign flips up to {EXACT_UP_TO} clips"
    if most > EXACT_UP_TO:
        flips += f", beyond that {FLIPS:,} random ones (seed 0)"
    return (
        f"two-sided paired permutation test of the mean difference, {flips}; Holm-corrected over {len(tested)} scores"
    )
