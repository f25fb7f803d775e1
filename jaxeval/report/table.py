"""The terminal table: each score beside what alignment left of it and the lag that alignment forgave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jaxeval.report.noise_floor import floor_of, floor_words
from jaxeval.results.catalogue import Catalogue
from jaxeval.results.definitions import MOUTH, TIMING
from jaxeval.results.document import Document, Entry, Row, catalogue_of, scored_names
from jaxeval.results.flags import is_doubtful, time_flags
from jaxeval.results.formatting import format_cell, format_value
from jaxeval.results.metric import Metric
from jaxeval.results.score import Score

_GAP = {"inside": 2, "between": 4}
_NAME_WIDTH = 24
_TABLE_PADDING = 4
_MAX_NOTES = 9
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEGEND = (
    "↑ higher is better, ↓ lower is better. * flagged, see above and the report. _div: cost per frame that remains "
    "after alignment. lag: mean ± spread within the clip (not a confidence interval) in ms, positive if the "
    "generated clip is late; ? poorly supported by the costs."
)
_WARNING, _FLAGGED, _DOUBTFUL = "!", "*", "?"


@dataclass
class _Notes:
    """Reasons for missing values, numbered as they are met, each with the scores that it explains."""

    reasons: dict[str, dict[str, None]] = field(default_factory=dict)

    def mark(self, reason: str, name: str) -> str:
        self.reasons.setdefault(reason, {})[name] = None
        return f"–{list(self.reasons).index(reason) + 1}".translate(_SUPERSCRIPT)

    def lines(self) -> list[str]:
        marks = (str(number).translate(_SUPERSCRIPT) for number in range(1, _MAX_NOTES + 1))
        notes = [
            f"{mark} {', '.join(names)}: {reason}"
            for mark, (reason, names) in zip(marks, self.reasons.items(), strict=False)
        ]
        left = len(self.reasons) - len(notes)
        return [*notes, f"… and {left} more reasons in scores.json"] if left else notes


@dataclass(frozen=True)
class _Column:
    """One score down the table: two heading lines, one text a scored clip, then the summary's rows."""

    texts: tuple[str, ...]
    style: str

    @property
    def width(self) -> int:
        return max(map(len, self.texts))


@dataclass(frozen=True)
class _Block:
    """Scores that stand side by side or not at all, so that no width can part a divergence from its lag.

    Attributes:
        name: the metric's, or the score's own.
        scores: its columns.
        rank: blocks are given up from the highest rank on when the console is too narrow.
        with_mouth: whether the mouth's lag stands beside its own: the picture may be in time while the mouth isn't.
    """

    name: str
    scores: tuple[Score, ...]
    rank: int
    with_mouth: bool


