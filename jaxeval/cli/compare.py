"""`jaxeval compare`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rich.console import Console
from tyro.conf import Positional, arg

from jaxeval.cli.names import Names
from jaxeval.errors import require
from jaxeval.report.progress import print_lines

_PIPE = 10_000
"""Columns of an output that is no terminal."""


@dataclass(frozen=True)
class Compare:
    """Compare two runs, score by score over the same clips.

    Only scores with equal signatures are compared. Each score gets a paired permutation test, Holm-corrected.

    Exit codes: 0 compared, 1 a score named by --fail-if-worse is worse, 2 such a score or the runs can't be compared.
    """

    first: Annotated[Path, Positional, arg(metavar="FIRST")]
    """Folder of one run (for --fail-if-worse the old one), or its scores.json."""
    second: Annotated[Path, Positional, arg(metavar="SECOND")]
    """Folder of the other run (for --fail-if-worse the new one), or its scores.json."""
    scores: Annotated[Names, arg(help_behavior_hint="(default: every score of either run)")] = ()
    """Compare only these scores, e.g. csim,pose_div."""
    fail_if_worse: Annotated[Names, arg(help_behavior_hint="")] = ()
    """Exit with 1 if any of these scores is significantly worse in SECOND (Holm-corrected p < .05)."""
    json: Annotated[bool, arg(help_behavior_hint="")] = False
    """Print one JSON document and nothing else."""
    csv: Annotated[bool, arg(help_behavior_hint="")] = False
    """Print one CSV table and nothing else."""

    def __post_init__(self) -> None:
        require(not (self.json and self.csv), "--json and --csv: expected at most one, found both. Use one of them.")

    def run(self, console: Console) -> int:
        """Print the comparison."""
        from jaxeval.report.comparison import comparison_csv, comparison_json
        from jaxeval.results.compare import compare
        from jaxeval.results.document import read_document
        from jaxeval.results.gate import gate

        rows = compare(read_document(self.first), read_document(self.second), self.scores)
        verdict = gate(rows, self.fail_if_worse)
        if self.json:
            console.file.write(comparison_json(rows, str(self.first), str(self.second)) + "\n")
        elif self.csv:
            console.file.write(comparison_csv(rows))
        else:
            self._print_table(console, rows)
        console.file.flush()
        for line in verdict.lines():
            print(f"jaxeval: {line}", file=sys.stderr)
        return verdict.exit_code

    def _print_table(self, console: Console, rows: list) -> None:
        from jaxeval.report.comparison import comparison_notes, comparison_table

        print_lines(console, [f"first: {self.first}   second: {self.second}"])
        table = comparison_table(rows)
        if not console.is_terminal:  # which folds what it has no room for; in a file or a pipe a row stays on its line
            console.width = console.measure(table, options=console.options.update(max_width=_PIPE)).maximum
        console.print(table)
        print_lines(console, comparison_notes(rows))
