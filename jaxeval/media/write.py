"""Frames and sound out, into an mp4 file."""

import os
import platform
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from av.video.stream import VideoStream

from jaxeval.files import atomic_path
from jaxeval.media.upright import EXACT

CODECS = ("libx264", "mpeg4")  # the second is in every FFmpeg, and needs about twice the bits
BT709 = 1  # primaries, transfer and matrix alike; untagged, players would guess the colours from the size
HIGHEST_DENOMINATOR = 1001
# With AVX-512, x264's macroblock tree reads memory that nobody wrote (at a width of 272, for one), so that the bytes
# depend on what lay there. With AVX, which JAX needs on such processors anyway, it doesn't.
_SAME_BYTES = {"x264-params": "asm=AVX"} if platform.machine().lower() in ("x86_64", "amd64") else {}


def write_video(
    path: str | os.PathLike[str],
    frames: Iterable[np.ndarray],
    fps: float,
    *,
    crf: int = 18,
    preset: str = "medium",
    audio: np.ndarray | None = None,
    sample_rate: int = 16000,
    keep_size: bool = False,
) -> str:
    """Write frames, and sound if there is any, as an mp4 file that every player shows.

    H.264 in 4:2:0 with BT.709 colours, and AAC. A picture with an odd side gains one row or column, a copy of its last
    one, as 4:2:0 asks for; or it is written in 4:4:4, which not every player shows. The same frames give the same
    bytes. The file appears under its name only when it is complete.

    Args:
        path: the file to write; an existing one is replaced.
        frames: [H, W, 3] uint8 RGB each, all of one size; an iterable or an array [T, H, W, 3].
        fps: frames per second.
        crf: strength of compression, 0 (none) to 51.
        preset: x264's trade of time for size, from "ultrafast" to "veryslow".
        audio: [N] mono samples in [-1, 1], beginning with the first frame; values outside are clipped.
        sample_rate: of the sound, in Hz.
        keep_size: whether pictures with an odd side keep it, in 4:4:4.

    Returns:
        Name of the video encoder that was used.

    Raises:
        JaxevalError: the file can't be written.
        ValueError: there is no frame, or one is not uint8 [H, W, 3] of the first one's size.

    Warns:
        UserWarning: this FFmpeg has no H.264 encoder, and MPEG-4 was written.

    Example:
        >>> import tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "clip.mp4")
        >>> write_video(path, np.zeros((3, 32, 32, 3), np.uint8), fps=25, audio=np.zeros(1920, np.float32))
        'libx264'
    """
    encoder = _encoder()
    checked = _checked(frames)
    first = next(checked, None)
    if first is None:
        raise ValueError("Expected at least one frame, got none.")
    rate = Fraction(fps).limit_denominator(HIGHEST_DENOMINATOR)
    odd = any(side % 2 for side in first.shape[:2])
    pixels = "yuv444p" if odd and keep_size and encoder == CODECS[0] else "yuv420p"
    with _mp4(Path(path)) as container:
        video = _video_stream(container, encoder, rate, first.shape, pixels, crf=crf, preset=preset)
        sound = None if audio is None else _Sound(container, audio, sample_rate)
        for index, frame in enumerate(_encodable(chain([first], checked), pixels), start=1):
            container.mux(video.encode(frame))
            if sound is not None:
                sound.write_until(index / rate)
        container.mux(video.encode(None))
        if sound is not None:
            sound.finish()
    return encoder


