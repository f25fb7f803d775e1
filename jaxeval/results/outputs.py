"""The files of a run beside one another: those of another run are kept, never written over or mixed with."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jaxeval.errors import JaxevalError
from jaxeval.files import atomic_file

try:
    import fcntl
except ImportError:  # Windows: two runs at once into one folder then take no turns
    fcntl = None  # type: ignore[assignment]

SCORES, PAGE = "scores.json", "report.html"
FILES = (SCORES, "scores.csv", PAGE)
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass
class Outputs:
    """`scores.json`, `scores.csv` and `report.html` of one run in a folder.

    Files of other inputs or settings that stand there, or whose `scores.json` can't be read, are moved to
    `previous/<UTC time written>-<8 digits of their digest>` before anything is written. Runs that write into one folder
    at the same time take turns, so that the three files there are always of one run.

    Args:
        folder: where they stand; it exists.

    Attributes:
        kept: a line for each run whose files were moved, which says what it scored and where it is now.
    """

    folder: Path
    kept: list[str] = field(default_factory=list)
    _digests: set[str] = field(default_factory=set)
    _own: dict[str, bytes] = field(default_factory=dict)

    def write(self, digest: str, scores: bytes, csv: bytes) -> None:
        """Write `scores.json` and `scores.csv`, each whole or not at all.

        Args:
            digest: of the run's inputs and settings, as in the provenance of its `scores.json`.
            scores: the document.
            csv: the table.

        Raises:
            JaxevalError: a file can't be written, or an earlier one can't be moved.
        """
        self._digests.add(digest)
        self._own = dict(zip(FILES, (scores, csv), strict=False))
        with _turn(self.folder):
            self._make_room()
            self._write_own()

    def write_page(self, draw: Callable[[Path], None]) -> None:
        """Draw `report.html` aside, and put it beside this run's other files, which are written again if need be.

        Args:
            draw: writes the page to the path that it is given.

        Raises:
            JaxevalError: as `write`, or what `draw` raises.
        """
        try:
            aside = tempfile.TemporaryDirectory(dir=self.folder, prefix=".page-")
        except OSError as error:
            text = f"{self.folder}: expected to write {PAGE} there, found: {error.strerror}"
            raise JaxevalError(f"{text}. Make room or choose another folder.") from error
        with aside:
            page = Path(aside.name) / PAGE
            try:
                draw(page)
            except JaxevalError as error:
                raise JaxevalError(str(error).replace(str(page), str(self.folder / PAGE))) from error
            with _turn(self.folder):
                if self._make_room():
                    self._write_own()
                _move(page, self.folder / PAGE)

    def _write_own(self) -> None:
        for name, content in self._own.items():
            with atomic_file(self.folder / name) as file:
                file.write(content)

    def _make_room(self) -> bool:
        """Move another run's files away; whether there were any."""
        scores = self.folder / SCORES
        if not scores.exists():
            return False
        document, content = _read(scores)
        found = document.get("provenance")
        provenance = found if isinstance(found, Mapping) else {}
        digest = str(provenance.get("digest"))
        if digest in self._digests or content == self._own.get(SCORES):
            return False
        if not _DIGEST.fullmatch(digest):
            digest = hashlib.sha256(content).hexdigest()
        place = self._place(f"{_time(provenance, scores)}-{digest[:8]}", content)
        for name in FILES:
            if (self.folder / name).exists():
                _move(self.folder / name, place / name)
        self.kept.append(f"{self.folder} held {_words(document, provenance)}; its files are kept in {place}")
        return True

    def _place(self, name: str, content: bytes) -> Path:
        """A folder for an earlier run: the same one only for the same scores, whose page may come later."""
        number, place = 1, self.folder / "previous" / name
        while (place / SCORES).exists() and _read(place / SCORES)[1] != content:
            number += 1
            place = place.with_name(f"{name}-{number}")
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            text = f"{place}: expected a folder for the earlier run's files, found: {error.strerror}."
            raise JaxevalError(f"{text} Choose another --out.") from error
        return place


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Exclude other runs that write into the folder, where the file system can."""
    handle = None
    try:
        if fcntl is not None:
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:  # a file system without locks
        pass
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _read(path: Path) -> tuple[Mapping[str, Any], bytes]:
    """A document and the file's bytes; {} where it is none."""
    try:
        content = path.read_bytes()
    except OSError:
        return {}, b""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}, content
    return document if isinstance(document, Mapping) else {}, content


def _time(provenance: Mapping[str, Any], path: Path) -> str:
    """When a run was written, by its own words or else by its file's."""
    try:
        written = datetime.fromisoformat(str(provenance.get("written"))).astimezone(UTC)
    except (ValueError, OverflowError):
        try:
            written = datetime.fromtimestamp(path.lstat().st_mtime, UTC)
        except (OSError, ValueError, OverflowError):
            written = datetime.now(UTC)
    return f"{written:%Y%m%dT%H%M%SZ}"


def _words(document: Mapping[str, Any], provenance: Mapping[str, Any]) -> str:
    """What a run scored."""
    if not document:
        return f"a {SCORES} that can't be read"
    names = [provenance.get(role) for role in ("generated", "reference")]
    if all(isinstance(name, str) for name in names):
        return f"the scores of {names[0]} against {names[1]}"
    clips = document.get("clips")
    return f"the scores of {len(clips)} clips" if isinstance(clips, list) else "scores of another run"


def _move(path: Path, to: Path) -> None:
    try:
        os.replace(path, to)
    except OSError as error:
        text = f"{path}: expected to move this file to {to}, found: {error.strerror}"
        raise JaxevalError(f"{text}. Move it yourself, or choose another --out.") from error
