"""How published datasets lie on disk: for each layout, the clips in a folder.

| layout | files | identity | language or style |
|---|---|---|---|
| `plain` | any videos, `.npz` files of trajectories, or portraits with sounds; in subfolders or not | | |
| `hdtf` | `RD_Radio1_000.mp4` | `RD_Radio1` | radio, debate or address by the prefix: RD, WDA, WRA |
| `voxceleb2` | `mp4/id00012/21Uxsk56VDQ/00001.mp4`, sound in `aac/…/00001.m4a` | `id00012` | |
| `celebvhq` | `M2Ohb0FAaJU_1.mp4` | the video's: `M2Ohb0FAaJU` | |
| `mead` | `M003/video/front/angry/level_1/001.mp4`, sound in `M003/audio/angry/…/001.m4a` | `M003` | `angry level_1` |
| `ravdess` | `Actor_01/01-01-03-02-01-01-01.mp4` | `Actor_01` | `speech calm`, `song happy`, … |

Folders above these may have any names, as `dev/` and `test/` of VoxCeleb2. MEAD's are the frontal views, RAVDESS's the
files with picture and sound. Files of other forms are no clips.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple

from jaxeval.benchmark.remote import Place
from jaxeval.benchmark.trees import Tree, is_video, suffix_of, tree_of
from jaxeval.errors import JaxevalError, printable
from jaxeval.media.kinds import AUDIO_SUFFIXES, PICTURE_SUFFIXES
from jaxeval.media.span import Span
from jaxeval.scoring.folders import id_of, named_files, nothing_there
from jaxeval.scoring.trajectory_files import SUFFIX


class Source(NamedTuple):
    """A clip of a dataset. Files are paths on this machine, or URLs: see `jaxeval.benchmark.remote.local`.

    Attributes:
        id: its path below the dataset's folder, without suffix.
        video: the recording, or an .npz file of trajectories; None where there is only a portrait.
        audio: its sound where that lies in a file of its own.
        portrait: a picture of the person where there is no recording.
        identity: who it shows; "" if the layout doesn't tell.
        style: how it is spoken, or in which language, where the layout tells.
        start: seconds at which it begins in those files; None for their beginning.
        end: seconds at which it ends in them; None for their end.
    """

    id: str
    video: Place | None
    audio: Place | None = None
    portrait: Place | None = None
    identity: str = ""
    style: str = ""
    start: float | None = None
    end: float | None = None

    @property
    def span(self) -> Span | None:
        """The part of its files that it is, for `Pair`; None for all of them."""
        return None if self.start is None and self.end is None else (self.start or 0.0, self.end)


Read = Callable[[str, Place, Mapping[str, Place]], Source | None]
"""From a clip's id and file, and all files by id and suffix, to the clip; None if the file has another form."""

MANIFEST = "manifest"
"""In the place of a layout: a file names the clips."""

_HDTF = re.compile(r"((RD|WDA|WRA)_.+)_\d+")
_HDTF_STYLES = {"RD": "radio", "WDA": "debate", "WRA": "address"}
_CELEBV = re.compile(r"(.{11})_\d+")
_VOXCELEB = re.compile(r"((?:.*/)?)mp4/(id\d{5})/([^/]+/\d+)")
_MEAD = re.compile(r"((?:.*/)?)([MW]\d{3})/video/front/([^/]+)/(level_\d)/(\d+)")
_RAVDESS = re.compile(r"01-(01|02)-(0[1-8])-(0[12])-(0[12])-(0[12])-(\d\d)")
_CHANNELS = {"01": "speech", "02": "song"}
_EMOTIONS = dict(
    zip(
        (f"{number:02}" for number in range(1, 9)),
        ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised"),
        strict=True,
    )
)


def _hdtf(name: str, place: Place, files: Mapping[str, Place]) -> Source | None:
    found = _HDTF.fullmatch(PurePosixPath(name).name)
    return found and Source(name, place, identity=found[1], style=_HDTF_STYLES[found[2]])