@dataclass(frozen=True)
class _Shown:
    """A document, and the scores that it speaks of."""

    document: Document
    known: Catalogue

    @cached_property
    def blocks(self) -> list[_Block]:
        return [block for block in self.every if self._told(block)]

    def _told(self, block: _Block) -> list[Score]:
        """Those of its scores that a clip, or the set, has."""
        return [score for score in block.scores if score.name in self.told]

    @cached_property
    def told(self) -> set[str]:
        return scored_names(self.document)

    @cached_property
    def every(self) -> list[_Block]:
        shown = [metric for metric in self.known.metrics if metric.rank or metric is TIMING]
        return [block for metric in shown for block in self._blocks(metric)]

    @property
    def unscored(self) -> dict[str, dict[str, None]]:
        """Reason to the blocks of which no clip has any score."""
        reasons: dict[str, dict[str, None]] = {}
        for block in self.every:
            for row in () if block in self.blocks else self.document.clips:
                for score in block.scores:
                    if score.name in row.missing:
                        reasons.setdefault(row.missing[score.name], {})[block.name] = None
        return reasons

    def _blocks(self, metric: Metric) -> Iterator[_Block]:
        is_beside = metric is TIMING and self.known.of(self.known.timing, "lag")
        lag = None if is_beside else self.known.of(metric.name, "lag")
        forms = self.known.get(metric.name), self.known.of(metric.name, "div"), lag
        if together := tuple(score for score in forms if score):
            yield _Block(metric.name, together, metric.rank or 0, metric.role == "perceptual")
        for value in metric.values:
            if value.rank and value.name != metric.name and value.name in self.known:
                yield _Block(value.name, (self.known[value.name],), value.rank, False)

    def columns(self, block: _Block, notes: _Notes, *, mouth: bool = False) -> list[_Column]:
        """A block's columns, with the mouth's lag beside its own if that is asked for."""
        lag = self.known.of(MOUTH, "lag") if mouth else None
        return [self._column(score, block, notes) for score in (*self._told(block), *([lag] if lag else []))]

    def _column(self, score: Score, block: _Block, notes: _Notes) -> _Column:
        rows = self.document.clips
        scored = [self._cell(row, score, notes) for row in rows if row.status == "ok"]
        summary = _summary_texts(self.document.summary.get(score.name, Entry()), score, len(rows), notes)
        floor = floor_of(self.document).get(score.name)
        noise = "–" if floor is None else format_value(score, floor)
        style = {"div": "cyan", "lag": "bold"}.get(score.form, "")
        return _Column((*_heading(score, block), *scored, *summary, noise), style)

    def _cell(self, row: Row, score: Score, notes: _Notes) -> str:
        if score.name not in row.scores:
            return notes.mark(row.missing.get(score.name, "not scored"), score.name)
        warned = score.form == "div" and time_flags(row)
        doubt = _DOUBTFUL if is_doubtful(row, score, self.known) else ""
        return (_WARNING if warned else "") + format_cell(score, row.scores, self.known) + doubt

    @property
    def of_set(self) -> list[str]:
        """Numbers of the whole set, with their values."""
        summary = self.document.summary
        return [
            f"{score.label} {format_value(score, mean)} {score.unit}".strip()
            for name, score in self.known.items()
            if score.group == "sets" and (mean := summary.get(name, Entry()).mean) is not None
        ]


def _heading(score: Score, block: _Block) -> tuple[str, str]:
    if score.form == "lag":
        return ("lag" if score.metric == block.name else "mouth lag"), "ms"
    label, _, encoder = score.label.partition(" ")
    beside = score.form == "div" and block.scores[0] is not score
    return ("_div" if beside else label), " ".join(filter(None, (encoder, score.unit, score.better)))


def _summary_texts(entry: Entry, score: Score, total: int, notes: _Notes) -> tuple[str, str, str, str]:
    def text(value: float | None, reason: str, name: str) -> str:
        return notes.mark(reason, name) if value is None else format_value(score, value)

    low, high = entry.ci95 or (None, None)
    few = "an interval needs at least two clips"
    return (
        text(entry.mean, "no clip has this score", score.name),
        text(low, few, "95 %"),
        text(high, few, "95 %"),
        f"{entry.n} of {total if entry.of is None else entry.of}",
    )


def _chosen(shown: _Shown, room: int, notes: _Notes) -> dict[str, list[_Column]]:
    """Take blocks in order of rank where they fit into `room` characters; the first one is taken always."""
    chosen: set[str] = set()
    spare = 0
    for block in sorted(shown.blocks, key=lambda block: block.rank):
        room += spare if block.name == MOUTH else 0  # the mouth's lag then stands in its own block
        columns = shown.columns(block, _Notes(), mouth=block.with_mouth)
        width = _width(columns)
        if width <= room or not chosen:
            chosen.add(block.name)
            room -= width
            spare += width - _width(shown.columns(block, _Notes()))
        elif block.name == MOUTH:
            room -= spare
    return {
        block.name: shown.columns(block, notes, mouth=block.with_mouth and MOUTH not in chosen)
        for block in shown.blocks
        if block.name in chosen
    }


def _width(columns: list[_Column]) -> int:
    return sum(column.width for column in columns) + _GAP["inside"] * (len(columns) - 1) + _GAP["between"]


def _line(blocks: Mapping[str, list[_Column]], row: int, *, plain: bool = False) -> Text:
    texts = [
        Text(" " * _GAP["inside"]).join(
            [Text(c.texts[row].rjust(c.width), style="" if plain else c.style) for c in columns]
        )
        for columns in blocks.values()
    ]
    return Text(" " * _GAP["between"]).join(texts)


def _marked(row: Row) -> str:
    """The clip's name, with a mark if it has any flag."""
    return row.id + (f" {_FLAGGED}" if row.flags else "")


