"""Which generated file is scored, and against which reference, if any."""

import csv
import os
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count, zip_longest
from pathlib import Path
from typing import Any

from jaxeval.errors import JaxevalError, printable, require
from jaxeval.media.kinds import is_clip, is_picture, is_sound
from jaxeval.media.span import Span, checked_span
from jaxeval.scoring.folders import Folder, id_of, read_folder
from jaxeval.scoring.trajectory_files import SUFFIX

MOST_NAMED = 100
_PATH = (str, os.PathLike)


@dataclass(frozen=True)
class Pair:
    """A generated clip and its reference; the pair fails if a file that it names isn't there.

    Attributes:
        id: the pair's name, which names its row in the results.
        generated: video file, or .npz file of trajectories.
        reference: likewise; None to compute only the scores that need none.
        audio: a sound or video file that replaces the clips' own sound; None to use their own.
        portrait: without a reference, a picture of the person, which identity is held against; None for none.
        span: the part of the reference, and of `audio`, that the generated clip shows, in seconds; None for all.
    """

    id: str
    generated: Path
    reference: Path | None
    audio: Path | None = None
    portrait: Path | None = None
    span: Span | None = None

    def __post_init__(self) -> None:
        text = f"{self.id}: expected a reference or a portrait, found both. Remove one: identity is held against one."
        require(self.reference is None or self.portrait is None, text)
        if self.span is not None:
            object.__setattr__(self, "span", checked_span(*self.span, self.id))


@dataclass(frozen=True)
class Pairing:
    """What a run scores, and what lies beside it.

    Attributes:
        pairs: in the order of their names.
        passed_over: files that are no clips, and sounds and portraits without a clip: GENERATED/, REFERENCE/, AUDIO/ or
            PORTRAIT/ and the path relative to that folder.
    """

    pairs: list[Pair]
    passed_over: list[str]

    def words(self) -> str:
        """What was skipped, in one line; "" if nothing was."""
        if not self.passed_over:
            return ""
        few = ", ".join(self.passed_over[:5]) + ", ..." * (len(self.passed_over) > 5)
        count = len(self.passed_over)
        portraits = any(path.startswith("PORTRAIT/") for path in self.passed_over)
        what = "audio or a portrait" if portraits else "audio"
        return f"skipped {count} file{'s' * (count > 1)} (not a clip, or {what} without a clip): {few}"

    @property
    def has_trajectories(self) -> bool:
        """Whether any file holds trajectories, whose names aren't known beforehand."""
        return any(pair.generated.suffix.lower() == SUFFIX for pair in self.pairs)

    def provenance(self) -> dict[str, object]:
        """The same for `scores.json`, at most 100 paths."""
        return {"count": len(self.passed_over), "paths": self.passed_over[:MOST_NAMED]}


def given_pairs(
    generated: Iterable[Any], reference: Iterable[Any] | None = None, portrait: Path | None = None
) -> list[Pair]:
    """Pairs that are given one by one.

    Args:
        generated: files; or pairs (generated, reference), or `Pair`s.
        reference: as many files; None if `generated` holds pairs, or files that have no reference.
        portrait: a picture of the person in all of those files that have no reference.

    Returns:
        The pairs; those without an id are named after the generated files, numbered where several have one name.

    Raises:
        JaxevalError: there is none, the numbers differ, or an id is given twice.

    Example:
        >>> [pair.id for pair in given_pairs(["x/a.mp4", "y/a.mp4", "b.mp4"], ["1.mp4", "2.mp4", "3.mp4"])]
        ['a', 'a-2', 'b']
    """
    listed = list(generated) if reference is None else [*zip_longest(generated, reference)]
    if reference is None:
        listed = [(given, None) if isinstance(given, _PATH) else given for given in listed]
    wrong = [number for number, given in enumerate(listed, 1) if not _is_pair(given, alone=reference is None)]
    found = f"something else at position {wrong[0]}" if wrong else "none"
    text = f"expected pairs of a generated file and its reference, found {found}. Give each file its reference."
    require(listed and not wrong, text)
    pairs: dict[str, Pair] = {}
    for given in listed:
        pair = given if isinstance(given, Pair) else _pair(given, pairs, portrait)
        if pair.id in pairs:
            raise JaxevalError(f"expected a different id for each pair, found {pair.id} twice. Rename one.")
        pairs[pair.id] = pair
    return list(pairs.values())


def _is_pair(given: Any, *, alone: bool) -> bool:
    """Whether it is one, the reference of which may be None."""
    if isinstance(given, Pair):
        return True
    is_two = isinstance(given, Sequence) and len(given) == 2 and isinstance(given[0], _PATH)
    return is_two and (isinstance(given[1], _PATH) or (alone and given[1] is None))


def _pair(given: Sequence[Any], taken: Container[str], portrait: Path | None) -> Pair:
    generated, reference = Path(given[0]), None if given[1] is None else Path(given[1])
    name = id_of(generated.name)
    numbered = (f"{name}-{number}" for number in count(2))
    free = next(free for free in chain([name], numbered) if free not in taken)
    return Pair(free, generated, reference, portrait=None if reference else portrait)


