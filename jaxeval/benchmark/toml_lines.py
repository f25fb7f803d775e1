"""Where a key of a TOML file stands, for `tomllib` tells that only of a file that it can't read."""

import re
from collections.abc import Iterator, Mapping

Place = tuple[str | int, ...]
"""Keys and positions from the root, such as ("methods", 0, "name")."""

_HEADER = re.compile(r"\s*\[(\[)?\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')\s*(?:\.[^=]*)?=")
_STRINGS = re.compile(r"\"\"\"|'''|\"(?:\\.|[^\"\\])*\"|'[^']*'|#.*")
_CLOSED = {"[": 1, "{": 1, "]": -1, "}": -1}


def key_lines(text: str) -> Mapping[Place, int]:
    r"""The line of each table and of each key that stands at the beginning of a line.

    Args:
        text: of a TOML file that `tomllib` reads.

    Returns:
        Place to line, the first one 1; keys inside inline tables and arrays have none of their own.

    Example:
        >>> key_lines('protocol = "a"\n[[methods]]\nname = "b"\n[[methods]]\n')
        {(): 1, ('protocol',): 1, ('methods', 0): 2, ('methods', 0, 'name'): 3, ('methods', 1): 4}
    """
    found: dict[Place, int] = {(): 1}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in _beginnings(text):
        if header := _HEADER.match(line):
            table = _table(header[2], many=bool(header[1]), counts=counts)
            found[table] = number
        elif key := _KEY.match(line):
            found.setdefault((*table, key[1].strip("\"'")), number)
    return found


def line_of(lines: Mapping[Place, int], place: Place) -> int:
    """The line of a place, or of the nearest thing around it that has one.

    Example:
        >>> line_of({(): 1, ("methods", 0): 4}, ("methods", 0, "year"))
        4
    """
    while place not in lines:
        place = place[:-1]
    return lines[place]


def _table(dotted: str, *, many: bool, counts: dict[Place, int]) -> Place:
    """The place that a header names; below an array of tables it is the last one's."""
    place: Place = ()
    names = [name.strip().strip("\"'") for name in dotted.split(".")]
    for depth, name in enumerate(names):
        place = (*place, name)
        if many and depth == len(names) - 1:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place


def _beginnings(text: str) -> Iterator[tuple[int, str]]:
    """Lines that begin a statement: none inside a multi-line string, array or inline table."""
    quote, depth = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if not quote and depth == 0:
            yield number, line
        is_header = not quote and depth == 0 and _HEADER.match(line)
        quote, change = _after(line, quote)
        depth += 0 if is_header else change


def _after(line: str, quote: str) -> tuple[str, int]:
    """The multi-line string that is open at a line's end, and by how many brackets more are open than before."""
    depth, at = 0, 0
    while at < len(line):
        if quote:
            end = line.find(quote, at)
            if end < 0:
                return quote, depth
            at, quote = end + 3, ""
        elif match := _STRINGS.match(line, at):
            if match[0] in ('"""', "'''"):
                quote = match[0]
            at = match.end()
        else:
            depth += _CLOSED.get(line[at], 0)
            at += 1
    return quote, depth
