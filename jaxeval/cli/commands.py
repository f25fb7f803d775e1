"""What each command does, apart from its words: called by `jaxeval.cli.main` once they are parsed."""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from jaxeval.checkpoints import cache_folder, convert, list_weights, verify_weights
from jaxeval.demo.clips import make_demo
from jaxeval.errors import JaxevalError
from jaxeval.protocol import PROTOCOLS
from jaxeval.report.comparison import comparison_csv, comparison_json, comparison_notes, comparison_table
from jaxeval.report.page import write_report
from jaxeval.report.table import print_table
from jaxeval.results.compare import compare, read_scores
from jaxeval.results.record import ClipRecord
from jaxeval.scoring.custom import load_scorers, read_numbers
from jaxeval.scoring.noise_floor import floor_pairs
from jaxeval.scoring.pairing import Pair, find_pairs, read_identities
from jaxeval.scoring.run import Run

if TYPE_CHECKING:
    from jaxeval.cli.main import Compare, Score

_BAR = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TextColumn("left"),
    TimeRemainingColumn(),
)

_LARGEST_GAMMA = 1e30
"""Above it, γ times the entropy of the paths leaves float32."""

_PIPE = 10_000
"""Columns of an output that is no terminal."""

Scoring = Callable[[Pair, Callable[[float], None]], tuple[ClipRecord, bool]]


def score(console: Console, asked: "Score") -> int:
    """`jaxeval score`."""
    if asked.protocol not in PROTOCOLS:
        names = ", ".join(PROTOCOLS)
        raise JaxevalError(f"--protocol: expected one of {names}, found {asked.protocol}. Choose one of them.")
    if not 0 <= asked.gamma <= _LARGEST_GAMMA:
        text = f"--gamma: expected a number of at least 0, and at most {_LARGEST_GAMMA:g}, found {asked.gamma}"
        raise JaxevalError(f"{text}. Try 0.01.")
    if asked.floor < 0:
        raise JaxevalError(f"--floor: expected at least 0, found {asked.floor}. 0 leaves the noise floor out.")
    if asked.fewest is not None and asked.fewest < 2:
        raise JaxevalError(f"--fewest: expected at least 2, found {asked.fewest}. One feature has no covariance.")
    pairing = find_pairs(asked.generated, asked.reference, asked.audio, asked.out)
    pairs = pairing.pairs
    if pairing.passed_over:
        console.print(pairing.words(), markup=False, highlight=False, soft_wrap=True)
    identities = read_identities(asked.identities) if asked.identities else {}
    if strangers := identities.keys() - {pair.id for pair in pairs}:
        text = f"expected names of the clips that are scored, found {len(strangers)} others, such as {min(strangers)}"
        raise JaxevalError(
            f"{asked.identities}: {text}. Names are the files' paths below their folder, without the suffix."
        )
    run = Run(
        asked.out,
        PROTOCOLS[asked.protocol],
        asked.region,
        identities=identities,
        fewest=asked.fewest,
        gamma=asked.gamma,
        scorers=load_scorers(asked.scorers) if asked.scorers else (),
        numbers=read_numbers(asked.number),
        passed_over=pairing.provenance(),
        names=(str(asked.generated), str(asked.reference)),
        floor=asked.floor,
    )
    return _score_pairs(console, run, pairs, f"{asked.generated} against {asked.reference}", asked.floor)


def compare_runs(console: Console, asked: "Compare") -> int:
    """`jaxeval compare`."""
    if asked.json and asked.csv:
        raise JaxevalError("--json and --csv: expected one of them, found both. Leave one out.")
    only = tuple(filter(None, asked.scores.split(",")))
    rows = compare(read_scores(asked.first), read_scores(asked.second), only)
    if asked.json:
        console.file.write(comparison_json(rows, str(asked.first), str(asked.second)) + "\n")
    elif asked.csv:
        console.file.write(comparison_csv(rows))
    else:
        console.print(f"first: {asked.first}   second: {asked.second}", markup=False, highlight=False, soft_wrap=True)
        table = comparison_table(rows)
        if not console.is_terminal:  # which folds what it has no room for; in a file or a pipe a row stays on its line
            console.width = console.measure(table, options=console.options.update(max_width=_PIPE)).maximum
        console.print(table)
        _print_lines(console, comparison_notes(rows))
    return 0


