"""Many pairs to one document: each clip is kept as soon as it is done, and a run that was stopped goes on."""

import json
import platform
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax

from jaxeval.errors import JaxevalError, one_line, printable
from jaxeval.files import atomic_file, file_sha256
from jaxeval.protocol import Protocol
from jaxeval.results.finite import finite_number
from jaxeval.results.outputs import Outputs
from jaxeval.results.record import ClipRecord, SetFeatures
from jaxeval.results.rows import csv_of, row_of
from jaxeval.results.signature import signatures_of
from jaxeval.results.store import ClipStore, digest_of
from jaxeval.results.summary import details, summarise
from jaxeval.scoring.custom import FAILED, CustomScore
from jaxeval.scoring.noise_floor import CRF, code_again
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.scorer import Progress, Scorer
from jaxeval.scoring.sets import Sets, set_names

SCHEMA = 1
_GIVEN_IN_VAIN = "given, but not as a finite number"


class Run:
    """One `jaxeval score`: a folder, a protocol, and its pairs.

    Any number of runs may write into one folder, one after the other or at once: each finds its own records again, and
    the files of another run are moved to `previous/`, see `Outputs`.

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
        names: of what is scored and of what it is held against, as the user gives them.
        floor: how many references the noise floor is measured on.

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
        names: tuple[str, str] | None = None,
        floor: int = 0,
    ) -> None:
        self.out, self.protocol, self.region, self.gamma = out, protocol, region, gamma
        self._own, self._numbers = {scorer.name: scorer for scorer in scorers}, numbers or {}
        if twice := self._own.keys() & self._numbers.keys():
            raise JaxevalError(f"--value {min(twice)}: expected a name of its own, found that of a scorer. Rename one.")
        self._identities, self._fewest, self._names, self._floor = dict(identities or {}), fewest, names, floor
        self._passed_over = passed_over
        self._store, self._made_from = ClipStore(out / "clips"), dict[str, dict[str, Any]]()
        self._outputs = Outputs(out)
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
        inputs = self._made_from[pair.id] = self._inputs(pair)
        record = self._store.load(pair.id, inputs)
        fresh = record is None or record.status != "ok" or self._lacks_own(record)
        if record is None or fresh:
            self._scorer.load()
            scored = self._guarded(pair.id, lambda: self._scorer.score(pair, progress))
            record = self._guarded(pair.id, lambda: self._saved(scored, inputs))
            if record is not scored:
                self._saved(record, inputs)
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

    def _guarded(self, clip: str, step: Callable[[], ClipRecord]) -> ClipRecord:
        """Let no fault of ours in one clip end the run for the others."""
        try:
            return step()
        except JaxevalError:
            raise
        except Exception as error:
            log = self._store.path(clip, self._made_from[clip]).with_suffix(".log")
            with atomic_file(log) as file:
                file.write(traceback.format_exc().encode(errors="backslashreplace"))
            return ClipRecord(clip, "failed", f"unexpected {one_line(error)}; please report it with {log}")

    def _saved(self, record: ClipRecord, inputs: Mapping[str, Any]) -> ClipRecord:
        self._store.save(record, inputs)
        return record

    def clip(self, name: str) -> ClipRecord:
        """One clip's record from disk, with its curves: the very one that this run found or made.

        Args:
            name: the clip's id, as it was recorded.

        Raises:
            JaxevalError: this run has no such record, or it is gone.
        """
        inputs = self._made_from.get(name)
        record = None if inputs is None else self._store.load(name, inputs)
        if record is None:
            raise JaxevalError(f"{name}: expected its record in {self.out / 'clips'}, found none; score it again.")
        return record

    def write(self, records: Sequence[ClipRecord], floor: Sequence[ClipRecord] = ()) -> dict[str, Any]:
        """Write `scores.json` and `scores.csv`, whole or not at all; those of another run are kept, see `kept`.

        Args:
            records: of all pairs.
            floor: of those of `floor_pairs`.

        Returns:
            The document of `scores.json`.

        Raises:
            JaxevalError: a file can't be written, or a number has the name of a clip's score.
        """
        digest, sets = self._digest(records), self._sets(records)
        summary = summarise(records, self._identities) | (sets.summary(len(records)) if sets else {})
        for name in self._numbers.keys() & summary.keys():
            raise JaxevalError(f"--value {name}: that name is already a per-clip score. Choose another.")
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
            "provenance": self._provenance() | {"digest": digest},
            "clips": [row_of(record) for record in records],
            "summary": summary,
            "details": details(records, {name: own.score for name, own in self._own.items()})
            | (sets.details() if sets else {})
            | {name: {"reason": _GIVEN_IN_VAIN} for name in self._numbers if summary[name]["mean"] is None},
            "signatures": {name: signature.as_dict() for name, signature in signatures.items()},
            "floor": {"crf": CRF, "clips": [row_of(record) for record in floor], "summary": summarise(floor)},
        }
        text = json.dumps(document, indent=1, allow_nan=False)
        self._outputs.write(digest, text.encode(), csv_of(records).encode(errors="backslashreplace"))
        return document

    def write_page(self, draw: Callable[[Path], None]) -> None:
        """Let a function draw `report.html`, beside the files that `write` wrote; see `Outputs.write_page`."""
        self._outputs.write_page(draw)

    @property
    def kept(self) -> list[str]:
        """A line for each other run whose files were in the folder: what it scored, and where they are now."""
        return self._outputs.kept

    def _digest(self, records: Sequence[ClipRecord]) -> str:
        """Of all that the numbers depend on, but not of where the files lie."""
        clips = [[record.id, self._made_from.get(record.id, {}).get("files")] for record in records]
        own = [scorer.as_dict() for scorer in self._own.values()]
        given = [self._identities, self._fewest, self._floor, own, {n: repr(v) for n, v in self._numbers.items()}]
        return digest_of([SCHEMA, clips, self._settings(), given])

    def _sets(self, records: Sequence[ClipRecord]) -> Sets | None:
        """The features on disk, added up; None of trajectories that came in files."""
        sets, found = Sets(self.protocol, self._fewest), False
        for record in records:
            if record.status == "ok" and (features := self._features(record.id)):
                sets.add(features, record.id)
                found = True
        return sets if found else None

    def _features(self, clip: str) -> SetFeatures | None:
        try:
            return self.clip(clip).features
        except JaxevalError as error:
            return SetFeatures(missing=dict.fromkeys(set_names(self.protocol), str(error)))

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
        numbers = {name: finite_number(value) for name, value in self._numbers.items()}
        given: dict[str, Any] = {"scorers": scorers, "numbers": numbers}
        if self._passed_over is not None:
            given["passed_over"] = dict(self._passed_over)
        if self._names:
            given |= dict(zip(("generated", "reference"), map(printable, self._names), strict=True))
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
    number = finite_number(value)
    return {"mean": number, "ci95": None, "n": 0 if number is None else clips, "of": clips}
