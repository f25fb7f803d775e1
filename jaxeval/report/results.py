"""The results of a run in Python: scores, curves and pictures of every clip, and the files that the command writes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from rich.console import Console

from jaxeval.errors import JaxevalError, nearest
from jaxeval.files import atomic_file, make_folder
from jaxeval.report.page import write_report
from jaxeval.report.plots import plot_clip
from jaxeval.report.table import print_table
from jaxeval.results.catalogue import Catalogue
from jaxeval.results.document import Document, Row, catalogue_of, csv_of, encoded
from jaxeval.results.outputs import Outputs
from jaxeval.results.record import ClipRecord, Curves

if TYPE_CHECKING:
    import pandas
    import polars
    from matplotlib.figure import Figure

_WIDTH = 160
PER_FRAME = "scores_per_frame.parquet"


@dataclass(frozen=True, repr=False, eq=False)
class ClipResult:
    """The results of one pair.

    Attributes:
        id: the pair's name.
        status: "ok" or "failed".
        reason: why it failed; None if it didn't.
        frames: numbers of frames of the generated clip and of the reference (None without one); None if unknown.
        scores: name to number.
        missing: name of a missing score to the reason.
        flags: warnings and remarks about this pair, each "code: text".
    """

    id: str
    status: str
    reason: str | None
    frames: tuple[int, int | None] | None
    scores: Mapping[str, float]
    missing: Mapping[str, str]
    flags: tuple[str, ...]
    _load: Callable[[str], ClipRecord]
    _timing: str

    @cached_property
    def _record(self) -> ClipRecord:
        return self._load(self.id)

    @property
    def curves(self) -> Mapping[str, np.ndarray]:
        """Name of a frame-wise score to its value in each frame: `[min(T, S)]`, or `[T]` if it needs no reference.

        `scores` holds their means. psnr is infinite in identical frames, which its mean leaves out.
        """
        return self._record.per_frame

    @property
    def alignments(self) -> Mapping[str, Curves]:
        """Aligned metric to its `Curves`: alignment `[T, S]`, lag `[T]` in frames, frame-wise and aligned costs."""
        return self._record.curves

    @property
    def alignment(self) -> np.ndarray | None:
        """The alignment `[T, S]` of the protocol's timing metric; None if there is none."""
        found = self.alignments.get(self._timing)
        return None if found is None else found.alignment

    def __repr__(self) -> str:
        told = f"{len(self.scores)} scores" if self.status == "ok" else f"failed: {self.reason}"
        flags = f", {len(self.flags)} flags" if self.flags else ""
        return f"ClipResult({self.id!r}, {told}{flags})"


