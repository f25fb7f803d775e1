"""`bench.toml`: which methods are compared on which datasets, checked whole before any work."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any, get_args, get_origin

import msgspec

from jaxeval.benchmark.layouts import LAYOUTS
from jaxeval.benchmark.subsets import RULES
from jaxeval.benchmark.toml_lines import Place, key_lines, line_of
from jaxeval.errors import JaxevalError, nearest, one_line, printable
from jaxeval.protocol import JAXEVAL_V1, PROTOCOLS
from jaxeval.results.selection import select
from jaxeval.scoring.custom import check_value

PARADIGMS = ("motion space", "lip-centric", "multi-condition", "full motion", "other")
"""How a method makes its pictures; the first four are those of arXiv 2606.01031."""

_FIELDS = ("dataset", "id", "identity")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LEAST_RESAMPLES = 100


class Method(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One method.

    Attributes:
        name: unique; letters, digits, ".", "_" and "-".
        outputs: path of a clip relative to the file's folder, with `{id}` and, where there are several datasets,
            `{dataset}`; `{identity}` may be used too.
        paradigm: one of `PARADIGMS`.
        year: of its publication; None if it has none.
        values: its own numbers, such as `fps`, by name.
    """

    name: str
    outputs: str
    paradigm: str = "other"
    year: int | None = None
    values: dict[str, float] = {}


class Dataset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One dataset.

    Attributes:
        name: unique, as a method's.
        root: its folder, or with the layout "manifest" its file; relative to the file's folder.
        layout: how it lies on disk, one of `jaxeval.benchmark.layouts.LAYOUTS`.
        subset: which of its clips are taken, one of `jaxeval.benchmark.subsets.RULES`.
        seed: of that choice.
    """

    name: str
    root: str
    layout: str = "plain"
    subset: str = "all"
    seed: int = 0


class Statistics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How uncertain the results are.

    Attributes:
        level: of the intervals, in (0, 1); what is left to 1 is the tests' family-wise error.
        resamples: of the bootstrap.
        seed: of the bootstrap.
    """

    level: float = 0.95
    resamples: int = 2000
    seed: int = 0


