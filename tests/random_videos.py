"""Videos of any kind that PyAV can write, drawn by Hypothesis: sizes, rates, time stamps, codecs, sound, damage."""

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from hypothesis import strategies as st
from PIL import Image

import jaxeval

PHOTO = Path(jaxeval.__file__).parent / "demo" / "material" / "astronaut.png"
EXACT = {"crf": "12"}
KINDS = (
    *((("libx264", pixels, suffix, EXACT)) for pixels in ("yuv420p", "yuv444p", "gray") for suffix in ("mp4", "mkv")),
    *((("libx264", "yuv420p10le", suffix, EXACT)) for suffix in ("mov", "ts")),
    ("libx264", "yuvj420p", "avi", EXACT),
    ("libx265", "yuv420p", "mp4", {"x265-params": "log-level=none"}),
    ("libx265", "yuv420p10le", "mkv", {"x265-params": "log-level=none"}),
    ("mpeg4", "yuv420p", "avi", {"bf": "2"}),
    ("mpeg4", "yuv420p", "mp4", {}),
    ("mpeg2video", "yuv420p", "mpg", {}),
    ("mpeg2video", "yuv420p", "m2v", {}),
    ("mpeg1video", "yuv420p", "mpeg", {}),
    ("ffv1", "yuv444p", "mkv", {}),
    ("ffv1", "bgra", "mkv", {}),
    ("ffv1", "yuva420p", "avi", {}),
    ("ffv1", "yuv444p16le", "nut", {}),
    ("libvpx-vp9", "yuva420p", "webm", {"cpu-used": "8", "deadline": "realtime"}),
    ("libvpx", "yuv420p", "webm", {"cpu-used": "8", "deadline": "realtime"}),
    ("qtrle", "argb", "mov", {}),
    ("png", "rgba", "mov", {}),
    ("png", "gray16be", "mkv", {}),
    ("mjpeg", "yuvj420p", "avi", {}),
    ("mjpeg", "yuvj444p", "mjpeg", {}),
    ("gif", "rgb8", "gif", {}),
    ("apng", "rgba", "apng", {}),
    ("prores_ks", "yuva444p10le", "mov", {}),
    ("huffyuv", "rgb24", "avi", {}),
    ("rawvideo", "yuv420p", "y4m", {}),
    ("rawvideo", "rgb24", "avi", {}),
    ("flv", "yuv420p", "flv", {}),
    ("wmv2", "yuv420p", "wmv", {}),
    ("utvideo", "gbrap", "mkv", {}),
    ("snow", "gray", "mkv", {}),
)
"""Codec, pixel format, suffix, options."""
SOUNDING = {"mp4": "aac", "mov": "aac", "mkv": "pcm_s16le", "avi": "pcm_s16le", "ts": "mp2", "nut": "pcm_s16le"}


@dataclass(frozen=True)
class Recipe:
    """A file.

    Attributes:
        kind: one of `KINDS`.
        shows: "face", "noise" or "flat".
        width, height: pixels.
        rate: frames per second.
        gaps: steps between time stamps, in units of 1 / rate; their number is that of the frames but one.
        sound: seconds of sound; None for none.
        cut: share of the bytes that are kept.
        damaged: places, as shares, whose byte is overwritten.
        seed: of the noise and of the alpha channel.
    """

    kind: tuple[str, str, str, dict[str, str]]
    shows: str
    width: int
    height: int
    rate: Fraction
    gaps: tuple[int, ...]
    sound: float | None
    cut: float
    damaged: tuple[float, ...]
    seed: int


RATES = st.one_of(
    st.integers(1, 240).map(Fraction),
    st.sampled_from([Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001), Fraction(25, 2)]),
)
EVEN = st.integers(0, 11).map(lambda count: (1,) * count)
RECIPES = st.builds(
    Recipe,
    kind=st.sampled_from(KINDS),
    shows=st.sampled_from(("face", "face", "face", "noise", "flat")),
    width=st.integers(16, 200),
    height=st.integers(16, 200),
    rate=RATES,
    gaps=st.one_of(EVEN, EVEN, st.lists(st.integers(1, 4), max_size=11).map(tuple)),
    sound=st.one_of(st.none(), st.floats(0.05, 1.0)),
    cut=st.one_of(st.just(1.0), st.just(1.0), st.floats(0, 1)),
    damaged=st.one_of(st.just(()), st.lists(st.floats(0, 0.999), max_size=4).map(tuple)),
    seed=st.integers(0, 9),
)


def write(recipe: Recipe, folder: Path, name: str) -> Path | None:
    """The file; None if the encoder or the container refuses such a one."""
    path = folder / f"{name}.{recipe.kind[2]}"
    try:
        _encode(recipe, path)
    except (av.FFmpegError, ValueError, OSError):
        return None
    data = bytearray(path.read_bytes())
    data = data[: round(recipe.cut * len(data))]
    for place in recipe.damaged:
        if data:
            data[int(place * len(data))] ^= 0xA5
    path.write_bytes(data)
    return path


def _encode(recipe: Recipe, path: Path) -> None:
    codec, pixels, suffix, options = recipe.kind
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=recipe.rate, options=options)
        stream.width, stream.height, stream.pix_fmt = recipe.width, recipe.height, pixels
        sound = None
        if recipe.sound is not None and suffix in SOUNDING:
            sound = container.add_stream(SOUNDING[suffix], rate=16000, layout="mono")
        time = 0
        for number, gap in enumerate((0, *recipe.gaps)):
            time += gap
            frame = av.VideoFrame.from_ndarray(_picture(recipe, number), format="rgba")
            frame.pts, frame.time_base = time, 1 / recipe.rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            container.mux(sound.encode(_tone(recipe)))
            container.mux(sound.encode(None))


def _tone(recipe: Recipe) -> av.AudioFrame:
    samples = np.sin(np.arange(round(16000 * (recipe.sound or 0))) / 5) * np.hanning(round(16000 * (recipe.sound or 0)))
    frame = av.AudioFrame.from_ndarray((8000 * samples).astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 16000, 0, Fraction(1, 16000)
    return frame


def _picture(recipe: Recipe, number: int) -> np.ndarray:
    """`[height, width, 4]` uint8, with an alpha that is opaque for even seeds."""
    rng, shape = np.random.default_rng([recipe.seed, number]), (recipe.height, recipe.width)
    if recipe.shows == "face":
        x, y = 224 + 6 * math.sin(number / 3 + recipe.seed), 120 + 3 * math.cos(number / 4)
        image = Image.open(PHOTO).convert("RGB").resize(shape[::-1], box=(x - 110, y - 110, x + 110, y + 110))
        rgb = np.asarray(image)
    elif recipe.shows == "noise":
        rgb = rng.integers(0, 256, (*shape, 3), np.uint8)
    else:
        rgb = np.full((*shape, 3), 25 * recipe.seed, np.uint8)
    alpha = np.full((*shape, 1), 255, np.uint8) if recipe.seed % 2 == 0 else rng.integers(0, 256, (*shape, 1), np.uint8)
    return np.concatenate([rgb, alpha], axis=2)
