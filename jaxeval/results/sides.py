"""One of two runs that are compared: its numbers, and why it lacks others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from jaxeval.results.document import Document, Row
from jaxeval.results.finite import finite_number, finite_scores
from jaxeval.results.summary import mean_of

_REASONS_SHOWN = 2


@dataclass(frozen=True)
class Side:
    """One run.

    Attributes:
        name: "first" or "second".
        clips: id to row; its scores are finite.
        means: of the summary, by name; None where there is none.
        unset: name to the reason why the whole set lacks a number.
    """

    name: str
    clips: Mapping[str, Row]
    means: Mapping[str, float | None]
    unset: Mapping[str, str]

    def mean(self, score: str, ids: Sequence[str]) -> float | None:
        """Of those of the clips that have the score."""
        values = [self.clips[id_].scores[score] for id_ in ids if score in self.clips[id_].scores]
        return mean_of(np.array(values)) if values else None

    def reasons(self, score: str, ids: Sequence[str]) -> str:
        """Why the clips, or the whole set, lack a score: the commonest reasons."""
        if score in self.unset:
            return self.unset[score]
        rows = [self.clips[id_] for id_ in ids if score not in self.clips[id_].scores]
        reasons = Counter(row.missing.get(score, _unscored(row)) for row in rows)
        shown = [f"{reason} ({count} of {len(ids)} clips)" for reason, count in reasons.most_common(_REASONS_SHOWN)]
        left = len(reasons) - len(shown)
        return ", ".join(shown) + (f", and {left} more reasons" if left else "")


def _unscored(row: Row) -> str:
    return f"failed: {row.reason}" if row.status == "failed" else "not scored"


def side_of(document: Document, name: str) -> Side:
    """A run's document as one side; numbers that aren't finite, as others may have written them, are missing.

    Example:
        >>> rows = (Row(id="a", scores={"l1": float("nan")}),)
        >>> side_of(Document(clips=rows, summary={}), "first").clips["a"].missing
        {'l1': 'no finite number: the computation gave nan'}
    """
    clips = {}
    for row in document.clips:
        scores, missing = finite_scores(row.scores, row.missing)
        clips[row.id] = msgspec.structs.replace(row, scores=scores, missing=missing)
    means = {score: finite_number(entry.mean) for score, entry in document.summary.items()}
    unset = {score: detail.reason for score, detail in document.details.items() if detail.reason}
    return Side(name, clips, means, unset)


def lacking(score: str, sides: Sequence[Side], means: Sequence[float | None], ids: Sequence[str]) -> str:
    """Which of two runs lacks a score, and why.

    Args:
        score: its name.
        sides: both runs.
        means: of the score in each; None where it is missing.
        ids: of the clips that are in both runs.

    Returns:
        One line.
    """
    why = [f"{side.name}: {side.reasons(score, ids)}" for side in sides]
    without = [number for number, mean in enumerate(means) if mean is None]
    if len(without) == 1:
        return f"missing in the {why[without[0]].replace(':', ' run:', 1)}"
    where = "missing in both runs" if without else "no clip has it in both runs"
    return f"{where}; {'; '.join(why)}"
