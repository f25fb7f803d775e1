"""A dataset's files, on this machine or elsewhere, under the names by which layouts know them."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from jaxeval.benchmark.remote import Place, is_remote, listed
from jaxeval.media.kinds import VIDEO_SUFFIXES, is_clip
from jaxeval.scoring.folders import RESULTS, walk


class Tree(NamedTuple):
    """All files of a folder.

    Attributes:
        root: the folder.
        files: path below the folder, with "/" between the parts, to where the file lies.
    """

    root: Place
    files: Mapping[str, Place]


def tree_of(root: Place) -> Tree:
    """A folder's files: without hidden ones, without results of runs. Nothing is fetched.

    Args:
        root: the folder.

    Raises:
        JaxevalError: it can't be read, or lies elsewhere and is empty.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("a.mp4", ".hidden"):
        ...     (folder / name).touch()
        >>> list(tree_of(folder).files)
        ['a.mp4']
    """
    if isinstance(root, str) and is_remote(root):
        return Tree(root, _without_results(listed(root)))
    folder = Path(root)
    return Tree(folder, {path.relative_to(folder).as_posix(): path for path in walk(folder) if path.is_file()})


def is_video(place: Place) -> bool:
    """Whether a file is a video; by its suffix alone, if it lies elsewhere."""
    return is_clip(place) if isinstance(place, Path) else suffix_of(place) in VIDEO_SUFFIXES


def suffix_of(place: Place) -> str:
    """A file's suffix, with its dot, in small letters."""
    return PurePosixPath(place).suffix.lower()


def _without_results(files: Mapping[str, str]) -> dict[str, str]:
    results = {str(PurePosixPath(name).parent) for name in files if PurePosixPath(name).name in RESULTS} - {"."}

    def counts(name: str) -> bool:
        path = PurePosixPath(name)
        return not any(part.startswith(".") for part in path.parts) and not results & set(map(str, path.parents))

    return {name: url for name, url in files.items() if counts(name)}
