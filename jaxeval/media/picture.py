"""A still picture in, one RGB frame out: upright, of eight bits, without transparency."""

import os
import warnings
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from jaxeval.errors import JaxevalError, one_line
from jaxeval.media.video import Video

_NEXT = "Give a PNG, JPEG or WebP file."


class Picture:
    """A picture file as a clip of one frame.

    It is turned as its EXIF data say, transparent parts are shown on black, and 16 bits a channel become 8. Of an
    animation it is the first frame.

    Args:
        path: any picture that Pillow reads.

    Attributes:
        path: the file.
        width, height: in pixels.

    Raises:
        JaxevalError: there is no such file, or it isn't a complete picture.

    Example:
        >>> import tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "portrait.png")
        >>> Image.new("L", (3, 2), 255).save(path)
        >>> [chunk.shape for chunk in Picture(path).chunks(25)]
        [(1, 2, 3, 3)]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        try:
            with warnings.catch_warnings(action="ignore"), Image.open(self.path) as image:
                self._frame = _rgb(ImageOps.exif_transpose(image))
        except FileNotFoundError as error:
            raise JaxevalError(f"{self.path}: expected a picture, found no such file. Check the path.") from error
        except UnidentifiedImageError as error:
            raise JaxevalError(f"{self.path}: expected a picture, found something else. {_NEXT}") from error
        except Exception as error:  # whatever a damaged or hostile file makes a decoder raise
            raise JaxevalError(f"{self.path}: expected a picture, found: {one_line(error)}. {_NEXT}") from error
        self.height, self.width = self._frame.shape[:2]

    def chunks(self, n: int) -> Iterator[np.ndarray]:
        """The frame, as `Video.chunks` gives frames.

        Args:
            n: frames per chunk, at least 1.

        Yields:
            `[1, height, width, 3]` uint8, RGB.
        """
        yield self._frame[None]


Frames = Video | Picture
"""What gives the frames of a clip, or the one of a picture."""


def _rgb(image: Image.Image) -> np.ndarray:
    """`[H, W, 3]` uint8."""
    if image.mode.startswith("I"):
        grey = np.asarray(image).astype(np.float32) * np.float32(255 / 65535)
        return np.repeat(grey.round().clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    if image.has_transparency_data:
        shown = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", shown.size, (0, 0, 0, 255)), shown)
    return np.asarray(image.convert("RGB"))
