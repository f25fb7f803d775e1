"""The terminal table: each score beside what alignment left of it and the lag that alignment forgave."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from jaxeval.scoring.score_names import catalogue, encoders_of, format_cell, format_value, scores_in
from jaxeval.scoring.score_texts import ALIGNED, Score

# A block of an aligned metric is its frame-wise score, its divergence and its lag, so that no width can part a
# divergence from its lag. Blocks are given up from the end of this tuple when the console is too narrow.
_PRIORITY = (
    *("st_lpips", "lpips", "expr", "csim", "psnr", "lip_envelope", "sync_c", "sync_d", "sync", "pose", "ssim", "m_lmd"),
    *("ms_ssim", "l1", "id_distance", "cpbd", "niqe", "lmd", "f_lmd", "jerk", "smooth"),
)
_ORDER = (
    *("psnr", "ssim", "ms_ssim", "l1", "cpbd", "niqe", "st_lpips", "lpips", "expr", "csim", "id_distance", "pose"),
    *("lip_envelope", "sync_c", "sync_d", "sync", "lmd", "m_lmd", "f_lmd", "jerk", "smooth"),
)
_ALIGNED_NAMES = {metric.name for metric in ALIGNED}
_GAP = {"inside": 2, "between": 4}
_NAME_WIDTH = 24
_TABLE_PADDING = 4
_MAX_NOTES = 9
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_LEGEND = (
    "↑ better high, ↓ better low. _div: cost per frame that remains after alignment. "
    "lag: mean ± spread in ms, positive if the generated clip is late."
)


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
    """One score down the table: two heading lines, one text a scored clip, then the summary's four rows."""

    texts: tuple[str, ...]
    style: str

    @property
    def width(self) -> int:
        return max(map(len, self.texts))


def _heading(score: Score) -> tuple[str, str]:
    if score.name.startswith("lag_ms"):
        return "lag", "ms"
    label, _, encoder = score.label.partition(" ")
    first = "_div" if label.endswith("_div") else label
    return first, " ".join(filter(None, (encoder, score.unit, score.better)))


def _style(name: str) -> str:
    return "cyan" if name.endswith("_div") else "bold" if name.startswith("lag_ms") else ""


def _clip_text(clip: Mapping, score: Score, notes: _Notes) -> str:
    scores = clip.get("scores", {})
    if score.name not in scores:
        return notes.mark(clip.get("missing", {}).get(score.name, "not scored"), score.name)
    return format_cell(score, scores)


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


def _column(document: Mapping, name: str, notes: _Notes) -> _Column:
    score, clips = catalogue(encoders_of(document))[name], document["clips"]
    scored = [_clip_text(clip, score, notes) for clip in clips if clip["status"] == "ok"]
    summary = _summary_texts(document["summary"].get(name, {}), score, len(clips), notes)
    return _Column((*_heading(score), *scored, *summary), _style(name))


def _columns(document: Mapping, block: str, notes: _Notes) -> list[_Column]:
    spoken = {score.name for score in scores_in(document)}
    names = (block, f"{block}_div", f"lag_ms_{block}") if block in _ALIGNED_NAMES else (block,)
    return [_column(document, name, notes) for name in names if name in spoken]


def _blocks(document: Mapping, room: int, notes: _Notes) -> dict[str, list[_Column]]:
    """Take blocks in order of priority where they fit into `room` characters; the first one is taken always."""
    chosen: set[str] = set()
    for block in _PRIORITY:
        columns = _columns(document, block, _Notes())
        if not columns:
            continue
        width = sum(c.width for c in columns) + _GAP["inside"] * (len(columns) - 1) + _GAP["between"]
        if width <= room or not chosen:
            chosen.add(block)
            room -= width
    return {block: _columns(document, block, notes) for block in _ORDER if block in chosen}


def _line(blocks: Mapping[str, list[_Column]], row: int, *, plain: bool = False) -> Text:
    texts = [
        Text(" " * _GAP["inside"]).join(
            [Text(c.texts[row].rjust(c.width), style="" if plain else c.style) for c in columns]
        )
        for columns in blocks.values()
    ]
    return Text(" " * _GAP["between"]).join(texts)


def _fill(table: Table, document: Mapping, blocks: Mapping[str, list[_Column]]) -> None:
    row = 2
    for clip in document["clips"]:
        if clip["status"] == "ok":
            table.add_row(Text(clip["id"]), _line(blocks, row))
            row += 1
        else:
            reason = clip.get("reason") or "no reason was recorded"
            table.add_row(Text(clip["id"]), Text(f"failed: {reason}", style="red"))
    if blocks:
        table.add_section()
        for offset, name in enumerate(("mean", "95 % from", "95 % to", "n of N")):
            table.add_row(name, _line(blocks, row + offset, plain=True))


def print_table(document: Mapping, console: Console) -> None:
    """Print one row per clip and a summary: score, divergence and lag side by side, as many as the console is wide.

    A failed clip is a row with its reason, a missing value a dash with a footnote that gives the reason. An aligned
    metric shows as one block (frame-wise score, `_div`, mean lag ± its spread) or not at all. What a narrow console
    leaves out is named under the table.

    Args:
        document: what `scores.json` holds: `clips` and `summary`.
        console: where to print; its `width` in characters decides how many scores fit.

    Raises:
        KeyError: if the document has no `clips` or no `summary`.

    References:
        The scores are defined in `jaxeval.scoring.score_texts`.

    Example:
        >>> clip = {"id": "late", "status": "ok", "missing": {},
        ...         "scores": {"st_lpips": 0.0274, "st_lpips_div": 0.0012, "lag_ms_st_lpips": 118.0}}
        >>> print_table({"clips": [clip], "summary": {}}, Console(width=100))  # doctest: +ELLIPSIS
        <BLANKLINE>
        ...
    """
    notes = _Notes()
    name_width = min(_NAME_WIDTH, max((len(clip["id"]) for clip in document["clips"]), default=0))
    blocks = _blocks(document, console.width - max(name_width, len("95 % from")) - _TABLE_PADDING, notes)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("clip", max_width=_NAME_WIDTH, overflow="fold", vertical="top", min_width=len("95 % from"))
    heading = Text("\n").join([_line(blocks, row, plain=True) for row in (0, 1)])
    table.add_column(heading, overflow="fold")
    _fill(table, document, blocks)
    console.print(table)
    hidden = [score.name for score in scores_in(document) if score.name in _ORDER and score.name not in blocks]
    left_out = [f"Not shown at this width: {', '.join(hidden)}."] if hidden else []
    for line in (*notes.lines(), " ".join((_LEGEND, *left_out, "All scores: scores.json."))):
        console.print(Text(line, style="dim"))
