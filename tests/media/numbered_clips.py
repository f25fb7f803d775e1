"""Clips whose pictures carry their own frame number, so that a test can read back which source frame is shown."""

from fractions import Fraction

import av
import numpy as np

BITS = 10
CELL = 16
SHAPE = (48, BITS * CELL, 3)
MILLISECOND = Fraction(1, 1000)


def bar_code(number):
    """[48, 160, 3] uint8: ten upright bars, white for each bit that is set, the lowest bit leftmost."""
    bits = (number >> np.arange(BITS)) & 1
    row = np.repeat(bits * 255, CELL).astype(np.uint8)
    return np.broadcast_to(row[None, :, None], SHAPE).copy()


def read_bar_code(frame):
    """The number that `bar_code` drew, whatever the scale of the picture."""
    height, width, _ = frame.shape
    centres = ((np.arange(BITS) + 0.5) * width / BITS).astype(int)
    return int(((frame[height // 3, centres].mean(axis=-1) > 127) << np.arange(BITS)).sum())


def shown_numbers(video, n=7):
    return [read_bar_code(frame) for chunk in video.chunks(n) for frame in chunk]


def write_numbered(
    path, times, *, base=MILLISECOND, codec="libx264", pix_fmt="yuv420p", prepare=None, draw=bar_code, **container
):
    """Write a numbered frame at each time (in units of `base`); `prepare(stream)` may set what the test is about."""
    with av.open(str(path), "w", **container) as output:
        rate = round(Fraction(len(times) - 1) / ((times[-1] - times[0]) * base)) if len(times) > 1 else 25
        stream = output.add_stream(codec, rate=rate)
        stream.height, stream.width = draw(0).shape[:2]
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = base
        if prepare:
            prepare(stream)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(draw(number), format="rgb24")
            frame.pts, frame.time_base = time, base
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def evenly(count, rate):
    """(times, base) of a constant rate, exact."""
    return {"times": list(range(count)), "base": 1 / Fraction(rate)}


def nearest(times, count, fps=25):
    """By brute force: for each output the index of the nearest time, the first of two that are equally near."""
    since_start = [Fraction(time) - Fraction(times[0]) for time in times]
    gaps = [[abs(time - Fraction(k) / fps) for time in since_start] for k in range(count)]
    return [row.index(min(row)) for row in gaps]
