"""Sound in: any file's first sound stream as mono samples, and how loud it is over time."""

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, groupby, repeat
from operator import itemgetter
from typing import NamedTuple

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer

from jaxeval.media.container import (
    NoAudioError,
    beginning,
    best_stream,
    chosen_stream,
    longest_gap,
    opened,
    undecodable,
    unusable,
)

FULL_SCALE = 32768.0
LONGEST_WAIT = 16  # frames without a time stamp at the beginning, before the file's own beginning is taken
TOLERATED_GAP_S = Fraction(1, 50)  # time stamps are rounded, and rounding is no silence


def decode_audio(path: str | os.PathLike[str], sample_rate: int = 16000) -> tuple[np.ndarray, float]:
    """Read a file's sound as mono samples.

    FFmpeg resamples and mixes down to 16-bit integers, as `ffmpeg -ac 1 -ar 16000` would, so that clips prepared that
    way and clips read here agree. Where the time stamps leave a gap, silence fills it, so that sample n always belongs
    to time start + n / sample_rate.

    Args:
        path: any sound or video file that FFmpeg reads.
        sample_rate: samples per second of the result, in Hz.

    Returns:
        samples: [N] float32 in [-1, 1].
        start_s: how long after the file's beginning, which its picture shares, the first sample sounds, in seconds.

    Raises:
        NoAudioError: the file has no sound stream.
        JaxevalError: there is no such file, or no sound of it can be decoded.

    Example:
        >>> import tempfile, wave
        >>> path = os.path.join(tempfile.mkdtemp(), "tone.wav")
        >>> with wave.open(path, "wb") as file:
        ...     file.setparams((1, 2, 8000, 0, "NONE", ""))
        ...     file.writeframes(np.zeros(800, np.int16).tobytes())
        >>> samples, start_s = decode_audio(path, sample_rate=8000)
        >>> samples.shape, start_s
        ((800,), 0.0)
    """
    with opened(path, "sound") as container:
        stream = best_stream(container, "audio")
        if undecodable(container, "audio"):
            found = "a sound stream in a format that FFmpeg can't decode"
            raise unusable(path, "sound", found, "Convert it to AAC or WAV.")
        if not isinstance(stream, AudioStream):
            found = f"a file without sound ({container.format.long_name})"
            raise unusable(path, "sound", found, "Give a file with sound, or leave it out.", NoAudioError)
        file_start = beginning(container)
        timed = _by_run(_decoded(container, stream), longest_gap(container, stream), file_start)
        runs = groupby(timed, key=itemgetter(0))
        pieces = [(run.start, _resampled((frame for _, frame in frames), sample_rate)) for run, frames in runs]
    if not any(len(samples) for _, samples in pieces):
        found = "a sound stream that can't be decoded"
        raise unusable(path, "sound", found, "Try to play it, and export or copy it again.")
    return _laid_out(pieces, sample_rate), float(pieces[0][0] - file_start)


def sound_choice(path: str | os.PathLike[str]) -> str | None:
    """Which of a file's sound streams `decode_audio` takes.

    Args:
        path: any sound or video file that FFmpeg reads.

    Returns:
        One phrase; None if there is no choice.

    Raises:
        JaxevalError: the file can't be read.
    """
    with opened(path, "sound") as container:
        return chosen_stream(container, "audio")


