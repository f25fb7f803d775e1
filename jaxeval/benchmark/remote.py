"""Files in buckets and on web servers, by their URLs: listed where they lie, copied when they are needed."""

import errno
import os
import posixpath
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, unquote, urlsplit

import fsspec
from fsspec.implementations.local import LocalFileSystem

from jaxeval.errors import JaxevalError, one_line, printable
from jaxeval.files import atomic_path, make_folder
from jaxeval.results.store import digest_of

Place = Path | str
"""A file or folder: its path on this machine, or its URL."""


class StoreError(JaxevalError):
    """A store elsewhere couldn't be asked, or refused: nothing is known of the file."""


CACHE_VARIABLE = "JAXEVAL_REMOTE_CACHE"
T = TypeVar("T")

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://.*", re.DOTALL)
_WEB, _EXTRA = ("http", "https"), ("http", "https", "gs", "gcs", "s3", "s3a")
_MARKS = ("ETag", "etag", "md5Hash", "generation", "Content-MD5", "Digest", "Last-Modified", "LastModified")
_TIMES = ("last_modified", "mtime", "created")
_BLOCK = 2**18
"""Bytes that are fetched at once of a file of which only a part is read."""

_PAUSES_S = (0.5, 2.0)
"""Between one try and the next one."""
_OUR_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_GONE = (404, 410)
_PASSING = (408, 429)
"""Answers of a web server below 500 that may be others a moment later."""


def is_remote(place: Place) -> bool:
    """Whether a file or folder lies elsewhere.

    Example:
        >>> is_remote("s3://bucket/a.mp4"), is_remote("a.mp4"), is_remote(Path("a.mp4"))
        (True, False, False)
    """
    return isinstance(place, str) and _URL.fullmatch(place) is not None


def located(folder: Place, path: str) -> Place:
    """A path that is relative to a folder, one of which or both may be URLs.

    Args:
        folder: the folder.
        path: a relative or absolute path, or a URL.

    Example:
        >>> located("gs://bucket/hdtf/lists", "../a.mp4"), located("gs://bucket", "s3://b/a.mp4")
        ('gs://bucket/hdtf/a.mp4', 's3://b/a.mp4')
        >>> located(Path("data"), "a.mp4").as_posix()
        'data/a.mp4'
    """
    if is_remote(path):
        return path
    if isinstance(folder, Path) or not is_remote(folder) or posixpath.isabs(path):
        return Path(folder) / path
    scheme, _, rest = folder.partition("://")
    return f"{scheme}://{posixpath.normpath(posixpath.join(rest, _quoted(scheme, path)))}"


def local(place: Place, cache: Path | None = None) -> Path:
    """A file on this machine: a copy, if it lies elsewhere, which is whole or isn't there at all.

    A copy is kept under its URL and what the store tells of the content, such as its ETag; so a file that changed is
    fetched again, and one that didn't isn't.

    Args:
        place: the file.
        cache: folder of the copies; `$JAXEVAL_REMOTE_CACHE` or one in the user's cache if None.

    Returns:
        Its path; of a file on this machine the very path that was given.

    Raises:
        JaxevalError: there is no such file, it can't be read after three tries, or the copy can't be written.

    Example:
        >>> import tempfile
        >>> with fsspec.open("memory://clips/a.txt", "w") as file:
        ...     _ = file.write("hello")
        >>> copy = local("memory://clips/a.txt", Path(tempfile.mkdtemp()))
        >>> copy.name, copy.read_text()
        ('a.txt', 'hello')
    """
    if isinstance(place, Path) or not is_remote(place):
        return Path(place)
    store, path = _store(place)
    if isinstance(store, LocalFileSystem):
        return Path(path)
    told = _told(store, path, place)
    if told is None or told.get("type") == "directory":
        raise _wrong(place, "a file", "a folder" if told else "no such file", "Check the path.")
    kept = (cache or _cache_folder()) / digest_of([place, _fingerprint(told)])[:24] / _name(place)
    if not kept.is_file():
        make_folder(kept.parent)
        with atomic_path(kept) as new:
            _tried(lambda: _copy(store, path, new, told.get("size")), place)
    return kept


def exists(place: Place) -> bool:
    """Whether a file or folder is there.

    Args:
        place: on this machine or elsewhere.

    Raises:
        JaxevalError: it lies elsewhere, and the store doesn't tell.

    Example:
        >>> exists("memory://nowhere/a.mp4"), exists(Path(os.curdir))
        (False, True)
    """
    return _told(*_store(place), place) is not None if is_remote(place) else Path(place).exists()


def opened_remote(url: str) -> Any:
    """A file elsewhere, open for reading; only what is read is fetched, where the store can do that.

    Args:
        url: of the file.

    Raises:
        JaxevalError: it can't be opened.
    """
    store, path = _store(url)
    return _tried(lambda: store.open(path, "rb", block_size=_BLOCK), url)