def _fill(table: Table, document: Document, blocks: Mapping[str, list[_Column]]) -> None:
    line = 2
    for row in document.clips:
        if row.status == "ok":
            table.add_row(Text(_marked(row)), _line(blocks, line))
            line += 1
        else:
            reason = row.reason or "no reason was recorded"
            table.add_row(Text(_marked(row)), Text(f"failed: {reason}", style="red"))
    if blocks:
        table.add_section()
        names = ["mean", "95 % from", "95 % to", "n of N", *(["noise floor"] if floor_of(document) else [])]
        for offset, name in enumerate(names):
            table.add_row(name, _line(blocks, line + offset, plain=True))


def print_table(document: Document, console: Console) -> None:
    """Print one row per clip and a summary: score, divergence and lag side by side, as many as the console is wide.

    A failed clip is a row with its reason, a missing value a dash with a footnote that gives the reason. An aligned
    metric shows as one block (frame-wise score, `_div`, mean lag ± its spread) or not at all, the picture's with the
    mouth's lag beside its own. Flagged clips are marked, and so are the `_div` of a clip that is flagged for its timing
    and a lag that its costs don't support. What a narrow console leaves out is named under the table.

    Args:
        document: what `scores.json` holds.
        console: where to print; its `width` in characters decides how many scores fit.

    References:
        The scores are defined in `jaxeval.results.definitions`.

    Example:
        >>> scores = {"lpips": 0.0274, "lpips_div": 0.0012, "lag_ms_lpips": 118.0}
        >>> print_table(Document(clips=(Row(id="late", scores=scores),), summary={}), Console(width=100))
        ... # doctest: +ELLIPSIS
        <BLANKLINE>
        ...
    """
    notes, shown = _Notes(), _Shown(document, catalogue_of(document))
    name_width = min(_NAME_WIDTH, max((len(_marked(row)) for row in document.clips), default=0))
    blocks = _chosen(shown, console.width - max(name_width, len("95 % from")) - _TABLE_PADDING, notes)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("clip", max_width=_NAME_WIDTH, overflow="fold", vertical="top", min_width=len("95 % from"))
    table.add_column(Text("\n").join([_line(blocks, row, plain=True) for row in (0, 1)]), overflow="fold")
    _fill(table, document, blocks)
    console.print(table)
    hidden = [block.name for block in shown.blocks if block.name not in blocks]
    left_out = [f"Not shown at this width: {', '.join(hidden)}."] if hidden else []
    if shown.of_set:
        left_out.insert(0, f"Whole set: {', '.join(shown.of_set)}.")
    legend = " ".join((_LEGEND, *left_out, "All scores: scores.json."))
    unscored = _first([f"Not scored: {', '.join(names)}: {reason}" for reason, names in shown.unscored.items()])
    for line in (
        *notes.lines(),
        *unscored,
        *_warnings(document),
        *_other_flags(document),
        *floor_words(document),
        legend,
    ):
        console.print(Text(line, style="dim"))


def _warnings(document: Document) -> list[str]:
    """Why a `_div` is marked, clip by clip."""
    warned = {row.id: time_flags(row) for row in document.clips}
    return _first([f"{_WARNING} {id_}: {'; '.join(flags)}" for id_, flags in warned.items() if flags])


def _other_flags(document: Document) -> list[str]:
    """By which other flags clips are marked, each flag once with its clips."""
    clips: dict[str, dict[str, None]] = {}
    for row in document.clips:
        for flag in row.flags:
            if flag not in time_flags(row):
                clips.setdefault(flag.partition(":")[0], {})[row.id] = None
    marked = [f"{_FLAGGED} {code}: {_names(list(ids), len(document.clips))}" for code, ids in clips.items()]
    return _first(marked)


def _names(ids: list[str], count: int) -> str:
    if len(ids) == count > 1:
        return f"all {count} clips"
    return ", ".join(ids[:_MAX_NOTES]) + (f" and {len(ids) - _MAX_NOTES} more" if len(ids) > _MAX_NOTES else "")


def _first(lines: Sequence[str]) -> list[str]:
    left = len(lines) - _MAX_NOTES
    return [*lines[:_MAX_NOTES], f"… and {left} more such lines in scores.json"] if left > 0 else [*lines]
