"""Score pairs, write their files and show them: what `jaxeval score` and `jaxeval demo` share."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from rich.console import Console

from jaxeval.report.progress import Shown, clip_progress, print_lines

if TYPE_CHECKING:
    from jaxeval.scoring.pairing import Pair
    from jaxeval.scoring.run import Run


def run_pairs(
    console: Console, run: Run, pairs: Sequence[Pair], title: str, *, report: bool = True, per_frame: bool = False
) -> int:
    """Score all pairs into the run's folder.

    Args:
        console: where table and progress are shown.
        run: the run.
        pairs: what it scores.
        title: the page's.
        report: whether to draw the page.
        per_frame: whether to write the value of every frame too.

    Returns:
        The exit code: 0, or 1 if a clip failed.
    """
    from jaxeval.api import score_pairs
    from jaxeval.report.results import PER_FRAME
    from jaxeval.report.table import print_table

    results = score_pairs(run, pairs, lambda total: watched(console, total))
    if results.earlier:
        text = f"{results.earlier} of {len(pairs)} clips were already scored by an earlier run into {run.out}."
        print_lines(console, [text])
    outputs = results.write_scores(run.out, per_frame=per_frame)
    kept = [*outputs.kept]
    print_lines(console, kept)
    # The page comes last: whatever befalls it, the numbers are in their files and on the terminal.
    print_table(results.document, console)
    if report:
        results.write_page(outputs, title)
    print_lines(console, outputs.kept[len(kept) :])
    print_lines(console, [f"missing weights of {name}: {reason}" for name, reason in results.lacking.items()])
    files = ["scores.json", "scores.csv", *[PER_FRAME] * per_frame, *["report.html"] * report]
    print_lines(console, [f"{run.out / name}" for name in files])
    return int(any(clip.status != "ok" for clip in results.clips))


@contextmanager
def watched(console: Console, total: int) -> Iterator[Shown]:
    """Progress that Ctrl-C stops."""
    with clip_progress(console, total) as shown:
        stoppable = _Stoppable(shown)
        if threading.current_thread() is not threading.main_thread():
            yield stoppable
            return
        before = signal.signal(signal.SIGINT, stoppable.interrupt)
        try:
            yield stoppable
        finally:
            signal.signal(signal.SIGINT, before)


class _Stoppable:
    """Remembers Ctrl-C, for a KeyboardInterrupt raised inside a library's callback is swallowed there."""

    def __init__(self, shown: Shown) -> None:
        self._shown, self._pressed = shown, False
        self.end = shown.end

    def interrupt(self, number: int, frame: FrameType | None) -> None:
        self._pressed = True
        signal.default_int_handler(number, frame)

    def begin(self, clip: str) -> None:
        self._shown.begin(clip)
        self._stop_if_pressed()

    def share(self, done: float) -> None:
        self._stop_if_pressed()
        self._shown.share(done)

    def _stop_if_pressed(self) -> None:
        if self._pressed:
            raise KeyboardInterrupt
