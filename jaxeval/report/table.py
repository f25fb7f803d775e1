"""The terminal table: each score beside what alignment left of it and the lag that alignment forgave."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jaxeval.results.catalogue import format_cell, format_value
from jaxeval.results.definitions import Score
from jaxeval.results.flags import is_doubtful, time_flags
from jaxeval.results.given import floor_of, floor_words, metrics_in, shown_scores, timing_of
from jaxeval.scoring.custom import SLOTS

# A block of an aligned metric is its frame-wise score, its divergence and its lag, so that no width can part a
# divergence from its lag. Blocks are given up from the end of this tuple when the console is too narrow.
_PRIORITY = (
    *("st_lpips", "lpips", "expr", "csim", "psnr", "lip_envelope", "sync_c", "sync_d", "sync", "pose", "ssim", "m_lmd"),
    *("ms_ssim", "l1", "id_distance", "cpbd", "niqe", "lmd", "jerk", "smooth"),
)
_ORDER = (
    *("psnr", "ssim", "ms_ssim", "l1", "cpbd", "niqe", "st_lpips", "lpips", "expr", "csim", "id_distance", "pose"),
    *("lip_envelope", "sync_c", "sync_d", "sync", "lmd", "m_lmd", "jerk", "smooth"),
)
_GAP = {"inside": 2, "between": 4}
_NAME_WIDTH = 24
_TABLE_PADDING = 4
_MAX_NOTES = 9
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEGEND = (
    "↑ better high, ↓ better low. * flagged, see above and the report. _div: cost per frame that remains after "
    "alignment. lag: mean ± spread in ms, positive if the generated clip is late; ? where the costs leave it open."
)
_WARNING, _FLAGGED, _DOUBTFUL = "!", "*", "?"
_PICTURE, _MOUTH_BLOCK, _MOUTH = ("st_lpips", "lpips"), "expr", "lag_ms_expr"
"""The mouth's lag stands beside the picture's, for the picture may be in time while the mouth isn't."""


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


def _heading(score: Score, block: str) -> tuple[str, str]:
    if score.name.startswith("lag_ms"):
        return ("mouth lag" if score.name == _MOUTH != f"lag_ms_{block}" else "lag"), "ms"
    label, _, encoder = score.label.partition(" ")
    first = "_div" if label.endswith("_div") else label
    return first, " ".join(filter(None, (encoder, score.unit, score.better)))


def _style(name: str) -> str:
    return "cyan" if name.endswith("_div") else "bold" if name.startswith("lag_ms") else ""


def _clip_text(clip: Mapping, score: Score, timing: str | None, notes: _Notes) -> str:
    scores = clip.get("scores", {})
    if score.name not in scores:
        return notes.mark(clip.get("missing", {}).get(score.name, "not scored"), score.name)
    warned = score.name.endswith("_div") and time_flags(clip)
    doubtful = is_doubtful(clip, score.name, timing)
    return (_WARNING if warned else "") + format_cell(score, scores) + (_DOUBTFUL if doubtful else "")


def _summary_texts(entry: Mapping, score: Score, total: int, notes: _Notes) -> tuple[str, str, str, str]:
    def text(value: float | None, reason: str, name: str) -> str:
        return notes.mark(reason, name) if value is None else format_value(score, value)

    low, high = entry.get("ci95") or (None, None)
    few = "an interval needs at least two clips"
    return (
        text(entry.get("mean"), "no clip has this score", score.name),
        text(low, few, "95 %"),
        text(high, few, "95 %"),
        f"{entry.get('n', 0)} of {entry.get('of', total)}",
    )


def _column(document: Mapping, score: Score, block: str, notes: _Notes) -> _Column:
    clips, timing = document["clips"], timing_of(document)
    scored = [_clip_text(clip, score, timing, notes) for clip in clips if clip["status"] == "ok"]
    summary = _summary_texts(document["summary"].get(score.name, {}), score, len(clips), notes)
    floor = floor_of(document).get(score.name)
    noise = "–" if floor is None else format_value(score, floor)
    return _Column((*_heading(score, block), *scored, *summary, noise), _style(score.name))


@dataclass(frozen=True)
class _Shown:
    """The scores that a document speaks of, in blocks.

    Attributes:
        document: what `scores.json` holds.
        scores: every score by name.
        aligned: names of the aligned metrics.
        given: those of them that came in files, and scores of the user's own.
    """

    document: Mapping
    scores: Mapping[str, Score]
    aligned: frozenset[str]
    given: tuple[str, ...]

    def columns(self, block: str, notes: _Notes, *, mouth: bool = False) -> list[_Column]:
        """A block's columns, with the mouth's lag beside its own if that is asked for."""
        names: tuple[str, ...] = (block,)
        if block in self.aligned:
            names = (block, f"{block}_div", f"lag_ms_{block}", *([_MOUTH] if mouth else ()))
        return [_column(self.document, self.scores[name], block, notes) for name in names if name in self.scores]

    def hidden(self, blocks: Iterable[str]) -> list[str]:
        return [name for name in self.scores if name in (*_ORDER, *self.given) and name not in blocks]

    @property
    def of_set(self) -> list[str]:
        """Numbers of the whole set, with their values."""
        means = {name: self.document["summary"].get(name, {}).get("mean") for name in self.scores}
        sets = [score for name, score in self.scores.items() if score.group == "sets" and means[name] is not None]
        return [f"{score.label} {format_value(score, means[score.name])} {score.unit}".strip() for score in sets]


