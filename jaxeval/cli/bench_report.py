"""`jaxeval bench report`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rich.console import Console
from tyro.conf import Positional, arg

from jaxeval.errors import require_jax
from jaxeval.report.progress import print_lines


@dataclass(frozen=True)
class BenchReport:
    """Write the leaderboard, its statistics and its figures to RUN/report.

    index.html is one page for a browser; leaderboard.csv, .md and .tex are tables, appendix.tex has all scores;
    rows.parquet has every number with its signature; figures/ is for print. A run that isn't finished is reported as
    far as it is.
    """

    folder: Annotated[Path, Positional, arg(metavar="RUN")]
    """Folder of the run."""

    def run(self, console: Console) -> int:
        """Write the files."""
        require_jax()
        from jaxeval.benchmark.report import write_benchmark_report
        from jaxeval.benchmark.status import status_of
        from jaxeval.benchmark.units import read_plan

        plan, status = read_plan(self.folder), status_of(self.folder)
        if status.left:
            text = f"{status.left} of {status.pairs} pairs aren't scored yet; they count as failed here."
            print_lines(console, [text])
        files = write_benchmark_report(self.folder, plan)
        drawn = [path for path in files if path.parent.name == "figures"]
        print_lines(console, [f"{path}" for path in files if path not in drawn])
        print_lines(console, [f"{drawn[0].parent} ({len(drawn)} files)"] if drawn else [])
        return 0
