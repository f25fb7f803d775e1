"""Scores of all of a method's clips on a dataset, such as Fréchet distances: from the records' features, once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from jaxeval.benchmark.board import ALL, Board, Standing
from jaxeval.benchmark.ranking import ranks
from jaxeval.benchmark.run import settings_of
from jaxeval.benchmark.units import Plan
from jaxeval.files import atomic_file
from jaxeval.results.metric import Better
from jaxeval.results.store import ClipStore, digest_of
from jaxeval.scoring.sets import Sets, set_metrics

KEPT = "sets.json"
"""What was computed before, in the folder of the run."""

Found = Mapping[str, tuple[float | None, int]]
"""Set score to its value and the number of its clips."""


def set_scores(folder: Path, plan: Plan, keys: Mapping[tuple[str, str, str], str]) -> dict[tuple[str, str], Found]:
    """Every method's set scores on every dataset.

    Args:
        folder: the run's.
        plan: what it works on.
        keys: method, dataset and clip to the key of its record.

    Returns:
        Method and dataset to what was found.

    Raises:
        JaxevalError: what was found can't be kept.
    """
    known = _kept(folder / KEPT)
    found: dict[tuple[str, str], Found] = {}
    fresh = {}
    for method in (each.name for each in plan.bench.methods):
        for dataset, clips in plan.clips.items():
            own = {clip.id: key for clip in clips if (key := keys.get((method, dataset, clip.id)))}
            digest = digest_of([method, dataset, own])
            fresh[digest] = known.get(digest) or _computed(folder, plan, method, dataset, own)
            found[method, dataset] = {name: (value, count) for name, (value, count) in fresh[digest].items()}
    with atomic_file(folder / KEPT) as file:
        file.write(json.dumps(fresh).encode())
    return found


def _kept(path: Path) -> dict[str, dict[str, tuple[float | None, int]]]:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _computed(folder: Path, plan: Plan, method: str, dataset: str, keys: Mapping[str, str]) -> Found:
    store, sets = ClipStore(folder / "clips"), Sets(set_metrics(settings_of(plan.bench).selection))
    for clip, key in keys.items():
        record = store.recall(f"{method}/{dataset}/{clip}", key)
        if record and record.status == "ok" and record.features:
            sets.add(record.features, clip)
    return {name: (entry.mean, entry.n) for name, entry in sets.summary(len(keys)).items()}


def with_set_scores(board: Board, found: Mapping[tuple[str, str], Found]) -> Board:
    """A board with the scores of whole sets, as far as any method has them; nothing is known of their spread."""
    known = settings_of(board.bench).selection.known
    names = [name for name in known if any(own.get(name, (None, 0))[0] is not None for own in found.values())]
    standings = dict(board.standings)
    for name in names:
        for dataset, clips in {**board.clips, ALL: sum(board.clips.values())}.items():
            told = [_told(found, method.name, name, dataset, board) for method in board.bench.methods]
            places = _ranks([value for value, _ in told], known[name].better)
            for method, (value, count), rank in zip(board.bench.methods, told, places, strict=True):
                standings[method.name, dataset, name] = Standing(value, None, count, clips, rank, rank)
    signatures = dict(board.signatures) | dict.fromkeys(names, ())
    scores = (*board.scores, *(known[name] for name in names))
    return replace(board, scores=scores, standings=standings, signatures=signatures)


def _told(
    found: Mapping[tuple[str, str], Found], method: str, name: str, dataset: str, board: Board
) -> tuple[float | None, int]:
    """A method's set score on one dataset, or the mean of all datasets', and of how many clips it is."""
    if dataset != ALL:
        return found[method, dataset][name]
    own = [found[method, each][name] for each in board.clips]
    values = [value for value, _ in own if value is not None]
    return float(np.mean(values)) if values else None, sum(count for _, count in own)


def _ranks(told: Sequence[float | None], better: Better) -> list[float | None]:
    values = np.array([np.nan if value is None else value for value in told])
    known = ~np.isnan(values)
    places: list[float | None] = [None] * len(told)
    if better and known.any():
        for place, rank in zip(np.flatnonzero(known), ranks(values[known, None], better)[:, 0], strict=True):
            places[place] = float(rank)
    return places
