"""A benchmark at full size, rehearsed on made-up rows: 20 methods, 7 datasets, 600 clips, the scores of jaxeval-v1.

The rows of `rehearsal_rows.py` go through the store as a run writes them, one shard for a reference with all methods,
and become a board. Printed are how long each takes and the peak of memory; and by the distance between two methods'
abilities, in standard deviations of a score, how often the paired tests tell them apart on a dataset and on all, over
all scores. Equal methods should hardly ever be, methods half a standard deviation apart always, on all datasets.

    python benchmarks/rehearsal.py [FOLDER] [--simulate N]

FOLDER keeps the shards. With `--simulate 200` 200 benchmarks are drawn of three scores (normal, lognormal, bounded),
and checked for each score on each dataset, and on all:

    wrong     in how many benchmarks any two equal methods are told apart, or any two the wrong way round: at most 5 %
              over all rows, and in no row so many more that chance doesn't explain it (binomial test, p < 0.01)
    lost      in how many a method that is the best in truth is neither "best" nor "tied": at most 5 %
    coverage  how many intervals hold the true mean: 95 ± 2 %. Methods share their persons, so that fewer than 200
              benchmarks leave more to chance than that

The exit code is 1 if a check fails.
"""

import argparse
import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from rehearsal_rows import DATASETS, METHODS, ability, bench, rows, scores, true_means
from scipy import stats

from jaxeval.benchmark.board import ALL, Board
from jaxeval.benchmark.shards import Row, Shards
from jaxeval.benchmark.standings import board
from jaxeval.results.score import Score

LEVEL = 0.05
SIMULATED = ("psnr", "ssim", "lpips")
FAR = 0.5
"""How far apart methods are that must be told apart on all datasets, in standard deviations."""
LEAST_POWER = 0.95


def store(told: pl.DataFrame, folder: Path) -> Shards:
    """Write rows as a run does."""
    shards = Shards(folder)
    for (dataset, clip), unit in told.partition_by("dataset", "id", as_dict=True).items():
        of_methods = unit.partition_by("method", as_dict=True).items()
        shards.write(f"{dataset}/{clip}", {name: [Row(*row) for row in own.iter_rows()] for (name,), own in of_methods})
    return shards


def gaps(found: Board, place: str) -> Iterator[tuple[Score, np.ndarray, np.ndarray]]:
    """For each score with a better end: how much better row is than column, and whether the test says so."""
    for score in found.scores:
        contest = found.contests.get((place, score.name))
        if contest is not None and not np.isnan(contest.p).all():
            better = contest.difference * (-1 if score.better == "↓" else 1)
            truth = ability(score)
            yield score, truth[:, None] - truth, (contest.p < LEVEL) & (better > 0)


def power(found: list[Board]) -> bool:
    """Print how often methods are told apart; whether those that are far apart are."""
    single = [pair for one in found for place in DATASETS for _, *pair in gaps(one, place)]
    overall = [pair for one in found for _, *pair in gaps(one, ALL)]
    print(f"\n{'apart by':>10} {'on one dataset':>15} {'on all':>8}")
    for low, high in itertools.pairwise((0.125, 0.375, 0.625, 0.875, np.inf)):
        one, every = (share([told[(low < gap) & (gap < high)] for gap, told in pairs]) for pairs in (single, overall))
        print(f"{'≥ ' if high == np.inf else ''}{low + 0.125:.2f}".rjust(10) + f" {one:15.1%} {every:8.1%}")
    reached = min(share([told[gap > FAR - 0.01]]) for gap, told in overall if (gap > FAR - 0.01).any())
    print(f"On all datasets at least {reached:.1%} of methods {FAR} or more apart are told apart, by any score.")
    return reached >= LEAST_POWER


def share(parts: Iterable[ArrayLike]) -> float:
    return float(np.concatenate(list(parts)).mean())


def is_wrong(found: Board, place: str) -> dict[str, bool]:
    """Score to whether any two equal methods are told apart, or any two the wrong way round."""
    return {score.name: bool(told[gap < 0.01].any()) for score, gap, told in gaps(found, place)}


def loses_best(found: Board, score: Score, place: str) -> bool:
    truth = ability(score)
    best = [name for name, each in zip(METHODS, truth, strict=True) if each == truth.max()]
    return any(found.standings[name, place, score.name].verdict == "" for name in best)


def covered(found: Board, score: Score, place: str) -> list[bool]:
    """Whether each method's interval holds its true mean."""
    having = [place] if place else [name for name in DATASETS if found.standings["Ditto", name, score.name].n]
    truth = np.mean([true_means(score, name) for name in having], axis=0)
    told = [found.standings[name, place, score.name].interval for name in METHODS]
    return [ends[0] <= mean <= ends[1] for ends, mean in zip(told, truth, strict=True) if ends is not None]


def rehearse(folder: Path) -> bool:
    """One benchmark at full size."""
    told = rows(0)
    start = time.perf_counter()
    shards = store(told, folder)
    print(f"{len(told)} rows, {len(scores())} scores. Written in {time.perf_counter() - start:.1f} s", end=", ")
    del told
    start = time.perf_counter()
    table = shards.table()
    before = time.perf_counter()
    found = board(table, bench())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"read in {before - start:.1f} s, board in {time.perf_counter() - before:.1f} s; peak memory {peak:.2f} GB.")
    families = [wrong for place in (*DATASETS, ALL) for wrong in is_wrong(found, place).values()]
    print(f"Equal methods, or any the wrong way round, are told apart in {sum(families)} of {len(families)} contests.")
    good = power([found])
    return good and share([families]) <= LEVEL


def simulate(count: int) -> bool:
    """Many benchmarks of a few scores."""
    start, found = time.perf_counter(), [board(rows(seed, SIMULATED), bench()) for seed in range(1, count + 1)]
    print(f"\n{count} benchmarks in {time.perf_counter() - start:.0f} s")
    print(f"{'dataset':>12} {'score':>8} {'wrong':>7} {'lost':>7} {'coverage':>9}")
    good, every = True, []
    for place in (*DATASETS, ALL):
        for score in scores(SIMULATED):
            if not covered(found[0], score, place):
                continue
            wrong = [is_wrong(each, place)[score.name] for each in found]
            every += wrong
            lost = np.mean([loses_best(each, score, place) for each in found])
            coverage = np.mean([hit for each in found for hit in covered(each, score, place)])
            is_chance = stats.binomtest(sum(wrong), count, LEVEL, alternative="greater").pvalue >= 0.01
            fits = bool(is_chance and lost <= LEVEL and 0.93 <= coverage <= 0.97)
            good &= fits
            row = f"{place or 'all':>12} {score.name:>8} {np.mean(wrong):7.1%} {lost:7.1%} {coverage:9.1%}"
            print(row if fits else f"{row}  NO")
    print(f"Wrong over all rows: {np.mean(every):.1%}.")
    return power(found) and good and share([every]) <= LEVEL


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, help="keeps the shards")
    parser.add_argument("--simulate", type=int, default=0, metavar="N", help="draw N benchmarks too")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        good = rehearse(told.folder or Path(spare))
    good &= not told.simulate or simulate(told.simulate)
    print("\nAll checks hold." if good else "\nA check FAILED.")
    sys.exit(not good)


if __name__ == "__main__":
    main()
