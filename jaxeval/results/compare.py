"""Two runs side by side: the same clips, scored in the same way, and how sure the difference is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from jaxeval.errors import JaxevalError, nearest
from jaxeval.results.catalogue import Catalogue
from jaxeval.results.document import Document, Row, SignatureTexts, catalogue_of
from jaxeval.results.finite import all_finite, finite_number
from jaxeval.results.flags import time_flags
from jaxeval.results.paired_test import LEVEL, holm, paired_p, too_few
from jaxeval.results.score import Score
from jaxeval.results.sides import Side, lacking, side_of
from jaxeval.results.signature import differing, fields_of
from jaxeval.results.summary import interval, mean_of, scaled

_TOO_FAR = "the difference exceeds float64's range"


@dataclass(frozen=True)
class Difference:
    """One score of two runs, over the clips that both have.

    Attributes:
        score: which one.
        one: mean of the first run; None, as all numbers, where the runs can't be compared by this score.
        other: mean of the second run.
        difference: mean of other − one, clip by clip.
        ci95: its bootstrap interval; None for fewer than 2 clips.
        n: clips that have the score in both runs; 0 for a number of the whole set.
        of: clips that are in both runs.
        lags: of an aligned score, what was forgiven in each run over the same clips: mean lag and mean spread in ms;
            None where it isn't known, or nothing was aligned.
        flagged: clips of those whose timing is flagged in either run: their `_div` and `_seq` mislead.
        p: of the paired permutation test, see `paired_p`; None where there are no clips to test.
        p_holm: the same, corrected for all scores that are compared.
        reason: why there is no difference, or no verdict; "" otherwise.
    """

    score: Score
    one: float | None
    other: float | None
    difference: float | None
    ci95: tuple[float, ...] | None
    n: int
    of: int
    lags: tuple[tuple[float, float], tuple[float, float]] | None = None
    flagged: int = 0
    p: float | None = None
    p_holm: float | None = None
    reason: str = ""

    @property
    def verdict(self) -> str:
        """Which run is better: "first", "second", or "" where that isn't known.

        That is where the corrected p isn't below .05, the score has no better end, or it is an aligned one and a clip's
        timing is flagged: then "see lag".
        """
        if self.flagged:
            return "see lag"
        if self.p_holm is None or self.p_holm >= LEVEL or self.difference is None or not self.score.better:
            return ""
        return "second" if (self.difference > 0) == (self.score.better == "↑") else "first"


def compare(one: Document, other: Document, only: Sequence[str] = ()) -> list[Difference]:
    """Every score that either run has, over the clips that both have.

    Args:
        one: the first run's document.
        other: the second run's.
        only: names of the scores to compare; all that either has if empty.

    Returns:
        One `Difference` each, in the order of the tables; one that can't be compared says why.

    Raises:
        JaxevalError: a score was computed in two ways, no clip or no score is common, or `only` names an unknown one.
    """
    catalogues = catalogue_of(one), catalogue_of(other)
    known = dict.fromkeys((*catalogues[0], *catalogues[1]))
    for name in only:
        if name not in known:
            raise JaxevalError(f"--scores: expected {name} in both runs, found none in either. {nearest(name, known)}")
    names = list(dict.fromkeys(only or known))
    sides = side_of(one, "first"), side_of(other, "second")
    _refuse_unlike(one, other, [name for name in names if all(name in side.means for side in sides)])
    common = [clip for clip in sides[0].clips if clip in sides[1].clips]
    if not common:
        raise JaxevalError("Expected the same clips in both runs, found none in common: they are matched by their ids.")
    rows = _corrected([_row(name, next(k for k in catalogues if name in k), *sides, common) for name in names])
    if all(row.difference is None for row in rows):
        raise JaxevalError(_nothing(rows))
    return rows


def _nothing(rows: Sequence[Difference]) -> str:
    """Why two runs can't be compared by any score."""
    if not rows:
        return "Expected a score in both runs, found none in either: every clip failed. Score the clips again."
    row, others = rows[0], len(rows) - 1
    without = [name for name, mean in (("the first run", row.one), ("the second run", row.other)) if mean is None]
    where = "either" if len(without) == 2 else without[0] if without else "the same clip of both"
    more = f" (and {others} more scores likewise)" if others else ""
    return f"Expected {row.score.name} in both runs, found none in {where}: {row.reason}{more}. Choose --scores."


