"""A video whose frames are decoded and converted once, as long as they fit into memory."""

import os
from collections.abc import Iterator

import numpy as np

from jaxeval.media.span import Span
from jaxeval.media.video import Video

HELD_BYTES = 512 * 2**20
"""What the frames of one clip may take: 27 s at 512×512, 7.7 s at 1280×720, 3.4 s at 1920×1080, at 25 fps."""

CHUNK = 25
"""Frames that are decoded and computed at a time: a second of video."""


class HeldVideo(Video):
    """A `Video` that keeps its frames from the first pass for the next ones; a longer one is decoded at each pass.

    Args:
        path: any video that FFmpeg reads.
        fps: frames per second of the output, above 0.
        budget: bytes that the frames may take.
        span: the part that is given; None for the whole video.

    Raises:
        JaxevalError: as `Video`.

    Example:
        >>> import tempfile
        >>> from jaxeval.media.write import write_video
        >>> path = os.path.join(tempfile.mkdtemp(), "clip.mp4")
        >>> _ = write_video(path, np.zeros((30, 16, 16, 3), np.uint8), fps=25)
        >>> video = HeldVideo(path)
        >>> first = next(video.chunks(CHUNK))
        >>> video.hold(), [len(chunk) for chunk in video.chunks(CHUNK)], next(video.chunks(CHUNK)) is first
        (True, [25, 5], False)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        fps: float = 25.0,
        budget: int = HELD_BYTES,
        *,
        span: Span | None = None,
    ) -> None:
        super().__init__(path, fps, span)
        self._room = budget
        self._held: list[np.ndarray] | None = None

    def chunks(self, n: int) -> Iterator[np.ndarray]:
        """All frames from the beginning, up to n at a time: from memory, where they have been read in such chunks.

        Args:
            n: frames per chunk, at least 1.

        Yields:
            See `Video.chunks`; the arrays are shared between passes, so they may not be written to.

        Raises:
            JaxevalError: as `Video.chunks`.
        """
        if self._held and len(self._held[0]) <= n and (len(self._held) == 1 or len(self._held[0]) == n):
            yield from self._held
            return
        held: list[np.ndarray] | None = []
        room = self._room
        for chunk in super().chunks(n):
            chunk.flags.writeable = False
            room -= chunk.nbytes
            held = None if held is None or room < 0 else [*held, chunk]
            yield chunk
        self._held = held

    def hold(self) -> bool:
        """Read all frames now, if they fit.

        Returns:
            Whether they do.

        Raises:
            JaxevalError: as `Video.chunks`.
        """
        if self._held is None:
            room = self._room
            for chunk in self.chunks(CHUNK):
                room -= chunk.nbytes
                if room < 0:
                    return False
        return self._held is not None

    def release(self) -> None:
        """Forget the frames; the next pass reads the file again."""
        self._held = None
