"""The page's main table as it stands without a script: cells in words, with the place of their bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxeval.benchmark.board import Board, Standing
from jaxeval.benchmark.columns import best_alone
from jaxeval.benchmark.plan import Method
from jaxeval.results.formatting import format_value
from jaxeval.results.score import Score

ALONE, AMONG = "★", "◇"
"""The marks of the best beyond doubt, and of those among whom the best is."""


@dataclass(frozen=True)
class Cell:
    """One method by one score.

    Attributes:
        value: the mean; "–" for none.
        mark: `ALONE`, `AMONG` or "".
        ranks: the plain rank and, where it differs, the worst-case one.
        coverage: "n/of" where clips lack the score, else "".
        few: whether more than a tenth of the clips lack it.
        interval: in words; "" without one.
        bar: where the interval begins and ends and where the mean is, in per cent of the column's range; None for none.
    """

    value: str
    mark: str
    ranks: str
    coverage: str
    few: bool
    interval: str
    bar: tuple[float, float, float] | None


def leaderboard(board: Board, place: str, columns: Sequence[Score]) -> list[tuple[Method, list[Cell]]]:
    """Methods with their cells, the best by the first score first.

    Args:
        board: what was found.
        place: a dataset's name, or `ALL`.
        columns: the scores.
    """
    methods = sorted(board.bench.methods, key=lambda method: _order(board, place, columns, method))
    ends = {score: _range(board, place, score) for score in columns}
    alone = {score: best_alone(board, place, score.name) for score in columns}
    return [
        (
            method,
            [_cell(score, board.standings.get((method.name, place, score.name)), ends[score], alone[score], method.name)
             for score in columns],
        )
        for method in methods
    ]  # fmt: skip


def _order(board: Board, place: str, columns: Sequence[Score], method: Method) -> float:
    """By the first column's mean; without one last."""
    told = board.standings.get((method.name, place, columns[0].name)) if columns else None
    if told is None or told.mean is None:
        return float("inf")
    return -told.mean if columns[0].better == "↑" else told.mean


def _range(board: Board, place: str, score: Score) -> tuple[float, float]:
    """The ends of all methods' intervals and means."""
    told = (board.standings.get((method.name, place, score.name)) for method in board.bench.methods)
    numbers = [
        number for each in told if each and each.mean is not None for number in (each.mean, *(each.interval or ()))
    ]
    return min(numbers, default=0.0), max(numbers, default=0.0)


def _cell(score: Score, told: Standing | None, ends: tuple[float, float], alone: str | None, method: str) -> Cell:
    if told is None:
        return Cell("–", "", "", "", False, "", None)
    coverage, few = f"{told.n}/{told.of}" if told.n < told.of else "", told.n < 0.9 * told.of
    if told.mean is None:
        return Cell("–", "", _ranks(told), coverage, few, "", None)
    low, high = ends
    interval, bar = "", None
    if told.interval:
        interval = " to ".join(format_value(score, limit) for limit in told.interval)
        if high > low:
            first, last, mean = (round(100 * (x - low) / (high - low), 1) for x in (*told.interval, told.mean))
            bar = first, last, mean
    mark = ALONE if alone == method else AMONG if told.verdict else ""
    return Cell(format_value(score, told.mean), mark, _ranks(told), coverage, few, interval, bar)


def _ranks(told: Standing) -> str:
    """Ranks, ties as halves.

    Example:
        >>> _ranks(Standing(0.5, None, 8, 9, rank=1.5, worst_rank=3.0))
        '1.5 → 3'
    """
    plain, worst = ("–" if rank is None else f"{rank:g}" for rank in (told.rank, told.worst_rank))
    return "" if told.rank is None and told.worst_rank is None else plain if plain == worst else f"{plain} → {worst}"
