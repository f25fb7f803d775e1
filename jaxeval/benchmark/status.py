"""How far a run is: read from its folder, while it goes on or after."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from jaxeval.benchmark.run import FAILED, LOG, ROWS
from jaxeval.benchmark.shards import Shards, workers
from jaxeval.benchmark.units import Plan, read_plan

_PATH = re.compile(r"[^\s;,]*/[^\s;,]*")
_RECENT = 20
"""Units of each part over which its rate is taken."""


@dataclass(frozen=True)
class Status:
    """What is known of a run.

    Attributes:
        pairs: how many there are to score.
        done: method and dataset to how many of its clips have been scored, failed ones among them.
        of: the same of those that there are.
        failures: reason to how many pairs failed for it, the most frequent first.
        workers: who works on it now.
        rate: pairs scored in a second, by all parts that work on it now; None if nobody does, or none is done yet.
    """

    pairs: int
    done: Mapping[tuple[str, str], int]
    of: Mapping[tuple[str, str], int]
    failures: Mapping[str, int]
    workers: list[str]
    rate: float | None

    @property
    def left(self) -> int:
        """How many pairs haven't been scored."""
        return self.pairs - sum(self.done.values())

    @property
    def seconds_left(self) -> float | None:
        """How long it will take at the rate seen."""
        return self.left / self.rate if self.rate else None


def status_of(folder: Path) -> Status:
    """A run's status.

    Args:
        folder: the run's.

    Raises:
        JaxevalError: it is no run's.
    """
    plan, now_at = read_plan(folder), workers(folder)
    methods = [method.name for method in plan.bench.methods]
    of = {(method, dataset): len(clips) for method in methods for dataset, clips in plan.clips.items()}
    rows = planned_rows(folder, plan)
    found = rows.unique(["method", "dataset", "id"]).group_by("method", "dataset").len()
    done = {(method, dataset): count for method, dataset, count in found.iter_rows()}
    return Status(
        pairs=sum(of.values()),
        done={place: done.get(place, 0) for place in of},
        of=of,
        failures=failures_in(rows),
        workers=now_at,
        rate=_rate(folder, now_at),
    )


def planned_rows(folder: Path, plan: Plan) -> pl.DataFrame:
    """The rows of a run that its plan asks for: of its methods, its datasets and their clips, at the protocol's γ."""
    return swept_rows(folder, plan).filter(multiple=1.0)


def swept_rows(folder: Path, plan: Plan) -> pl.DataFrame:
    """The same at all multiples of γ."""
    units = [(dataset, clip.id) for dataset, clips in plan.clips.items() for clip in clips]
    asked = pl.DataFrame(units, schema={"dataset": pl.String, "id": pl.String}, orient="row")
    methods = pl.DataFrame({"method": [method.name for method in plan.bench.methods]}).with_row_index("order")
    rows = Shards(folder / ROWS).table()
    kept = rows.join(methods, on="method", maintain_order="left").join(asked, on=["dataset", "id"], how="semi")
    return kept.sort("order", maintain_order=True).drop("order")


def failures_in(rows: pl.DataFrame) -> dict[str, int]:
    """Reasons why clips failed, without the files' names, and how often."""
    failed = rows.filter(pl.col("score") == FAILED)
    counts = Counter(brief(reason) for reason in failed["reason"])
    return dict(counts.most_common())


def brief(reason: str) -> str:
    """A reason without the files that it names, so that equal ones can be counted.

    Example:
        >>> brief("a/b.mp4: expected a video, found an empty file. Remove it.")
        'expected a video, found an empty file. Remove it.'
        >>> brief("found no clip at /data/a/b.mp4; add it.")
        'found no clip at …; add it.'
    """
    _, colon, rest = reason.partition(": ")
    kept = rest if colon and rest.startswith("expected") else reason
    return _PATH.sub("…", kept)


def _rate(folder: Path, names: list[str]) -> float | None:
    """Pairs a second of the parts that work."""
    total = 0.0
    for name in names:
        part = name.partition(", part ")[2] or "all"
        recent = [line for line in _lines(folder / LOG / f"{part}.jsonl") if line["scored"]][-_RECENT:]
        if recent:
            total += sum(line["scored"] for line in recent) / max(1e-3, sum(line["seconds"] for line in recent))
    return total or None


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """A log's lines; the last one may be half written."""
    try:
        text = path.read_text("utf-8")
    except OSError:
        return
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
