"""How published datasets lie on disk: for each layout, the clips in a folder.

| layout | files | identity | language or style |
|---|---|---|---|
| `plain` | any videos, in subfolders or not | | |
| `hdtf` | `RD_Radio1_000.mp4` | `RD_Radio1` | radio, debate or address by the prefix: RD, WDA, WRA |
| `voxceleb2` | `mp4/id00012/21Uxsk56VDQ/00001.mp4`, sound in `aac/…/00001.m4a` | `id00012` | |
| `celebvhq` | `M2Ohb0FAaJU_1.mp4` | the video's: `M2Ohb0FAaJU` | |
| `mead` | `M003/video/front/angry/level_1/001.mp4`, sound in `M003/audio/angry/…/001.m4a` | `M003` | `angry level_1` |
| `ravdess` | `Actor_01/01-01-03-02-01-01-01.mp4` | `Actor_01` | `speech calm`, `song happy`, … |

Folders above these may have any names, as `dev/` and `test/` of VoxCeleb2. MEAD's are the frontal views, RAVDESS's the
files with picture and sound. Files of other forms are no clips.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from jaxeval.media.kinds import is_clip
from jaxeval.scoring.folders import id_of, read_folder


class Source(NamedTuple):
    """A clip of a dataset.

    Attributes:
        id: its path below the dataset's folder, without suffix.
        video: the recording; None where there is only a portrait.
        audio: its sound where that lies in a file of its own.
        portrait: a picture of the person where there is no recording.
        identity: who it shows; "" if the layout doesn't tell.
        style: how it is spoken, where the layout tells.
    """

    id: str
    video: Path | None
    audio: Path | None = None
    portrait: Path | None = None
    identity: str = ""
    style: str = ""


Read = Callable[[str, Path], Source | None]
"""From a clip's id and file to the clip; None if the file has another form."""

_HDTF = re.compile(r"((RD|WDA|WRA)_.+)_\d+")
_HDTF_STYLES = {"RD": "radio", "WDA": "debate", "WRA": "address"}
_CELEBV = re.compile(r"(.{11})_\d+")
_VOXCELEB = re.compile(r"(?:(.*)/)?mp4/(id\d{5})/([^/]+/\d+)")
_MEAD = re.compile(r"(?:(.*)/)?([MW]\d{3})/video/front/([^/]+)/(level_\d)/(\d+)")
_RAVDESS = re.compile(r"01-(01|02)-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)")
_CHANNELS = {"01": "speech", "02": "song"}
_EMOTIONS = dict(
    zip(
        (f"{number:02}" for number in range(1, 9)),
        ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"),
        strict=True,
    )
)


def _plain(name: str, path: Path) -> Source:
    return Source(name, path)


def _hdtf(name: str, path: Path) -> Source | None:
    found = _HDTF.fullmatch(PurePosixPath(name).name)
    return found and Source(name, path, identity=found[1], style=_HDTF_STYLES[found[2]])


def _celebvhq(name: str, path: Path) -> Source | None:
    found = _CELEBV.fullmatch(PurePosixPath(name).name)
    return found and Source(name, path, identity=found[1])


def _voxceleb2(name: str, path: Path) -> Source | None:
    if (found := _VOXCELEB.fullmatch(name)) is None:
        return None
    sound = path.parents[3] / "aac" / found[2] / f"{found[3]}.m4a"
    return Source(name, path, sound if sound.is_file() else None, identity=found[2])


def _mead(name: str, path: Path) -> Source | None:
    if (found := _MEAD.fullmatch(name)) is None:
        return None
    _, person, emotion, level, number = found.groups()
    sound = path.parents[4] / "audio" / emotion / level / f"{number}.m4a"
    return Source(name, path, sound if sound.is_file() else None, identity=person, style=f"{emotion} {level}")


def _ravdess(name: str, path: Path) -> Source | None:
    if (found := _RAVDESS.fullmatch(PurePosixPath(name).name)) is None:
        return None
    style = f"{_CHANNELS[found[1]]} {_EMOTIONS[found[2]]}"
    return Source(name, path, identity=f"Actor_{found[6]}", style=style)


LAYOUTS: Mapping[str, Read] = {
    "plain": _plain,
    "hdtf": _hdtf,
    "voxceleb2": _voxceleb2,
    "celebvhq": _celebvhq,
    "mead": _mead,
    "ravdess": _ravdess,
}
"""Layout to what reads one file of it."""


def sources(folder: Path, layout: str) -> list[Source]:
    """The clips of a dataset, by their ids.

    Args:
        folder: the dataset's.
        layout: one of `LAYOUTS`.

    Raises:
        JaxevalError: the folder can't be read or holds no video, or two of its files have one id.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("WDA_Ann_000.mp4", "WDA_Ann_001.mp4", "notes.txt"):
        ...     (folder / name).touch()
        >>> [(clip.id, clip.identity, clip.style) for clip in sources(folder, "hdtf")]
        [('WDA_Ann_000', 'WDA_Ann', 'debate'), ('WDA_Ann_001', 'WDA_Ann', 'debate')]
    """
    return [source for source in _read(folder, LAYOUTS[layout]) if source is not None]


def _read(folder: Path, read: Read) -> Iterator[Source | None]:
    found = read_folder(folder, lambda path: path.suffix == ".npz" or is_clip(path), "videos")
    for name in sorted(found.named):
        path = found.named[name]
        yield read(id_of(path.relative_to(folder)), path)
