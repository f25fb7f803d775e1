"""Files that appear whole or not at all, and what a file holds in short."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from jaxeval.errors import JaxevalError


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name only when it is complete, whenever the process is killed.

    Args:
        path: where it shall stand; its folder exists.

    Yields:
        A temporary binary file beside it; it is renamed when the block ends without an exception, else removed.

    Raises:
        JaxevalError: the folder can't be written, or the disk is full.

    Example:
        >>> folder = Path(tempfile.mkdtemp())
        >>> with atomic_file(folder / "a.txt") as file:
        ...     _ = file.write(b"whole")
        >>> (folder / "a.txt").read_bytes()
        b'whole'
    """
    name = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        text = f"{path}: expected to write this file, found: {error.strerror}. Make room or choose another folder."
        raise JaxevalError(text) from error
    finally:
        if name and os.path.exists(name):
            os.unlink(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