def demo(console: Console, out: Path) -> int:
    """`jaxeval demo`."""
    names = "the demo's four faulty copies", "the talking face that they are copies of"
    run = Run(out, PROTOCOLS["jaxeval-v1"], "face", names=names, floor=1)
    with console.status("making a talking face from a photograph and speech, and four faulty copies of it"):
        clips = make_demo(out)
    pairs = [Pair(name, path, clips.reference) for name, path in clips.methods.items()]
    return _score_pairs(console, run, pairs, "Four faulty copies of a talking face", floor=1)


def _score_pairs(console: Console, run: Run, pairs: Sequence[Pair], title: str, floor: int) -> int:
    records, again = _records(console, run.record, pairs)
    if again:
        text = f"{again} of {len(pairs)} clips were scored by an earlier run into {run.out}."
        console.print(text, soft_wrap=True)
    document = run.write(records)
    if below := floor_pairs(pairs, run.out / "floor", floor, run.protocol.fps):
        document = run.write(records, _records(console, run.floor_record, below)[0])
    kept = [*run.kept]
    _print_lines(console, kept)
    # The page comes last: whatever befalls it, the numbers are in their files and on the terminal.
    print_table(document, console)
    run.write_page(lambda path: write_report(path, document, run.clip, fps=run.protocol.fps, title=title))
    _print_lines(console, run.kept[len(kept) :])
    for encoder, reason in run.missing.items():
        console.print(f"missing weights of {encoder}: {reason}", markup=False, highlight=False, soft_wrap=True)
    for name in ("scores.json", "scores.csv", "report.html"):
        console.print(f"{run.out / name}", highlight=False, soft_wrap=True)
    return int(any(record.status != "ok" for record in records))


def _print_lines(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _records(console: Console, score: Scoring, pairs: Sequence[Pair]) -> tuple[list[ClipRecord], int]:
    """All records, with a bar that estimates the time left; and how many of them an earlier run had scored."""
    records: list[ClipRecord] = []
    found = 0
    with _stoppable() as stop_if_asked, Progress(*_BAR, console=console) as bar:
        task = bar.add_task("scoring", total=len(pairs))

        def done(share: float) -> None:
            stop_if_asked()
            bar.update(task, completed=len(records) + share)

        for pair in pairs:
            bar.update(task, description=pair.id)
            stop_if_asked()
            record, fresh = score(pair, done)
            records.append(record)
            found += not fresh
            bar.update(task, completed=len(records))
            if record.status != "ok":
                text = f"{record.id}: failed: {record.reason}"
                bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
    return records, found


@contextmanager
def _stoppable() -> Iterator[Callable[[], None]]:
    """Ctrl-C that can't get lost: a KeyboardInterrupt raised inside a library's callback is swallowed there.

    Yields:
        A function that raises it once more if there was one.
    """
    asked = []

    def remember(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        signal.default_int_handler(number, frame)

    def stop_if_asked() -> None:
        if asked:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop_if_asked
        return
    before = signal.signal(signal.SIGINT, remember)
    try:
        yield stop_if_asked
    finally:
        signal.signal(signal.SIGINT, before)


def weights_list(console: Console) -> int:
    """`jaxeval weights list`."""
    table = Table("encoder", "weights", "verified", "MB", "licence")
    table.add_column("source", overflow="fold")
    for row in list_weights():
        there = "available" if row.available else "missing"
        verified = {True: "yes", False: "no", None: "-"}[row.verified]
        table.add_row(row.name, there, verified, f"{row.bytes / 1e6:.1f}", row.license, row.source)
    console.print(table)
    return 0


def weights_verify(console: Console) -> int:
    """`jaxeval weights verify`."""
    rows = [row for row in verify_weights() if row.available]
    for row in rows:
        kind = "verified" if row.verified else f"unverified: {row.reason}"
        console.print(f"{row.name}: {kind if row.sound else row.reason}", markup=False, soft_wrap=True)
    return int(not all(row.sound for row in rows))


def weights_convert(
    console: Console, name: str, files: Sequence[Path], out: Path | None, *, unverified: bool = False
) -> int:
    """`jaxeval weights convert`."""
    made = convert(name, files, out or cache_folder(), unverified=unverified)
    console.print(f"{made}", markup=False, soft_wrap=True)
    return 0


def doctor(console: Console) -> int:
    """`jaxeval doctor`."""
    from jaxeval.cli.doctor import checks

    wrong = 0
    for check in checks():
        mark = {True: "ok", False: "WRONG", None: "-"}[check.ok]
        console.print(f"{mark:>5}  {check.what}: {check.found}", markup=False, highlight=False, soft_wrap=True)
        wrong += check.ok is False
    return int(wrong > 0)
