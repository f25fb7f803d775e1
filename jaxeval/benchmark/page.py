"""The benchmark's page: one HTML file with the leaderboard, what differs, the figures, and each number's clips."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from jaxeval.benchmark.board import Board
from jaxeval.benchmark.columns import grouped, headline, place_name, places
from jaxeval.benchmark.leaderboard import leaderboard
from jaxeval.benchmark.losses import failures_of, missing_of
from jaxeval.benchmark.page_data import Clips, board_json, packs
from jaxeval.benchmark.worst import worst_clips
from jaxeval.files import atomic_file
from jaxeval.protocol import PROTOCOLS
from jaxeval.report.environment import page_environment
from jaxeval.report.figures import data_uri
from jaxeval.results.record import ClipRecord

_COLUMN = 360
"""Points; a figure that is wider is set across two columns."""


def write_page(
    path: Path,
    board: Board,
    rows: pl.DataFrame,
    *,
    figures: Mapping[str, bytes],
    clip: Callable[[str, str, str], ClipRecord | None],
    videos: Callable[[str, str, str], tuple[str | None, str | None]],
    provenance: Mapping[str, Any],
    title: str,
) -> None:
    """Write one self-contained HTML page about a benchmark; no script or resource from elsewhere is needed.

    The file appears whole or not at all. Two builds from the same arguments are equal byte for byte.

    Args:
        path: the file to write; its folder exists.
        board: what was found.
        rows: what it was found from, with the columns of a `jaxeval.benchmark.shards.Row`.
        figures: caption to SVG file, in the page's order.
        clip: gives a clip of a method, a dataset and an id with its filmstrips; None if it is no longer known.
        videos: gives the paths of the same clip's video and of its reference's, relative to the page's folder or as
            a web address; None for one that isn't there.
        provenance: how the numbers were made; under "weights" the SHA-256 of each encoder's.
        title: the page's heading, plain text.

    Raises:
        JaxevalError: the file can't be written.
    """
    fps = PROTOCOLS[board.bench.protocol].fps
    shown = headline(board)
    context = {
        "title": title,
        "board": board,
        "failed": sum(sum(reasons.values()) for reasons in board.failures.values()),
        "place": place_name(places(board)[0]),
        "columns": shown,
        "table": leaderboard(board, places(board)[0], shown),
        "agreements": _agreements(board),
        "figures": [(caption, data_uri("image/svg+xml", svg), _is_wide(svg)) for caption, svg in figures.items()],
        "failures": failures_of(board, rows),
        "missing": missing_of(board, rows),
        "worst": worst_clips(board, rows, shown, clip=clip, videos=videos, fps=fps),
        "groups": grouped(board.scores),
        "digests": {score.name: _digests(board.signatures.get(score.name, ()), provenance) for score in board.scores},
        "provenance": provenance,
        "board_json": board_json(board),
        "packs": packs(board, Clips(board, rows)),
    }
    environment = page_environment("jaxeval.benchmark", "jaxeval.report")
    with atomic_file(Path(path)) as file:
        file.writelines(part.encode() for part in environment.get_template("bench.html.j2").generate(context))


def _is_wide(svg: bytes) -> bool:
    """Whether a figure fills both columns of a paper."""
    width = re.search(rb'<svg[^>]*? width="([\d.]+)', svg)
    return bool(width and float(width[1]) > _COLUMN)


def _agreements(board: Board) -> list[tuple[Any, Any]]:
    """Headline scores, each with its contest, on all datasets or the only one."""
    place = places(board)[0]
    return [(s, board.contests[place, s.name]) for s in headline(board) if (place, s.name) in board.contests]


def _digests(signatures: Sequence[str], provenance: Mapping[str, Any]) -> dict[str, str]:
    """The whole digests of the weights that signatures name by eight digits."""
    weights = provenance.get("weights")
    known = weights if isinstance(weights, Mapping) else {}
    told = "|".join(signatures)
    return {name: str(digest) for name, digest in known.items() if f"{name}#" in told}
