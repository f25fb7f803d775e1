"""Many pairs, one after the other: each clip is kept as soon as it is done, and an interrupted run resumes."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jaxeval.errors import JaxevalError, one_line, printable
from jaxeval.files import atomic_file, file_sha256
from jaxeval.protocol import JAXEVAL_V1, Protocol
from jaxeval.results.limits import check_numbers
from jaxeval.results.record import ClipRecord
from jaxeval.results.selection import Selection, select
from jaxeval.results.store import ClipStore
from jaxeval.scoring.custom import FAILED, CustomScore, check_value
from jaxeval.scoring.noise_floor import code_again
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.scorer import Progress, Scorer, software


@dataclass(frozen=True)
class Settings:
    """What a run is asked for.

    Attributes:
        protocol: the protocol.
        region: "face" or "frame".
        face: which face is scored where there are several, see `jaxeval.scoring.people.check_face`.
        scores: names of the scores to compute; all of the protocol's if None.
        gamma: Soft-DTW's temperature for trajectories that come in files.
        gammas: multiples of each metric's γ at which its `_div` is computed too.
        scorers: the user's own scores.
        values: numbers that the user gives, by name.
        identities: clip's id to the person in it, where known.
        min_features: features that a Fréchet distance needs, see `Sets`.
        floor: how many references the noise floor is measured on.
        names: "generated", "reference" and "portrait" to what the user gave.
        passed_over: what the folders hold beside the clips.
        open_names: whether `scores` may name trajectories that come in files.
    """

    protocol: Protocol = JAXEVAL_V1
    region: str = "face"
    face: str | None = None
    scores: tuple[str, ...] | None = None
    gamma: float = 0.01
    gammas: tuple[float, ...] = ()
    scorers: tuple[CustomScore, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    identities: Mapping[str, str] = field(default_factory=dict)
    min_features: int | None = None
    floor: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    passed_over: Mapping[str, object] | None = None
    open_names: bool = False

    def __post_init__(self) -> None:
        check_numbers(self.gamma, self.floor, self.min_features)
        for name, value in self.values.items():
            check_value(name, value)
        if twice := self.values.keys() & {scorer.name for scorer in self.scorers}:
            raise JaxevalError(f"value {min(twice)}: expected a name that no scorer has; rename one of them.")

    @property
    def selection(self) -> Selection:
        """The scores to compute.

        Raises:
            JaxevalError: one is unknown.
        """
        own = [scorer.metric for scorer in self.scorers]
        return select(self.protocol, self.scores, own, open_names=self.open_names)


class Run:
    """One `jaxeval score`: a folder, its settings, and its pairs.

    Any number of runs may write into one folder, one after the other or at once: each finds its own records again.

    Args:
        out: folder for the records of clips, in `clips/`.
        settings: what is asked for.

    Raises:
        JaxevalError: the folder can't be written, an encoder's record is damaged, or a score is unknown.
    """

    def __init__(self, out: Path, settings: Settings) -> None:
        self.out, self.settings, self.selection = out, settings, settings.selection
        self.made_from: dict[str, dict[str, Any]] = {}
        self.started = now()
        self._store = ClipStore(out / "clips")
        how = (settings.protocol, settings.region, settings.gamma, settings.scorers, self.selection, settings.face)
        self._scorer = Scorer(*how, settings.gammas, out / "references")
        self.weights = self._scorer.networks.weights

    @property
    def missing(self) -> dict[str, str]:
        """Encoders whose weights are missing, with the command that would supply them."""
        return self._scorer.networks.reasons

    def record(
        self, pair: Pair, progress: Progress = lambda fraction: None, following: Pair | None = None
    ) -> tuple[ClipRecord, bool]:
        """A pair's record, from an earlier run into the same folder if it was scored there and nothing changed.

        Args:
            pair: the files.
            progress: called with the share of the work on this pair that is done, in [0, 1].
            following: the next pair, whose files are decoded while this one is computed.

        Returns:
            The record without its pictures' material, and whether it was computed now. Failed pairs are tried again,
            and so are those in which a scorer of the user's failed.

        Raises:
            JaxevalError: an encoder can't be loaded, or the record can't be written: no clip can be scored.
        """
        inputs = self.made_from[pair.id] = self.inputs(pair)
        record = self._store.load(pair.id, inputs)
        fresh = record is None or record.status != "ok" or self._lacks_own(record)
        if record is None or fresh:
            self._scorer.load()
            waits = following and self._store.load(following.id, self.inputs(following)) is None
            record = self._scored(pair, progress, following if waits else None, inputs)
        # What is only drawn stays on disk.
        light = replace(record, curves={}, per_frame={}, offsets={}, audio=None, features=None)
        return replace(light, generated=None, reference=None, portrait=None), fresh

    def floor_record(
        self, pair: Pair, progress: Progress = lambda fraction: None, following: Pair | None = None
    ) -> tuple[ClipRecord, bool]:
        """The record of a pair of `floor_pairs`, whose clip is coded first; a failed one if that can't be done.

        Args:
            pair: see `record`.
            progress: see `record`.
            following: see `record`.

        Returns:
            See `record`.
        """
        try:
            code_again(pair, self.settings.protocol.fps)
        except Exception as error:
            reason = str(error) if isinstance(error, JaxevalError) else f"unexpected {one_line(error)}"
            return ClipRecord(pair.id, "failed", printable(reason)), True
        return self.record(pair, progress, following)

    def clip(self, name: str) -> ClipRecord:
        """One clip's record from disk, with its curves: the very one that this run found or made.

        Args:
            name: the clip's id, as it was recorded.

        Raises:
            JaxevalError: this run has no such record, or it is gone.
        """
        inputs = self.made_from.get(name)
        record = None if inputs is None else self._store.load(name, inputs)
        if record is None:
            raise JaxevalError(f"{name}: expected its record in {self.out / 'clips'}, found none; score it again.")
        return record

    def inputs(self, pair: Pair) -> dict[str, Any]:
        """All that a pair's record depends on: what its files hold, and what is asked for."""
        files: dict[str, Any] = {name: _state(path) for name, path in vars(pair).items() if isinstance(path, Path)}
        if pair.span is not None:
            files["span"] = list(pair.span)
        own = {scorer.name: scorer.version for scorer in self._scorer.scorers}
        return {"files": files, "scorers": own} | self.shared_inputs()

    def shared_inputs(self) -> dict[str, Any]:
        """All that every record of the run depends on."""
        swept = {"gammas": list(self.settings.gammas)} if self.settings.gammas else {}
        return (
            swept
            | {
                "protocol": self.settings.protocol.as_dict(),
                "region": self.settings.region,
                "face": self.settings.face,
                "gamma": self.settings.gamma,
                "scores": None if self.settings.scores is None else sorted(set(self.settings.scores)),
                "weights": self.weights,
            }
            | software()
        )

    def _lacks_own(self, record: ClipRecord) -> bool:
        """Whether a scorer of the user's failed, which may go better now."""
        return any(record.missing.get(scorer.name, "").startswith(FAILED) for scorer in self._scorer.scorers)

    def _scored(self, pair: Pair, progress: Progress, following: Pair | None, inputs: Mapping[str, Any]) -> ClipRecord:
        """A pair's record, scored and saved; no fault of ours in one clip ends the run for the others."""
        try:
            record = self._scorer.score(pair, progress, following)
            if (now_there := self.inputs(pair)["files"]) != inputs["files"]:
                changed = [f"{vars(pair)[name]}" for name in now_there if now_there[name] != inputs["files"][name]]
                reason = f"{changed[0]}: expected a file that stays as it is, found it changed while it was scored"
                record = ClipRecord(pair.id, "failed", printable(f"{reason}. Score it again."))
            self._store.save(record, inputs)
        except JaxevalError:
            raise
        except Exception as error:
            log = self._store.path(pair.id, inputs).with_suffix(".log")
            with atomic_file(log) as file:
                file.write(traceback.format_exc().encode(errors="backslashreplace"))
            record = ClipRecord(pair.id, "failed", f"unexpected {one_line(error)}; please report it with {log}")
            self._store.save(record, inputs)
        return record


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _state(path: Path) -> str:
    """A file's content in short, wherever it lies and whenever it was written."""
    try:
        return file_sha256(path)
    except OSError as error:
        return f"unreadable: {error.strerror}"
