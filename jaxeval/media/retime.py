"""From decoded frames with time stamps to frames at a constant rate."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from statistics import median_low
from typing import Generic, TypeVar

from jaxeval.media.span import WHOLE, Span, exact

Picture = TypeVar("Picture")

SPACINGS_KEPT = 255  # enough for a steady median, and no growth with the length of the file
LONGEST_WAIT = 16  # frames: no codec delays them by more, and memory stays bounded where a file has no stamps at all
LONGEST_HOLD_S = Fraction(1)


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

    A stamp is usable if it lies after the last usable one, by no more than `gap`. Frames without one are `spacing`
    apart: before the first usable stamp they count back from it, elsewhere they count on from the last one, closer
    together where the next one leaves no room. Without any, the first frame is shown at `beginning`.

    At a constant rate every frame keeps to the multiples of `spacing` after the first one, and a stamp within `jitter`
    of where the next frame is due is the rate, rounded. The last frame's own duration counts, unless it is missing, or
    longer than a second and than all the frames before it together: then it is the median spacing.

    Args:
        spacing: seconds between frames: the constant rate's, or else what the file announces.
        gap: longest credible step between two frames, in seconds.
        jitter: seconds by which rounding moves the stamps of a constant rate, at most; None if the rate varies.
        beginning: time of the first frame if no stamp is usable, in seconds.
        span: the part that is wanted.

    Attributes:
        start: time of the first frame.
        last: time of the last frame so far.
        within: frames so far that lie in the part that is wanted.

    Example:
        >>> frames = [Stamped(Fraction(t, 10) if t else None, Fraction(0), t) for t in (0, 5, 6, 6, 8)]
        >>> line = Timeline(spacing=Fraction(1, 10), gap=Fraction(1))
        >>> [float(time) for time, picture in line.mended(frames)]
        [0.4, 0.5, 0.6, 0.7, 0.8]
        >>> float(line.end)
        0.9
    """

    def __init__(
        self,
        spacing: Fraction,
        gap: Fraction,
        jitter: Fraction | None = None,
        beginning: Fraction = Fraction(0),
        span: Span = WHOLE,
    ):
        self.start = self.last = beginning
        self.within = 0
        self._from, self._to = exact(span[0]), None if span[1] is None else exact(span[1])
        self._spacing, self._gap, self._jitter = spacing, gap, jitter
        self._last_duration = Fraction(0)
        self._started = False
        self._spacings: deque[Fraction] = deque(maxlen=SPACINGS_KEPT)

    def mended(self, frames: Iterable[Stamped[Picture]]) -> Iterator[tuple[Fraction, Picture]]:
        """Pair every frame with a time, strictly increasing.

        Args:
            frames: decoded frames in order of display.

        Yields:
            (seconds, picture) of every frame, in the same order; at most 16 frames are held back.
        """
        unstamped: list[Stamped[Picture]] = []
        for frame in frames:
            time = frame.time if self._usable(frame.time) else None
            if time is not None or len(unstamped) == LONGEST_WAIT:
                yield from self._placed(unstamped, time)
                unstamped = []
            if time is not None:
                yield self._place(self._step(time), frame)
            else:
                unstamped.append(frame)
        yield from self._placed(unstamped, None)

    def _usable(self, time: Fraction | None) -> bool:
        return time is not None and (not self._started or 0 < time - self.last <= self._gap)

    def _placed(
        self, frames: Sequence[Stamped[Picture]], following: Fraction | None
    ) -> Iterator[tuple[Fraction, Picture]]:
        """Frames without a usable stamp, before a frame that has one."""
        if not self._started and following is not None:
            self.last = following - len(frames) * self._spacing
        step = self._spacing
        if self._started and following is not None and self._jitter is None:
            step = min(step, (following - self.last) / (len(frames) + 1))
        for frame in frames:
            yield self._place(step, frame)

    def _place(self, step: Fraction, frame: Stamped[Picture]) -> tuple[Fraction, Picture]:
        if self._started:
            self.last += step
            self._spacings.append(step)
        else:
            self.start, self._started = self.last, True
        self._last_duration = frame.duration
        self.within += self.begin <= self.last and (self._to is None or self.last < self.start + self._to)
        return self.last, frame.picture

    def _step(self, time: Fraction) -> Fraction:
        """To a usable stamp, from the frame before it."""
        if not self._started:
            self.last = time
        step = time - self.last
        if self._jitter is None:
            return step
        due = abs(step - self._spacing) <= self._jitter
        return self._spacing if due else max(1, round(step / self._spacing)) * self._spacing

    @property
    def begin(self) -> Fraction:
        """The moment at which the part that is wanted begins."""
        return self.start + self._from

    @property
    def stop(self) -> Fraction:
        """The moment at which it ends, no later than the last frame does; `begin` at the earliest."""
        last = self.end if self._to is None else min(self.end, self.start + self._to)
        return max(self.begin, last)

    def most(self, fps: Fraction) -> int | None:
        """How many outputs the part has at most; None if it ends with the clip.

        Args:
            fps: frames per second of the output.
        """
        return None if self._to is None else _count(self._to - self._from, fps)

    @property
    def end(self) -> Fraction:
        """The moment at which the last frame's own duration is over."""
        duration, constant = self._last_duration, self._jitter is not None
        spacing = self._spacing if constant or not self._spacings else median_low(self._spacings)
        rounded = constant and abs(duration - spacing) <= (self._jitter or 0)
        return self.last + (spacing if rounded or self.cut or not 0 < duration <= self._gap else duration)

    @property
    def cut(self) -> bool:
        """Whether the last frame's own duration isn't credible."""
        return bool(self._spacings) and self._gap >= self._last_duration > max(LONGEST_HOLD_S, self.last - self.start)


def at_constant_rate(
    frames: Iterable[Stamped[Picture]], timeline: Timeline[Picture], fps: Fraction
) -> Iterator[Picture]:
    """Show a video at a constant rate: output k is the frame whose time is nearest to start + k / fps.

    A tie goes to the earlier frame. There are max(1, ⌊(end − start) · fps + ½⌋) outputs, where `end` includes the last
    frame's own duration. Frames are repeated or left out, never blended. If only a part is wanted, start and end are
    the part's; none of it is shown if the video ends before, and frames after it aren't asked for.

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
    count, most = 0, timeline.most(fps)
    for time, picture in timeline.mended(frames):
        while earlier is not None and count != most and timeline.begin + count / fps <= (earlier[0] + time) / 2:
            shown.append(earlier[1])
            count += 1
            if len(shown) > 1:
                yield shown.popleft()
        earlier = time, picture
        if count == most and count <= (time - timeline.begin) * fps + Fraction(1, 2):
            break
    if earlier is not None and timeline.stop > timeline.begin:
        total = _count(timeline.stop - timeline.begin, fps)
        shown.extend([earlier[1]] * (total - count))
        yield from list(shown)[: len(shown) - max(0, count - total)]


def _count(seconds: Fraction, fps: Fraction) -> int:
    return max(1, floor(seconds * fps + Fraction(1, 2)))
