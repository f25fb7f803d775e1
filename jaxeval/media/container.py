"""Opening files through FFmpeg, and telling in one line why one could not be opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream

from jaxeval.errors import JaxevalError

# Where a file does not say how long it is, a longer step between two time stamps is taken for a damaged stamp.
LONGEST_GAP_S = Fraction(60)


class NoAudioError(JaxevalError):
    """The file was read and holds no sound: a missing value for what needs sound, not a failed clip.

    Example:
        >>> from jaxeval.errors import JaxevalError
        >>> issubclass(NoAudioError, JaxevalError)
        True
    """


def unusable(
    path: str | os.PathLike[str], expected: str, found: str, hint: str, kind: type[JaxevalError] = JaxevalError
) -> JaxevalError:
    """The error for a file that can't be used, in one line.

    Args:
        path: the file.
        expected: what the caller needed, such as "a video".
        found: what there was instead.
        hint: what to do next, a whole sentence.
        kind: class of the error.

    Returns:
        The error, to be raised.

    Example:
        >>> print(unusable("a.mp4", "a video", "an empty file", "Copy or export it again."))
        a.mp4: expected a video, found an empty file. Copy or export it again.
    """
    return kind(" ".join(f"{os.fspath(path)}: expected {expected}, found {found}. {hint}".split()))


@contextmanager
def opened(path: str | os.PathLike[str], expected: str) -> Iterator[InputContainer]:
    """Open a media file for reading, for the length of a `with` block.

    Args:
        path: the file.
        expected: what the caller needs of it, for the error's text.

    Yields:
        The open PyAV container.

    Raises:
        JaxevalError: the path is missing, a folder, empty, unreadable, or nothing that FFmpeg knows.

    Example:
        >>> with opened("nowhere.mp4", "a video"):
        ...     pass
        Traceback (most recent call last):
        ...
        jaxeval.errors.JaxevalError: nowhere.mp4: expected a video, found no such file. Check the path.
    """
    _require_readable_file(Path(path), expected)
    try:
        # The prefix keeps FFmpeg from reading a colon in a file's name as a protocol; a packet that is only half in the
        # file would be decoded into a grey smear, so it counts as not being there.
        container = av.open(f"file:{os.fspath(path)}", options={"fflags": "discardcorrupt"}, metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        found = f"data that FFmpeg can't read ({error.strerror})"
        hint = "Try to play it: it may be cut off or not be a media file; export or copy it again."
        raise unusable(path, expected, found, hint) from error
    with container:
        if container.format.name == "tty":  # FFmpeg would draw the letters
            raise unusable(path, expected, "a text file", "Give a media file.")
        yield container


def _require_readable_file(path: Path, expected: str) -> None:
    """Tell apart the ways in which a path is no readable file, which FFmpeg reports in fewer words."""
    try:
        if path.is_dir():
            raise unusable(path, expected, "a folder", "Give one file of it.")
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError as error:
        raise unusable(path, expected, "no such file", "Check the path.") from error
    except OSError as error:
        found = f"a path that can't be read ({error.strerror})"
        raise unusable(path, expected, found, "Check its permissions.") from error
    if empty:
        raise unusable(path, expected, "an empty file (0 bytes)", "Copy or export it again.")


def first_stream(container: InputContainer, kind: str) -> Stream | None:
    """The first stream of a kind, leaving out the cover picture of a music file.

    Args:
        container: an open container.
        kind: "video" or "audio".

    Returns:
        The stream, or None if there is none.
    """
    streams = (s for s in container.streams if s.type == kind and not s.disposition & Disposition.attached_pic)
    return next(streams, None)


def beginning(container: InputContainer) -> Fraction:
    """Where on its own clock a file begins, in seconds: with the first sound or picture, whichever comes first.

    Args:
        container: an open container.

    Returns:
        Seconds, exact; 0 where the file does not say it. An mp3 begins after its encoder's delay, not at 0.
    """
    return Fraction(container.start_time or 0, av.time_base)


def claimed_end(container: InputContainer, stream: Stream) -> Fraction | None:
    """The moment at which a stream ends, as its file says it.

    Args:
        container: an open container.
        stream: one of its streams.

    Returns:
        Seconds on the file's own clock, exact; None where the file does not say it of this stream itself.
    """
    if stream.duration and stream.time_base:
        return ((stream.start_time or 0) + stream.duration) * stream.time_base
    if tag := stream.metadata.get("DURATION"):  # Matroska and WebM
        return _clock_seconds(tag)
    if container.duration and len(container.streams) == 1:
        return Fraction((container.start_time or 0) + container.duration, av.time_base)
    return None


def longest_gap(container: InputContainer, stream: Stream) -> Fraction:
    """The longest credible step between two consecutive time stamps of a stream, in seconds."""
    return max(claimed_end(container, stream) or LONGEST_GAP_S, Fraction(1))


def _clock_seconds(text: str) -> Fraction | None:
    """Seconds of "hh:mm:ss.nnn"; None if it is no such text."""
    try:
        hours, minutes, seconds = (Fraction(part) for part in text.split(":"))
    except (ValueError, ZeroDivisionError):
        return None
    return 3600 * hours + 60 * minutes + seconds
