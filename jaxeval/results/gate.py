"""Did a score get significantly worse: the verdict by which a new run passes or fails."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxeval.errors import JaxevalError, nearest
from jaxeval.results.compare import Difference
from jaxeval.results.formatting import format_value


@dataclass(frozen=True)
class Gate:
    """What became of the scores that were named.

    Attributes:
        worse: those that are significantly worse in the second run.
        unjudged: those of which it can't be told: untested, too few clips, no better end, or flagged timing.
    """

    worse: list[Difference]
    unjudged: list[Difference]

    @property
    def exit_code(self) -> int:
        """1 if any is worse; else 2 if any can't be judged, so that a gate that can't fail doesn't pass; else 0."""
        return 1 if self.worse else 2 if self.unjudged else 0

    def lines(self) -> list[str]:
        """A line for each of both kinds."""
        return [*map(_worse, self.worse), *(f"{row.score.name}: can't be judged: {_why(row)}" for row in self.unjudged)]


def gate(rows: Sequence[Difference], names: Sequence[str]) -> Gate:
    """Judge some scores of a comparison.

    Args:
        rows: the comparison; p is corrected for all of them.
        names: of the scores to judge.

    Raises:
        JaxevalError: a name isn't among the rows.
    """
    known = {row.score.name: row for row in rows}
    for name in names:
        if name not in known:
            raise JaxevalError(f"--fail-if-worse: {name} isn't among the compared scores. {nearest(name, known)}")
    chosen = [known[name] for name in dict.fromkeys(names)]
    worse = [row for row in chosen if row.verdict == "first"]
    return Gate(worse, [row for row in chosen if row not in worse and _why(row)])


def _why(row: Difference) -> str:
    """Why a score can't be judged; "" if it can."""
    if row.flagged:
        return f"timing is flagged in {row.flagged} of {row.n} clips; see their lag"
    return row.reason or ("" if row.score.better else "neither direction is better")


def _worse(row: Difference) -> str:
    one, other = (format_value(row.score, value) for value in (row.one or 0.0, row.other or 0.0))
    assert row.difference is not None
    change = format_value(row.score, row.difference)
    unit = f" {row.score.unit}" if row.score.unit else ""
    return f"{row.score.name} is worse: {one} → {other}{unit} ({change}, n = {row.n}, p = {row.p_holm:.2g})"
