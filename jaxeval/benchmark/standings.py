"""Rows to a board: each method's mean, interval, rank and verdict by each score, and all methods against each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
from scipy import stats

from jaxeval.benchmark.board import ALL, Board, Contest, Standing
from jaxeval.benchmark.cells import Cells, cells, units
from jaxeval.benchmark.contests import contest
from jaxeval.benchmark.intervals import Means, limits, means, overall
from jaxeval.benchmark.plan import Bench
from jaxeval.benchmark.ranking import ranks
from jaxeval.protocol import PROTOCOLS
from jaxeval.results.metric import Better
from jaxeval.results.score import Score
from jaxeval.results.selection import select

_LEAST_POINTS = 3
_LARGEST = np.finfo(float).max


def board(rows: pl.DataFrame, bench: Bench) -> Board:
    """What a benchmark found.

    Args:
        rows: with the columns of a `jaxeval.benchmark.shards.Row`. A number that isn't finite is a missing one.
        bench: what was compared; rows of other methods or datasets don't count.

    Returns:
        The board.

    Example:
        >>> from jaxeval.benchmark.plan import Dataset, Method
        >>> from jaxeval.benchmark.shards import Row
        >>> bench = Bench([Method("a", "a/{id}.mp4"), Method("b", "b/{id}.mp4")], [Dataset("wild", "wild")])
        >>> told = [Row(m, "wild", f"{n}", "", "l1", n % 3 + (m == "b"), "", "") for m in "ab" for n in range(9)]
        >>> found = board(pl.DataFrame(told, schema=Row._fields, orient="row"), bench)
        >>> found.standings["a", "wild", "l1"].mean, found.standings["b", "wild", "l1"].rank
        (1.0, 2.0)
        >>> found.standings["a", "", "l1"].verdict, found.standings["b", "", "l1"].verdict
        ('best', '')
    """
    methods, datasets = [each.name for each in bench.methods], [each.name for each in bench.datasets]
    rows = rows.filter(pl.col("method").is_in(methods) & pl.col("dataset").is_in(datasets))
    scored = rows.filter(pl.col("value").is_finite() & (pl.col("score") != ""))
    known = select(PROTOCOLS[bench.protocol]).known
    scores = tuple(known.restricted(sorted(scored["score"].unique())).values())
    parts = cells(rows, methods, datasets, scores)
    standings: dict[tuple[str, str, str], Standing] = {}
    contests: dict[tuple[str, str], Contest] = {}
    for number, score in enumerate(scores):
        for name, told, tried in _of_score(parts, number, score.better, bench):
            standings |= {(method, name, score.name): each for method, each in zip(methods, told, strict=True)}
            contests |= {(name, score.name): tried} if tried else {}
    return Board(
        bench,
        scores,
        standings,
        contests,
        _spearman(standings, bench, scores),
        _failures(rows, methods),
        {name: part.values.shape[2] for name, part in zip(datasets, parts, strict=True)},
        _signatures(scored, scores),
    )


def _of_score(
    parts: Sequence[Cells], number: int, better: Better, bench: Bench
) -> Iterator[tuple[str, list[Standing], Contest | None]]:
    """The methods' standings and contest on each dataset, and on all."""
    largest = np.array([np.nanmax(np.abs(part.values[number]), axis=1, initial=0) for part in parts]).max(axis=0)
    own, unit = units(largest), units(largest.max())
    found = [_means(part, part.values[number] / own[:, None], bench, n) for n, part in enumerate(parts)]
    here = [(part, part.values[number] / unit) for part in parts]
    every = list(range(len(parts)))
    for name, chosen in [*((each.name, [n]) for n, each in enumerate(bench.datasets)), (ALL, every)]:
        tried = contest([here[n] for n in chosen], better, _alpha(bench)) if better else None
        told = _standings([found[n] for n in chosen], [here[n][1] for n in chosen], own, better, tried, bench)
        yield name, told, tried and replace(tried, difference=_finite(tried.difference * unit))


def _alpha(bench: Bench) -> float:
    return round(1 - bench.statistics.level, 12)


