"""A file's picture and sound as arrays, as every score sees them."""

import os
import warnings
from typing import Any

import numpy as np

from jaxeval.media.audio import FULL_SCALE, decode_audio
from jaxeval.media.container import best_stream, opened
from jaxeval.media.video import Video

_CHUNK = 25


def read_video(path: str | os.PathLike[str], fps: float = 25.0, *, dtype: Any = np.float32) -> np.ndarray:
    """Read a video's frames at a constant rate.

    Frame k is the decoded frame whose time is nearest to start + k / fps; none is blended. Frames are upright, with
    square pixels, and in RGB by the file's own colour matrix; transparent pixels are shown on black.

    Args:
        path: any video that FFmpeg reads.
        fps: frames per second of the result, above 0.
        dtype: `np.float32` for values in [0, 1], which every metric and encoder takes; `np.uint8` for values from 0 to
            255 in a quarter of the memory, which `lpips`, `lpips_matrix`, `Suite`, `face_chips` and
            `jaxeval.encoders.encode` take too.

    Returns:
        `[T, H, W, 3]` RGB.

    Raises:
        JaxevalError: there is no such file, no frame of it can be decoded, or its colours can't be converted to RGB.
        ValueError: fps isn't a positive number, or dtype is another one.

    Warns:
        UserWarning: some frames can't be decoded, because the file is truncated or damaged.

    Example:
        >>> import tempfile
        >>> from jaxeval.media.write import write_video
        >>> path = os.path.join(tempfile.mkdtemp(), "clip.mp4")
        >>> _ = write_video(path, np.zeros((30, 48, 64, 3), np.uint8), fps=30)
        >>> frames = read_video(path, fps=25)
        >>> frames.shape, frames.dtype
        ((25, 48, 64, 3), dtype('float32'))
    """
    if np.dtype(dtype) not in (np.float32, np.uint8):
        raise ValueError(f"Expected dtype float32 or uint8, got {np.dtype(dtype)}.")
    video = Video(path, fps)
    frames = np.concatenate([as_type(chunk, dtype) for chunk in video.chunks(_CHUNK)])
    if video.info.damage:
        warnings.warn(f"{video.path}: {video.info.damage}.", stacklevel=2)
    return frames


def read_audio(path: str | os.PathLike[str], sample_rate: int = 16000) -> np.ndarray:
    """Read a file's sound from its first picture on, mono.

    FFmpeg resamples and mixes down to 16-bit integers, as `ffmpeg -ac 1 -ar 16000` does. Sample n belongs to the time
    n / sample_rate after the first frame of `read_video`: silence fills what the sound begins later and every gap, and
    what comes before the picture is left out. A file without a picture is read from the sound's own beginning.

    Args:
        path: any sound or video file that FFmpeg reads.
        sample_rate: samples per second of the result, in Hz.

    Returns:
        `[N]` float32 in the range of int16, −32768 to 32767, as `mfcc` takes it.

    Raises:
        JaxevalError: there is no such file, it has no sound, or neither picture nor sound can be decoded.

    Example:
        >>> from jaxeval.demo.clips import MATERIAL
        >>> samples = read_audio(MATERIAL / "speech.wav")
        >>> samples.shape, float(abs(samples).max()) > 1000
        ((47840,), True)
    """
    samples, start = decode_audio(path, sample_rate)
    late = round((start - _picture_start(path, start)) * sample_rate)
    return FULL_SCALE * np.concatenate([np.zeros(max(late, 0), samples.dtype), samples[max(-late, 0) :]])


def as_type(frames: np.ndarray, dtype: Any) -> np.ndarray:
    """Frames as bytes or in [0, 1], from either; there and back is exact.

    Args:
        frames: uint8 from 0 to 255, or floating-point in [0, 1].
        dtype: uint8 or float32.
    """
    if frames.dtype == np.uint8:
        return frames if np.dtype(dtype) == np.uint8 else frames.astype(np.float32) / np.float32(255)
    return frames.astype(np.float32) if np.dtype(dtype) != np.uint8 else np.rint(255 * frames).astype(np.uint8)


def _picture_start(path: str | os.PathLike[str], otherwise: float) -> float:
    """How long after the file's beginning its first frame is shown, in seconds."""
    with opened(path, "sound") as container:
        has_picture = best_stream(container, "video") is not None
    return Video(path).info.start_s if has_picture else otherwise
