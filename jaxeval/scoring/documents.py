"""From the records of a run to its document."""

import platform
from collections.abc import Mapping, Sequence
from typing import Any

from jaxeval.errors import JaxevalError, nearest, printable, require
from jaxeval.results.catalogue import Catalogue, catalogue, given_metric, trajectory_metric
from jaxeval.results.document import SCHEMA, Detail, Document, Entry, Floor, SignatureTexts, row_of
from jaxeval.results.finite import finite_number
from jaxeval.results.record import ClipRecord, SetFeatures
from jaxeval.results.signature import Conditions, Signature, signatures_of
from jaxeval.results.store import digest_of
from jaxeval.results.summary import details_of, summarize
from jaxeval.scoring.noise_floor import CRF
from jaxeval.scoring.run import Run, now
from jaxeval.scoring.sets import Sets, set_metrics

_GIVEN_IN_VAIN = "the given value isn't a finite number"


def run_document(run: Run, records: Sequence[ClipRecord], floor: Sequence[ClipRecord] = ()) -> Document:
    """What a run found.

    Args:
        run: the run; its records' features are read from disk.
        records: of all pairs.
        floor: of those of `floor_pairs`.

    Returns:
        The document.

    Raises:
        JaxevalError: a value that the user gives has the name of a clip's score, or nothing gives a score that is
            asked for.
    """
    known, sets = run_catalogue(run, records), _sets(run, records)
    _check_chosen(run, records, known)
    names = list(known.restricted(_spoken(records)))
    summary = summarize(records, names, run.settings.identities) | (sets.summary(len(records)) if sets else {})
    for name in run.settings.values:
        require(name not in summary, f"value {name}: that name is already a per-clip score; choose another.")
    values = {name: _given(value, len(records)) for name, value in run.settings.values.items()}
    lacking = {name: Detail(reason=_GIVEN_IN_VAIN) for name, entry in values.items() if entry.mean is None}
    of_floor = list(known.restricted(_spoken(floor)))
    return Document(
        provenance=_provenance(run, records),
        clips=tuple(map(row_of, records)),
        summary=summary | values,
        details=details_of(records, [known[name] for name in names]) | (sets.details() if sets else {}) | lacking,
        signatures={
            name: SignatureTexts(short=signature.short, long=signature.long)
            for name, signature in signatures_in(run, records, known.restricted(summary | values)).items()
        },
        floor=Floor(crf=CRF, clips=tuple(map(row_of, floor)), summary=summarize(floor, of_floor)),
    )


def run_catalogue(run: Run, records: Sequence[ClipRecord]) -> Catalogue:
    """Every score that a run may speak of."""
    settings = run.settings
    came = dict.fromkeys(name for record in records for name in record.trajectories)
    extra = (
        *map(trajectory_metric, came),
        *(scorer.metric for scorer in settings.scorers),
        *map(given_metric, settings.values),
    )
    return catalogue(settings.protocol.encoders, settings.protocol.timing, extra)


def _check_chosen(run: Run, records: Sequence[ClipRecord], known: Catalogue) -> None:
    """Which trajectories come in files is known only now; if none could be read, their clips say why."""
    unknown = [name for name in run.settings.scores or () if name not in known]
    if unknown and any(record.trajectories for record in records):
        raise JaxevalError(f"scores: expected the name of a score, found {unknown[0]!r}. {nearest(unknown[0], known)}")


def _spoken(records: Sequence[ClipRecord]) -> dict[str, None]:
    return dict.fromkeys(name for record in records for name in (*record.scores, *record.missing))


def _sets(run: Run, records: Sequence[ClipRecord]) -> Sets | None:
    """The features on disk, added up; None of trajectories that came in files."""
    names = set_metrics(run.selection)
    sets, any_features = Sets(names, run.settings.min_features), False
    for record in records:
        if record.status == "ok" and (features := _features(run, record.id, names)):
            sets.add(features, record.id)
            any_features = True
    return sets if any_features else None


def _features(run: Run, clip: str, names: Mapping[str, Any]) -> SetFeatures | None:
    try:
        return run.clip(clip).features
    except JaxevalError as error:
        return SetFeatures(missing=dict.fromkeys(names, str(error)))


def _given(value: float, clips: int) -> Entry:
    """A value that the user gives: it speaks of all clips, and nothing is known of its spread."""
    number = finite_number(value)
    return Entry(mean=number, n=0 if number is None else clips, of=clips)


def signatures_in(run: Run, records: Sequence[ClipRecord], known: Catalogue) -> dict[str, Signature]:
    """What the numbers of a run's records depend on.

    Args:
        run: the run.
        records: all that the signatures speak of.
        known: their scores.
    """
    settings = run.settings
    conditions = Conditions(
        settings.protocol,
        settings.region,
        run.weights,
        gamma=settings.gamma,
        fps=tuple(record.fps for record in records if record.fps is not None),
        versions={scorer.name: scorer.version for scorer in settings.scorers},
        portraits=_portraits(records, known),
        face=settings.face or "",
    )
    return signatures_of(known, conditions)


def _portraits(records: Sequence[ClipRecord], known: Catalogue) -> str:
    """What identity is held against, if not only against references."""
    names = {score.name for score in known.values() if score.against == "portrait"}
    alone = {record.frames[1] is None for record in records if record.frames and names & record.scores.keys()}
    return {(True,): "portrait", (False, True): "reference or portrait"}.get(tuple(sorted(alone)), "")


def _provenance(run: Run, records: Sequence[ClipRecord]) -> dict[str, Any]:
    settings = run.settings
    told: dict[str, Any] = {
        "scorers": {scorer.name: scorer.as_dict() for scorer in settings.scorers},
        "values": {name: finite_number(value) for name, value in settings.values.items()},
        "trajectories": list(dict.fromkeys(name for record in records for name in record.trajectories)),
    }
    if settings.passed_over is not None:
        told["passed_over"] = dict(settings.passed_over)
    told |= {role: printable(name) for role, name in settings.names.items()}
    machine = {"python": platform.python_version(), "platform": platform.machine()}
    times = {"started": run.started, "written": now()}
    return run.shared_inputs() | told | machine | times | {"digest": _digest(run, records)}


def _digest(run: Run, records: Sequence[ClipRecord]) -> str:
    """Of all that the numbers depend on, but not of where the files lie."""
    settings = run.settings
    clips = [[record.id, run.made_from.get(record.id, {}).get("files")] for record in records]
    own = [scorer.as_dict() for scorer in settings.scorers]
    values = {name: repr(value) for name, value in settings.values.items()}
    given = [dict(settings.identities), settings.min_features, settings.floor, own, values]
    return digest_of([SCHEMA, clips, run.shared_inputs(), given])
