"""Video files in, RGB frames at a constant rate out, a few at a time."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice

import av
import numpy as np

from jaxeval.errors import JaxevalError
from jaxeval.media.alpha import is_visible
from jaxeval.media.color import Color
from jaxeval.media.container import best_stream, chosen_stream, opened, unusable
from jaxeval.media.decoding import Decoding, video_stream
from jaxeval.media.retime import Timeline, at_constant_rate
from jaxeval.media.seen import Seen
from jaxeval.media.span import WHOLE, Span, words
from jaxeval.media.stamps import read_stamps
from jaxeval.media.upright import Upright

HIGHEST_DENOMINATOR = 1001  # of a frame rate: 30000/1001 is the usual case


@dataclass(frozen=True)
class VideoInfo:
    """What is known of a video after it was decoded once from end to end.

    Attributes:
        path: the file.
        width, height: of the frames as they are given, upright and with square pixels.
        source_fps: frames per second of the file: their constant rate, or else what it announces.
        average_fps: frames per second that were decoded of it, over its duration.
        fps: frames per second of the frames as they are given.
        frames: their number.
        left_out: decoded frames of the part that is given which are not among them, for another was nearer to every
            moment asked for.
        repeated: those of them that only show the frame before once more.
        duration_s: from the first frame to the end of the last one, in seconds.
        start_s: how long after the file's beginning, which its sound shares, the first frame is shown, in seconds.
        rotation: clockwise turn that the file asks for, in degrees: 0, 90, 180 or 270.
        color: what the first frame says of its colours, and what they are taken for.
        has_audio: whether there is a sound stream.
        damage: what could not be decoded, in words; None if nothing is amiss.
        transparent: how many of the frames have transparent pixels, which are shown on black.
        remarks: code to what else a reader must know of the file, in words: "streams", "transparency", "interlaced",
            "colours change", "hdr", "time stamps", "part".
    """

    path: str
    width: int
    height: int
    source_fps: float
    average_fps: float
    fps: float
    frames: int
    left_out: int
    repeated: int
    duration_s: float
    start_s: float
    rotation: int
    color: Color
    has_audio: bool
    damage: str | None
    transparent: int = 0
    remarks: Mapping[str, str] = field(default_factory=dict)


class Video:
    """A video file as frames at a constant rate.

    Output frame k is the decoded frame whose time stamp is nearest to start + k / fps, a tie going to the earlier one;
    there are max(1, ⌊duration · fps + ½⌋) of them, the last frame's own duration included. So a file that already has
    that rate is passed through one to one, and variable rates need no special care. The file is decoded anew at each
    pass and never held in memory. Of a part of a file, start and end are the part's; what follows it isn't decoded.

    Args:
        path: any video that FFmpeg reads.
        fps: frames per second of the output, above 0.
        span: the part that is given; None for the whole video.

    Attributes:
        path: the file.
        fps: frames per second of the output.
        span: the part that is given; None for the whole video.
        width, height: of the output, in pixels.
        rotation: clockwise turn that the file asks for, in degrees.
        color: what the first frame says of its colours.
        source_fps: frames per second of the file: their constant rate, or else what it announces.
        has_audio: whether there is a sound stream.

    Raises:
        JaxevalError: there is no such file, no frame of it can be decoded, or its colours can't be converted to RGB.
            Once one frame was decoded nothing is raised any more: `info.damage` names later faults. Except that a
            pass raises it if the file ends before the part that is asked for begins.
        ValueError: fps is not a positive number.

    Example:
        >>> import tempfile
        >>> from jaxeval.media.write import write_video
        >>> path = os.path.join(tempfile.mkdtemp(), "clip.mp4")
        >>> _ = write_video(path, np.zeros((30, 48, 64, 3), np.uint8), fps=30)
        >>> video = Video(path, fps=25)
        >>> [chunk.shape for chunk in video.chunks(10)]
        [(10, 48, 64, 3), (10, 48, 64, 3), (5, 48, 64, 3)]
        >>> video.info.frames, video.info.duration_s, video.info.damage
        (25, 1.0, None)
    """

    def __init__(self, path: str | os.PathLike[str], fps: float = 25.0, span: Span | None = None):
        if not 0 < fps < float("inf"):
            raise ValueError(f"Expected fps > 0, got {fps}.")
        self.path, self.fps, self.span = os.fspath(path), float(fps), span
        self._rate = Fraction(fps).limit_denominator(HIGHEST_DENOMINATOR)
        self._info: VideoInfo | None = None
        with opened(self.path, "a video") as container:
            self.has_audio = best_stream(container, "audio") is not None
            self._choice = chosen_stream(container, "video")
            self._stamps = read_stamps(container, video_stream(container))
        with opened(self.path, "a video") as container:
            decoding = Decoding(container, self._stamps)
            first = next(decoding.frames(), None)
            if first is None:
                raise self._undecodable()
            self._alpha = is_visible(first.picture) or any(is_visible(frame.picture) for frame in decoding.frames())
            upright = Upright(first.picture, decoding.aspect)
        self.color = upright.color
        if not self.color.convertible:
            found = f"colours in the matrix {self.color.matrix}, which can't be converted to RGB"
            raise unusable(self.path, "a video", found, "Export it again in BT.709.")
        self._aspect = decoding.aspect
        self.source_fps = float(1 / self._stamps.spacing)
        self.width, self.height, self.rotation = upright.width, upright.height, upright.rotation

    def chunks(self, n: int) -> Iterator[np.ndarray]:
        """All frames from the beginning, up to n at a time; may be called again and again.

        Args:
            n: frames per chunk, at least 1.

        Yields:
            [k <= n, height, width, 3] uint8, RGB; only the last chunk is shorter than n.

        Raises:
            JaxevalError: the file has gone, or none of its frames can be decoded any more.
            ValueError: n is below 1.

        Example:
            >>> import tempfile
            >>> from jaxeval.media.write import write_video
            >>> path = os.path.join(tempfile.mkdtemp(), "clip.mp4")
            >>> _ = write_video(path, np.zeros((5, 16, 16, 3), np.uint8), fps=25)
            >>> [len(chunk) for chunk in Video(path).chunks(3)]
            [3, 2]
        """
        if n < 1:
            raise ValueError(f"Expected n >= 1, got {n}.")
        images = self._images()
        while chunk := list(islice(images, n)):
            yield np.stack(chunk)

    @property
    def info(self) -> VideoInfo:
        """What is known after a full pass; makes one, without converting pixels, if there was none yet."""
        if self._info is None:
            for _ in self._pictures():
                pass
        assert self._info is not None
        return self._info

    def _images(self) -> Iterator[np.ndarray]:
        """Each output frame as an array; a frame that is shown twice is converted once."""
        upright: Upright | None = None
        shown: av.VideoFrame | None = None
        for picture in self._pictures():
            if upright is None:
                upright = Upright(picture, self._aspect, self._alpha)
            if picture is not shown:
                shown, image = picture, upright.rgb(picture)
            yield image

    def _pictures(self) -> Iterator[av.VideoFrame]:
        """Each output frame as FFmpeg decoded it; `info` is known at the end."""
        with opened(self.path, "a video") as container:
            decoding, seen = Decoding(container, self._stamps, self.span or WHOLE), Seen(self._alpha)
            for picture in at_constant_rate(decoding.frames(), decoding.timeline, self._rate):
                seen.add(picture)
                yield picture
        if not decoding.decoded:
            raise self._undecodable()
        if not seen.frames:
            raise self._too_short(decoding.timeline)
        self._info = self._summary(decoding, seen)

    def _summary(self, decoding: Decoding, seen: Seen) -> VideoInfo:
        line = decoding.timeline
        unused = None if self._alpha else "its alpha channel is 0 throughout; ignored as unused"
        lost = "its alpha channel can't be decoded; scored without it" if decoding.alpha_lost else None
        remarks = {
            "streams": self._choice,
            "transparency": lost or unused,
            "time stamps": decoding.incredible(),
            "part": self._cut_short(line),
        }
        return VideoInfo(
            path=self.path,
            width=self.width,
            height=self.height,
            source_fps=self.source_fps,
            average_fps=float(decoding.decoded / (line.end - line.start)),
            fps=self.fps,
            frames=seen.frames,
            left_out=max(0, line.within - seen.different),
            repeated=seen.frames - seen.different,
            duration_s=float(line.stop - line.begin),
            start_s=float(line.begin - decoding.beginning),
            rotation=self.rotation,
            color=self.color,
            has_audio=self.has_audio,
            damage=decoding.damage(),
            transparent=seen.transparent,
            remarks=seen.remarks() | {code: text for code, text in remarks.items() if text},
        )

    def _cut_short(self, line: Timeline[av.VideoFrame]) -> str | None:
        """Words for a part that has fewer frames than were asked for."""
        most = line.most(self._rate)
        if self.span is None or most is None or (line.stop - line.begin) * self._rate > most - 1:
            return None
        return f"asked for {words(self.span)}, but the file ends at {float(line.end - line.start):.2f} s"

    def _too_short(self, line: Timeline[av.VideoFrame]) -> JaxevalError:
        expected, found = f"a video of more than {float(line.begin - line.start):g} s", float(line.end - line.start)
        return unusable(self.path, expected, f"one of {found:.2f} s", "Correct the part's start.")

    def _undecodable(self) -> JaxevalError:
        found = "a video stream of which no frame can be decoded"
        return unusable(self.path, "a video", found, "Try to play it, and export or copy it again.")
