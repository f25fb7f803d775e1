"""Clips that will be needed next, decoded while others are computed."""

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from jaxeval.files import file_state
from jaxeval.media.held import HeldVideo
from jaxeval.media.span import Span


class Ahead:
    """Opens videos, some of them before they are asked for: one at a time, in a thread of its own.

    Args:
        fps: frames per second of the videos.

    Example:
        >>> import numpy as np, tempfile
        >>> from jaxeval.media.write import write_video
        >>> path = Path(tempfile.mkdtemp(), "clip.mp4")
        >>> _ = write_video(path, np.zeros((30, 16, 16, 3), np.uint8), fps=25)
        >>> ahead = Ahead(25)
        >>> ahead.read([path])
        >>> ahead.opened(path).info.frames
        30
    """

    def __init__(self, fps: float) -> None:
        self._fps = fps
        self._thread = ThreadPoolExecutor(1, "jaxeval-decoder")
        self._read: dict[tuple[Path, Span | None], tuple[tuple[int, int] | None, Future[HeldVideo]]] = {}

    def read(self, paths: list[Path]) -> None:
        """Begin to read these files; what was read before and not yet asked for is forgotten.

        Args:
            paths: see `add`.
        """
        for _, future in self._read.values():
            future.cancel()
        self._read = {}
        for path in paths:
            self.add(path)

    def add(self, path: Path, span: Span | None = None) -> None:
        """Begin to read this file too, unless that has begun.

        Args:
            path: of a video file; one that isn't there is left for `opened` to complain about.
            span: the part that is given; None for the whole video.
        """
        if (path, span) not in self._read and path.is_file():
            self._read[path, span] = file_state(path), self._thread.submit(_read, path, self._fps, span)

    def opened(self, path: Path, span: Span | None = None) -> HeldVideo:
        """A video, its frames in memory if it was read ahead and hasn't changed since.

        Args:
            path: the file.
            span: see `add`.

        Raises:
            JaxevalError: as `Video`.
        """
        state, future = self._read.pop((path, span), (None, None))
        if future is None or not path.is_file() or state != file_state(path) or future.cancelled():
            return HeldVideo(path, self._fps, span=span)
        return future.result()


def _read(path: Path, fps: float, span: Span | None) -> HeldVideo:
    video = HeldVideo(path, fps, span=span)
    video.hold()
    return video
