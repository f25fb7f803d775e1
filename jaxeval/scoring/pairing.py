"""Which generated file is held against which reference."""

import csv
from pathlib import Path

from jaxeval.errors import JaxevalError, printable
from jaxeval.scoring.clip import Pair
from jaxeval.scoring.trajectory_files import SUFFIX

VIDEO_SUFFIXES = {
    *(".3gp", ".asf", ".avi", ".flv", ".gif", ".h264", ".m2ts", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpeg"),
    *(".mpg", ".mts", ".mxf", ".ogv", ".qt", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
}
AUDIO_SUFFIXES = {".aac", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma"}


def find_pairs(generated: Path, reference: Path, audio: Path | None) -> list[Pair]:
    """Two files make one pair; two folders are paired by file name without its suffix.

    Args:
        generated: a video file, an .npz file of trajectories, or a folder of them.
        reference: the same of the references.
        audio: a sound or video file, or a folder of them, as the other two are; or None.

    Returns:
        The pairs in the order of their names. A name that one of the folders lacks makes a pair with a None, and with
        a path where there is nothing for its sound.

    Raises:
        JaxevalError: a path is missing, a file is set against a folder, a folder has no videos, or has two of one name.
    """
    given = {"GENERATED": generated, "REFERENCE": reference} | ({"--audio": audio} if audio else {})
    for name, path in given.items():
        if not (path.is_file() or path.is_dir()):
            raise JaxevalError(f"{path}: expected {name} to be a file or a folder, found none there. Check the path.")
    kinds = {path.is_dir() for path in given.values()}
    if len(kinds) > 1:
        told = ", ".join(f"{name} {path} is a {'folder' if path.is_dir() else 'file'}" for name, path in given.items())
        raise JaxevalError(f"expected files only or folders only: {told}; give the same kind for all.")
    if not generated.is_dir():
        return [Pair(printable(generated.stem), generated, reference, audio)]
    left, right = (_by_stem(folder, VIDEO_SUFFIXES | {SUFFIX}) for folder in (generated, reference))
    sounds = _by_stem(audio, AUDIO_SUFFIXES | VIDEO_SUFFIXES) if audio else {}
    pairs = []
    for name in sorted(left.keys() | right.keys() | sounds.keys()):
        sound = sounds.get(name, audio / name) if audio else None
        pairs.append(Pair(printable(name), left.get(name), right.get(name), sound))
    return pairs


def read_identities(path: Path) -> dict[str, str]:
    """Who is in which clip, from a CSV file with a line `clip,person` for each; these words themselves are a heading.

    Raises:
        JaxevalError: the file can't be read, a line has other than two cells, or a clip is named twice.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    except (OSError, ValueError, csv.Error) as error:
        raise JaxevalError(
            f"{path}: expected a CSV file, found: {' '.join(str(error).split())}. Check --identities."
        ) from error
    identities: dict[str, str] = {}
    for number, row in enumerate(rows, 1):
        if number == 1 and row == ["clip", "person"]:
            continue
        if len(row) != 2 or not all(row) or row[0] in identities:
            raise JaxevalError(
                f"{path}: expected lines `clip,person`, each clip once, found {','.join(row)!r} as the {number}. line. "
                "Correct it."
            )
        identities[row[0]] = row[1]
    return identities


def _by_stem(folder: Path, suffixes: set[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in suffixes or path.name.startswith("."):
            continue
        if path.stem in found:
            both = f"{found[path.stem].name} and {path.name}"
            raise JaxevalError(f"{folder}: expected one file named {path.stem}, found {both}. Move one away.")
        found[path.stem] = path
    if not found:
        raise JaxevalError(
            f"{folder}: expected media files ({', '.join(sorted(suffixes))}), found none; check the folder."
        )
    return found
