"""A user's own clips under every controlled change: made, scored against themselves, and kept as they are done."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from jaxeval.benchmark.perturbations import GRID, IDENTICAL, SAMPLE_RATE, Condition, Material
from jaxeval.benchmark.separation import Cells, badness
from jaxeval.errors import JaxevalError, one_line, printable, require
from jaxeval.files import file_sha256, make_folder
from jaxeval.media.container import NoAudioError
from jaxeval.media.geometry import HERE
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.protocol import Protocol
from jaxeval.report.progress import Shown
from jaxeval.results.catalogue import Catalogue
from jaxeval.results.record import ClipRecord
from jaxeval.results.store import ClipStore
from jaxeval.scoring.ingest import face_path, looks
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.people import main_face
from jaxeval.scoring.run import Run, Settings
from jaxeval.scoring.scan import scan
from jaxeval.scoring.sound import from_first_picture

_CHUNK = 16
_NOT_PER_CLIP = ("set", "user", "given")


@dataclass(frozen=True)
class Findings:
    """What a run found.

    Attributes:
        clips: name to condition to record.
        known: the scores that the records speak of.
        facts: what they depend on, for the page.
    """

    clips: Mapping[str, Mapping[Condition, ClipRecord]]
    known: Catalogue
    facts: Mapping[str, Any]

    @cached_property
    def cells(self) -> list[Cells]:
        """Of each clip, condition to score to how bad it is; failed conditions are left out."""
        return [
            {condition: badness(record.scores, self.known) for condition, record in found.items() if _is_ok(record)}
            for found in self.clips.values()
        ]

    @property
    def records(self) -> Iterator[tuple[str, Condition, ClipRecord]]:
        """Every clip's every condition."""
        return ((name, condition, record) for name, found in self.clips.items() for condition, record in found.items())

    @property
    def failed(self) -> int:
        """How many could not be scored."""
        return sum(not _is_ok(record) for _, _, record in self.records)


class Robustness:
    """Clips × conditions × scores, in a folder from which an interrupted run resumes.

    A clip's first seconds are stored without loss at the protocol's rate, and are the reference for every changed copy
    of them. What is done lies in `cells/`, small; a copy is made only if its record isn't there, and removed once it
    is scored, so that two copies lie in `clips/` at a time.

    Args:
        out: the folder.
        settings: how to score; the reference is the clip itself.
        conditions: which changes, `IDENTICAL` among them.
        seconds: length of what is used of each clip, above 0.
        keep: whether the changed clips stay in `clips/`.

    Raises:
        JaxevalError: the folder can't be written, or no score that is asked for is one of a single clip.
    """

    def __init__(
        self,
        out: Path,
        settings: Settings,
        conditions: Sequence[Condition] = GRID,
        *,
        seconds: float = 10.0,
        keep: bool = False,
    ) -> None:
        require(seconds > 0, f"seconds: expected more than 0, found {seconds:g}.")
        self.out, self._settings, self._conditions = out, settings, conditions
        self._seconds, self._keep = seconds, keep
        self._names = _per_clip(settings)
        self._run = Run(out / "work", settings)
        self._store = ClipStore(out / "cells")
        self._networks = Networks(settings.protocol, ())

    def find(self, clips: Mapping[str, Path], shown: Shown) -> Findings:
        """Score what is missing.

        Args:
            clips: name to file.
            shown: what reports progress, of as many steps as there are clips times conditions.

        Returns:
            `Findings`. A clip that can't be used is failed under every condition, with its reason.

        Raises:
            JaxevalError: an encoder can't be loaded, or a file can't be written: nothing can be scored.
        """
        found = {name: self._clip(name, path, shown) for name, path in clips.items()}
        self._tidy()
        spoken = {score for records in found.values() for r in records.values() for score in (*r.scores, *r.missing)}
        facts = {"seconds": self._seconds, "changes": len(self._conditions) - 1} | self._run.shared_inputs()
        return Findings(found, self._run.selection.known.restricted(self._in_order(spoken)), facts)

    def _tidy(self) -> None:
        """Remove what only helped; what tells of an unexpected error stays."""
        shutil.rmtree(self.out / "work" / "references", ignore_errors=True)
        for name in ("work/clips", "work", "clips"):
            with suppress(OSError):  # it isn't empty
                (self.out / name).rmdir()

    def _in_order(self, spoken: set[str]) -> list[str]:
        return [name for name in self._run.selection.known if name in spoken]

    def _clip(self, name: str, path: Path, shown: Shown) -> dict[Condition, ClipRecord]:
        folder, inputs = self.out / "clips" / name, self._inputs(path)
        source = _Source(path, folder, self._settings.protocol, self._settings.face, self._seconds, self._networks)
        records: dict[Condition, ClipRecord] = {}
        for condition in self._conditions:
            told = inputs | {"change": condition.change, "level": condition.level}
            id_ = f"{name} {condition.name}"
            shown.begin(id_)
            record = self._store.load(id_, told)
            fresh = record is None or not _is_ok(record)
            if record is None or fresh:
                record = self._scored(id_, condition, source, records.get(IDENTICAL), shown)
                self._store.save(record, told)
            records[condition] = record
            shown.end(record.reason, fresh)
        if not self._keep:
            shutil.rmtree(folder, ignore_errors=True)
        return records

    def _scored(
        self, id_: str, condition: Condition, source: "_Source", itself: ClipRecord | None, shown: Shown
    ) -> ClipRecord:
        if itself is not None and not _is_ok(itself):
            return ClipRecord(id_, "failed", itself.reason)
        made = _made(source, condition)
        if isinstance(made, str):
            return ClipRecord(id_, "failed", printable(made))
        if reason := condition.lacks(made):
            return ClipRecord(id_, "ok", missing=dict.fromkeys(self._names, reason))
        path = source.store(made, condition)
        record, _ = self._run.record(Pair(id_, path, source.reference), shown.share)
        if not self._keep and path != source.reference:
            path.unlink(missing_ok=True)
        for heavy in (self.out / "work" / "clips").glob("*.npz"):
            heavy.unlink(missing_ok=True)  # its numbers are kept in `cells/`; pictures and curves aren't needed
        return record

    def _inputs(self, path: Path) -> dict[str, Any]:
        """All that the records of a clip depend on."""
        try:
            content = file_sha256(path)
        except OSError as error:
            content = f"unreadable: {error.strerror}"
        return {"clip": content, "seconds": self._seconds} | self._run.shared_inputs()


