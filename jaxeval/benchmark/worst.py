"""The worst clips by the headline scores, with filmstrips and videos to look at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import polars as pl

from jaxeval.benchmark.board import Board
from jaxeval.benchmark.columns import lag_of
from jaxeval.errors import one_line
from jaxeval.report.clips import filmstrips
from jaxeval.results.formatting import format_value
from jaxeval.results.record import ClipRecord
from jaxeval.results.score import Score

CLIPS = 3
"""Of each score."""

Key = tuple[str, str, str]
"""Method, dataset and id."""


@dataclass(frozen=True)
class WorstClip:
    """One of the worst clips by a score.

    Attributes:
        method: its name.
        dataset: its name.
        id: the clip's.
        value: the score's, in words.
        lag: what an aligned score forgave, in words; "" for others.
        anchor: of its pictures in the page.
        film: what `film.html.j2` shows; None for a clip without pictures, or one whose pictures stand further up.
        videos: the generated one's address and the reference's; None for one that isn't there.
        posters: the videos' first frames as `data:` addresses; "" for none.
        lost: why there are no pictures.
        first: whether its pictures stand here.
    """

    method: str
    dataset: str
    id: str
    value: str
    lag: str
    anchor: str
    film: dict[str, Any] | None
    videos: tuple[str | None, str | None]
    posters: tuple[str, str]
    lost: str
    first: bool


def worst_clips(
    board: Board,
    rows: pl.DataFrame,
    scores: Sequence[Score],
    *,
    clip: Callable[[str, str, str], ClipRecord | None],
    videos: Callable[[str, str, str], tuple[str | None, str | None]],
    fps: float,
) -> Iterator[tuple[Score, list[WorstClip]]]:
    """The worst clips of each score with a better end, one a method at most, so that one method doesn't take all.

    Args:
        board: what was found.
        rows: what it was found from.
        scores: which.
        clip: as of `write_page`.
        videos: as of `write_page`.
        fps: frames per second of strips that have none of their own.

    Yields:
        A score with its clips; a clip's pictures are loaded once, when it is first met.
    """
    methods = [method.name for method in board.bench.methods]
    anchors: dict[Key, str] = {}
    for score in scores:
        found = _worst(rows, score, methods) if score.better else []
        shown = []
        for *key, value in found:
            method, dataset, id_ = key
            first = (method, dataset, id_) not in anchors
            anchor = anchors.setdefault((method, dataset, id_), f"clip-{len(anchors)}")
            pictures = (
                _pictures((method, dataset, id_), clip, videos, fps) if first else (None, (None, None), ("", ""), "")
            )
            lag = _lag(board, rows, score, (method, dataset, id_))
            text = f"{format_value(score, value)} {score.unit}".rstrip()
            shown.append(WorstClip(method, dataset, id_, text, lag, anchor, *pictures, first))
        if shown:
            yield score, shown


def _worst(rows: pl.DataFrame, score: Score, methods: Sequence[str]) -> list[tuple[Any, ...]]:
    """Method, dataset, id and value of each method's worst clip, the worst of them first."""
    own = rows.filter((pl.col("score") == score.name) & pl.col("value").is_finite() & pl.col("method").is_in(methods))
    ordered = own.sort("value", "method", "dataset", "id", descending=[score.better == "↓", False, False, False])
    each = ordered.unique("method", keep="first", maintain_order=True)
    return each.head(CLIPS).select("method", "dataset", "id", "value").rows()


def _lag(board: Board, rows: pl.DataFrame, score: Score, key: Key) -> str:
    """What alignment forgave in this clip."""
    if (lag := lag_of(board, score)) is None:
        return ""
    same = dict(zip(("method", "dataset", "id"), key, strict=True))
    found = rows.filter(pl.col("value").is_finite(), score=lag.name, **same)["value"]
    return f"lag {format_value(lag, found[0])} {lag.unit}" if len(found) else "lag unknown"


def _pictures(
    key: Key,
    clip: Callable[[str, str, str], ClipRecord | None],
    videos: Callable[[str, str, str], tuple[str | None, str | None]],
    fps: float,
) -> tuple[dict[str, Any] | None, tuple[str | None, str | None], tuple[str, str], str]:
    """A clip's strips, videos and posters, and why there are none; the others stand where one can't be drawn."""
    try:
        record = clip(*key)
        film = None if record is None else filmstrips(record, record.fps or fps, record.frames)
        lost = "no pictures were kept" if film is None else ""
    except Exception as error:
        film, lost = None, f"no pictures: {one_line(error)}"
    generated, reference = (path and _address(path) for path in videos(*key))
    strips = (film or {}).get("strips", {})
    posters = (strips[side]["thumbnails"][0]["uri"] if side in strips else "" for side in ("generated", "reference"))
    return film, (generated, reference), (next(posters), next(posters)), lost


def _address(path: str) -> str:
    """A path as the page's links need it; a colon in a file's name is no scheme.

    Example:
        >>> _address("../out puts/a#1.mp4"), _address("https://host/a.mp4?x=1")
        ('../out%20puts/a%231.mp4', 'https://host/a.mp4?x=1')
    """
    return quote(path, safe="/:?=&%+~") if path.startswith(("https://", "http://")) else quote(path)
