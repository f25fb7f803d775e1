r"""The leaderboard in LaTeX: a table for each dataset, and every score in an appendix."""

from collections.abc import Iterator, Sequence

from jaxeval.benchmark.board import Board, Standing
from jaxeval.benchmark.columns import best_alone, by_paradigm, grouped, headline, place_name, places, with_lags
from jaxeval.results.formatting import format_value
from jaxeval.results.score import Score

_PREAMBLE = r"% \usepackage{booktabs,graphicx,rotating}"
_APPENDIX_PREAMBLE = r"% \usepackage{booktabs,longtable,pdflscape}"
_UPRIGHT = 8
"""More columns than these are set sideways."""
_TEXT = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': "''", "[": "{[}", "*": "{*}", "−": "$-$", "–": "--", "±": r"$\pm$", "↑": r"$\uparrow$",
    "↓": r"$\downarrow$", "°": r"$^\circ$", "²": r"$^2$", "γ": r"$\gamma$", "µ": r"$\mu$", "ℓ": r"$\ell$",
}  # fmt: skip
_LETTERS = frozenset(map(chr, range(0xC0, 0x100))) - set("ÐÞðþ×÷")


def leaderboard_latex(board: Board, scores: Sequence[str] | None = None) -> str:
    r"""Tables for a paper: all datasets together, then each.

    Args:
        board: what was found.
        scores: names of the columns; the headline scores if None. An aligned score brings its lag along.

    Returns:
        `table*` environments, sideways if they are wide, to be read in by `\input`; the first line names the packages.
    """
    columns = headline(board) if scores is None else with_lags(board, scores)
    tables = (_table(board, place, number, columns) for number, place in enumerate(places(board)))
    return "\n\n".join([_PREAMBLE, *tables, ""])


def appendix_latex(board: Board) -> str:
    r"""Every score on every dataset: long tables in landscape, one for each group of scores.

    Args:
        board: what was found.

    Returns:
        A `landscape` environment, to be read in by `\input`; the first line names the packages.
    """
    parts = [
        _longtable(board, title, part)
        for title, members in grouped(board.scores).items()
        for part in _parts(board, members)
    ]
    return "\n\n".join([_APPENDIX_PREAMBLE, r"\begin{landscape}\scriptsize", *parts, r"\end{landscape}", ""])


def _parts(board: Board, members: Sequence[Score]) -> Iterator[list[Score]]:
    """As many columns as a page is wide; a lag stands beside each aligned score."""
    for first in range(0, len(members), _UPRIGHT):
        yield with_lags(board, [score.name for score in members[first : first + _UPRIGHT]])


def _table(board: Board, place: str, number: int, columns: Sequence[Score]) -> str:
    kind = "sidewaystable*" if len(columns) > _UPRIGHT else "table*"
    body = [_head(columns), *_body(board, place, columns), r"\bottomrule"]
    return "\n".join(
        [
            rf"\begin{{{kind}}}\centering\small\setlength\tabcolsep{{3pt}}",
            rf"\caption{{{_caption(board, place)}}}\label{{tab:leaderboard-{number}}}",
            rf"\sbox0{{\begin{{tabular}}{{{_layout(columns)}}}",
            *body,
            r"\end{tabular}}%",
            r"\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi",
            rf"\end{{{kind}}}",
        ]
    )


def _longtable(board: Board, title: str, columns: Sequence[Score]) -> str:
    width = len(columns) + 2
    blocks = []
    for place in places(board):
        name = rf"\multicolumn{{{width}}}{{l}}{{\textbf{{{escape(place_name(place))}}}}} \\*"
        blocks += [r"\midrule", name, *_body(board, place, columns, ruled=False)]
    return "\n".join(
        [
            rf"\begin{{longtable}}{{{_layout(columns)}}}",
            rf"\caption{{{escape(title)}: every method on every dataset. {_legend(board)}}}\\",
            _head(columns) + r" \endfirsthead",
            _head(columns) + r" \endhead",
            r"\bottomrule \endfoot",
            *blocks[1:],
            r"\end{longtable}",
        ]
    )


