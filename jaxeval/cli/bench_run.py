"""`jaxeval bench run`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
from tyro.conf import Positional, arg

from jaxeval.cli.run_pairs import watched
from jaxeval.errors import require, require_jax
from jaxeval.files import make_folder, remove_parts
from jaxeval.report.progress import print_lines
from jaxeval.results.run_folder import claim_folder, inputs_of

if TYPE_CHECKING:
    from jaxeval.benchmark.units import Plan, Unit

_ABANDONED = 3600
"""Seconds after which what another part seems to write is what a killed one left."""


@dataclass(frozen=True)
class BenchRun:
    """Score all methods on all datasets. Run the same command again to resume.

    Only what is missing is scored: new methods, new clips, files that changed. Clips that failed are tried again with
    --again.

    Exit codes: 0 every clip was scored, 1 some failed (their rows say why), 2 the benchmark can't run.
    """

    bench: Annotated[Path, Positional, arg(metavar="BENCH")]
    """The benchmark's file."""
    out: Annotated[Path, arg(metavar="RUN")]
    """Folder of the run, which all hosts share."""
    ray: Annotated[tuple[()] | tuple[str] | None, arg(metavar="[ADDRESS]", help_behavior_hint="")] = None
    """Use the Ray cluster at ADDRESS, else that of RAY_ADDRESS, else one on this machine (needs the `ray` extra)."""
    shard: Annotated[str | None, arg(metavar="I/N", help_behavior_hint="")] = None
    """Score only the I-th of N parts, I from 1: start one such command on each host. `auto` asks SLURM or the TPU."""
    again: Annotated[bool, arg(help_behavior_hint="")] = False
    """Try clips that failed again."""

    def __post_init__(self) -> None:
        text = "--ray and --shard: expected at most one, found both. Use one of them."
        require(self.ray is None or self.shard is None, text)

    def run(self, console: Console) -> int:
        """Score, and say what became of it."""
        require_jax()
        from jaxeval.benchmark.parts import part_from
        from jaxeval.benchmark.plan import read_bench
        from jaxeval.benchmark.shards import only_run
        from jaxeval.benchmark.units import part_of, plan_of

        part = part_from(self.shard, os.environ) if self.shard else None
        plan, passed = plan_of(read_bench(self.bench), self.bench.parent)
        print_lines(console, passed)
        make_folder(self.out)
        with only_run(self.out, str(part or "")):
            for name in ("rows", "clips", "references"):
                remove_parts(self.out / name, _ABANDONED if part else 0)
            claim_folder(self.out, inputs_of(pairs=self.bench))
            plan.write(self.out)
            units = plan.units()
            failed = self._score(console, plan, part_of(units, part) if part else units, str(part or ""))
        print_lines(console, self._outcome(failed))
        return int(failed > 0)

    def _score(self, console: Console, plan: Plan, units: list[Unit], part: str) -> int:
        from jaxeval.benchmark.run import Worker, work_off

        with watched(console, sum(len(unit.outputs) for unit in units)) as shown:
            if self.ray is None:
                return work_off(Worker(self.out, plan.bench, again=self.again), units, shown, part)
            from jaxeval.benchmark.ray_engine import work_on_ray

            def say(line: str) -> None:
                print_lines(console, [line])

            address = self.ray[0] if self.ray else None
            return work_on_ray(self.out, plan.bench, units, shown, address=address, again=self.again, say=say)

    def _outcome(self, failed: int) -> list[str]:
        from jaxeval.benchmark.status import status_of

        status = status_of(self.out)
        lines = [f"{status.pairs - status.left} of {status.pairs} pairs have rows in {self.out / 'rows'}"]
        if failed:
            lines.append(f"{failed} failed (try them again with --again):")
            lines += [f"  {count} × {reason}" for reason, count in status.failures.items()]
        return [*lines, f"Next: jaxeval bench {'report' if status.left == 0 else 'status'} {self.out}"]
