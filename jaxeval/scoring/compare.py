"""Two runs side by side: the same clips, scored in the same way, and how sure the difference is."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jaxeval.errors import JaxevalError
from jaxeval.scoring.flags import time_flags
from jaxeval.scoring.score_names import scores_in
from jaxeval.scoring.score_texts import Score
from jaxeval.scoring.signature import differing, fields_of
from jaxeval.scoring.summary import interval

_SCHEMA = 1


@dataclass(frozen=True)
class Difference:
    """One score of two runs, over the clips that both have.

    Attributes:
        score: which one.
        one: mean of the first run.
        other: mean of the second run.
        difference: mean of other − one, clip by clip.
        ci95: its bootstrap interval; None for fewer than 2 clips.
        n: clips that have the score in both runs; 0 for a number of the whole set.
        of: clips that are in both runs.
        lags: of an aligned score, what was forgiven in each run over the same clips: mean lag and mean spread in ms;
            None where it isn't known, or nothing was aligned.
        flagged: clips of those whose timing is flagged in either run: their `_div` and `_seq` mislead.
    """

    score: Score
    one: float
    other: float
    difference: float
    ci95: list[float] | None
    n: int
    of: int
    lags: tuple[tuple[float, float], tuple[float, float]] | None = None
    flagged: int = 0

    @property
    def verdict(self) -> str:
        """Which run is better: "first", "second", or "" where that isn't known.

        That is where the interval holds 0, the score has no better end, or it is an aligned one and a clip's timing is
        flagged: then "see lag".
        """
        if self.flagged:
            return "see lag"
        if self.ci95 is None or not self.score.better or self.ci95[0] <= 0 <= self.ci95[1]:
            return ""
        return "second" if (self.difference > 0) == (self.score.better == "↑") else "first"


def read_scores(path: Path) -> dict[str, Any]:
    """A run's `scores.json`.

    Args:
        path: the file, or the folder that holds it.

    Returns:
        The document.

    Raises:
        JaxevalError: there is none, or it is none of this version.
    """
    file = path / "scores.json" if path.is_dir() else path
    try:
        document = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise JaxevalError(
            f"{file}: expected the scores.json of a run, found none. Run: jaxeval score … --out"
        ) from error
    except (OSError, ValueError) as error:
        raise JaxevalError(
            f"{file}: expected the scores.json of a run, found: {' '.join(str(error).split())}."
        ) from error
    needed = {"schema": int, "clips": list, "summary": dict, "signatures": dict}
    for name, kind in needed.items():
        if not isinstance(document, dict) or not isinstance(document.get(name), kind):
            raise JaxevalError(
                f"{file}: expected the scores.json of a run with its {name}, found none; score the clips again."
            )
    if document["schema"] != _SCHEMA:
        raise JaxevalError(f"{file}: expected schema {_SCHEMA}, found {document['schema']}; score the clips again.")
    return document


def compare(one: Mapping, other: Mapping, only: Sequence[str] = ()) -> list[Difference]:
    """Every score that both runs have, over the clips that both have.

    Args:
        one: the first run's document.
        other: the second run's.
        only: names of the scores to compare; all that both have if empty.

    Returns:
        One `Difference` each, in the order of the tables.

    Raises:
        JaxevalError: a score was computed in two ways, no clip or no score is common, or `only` names an unknown one.
    """
    known = {score.name: score for score in scores_in(one)}
    names = list(only) or [name for name in known if name in other["summary"]]
    for name in names:
        if name not in known or name not in other["summary"]:
            where = "the first run" if name not in known else "the second run"
            raise JaxevalError(f"Expected {name} in both runs, found none in {where}. Choose another with --scores.")
    _refuse_unlike(one, other, names)
    left, right = (_by_id(document) for document in (one, other))
    common = [name for name in left if name in right]
    if not common:
        raise JaxevalError("Expected the same clips in both runs, found none in common: they are matched by their ids.")
    found = [_difference(known[name], left, right, common) or _of_sets(known[name], one, other) for name in names]
    return [difference for difference in found if difference is not None]


def _of_sets(score: Score, one: Mapping, other: Mapping) -> Difference | None:
    """Of a number that each run has as a whole, and no clip has."""
    in_clips = any(score.name in clip["scores"] for document in (one, other) for clip in document["clips"])
    a, b = (document["summary"][score.name]["mean"] for document in (one, other))
    return None if in_clips or a is None or b is None else Difference(score, a, b, b - a, None, 0, 0)


def _refuse_unlike(one: Mapping, other: Mapping, names: Sequence[str]) -> None:
    unlike = {}
    for name in names:
        first, second = (fields_of(document["signatures"][name]["long"]) for document in (one, other))
        if fields := differing(first, second):
            unlike[name] = ", ".join(f"{field} {first.get(field)} against {second.get(field)}" for field in fields)
    if unlike:
        name, how = next(iter(unlike.items()))
        others = f" ({len(unlike)} of {len(names)} scores differ so)" if len(unlike) > 1 else ""
        raise JaxevalError(
            f"Expected scores of one signature, found {name} with {how}{others}. Score both under one protocol, with "
            "the same weights and version, or choose scores that agree with --scores."
        )


def _by_id(document: Mapping) -> dict[str, Mapping]:
    return {clip["id"]: clip for clip in document["clips"]}


def _difference(
    score: Score, left: Mapping[str, Mapping], right: Mapping[str, Mapping], common: Sequence[str]
) -> Difference | None:
    ids = [id_ for id_ in common if all(score.name in side[id_]["scores"] for side in (left, right))]
    if not ids:
        return None
    a, b = (np.array([side[id_]["scores"][score.name] for id_ in ids]) for side in (left, right))
    metric = re.fullmatch(r"(.+)_(?:div|seq)", score.name)
    lags = [_lag(metric[1], [side[id_] for id_ in ids]) for side in (left, right)] if metric else []
    return Difference(
        score,
        float(a.mean()),
        float(b.mean()),
        float((b - a).mean()),
        interval(b - a, ids),
        len(ids),
        len(common),
        lags=(lags[0], lags[1]) if lags and lags[0] and lags[1] else None,
        flagged=sum(bool(time_flags(left[id_]) or time_flags(right[id_])) for id_ in ids) if metric else 0,
    )


def _lag(metric: str, clips: Sequence[Mapping]) -> tuple[float, float] | None:
    """Mean lag and mean spread of those clips that have them, ms."""
    names = f"lag_ms_{metric}", f"lag_std_ms_{metric}"
    rows = [[clip["scores"][name] for name in names] for clip in clips if set(names) <= clip["scores"].keys()]
    if not rows:
        return None
    mean, spread = np.mean(rows, axis=0)
    return float(mean), float(spread)