def _shown(document: Mapping) -> _Shown:
    metrics = metrics_in(document)
    given = tuple(metric.name for metric in metrics if metric.name not in _ORDER)
    scores = {score.name: score for score in shown_scores(document)}
    given += tuple(name for name, score in scores.items() if score.group == "own" or name in SLOTS)
    return _Shown(document, scores, frozenset(metric.name for metric in metrics), given)


def _blocks(shown: _Shown, room: int, notes: _Notes) -> dict[str, list[_Column]]:
    """Take blocks in order of priority where they fit into `room` characters; the first one is taken always."""
    chosen: set[str] = set()
    spare = 0
    for block in (*_PRIORITY, *shown.given):
        room += spare if block == _MOUTH_BLOCK else 0  # the mouth's lag then stands in its own block
        columns = shown.columns(block, _Notes(), mouth=block in _PICTURE)
        if not columns:
            continue
        width = _width(columns)
        if width <= room or not chosen:
            chosen.add(block)
            room -= width
            spare += width - _width(shown.columns(block, _Notes()))
        elif block == _MOUTH_BLOCK:
            room -= spare
    mouth = _PICTURE if _MOUTH_BLOCK not in chosen else ()
    return {
        block: shown.columns(block, notes, mouth=block in mouth) for block in (*_ORDER, *shown.given) if block in chosen
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


def _marked(clip: Mapping) -> str:
    """The clip's name, with a mark if it has any flag."""
    return clip["id"] + (f" {_FLAGGED}" if clip.get("flags") else "")


def _fill(table: Table, document: Mapping, blocks: Mapping[str, list[_Column]]) -> None:
    row = 2
    for clip in document["clips"]:
        if clip["status"] == "ok":
            table.add_row(Text(_marked(clip)), _line(blocks, row))
            row += 1
        else:
            reason = clip.get("reason") or "no reason was recorded"
            table.add_row(Text(_marked(clip)), Text(f"failed: {reason}", style="red"))
    if blocks:
        table.add_section()
        names = ["mean", "95 % from", "95 % to", "n of N", *(["noise floor"] if floor_of(document) else [])]
        for offset, name in enumerate(names):
            table.add_row(name, _line(blocks, row + offset, plain=True))


def print_table(document: Mapping, console: Console) -> None:
    """Print one row per clip and a summary: score, divergence and lag side by side, as many as the console is wide.

    A failed clip is a row with its reason, a missing value a dash with a footnote that gives the reason. An aligned
    metric shows as one block (frame-wise score, `_div`, mean lag ± its spread) or not at all, the picture's with the
    mouth's lag beside its own. Flagged clips are marked, and so are the `_div` of a clip that is flagged for its timing
    and a lag that its costs don't support. What a narrow console leaves out is named under the table.

    Args:
        document: what `scores.json` holds: `clips` and `summary`.
        console: where to print; its `width` in characters decides how many scores fit.

    Raises:
        KeyError: if the document has no `clips` or no `summary`.

    References:
        The scores are defined in `jaxeval.results.definitions`.

    Example:
        >>> clip = {"id": "late", "status": "ok", "missing": {},
        ...         "scores": {"st_lpips": 0.0274, "st_lpips_div": 0.0012, "lag_ms_st_lpips": 118.0}}
        >>> print_table({"clips": [clip], "summary": {}}, Console(width=100))  # doctest: +ELLIPSIS
        <BLANKLINE>
        ...
    """
    notes, shown = _Notes(), _shown(document)
    name_width = min(_NAME_WIDTH, max((len(_marked(clip)) for clip in document["clips"]), default=0))
    blocks = _blocks(shown, console.width - max(name_width, len("95 % from")) - _TABLE_PADDING, notes)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("clip", max_width=_NAME_WIDTH, overflow="fold", vertical="top", min_width=len("95 % from"))
    heading = Text("\n").join([_line(blocks, row, plain=True) for row in (0, 1)])
    table.add_column(heading, overflow="fold")
    _fill(table, document, blocks)
    console.print(table)
    hidden = shown.hidden(blocks)
    left_out = [f"Not shown at this width: {', '.join(hidden)}."] if hidden else []
    if shown.of_set:
        left_out.insert(0, f"The whole set: {', '.join(shown.of_set)}.")
    legend = " ".join((_LEGEND, *left_out, "All scores: scores.json."))
    for line in (*notes.lines(), *_warnings(document), *_other_flags(document), *floor_words(document), legend):
        console.print(Text(line, style="dim"))


def _warnings(document: Mapping) -> list[str]:
    """Why a `_div` is marked, clip by clip."""
    warned = {clip["id"]: time_flags(clip) for clip in document["clips"]}
    return _first([f"{_WARNING} {id_}: {'; '.join(flags)}" for id_, flags in warned.items() if flags])


def _other_flags(document: Mapping) -> list[str]:
    """By which other flags clips are marked, each flag once with its clips."""
    clips: dict[str, dict[str, None]] = {}
    for clip in document["clips"]:
        for flag in clip.get("flags", ()):
            if flag not in time_flags(clip):
                clips.setdefault(flag.partition(":")[0], {})[clip["id"]] = None
    marked = [f"{_FLAGGED} {code}: {_names(list(ids), len(document['clips']))}" for code, ids in clips.items()]
    return _first(marked)


def _names(ids: list[str], count: int) -> str:
    if len(ids) == count > 1:
        return f"all {count} clips"
    return ", ".join(ids[:_MAX_NOTES]) + (f" and {len(ids) - _MAX_NOTES} more" if len(ids) > _MAX_NOTES else "")


def _first(lines: list[str]) -> list[str]:
    left = len(lines) - _MAX_NOTES
    return [*lines[:_MAX_NOTES], f"… and {left} more such lines in scores.json"] if left > 0 else lines
