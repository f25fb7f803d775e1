"""Transparent pixels, shown on black: what a file stores beneath them is nobody's picture."""

from dataclasses import dataclass

import av
import numpy as np
from av.video.reformatter import Interpolation

BYTE = 255


@dataclass(frozen=True)
class Alpha:
    """How far a frame's pixels can be seen.

    Attributes:
        values: [H, W], 0 (transparent) to `opaque`.
        opaque: the greatest value.
    """

    values: np.ndarray
    opaque: int


def alpha_of(frame: av.VideoFrame) -> Alpha | None:
    """A frame's alpha channel, exact.

    Args:
        frame: as FFmpeg decoded it.

    Returns:
        The alpha; None if there is none, or if every pixel is opaque. A value whose eight highest bits are set is
        opaque: where FFmpeg widens a channel from 8 bits, the lower ones are not what they should be.

    Example:
        >>> frame = av.VideoFrame.from_ndarray(np.full((2, 2, 4), 128, np.uint8), format="rgba")
        >>> alpha_of(frame).values.tolist(), alpha_of(frame).opaque
        ([[128, 128], [128, 128]], 255)
        >>> alpha_of(av.VideoFrame(2, 2, "rgb24")) is None
        True
    """
    components = [component for component in frame.format.components if component.is_alpha]
    if not components and not frame.format.has_palette:
        return None
    bits = components[0].bits if components else 8
    if components and len(frame.planes) == 4 and bits <= 16 and frame.planes[3].line_size > 0:
        # Read as it is: FFmpeg's conversion to 16 bits shifts, so that no pixel would be opaque.
        values = _plane(frame, 3, bits)
    else:
        pixels, bits = ("rgba", 8) if bits == 8 else ("rgba64le", 16)
        values = frame.reformat(format=pixels, interpolation=Interpolation.POINT, threads=1).to_ndarray()[..., 3]
    opaque = (1 << bits) - 1
    values = np.where(values >= BYTE << (bits - 8), values.dtype.type(opaque), values)
    return None if (values == opaque).all() else Alpha(values, opaque)


def is_visible(frame: av.VideoFrame) -> bool:
    """Whether a pixel of a frame can be seen at all.

    A file in which none ever can has four bytes a pixel and leaves the fourth at 0, as raw AVI does.

    Args:
        frame: as FFmpeg decoded it.
    """
    alpha = alpha_of(frame)
    return alpha is None or bool(alpha.values.any())


def on_black(plain: np.ndarray, fine: np.ndarray, alpha: Alpha) -> np.ndarray:
    """Straight alpha composited on black, in encoded values: round(colour · alpha), exactly.

    The colours are taken for straight ones, as PNG, ProRes 4444, QuickTime's Animation and WebM store them; a file of
    premultiplied colours, which no file says, comes out darker where it is half transparent.

    Args:
        plain: [H, W, 3] uint8, what an opaque pixel shows.
        fine: [H, W, 3] uint8 or uint16, the same colours as finely as the file has them.
        alpha: the frame's.

    Returns:
        [H, W, 3] uint8.

    Example:
        >>> plain = np.full((1, 3, 3), 201, np.uint8)
        >>> on_black(plain, plain, Alpha(np.array([[0, 128, 255]], np.uint8), 255))[0, :, 0].tolist()
        [0, 101, 201]
    """
    values = alpha.values[..., None]
    most = np.iinfo(fine.dtype).max * alpha.opaque
    product = fine.astype(np.int64) * values
    return np.where(values == alpha.opaque, plain, (product * (2 * BYTE) + most) // (2 * most)).astype(np.uint8)


def _plane(frame: av.VideoFrame, index: int, bits: int) -> np.ndarray:
    """[H, W] of one plane, without the padding of its rows."""
    plane = frame.planes[index]
    dtype = np.dtype(np.uint8 if bits == 8 else ">u2" if frame.format.name.endswith("be") else "<u2")
    rows = np.frombuffer(bytes(plane), dtype).reshape(-1, plane.line_size // dtype.itemsize)
    return rows[: frame.height, : frame.width]
