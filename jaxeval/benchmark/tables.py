"""The leaderboard as CSV, for reading on, and as Markdown, for a README."""

import csv
import io
import re

from jaxeval.benchmark.board import Board, Standing
from jaxeval.benchmark.columns import best_alone, headline, place_name, places
from jaxeval.results.formatting import format_value
from jaxeval.results.score import Score

_FIELDS = (
    "method", "dataset", "score", "mean", "low", "high", "n", "of", "rank", "worst_rank", "verdict", "signature",
)  # fmt: skip
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&])")


def leaderboard_csv(board: Board) -> str:
    """Every standing: one line a method, dataset and score.

    Args:
        board: what was found.

    Returns:
        CSV with a head; numbers in full, "all datasets" for all of them together, an empty field for what there isn't.

    Example:
        >>> import polars as pl
        >>> from jaxeval.benchmark.plan import Bench, Dataset, Method
        >>> from jaxeval.benchmark.standings import board
        >>> bench = Bench([Method("a", "a/{id}.mp4")], [Dataset("wild", "wild")])
        >>> keys = ["method", "dataset", "id", "identity", "score", "value", "reason", "signature"]
        >>> rows = pl.DataFrame([["a", "wild", "1", "", "l1", 0.5, "", "l1|v:1"]], schema=keys, orient="row")
        >>> print(leaderboard_csv(board(rows, bench)).splitlines()[1])
        a,wild,l1,0.5,,,1,1,1.0,1.0,best,l1|v:1
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_FIELDS)
    for dataset in places(board):
        for method in board.bench.methods:
            for score in board.scores:
                if told := board.standings.get((method.name, dataset, score.name)):
                    signature = "; ".join(board.signatures.get(score.name, ()))
                    name = (method.name, place_name(dataset), score.name)
                    writer.writerow((*name, *_numbers(told), told.verdict, signature))
    return text.getvalue()


def _numbers(told: Standing) -> tuple[float | int | None, ...]:
    return (told.mean, *(told.interval or (None, None)), told.n, told.of, told.rank, told.worst_rank)


def leaderboard_markdown(board: Board) -> str:
    """The headline scores on all datasets, as GitHub shows a table.

    Args:
        board: what was found.

    Returns:
        A table with one line a method and a line below that explains it.
    """
    place, columns = places(board)[0], headline(board)
    heads = ["method", "year", *(heading(score) for score in columns)]
    alone = {score.name: best_alone(board, place, score.name) for score in columns}
    lines = [_line([_plain(head) for head in heads]), _line([":--", "--:", *["--:"] * len(columns)])]
    for method in board.bench.methods:
        cells = [_plain(method.name), str(method.year or "")]
        for score in columns:
            told = board.standings.get((method.name, place, score.name))
            cells.append(_cell(score, told, bold=alone[score.name] == method.name))
        lines.append(_line(cells))
    level = f"{100 * board.bench.statistics.level:g} %"
    note = (
        f"Means on {_plain(place_name(place))} with their {level} intervals. Bold: significantly better than every "
        "other method. k/n: k of n clips have the score. A lag is positive where the generated clip is late."
    )
    return "\n".join([*lines, "", note, ""])


def heading(score: Score) -> str:
    """A column's: label, unit and which end is better."""
    return " ".join(filter(None, (score.label, score.unit, score.better)))


def _cell(score: Score, told: Standing | None, *, bold: bool) -> str:
    if told is None or told.mean is None:
        return "–"
    text = format_value(score, told.mean)
    parts = [f"**{text}**" if bold else text]
    if told.interval:
        low, high = (format_value(score, limit) for limit in told.interval)
        parts.append(f"<sub>[{low}, {high}]</sub>")
    return " ".join(parts + [f"<sup>{told.n}/{told.of}</sup>"] * (told.n < told.of))


def _plain(text: str) -> str:
    """Text without a meaning of its own in a Markdown table."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
