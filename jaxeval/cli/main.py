"""The command line: `jaxeval demo`, `score`, `compare`, `weights` and `doctor`, and `jaxeval --version`.

Exit codes: 0 if every clip is scored, 1 if some failed (their rows say why), 2 for a command that can't run.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import tyro
from rich.console import Console

from jaxeval.errors import JaxevalError, one_line, require_jax


@dataclass(frozen=True)
class Score:
    """Score generated clips against their references: two files, or two folders paired by file name.

    Files are videos, or .npz files of trajectories [T, D] that any encoder has computed.
    """

    generated: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="GENERATED")]
    """The generated video or trajectories, or a folder of them."""
    reference: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="REFERENCE")]
    """The reference, or a folder of them."""
    audio: Annotated[Path | None, tyro.conf.arg(metavar="PATH")] = None
    """Sound of the clip (for folders a folder); if not given, the generated one's own, else the reference's."""
    out: Path = Path("jaxeval-scores")
    """Folder for scores.json, scores.csv and report.html. A run that was stopped goes on from here."""
    protocol: str = "jaxeval-v1"
    """The protocol, which fixes encoders, frame rate, crops and the alignment's constants."""
    region: Literal["face", "frame"] = "face"
    """What image and perceptual scores look at: the reference's face region, or the whole frame."""

    identities: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A CSV file with a line `clip,person` for each clip: intervals then resample persons, not clips."""
    fewest: int | None = None
    """How many frames or short clips a Fréchet distance needs; if not given, one more than a feature has numbers."""
    gamma: float = 0.01
    """Soft-DTW's temperature for trajectories that come in .npz files, in the unit of their squared distances."""
    floor: int = 1
    """Of how many references the noise floor is told: each against itself, coded again at CRF 18. 0 for none."""
    scorers: Annotated[Path | None, tyro.conf.arg(metavar="FILE")] = None
    """A Python file with SCORERS = [jaxeval.CustomScore(...), ...], scores of your own such as iqa. It is run."""
    number: Annotated[tuple[str, ...], tyro.conf.UseAppendAction, tyro.conf.arg(metavar="NAME=NUMBER")] = ()
    """A number of the method that only you know, such as fps=31.5; may be given again for another one."""

    def run(self, console: Console) -> int:
        """Score, print the table, write the three files."""
        from jaxeval.cli.commands import score

        return score(console, self)


@dataclass(frozen=True)
class Compare:
    """Hold two runs against each other, clip by clip: only scores that were computed in the same way are compared."""

    first: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FIRST")]
    """A run's folder, or its scores.json."""
    second: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SECOND")]
    """Another's."""
    scores: Annotated[str, tyro.conf.arg(metavar="NAME,NAME")] = ""
    """Names of the scores to compare, with commas between; all that either run has if not given."""
    json: bool = False
    """Print one JSON document and nothing else."""
    csv: bool = False
    """Print one CSV table and nothing else."""

    def run(self, console: Console) -> int:
        """Print the comparison."""
        from jaxeval.cli.commands import compare_runs

        return compare_runs(console, self)


@dataclass(frozen=True)
class Demo:
    """See what aligned scoring does: a talking face made from a photograph and real speech, and four faulty copies."""

    out: Path = Path("jaxeval-demo")
    """Folder for the clips, scores.json, scores.csv and report.html."""

    def run(self, console: Console) -> int:
        """Make the clips, score them, print the table, write the page."""
        from jaxeval.cli.commands import demo

        return demo(console, self.out)


@dataclass(frozen=True)
class WeightsList:
    """Every encoder: available or missing, its source, licence and size."""

    def run(self, console: Console) -> int:
        """Print the table."""
        from jaxeval.cli.commands import weights_list

        return weights_list(console)


@dataclass(frozen=True)
class WeightsVerify:
    """Check every stored array against the manifest's sha256."""

    def run(self, console: Console) -> int:
        """Print the table; exit code 1 if any checkpoint is damaged."""
        from jaxeval.cli.commands import weights_verify

        return weights_verify(console)


@dataclass(frozen=True)
class WeightsConvert:
    """Convert an encoder's upstream file to a checkpoint (needs the `convert` extra)."""

    name: tyro.conf.Positional[str]
    """The encoder's name, as `jaxeval weights list` shows it."""
    files: tyro.conf.Positional[tuple[Path, ...]]
    """The upstream file or files."""
    out: Path | None = None
    """Folder of checkpoints to write to; the user's own by default."""
    unverified: bool = False
    """Take another file than the one that is known; every score that is made with it says so."""

    def run(self, console: Console) -> int:
        """Write the checkpoint, or nothing."""
        from jaxeval.cli.commands import weights_convert

        return weights_convert(console, self.name, self.files, self.out, unverified=self.unverified)


Weights = (
    Annotated[WeightsList, tyro.conf.subcommand("list")]
    | Annotated[WeightsVerify, tyro.conf.subcommand("verify")]
    | Annotated[WeightsConvert, tyro.conf.subcommand("convert")]
)


@dataclass(frozen=True)
class WeightsCommand:
    """The encoders' checkpoints."""

    command: tyro.conf.OmitSubcommandPrefixes[Weights]

    def run(self, console: Console) -> int:
        """Run the chosen one."""
        return self.command.run(console)


@dataclass(frozen=True)
class Doctor:
    """Check this machine: JAX and its devices, the video decoder, the weights, a reference number of each encoder."""

    def run(self, console: Console) -> int:
        """Print a line for each; exit code 1 if any isn't as it should be."""
        from jaxeval.cli.commands import doctor

        return doctor(console)


Command = (
    Annotated[Demo, tyro.conf.subcommand("demo")]
    | Annotated[Score, tyro.conf.subcommand("score")]
    | Annotated[Compare, tyro.conf.subcommand("compare")]
    | Annotated[WeightsCommand, tyro.conf.subcommand("weights")]
    | Annotated[Doctor, tyro.conf.subcommand("doctor")]
)


def main(arguments: Sequence[str] | None = None) -> None:
    """The `jaxeval` command.

    Args:
        arguments: the words after `jaxeval`; those of the process if None.

    Raises:
        SystemExit: always, with the exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # for names that are no UTF-8
    words = sys.argv[1:] if arguments is None else arguments
    if list(words) == ["--version"]:
        print(f"jaxeval {version('jaxeval')}")
        sys.exit(0)
    try:
        command = tyro.cli(Command, prog="jaxeval", description=_ABOUT, args=arguments)
        if isinstance(getattr(command, "command", command), Score | Demo | WeightsVerify | WeightsConvert):
            require_jax()
        code = command.run(Console())
        sys.stdout.flush()
        sys.exit(code)
    except JaxevalError as error:
        _complain(str(error), 2)
    except KeyboardInterrupt:
        _complain("stopped. What was scored is kept; the same command goes on from there.", 130)
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _complain("stopped, since nobody reads the output. What was scored is kept.", 2)
    except Exception as error:
        if os.environ.get("JAXEVAL_DEBUG"):
            raise
        _complain(f"unexpected {one_line(error)}. Please report it with what JAXEVAL_DEBUG=1 shows.", 2)


def _complain(text: str, code: int) -> NoReturn:
    print(f"jaxeval: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(code)


_ABOUT = "Aligned evaluation of talking heads, and of any generated sequence, in JAX. --version shows the version."


if __name__ == "__main__":
    main()
