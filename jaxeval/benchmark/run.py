"""The engine of a benchmark: units of work to rows on disk, each done once, by one process or by many."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jaxeval.benchmark.plan import Bench
from jaxeval.benchmark.shards import Row, Shards
from jaxeval.benchmark.units import Unit
from jaxeval.errors import JaxevalError
from jaxeval.files import cannot_write, make_folder
from jaxeval.protocol import PROTOCOLS
from jaxeval.report.progress import Shown
from jaxeval.results.record import ClipRecord
from jaxeval.results.store import record_key
from jaxeval.scoring.documents import run_catalogue, signatures_in
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.run import Run, Settings, now

ROWS, LOG = "rows", "log"
"""Folders of a run: its rows, and what was done when."""

FAILED = ""
"""In the place of a score's name: the clip failed."""


def settings_of(bench: Bench) -> Settings:
    """How a benchmark's clips are scored."""
    scores = None if bench.scores is None else tuple(bench.scores)
    return Settings(
        protocol=PROTOCOLS[bench.protocol], region=bench.region, scores=scores, gammas=tuple(sorted(set(bench.gammas)))
    )


def rows_of(run: Run, record: ClipRecord, method: str, unit: Unit) -> list[Row]:
    """A record's rows: one for each score that it has or lacks; one in all if the clip failed.

    Args:
        run: which made it.
        record: of one method's output.
        method: the method.
        unit: the clip.
    """
    if record.status != "ok":
        return failure(record.reason or "unknown", method, unit)
    who = (method, unit.dataset, unit.clip.id, unit.clip.identity)
    known = run_catalogue(run, [record]).restricted(record.scores | record.missing)
    signatures = signatures_in(run, [record], known)
    rows = [
        Row(*who, name, record.scores.get(name), record.missing.get(name, ""), signatures[name].short) for name in known
    ]
    for metric, values in record.by_gamma.items():
        if (score := known.of(metric, "div")) is not None:
            signature = signatures[score.name]
            for multiple, value in zip(run.settings.gammas, values, strict=True):
                found, reason = (None, "no alignment") if np.isnan(value) else (float(value), "")
                at = replace(signature, gamma=(signature.gamma or 0) * multiple)
                rows.append(Row(*who, score.name, found, reason, at.short, multiple))
    return rows


class Outcome(NamedTuple):
    """What became of a pair.

    Attributes:
        pair: method, dataset and clip.
        failure: why it failed; None if it didn't.
        fresh: whether it was scored now.
    """

    pair: str
    failure: str | None
    fresh: bool


def failure(reason: str, method: str, unit: Unit) -> list[Row]:
    """The one row of a pair that failed."""
    return [Row(method, unit.dataset, unit.clip.id, unit.clip.identity, FAILED, None, reason, "")]


@dataclass(frozen=True)
class Done:
    """What became of a unit.

    Attributes:
        unit: its name.
        outcomes: of its pairs.
        seconds: how long it took.
    """

    unit: str
    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def failed(self) -> int:
        """How many pairs failed."""
        return sum(outcome.failure is not None for outcome in self.outcomes)


class Worker:
    """Does units of a benchmark, one after the other.

    Args:
        folder: the run's.
        bench: what is compared.
        again: whether pairs that failed are tried again.

    Raises:
        JaxevalError: the folder can't be written, or an encoder's record is damaged.
    """

    def __init__(self, folder: Path, bench: Bench, *, again: bool = False) -> None:
        self.run, self.shards, self._again = Run(folder, settings_of(bench)), Shards(folder / ROWS), again

    def work(self, unit: Unit, shown: Shown, following: Unit | None = None) -> Done:
        """Score what isn't scored yet of a unit, and keep its rows.

        Args:
            unit: the unit.
            shown: is told of each pair.
            following: the next unit, whose files are decoded while this one's last pair is computed.

        Raises:
            JaxevalError: nothing can be scored, or the rows can't be written.
        """
        began, kept = time.monotonic(), self.shards.read(unit.name)
        rows, outcomes = dict[str, Sequence[Row]](), []
        methods = list(unit.outputs)
        places = [(unit, method) for method in methods]
        after = [*places[1:], (following, next(iter(following.outputs))) if following else None]
        for method, then in zip(methods, after, strict=True):
            shown.begin(unit.pair_name(method))
            key, own, fresh = self._rows(unit, method, kept, shown, then)
            rows[key] = own
            outcomes.append(Outcome(unit.pair_name(method), own[0].reason if _has_failed(own) else None, fresh))
            shown.end(outcomes[-1].failure, fresh)
        self.shards.write(unit.name, rows)
        return Done(unit.name, tuple(outcomes), time.monotonic() - began)

    def _rows(
        self,
        unit: Unit,
        method: str,
        kept: Mapping[str, list[Row]],
        shown: Shown,
        then: tuple[Unit, str] | None,
    ) -> tuple[str, list[Row], bool]:
        """A pair's key and rows, and whether they were made now."""
        name = unit.pair_name(method)
        try:
            pair = unit.pair(method)
        except JaxevalError as error:
            return record_key(name, {"not here": str(error)}), failure(str(error), method, unit), True
        key = record_key(name, self.run.inputs(pair))
        if key in kept and not (self._again and _has_failed(kept[key])):
            return key, [row._replace(identity=unit.clip.identity) for row in kept[key]], False
        record, _ = self.run.record(pair, shown.share, _there(then))
        return record_key(name, self.run.made_from[name]), rows_of(self.run, record, method, unit), True


def _there(then: tuple[Unit, str] | None) -> Pair | None:
    """The next pair, to be read ahead; None if its files can't be had, which it will say itself."""
    try:
        return then and then[0].pair(then[1])
    except JaxevalError:
        return None


def _has_failed(rows: Sequence[Row]) -> bool:
    return rows[0].score == FAILED


def work_off(worker: Worker, units: Sequence[Unit], shown: Shown, part: str = "") -> int:
    """Do units one after the other, and note each in the run's log.

    Args:
        worker: does them.
        units: what is to be done.
        shown: is told of each pair.
        part: which part of the run this is.

    Returns:
        How many pairs failed.
    """
    failed = 0
    for unit, following in zip(units, (*units[1:], None), strict=True):
        done = worker.work(unit, shown, following)
        note(worker.run.out, done, part)
        failed += done.failed
    return failed


def note(folder: Path, done: Done, part: str = "") -> None:
    """A line about a unit that is done, for `jaxeval bench status`.

    Args:
        folder: the run's.
        done: what was done.
        part: which part of the run did it.

    Raises:
        JaxevalError: it can't be written.
    """
    path = folder / LOG / f"{part or 'all'}.jsonl"
    make_folder(path.parent)
    try:
        with path.open("a") as file:
            scored = sum(outcome.fresh for outcome in done.outcomes)
            line = {"at": now(), "unit": done.unit, "pairs": len(done.outcomes), "scored": scored}
            file.write(json.dumps(line | {"failed": done.failed, "seconds": round(done.seconds, 3)}) + "\n")
    except OSError as error:
        raise cannot_write(path, error) from error
