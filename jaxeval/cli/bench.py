"""`jaxeval bench`: methods × datasets."""

from dataclasses import dataclass
from typing import Annotated

from rich.console import Console
from tyro.conf import OmitSubcommandPrefixes, subcommand

from jaxeval.cli.bench_files import BenchAdd, BenchInit
from jaxeval.cli.bench_plan import BenchPlan
from jaxeval.cli.bench_report import BenchReport
from jaxeval.cli.bench_robustness import BenchRobustness
from jaxeval.cli.bench_run import BenchRun
from jaxeval.cli.bench_status import BenchStatus, BenchVerify


@dataclass(frozen=True)
class Bench:
    """Compare many methods on many datasets: leaderboard, statistics and figures."""

    command: OmitSubcommandPrefixes[
        Annotated[BenchInit, subcommand("init")]
        | Annotated[BenchPlan, subcommand("plan")]
        | Annotated[BenchRun, subcommand("run")]
        | Annotated[BenchStatus, subcommand("status")]
        | Annotated[BenchReport, subcommand("report")]
        | Annotated[BenchAdd, subcommand("add")]
        | Annotated[BenchVerify, subcommand("verify")]
        | Annotated[BenchRobustness, subcommand("robustness")]
    ]

    def run(self, console: Console) -> int:
        """Run the chosen one."""
        return self.command.run(console)
