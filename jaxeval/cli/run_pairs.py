"""Score pairs, write their files and show them: what `jaxeval score` and `jaxeval demo` share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from jaxeval.cli.interrupt import interruptible
from jaxeval.cli.progress import clip_progress, print_lines

if TYPE_CHECKING:
    from jaxeval.results.record import ClipRecord
    from jaxeval.scoring.pairing import Pair
    from jaxeval.scoring.run import Run

    Scoring = Callable[[Pair, Callable[[float], None]], tuple[ClipRecord, bool]]


def run_pairs(
    console: Console, run: Run, pairs: Sequence[Pair], title: str, *, noise_floor: int, report: bool = True
) -> int:
    """Score all pairs into the run's folder.

    Args:
        console: where table and progress are shown.
        run: the run.
        pairs: what it scores.
        title: the page's.
        noise_floor: number of references that the noise floor is measured on.
        report: whether to draw the page.

    Returns:
        The exit code: 0, or 1 if a clip failed.
    """
    from jaxeval.report.page import write_report
    from jaxeval.report.table import print_table
    from jaxeval.scoring.noise_floor import floor_pairs

    records, again = _records(console, run.record, pairs)
    if again:
        print_lines(console, [f"{again} of {len(pairs)} clips were already scored by an earlier run into {run.out}."])
    document = run.write(records)
    if below := floor_pairs(pairs, run.out / "floor", noise_floor, run.protocol.fps):
        document = run.write(records, _records(console, run.floor_record, below)[0])
    kept = [*run.kept]
    print_lines(console, kept)
    # The page comes last: whatever befalls it, the numbers are in their files and on the terminal.
    print_table(document, console)
    if report:
        run.write_page(lambda path: write_report(path, document, run.clip, fps=run.protocol.fps, title=title))
    print_lines(console, run.kept[len(kept) :])
    print_lines(console, [f"missing weights of {encoder}: {reason}" for encoder, reason in run.missing.items()])
    files = ("scores.json", "scores.csv", "report.html")[: 3 if report else 2]
    print_lines(console, [f"{run.out / name}" for name in files])
    return int(any(record.status != "ok" for record in records))


def _records(console: Console, score: Scoring, pairs: Sequence[Pair]) -> tuple[list[ClipRecord], int]:
    """All records, and how many of them an earlier run had made."""
    records, earlier = [], 0
    with interruptible() as stop_if_pressed, clip_progress(console, len(pairs)) as shown:

        def share(done: float) -> None:
            stop_if_pressed()
            shown.share(done)

        for pair in pairs:
            shown.begin(pair.id)
            stop_if_pressed()
            record, fresh = score(pair, share)
            records.append(record)
            earlier += not fresh
            shown.end(None if record.status == "ok" else record.reason, fresh)
    return records, earlier