def _finite(values: np.ndarray) -> np.ndarray:
    """The largest number in place of an infinite one."""
    return np.clip(values, -_LARGEST, _LARGEST)


def _means(part: Cells, values: np.ndarray, bench: Bench, stream: int) -> Means:
    known = ~np.isnan(values)
    sums, counts = part.by_person(np.where(known, values, 0)), part.by_person(known.astype(float))
    return means(sums, counts, bench.statistics, stream)


def _standings(
    found: Sequence[Means],
    values: Sequence[np.ndarray],
    own: np.ndarray,
    better: Better,
    tried: Contest | None,
    bench: Bench,
) -> list[Standing]:
    """Every method's, on one dataset or on several of equal weight."""
    center = _finite(overall(found) * own)
    low, high = _finite(limits(found, bench.statistics.level) * own)
    counts, of = np.sum([each.count for each in found], axis=0), sum(part.shape[1] for part in values)
    taking = ~np.isnan(center)
    plain, worst, verdicts = np.full(len(center), np.nan), np.full(len(center), np.nan), [""] * len(center)
    if tried and taking.any():
        plain[taking] = ranks(center[taking, None], better)[:, 0]
        worst = ranks(_worst_case(values, better)[:, None], better)[:, 0]
        verdicts = _verdicts(plain, tried.p, _alpha(bench))
    return [
        Standing(
            _number(center[m]),
            None if np.isnan(low[m]) else (float(low[m]), float(high[m])),
            int(counts[m]),
            of,
            _number(plain[m]),
            _number(worst[m]),
            verdicts[m],  # type: ignore[arg-type]
        )
        for m in range(len(center))
    ]


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _worst_case(values: Sequence[np.ndarray], better: Better) -> np.ndarray:
    """`[M]` means in which a clip without the score has the worst number of any method on the dataset."""
    having = [part for part in values if not np.isnan(part).all()]
    worst = np.nanmin if better == "↑" else np.nanmax
    return np.mean([np.where(np.isnan(part), worst(part), part).mean(axis=1) for part in having], axis=0)


def _verdicts(plain: np.ndarray, p: np.ndarray, alpha: float) -> list[str]:
    """The best by its mean, and those that no test tells from it."""
    best = int(np.nanargmin(plain))
    told = ["tied" if chance >= alpha else "" for chance in p[best]]
    return ["best" if rank == plain[best] else verdict for rank, verdict in zip(plain, told, strict=True)]


def _spearman(standings: Mapping[tuple[str, str, str], Standing], bench: Bench, scores: Sequence[Score]) -> np.ndarray:
    """Rank correlations between scores over the methods' means on each dataset."""
    places = [(method.name, dataset.name) for dataset in bench.datasets for method in bench.methods]
    told = [[standings[*place, score.name].mean for place in places] for score in scores]
    points = np.array(told, float).reshape(len(scores), len(places))
    points *= np.array([-1.0 if score.better == "↓" else 1.0 for score in scores])[:, None]
    square = np.full((len(scores), len(scores)), np.nan)
    for a in range(len(scores)):
        for b in range(a, len(scores)):
            common = ~np.isnan(points[a]) & ~np.isnan(points[b])
            x, y = points[a, common], points[b, common]
            if len(x) >= _LEAST_POINTS and (x != x[0]).any() and (y != y[0]).any():
                square[a, b] = square[b, a] = stats.spearmanr(x, y).statistic
    return square


def _failures(rows: pl.DataFrame, methods: Sequence[str]) -> dict[str, dict[str, int]]:
    failed = rows.filter(score="").group_by("method", "reason").len().sort("len", "reason", descending=[True, False])
    return {name: dict(failed.filter(method=name).select("reason", "len").iter_rows()) for name in methods}


def _signatures(scored: pl.DataFrame, scores: Sequence[Score]) -> dict[str, tuple[str, ...]]:
    told = scored.filter(pl.col("signature") != "").group_by("score").agg(pl.col("signature").unique().sort())
    found = {name: tuple(signatures) for name, signatures in told.iter_rows()}
    return {score.name: found.get(score.name, ()) for score in scores}
