"""The rows of a benchmark as arrays: for each dataset scores × methods × clips, the clips sorted by person."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from jaxeval.results.score import Score


@dataclass(frozen=True)
class Cells:
    """All numbers of one dataset.

    Attributes:
        values: `[S, M, N]` float64, NaN where a clip lacks the score.
        starts: `[P]` where each person's clips begin; a clip without an identity is a person of its own.
    """

    values: np.ndarray
    starts: np.ndarray

    def by_person(self, numbers: np.ndarray) -> np.ndarray:
        """Sums over each person's clips, `[..., N]` to `[..., P]`."""
        return np.add.reduceat(numbers, self.starts, axis=-1)


def cells(rows: pl.DataFrame, methods: Sequence[str], datasets: Sequence[str], scores: Sequence[Score]) -> list[Cells]:
    """Each dataset's numbers.

    Args:
        rows: with the columns of a `jaxeval.benchmark.shards.Row`; those of other methods, datasets or scores don't
            count, nor does a number that isn't finite.
        methods: M names.
        datasets: their names.
        scores: S scores.

    Returns:
        For each dataset, in order.

    Example:
        >>> from jaxeval.benchmark.shards import Row
        >>> from jaxeval.results.catalogue import catalogue
        >>> table = pl.DataFrame([Row("m", "wild", "a", "Ann", "l1", 0.5, "", "")], orient="row", schema=Row._fields)
        >>> cells(table, ["m"], ["wild"], [catalogue({})["l1"]])[0].values
        array([[[0.5]]])
    """
    clips = rows.group_by("dataset", "id").agg(pl.col("identity").fill_null("").max()).sort("dataset", "identity", "id")
    codes = _codes("method", methods), _codes("score", [score.name for score in scores])
    clips = clips.with_columns(n=(pl.int_range(pl.len()).over("dataset")))
    table = rows.filter(pl.col("value").is_finite()).select("dataset", "id", *codes, "value")
    known = table.drop_nulls().join(clips.select("dataset", "id", "n"), on=["dataset", "id"], validate="m:1")
    return [_of_dataset(known, clips, name, len(scores), len(methods)) for name in datasets]


def _codes(column: str, names: Sequence[str]) -> pl.Expr:
    return pl.col(column).cast(pl.Enum(names), strict=False).to_physical()


def _of_dataset(known: pl.DataFrame, clips: pl.DataFrame, name: str, scores: int, methods: int) -> Cells:
    here, there = known.filter(dataset=name), clips.filter(dataset=name)
    values = np.full((scores, methods, len(there)), np.nan)
    values[tuple(here[column].to_numpy() for column in ("score", "method", "n"))] = here["value"].to_numpy()
    persons = there["identity"].to_numpy()
    is_new = np.ones(len(there), bool)
    is_new[1:] = (persons[1:] != persons[:-1]) | (persons[1:] == "")
    return Cells(values, np.flatnonzero(is_new))


def units(largest: np.ndarray) -> np.ndarray:
    """Powers of 2 by which numbers are divided so that sums and squares neither overflow nor vanish; none is rounded.

    Args:
        largest: the largest absolute numbers, of any shape.

    Example:
        >>> print(units(np.array([1e308, 5.0, 0.0])))
        [8.98846567e+307 4.00000000e+000 5.00000000e-001]
    """
    return np.ldexp(1.0, np.frexp(largest)[1] - 1)
