"""`RUN/report/`: from the rows of a run to its page, tables and figures."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from jaxeval.benchmark.board import ALL, Board, Standing
from jaxeval.benchmark.figures.save import page_figures, write_figures
from jaxeval.benchmark.latex import appendix_latex, leaderboard_latex
from jaxeval.benchmark.page import write_page
from jaxeval.benchmark.remote import Place, is_remote
from jaxeval.benchmark.run import FAILED
from jaxeval.benchmark.set_scores import set_scores, with_set_scores
from jaxeval.benchmark.shards import COLUMNS, Row
from jaxeval.benchmark.standings import board
from jaxeval.benchmark.status import planned_rows, swept_rows
from jaxeval.benchmark.tables import leaderboard_csv, leaderboard_markdown
from jaxeval.benchmark.units import Plan, Unit
from jaxeval.errors import JaxevalError
from jaxeval.files import atomic_file, atomic_path, make_folder
from jaxeval.results.catalogue import catalogue, given_metric
from jaxeval.results.record import ClipRecord
from jaxeval.results.store import ClipStore
from jaxeval.scoring.run import now

REPORT = "report"
NOT_YET = "not scored yet"
"""The reason of a pair that has no rows."""


def write_benchmark_report(folder: Path, plan: Plan) -> list[Path]:
    """Write a run's report; each file appears whole, and two builds of one run differ in nothing but the provenance.

    Args:
        folder: the run's.
        plan: what it works on.

    Returns:
        The files.

    Raises:
        JaxevalError: a file can't be written, or no clip has a score.
    """
    rows = all_rows(folder, plan)
    keys = record_keys(folder, plan)
    found = with_values(with_set_scores(board(rows, plan.bench), set_scores(folder, plan, keys)))
    if not found.scores:
        raise JaxevalError(f"{folder}: expected scores, found none: {_first_reason(rows)}. See: jaxeval bench status.")
    out = folder / REPORT
    make_folder(out)
    with atomic_file(out / "rows.parquet") as file:
        rows.write_parquet(file)
    tables = {
        "leaderboard.csv": leaderboard_csv(found),
        "leaderboard.md": leaderboard_markdown(found),
        "leaderboard.tex": leaderboard_latex(found),
        "appendix.tex": appendix_latex(found),
    }
    for name, text in tables.items():
        with atomic_file(out / name) as file:
            file.write(text.encode())
    swept = swept_rows(folder, plan)
    with atomic_path(out / "figures") as new:  # so that none is left of an earlier report
        new.mkdir()
        drawn = [out / "figures" / path.name for path in write_figures(new, found, rows, swept)]
    materials = _Materials(folder, plan, keys)
    write_page(
        out / "index.html",
        found,
        rows,
        figures=page_figures(found, rows, swept),
        clip=materials.clip,
        videos=materials.videos,
        provenance=_provenance(plan),
        title=f"{len(plan.bench.methods)} methods on {', '.join(plan.clips)}",
    )
    return [*(out / name for name in ("index.html", "rows.parquet", *tables)), *drawn]


def all_rows(folder: Path, plan: Plan) -> pl.DataFrame:
    """The rows of a run in the order of its plan, and one for each pair that has none yet.

    Args:
        folder: the run's.
        plan: what it works on.

    Returns:
        With the columns `COLUMNS`.
    """
    rows = planned_rows(folder, plan).select(COLUMNS)
    there = set(rows.select("method", "dataset", "id").unique().iter_rows())
    asked = [
        Row(method, unit.dataset, unit.clip.id, unit.clip.identity, FAILED, None, NOT_YET, "")
        for unit in plan.units()
        for method in unit.outputs
    ]
    lacking = [row[: len(COLUMNS)] for row in asked if (row.method, row.dataset, row.id) not in there]
    whole = pl.concat([rows, pl.DataFrame(lacking, schema=rows.schema, orient="row")])
    places = pl.DataFrame([row[:3] for row in asked], schema=["method", "dataset", "id"], orient="row").with_row_index()
    ordered = whole.join(places, on=["method", "dataset", "id"], how="left", maintain_order="left")
    return ordered.sort("index", maintain_order=True).drop("index")


def record_keys(folder: Path, plan: Plan) -> dict[tuple[str, str, str], str]:
    """Method, dataset and clip to the key of its record."""
    keyed = planned_rows(folder, plan).select("method", "dataset", "id", "key").unique(["method", "dataset", "id"])
    return {(method, dataset, name): key for method, dataset, name, key in keyed.iter_rows()}


def with_values(found: Board) -> Board:
    """A board with the methods' own numbers, such as frames per second, which are the same on every dataset."""
    names = dict.fromkeys(name for method in found.bench.methods for name in method.values)
    known = catalogue({}, "", [given_metric(name) for name in names])
    standings = dict(found.standings)
    for dataset, clips in {**found.clips, ALL: sum(found.clips.values())}.items():
        for method in found.bench.methods:
            for name in names:
                value = method.values.get(name)
                standings[method.name, dataset, name] = Standing(value, None, 0 if value is None else clips, clips)
    return replace(
        found,
        scores=(*found.scores, *(known[name] for name in names)),
        standings=standings,
        signatures=dict(found.signatures) | dict.fromkeys(names, ()),
    )


def _first_reason(rows: pl.DataFrame) -> str:
    reasons = rows.filter(pl.col("reason") != "")["reason"]
    return reasons[0].rstrip(".") if len(reasons) else "there are no rows"


class _Materials:
    """What the page shows of single clips, from disk when it is asked for.

    Args:
        folder: the run's.
        plan: what it works on.
        keys: of the records.
    """

    def __init__(self, folder: Path, plan: Plan, keys: Mapping[tuple[str, str, str], str]) -> None:
        self._store, self._out, self._keys = ClipStore(folder / "clips"), folder / REPORT, keys
        self._units: Mapping[tuple[str, str], Unit] = {(unit.dataset, unit.clip.id): unit for unit in plan.units()}

    def clip(self, method: str, dataset: str, name: str) -> ClipRecord | None:
        """A pair's record."""
        key = self._keys.get((method, dataset, name))
        return None if key is None else self._store.recall(f"{method}/{dataset}/{name}", key)

    def videos(self, method: str, dataset: str, name: str) -> tuple[str | None, str | None]:
        """Paths of the generated clip and its reference, relative to the page."""
        unit = self._units[dataset, name]
        return self._relative(unit.outputs[method]), self._relative(unit.clip.video)

    def _relative(self, place: Place | None) -> str | None:
        if place is None or is_remote(place):
            return None if place is None else str(place)
        return Path(os.path.relpath(place, self._out)).as_posix() if Path(place).exists() else None


def _provenance(plan: Plan) -> dict[str, Any]:
    """What the numbers were made by, and when the report was written."""
    from jaxeval.benchmark.run import settings_of
    from jaxeval.scoring.scorer import Scorer, software

    settings = settings_of(plan.bench)
    scorer = Scorer(settings.protocol, settings.region, selection=settings.selection)
    return {"protocol": plan.bench.protocol, "weights": scorer.networks.weights} | software() | {"written": now()}
