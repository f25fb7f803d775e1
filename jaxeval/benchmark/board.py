"""What a benchmark found, in numbers: every method's standing by every score, on each dataset and on all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jaxeval.benchmark.plan import Bench
from jaxeval.benchmark.ranking import Agreement
from jaxeval.results.score import Score

ALL = ""
"""In the place of a dataset's name: all of them, each of equal weight."""


@dataclass(frozen=True)
class Standing:
    """One method by one score, on one dataset or on all.

    Attributes:
        mean: over the clips that have the score; on all datasets the mean of the datasets' means. None without any.
        interval: of the mean, at the benchmark's level: a bootstrap that resamples persons with all their clips; None
            for fewer than 2 persons on any dataset that has the score.
        n: clips that have the score.
        of: clips that there are.
        rank: of the mean among the methods that have one, 1 for the best, ties shared; None without a mean, or if
            neither direction is better.
        worst_rank: the same if every clip without the score, whatever the reason, counts as the worst that any method
            has on the dataset.
        verdict: "best" by the mean, or "tied" if the paired test against the best one finds no difference after Holm's
            correction over all pairs of methods, since the data say which is best; "" otherwise.
    """

    mean: float | None
    interval: tuple[float, float] | None
    n: int
    of: int
    rank: float | None = None
    worst_rank: float | None = None
    verdict: Literal["best", "tied", ""] = ""


@dataclass(frozen=True)
class Contest:
    """All methods against each other by one score, on one dataset or on all.

    Attributes:
        difference: `[M, M]` mean over the common clips of row's minus column's; NaN without any.
        p: `[M, M]` of the paired test, which flips the signs of persons' sums, Holm-corrected over all pairs of
            methods; NaN without common clips.
        needed: `[M, M]` how many clips, of as many a person as here, would tell the two apart at the variance seen, if
            the level is shared by all pairs (Bonferroni); NaN where none would.
        agreement: Friedman's test over persons' means of the clips that all methods have, on all datasets over the
            datasets' means, with the mean ranks; methods without any number take no part, and their rank is NaN.
        critical: the critical difference of mean ranks (Nemenyi); NaN for fewer than 2 methods or blocks.
        groups: sets of methods that it can't tell apart, see `jaxeval.benchmark.ranking.groups`.
    """

    difference: np.ndarray
    p: np.ndarray
    needed: np.ndarray
    agreement: Agreement
    critical: float
    groups: list[tuple[int, ...]]


@dataclass(frozen=True)
class Board:
    """Everything that tables and figures show.

    Attributes:
        bench: what was compared; methods are numbered in its order.
        scores: those that any clip has, in the order of the tables.
        standings: (method, dataset, score) to standing; the dataset may be `ALL`.
        contests: (dataset, score) to contest, for scores with a better end; the dataset may be `ALL`.
        spearman: `[S, S]` rank correlation between scores, over the methods' means on each dataset; NaN where fewer
            than 3 are common. Every score is turned so that high is good where it has a better end.
        failures: method to reason to how many clips failed for it.
        clips: dataset to the number of its clips.
        signatures: score to its short signatures, more than one if clips were scored in different ways.
    """

    bench: Bench
    scores: tuple[Score, ...]
    standings: Mapping[tuple[str, str, str], Standing]
    contests: Mapping[tuple[str, str], Contest]
    spearman: np.ndarray
    failures: Mapping[str, Mapping[str, int]]
    clips: Mapping[str, int]
    signatures: Mapping[str, tuple[str, ...]]