def loudness_envelope(samples: np.ndarray, sample_rate: int, fps: float, count: int | None = None) -> np.ndarray:
    """How loud a signal is during each video frame: √(mean x²) over [k / fps, (k + 1) / fps).

    Args:
        samples: [N] mono samples, usually in [-1, 1].
        sample_rate: samples per second, in Hz.
        fps: frames per second.
        count: number of frames; defaults to max(1, ⌊N / sample_rate · fps + ½⌋). Frames past the end are silent.

    Returns:
        [count] float32 root mean squares, in the samples' unit, at least 0.

    Raises:
        ValueError: samples has more or fewer than one axis, or fps or sample_rate is not positive.

    Example:
        >>> loudness_envelope(np.asarray([1.0, -1.0, 0.5, 0.5]), sample_rate=50, fps=25)
        array([1. , 0.5], dtype=float32)
    """
    if samples.ndim != 1:
        raise ValueError(f"Expected samples of shape [N], got {list(samples.shape)}.")
    if not (fps > 0 and sample_rate > 0):
        raise ValueError(f"Expected fps > 0 and sample_rate > 0, got {fps} and {sample_rate}.")
    if count is None:
        count = max(1, int(len(samples) / sample_rate * fps + 0.5))
    edges = np.rint(np.arange(count + 1) * (sample_rate / fps)).astype(np.int64).clip(max=len(samples))
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    width = np.maximum(np.diff(edges), 1)
    return np.sqrt(np.maximum(np.diff(energy[edges]), 0) / width).astype(np.float32)


class _Run(NamedTuple):
    """Sound without a gap and in one layout."""

    start: Fraction
    layout: tuple[str, str, int]


def _decoded(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    """Every frame that can be decoded; reading may break off early where the file does."""
    try:
        for packet in container.demux(stream):
            try:
                yield from stream.decode(packet)
            except av.FFmpegError:
                continue
    except av.FFmpegError:
        return


def _by_run(
    frames: Iterable[av.AudioFrame], longest: Fraction, beginning: Fraction = Fraction(0)
) -> Iterator[tuple[_Run, av.AudioFrame]]:
    """Pair each frame with its run; a new run begins after a gap, or where the format changes."""
    run, end = None, Fraction(0)
    for stamp, frame in _stamped(frames, beginning):
        layout = (frame.format.name, frame.layout.name, frame.sample_rate)
        time = end if stamp is None else stamp
        if run is None or TOLERATED_GAP_S < time - end <= longest:
            run, end = _Run(time, layout), time
        elif layout != run.layout:
            run = _Run(end, layout)
        end += _length(frame)
        yield run, frame


def _stamped(frames: Iterable[av.AudioFrame], beginning: Fraction) -> Iterator[tuple[Fraction | None, av.AudioFrame]]:
    """Frames with their time stamps, of which the first is never missing: it is counted back from the next known one.

    Without any, the sound begins with the file.
    """
    unstamped: list[av.AudioFrame] = []
    frames = iter(frames)
    for frame in frames:
        if (time := _time(frame)) is not None or len(unstamped) == LONGEST_WAIT:
            first = beginning if time is None else time - sum(map(_length, unstamped))
            yield from zip(chain([first], repeat(None)), [*unstamped, frame], strict=False)
            break
        unstamped.append(frame)
    else:
        yield from zip(chain([beginning], repeat(None)), unstamped, strict=False)
    yield from ((_time(frame), frame) for frame in frames)


def _time(frame: av.AudioFrame) -> Fraction | None:
    return None if frame.pts is None or not frame.time_base else frame.pts * frame.time_base


def _length(frame: av.AudioFrame) -> Fraction:
    return Fraction(frame.samples, frame.sample_rate)


def _resampled(frames: Iterable[av.AudioFrame], sample_rate: int) -> np.ndarray:
    """[N] int16 mono samples of one run."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=sample_rate)
    pieces = [piece.to_ndarray()[0] for frame in chain(frames, [None]) for piece in resampler.resample(frame)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def _laid_out(pieces: list[tuple[Fraction, np.ndarray]], sample_rate: int) -> np.ndarray:
    """[N] float32: each piece at its time, silence between them."""
    start, laid, length = pieces[0][0], [], 0
    for time, samples in pieces:
        silence = max(0, round((time - start) * sample_rate) - length)
        laid += [np.zeros(silence, np.int16), samples]
        length += silence + len(samples)
    return np.concatenate(laid).astype(np.float32) / FULL_SCALE
