"""Are a run's rows right: a random sample of its pairs is scored again, and compared."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from jaxeval.benchmark.run import ROWS, Worker
from jaxeval.benchmark.shards import Row, Shards
from jaxeval.benchmark.units import Plan, Unit
from jaxeval.report.progress import Shown


@dataclass(frozen=True)
class Checked:
    """One pair that was scored again.

    Attributes:
        pair: method, dataset and clip.
        found: what is different; "" if nothing is.
    """

    pair: str
    found: str


def sample(plan: Plan, folder: Path, number: int, seed: int) -> list[tuple[str, Unit]]:
    """Pairs that have rows, drawn at random.

    Args:
        plan: of the run.
        folder: the run's.
        number: how many; fewer if there are no more.
        seed: of the draw.
    """
    rows = Shards(folder / ROWS).table().select("method", "dataset", "id").unique()
    there = set(rows.iter_rows())
    every = [(method, unit) for unit in plan.units() for method in unit.outputs]
    scored = [(method, unit) for method, unit in every if (method, unit.dataset, unit.clip.id) in there]
    return random.Random(seed).sample(scored, min(number, len(scored)))


def verify(plan: Plan, folder: Path, drawn: Sequence[tuple[str, Unit]], shown: Shown) -> list[Checked]:
    """Score pairs again, from the files alone.

    Args:
        plan: of the run.
        folder: the run's.
        drawn: the pairs.
        shown: is told of each.

    Returns:
        What became of each.
    """
    shards = Shards(folder / ROWS)
    with TemporaryDirectory(prefix="jaxeval-verify-") as aside:
        worker = Worker(Path(aside), plan.bench)
        return [_checked(worker, shards, method, unit, shown) for method, unit in drawn]


def _checked(worker: Worker, shards: Shards, method: str, unit: Unit, shown: Shown) -> Checked:
    alone = Unit(unit.dataset, unit.clip, {method: unit.outputs[method]})
    worker.work(alone, shown)
    ((key, again),) = worker.shards.read(unit.name).items()
    before = shards.read(unit.name)
    pair = f"{method}/{unit.name}"
    if key not in before:
        text = "its files, the software or the device changed since: run the benchmark again"
        return Checked(pair, text)
    return Checked(pair, _difference(before[key], again))


def _difference(before: Sequence[Row], again: Sequence[Row]) -> str:
    """The first row that isn't the same."""
    if before == again:
        return ""
    old, new = ({row.score: row for row in rows} for rows in (before, again))
    for name in dict.fromkeys((*old, *new)):
        one, other = old.get(name), new.get(name)
        if one != other:
            told = [("no row" if row is None else row.reason or f"{row.value!r}") for row in (one, other)]
            return f"{name or 'clip'}: expected {told[0]}, found {told[1]}"
    return "rows in another order"
