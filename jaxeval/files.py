"""Files and folders that appear whole or not at all, and what a file holds in short."""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from jaxeval.errors import JaxevalError

_PART = ".part"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A file or folder that takes its name only when it is complete, whenever the process is killed.

    Args:
        path: where it shall stand; the folder around it exists. What stands there is replaced.

    Yields:
        Another path on the same disk, for the block to write a file or a folder to. It is renamed when the block ends
        without an exception, else removed.

    Raises:
        JaxevalError: the folder can't be written, the disk is full, or the block raised another OSError.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_path(folder / "a.txt") as new:
        ...     _ = new.write_text("whole")
        >>> [path.name for path in folder.iterdir()]
        ['a.txt']
    """
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=_PART) as aside:
            new = Path(aside) / "new.part"  # a suffix that no clip has, should the process be killed
            yield new
            if path.is_dir():
                path.rename(Path(aside) / "old.part")
            new.replace(path)
    except OSError as error:
        raise cannot_write(path, error) from error


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """`atomic_path` of a file, opened, that lies on the disk before it takes its name.

    Args:
        path: where it shall stand; its folder exists.

    Yields:
        The binary file to write to.

    Raises:
        JaxevalError: as `atomic_path`.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_file(folder / "a.txt") as file:
        ...     _ = file.write(b"whole")
        >>> (folder / "a.txt").read_bytes()
        b'whole'
    """
    with atomic_path(path) as new, open(new, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def remove_parts(folder: Path, older: float = 0.0) -> None:
    """Remove what processes that were killed left of `atomic_path` in a folder.

    Args:
        folder: it needn't exist.
        older: seconds without a change after which nobody writes to it any more; 0 if nobody works in the folder.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> (folder / ".a.txt.x1.part").mkdir()
        >>> remove_parts(folder)
        >>> list(folder.iterdir())
        []
    """
    for path in folder.glob(f".*{_PART}"):
        state = file_state(path)
        if state and time.time() - state[1] / 1e9 >= older:
            shutil.rmtree(path, ignore_errors=True)


def make_folder(folder: Path) -> None:
    """Create a folder, and those around it, if need be.

    Args:
        folder: path of it.

    Raises:
        JaxevalError: it can't be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        text = f"{folder}: expected a folder to write to, found: {error.strerror}. Choose another"
        raise JaxevalError(f"{text}; on the command line, with --out.") from error


def cannot_write(path: Path, error: OSError) -> JaxevalError:
    """The error for a file or folder that can't be written, in one line.

    Args:
        path: of it.
        error: why.

    Returns:
        The error, to be raised.
    """
    return JaxevalError(
        f"{path}: expected to write it, found: {error.strerror or error}. Make room or choose another folder."
    )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal.

    Args:
        path: of the file.
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_state(path: Path) -> tuple[int, int] | None:
    """What changes with a file: its size, and when it was written; None if it can't be seen.

    Example:
        >>> path = Path(tempfile.mkdtemp()) / "a.txt"
        >>> file_state(path), path.write_text("four"), file_state(path)[0]
        (None, 4, 4)
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