def _row(name: str, known: Catalogue, left: Side, right: Side, common: Sequence[str]) -> Difference:
    score = known[name]
    ids = [clip for clip in common if all(name in side.clips[clip].scores for side in (left, right))]
    if ids:
        return _of_clips(score, known, left, right, ids, len(common))
    rows = [*left.clips.values(), *right.clips.values()]
    in_clips = any(name in row.scores or name in row.missing for row in rows)
    a, b = (side.mean(name, common) if in_clips else side.means.get(name) for side in (left, right))
    if in_clips or a is None or b is None:
        reason = lacking(name, (left, right), (a, b), common)
        return Difference(score, a, b, None, None, 0, len(common) if in_clips else 0, reason=reason)
    difference = finite_number(b - a)
    reason = _TOO_FAR if difference is None else "a score of the whole set: not tested"
    return Difference(score, a, b, difference, None, 0, 0, reason=reason)


def _of_clips(score: Score, known: Catalogue, left: Side, right: Side, ids: Sequence[str], of: int) -> Difference:
    """Paired over the clips that have the score in both runs."""
    sides = [[side.clips[clip] for clip in ids] for side in (left, right)]
    values, unit = scaled(np.array([row.scores[score.name] for rows in sides for row in rows]))
    a, b = values[: len(ids)], values[len(ids) :]
    between = interval(b - a, ids)
    forgiven = [_lag(score, known, rows) for rows in sides] if score.is_aligned else []
    difference = finite_number(float((b - a).mean()) * unit)
    bounds = tuple(float(bound) * unit for bound in between or ())
    return Difference(
        score,
        float(a.mean()) * unit,
        float(b.mean()) * unit,
        difference,
        bounds if bounds and all_finite(bounds) else None,
        len(ids),
        of,
        lags=(forgiven[0], forgiven[1]) if forgiven and forgiven[0] and forgiven[1] else None,
        flagged=sum(any(map(time_flags, pair)) for pair in zip(*sides, strict=True)) if score.is_aligned else 0,
        p=None if difference is None else paired_p(b - a),
        reason=_TOO_FAR if difference is None else "",
    )


def _corrected(rows: Sequence[Difference]) -> list[Difference]:
    """With Holm's p, over all scores that are tested, and the reason where the sample can't carry a verdict."""
    tested = [row.p for row in rows if row.p is not None]
    corrected = iter(holm(tested))
    found = []
    for row in rows:
        if row.p is not None:
            p_holm, differs = next(corrected), bool(row.difference or any(row.ci95 or ()))
            few = differs and row.score.better and p_holm >= LEVEL and too_few(row.n, len(tested))
            row = replace(row, p_holm=p_holm, reason=f"too few clips (n = {row.n})" if few else "")
        found.append(row)
    return found


def _lag(score: Score, known: Catalogue, rows: Sequence[Row]) -> tuple[float, float] | None:
    """Mean lag and mean spread that alignment forgave in a score, over the clips that have them, ms."""
    lag, spread = known.of(score.metric, "lag"), known.of(score.metric, "lag_std")
    if lag is None or spread is None:
        return None
    names = (lag.name, spread.name)
    values = [[row.scores[name] for name in names] for row in rows if set(names) <= row.scores.keys()]
    return tuple(map(mean_of, np.array(values).T)) if values else None  # type: ignore[return-value]


def _refuse_unlike(one: Document, other: Document, names: Sequence[str]) -> None:
    unlike = {}
    for name in names:
        first, second = (_signature(document, name) for document in (one, other))
        if fields := differing(first, second):
            unlike[name] = ", ".join(f"{field} {first.get(field)} against {second.get(field)}" for field in fields)
    if unlike:
        name, how = next(iter(unlike.items()))
        others = f" ({len(unlike)} of {len(names)} scores differ like this)" if len(unlike) > 1 else ""
        raise JaxevalError(
            f"Expected scores of one signature, found {name} with {how}{others}. Score both under one protocol, with "
            "the same weights and version, or choose scores that agree with --scores."
        )


def _signature(document: Document, name: str) -> Mapping[str, str]:
    """A score's signature by its fields; one that can't be read agrees with none but the same text."""
    text = document.signatures.get(name, SignatureTexts()).long
    try:
        return fields_of(text)
    except ValueError:
        return {"signature": text}