def listed(root: str) -> dict[str, str]:
    """All files of a folder that lies elsewhere, those in its subfolders included.

    Args:
        root: URL of the folder.

    Returns:
        The files' paths below the folder, with "/" between the parts, and their URLs; in the order of the paths.

    Raises:
        JaxevalError: the folder can't be listed, or holds no file.

    Example:
        >>> with fsspec.open("memory://set/id1/b.mp4", "w"):
        ...     pass
        >>> listed("memory://set")
        {'id1/b.mp4': 'memory://set/id1/b.mp4'}
    """
    store, path = _store(root)
    below, base = path.rstrip("/") + "/", root.rstrip("/")
    names = _tried(lambda: [each.removeprefix(below) for each in store.find(path) if each.startswith(below)], root)
    web = _scheme(root) in _WEB
    files = {unquote(name) if web else name: f"{base}/{name}" for name in names if name and not name.endswith("/")}
    if not files:
        then = "Name its files in a manifest: this web server may not list its folders." if web else "Check the path."
        raise _wrong(root, "a folder of files", "none", then)
    return dict(sorted(files.items()))


def _cache_folder() -> Path:
    user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get(CACHE_VARIABLE) or user / "jaxeval" / "remote")


def _store(url: Place) -> tuple[Any, str]:
    """What reads a URL, and the path that it knows the file by."""
    scheme = _scheme(str(url))
    try:
        # Listings that are kept would hide that a file has changed.
        return fsspec.url_to_fs(str(url), use_listings_cache=False)
    except ImportError as error:
        lacking = one_line(error).partition(": ")[2]
        then = "Install it: pip install 'jaxeval[remote]'." if scheme in _EXTRA else f"{lacking.removesuffix('.')}."
        raise _wrong(url, f"a package that reads {scheme}://", "none", then) from error
    except Exception as error:
        raise _wrong(url, "a URL such as gs://, s3:// or https://", one_line(error), "Check the path.") from error


def _told(store: Any, path: str, url: Place) -> Mapping[str, Any] | None:
    """What a store tells of a file or folder; None if there is none."""

    def ask() -> Mapping[str, Any] | None:
        try:
            return store.info(path)
        except Exception as error:
            if _is_missing(error, url):
                return None
            raise

    return _tried(ask, url)


def _tried(call: Callable[[], T], url: Place) -> T:
    """What a store answers, asked up to three times."""
    for pause in (*_PAUSES_S, None):
        try:
            return call()
        except Exception as error:  # each store's client has its own
            if isinstance(error, OSError) and error.errno in _OUR_DISK:
                raise
            if pause is None or _is_final(error, url):
                raise _unread(url, error) from error
            time.sleep(pause)
    raise AssertionError


def _is_missing(error: Exception, url: Place) -> bool:
    """Whether there is no such file; fsspec says that too where a web server can't be reached."""
    answered = _scheme(str(url)) not in _WEB or error.__cause__ is None or _status(error) in _GONE
    return isinstance(error, FileNotFoundError) and answered


def _is_final(error: Exception, url: Place) -> bool:
    refused = 400 <= _status(error) < 500 and _status(error) not in _PASSING
    return refused or isinstance(error, PermissionError) or _is_missing(error, url)


def _unread(url: Place, error: Exception) -> JaxevalError:
    if _is_missing(error, url):
        return _wrong(url, "a file", "no such file", "Check the path.")
    found = one_line(error.__cause__ or error)
    if _is_final(error, url):
        return StoreError(str(_wrong(url, "to read it", found, "Check the path, and that you may read it.")))
    expected = f"to read it within {len(_PAUSES_S) + 1} tries"
    return StoreError(str(_wrong(url, expected, found, "Check the network, and try it again.")))


def _status(error: BaseException) -> int:
    """A web server's answer; 0 if there was none."""
    return getattr(error.__cause__ or error, "status", 0) or 0


def _copy(store: Any, path: str, new: Path, size: int | None) -> None:
    store.get_file(path, str(new))
    if size is not None and (got := new.stat().st_size) != size:
        raise ConnectionError(f"{got} of {size} bytes")


def _fingerprint(told: Mapping[str, Any]) -> list[str]:
    """What changes with a file's content: its size, and the best mark that its store has."""
    mark = next((str(told[name]) for name in (*_MARKS, *_TIMES) if told.get(name)), "")
    return [str(told.get("size")), mark]


def _name(url: str) -> str:
    return unquote(posixpath.basename(urlsplit(url).path.rstrip("/"))).replace("/", "_") or "file"


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def _quoted(scheme: str, path: str) -> str:
    return quote(path) if scheme.lower() in _WEB else path


def _wrong(url: Place, expected: str, found: str, then: str) -> JaxevalError:
    return JaxevalError(printable(f"{url}: expected {expected}, found {found}. {then}"))