class _Sound:
    """The sound stream of a file, written in step with the picture so that players need not seek between the two."""

    def __init__(self, container: OutputContainer, samples: np.ndarray, sample_rate: int):
        if samples.ndim != 1:
            raise ValueError(f"Expected audio of shape [N], got {list(samples.shape)}.")
        self._container, self._rate = container, sample_rate
        self._samples = samples.clip(-1, 1).astype(np.float32)
        self._stream = container.add_stream("aac", rate=sample_rate, layout="mono")
        self._stream.codec_context.flags |= Flags.bitexact
        self._written = 0

    def write_until(self, seconds: Fraction) -> None:
        """Encode the samples up to a moment of the picture."""
        self._write(round(seconds * self._rate))

    def finish(self) -> None:
        """Encode what is left, also beyond the picture's end."""
        self._write(len(self._samples))
        self._container.mux(self._stream.encode(None))

    def _write(self, end: int) -> None:
        piece = self._samples[None, self._written : end]
        if piece.size:
            frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = self._rate, self._written, Fraction(1, self._rate)
            self._container.mux(self._stream.encode(frame))
            self._written += piece.size


def _encoder() -> str:
    """The first encoder that this FFmpeg has."""
    name = next((name for name in CODECS if name in av.codecs_available), CODECS[-1])
    if name != CODECS[0]:
        warnings.warn(f"This FFmpeg has no {CODECS[0]} encoder; writing {name} instead.", stacklevel=3)
    return name


def _encoder_options(encoder: str, crf: int, preset: str) -> dict[str, str]:
    """MPEG-4 has a quantiser from 2 to 31 instead of a crf; as there, six steps of crf are a factor of two."""
    if encoder == "libx264":
        return {"crf": str(crf), "preset": preset, **_SAME_BYTES}
    quantiser = str(int(np.clip(2 ** ((crf - 12) / 6), 2, 31)))
    return {"qmin": quantiser, "qmax": quantiser}


def _video_stream(
    container: OutputContainer,
    encoder: str,
    rate: Fraction,
    shape: tuple[int, ...],
    pixels: str,
    *,
    crf: int,
    preset: str,
) -> VideoStream:
    stream = container.add_stream(encoder, rate=rate, options=_encoder_options(encoder, crf, preset))
    assert isinstance(stream, VideoStream)
    stream.height, stream.width = (side + _margin(side, pixels) for side in shape[:2])
    stream.pix_fmt = pixels
    context = stream.codec_context
    context.thread_count = 1  # x264's rate control depends on the number of threads
    context.flags |= Flags.bitexact
    context.color_primaries = context.color_trc = context.colorspace = BT709
    context.color_range = ColorRange.MPEG
    return stream


def _checked(frames: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The frames, as long as each is uint8 RGB of the first one's size."""
    shape: tuple[int, ...] | None = None
    for index, frame in enumerate(frames):
        shape = shape or frame.shape
        if frame.dtype != np.uint8 or frame.shape != shape or frame.shape[2:] != (3,):
            expected = "[H, W, 3]" if index == 0 else list(shape)
            raise ValueError(f"Expected frames[{index}] to be uint8 {expected}, got {frame.dtype} {list(frame.shape)}.")
        yield frame


def _margin(side: int, pixels: str) -> int:
    return side % 2 if pixels == "yuv420p" else 0


def _encodable(frames: Iterable[np.ndarray], pixels: str) -> Iterator[av.VideoFrame]:
    """Frames with even sides where the pixel format asks for them, in the encoder's colours."""
    reformatter = VideoReformatter()
    for index, frame in enumerate(frames):
        height, width, _ = frame.shape
        fitting = np.pad(frame, ((0, _margin(height, pixels)), (0, _margin(width, pixels)), (0, 0)), mode="edge")
        converted = reformatter.reformat(
            av.VideoFrame.from_ndarray(fitting, format="rgb24"),
            format=pixels,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
            interpolation=EXACT,
            threads=1,
        )
        converted.pts = index
        yield converted


@contextmanager
def _mp4(path: Path) -> Iterator[OutputContainer]:
    """A container that appears whole or not at all."""
    with atomic_path(path) as new:
        try:
            with av.open(f"file:{new}", "w", format="mp4", options={"fflags": "bitexact"}) as container:
                yield container
        except av.FFmpegError as error:
            raise OSError(error.errno, error.strerror) from error
