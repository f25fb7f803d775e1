"""`jaxeval bench plan`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
from rich.table import Table
from tyro.conf import Positional, arg

from jaxeval.errors import require, require_jax
from jaxeval.report.progress import duration, print_lines

if TYPE_CHECKING:
    from jaxeval.benchmark.units import Plan

_MOST = 20
"""Missing files that are named."""


@dataclass(frozen=True)
class BenchPlan:
    """Show what a benchmark will score: methods × datasets, what is missing, and how long it will take.

    A few pairs are scored to tell time and disk; with --out they are kept for the run.
    """

    bench: Annotated[Path, Positional, arg(metavar="BENCH")]
    """The benchmark's file."""
    out: Annotated[Path | None, arg(metavar="RUN", help_behavior_hint="")] = None
    """Folder of the run: what it holds isn't counted, and the timed pairs are kept there."""
    time: Annotated[int, arg(metavar="N")] = 2
    """Pairs to time; 0 for no estimate."""

    def __post_init__(self) -> None:
        require(self.time >= 0, f"--time: expected 0 or more, found {self.time}.")

    def run(self, console: Console) -> int:
        """Print the matrix and the estimate."""
        require_jax()
        from jaxeval.benchmark.plan import read_bench
        from jaxeval.benchmark.units import absent, plan_of

        plan, passed = plan_of(read_bench(self.bench), self.bench.parent)
        missing = list(absent(plan.units()))
        console.print(_matrix(plan, {(method, unit.dataset) for method, unit in missing}, missing))
        print_lines(console, passed)
        print_lines(console, [f"missing: {unit.outputs[method]}" for method, unit in missing[:_MOST]])
        if len(missing) > _MOST:
            print_lines(console, [f"… and {len(missing) - _MOST} more"])
        if self.time:
            self._estimate(console, plan)
        return 0

    def _estimate(self, console: Console, plan: Plan) -> None:
        from jaxeval.benchmark.estimate import estimate

        with TemporaryDirectory(prefix="jaxeval-plan-") as aside:
            found = estimate(plan, self.out or Path(aside), self.time)
        if found is None:
            print_lines(console, ["No estimate: no pair that isn't scored yet could be timed."])
            return
        told = f"about {duration(found.seconds)} on this machine, {found.megabytes:.0f} MB of disk"
        print_lines(console, [f"{found.left} pairs to score: {told} ({found.timed} timed)."])


def _matrix(plan: Plan, lacking: set[tuple[str, str]], missing: list) -> Table:
    table = Table("method", *(f"{name} ({len(clips)})" for name, clips in plan.clips.items()))
    for method in plan.bench.methods:
        cells = []
        for dataset, clips in plan.clips.items():
            gone = sum(name == method.name and unit.dataset == dataset for name, unit in missing)
            cells.append(
                f"{len(clips) - gone} of {len(clips)}" if (method.name, dataset) in lacking else f"{len(clips)}"
            )
        table.add_row(method.name, *cells)
    return table
