"""How long a benchmark will take, and how much it will write: told from a few pairs that are scored."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from jaxeval.benchmark.remote import exists
from jaxeval.benchmark.run import Worker
from jaxeval.benchmark.shards import Row
from jaxeval.benchmark.units import Plan, Unit


@dataclass(frozen=True)
class Estimate:
    """What is ahead.

    Attributes:
        left: pairs that aren't scored yet.
        seconds: how long they will take on this machine.
        megabytes: how much they will write.
        timed: how many pairs this is told from.
    """

    left: int
    seconds: float
    megabytes: float
    timed: int


def estimate(plan: Plan, folder: Path, most: int) -> Estimate | None:
    """Time a few pairs; one more goes before them, for it compiles.

    Args:
        plan: of the benchmark.
        folder: the run's, where the timed pairs are kept.
        most: how many to time.

    Returns:
        The estimate; None if no pair could be scored.

    Raises:
        JaxevalError: the folder can't be written.
    """
    worker, scored = Worker(folder, plan.bench), set[tuple[str, ...]]()
    for row in worker.shards.table().select(Row._fields[:3]).unique().iter_rows():
        scored.add(row)
    left = [
        (unit, method)
        for unit in plan.units()
        for method in unit.outputs
        if (method, unit.dataset, unit.clip.id) not in scored
    ]
    before, took = _size(folder), list(islice(_timed(worker, left), most + 1))
    if not took:
        return None
    told = took[1:] or took
    size = (_size(folder) - before) / len(took)
    return Estimate(len(left), len(left) * sum(told) / len(told), len(left) * size / 1e6, len(told))


def _timed(worker: Worker, pairs: list[tuple[Unit, str]]) -> Iterator[float]:
    """Seconds that each took that could be scored."""
    for unit, method in pairs:
        if exists(unit.outputs[method]):
            began = time.monotonic()
            record, fresh = worker.run.record(unit.pair(method))
            if record.status == "ok" and fresh:
                yield time.monotonic() - began


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
