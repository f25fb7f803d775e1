"""What tables and page show of a board: which scores, on which datasets, and who is the best beyond doubt."""

from collections.abc import Iterable

import numpy as np

from jaxeval.benchmark.board import ALL, Board
from jaxeval.benchmark.plan import Method
from jaxeval.results.definitions import GROUPS, METRICS
from jaxeval.results.score import Score

_HEADLINES = 12
_RANKS = {value.name: value.rank for metric in METRICS for value in metric.values if value.rank and value.better}
_GLANCE = {metric.name for metric in METRICS if metric.glance}


def headline(board: Board) -> list[Score]:
    """The dozen scores that come first in the catalogue, with what alignment leaves of those that open a report.

    Args:
        board: what was found.

    Returns:
        Scores with a better end, the first of the catalogue first, each aligned one with its lag behind it. If none of
        them is known, all that the board has.
    """
    ranked = sorted((score for score in board.scores if score.name in _RANKS), key=lambda score: _RANKS[score.name])
    chosen: list[str] = []
    for score in ranked:
        left = (
            each.name
            for each in board.scores
            if score.metric in _GLANCE and each.form == "div" and each.metric == score.metric
        )
        chosen += [score.name, *left]
    return with_lags(board, chosen[:_HEADLINES] or [score.name for score in board.scores])


def with_lags(board: Board, chosen: Iterable[str]) -> list[Score]:
    """Chosen scores, with the lag behind the last aligned one of each metric: none stands without what it forgave.

    Args:
        board: what was found.
        chosen: their names; those that no clip has are passed over.

    Returns:
        The scores, each once.
    """
    known = {score.name: score for score in board.scores}
    wanted = [known[name] for name in dict.fromkeys(chosen) if name in known]
    last = {score.metric: score for score in wanted if score.is_aligned}
    columns: list[Score] = []
    for score in wanted:
        lag = lag_of(board, score) if last.get(score.metric) is score else None
        columns += [score, lag] if lag else [score]
    return list(dict.fromkeys(columns))


def lag_of(board: Board, score: Score) -> Score | None:
    """The lag that an aligned score forgave; None for any other score."""
    same = (each for each in board.scores if score.is_aligned and each.metric == score.metric)
    return next((each for each in same if each.form == "lag"), None)


def grouped(scores: Iterable[Score]) -> dict[str, list[Score]]:
    """Scores under their headings."""
    groups: dict[str, list[Score]] = {}
    for score in scores:
        groups.setdefault(GROUPS.get(score.group, score.group), []).append(score)
    return groups


def by_paradigm(board: Board) -> dict[str, list[Method]]:
    """Methods under their paradigms, in the benchmark's order."""
    paradigms: dict[str, list[Method]] = {}
    for method in board.bench.methods:
        paradigms.setdefault(method.paradigm, []).append(method)
    return paradigms


def places(board: Board) -> list[str]:
    """All datasets together, if there are several, then each."""
    names = [dataset.name for dataset in board.bench.datasets]
    return [ALL, *names] if len(names) > 1 else names


def place_name(dataset: str) -> str:
    """A dataset's name, or what all together are called: no dataset's name has a space."""
    return dataset or "all datasets"


def best_alone(board: Board, dataset: str, score: str) -> str | None:
    """The method that is significantly better than every other one.

    Args:
        board: what was found.
        dataset: its name, or `ALL`.
        score: its name.

    Returns:
        Its name; None if another one is as good, can't be told from it, or wasn't compared with it.
    """
    names = [method.name for method in board.bench.methods]
    told = {k: board.standings.get((name, dataset, score)) for k, name in enumerate(names)}
    verdicts = {k: each.verdict for k, each in told.items() if each and each.mean is not None}
    best = [k for k, verdict in verdicts.items() if verdict == "best"]
    contest = board.contests.get((dataset, score))
    if len(best) != 1 or len(verdicts) < 2 or contest is None or "tied" in verdicts.values():
        return None
    tested = [not np.isnan(contest.p[best[0], k]) for k in verdicts if k != best[0]]
    return names[best[0]] if all(tested) else None
