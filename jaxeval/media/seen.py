"""What the frames of one pass had in common, or had not, beside their pixels."""

import av

from jaxeval.media.alpha import alpha_of
from jaxeval.media.color import Color, color_of


class Seen:
    """Counts the frames that a pass shows, and what is special about them.

    Args:
        alpha: whether an alpha channel counts.

    Attributes:
        frames: shown so far.
        different: of those, the ones that weren't the frame before once more.
        transparent: of all, those with transparent pixels.

    Example:
        >>> seen, frame = Seen(), av.VideoFrame(64, 48, "yuv420p")
        >>> for picture in (frame, frame):
        ...     seen.add(picture)
        >>> seen.frames, seen.different, seen.remarks()
        (2, 1, {})
    """

    def __init__(self, alpha: bool = True) -> None:
        self._alpha = alpha
        self.frames = self.different = self.transparent = self._interlaced = 0
        self._shown: av.VideoFrame | None = None
        self._is_transparent = False
        self._colors: dict[Color, None] = {}

    def add(self, picture: av.VideoFrame) -> None:
        """Count one frame.

        Args:
            picture: as FFmpeg decoded it.
        """
        if picture is not self._shown:
            self._shown, self._is_transparent = picture, self._alpha and alpha_of(picture) is not None
            self.different += 1
            self._colors.setdefault(color_of(picture))
        self.frames += 1
        self.transparent += self._is_transparent
        self._interlaced += picture.interlaced_frame

    def remarks(self) -> dict[str, str]:
        """Code to what a reader must know, in words."""
        told = {}
        if self._interlaced:
            told["interlaced"] = (
                f"{self._interlaced} of {self.frames} frames are interlaced; scored without deinterlacing"
            )
        if len(ways := list(dict.fromkeys(color.words for color in self._colors))) > 1:
            told["colours change"] = f"{' and '.join(ways)}; each frame is converted accordingly"
        if curve := next((color.hdr for color in self._colors if color.hdr), None):
            told["hdr"] = f"{curve}, high dynamic range; scored as encoded, without tone mapping"
        return told
