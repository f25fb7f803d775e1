"""Which colours a frame's numbers stand for: the matrix and range that its file names, or what is taken without."""

from dataclasses import dataclass

import av
from av.video.reformatter import ColorRange, Colorspace

_TAGS = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020"}  # ITU-T H.273, MatrixCoefficients
_SILENT = (0, 2, 3)  # RGB, of a frame that isn't; unspecified; reserved
_STRANGE = {8: "ycgco", 10: "bt2020 of constant luminance", 11: "smpte2085", 14: "ictcp"}
_MATRICES = {
    "bt709": Colorspace.ITU709,
    "fcc": Colorspace.FCC,
    "bt601": Colorspace.ITU601,
    "smpte240m": Colorspace.SMPTE240M,
    "bt2020": Colorspace.BT2020,
}
_HDR_CURVES = {16: "PQ", 18: "HLG"}  # ITU-T H.273, TransferCharacteristics
_HD_WIDTH, _SD_HEIGHT = 1280, 576  # from this width, or above this height, players take an untagged video for bt709

# Untagged files mostly come from FFmpeg's own conversion from RGB (imageio, OpenCV), which takes bt601 at any size.
UNTAGGED = "bt601"


@dataclass(frozen=True)
class Color:
    """What a file says of its colours.

    Attributes:
        matrix: "bt709", "bt601", "fcc", "smpte240m" or "bt2020"; "rgb" or "grey" for pixels that need none; another
            standard's name if it can't be converted; None where the file says nothing.
        range: "limited" (black is 16 of 255) or "full"; None where the file says nothing.
        hd: whether players would take the picture for bt709 if it said nothing.
        hdr: "PQ" or "HLG", the curves of high dynamic range; None for any other.

    Example:
        >>> color = Color(None, None, hd=True)
        >>> color.taken, color.words
        (('bt601', 'limited'), 'no matrix named, read as bt601, limited range')
    """

    matrix: str | None
    range: str | None
    hd: bool = False
    hdr: str | None = None

    @property
    def taken(self) -> tuple[str, str]:
        """Matrix and range by which its pixels become RGB."""
        return self.matrix or UNTAGGED, self.range or "limited"

    @property
    def convertible(self) -> bool:
        """Whether there is a conversion to RGB."""
        return self.taken[0] in _MATRICES or self.taken[0] in ("rgb", "grey")

    @property
    def guessed(self) -> bool:
        """Whether the matrix is taken for granted, and players would take another one."""
        return self.matrix is None and self.hd

    @property
    def spread(self) -> bool:
        """Whether grey of limited range must be spread to the full one; FFmpeg takes all grey for full range."""
        return self.taken == ("grey", "limited")

    @property
    def words(self) -> str:
        """For a reader. No word is lost on an untagged range: every decoder takes it for limited."""
        matrix, span = self.taken
        if matrix == "rgb":
            return "rgb"
        return f"{'' if self.matrix else 'no matrix named, read as '}{matrix}, {span} range"

    @property
    def conversion(self) -> dict[str, Colorspace | ColorRange]:
        """The arguments `src_colorspace` and `src_color_range` of PyAV's reformatter; none where there is no choice."""
        matrix, span = self.taken
        if matrix not in _MATRICES:
            return {}
        return {
            "src_colorspace": _MATRICES[matrix],
            "src_color_range": ColorRange.JPEG if span == "full" else ColorRange.MPEG,
        }


def color_of(frame: av.VideoFrame) -> Color:
    """What a decoded frame says of its colours.

    Args:
        frame: as FFmpeg decoded it.

    Returns:
        The frame's `Color`.

    Example:
        >>> color_of(av.VideoFrame(64, 48, "yuvj420p"))
        Color(matrix=None, range='full', hd=False, hdr=None)
    """
    hd, hdr = frame.width >= _HD_WIDTH or frame.height > _SD_HEIGHT, _HDR_CURVES.get(int(frame.color_trc))
    if frame.format.is_rgb or frame.format.has_palette:
        return Color("rgb", "full", hd, hdr)
    spans = {int(ColorRange.MPEG): "limited", int(ColorRange.JPEG): "full"}
    span = "full" if frame.format.name.startswith("yuvj") else spans.get(int(frame.color_range))
    if len(frame.format.components) < 3:
        return Color("grey", span or "full", hd, hdr)
    tag = int(frame.colorspace)
    matrix = None if tag in _SILENT else _TAGS.get(tag) or _STRANGE.get(tag, f"number {tag} of H.273")
    return Color(matrix, span, hd, hdr)
