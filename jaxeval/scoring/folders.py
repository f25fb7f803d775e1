"""What a folder holds: its clips by name, and what it holds beside them."""

import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from jaxeval.errors import JaxevalError, printable
from jaxeval.results.run_folder import MARKER

T = TypeVar("T")

RESULTS = ("scores.json", MARKER)
"""Files by which a folder of results is known."""


@dataclass(frozen=True)
class Folder:
    """A folder's files, those in its subfolders included.

    Attributes:
        path: the folder.
        named: id to file, see `id_of`.
        others: skipped files, as paths relative to the folder.
    """

    path: Path
    named: dict[str, Path] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    def of(self, name: str) -> Path:
        """The file of an id; a path that doesn't exist if there is none."""
        return self.named.get(name, self.path / name)


def id_of(name: str | os.PathLike[str]) -> str:
    r"""A file's name in a run: its path relative to the folder, without its suffix, with "/" between the parts.

    Names that differ only in how Unicode composes their letters are the same. What no line can hold is escaped.

    Example:
        >>> id_of("id2/00001.mp4"), id_of("a.v2.mp4"), id_of("two\nlines.avi")
        ('id2/00001', 'a.v2', 'two\\nlines')
    """
    return printable(unicodedata.normalize("NFC", Path(name).with_suffix("").as_posix()))


def read_folder(folder: Path, wanted: Callable[[Path], bool], what: str, out: Path | None = None) -> Folder:
    """Walk a folder.

    Hidden files and folders are left out, and so are results: the folder that this run writes to, and any that holds
    one of `RESULTS`. Links to folders are followed, but never into a loop.

    Args:
        folder: the folder.
        wanted: whether a file is one of those that are looked for.
        what: the name of those, for the error's text.
        out: where the run's own results stand.

    Returns:
        `Folder`.

    Raises:
        JaxevalError: nothing that is wanted is there, a folder can't be read, or two files have one id.
    """
    hidden: list[str] = []
    paths = walk(folder, hidden, out and out.resolve())
    files = {path.relative_to(folder).as_posix(): path for path in paths}
    found = Folder(folder, *named_files(folder, files, lambda path: path.is_file() and wanted(path)))
    if not found.named:
        raise nothing_there(folder, what, found.others, hidden)
    return found


def named_files(folder: object, files: Mapping[str, T], wanted: Callable[[T], bool]) -> tuple[dict[str, T], list[str]]:
    """A folder's files by their ids, and the other ones' names.

    Args:
        folder: for the error's text.
        files: path below the folder to file.
        wanted: whether a file is one of those that are looked for.

    Raises:
        JaxevalError: two that are wanted have one id.

    Example:
        >>> named_files("clips", {"a.mp4": 1, "b/c.mov": 2, "d.txt": 3}, lambda number: number < 3)
        ({'a': 1, 'b/c': 2}, ['d.txt'])
    """
    first, others = dict[str, str](), list[str]()
    for relative, file in files.items():
        if not wanted(file):
            others.append(printable(relative))
        elif (before := first.setdefault(id_of(relative), relative)) != relative:
            text = f"{folder}: expected one file named {id_of(relative)}, found {before} and {relative}"
            raise JaxevalError(printable(f"{text}. Move one away."))
    return {name: files[relative] for name, relative in first.items()}, others


def nothing_there(folder: object, what: str, others: Sequence[str], hidden: Sequence[str] = ()) -> JaxevalError:
    """The error for a folder without what is looked for, in one line.

    Args:
        folder: the folder.
        what: the name of that.
        others: files that are there.
        hidden: hidden ones.
    """
    instead = f"only hidden files, such as {hidden[0]}" if hidden else "an empty folder"
    if others:
        instead = f"{len(others)} other files, such as {others[0]}"
    return JaxevalError(printable(f"{folder}: expected {what}, found {instead}. Check the folder."))


def walk(folder: Path, hidden: list[str] | None = None, out: Path | None = None) -> Iterator[Path]:
    """Every file below a folder, in the order of names; of a run's results the folder alone. See `read_folder`.

    Args:
        folder: the folder.
        hidden: where the names of hidden files and folders are added.
        out: folder of the run's own results, resolved.

    Raises:
        JaxevalError: a folder can't be read.
    """
    return _walk(folder, (), [] if hidden is None else hidden, out)


def _walk(folder: Path, above: tuple[Path, ...], hidden: list[str], out: Path | None) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        text = f"{folder}: expected a readable folder, found: {error.strerror}. Check its permissions."
        raise JaxevalError(printable(text)) from error
    above = (*above, folder.resolve())
    for path in entries:
        if path.name.startswith("."):
            hidden.append(path.name)
        elif not path.is_dir() or path.resolve() == out or any((path / name).is_file() for name in RESULTS):
            yield path
        elif path.resolve() not in above:
            yield from _walk(path, above, hidden, out)
