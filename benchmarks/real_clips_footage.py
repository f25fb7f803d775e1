"""What the tables of real_clips.py share: the folder's clips, and facts that are checked."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from jaxeval.media.video import Video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.record import ClipRecord
from jaxeval.scoring.ingest import find_face, reference_window, trajectories
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.scorer import Scorer
from jaxeval.scoring.sound import from_first_picture

FRAME_MS = 1000 / JAXEVAL_V1.fps
TOLERATED_MS = 40.0


@dataclass(frozen=True)
class Speaker:
    """A clip's mesh `[T, 468, 3]`, and its samples at 16 kHz from the first picture on, the first `late` silent."""

    landmarks: np.ndarray
    samples: np.ndarray
    late: int


@dataclass
class Footage:
    """The clips of a folder; what is read or scored is kept."""

    folder: Path
    _speakers: dict[str, Speaker] = field(default_factory=dict)
    _records: dict[tuple[str, str], ClipRecord] = field(default_factory=dict)

    @cached_property
    def scorer(self) -> Scorer:
        """Under jaxeval-v1."""
        scorer = Scorer(JAXEVAL_V1)
        scorer.load()
        return scorer

    def __contains__(self, name: str) -> bool:
        return self.path(name).is_file()

    def path(self, name: str) -> Path:
        """Where a clip lies, or would."""
        return self.folder / name

    def there(self, names: Sequence[str]) -> list[str]:
        """Those that the folder has."""
        return [name for name in names if name in self]

    def record(self, generated: str, reference: str) -> ClipRecord:
        """A pair as `jaxeval score` scores it; a clip that can't be scored ends the run."""
        if (generated, reference) not in self._records:
            record = self.scorer.score(Pair(generated, self.path(generated), self.path(reference)))
            if record.status != "ok":
                sys.exit(f"real_clips: {generated}, {reference}: {record.reason}")
            self._records[generated, reference] = record
        return self._records[generated, reference]

    def speaker(self, name: str) -> Speaker:
        """A clip's mouth and voice."""
        if name not in self._speakers:
            self._speakers[name] = read_speaker(self.scorer.networks, self.path(name))
        return self._speakers[name]


def read_speaker(networks: Networks, path: Path) -> Speaker:
    video = Video(path, JAXEVAL_V1.fps)
    face = find_face(networks, video, JAXEVAL_V1)
    window = reference_window(video, face, JAXEVAL_V1)
    mesh = trajectories(networks, video, face, window, (video.width, video.height), 32).face
    sound = from_first_picture(path, "own", video.info.start_s, video.info)
    if mesh is None or sound.samples is None:
        sys.exit(f"real_clips: {path}: expected a face and a sound, found no {'sound' if mesh else 'face'}")
    return Speaker(mesh.landmarks, sound.samples, sound.late)


class Facts:
    """What is known, beside what was found."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str, str]] = []

    def check(self, what: str, expected: str, found: str, ok: bool | None) -> None:
        """One fact; None if what was found neither confirms nor refutes it."""
        self._rows.append((what, expected, found, {True: "ok", False: "FAILED", None: "not told"}[ok]))

    def near(self, what: str, expected: float, found: float | None, tolerated: float = TOLERATED_MS) -> None:
        """A number of milliseconds; None if it is missing."""
        told = "missing" if found is None else f"{found:+.0f}"
        ok = None if found is None else abs(found - expected) <= tolerated
        self.check(what, f"{expected:+.0f} ± {tolerated:g} ms", told, ok)

    def print(self) -> int:
        """The rows, those since the last call; returns how many failed."""
        if self._rows:
            heading("known", "expected", "found", "")
        for row in self._rows:
            line(*row)
        failed = sum(outcome == "FAILED" for *_, outcome in self._rows)
        self._rows.clear()
        return failed


def heading(*cells: object) -> None:
    print()
    line(*cells)
    print(f"|{'---|' * len(cells)}")


def line(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def number(record: ClipRecord, name: str, form: str) -> str:
    return format(record.scores[name], form) if name in record.scores else "missing"


def flags(record: ClipRecord) -> str:
    """Codes of a record's flags, each once."""
    return ", ".join(dict.fromkeys(flag.partition(":")[0] for flag in record.flags))