def _layout(columns: Sequence[Score]) -> str:
    return "lr" + "r" * len(columns)


def _head(columns: Sequence[Score]) -> str:
    """Two lines: labels, then units with the better end."""
    labels = ["Method", "Year", *(escape(score.label) for score in columns)]
    ends = ["", "", *(escape(f"{score.unit} {score.better}".strip()) for score in columns)]
    return "\n".join([r"\toprule", _line(labels), _line(ends), r"\midrule"])


def _body(board: Board, place: str, columns: Sequence[Score], *, ruled: bool = True) -> Iterator[str]:
    """Under each paradigm two lines a method: means, and below them their intervals."""
    alone = {score.name: best_alone(board, place, score.name) for score in columns}
    rival = {score.name: _has_rival(board, place, score) for score in columns}
    for number, (paradigm, methods) in enumerate(by_paradigm(board).items()):
        if number and ruled:
            yield r"\addlinespace"
        yield rf"\multicolumn{{{len(columns) + 2}}}{{l}}{{\emph{{{escape(paradigm)}}}}} \\*"
        for method in methods:
            told = {score: board.standings.get((method.name, place, score.name)) for score in columns}
            means = [_mean(score, each, alone[score.name] == method.name, rival) for score, each in told.items()]
            yield _line([escape(method.name), str(method.year or "--"), *means]) + "*"
            yield _line(["", "", *(_interval(score, each) for score, each in told.items())]) + "[1pt]"


def _has_rival(board: Board, place: str, score: Score) -> bool:
    """Whether the best can't be told from another method."""
    told = [board.standings.get((method.name, place, score.name)) for method in board.bench.methods]
    return sum(bool(each and each.verdict) for each in told) > 1


def _mean(score: Score, told: Standing | None, alone: bool, rival: dict[str, bool]) -> str:
    if told is None:
        return "--"
    text = "--" if told.mean is None else escape(format_value(score, told.mean))
    if alone:
        text = rf"\textbf{{{text}}}"
    elif told.verdict and rival[score.name]:
        text = rf"\underline{{{text}}}"
    return text if told.n == told.of else rf"{{\tiny {told.n}/{told.of}}}~{text}"


def _interval(score: Score, told: Standing | None) -> str:
    if told is None or told.interval is None:
        return ""
    low, high = (escape(format_value(score, limit)) for limit in told.interval)
    return rf"{{\tiny [{low}, {high}]}}"


def _line(cells: Sequence[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _caption(board: Board, place: str) -> str:
    where = "all datasets, each of equal weight" if not place else escape(place)
    return f"Leaderboard on {where}. {_legend(board)}"


def _legend(board: Board) -> str:
    level = rf"{100 * board.bench.statistics.level:g}\,\%"
    return (
        rf"Means with their {level} bootstrap intervals over persons in small type. Bold: significantly better than "
        r"every other method by a paired test with Holm's correction; underlined: the best and those that the test "
        r"can't tell from it. $k/n$ before a number: only $k$ of $n$ clips have it. Lags, which aligned scores "
        r"forgive, are positive where the generated clip is late."
    )


def escape(text: str) -> str:
    r"""Text without a meaning of its own in LaTeX; a letter that pdfTeX doesn't know by its number.

    Example:
        >>> print(escape("lpips_div ↓ 100 %"), escape("名"))
        lpips\_div $\downarrow$ 100 \% \texttt{U+540D}
    """
    return "".join(map(_escaped, " ".join(text.split())))


def _escaped(letter: str) -> str:
    plain = letter in _LETTERS or (letter.isascii() and letter.isprintable())
    return _TEXT.get(letter) or (letter if plain else rf"\texttt{{U+{ord(letter):04X}}}")
