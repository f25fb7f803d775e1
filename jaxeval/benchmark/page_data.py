"""What the page's script reads: the board as JSON, and each score's clips packed until somebody asks for them."""

import zlib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from jaxeval.benchmark.board import Board, Contest, Standing
from jaxeval.benchmark.columns import best_alone, grouped, headline, lag_of, places
from jaxeval.results.score import Score


def board_json(board: Board) -> str:
    """All standings, and what they are of, for a `script` element: nothing in it can end that."""
    shown = places(board)
    numbers = {score.name: number for number, score in enumerate(board.scores)}
    told = {
        "methods": [[method.name, method.paradigm, method.year] for method in board.bench.methods],
        "places": shown,
        "level": board.bench.statistics.level,
        "scores": [_score(board, score, numbers) for score in board.scores],
        "groups": [[title, [numbers[s.name] for s in members]] for title, members in grouped(board.scores).items()],
        "headline": [numbers[score.name] for score in headline(board)],
        "standings": [[_column(board, place, score) for score in board.scores] for place in shown],
    }
    return msgspec.json.encode(told).decode().replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _score(board: Board, score: Score, numbers: dict[str, int]) -> dict[str, Any]:
    lag = lag_of(board, score)
    return {
        "name": score.name,
        "label": score.label,
        "unit": score.unit,
        "better": score.better,
        "decimals": score.decimals,
        "signed": score.unit.startswith("ms") and score.form != "lag_std",
        "definition": score.definition,
        "lag": None if lag is None else numbers[lag.name],
    }


def _column(board: Board, place: str, score: Score) -> dict[str, Any]:
    """A score's standings, method by method."""
    names = [method.name for method in board.bench.methods]
    told = [_standing(board.standings.get((name, place, score.name))) for name in names]
    alone = best_alone(board, place, score.name)
    return {"alone": None if alone is None else names.index(alone), "of": told}


def _standing(told: Standing | None) -> list[Any] | None:
    if told is None:
        return None
    return [told.mean, *(told.interval or (None, None)), told.n, told.of, told.rank, told.worst_rank, told.verdict]


def packed(told: Any) -> str:
    """JSON, deflated and in base64; `data.js` unpacks it.

    Args:
        told: plain values, or JSON as bytes.
    """
    content = told if isinstance(told, bytes) else msgspec.json.encode(told)
    return b64encode(zlib.compress(content, 9)).decode("ascii")


def contests_of(board: Board, score: Score) -> dict[str, Any]:
    """A score's contests, place by place; of each pair of methods once, row by row of the upper triangle."""
    return {
        str(number): _contest(found)
        for number, place in enumerate(places(board))
        if (found := board.contests.get((place, score.name)))
    }


def _contest(found: Contest) -> dict[str, Any]:
    pairs = np.triu_indices(len(found.p), 1)
    return {
        "p": _rounded(found.p[pairs]),
        "difference": _rounded(found.difference[pairs]),
        "needed": _rounded(found.needed[pairs]),
        "statistic": found.agreement.statistic,
        "chance": found.agreement.p,
        "w": found.agreement.w,
        "blocks": found.agreement.blocks,
        "ranks": _rounded(found.agreement.mean_ranks),
        "critical": found.critical,
        "groups": found.groups,
    }


def _rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.4g}") for value in values.tolist()]


class Clips:
    """Every clip of every method, numbered: method by method, in each the clips by dataset and name.

    Args:
        board: for the order of methods and datasets.
        rows: with the columns of a `jaxeval.benchmark.shards.Row`.
    """

    def __init__(self, board: Board, rows: pl.DataFrame) -> None:
        methods = _numbered("method", [method.name for method in board.bench.methods])
        datasets = _numbered("dataset", [dataset.name for dataset in board.bench.datasets])
        named = rows.lazy().join(datasets, on="dataset").group_by("dataset number", "id").agg(pl.col("identity").max())
        self._clips = named.sort("dataset number", "id").with_row_index("clip").collect()
        self._many = len(board.bench.methods) * len(self._clips)
        where = pl.col("method number") * len(self._clips) + pl.col("clip")
        keys = ["dataset number", "id"]
        placed = rows.lazy().join(methods, on="method").join(datasets, on="dataset").join(self._clips.lazy(), on=keys)
        told = placed.select(where.alias("place"), "score", "value", "reason", "signature").sort("place").collect()
        self._none = told.clear()
        self._scored = {str(name): part for (name,), part in told.partition_by("score", as_dict=True).items()}

    def index(self) -> dict[str, Any]:
        """The clips, and which failed why."""
        return {
            "ids": self._clips["id"].to_list(),
            "identities": self._clips["identity"].to_list(),
            "datasets": self._clips["dataset number"].to_list(),
            "failed": _coded(self._scored.get("", self._none), "reason"),
        }

    def values(self, score: str) -> bytes:
        """A score's numbers, null where a clip has none, with the reasons and the signatures, as JSON.

        Numbers have float32's seven digits: the page shows fewer, and `rows.parquet` has them whole.
        """
        part = self._scored.get(score, self._none).unique("place", keep="last", maintain_order=True)
        short, value = pl.col("value").cast(pl.Float32), pl.col("value")
        text = pl.when(short.is_finite()).then(short.cast(pl.String)).otherwise(value.cast(pl.String))
        known = part.filter(value.is_finite()).select(pl.col("place").cast(pl.UInt32), text.alias("text"))
        every = pl.DataFrame({"place": pl.Series(range(self._many), dtype=pl.UInt32)})
        numbers = every.join(known, on="place", how="left", maintain_order="left")["text"].fill_null("null")
        rest = {
            "missing": _coded(part.filter(value.is_null() | value.is_finite().not_()), "reason"),
            "made": _coded(part.filter(pl.col("signature") != ""), "signature"),
        }
        return b'{"values":[' + ",".join(numbers).encode() + b"]," + msgspec.json.encode(rest)[1:]


def _numbered(column: str, names: Sequence[str]) -> pl.LazyFrame:
    return pl.LazyFrame({column: names, f"{column} number": range(len(names))}, schema_overrides={column: pl.String})


def _coded(part: pl.DataFrame, column: str) -> dict[str, Any]:
    """A column of few different texts: the texts, the places, and which text each has; one for all if it is one."""
    texts = part[column].unique(maintain_order=True).to_list()
    if len(texts) == 1 and column == "signature":
        return {"texts": texts, "places": [], "which": []}
    number = {text: k for k, text in enumerate(texts)}
    return {"texts": texts, "places": part["place"].to_list(), "which": [number[text] for text in part[column]]}


def packs(board: Board, clips: Clips) -> Iterator[tuple[str, str]]:
    """Everything that the page unpacks on demand, by the id of its element."""
    yield "clips", packed(clips.index())
    for number, score in enumerate(board.scores):
        yield f"values-{number}", packed(clips.values(score.name))
        if found := contests_of(board, score):
            yield f"contests-{number}", packed(found)
