"""From decoded frames with time stamps to frames at a constant rate."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from statistics import median_low
from typing import Generic, TypeVar

Picture = TypeVar("Picture")

SPACINGS_KEPT = 255  # enough for a steady median, and no growth with the length of the file


@dataclass(frozen=True)
class Stamped(Generic[Picture]):
    """One decoded frame and when it is shown.

    Attributes:
        time: seconds on the file's own clock, exact; None where the file does not say it.
        duration: seconds for which it is shown; 0 where the file does not say it.
        picture: whatever stands for the frame.
    """

    time: Fraction | None
    duration: Fraction
    picture: Picture


class Timeline(Generic[Picture]):
    """The time stamps of one pass over a video: mended, and remembered only as far as its length needs.

    A stamp is taken as it is if it lies after the one before it, and by no more than `gap`; any other, or none at all,
    becomes the one before it plus `spacing`.

    Args:
        spacing: seconds between frames that the file announces.
        gap: longest credible step between two frames, in seconds.

    Attributes:
        start: time of the first frame.
        last: time of the last frame so far.

    Example:
        >>> frames = [Stamped(Fraction(t, 10), Fraction(0), t) for t in (5, 6, 6, 8)]
        >>> line = Timeline(spacing=Fraction(1, 10), gap=Fraction(1))
        >>> [float(time) for time, picture in line.mended(frames)]
        [0.5, 0.6, 0.7, 0.8]
        >>> float(line.end)
        0.9
    """

    def __init__(self, spacing: Fraction, gap: Fraction):
        self.start = self.last = Fraction(0)
        self._spacing, self._gap = spacing, gap
        self._last_duration = Fraction(0)
        self._spacings: deque[Fraction] = deque(maxlen=SPACINGS_KEPT)

    def mended(self, frames: Iterable[Stamped[Picture]]) -> Iterator[tuple[Fraction, Picture]]:
        """Pair every frame with a time, strictly increasing.

        Args:
            frames: decoded frames in order of display.

        Yields:
            (seconds, picture) of every frame, in the same order.
        """
        for index, frame in enumerate(frames):
            if index == 0:
                self.start = self.last = frame.time or Fraction(0)
            else:
                self._advance(frame.time)
            self._last_duration = frame.duration
            yield self.last, frame.picture

    def _advance(self, time: Fraction | None) -> None:
        step = self._spacing if time is None else time - self.last
        if not 0 < step <= self._gap:
            step = self._spacing
        self._spacings.append(step)
        self.last += step

    @property
    def end(self) -> Fraction:
        """The moment at which the last frame's own duration is over; its duration defaults to the median spacing."""
        spacing = median_low(self._spacings) if self._spacings else self._spacing
        return self.last + (self._last_duration if 0 < self._last_duration <= self._gap else spacing)


def at_constant_rate(
    frames: Iterable[Stamped[Picture]], timeline: Timeline[Picture], fps: Fraction
) -> Iterator[Picture]:
    """Show a video at a constant rate: output k is the frame whose time is nearest to start + k / fps.

    A tie goes to the earlier frame. There are max(1, ⌊(end − start) · fps + ½⌋) outputs, where `end` includes the last
    frame's own duration. Frames are repeated or left out, never blended.

    Args:
        frames: decoded frames in order of display.
        timeline: a fresh timeline, which afterwards knows start and end.
        fps: frames per second of the output.

    Yields:
        The pictures, as soon as the frames that follow them are known.

    Example:
        >>> frames = [Stamped(Fraction(k, 50), Fraction(1, 50), k) for k in range(8)]
        >>> list(at_constant_rate(frames, Timeline(Fraction(1, 50), Fraction(1)), Fraction(25)))
        [0, 2, 4, 6]
    """
    shown: deque[Picture] = deque()  # outputs that are chosen and not yet sure to lie within the clip
    earlier: tuple[Fraction, Picture] | None = None
    count = 0
    for time, picture in timeline.mended(frames):
        while earlier is not None and timeline.start + count / fps <= (earlier[0] + time) / 2:
            shown.append(earlier[1])
            count += 1
            if len(shown) > 1:
                yield shown.popleft()
        earlier = time, picture
    if earlier is not None:
        total = max(1, floor((timeline.end - timeline.start) * fps + Fraction(1, 2)))
        shown.extend([earlier[1]] * (total - count))
        yield from list(shown)[: len(shown) - max(0, count - total)]
