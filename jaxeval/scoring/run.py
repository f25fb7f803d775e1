"""Many pairs to one document: each clip is kept as soon as it is done, and a run that was stopped goes on."""

import csv
import io
import json
import platform
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from jaxeval.atomic import atomic_file
from jaxeval.checkpoints.manifest import file_sha256
from jaxeval.errors import JaxevalError, one_line, printable
from jaxeval.scoring.clip import Pair, Progress, Scorer
from jaxeval.scoring.custom import FAILED, CustomScore
from jaxeval.scoring.floor import CRF, code_again
from jaxeval.scoring.protocol import Protocol
from jaxeval.scoring.record import ClipRecord
from jaxeval.scoring.sets import Sets
from jaxeval.scoring.signature import signatures_of
from jaxeval.scoring.store import ClipStore
from jaxeval.scoring.summary import details, summarise

SCHEMA = 1


class Run:
    """One `jaxeval score`: a folder, a protocol, and its pairs.

    Args:
        out: folder for `scores.json`, `scores.csv` and `clips/`.
        protocol: the protocol.
        region: "face" or "frame".
        identities: clip's id to the person in it, where known.
        fewest: features that a Fréchet distance needs, see `Sets`.
        gamma: see `Scorer`.
        scorers: the user's own, see `CustomScore`.
        numbers: of the method, by name, as the user gives them.
        passed_over: what the folders hold beside the clips, for the provenance.

    Raises:
        JaxevalError: the folder can't be written, an encoder's record is damaged, or a number has a scorer's name.
    """

    def __init__(
        self,
        out: Path,
        protocol: Protocol,
        region: str,
        *,
        identities: Mapping[str, str] | None = None,
        fewest: int | None = None,
        gamma: float = 0.01,
        scorers: Sequence[CustomScore] = (),
        numbers: Mapping[str, float] | None = None,
        passed_over: Mapping[str, object] | None = None,
    ) -> None:
        self.out, self.protocol, self.region, self.gamma = out, protocol, region, gamma
        self._own, self._numbers = {scorer.name: scorer for scorer in scorers}, numbers or {}
        if twice := self._own.keys() & self._numbers.keys():
            raise JaxevalError(
                f"--number {min(twice)}: expected a name of its own, found that of a scorer; rename one."
            )
        self._identities, self._fewest = identities or {}, fewest
        self._passed_over = passed_over
        self._store = ClipStore(out / "clips")
        self._scorer = Scorer(protocol, region, gamma, scorers)
        self._weights = self._scorer.networks.weights
        self._started = _now()

    @property
    def missing(self) -> dict[str, str]:
        """Encoders of the protocol whose weights are missing, with the command that would supply them."""
        return self._scorer.networks.reasons

    def record(self, pair: Pair, progress: Progress = lambda fraction: None) -> tuple[ClipRecord, bool]:
        """A pair's record, from an earlier run into the same folder if it was scored there and nothing changed.

        Args:
            pair: the files.
            progress: called with the share of the work on this pair that is done, in [0, 1].

        Returns:
            The record without its pictures' material, and whether it was computed now. Failed pairs are tried again,
            and so are those in which a scorer of the user's failed.

        Raises:
            JaxevalError: an encoder can't be loaded, or the record can't be written: no clip can be scored.
        """
        inputs = self._inputs(pair)
        record = self._store.load(pair.id, inputs)
        fresh = record is None or record.status != "ok" or self._lacks_own(record)
        if record is None or fresh:
            self._scorer.load()
            record = self._scored(pair, progress)
            self._store.save(record, inputs)
        return replace(record, curves={}, generated=None, reference=None, audio=None, features=None), fresh

    def floor_record(self, pair: Pair, progress: Progress = lambda fraction: None) -> tuple[ClipRecord, bool]:
        """The record of a pair of `floor_pairs`, whose clip is coded first; a failed one if that can't be done.

        Args:
            pair: see `record`.
            progress: see `record`.

        Returns:
            See `record`.
        """
        try:
            code_again(pair, self.protocol.fps)
        except Exception as error:
            reason = str(error) if isinstance(error, JaxevalError) else f"unexpected {one_line(error)}"
            return ClipRecord(pair.id, "failed", printable(reason)), True
        return self.record(pair, progress)

    def _lacks_own(self, record: ClipRecord) -> bool:
        """Whether a scorer of the user's failed, which may go better now."""
        return any(record.missing.get(name, "").startswith(FAILED) for name in self._own)

    def _scored(self, pair: Pair, progress: Progress) -> ClipRecord:
        """Score, and let no fault of ours in one clip end the run for the others."""
        try:
            return self._scorer.score(pair, progress)
        except Exception as error:
            log = self._store.path(pair.id).with_suffix(".log")
            with atomic_file(log) as file:
                file.write(traceback.format_exc().encode(errors="backslashreplace"))
            return ClipRecord(pair.id, "failed", f"unexpected {one_line(error)}; please report it with {log}")

    def clip(self, name: str) -> ClipRecord:
        """One clip's record from disk, with its curves."""
        record = self._store.load(name)
        assert record is not None
        return record

    def write(self, records: Sequence[ClipRecord], floor: Sequence[ClipRecord] = ()) -> dict[str, Any]:
        """Write `scores.json` and `scores.csv`, whole or not at all.

        Args:
            records: of all pairs.
            floor: of those of `floor_pairs`.

        Returns:
            The document of `scores.json`.

        Raises:
            JaxevalError: a file can't be written, or a number has the name of a clip's score.
        """
        sets = self._sets(records)
        summary = summarise(records, self._identities) | (sets.summary(len(records)) if sets else {})
        for name in self._numbers.keys() & summary.keys():
            raise JaxevalError(f"--number {name}: expected a name that no clip's score has, found it; choose another.")
        summary |= {name: _given(value, len(records)) for name, value in self._numbers.items()}
        given = [record.fps for record in records if record.fps is not None]
        signatures = signatures_of(
            summary,
            self.protocol,
            self.region,
            self._weights,
            gamma=self.gamma,
            fps=given,
            scorers={name: scorer.version for name, scorer in self._own.items()},
            numbers=self._numbers,
        )
        document = {
            "schema": SCHEMA,
            "provenance": self._provenance(),
            "clips": [_row(record) for record in records],
            "summary": summary,
            "details": details(records, {name: own.score for name, own in self._own.items()})
            | (sets.details() if sets else {}),
            "signatures": {name: signature.as_dict() for name, signature in signatures.items()},
            "floor": {"crf": CRF, "clips": [_row(record) for record in floor], "summary": summarise(floor)},
        }
        with atomic_file(self.out / "scores.json") as file:
            file.write(json.dumps(document, indent=1, allow_nan=False).encode())
        with atomic_file(self.out / "scores.csv") as file:
            file.write(_csv(records).encode(errors="backslashreplace"))
        return document

    def _sets(self, records: Sequence[ClipRecord]) -> Sets | None:
        """The features on disk, added up; None of trajectories that came in files."""
        sets, found = Sets(self.protocol, self._fewest), False
        for record in records:
            if record.status == "ok" and (features := self.clip(record.id).features):
                sets.add(features)
                found = True
        return sets if found else None

    def _inputs(self, pair: Pair) -> dict[str, Any]:
        """All that a record depends on."""
        files = {name: _state(path) for name, path in vars(pair).items() if isinstance(path, Path)}
        own = {name: scorer.version for name, scorer in self._own.items()}
        return {"files": files, "scorers": own} | self._settings()

    def _settings(self) -> dict[str, Any]:
        software = {name: version(name) for name in ("jaxeval", "jax", "jaxlib", "flax", "numpy", "av", "pillow")}
        return {
            "protocol": self.protocol.as_dict(),
            "region": self.region,
            "gamma": self.gamma,
            "weights": self._weights,
            "software": software,
            "device": f"{jax.default_backend()} ({jax.devices()[0].device_kind})",
        }

    def _provenance(self) -> dict[str, Any]:
        times = {"started": self._started, "written": _now()}
        scorers = {name: own.as_dict() for name, own in self._own.items()}
        given = {"scorers": scorers, "numbers": dict(self._numbers)}
        if self._passed_over is not None:
            given["passed_over"] = dict(self._passed_over)
        return self._settings() | given | {"python": platform.python_version(), "platform": platform.machine()} | times


def _state(path: Path) -> str:
    """A file's content in short, wherever it lies and whenever it was written."""
    try:
        return file_sha256(path)
    except OSError as error:
        return f"unreadable: {error.strerror}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _given(value: float, clips: int) -> dict[str, Any]:
    """A number of the method: it speaks of all clips, and nothing is known of its spread."""
    return {"mean": value, "ci95": None, "n": clips, "of": clips}


def _row(record: ClipRecord) -> dict[str, Any]:
    names = ("id", "status", "reason", "frames", "scores", "missing", "flags")
    return {name: getattr(record, name) for name in names}


def _csv(records: Sequence[ClipRecord]) -> str:
    """One line a clip, one column a score; a missing score is an empty cell."""
    names = list(dict.fromkeys(name for record in records for name in (*record.scores, *record.missing)))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["id", "status", "reason", "frames_generated", "frames_reference", *names, "flags"])
    for record in records:
        cells = [repr(record.scores[name]) if name in record.scores else "" for name in names]
        frames = record.frames or ("", "")
        writer.writerow([record.id, record.status, record.reason or "", *frames, *cells, "; ".join(record.flags)])
    return text.getvalue()
