"""Progress: a bar on a terminal; in a file or a pipe a plain line per clip, at once."""

import io
import time

import pytest
from rich.console import Console

from jaxeval.report import progress
from jaxeval.report.progress import clip_progress, duration


class Watched(io.StringIO):
    """A file that counts how often it is flushed."""

    flushes = 0

    def flush(self):
        self.flushes += 1
        super().flush()


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_per_clip_with_rate_and_time_left(clock):
    file = Watched()
    with clip_progress(Console(file=file, width=20), 100) as shown:
        for clip, seconds, failure, fresh in (
            ("an/earlier one with a very long name", 0, None, False),
            ("clip-name", 3.2, None, True),
            ("[red]b[/]", 5.2, "no face", True),
        ):
            shown.begin(clip)
            shown.share(0.5)
            clock[0] += seconds
            shown.end(failure, fresh)
    assert file.getvalue().split("\n") == [
        "1 of 100  an/earlier one with a very long name  ok (scored earlier)",
        "2 of 100  clip-name  ok  3.2 s/clip  about 5 min left",
        "3 of 100  [red]b[/]  failed: no face  4.2 s/clip  about 7 min left",
        "",
    ]
    assert file.flushes >= 3


def test_the_rate_is_that_of_the_recent_clips(clock):
    """The first clips compile; they don't count for ever."""
    file = io.StringIO()
    with clip_progress(Console(file=file), 30) as shown:
        for k in range(30):
            shown.begin(f"c{k}")
            clock[0] += 60 if k == 0 else 0.25
            shown.end(None, True)
    lines = file.getvalue().splitlines()
    assert lines[1].endswith("30.1 s/clip  about 14 min left")
    assert lines[-1] == "30 of 30  c29  ok  0.25 s/clip"


@pytest.mark.parametrize("terminal", [True, False])
def test_only_a_terminal_gets_control_codes(terminal):
    file = io.StringIO()
    with clip_progress(Console(file=file, force_terminal=terminal, width=80), 2) as shown:
        for clip in ("a", "b"):
            shown.begin(clip)
            shown.share(0.3)
            time.sleep(0.01)
            shown.end(None if clip == "a" else "no face", True)
    text = file.getvalue()
    assert ("\x1b" in text or "\r" in text) == terminal
    assert ("b: failed: no face" if terminal else "2 of 2  b  failed: no face") in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0, "1 s"), (89.4, "89 s"), (91, "2 min"), (3600, "60 min"), (5400, "1.5 h")]
)
def test_times_have_their_natural_unit(seconds, text):
    assert duration(seconds) == text
