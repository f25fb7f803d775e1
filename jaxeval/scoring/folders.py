"""What a folder holds: its clips by name, and what it holds beside them."""

import os
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from jaxeval.errors import JaxevalError, printable
from jaxeval.results.run_folder import MARKER

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
    found = Folder(folder)
    hidden: list[str] = []
    for path in _walk(folder, (), hidden, out and out.resolve()):
        relative = path.relative_to(folder)
        if not (path.is_file() and wanted(path)):
            found.others.append(printable(relative.as_posix()))
            continue
        name = id_of(relative)
        if name in found.named:
            both = f"{found.named[name].relative_to(folder)} and {relative}"
            raise JaxevalError(printable(f"{folder}: expected one file named {name}, found {both}. Move one away."))
        found.named[name] = path
    if not found.named:
        raise JaxevalError(printable(f"{folder}: expected {what}, found {_instead(found, hidden)}. Check the folder."))
    return found


def _walk(folder: Path, above: tuple[Path, ...], hidden: list[str], out: Path | None) -> Iterator[Path]:
    """Every file below a folder, in the order of names; of a run's results the folder alone."""
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


def _instead(found: Folder, hidden: list[str]) -> str:
    if found.others:
        return f"{len(found.others)} other files, such as {found.others[0]}"
    return f"only hidden files, such as {hidden[0]}" if hidden else "an empty folder"
