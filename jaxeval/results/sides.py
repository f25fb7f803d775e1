"""One of two runs that are compared: its numbers, and why it lacks others."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

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
    clips: Mapping[str, Mapping]
    means: Mapping[str, float | None]
    unset: Mapping[str, str]

    def mean(self, score: str, ids: Sequence[str]) -> float | None:
        """Of those of the clips that have the score."""
        having = [self.clips[id_]["scores"] for id_ in ids if score in self.clips[id_]["scores"]]
        return mean_of(np.array([scores[score] for scores in having])) if having else None

    def reasons(self, score: str, ids: Sequence[str]) -> str:
        """Why the clips, or the whole set, lack a score: the commonest reasons."""
        if score in self.unset:
            return self.unset[score]
        found: Counter[str] = Counter()
        for clip in (self.clips[id_] for id_ in ids):
            if score not in clip["scores"]:
                failed = f"failed: {clip.get('reason')}" if clip.get("status") == "failed" else "not scored"
                found[clip["missing"].get(score, failed)] += 1
        shown = [f"{reason} ({count} of {len(ids)} clips)" for reason, count in found.most_common(_REASONS_SHOWN)]
        left = len(found) - len(shown)
        return ", ".join(shown) + (f", and {left} more reasons" if left else "")


def side_of(document: Mapping, name: str) -> Side:
    """A run's document as one side; numbers that aren't finite, as others may have written them, are missing.

    Example:
        >>> row = {"id": "a", "scores": {"l1": float("nan")}, "missing": {}}
        >>> side_of({"clips": [row], "summary": {}}, "first").clips["a"]["missing"]
        {'l1': 'no finite number: the computation gave nan'}
    """
    clips = {}
    for clip in document["clips"]:
        scores, missing = finite_scores(clip.get("scores", {}), clip.get("missing", {}))
        clips[clip["id"]] = {**clip, "scores": scores, "missing": missing}
    means = {score: finite_number(entry.get("mean")) for score, entry in document["summary"].items()}
    details = document.get("details", {})
    unset = {score: str(detail["reason"]) for score, detail in details.items() if "reason" in detail}
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
