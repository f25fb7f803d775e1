"""What was lost on the way: clips that failed and scores that are missing, by reason and method."""

from collections.abc import Iterable, Mapping

import polars as pl

from jaxeval.benchmark.board import Board

_MOST_REASONS = 40
_MOST_SCORES = 6


def failures_of(board: Board, rows: pl.DataFrame) -> dict[str, list[int]]:
    """Reasons why clips failed, the most frequent first, each with its count for every method.

    Args:
        board: what was found.
        rows: what it was found from.

    Returns:
        Reasons, with "…" where they name their clip; of more than 40 the others together as the last.
    """
    failed = rows.filter(pl.col("score") == "").select("method", "dataset", "id", "reason")
    return _counted(
        board, ((method, dataset, id_, _plain(reason, id_)) for method, dataset, id_, reason in failed.rows())
    )


def missing_of(board: Board, rows: pl.DataFrame) -> dict[str, list[int]]:
    """Reasons why scores are missing, with which, and how many clips of each method lack one for it.

    Args:
        board: what was found.
        rows: what it was found from.

    Returns:
        As of `failures_of`.
    """
    lost = rows.filter((pl.col("score") != "") & pl.col("value").is_finite().not_().fill_null(True))
    clips = lost.group_by("method", "dataset", "id", "reason").agg(pl.col("score").unique())
    told = [(*key, _plain(reason, key[-1]), scores) for *key, reason, scores in clips.rows()]
    names: dict[str, set[str]] = {}
    for *_, reason, scores in told:
        names.setdefault(reason, set()).update(scores)
    order = {score.name: number for number, score in enumerate(board.scores)}
    words = {
        reason: _words(reason, sorted(scores, key=lambda name: (order.get(name, len(order)), name)))
        for reason, scores in names.items()
    }
    return _counted(board, ((*key, words[reason]) for *key, reason, _ in told))


def _plain(reason: str, id_: str) -> str:
    """A reason that doesn't name its clip, so that all clips with it count together."""
    return (reason.replace(id_, "…") if id_ else reason) or "no reason was recorded"


def _words(reason: str, scores: list[str]) -> str:
    """A reason with the scores that it explains."""
    more = f" and {len(scores) - _MOST_SCORES} more" if len(scores) > _MOST_SCORES else ""
    return f"{reason} ({', '.join(scores[:_MOST_SCORES])}{more})"


def _counted(board: Board, told: Iterable[tuple[str, ...]]) -> dict[str, list[int]]:
    """For each reason how many clips every method has; told are methods, datasets, ids and reasons."""
    numbers = {method.name: number for number, method in enumerate(board.bench.methods)}
    counts: dict[str, list[int]] = {}
    for method, *_, reason in set(told):
        if method in numbers:
            counts.setdefault(reason, [0] * len(numbers))[numbers[method]] += 1
    return _shortened(counts)


def _shortened(counts: Mapping[str, list[int]]) -> dict[str, list[int]]:
    """The most frequent reasons, and the sum of the others."""
    ordered = sorted(counts.items(), key=lambda item: (-sum(item[1]), item[0]))
    shown, others = dict(ordered[:_MOST_REASONS]), ordered[_MOST_REASONS:]
    if others:
        shown[f"{len(others)} other reasons"] = [sum(part) for part in zip(*(each for _, each in others), strict=True)]
    return shown
