"""How far a run is: a bar on a terminal; elsewhere a line per clip, so that a log file can be read while it grows."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_BAR = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TextColumn("left"),
    TimeRemainingColumn(),
)
_RECENT = 20
"""Clips over which the rate is taken: the first ones compile."""


class Shown(Protocol):
    """What is shown of the clips, one after the other."""

    def begin(self, clip: str) -> None:
        """The next clip is `clip`."""

    def share(self, done: float) -> None:
        """`done` of the clip's work is done, in [0, 1]."""

    def end(self, failure: str | None, fresh: bool) -> None:
        """The clip is done; `failure` says why it couldn't be scored, `fresh` whether it was scored by this run."""


@contextmanager
def clip_progress(console: Console, total: int) -> Iterator[Shown]:
    """Show the progress over `total` clips.

    Yields:
        What is to be told of each clip.
    """
    if not console.is_terminal or console.is_dumb_terminal:
        yield _Lines(console, total)
        return
    with Progress(*_BAR, console=console) as bar:
        yield _Bar(bar, total)


def print_lines(console: Console, lines: Sequence[str]) -> None:
    """Print each as it is: no markup, no colours, no line breaks of ours; a log file sees it at once."""
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.file.flush()


class _Bar:
    def __init__(self, bar: Progress, total: int) -> None:
        self._bar, self._done, self._clip = bar, 0, ""
        self._task = bar.add_task("scoring", total=total)

    def begin(self, clip: str) -> None:
        self._clip = clip
        self._bar.update(self._task, description=clip)

    def share(self, done: float) -> None:
        self._bar.update(self._task, completed=self._done + done)

    def end(self, failure: str | None, fresh: bool) -> None:
        self._done += 1
        self._bar.update(self._task, completed=self._done)
        if failure is not None:
            print_lines(self._bar.console, [f"{self._clip}: failed: {failure}"])


class _Lines:
    def __init__(self, console: Console, total: int) -> None:
        self._console, self._total, self._done, self._clip = console, total, 0, ""
        self._times: deque[float] = deque(maxlen=_RECENT)
        self._last = time.monotonic()

    def begin(self, clip: str) -> None:
        self._clip = clip

    def share(self, done: float) -> None:
        pass

    def end(self, failure: str | None, fresh: bool) -> None:
        self._done += 1
        # From one clip's end to the next one's: so the rate is right where several are scored at once.
        before, self._last = self._last, time.monotonic()
        if fresh:
            self._times.append(self._last - before)
        outcome = "ok" if failure is None else f"failed: {failure}"
        told = [f"{self._done} of {self._total}", self._clip, outcome if fresh else f"{outcome} (scored earlier)"]
        print_lines(self._console, ["  ".join([*told, *self._rate()])])

    def _rate(self) -> list[str]:
        if not self._times:
            return []
        rate = sum(self._times) / len(self._times)
        told = [f"{rate:.1f} s/clip" if rate >= 1 else f"{rate:.2g} s/clip"]
        left = self._total - self._done
        return [*told, f"about {duration(rate * left)} left"] if left else told


def duration(seconds: float) -> str:
    """A time in its natural unit.

    Example:
        >>> duration(40), duration(250), duration(9000)
        ('40 s', '4 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