@dataclass(frozen=True, repr=False, eq=False)
class Results:
    """The results of a run: every clip, and their summary.

    Printed, or shown in a notebook, it is the table that the command prints.

    Attributes:
        document: what `scores.json` holds.
        earlier: how many clips were taken over from an earlier run into the same folder.
        lacking: encoders whose weights are missing, each with the command that converts them.

    Example:
        >>> from jaxeval.results.document import document_of
        >>> clip, entry = {"id": "a", "scores": {"l1": 0.5}}, {"mean": 0.5, "n": 1}
        >>> document = document_of({"clips": [clip], "summary": {"l1": entry}})
        >>> results = Results(document, lambda name: ClipRecord(name, "ok"), 25.0)
        >>> results.clips[0].scores["l1"], results.summary["l1"]["mean"], results.to_polars().height
        (0.5, 0.5, 1)
    """

    document: Document
    _load: Callable[[str], ClipRecord]
    _fps: float
    earlier: int = 0
    lacking: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def clips(self) -> tuple[ClipResult, ...]:
        """Every pair, in order."""
        timing = self.document.protocol.get("timing", "")
        return tuple(self._clip(row, timing) for row in self.document.clips)

    def _clip(self, row: Row, timing: str) -> ClipResult:
        told = (row.id, row.status, row.reason, row.frames, row.scores, row.missing, row.flags)
        return ClipResult(*told, self._load, timing)

    @property
    def summary(self) -> dict[str, dict[str, Any]]:
        """Score to its `mean`, that mean's 95 % interval `ci95` over clips, and the counts `n` `of` all clips."""
        return msgspec.to_builtins(self.document.summary)

    @cached_property
    def known(self) -> Catalogue:
        """All scores by name, each with unit, direction and definition."""
        return catalogue_of(self.document)

    def to_polars(self) -> "polars.DataFrame":
        """A table with one row per clip and one column per score; missing scores are null."""
        import polars as pl

        text = dict.fromkeys(("id", "status", "reason"), pl.String)
        frames = dict.fromkeys(("frames_generated", "frames_reference"), pl.Int64)
        scores = dict.fromkeys(self.known, pl.Float64)
        return pl.DataFrame(self._columns(), schema={**text, **frames, **scores, "flags": pl.List(pl.String)})

    def to_pandas(self) -> "pandas.DataFrame":
        """The table of `to_polars`, for pandas.

        Raises:
            JaxevalError: pandas isn't installed.
        """
        try:
            import pandas
        except ImportError:
            raise JaxevalError("to_pandas: expected pandas, found none. Run: pip install pandas") from None
        return pandas.DataFrame(self._columns()).astype(dict.fromkeys(self.known, float))

    def _columns(self) -> dict[str, list[Any]]:
        rows = self.document.clips
        columns: dict[str, list[Any]] = {
            name: [getattr(row, name) for row in rows] for name in ("id", "status", "reason")
        }
        for side, name in enumerate(("frames_generated", "frames_reference")):
            columns[name] = [row.frames and row.frames[side] for row in rows]
        columns |= {name: [row.scores.get(name) for row in rows] for name in self.known}
        return columns | {"flags": [list(row.flags) for row in rows]}

    def per_frame(self) -> "polars.DataFrame":
        """A long table of all per-frame values, with the columns clip, score, frame and value."""
        import polars

        schema = {"clip": polars.String, "score": polars.String, "frame": polars.Int64, "value": polars.Float64}

        def part(clip: str, score: str, values: np.ndarray) -> polars.DataFrame:
            count = len(values)
            columns = {"clip": [clip] * count, "score": [score] * count, "frame": np.arange(count), "value": values}
            return polars.DataFrame(columns, schema=schema, strict=False)

        scored = [clip for clip in self.clips if clip.status == "ok"]
        parts = [part(clip.id, name, values) for clip in scored for name, values in clip.curves.items()]
        return polars.concat(parts) if parts else polars.DataFrame(schema=schema)

    def write(
        self, folder: str | PathLike[str], *, title: str = "Scores", report: bool = True, per_frame: bool = False
    ) -> list[str]:
        """Write `scores.json`, `scores.csv` and `report.html`, as the command does.

        If the folder holds another run's files, they are moved to `previous/` first.

        Args:
            folder: where to write; created if it doesn't exist.
            title: the page's heading.
            report: whether to write the page.
            per_frame: whether to write `scores_per_frame.parquet` too, the table of `per_frame`.

        Returns:
            A line for each other run whose files were moved.

        Raises:
            JaxevalError: a file can't be written.
        """
        path = Path(folder)
        outputs = self.write_scores(path, per_frame=per_frame)
        if report:
            self.write_page(outputs, title)
        return outputs.kept

    def write_scores(self, folder: Path, *, per_frame: bool = False) -> Outputs:
        """Write all files but the page, which may follow."""
        make_folder(folder)
        outputs = Outputs(folder)
        table = csv_of(self.document.clips, self.known).encode(errors="backslashreplace")
        outputs.write(self.document.provenance.get("digest", ""), encoded(self.document), table)
        if per_frame:
            with atomic_file(folder / PER_FRAME) as file:
                self.per_frame().write_parquet(file)
        return outputs

    def write_page(self, outputs: Outputs, title: str) -> None:
        """Draw the page beside the files that `write_scores` wrote."""
        outputs.write_page(lambda path: write_report(path, self.document, self._load, fps=self._fps, title=title))

    def plot(self, clip: str, metric: str | None = None) -> "Figure":
        """Draw a clip's alignment, cost and lag.

        Args:
            clip: the clip's id.
            metric: an aligned metric, such as "csim"; the protocol's timing metric if None.

        Returns:
            A matplotlib figure.

        Raises:
            JaxevalError: there is no such clip, or the clip lacks this alignment.
        """
        by_id = {found.id: found for found in self.clips}
        if clip not in by_id:
            raise JaxevalError(f"plot: expected the id of a clip, found {clip!r}. {nearest(clip, by_id)}")
        alignments = by_id[clip].alignments
        name = metric or self.document.protocol.get("timing", "")
        if metric is None and name not in alignments:
            name = next(iter(alignments), name)
        if name not in alignments:
            have = f"{clip} has {', '.join(alignments) or 'none'}"
            raise JaxevalError(f"plot: expected an aligned metric of the clip, found {name!r}; {have}.")
        fps, entry = self._load(clip).fps or self._fps, self.known.entries.get(name)
        return plot_clip(alignments[name], fps=fps, cost=entry.cost if entry else "cost", title=f"{clip}: {name}")

    def __repr__(self) -> str:
        console = Console(file=StringIO(), width=_WIDTH, no_color=True)
        print_table(self.document, console)
        return console.file.getvalue()  # type: ignore[attr-defined]

    def _repr_html_(self) -> str:
        console = Console(file=StringIO(), width=_WIDTH, record=True)
        print_table(self.document, console)
        code = '<pre style="line-height:1.2;overflow-x:auto">{code}</pre>'
        return console.export_html(inline_styles=True, code_format=code)
