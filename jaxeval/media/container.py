"""Opening files through FFmpeg, and telling in one line why one could not be opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from jaxeval.errors import JaxevalError

# A packet that is only half in the file would be decoded into a grey smear, so it counts as not being there. Without a
# plus sign this also turns off "genpts", by which FFmpeg makes up missing time stamps, and scrambles them for H.264
# with B-frames in AVI.
FFLAGS = "discardcorrupt"
COUNTED_FROM_ZERO = ("asf", "flv", "nut")  # formats whose durations include what lies before the first frame
TEXT_PROBE = 4096  # bytes

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
        # The prefix keeps FFmpeg from reading a colon in a file's name as a protocol.
        container = av.open(f"file:{os.fspath(path)}", options={"fflags": FFLAGS}, metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        if _is_text(Path(path)):
            raise _text_file(path, expected) from error
        found = f"data that FFmpeg can't read ({error.strerror})"
        hint = "It may be cut short, or not a media file: try to play it, then export or copy it again."
        raise unusable(path, expected, found, hint) from error
    with container:
        if _is_animated_webp(Path(path)):
            found = "an animated WebP, of which FFmpeg decodes only the first picture"
            raise unusable(path, expected, found, "Convert it, to an APNG for example.")
        drawn = container.format.name == "tty"  # FFmpeg would draw the letters
        if (drawn or not container.streams.video) and _is_text(Path(path)):
            raise _text_file(path, expected)
        yield container


def _is_animated_webp(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(21)
    return start[:4] == b"RIFF" and start[8:16] == b"WEBPVP8X" and bool(start[20] & 2)


def _is_text(path: Path) -> bool:
    """Whether a file begins as a text does: UTF-8, or UTF-16 with its mark, and no control characters."""
    with path.open("rb") as file:
        start = file.read(TEXT_PROBE)
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    text = start.decode(encoding, errors="ignore")
    readable = all(c.isprintable() or c in "\t\n\v\f\r\ufeff" for c in text)
    return readable and len(text.encode(encoding)) >= len(start) - 3  # a character may be cut in two


def _text_file(path: str | os.PathLike[str], expected: str) -> JaxevalError:
    found = f"a text file ({Path(path).suffix or 'no suffix'})"
    return unusable(path, expected, found, "Give a media file, or a folder of them.")


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


def best_stream(container: InputContainer, kind: str) -> Stream | None:
    """The stream of a kind that a player would take.

    Of those that FFmpeg can decode, cover pictures left out: the one that the file marks as its default, else any; of
    several the largest picture, then the one with the most frames, then the first. For sound the first.

    Args:
        container: an open container.
        kind: "video" or "audio".

    Returns:
        The stream, or None if there is none.
    """
    usable = [stream for stream in _streams(container, kind) if stream.codec_context is not None]
    return max(usable, key=_rank, default=None)


def chosen_stream(container: InputContainer, kind: str) -> str | None:
    """Which stream was taken, where there is a choice.

    Args:
        container: an open container.
        kind: "video" or "audio".

    Returns:
        One phrase; None if there are fewer than two streams.
    """
    streams, best = _streams(container, kind), best_stream(container, kind)
    if best is None or len(streams) < 2:
        return None
    unknown = sum(stream.codec_context is None for stream in streams)
    count = f"{len(streams)} {kind} streams" + (f", of which FFmpeg can't decode {unknown}" if unknown else "")
    default = "default" if best.disposition & Disposition.default else "not marked as default"
    size = f", {best.width}x{best.height}" if isinstance(best, VideoStream) else ""
    return f"{count}; scored stream {streams.index(best) + 1} ({default}{size})"


def undecodable(container: InputContainer, kind: str) -> bool:
    """Whether there are streams of a kind, and FFmpeg has a decoder for none of them.

    Args:
        container: an open container.
        kind: "video" or "audio".

    Returns:
        True if so; False if there is no such stream.
    """
    return bool(_streams(container, kind)) and best_stream(container, kind) is None


def _streams(container: InputContainer, kind: str) -> list[Stream]:
    """All of a kind, in the file's order, without the cover picture of a music file."""
    pictures = Disposition.attached_pic | Disposition.timed_thumbnails
    return [s for s in container.streams if s.type == kind and not s.disposition & pictures]


def _rank(stream: Stream) -> tuple[bool, int, int]:
    area = stream.width * stream.height if isinstance(stream, VideoStream) else 0
    frames = stream.frames if isinstance(stream, VideoStream) else 0
    return bool(stream.disposition & Disposition.default), area, frames


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
    from_zero = container.format.name in COUNTED_FROM_ZERO
    if stream.duration and stream.time_base:
        return ((0 if from_zero else stream.start_time or 0) + stream.duration) * stream.time_base
    if tag := stream.metadata.get("DURATION"):  # Matroska and WebM
        return _clock_seconds(tag)
    if container.duration and len(container.streams) == 1:
        return Fraction((0 if from_zero else container.start_time or 0) + container.duration, av.time_base)
    return None


def claimed_seconds(container: InputContainer) -> float | None:
    """How long a file's picture is, or without one its sound, as its header says it.

    Args:
        container: an open container.

    Returns:
        Seconds; None if there is neither, or the header doesn't tell.
    """
    stream = best_stream(container, "video") or best_stream(container, "audio")
    if stream is None:
        return None
    end, base = claimed_end(container, stream), stream.time_base
    if end is None:
        return container.duration / av.time_base if container.duration else None
    start = beginning(container) if stream.start_time is None or base is None else stream.start_time * base
    return float(end - start)


def longest_gap(container: InputContainer, stream: Stream) -> Fraction:
    """The longest credible step between two consecutive time stamps of a stream, in seconds.

    Args:
        container: an open container.
        stream: one of its streams.
    """
    return max(claimed_end(container, stream) or LONGEST_GAP_S, Fraction(1))


def _clock_seconds(text: str) -> Fraction | None:
    """Seconds of "hh:mm:ss.nnn"; None if it is no such text."""
    try:
        hours, minutes, seconds = (Fraction(part) for part in text.split(":"))
    except (ValueError, ZeroDivisionError):
        return None
    return 3600 * hours + 60 * minutes + seconds
