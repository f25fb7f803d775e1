"""Scores of all of a method's clips on a dataset, such as Fréchet distances: from the records' features, once."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from jaxeval.benchmark.board import ALL, Board, Standing
from jaxeval.benchmark.run import settings_of
from jaxeval.benchmark.units import Plan
from jaxeval.files import atomic_file
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
        for method in (each.name for each in board.bench.methods):
            own = {dataset: found[method, dataset][name] for dataset in board.clips}
            values = [value for value, _ in own.values() if value is not None]
            mean = float(np.mean(values)) if values else None
            whole = Standing(mean, None, sum(count for _, count in own.values()), sum(board.clips.values()))
            standings[method, ALL, name] = whole
            for dataset, (value, count) in own.items():
                standings[method, dataset, name] = Standing(value, None, count, board.clips[dataset])
    return replace(board, scores=(*board.scores, *(known[name] for name in names)), standings=standings)
