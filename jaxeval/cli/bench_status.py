"""`jaxeval bench status` and `verify`: what a run has done, and whether it is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
from rich.table import Table
from tyro.conf import Positional, arg

from jaxeval.cli.run_pairs import watched
from jaxeval.errors import require, require_jax
from jaxeval.report.progress import duration, print_lines

if TYPE_CHECKING:
    from jaxeval.benchmark.status import Status


@dataclass(frozen=True)
class BenchStatus:
    """Show how far a run is: what is done, rate, time left, failures by reason. It may go on meanwhile."""

    folder: Annotated[Path, Positional, arg(metavar="RUN")]
    """Folder of the run."""

    def run(self, console: Console) -> int:
        """Print the status."""
        from jaxeval.benchmark.status import status_of

        status = status_of(self.folder)
        console.print(_table(status))
        print_lines(console, [_progress(status), *(f"working: {name}" for name in status.workers)])
        for reason, count in status.failures.items():
            print_lines(console, [f"failed: {count} × {reason}"])
        return 0


def _table(status: Status) -> Table:
    datasets = list(dict.fromkeys(dataset for _, dataset in status.of))
    table = Table("method", *datasets)
    for method in dict.fromkeys(method for method, _ in status.of):
        places = [(method, dataset) for dataset in datasets]
        table.add_row(method, *(f"{status.done[place]} of {status.of[place]}" for place in places))
    return table


def _progress(status: Status) -> str:
    told = f"{status.pairs - status.left} of {status.pairs} pairs scored"
    if not status.left:
        return told
    if not status.workers:
        return f"{told}; nobody works on it"
    if not status.rate or status.seconds_left is None:
        return f"{told}; no rate yet"
    return f"{told}; {1 / status.rate:.2g} s a pair, about {duration(status.seconds_left)} left"


@dataclass(frozen=True)
class BenchVerify:
    """Score a random sample of a run's pairs again and compare, bit for bit.

    Exit codes: 0 all stand, 1 some don't, 2 nothing could be verified.
    """

    folder: Annotated[Path, Positional, arg(metavar="RUN")]
    """Folder of the run."""
    pairs: Annotated[int, arg(metavar="N")] = 10
    """How many pairs to score again."""
    seed: Annotated[int, arg(metavar="SEED")] = 0
    """Of the draw."""

    def __post_init__(self) -> None:
        require(self.pairs >= 1, f"--pairs: expected 1 or more, found {self.pairs}.")

    def run(self, console: Console) -> int:
        """Score again and compare."""
        require_jax()
        from jaxeval.benchmark.units import read_plan
        from jaxeval.benchmark.verify import sample, verify

        plan = read_plan(self.folder)
        drawn = sample(plan, self.folder, self.pairs, self.seed)
        require(drawn, f"{self.folder}: expected scored pairs, found none. Run the benchmark first.")
        with watched(console, len(drawn)) as shown:
            checked = verify(plan, self.folder, drawn, shown)
        wrong = [each for each in checked if each.found]
        print_lines(console, [f"{each.pair}: {each.found}" for each in wrong])
        print_lines(console, [f"{len(checked) - len(wrong)} of {len(checked)} pairs stand"])
        return int(bool(wrong))