def find_pairs(
    generated: Path,
    reference: Path | None,
    audio: Path | None,
    out: Path | None = None,
    portrait: Path | None = None,
) -> Pairing:
    """Two files make one pair; two folders are paired by the files' paths below them, without their suffixes.

    A folder's clips are .npz files of trajectories, files with a suffix of videos, and files with an unknown suffix or
    none if FFmpeg decodes them as a video; its subfolders are searched too.

    Args:
        generated: a video file, an .npz file of trajectories, or a folder of them.
        reference: the references, in the same form; None for no references.
        audio: a sound or video file, or a folder of them, as the other two are; or None.
        out: folder of the run's results, which may lie in one of them.
        portrait: without references, one picture for all clips, or a folder with one for each; or None.

    Returns:
        The pairs, and the skipped files. What a clip lacks in one of the folders is a path that doesn't exist.

    Raises:
        JaxevalError: a path is missing, a file is set against a folder, a folder has no videos, has two of one name, or
            is the one that the results are for.
    """
    given = {"GENERATED": generated, "REFERENCE": reference, "--audio": audio, "--portrait": portrait}
    there = {name: path for name, path in given.items() if path is not None}
    for name, path in there.items():
        if not (path.is_file() or path.is_dir()):
            raise JaxevalError(f"{path}: expected {name} to be a file or a folder, found neither. Check the path.")
    _check_kinds({name: path for name, path in there.items() if name != "--portrait" or not path.is_file()})
    if not generated.is_dir():
        return Pairing([Pair(id_of(generated.name), generated, reference, audio, portrait)], [])
    for name, path in there.items():
        if out is not None and path.resolve() == out.resolve():
            raise JaxevalError(f"--out {out}: expected a separate folder, found {name} itself. Choose another folder.")
    clips = read_folder(generated, is_scored, "videos or .npz files", out)
    references = reference and read_folder(reference, is_scored, "videos or .npz files", out)
    sounds = audio and read_folder(audio, is_sound, "sounds or videos", out)
    portraits = read_folder(portrait, is_picture, "pictures", out) if portrait and portrait.is_dir() else portrait
    pairs = _pairs(clips, references or None, sounds or None, portraits)
    return Pairing(pairs, _passed_over(clips, {"REFERENCE": references, "AUDIO": sounds, "PORTRAIT": portraits}))


def _check_kinds(given: Mapping[str, Path]) -> None:
    told = ", ".join(f"{name} {path} is a {'folder' if path.is_dir() else 'file'}" for name, path in given.items())
    one_kind = len({path.is_dir() for path in given.values()}) == 1
    require(one_kind, f"expected only files or only folders, found both: {told}. Use one kind.")


def is_scored(path: Path) -> bool:
    """Whether a file in a folder of clips is one: trajectories, or a video."""
    return path.suffix.lower() == SUFFIX or is_clip(path)


def _pairs(
    clips: Folder, references: Folder | None, sounds: Folder | None, portraits: Folder | Path | None
) -> list[Pair]:
    def of(folder: Folder | Path | None, name: str) -> Path | None:
        return folder.of(name) if isinstance(folder, Folder) else folder

    names = sorted(clips.named.keys() | (references.named.keys() if references else ()))
    return [Pair(name, clips.of(name), of(references, name), of(sounds, name), of(portraits, name)) for name in names]


def _passed_over(clips: Folder, beside: Mapping[str, Any]) -> list[str]:
    """What isn't scored, and of sounds and portraits those that no clip asks for."""
    folders = {name: folder for name, folder in beside.items() if isinstance(folder, Folder)}
    references = folders.get("REFERENCE", Folder(clips.path))
    names, others = clips.named.keys() | references.named.keys(), [f"GENERATED/{path}" for path in clips.others]
    for name, folder in folders.items():
        alone = [] if name == "REFERENCE" else sorted(folder.named.keys() - names)
        paths = [printable(folder.named[each].relative_to(folder.path).as_posix()) for each in alone]
        others += [f"{name}/{path}" for path in (*folder.others, *paths)]
    return others


def check_identities(identities: Mapping[str, str], pairs: Sequence[Pair], where: object) -> None:
    """Refuse persons of clips that aren't scored: a misspelt id would count as no person.

    Raises:
        JaxevalError: there are some; the text begins with `where`, the file or argument that names them.
    """
    if strangers := identities.keys() - {pair.id for pair in pairs}:
        text = f"expected ids of scored clips, found {len(strangers)} others, such as {min(map(str, strangers))}"
        raise JaxevalError(f"{where}: {text}. An id is the file's path below its folder, without suffix.")


def read_identities(path: Path) -> dict[str, str]:
    """Who is in which clip, from a CSV file with a line `clip,person` for each; these words themselves are a heading.

    A clip goes by its id: its path below the folder, without its suffix.

    Raises:
        JaxevalError: the file can't be read, a line has other than two cells, or a clip is named twice.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.reader(file)
            rows = [(lines.line_num, row) for row in lines if row]
    except (OSError, ValueError, csv.Error) as error:
        found = " ".join(str(error).split())
        raise JaxevalError(f"{path}: expected a CSV file, found: {found}. Check --identities.") from error
    identities: dict[str, str] = {}
    for number, cells in rows:
        row = [unicodedata.normalize("NFC", cell.strip()) for cell in cells]
        if number == 1 and row == ["clip", "person"]:
            continue
        if len(row) != 2 or not all(row) or row[0] in identities:
            text = f"expected `clip,person`, each clip once, found {','.join(row)!r}. Correct it."
            raise JaxevalError(f"{path}, line {number}: {text}")
        identities[row[0]] = row[1]
    return identities