class _Source:
    """A clip, decoded, stored and searched for a face when that is first needed."""

    def __init__(
        self, path: Path, folder: Path, protocol: Protocol, face: str | None, seconds: float, networks: Networks
    ) -> None:
        self._path, self._folder, self._protocol, self._face = path, folder, protocol, face
        self._seconds, self._networks = seconds, networks

    @cached_property
    def material(self) -> Material:
        """Its first seconds, without landmarks."""
        video, fps = Video(self._path, self._protocol.fps), self._protocol.fps
        count = min(video.info.frames, max(1, round(self._seconds * fps)))
        frames, start = np.empty((count, video.height, video.width, 3), np.uint8), 0
        for chunk in islice(video.chunks(_CHUNK), -(-count // _CHUNK)):
            frames[start : start + len(chunk)] = chunk[: count - start]
            start += len(chunk)
        try:
            sound = from_first_picture(self._path, "clip", video.info.start_s, video.info).samples
        except NoAudioError:
            sound = None
        return Material(frames, fps, None if sound is None else sound[: round(count / fps * SAMPLE_RATE)])

    @cached_property
    def reference(self) -> Path:
        """The same, stored."""
        return self._written(self.material, IDENTICAL)

    @cached_property
    def landmarks(self) -> np.ndarray | None:
        """`[T, 468, 3]` of its face, None without one."""
        video = Video(self.reference, self._protocol.fps)
        found = scan(self._networks, video, self._protocol)
        if not found.faces:
            return None
        path = face_path(self._networks, video, found.tracks[main_face(found, self._face)])
        if path is None:
            return None
        seen = looks(self._networks, video, path.squares, HERE)
        return np.concatenate([mesh.landmarks for _, _, mesh in seen])

    def store(self, made: Material, condition: Condition) -> Path:
        """Store a changed copy; the clip itself is stored already."""
        return self.reference if condition == IDENTICAL else self._written(made, condition)

    def _written(self, made: Material, condition: Condition) -> Path:
        make_folder(self._folder)
        path = self._folder / f"{condition.file_name}.mp4"
        write_video(path, made.frames, made.fps, crf=0, audio=made.sound, sample_rate=SAMPLE_RATE, keep_size=True)
        return path


def _made(source: _Source, condition: Condition) -> Material | str:
    """The changed clip, or why it can't be made; the clip unchanged if it lacks what the change needs."""
    try:
        material = source.material
        if "face" in condition.needs:
            material = Material(material.frames, material.fps, material.sound, source.landmarks)
        return material if condition.lacks(material) else condition.make(material)
    except JaxevalError as error:
        return str(error)
    except Exception as error:  # no fault of ours in one clip ends the run for the others
        return f"unexpected {one_line(error)}"


def _per_clip(settings: Settings) -> list[str]:
    """Names of the scores to compute that belong to single clips."""
    chosen = settings.selection
    names = [name for metric in chosen.metrics for name in chosen.known.scores(metric) if chosen.keeps(name)]
    kept = [name for name in names if chosen.known[name].per not in _NOT_PER_CLIP]
    text = f"scores: expected scores of single clips, found only {', '.join(names)}, of whole sets. Choose others."
    require(kept, text)
    return kept


def _is_ok(record: ClipRecord) -> bool:
    return record.status == "ok"