class Bench(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole benchmark.

    Attributes:
        methods: at least one.
        datasets: at least one.
        protocol: a protocol's name.
        region: "face" or "frame".
        scores: names of the scores to compute; all the protocol's if None.
        statistics: how uncertain the results are.
    """

    methods: list[Method]
    datasets: list[Dataset]
    protocol: str = "jaxeval-v1"
    region: str = "face"
    scores: list[str] | None = None
    statistics: Statistics = Statistics()


Fault = tuple[Place, str]
"""Where something is wrong, and what."""


def read_bench(path: Path) -> Bench:
    r"""A benchmark's file.

    Args:
        path: the file.

    Returns:
        The benchmark.

    Raises:
        JaxevalError: the file can't be read, or holds faults: all of them are named, each with its line.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "bench.toml"
        >>> method, dataset = '[[methods]]\nname = "a"\noutputs = "a/{id}.mp4"\n', '[[datasets]]\nname = "b"\n'
        >>> _ = path.write_text(f'{method}{dataset}root = "c"\nlayuot = "hdtf"\n')
        >>> try:
        ...     read_bench(path)
        ... except JaxevalError as error:
        ...     print(str(error).partition("found ")[2])
        1 fault. Line 7: datasets[0].layuot: unknown. Did you mean layout?
    """
    try:
        text = path.read_text("utf-8")
        told = tomllib.loads(text)
    except FileNotFoundError as error:
        raise JaxevalError(
            f"{path}: expected a benchmark, found no such file. Write one: jaxeval bench init."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise JaxevalError(printable(f"{path}: expected a TOML file, found: {one_line(error)}.")) from error
    faults = list(_of_form(told, Bench, ()))
    bench = None if faults else msgspec.convert(told, Bench)
    faults += [] if bench is None else _of_meaning(bench)
    if bench is None or faults:
        lines = key_lines(text)
        found = [(line_of(lines, place), f"{_words(place)}{fault}") for place, fault in faults]
        named = sorted(found, key=lambda fault: fault[0])
        count = f"{len(named)} fault{'s' * (len(named) > 1)}"
        words = "; ".join(f"line {number}: {fault}" for number, fault in named)
        end = "" if words.endswith("?") else "."
        raise JaxevalError(printable(f"{path}: expected a benchmark, found {count}. L{words[1:]}{end}"))
    return bench


def _of_form(told: Any, kind: Any, place: Place) -> Iterator[Fault]:
    """Keys that are unknown or lacking, and values of another type."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield from _of_table(told, kind, place)
    elif get_origin(kind) is list and issubclass(get_args(kind)[0], msgspec.Struct) and isinstance(told, list):
        for number, each in enumerate(told):
            yield from _of_form(each, get_args(kind)[0], (*place, number))
    else:
        try:
            msgspec.convert(told, kind)
        except msgspec.ValidationError as error:
            yield place, str(error).replace("Expected", "expected").replace(", got", ", found")


def _of_table(told: Any, kind: type[msgspec.Struct], place: Place) -> Iterator[Fault]:
    if not isinstance(told, Mapping):
        yield place, f"expected a table, found {told!r}"
        return
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    for key, value in told.items():
        if key in fields:
            yield from _of_form(value, fields[key].type, (*place, key))
        else:
            yield (*place, key), f"unknown. {nearest(key, fields)}".removesuffix(".")
    for name, field in fields.items():
        if field.required and name not in told:
            yield place, f"expected {name}, found none"


def _of_meaning(bench: Bench) -> list[Fault]:
    """Values of the right type that mean nothing."""
    faults = [*_of_names(bench.methods, "methods"), *_of_names(bench.datasets, "datasets")]
    for number, method in enumerate(bench.methods):
        faults += [(("methods", number, key), text) for key, text in _of_method(method, many=len(bench.datasets) > 1)]
    for number, dataset in enumerate(bench.datasets):
        known = {"layout": LAYOUTS, "subset": RULES}
        faults += [
            (("datasets", number, key), text)
            for key, options in known.items()
            if (text := _unknown(getattr(dataset, key), options))
        ]
    return faults + [((*place,), text) for *place, text in _of_whole(bench)]


def _of_names(entries: Sequence[Method | Dataset], key: str) -> Iterator[Fault]:
    if not entries:
        yield (key,), f"expected at least one [[{key}]], found none"
    names = [entry.name for entry in entries]
    for number, name in enumerate(names):
        if not _NAME.fullmatch(name):
            yield (key, number, "name"), f"expected letters, digits, '.', '_' and '-', found {name!r}"
        elif name in names[:number]:
            yield (key, number, "name"), f"expected each name once, found {name} again"


def _of_method(method: Method, *, many: bool) -> Iterator[tuple[str, str]]:
    try:
        asked = {name for _, name, _, _ in Formatter().parse(method.outputs) if name is not None}
    except ValueError as error:
        yield "outputs", f"expected a path with {{id}}, found {method.outputs!r}: {error}"
        return
    if "id" not in asked or (many and "dataset" not in asked):
        needed = "{dataset} and {id}" if many else "{id}"
        yield "outputs", f"expected a path with {needed}, found {method.outputs!r}"
    for name in sorted(asked - set(_FIELDS)):
        yield "outputs", f"unknown {{{name}}}. {nearest(name, _FIELDS)}".removesuffix(".")
    if text := _unknown(method.paradigm, PARADIGMS):
        yield "paradigm", text
    for name, value in method.values.items():
        try:
            check_value(name, value)
        except JaxevalError as error:
            yield "values", str(error).removesuffix(".")


def _of_whole(bench: Bench) -> Iterator[tuple[str, ...]]:
    """Places, each with what is wrong there as its last item."""
    protocol = PROTOCOLS.get(bench.protocol)
    if text := _unknown(bench.protocol, PROTOCOLS) or "":
        yield "protocol", text
    if text := _unknown(bench.region, ("face", "frame")) or "":
        yield "region", text
    for name in bench.scores or ():
        try:
            select(protocol or JAXEVAL_V1, [name])
        except JaxevalError as error:
            yield "scores", str(error).removeprefix("scores: ").removesuffix(".")
    if bench.scores == []:
        yield "scores", "expected at least one name, found none"
    if not 0 < bench.statistics.level < 1:
        yield "statistics", "level", f"expected a number between 0 and 1, found {bench.statistics.level:g}"
    if bench.statistics.resamples < _LEAST_RESAMPLES:
        least = f"expected at least {_LEAST_RESAMPLES}, found {bench.statistics.resamples}"
        yield "statistics", "resamples", least


def _unknown(name: str, options: Iterable[str]) -> str | None:
    """What is wrong with a name that is none of the options."""
    return None if name in options else f"unknown {name!r}. {nearest(name, options)}".removesuffix(".")


def _words(place: Place) -> str:
    """A place before what is wrong there.

    Example:
        >>> _words(("methods", 0, "name"))
        'methods[0].name: '
    """
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return f"{text}: " if text else ""
