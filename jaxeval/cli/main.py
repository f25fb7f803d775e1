"""The command line: parses the words, runs the command, turns errors into one line and an exit code."""

import os
import sys
from collections.abc import Sequence
from functools import reduce
from importlib.metadata import version
from operator import or_
from typing import Annotated, Any, NoReturn, get_args

import tyro
from rich.console import Console
from tyro.conf import FlagCreatePairsOff, subcommand

from jaxeval.cli.bench import Bench
from jaxeval.cli.compare import Compare
from jaxeval.cli.demo import Demo
from jaxeval.cli.doctor import Doctor
from jaxeval.cli.score import Score
from jaxeval.cli.weights import Weights
from jaxeval.compiled import keep_compiled_programs
from jaxeval.errors import JaxevalError, one_line

Command = Demo | Score | Compare | Bench | Weights | Doctor
_COMMANDS: dict[str, type[Command]] = {kind.__name__.lower(): kind for kind in get_args(Command)}

_ABOUT = """Aligned evaluation of talking heads, and of any generated sequence, in JAX.

Exit codes: 0 success, 1 some clips or checks failed, 2 the command can't run, 130 interrupted.
`jaxeval COMMAND --help` explains a command, `jaxeval --version` prints the version."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The `jaxeval` command.

    Args:
        arguments: the words after `jaxeval`; those of the process if None.

    Raises:
        SystemExit: always, with the exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # for names that aren't UTF-8
    words = sys.argv[1:] if arguments is None else arguments
    if list(words) == ["--version"]:
        print(f"jaxeval {version('jaxeval')}")
        sys.exit(0)
    keep_compiled_programs()
    try:
        code = _parse(words).run(Console())
        sys.stdout.flush()
        sys.exit(code)
    except JaxevalError as error:
        _complain(str(error), 2)
    except KeyboardInterrupt:
        _complain("interrupted. Results so far are kept; run the same command again to resume.", 130)
    except BrokenPipeError:
        # Whoever read the output has gone; Python would complain once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _complain("output pipe closed; results so far are kept.", 2)
    except Exception as error:
        if os.environ.get("JAXEVAL_DEBUG"):
            raise
        _complain(f"unexpected {one_line(error)}. Please rerun with JAXEVAL_DEBUG=1 and report the output.", 2)


def _parse(words: Sequence[str]) -> Command:
    # tyro would list every command with its whole docstring: only the one that is asked for needs more than a line.
    briefs = {name: None if name in words[:1] else _summary(kind) for name, kind in _COMMANDS.items()}
    kinds = tuple(Annotated[kind, subcommand(name, description=briefs[name])] for name, kind in _COMMANDS.items())
    config = (FlagCreatePairsOff,)  # --json and --no-report, and no opposites of theirs
    every: Any = reduce(or_, kinds)
    return tyro.cli(every, prog="jaxeval", description=_ABOUT, args=words, config=config)


def _summary(kind: type[Command]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def _complain(text: str, code: int) -> NoReturn:
    print(f"jaxeval: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
