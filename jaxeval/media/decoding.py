"""One pass over the frames of a video file, and what went wrong on the way."""

from collections.abc import Iterator
from fractions import Fraction

import av
from av.codec import CodecContext
from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from jaxeval.media.container import beginning, best_stream, claimed_end, longest_gap, undecodable, unusable
from jaxeval.media.retime import Stamped, Timeline
from jaxeval.media.span import WHOLE, Span
from jaxeval.media.stamps import Stamps

ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders pass over the alpha channel of WebM, which lies beside the picture; these don't."""


def video_stream(container: InputContainer) -> VideoStream:
    """The stream that is scored, see `best_stream`.

    Args:
        container: an open container.

    Returns:
        The stream.

    Raises:
        JaxevalError: there is none.
    """
    stream = best_stream(container, "video")
    if not isinstance(stream, VideoStream):
        path, sound = container.name.removeprefix("file:"), best_stream(container, "audio") is not None
        if undecodable(container, "video"):
            found = "a video stream in a format that FFmpeg can't decode"
            raise unusable(path, "a video", found, "Convert it to H.264.")
        found = "sound without a picture" if sound else "no video stream"
        raise unusable(path, "a video", found, "Give a file that has a video stream.")
    return stream


class Decoding:
    """Decodes every frame that can be decoded, and counts what can't.

    Args:
        container: an open container.
        stamps: what its packets say of the frames' times.
        span: the part that is wanted.

    Attributes:
        beginning: where the file begins on its own clock, in seconds.
        timeline: the frames' times, complete after the pass.
        aspect: width of a stored pixel over its height; None where the file does not say it.
        decoded: frames so far.
        alpha_lost: whether the file has an alpha channel that can't be decoded.

    Raises:
        JaxevalError: there is no video stream.
    """

    def __init__(self, container: InputContainer, stamps: Stamps, span: Span = WHOLE):
        stream = video_stream(container)
        stream.thread_type = "AUTO"
        self._container, self._stream, self._stamps = container, stream, stamps
        self.beginning = beginning(container)
        self._end = claimed_end(container, stream)
        self.aspect = stream.sample_aspect_ratio
        self.timeline: Timeline[av.VideoFrame] = Timeline(
            stamps.spacing, longest_gap(container, stream), stamps.jitter, self._stream_start(), span
        )
        has_alpha = {k.lower(): v for k, v in stream.metadata.items()}.get("alpha_mode") == "1"
        decoder = _alpha_decoder(stream) if has_alpha else None
        self.alpha_lost = has_alpha and decoder is None
        self._decoder = decoder or stream
        self.decoded = self._faults = 0
        self._whole = False

    def frames(self) -> Iterator[Stamped[av.VideoFrame]]:
        """The frames in order of display; once through, then `damage` is known.

        Yields:
            Frames with their time stamps.
        """
        for packet in self._packets():
            try:
                frames = self._decoder.decode(packet)
            except av.FFmpegError:
                self._faults += 1
                continue
            for frame in frames:
                self.decoded += 1
                self._faults += frame.is_corrupt
                yield self._stamped(frame)
        self._whole = True

    def _packets(self) -> Iterator[Packet | None]:
        """The packets of the stream, and the one that empties the decoder, even where reading breaks off."""
        try:
            yield from self._container.demux(self._stream)
        except av.FFmpegError:
            self._faults += 1
            yield None

    def damage(self) -> str | None:
        """What could not be decoded of the frames that were asked for.

        Returns:
            One phrase; None if nothing is amiss.
        """
        expected = self._expected_frames() if self._whole else None
        if expected is not None and self.decoded < expected and (self._faults or self._ends_early()):
            return f"decoded {self.decoded} of {expected} frames; the file is truncated or damaged"
        if self._faults:
            return f"decoding errors: {self._faults} in {self.decoded} frames; the file is damaged"
        return None

    def incredible(self) -> str | None:
        """Which time stamps are missing or were not believed, once all frames were asked for.

        Returns:
            One phrase; None if there are none.
        """
        if not self._stamps.trusted:
            return f"the file has none; {float(1 / self._stamps.spacing):.5g} frames per second assumed"
        ends = (("first", self._stamps.held), ("last", self.timeline.cut))
        which = " and the ".join(name for name, wrong in ends if wrong)
        if not which:
            return None
        return f"the {which} frame would outlast all others together; one frame's usual duration assumed"

    def _expected_frames(self) -> int | None:
        if self._stream.frames:
            return self._stream.frames
        return None if self._end is None else round((self._end - self.timeline.start) / self._stamps.spacing)

    def _ends_early(self) -> bool:
        """Whether the frames stop before the moment that the file announces; a count makes the judgement sharper.

        The count alone would not do: frames that an edit list hides are counted, and announced durations are rounded.
        """
        tolerated = self._stamps.spacing * (Fraction(1, 2) if self._stream.frames else 2)
        return self._end is not None and self._end - self.timeline.end > tolerated

    def _stream_start(self) -> Fraction:
        start, base = self._stream.start_time, self._stream.time_base
        return self.beginning if start is None or base is None else start * base

    def _stamped(self, frame: av.VideoFrame) -> Stamped[av.VideoFrame]:
        base = frame.time_base or self._stream.time_base or Fraction(0)
        time = None if frame.pts is None or not base else frame.pts * base
        if not self._stamps.trusted or (self._stamps.held and self.decoded == 1):
            time = None
        return Stamped(time, (frame.duration or 0) * base, frame)


def _alpha_decoder(stream: VideoStream) -> VideoCodecContext | None:
    """One that decodes the alpha channel too; None if this FFmpeg has none for the codec."""
    name = ALPHA_DECODERS.get(stream.codec_context.codec.canonical_name)
    if name is None:
        return None
    try:
        decoder = CodecContext.create(name, "r")
    except ValueError:
        return None
    assert isinstance(decoder, VideoCodecContext)
    for tag in ("colorspace", "color_range", "color_trc", "color_primaries"):
        setattr(decoder, tag, getattr(stream.codec_context, tag))
    decoder.thread_type = "AUTO"
    return decoder