def _celebvhq(name: str, place: Place, files: Mapping[str, Place]) -> Source | None:
    found = _CELEBV.fullmatch(PurePosixPath(name).name)
    return found and Source(name, place, identity=found[1])


def _voxceleb2(name: str, place: Place, files: Mapping[str, Place]) -> Source | None:
    if (found := _VOXCELEB.fullmatch(name)) is None:
        return None
    above, person, rest = found.groups()
    return Source(name, place, files.get(f"{above}aac/{person}/{rest}.m4a"), identity=person)


def _mead(name: str, place: Place, files: Mapping[str, Place]) -> Source | None:
    if (found := _MEAD.fullmatch(name)) is None:
        return None
    above, person, emotion, level, number = found.groups()
    sound = files.get(f"{above}{person}/audio/{emotion}/{level}/{number}.m4a")
    return Source(name, place, sound, identity=person, style=f"{emotion} {level}")


def _ravdess(name: str, place: Place, files: Mapping[str, Place]) -> Source | None:
    if (found := _RAVDESS.fullmatch(PurePosixPath(name).name)) is None:
        return None
    style = f"{_CHANNELS[found[1]]} {_EMOTIONS[found[2]]}"
    return Source(name, place, identity=f"Actor_{found[6]}", style=style)


def _named(tree: Tree, read: Read) -> list[Source]:
    """Clips that their own names describe."""
    videos, others = named_files(tree.root, tree.files, is_video)
    if not videos:
        raise nothing_there(tree.root, "videos", others)
    beside = {id_of(name) + suffix_of(place): place for name, place in tree.files.items()}
    found = [source for name in sorted(videos) if (source := read(name, videos[name], beside))]
    if not found:
        text = f"{tree.root}: expected videos named as in this layout, found {len(videos)} others"
        raise JaxevalError(printable(f"{text}, such as {min(videos)}. Choose another one; docs/datasets.md has all."))
    return found


def _plain(tree: Tree) -> list[Source]:
    """Recordings, each with the sound of its id if there is one; and sounds that have a portrait instead."""
    videos, others = named_files(tree.root, tree.files, _is_recorded)
    sounds, _ = named_files(tree.root, tree.files, lambda place: suffix_of(place) in AUDIO_SUFFIXES)
    alone = {name: place for name, place in tree.files.items() if id_of(name) in sounds.keys() - videos.keys()}
    portraits, _ = named_files(tree.root, alone, lambda place: suffix_of(place) in PICTURE_SUFFIXES)
    if not videos and not portraits:
        raise nothing_there(tree.root, "videos, .npz files, or pictures with sounds of the same name", others)
    names = sorted({*videos, *portraits})
    return [Source(name, videos.get(name), sounds.get(name), portraits.get(name)) for name in names]


def _is_recorded(place: Place) -> bool:
    return suffix_of(place) == SUFFIX or is_video(place)


LAYOUTS: Mapping[str, Callable[[Tree], list[Source]]] = {
    "plain": _plain,
    "hdtf": partial(_named, read=_hdtf),
    "voxceleb2": partial(_named, read=_voxceleb2),
    "celebvhq": partial(_named, read=_celebvhq),
    "mead": partial(_named, read=_mead),
    "ravdess": partial(_named, read=_ravdess),
}
"""Layout to what reads the files of a dataset."""


def sources(folder: Place, layout: str) -> list[Source]:
    """The clips of a dataset, by their ids; nothing is fetched of a folder that lies elsewhere.

    Args:
        folder: the dataset's, or its URL.
        layout: one of `LAYOUTS`.

    Raises:
        JaxevalError: the folder can't be read or holds no clip of that layout, or two of its files have one id.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("WDA_Ann_000.mp4", "WDA_Ann_001.mp4", "notes.txt"):
        ...     (folder / name).touch()
        >>> [(clip.id, clip.identity, clip.style) for clip in sources(folder, "hdtf")]
        [('WDA_Ann_000', 'WDA_Ann', 'debate'), ('WDA_Ann_001', 'WDA_Ann', 'debate')]
    """
    return LAYOUTS[layout](tree_of(folder))
