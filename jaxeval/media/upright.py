"""From one decoded frame to upright RGB pixels."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from jaxeval.media.alpha import Alpha, alpha_of, on_black
from jaxeval.media.color import Color, color_of

# Exact rounding, so that a file gives the same pixels on every machine; the chroma of 4:2:0 is interpolated both ways.
EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT
CREDIBLE_ASPECTS = (Fraction(1, 10), Fraction(10))
IDENTITY = (1, 0, 0, 1)


class Upright:
    """Turns decoded frames into RGB as a player would show them: square pixels, upright, one size throughout.

    Rotation (and mirroring) follow the first frame's display matrix, which maps a stored pixel (x, y) to
    (a·x + c·y, b·x + d·y). Pixels that are wider than high widen the picture, others heighten it, so that no row or
    column is lost. Colours follow each frame's own matrix and range, and are taken for BT.601 of limited range where it
    says nothing. Transparent pixels are shown on black, as by a player; see `on_black`.

    Args:
        first: the first decoded frame, which fixes size and orientation.
        aspect: width of a stored pixel over its height; None where the file does not say it.
        alpha: whether an alpha channel counts.

    Attributes:
        width, height: of the pictures, in pixels.
        rotation: clockwise turn of the stored picture in degrees: 0, 90, 180 or 270.
        color: what the first frame says of its colours.

    Example:
        >>> frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        >>> Upright(frame, Fraction(4, 3)).rgb(frame).shape
        (48, 85, 3)
    """

    def __init__(self, first: av.VideoFrame, aspect: Fraction | None = None, alpha: bool = True):
        credible = aspect is not None and CREDIBLE_ASPECTS[0] <= aspect <= CREDIBLE_ASPECTS[1]
        wide = float(aspect) if aspect is not None and credible else 1.0
        self._stored_width = round(first.width * max(wide, 1.0))
        self._stored_height = round(first.height / min(wide, 1.0))
        self._matrix = _display_matrix(first)
        self._reformatter, self._alpha = VideoReformatter(), alpha
        self.color = color_of(first)
        self.rotation = round(-first.rotation / 90) % 4 * 90
        turned = self.rotation in (90, 270)
        self.width, self.height = (
            (self._stored_height, self._stored_width) if turned else (self._stored_width, self._stored_height)
        )

    def rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """The pixels of a frame.

        Args:
            frame: a decoded frame of the same video, of any size.

        Returns:
            [height, width, 3] uint8, RGB.

        Raises:
            av.FFmpegError: FFmpeg can't convert the frame's pixel format.
        """
        own = color_of(frame)
        color, alpha = own if own.convertible else self.color, alpha_of(frame) if self._alpha else None
        if alpha is not None:
            # Before the picture is scaled, or hidden colours would run into what is seen.
            frame = av.VideoFrame.from_ndarray(self._shown_on_black(frame, alpha, color), format="rgb24")
            return _turned(self._scaled(frame, Color("rgb", "full")), self._matrix)
        return _turned(self._scaled(frame, color), self._matrix)

    def _scaled(self, frame: av.VideoFrame, color: Color) -> np.ndarray:
        """[height, width, 3] uint8, before it is turned."""
        size = {"width": self._stored_width, "height": self._stored_height}
        image = self._converted(frame, color, "rgb24", **size)
        return GRAY_SPREAD[image] if color.spread else image

    def _shown_on_black(self, frame: av.VideoFrame, alpha: Alpha, color: Color) -> np.ndarray:
        """[H, W, 3] uint8 of the stored size."""
        plain = self._converted(frame, color, "rgb24")
        fine = self._converted(frame, color, "rgb48le") if alpha.opaque > 255 else plain
        if color.spread:
            plain, fine = GRAY_SPREAD[plain], _spread(fine)
        return on_black(plain, fine, alpha)

    def _converted(self, frame: av.VideoFrame, color: Color, pixels: str, **size: int) -> np.ndarray:
        return self._reformatter.reformat(
            frame,
            **color.conversion,
            **size,
            format=pixels,
            interpolation=EXACT,
            dst_color_range=ColorRange.JPEG,
            threads=1,
        ).to_ndarray()


def _spread(gray: np.ndarray) -> np.ndarray:
    """Grey of limited range, black at 16 and white at 235 of 255, to the full range of its integer type."""
    most = np.iinfo(gray.dtype).max
    return np.rint((gray / most * 255 - 16) / 219 * most).clip(0, most).astype(gray.dtype)


GRAY_SPREAD = _spread(np.arange(256, dtype=np.uint8))


def _display_matrix(frame: av.VideoFrame) -> tuple[int, ...]:
    """(a, b, c, d) of the frame's display matrix; the identity where there is none."""
    side_data: Any = frame.side_data  # PyAV declares fewer keys than it gives
    if "DISPLAYMATRIX" not in side_data:
        return IDENTITY
    a, b, _, c, d = np.frombuffer(bytes(side_data["DISPLAYMATRIX"]), np.int32)[:5].tolist()
    return a, b, c, d


def _turned(image: np.ndarray, matrix: tuple[int, ...]) -> np.ndarray:
    """Apply the display matrix, to the nearest of the eight orientations."""
    a, b, c, d = matrix
    if abs(b) > abs(a):
        image, right, down = image.swapaxes(0, 1), c, b
    else:
        right, down = a, d
    return np.ascontiguousarray(image[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1])
