"""What a file's packets say of its frames' times, before any frame is decoded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from statistics import median_low

import av
from av.container import InputContainer
from av.format import Flags
from av.packet import Packet
from av.video.stream import VideoStream

from jaxeval.media.retime import LONGEST_HOLD_S

FALLBACK_RATE = Fraction(25)  # what FFmpeg assumes, too, where a file announces no frame rate
NTSC = Fraction(1000, 1001)
SHORTEST_ROUNDED = Fraction(3, 2)  # ticks


@dataclass(frozen=True)
class Stamps:
    """When the frames of a video stream are shown, as far as its packets say it.

    Attributes:
        spacing: seconds from one frame to the next: the constant rate's, or else what the file announces.
        jitter: seconds by which rounding moves the stamps of a constant rate, at most; None if the rate varies.
        trusted: whether the container holds time stamps at all; raw streams don't, and FFmpeg makes them up.
        held: whether the first frame would stand for longer than a second and than all the others together.
    """

    spacing: Fraction
    jitter: Fraction | None = None
    trusted: bool = True
    held: bool = False


def read_stamps(container: InputContainer, stream: VideoStream) -> Stamps:
    """Read every packet's time stamps; the container is at its end afterwards.

    The frames come at a constant rate if each stamp lies within one tick of first + k · spacing, for the announced
    rate or for the one that their number and extent suggest, see `constant_spacing`. Where some frames have no time of
    display, the times of decoding are judged instead. A container without time stamps has a constant rate always.

    Args:
        container: open, and not yet read from.
        stream: one of its video streams.

    Returns:
        The stream's `Stamps`.
    """
    packets = [(packet.pts, packet.dts, packet.duration) for packet in _shown(container, stream)]
    if Flags.no_timestamps in Flags(container.format.flags):
        return Stamps(_raw_spacing(stream, [duration for *_, duration in packets]), Fraction(0), trusted=False)
    announced, tick = _announced_rates(stream), stream.time_base or Fraction(0)
    times = sorted(shown for shown, *_ in packets if shown is not None)
    known = len(times) == len(packets) > 2
    held = known and (times[1] - times[0]) * tick > max(LONGEST_HOLD_S, (times[-1] - times[1]) * tick)
    complete = times if known else [time for _, time, _ in packets if time is not None]
    if len(complete) == len(packets) and tick:
        found = constant_spacing(complete[held:], tick, announced)
        if found is not None:
            return Stamps(*found, held=held)
    return Stamps(1 / announced[0], held=held)


def constant_spacing(
    stamps: Sequence[int], tick: Fraction, announced: Iterable[Fraction] = ()
) -> tuple[Fraction, Fraction] | None:
    """The constant spacing of which the stamps are the multiples, rounded to whole ticks.

    Args:
        stamps: in ticks, ascending.
        tick: seconds.
        announced: frames per second that the file announces.

    Returns:
        A spacing from which no stamp is farther than half a tick, else than one tick and half a spacing, in seconds;
        and how far rounding may move a stamp: a tick, or 0 if every stamp is exact. None if there is no such spacing,
        or if there are fewer than 3 stamps. Of several rates an exact one is preferred, then the order is: announced
        ones that are whole or NTSC's (n · 1000 / 1001), the nearest whole one, the nearest of NTSC's, other announced
        ones, the mean. Those that no file announces need a spacing of at least 1.5 ticks: with shorter ones a frame
        that is left out would look like rounding.

    Example:
        >>> constant_spacing([0, 33, 67, 100, 133, 167, 200, 234], Fraction(1, 1000), [Fraction(25)])
        (Fraction(1001, 30000), Fraction(1, 1000))
        >>> constant_spacing([0, 33, 67, 134], Fraction(1, 1000)) is None
        True
    """
    if len(stamps) < 3 or stamps[-1] <= stamps[0]:
        return None
    mean = Fraction(stamps[-1] - stamps[0], len(stamps) - 1)
    spacings = [1 / (rate * tick) for rate in _likely_rates(1 / (mean * tick), announced, mean >= SHORTEST_ROUNDED)]
    farthest = [max(abs(t - stamps[0] - k * spacing) for k, t in enumerate(stamps)) for spacing in spacings]
    for tolerated in (Fraction(0), Fraction(1, 2), Fraction(1)):
        for spacing, distance in zip(spacings, farthest, strict=True):
            if distance <= (min(tolerated, spacing / 2) if tolerated == 1 else tolerated):
                return spacing * tick, tick if distance else Fraction(0)
    return None


def _likely_rates(mean: Fraction, announced: Iterable[Fraction], any_rate: bool) -> list[Fraction]:
    """Frames per second, the likeliest first."""
    announced = list(announced)
    usual = [rate for rate in announced if rate.denominator == 1 or (rate / NTSC).denominator == 1]
    guessed = [rate for rate in (Fraction(round(mean)), round(mean) * NTSC) if rate] if any_rate else []
    return [*usual, *guessed, *announced, *([mean] if any_rate else [])]


def _shown(container: InputContainer, stream: VideoStream) -> Iterator[Packet]:
    """The packets that hold a frame to be shown; reading may break off early where the file does."""
    try:
        yield from (packet for packet in container.demux(stream) if packet.size and not packet.is_discard)
    except av.FFmpegError:
        return


def _announced_rates(stream: VideoStream) -> list[Fraction]:
    """Frames per second, the likeliest first."""
    return [rate for rate in (stream.average_rate, stream.guessed_rate) if rate] or [FALLBACK_RATE]


def _raw_spacing(stream: VideoStream, durations: Sequence[int | None]) -> Fraction:
    """A raw stream's average rate is FFmpeg's default of 25; what the frames' own headers say is in their durations."""
    known = [duration for duration in islice(durations, 1000) if duration]
    if known and stream.time_base:
        return median_low(known) * stream.time_base
    return 1 / (stream.guessed_rate or FALLBACK_RATE)
