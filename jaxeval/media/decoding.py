"""One pass over the frames of a video file, and what went wrong on the way."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from jaxeval.media.container import beginning, claimed_end, first_stream, longest_gap, unusable
from jaxeval.media.retime import Stamped, Timeline

FALLBACK_RATE = Fraction(25)  # what FFmpeg assumes, too, where a file announces no frame rate


class Decoding:
    """Decodes every frame that can be decoded, and counts what can't.

    Args:
        container: an open container.

    Attributes:
        beginning: where the file begins on its own clock, in seconds.
        timeline: the frames' times, complete after the pass.
        spacing: seconds between frames that the file announces.
        aspect: width of a stored pixel over its height; None where the file does not say it.
        has_audio: whether there is a sound stream.
        decoded: frames so far.

    Raises:
        JaxevalError: there is no video stream.
    """

    def __init__(self, container: InputContainer):
        stream = first_stream(container, "video")
        self.has_audio = first_stream(container, "audio") is not None
        if not isinstance(stream, VideoStream):
            path = container.name.removeprefix("file:")
            found = "sound without a picture" if self.has_audio else "no video stream"
            raise unusable(path, "a video", found, "Give a file that has a video stream.")
        stream.thread_type = "AUTO"
        self._container, self._stream = container, stream
        self.beginning = beginning(container)
        self._end = claimed_end(container, stream)
        self.aspect = stream.sample_aspect_ratio
        self.spacing = 1 / _announced_rate(stream)
        self.timeline: Timeline[av.VideoFrame] = Timeline(self.spacing, longest_gap(container, stream))
        self.decoded = self._faults = 0

    def frames(self) -> Iterator[Stamped[av.VideoFrame]]:
        """The frames in order of display; once through, then `damage` is known.

        Yields:
            Frames with their time stamps.
        """
        for packet in self._packets():
            try:
                frames = self._stream.decode(packet)
            except av.FFmpegError:
                self._faults += 1
                continue
            for frame in frames:
                self.decoded += 1
                self._faults += frame.is_corrupt
                yield _stamped(frame)

    def _packets(self) -> Iterator[Packet | None]:
        """The packets of the stream, and the one that empties the decoder, even where reading breaks off."""
        try:
            yield from self._container.demux(self._stream)
        except av.FFmpegError:
            self._faults += 1
            yield None

    def damage(self) -> str | None:
        """What could not be decoded, once all frames were asked for.

        Returns:
            One phrase; None if nothing is amiss.
        """
        expected = self._expected_frames()
        if expected is not None and self.decoded < expected and (self._faults or self._ends_early()):
            return f"decoded {self.decoded} of {expected} frames; the file is truncated or damaged"
        if self._faults:
            return f"decoding errors: {self._faults} in {self.decoded} frames; the file is damaged"
        return None

    def _expected_frames(self) -> int | None:
        if self._stream.frames:
            return self._stream.frames
        return None if self._end is None else round((self._end - self.timeline.start) / self.spacing)

    def _ends_early(self) -> bool:
        """Whether the frames stop before the moment that the file announces; a count makes the judgement sharper.

        The count alone would not do: frames that an edit list hides are counted, and announced durations are rounded.
        """
        tolerated = self.spacing * (Fraction(1, 2) if self._stream.frames else 2)
        return self._end is not None and self._end - self.timeline.end > tolerated


def _announced_rate(stream: VideoStream) -> Fraction:
    """Frames per second; without time stamps (raw H.264) FFmpeg's average is a mere default, its guess is not."""
    rates = (stream.average_rate, stream.guessed_rate)
    first, second = rates if stream.start_time is not None else reversed(rates)
    return first or second or FALLBACK_RATE


def _stamped(frame: av.VideoFrame) -> Stamped[av.VideoFrame]:
    base = frame.time_base or Fraction(0)
    time = None if frame.pts is None or not base else frame.pts * base
    return Stamped(time, (frame.duration or 0) * base, frame)
