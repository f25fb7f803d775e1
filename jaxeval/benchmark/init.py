"""A first `bench.toml`, written from the folders that there are."""

import os
from collections.abc import Iterator
from pathlib import Path

from jaxeval.benchmark.plan import Method, check_bench, read_bench
from jaxeval.errors import JaxevalError, printable, require
from jaxeval.files import atomic_file

_HEAD = """# Methods and datasets of a benchmark. Paths are relative to this file's folder.
protocol = "jaxeval-v1"
region = "face"  # or "frame"
# scores = ["lpips", "csim", "lip_sync"]  # all the protocol's, if left out
# gammas = [0.1, 10.0]  # draws each aligned score at these multiples of its γ, too

[statistics]
level = 0.95
resamples = 2000
seed = 0
"""

_METHOD = """
[[methods]]
name = {name}
outputs = {outputs}
# paradigm = "lip-centric"  # or "motion space", "multi-condition", "full motion"
# year = 2020
# values = {{ fps = 31.5 }}
"""

_DATASET = """
[[datasets]]
name = {name}
root = {root}
layout = "plain"  # or "hdtf", "voxceleb2", "celebvhq", "mead", "ravdess", "manifest"
subset = "all"  # or "paper", "paper-mead", "paper-ravdess", which trim to 4-10 s
# shortest = 4
# longest = 10
"""


def first_bench(outputs: Path, references: Path, folder: Path) -> str:
    """The text of a benchmark of all methods in one folder on all datasets in another.

    Args:
        outputs: holds METHOD/DATASET/ID.mp4.
        references: holds DATASET/ID.mp4.
        folder: where the file will stand, which its paths are relative to.

    Returns:
        TOML, with what may be added in comments.

    Raises:
        JaxevalError: a folder is missing or holds no folder, or a method has outputs for none of the datasets.
    """
    datasets = _subfolders(references, "one folder for each dataset")
    methods = _subfolders(outputs, "one folder for each method")
    for method in methods:
        known = [path.name for path in _folders(method)]
        text = f"{method}: expected a folder for one of {', '.join(path.name for path in datasets)}"
        require(
            set(known) & {path.name for path in datasets}, f"{text}, found {', '.join(known) or 'none'}. Rename it."
        )
    parts = [_HEAD]
    for method in methods:
        # The suffix of the first output: one method's clips are of one kind.
        suffix = next(_suffixes(method), ".mp4")
        template = f"{_escaped(_relative(method, folder))}/{{dataset}}/{{id}}{suffix}"
        parts.append(_METHOD.format(name=_quoted(method.name), outputs=_quoted(template)))
    for dataset in datasets:
        parts.append(_DATASET.format(name=_quoted(dataset.name), root=_quoted(_relative(dataset, folder))))
    return "".join(parts)


def with_method(path: Path, method: Method) -> None:
    """Add a method to a benchmark's file, whose other text stays as it is.

    Args:
        path: the file.
        method: what to add.

    Raises:
        JaxevalError: the file holds faults, or would with the method; then it stays as it was.
    """
    read_bench(path)
    text = path.read_text("utf-8")
    year = "" if method.year is None else f"year = {method.year}\n"
    entry = f"name = {_quoted(method.name)}\noutputs = {_quoted(method.outputs)}\n"
    added = f"{text.rstrip()}\n\n[[methods]]\n{entry}paradigm = {_quoted(method.paradigm)}\n{year}"
    check_bench(added, path)
    with atomic_file(path) as file:
        file.write(added.encode())


def _subfolders(folder: Path, what: str) -> list[Path]:
    if not folder.is_dir():
        raise JaxevalError(printable(f"{folder}: expected a folder, found none. Check the path."))
    found = _folders(folder)
    require(found, printable(f"{folder}: expected {what}, found none. Move its files into one."))
    return found


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _suffixes(method: Path) -> Iterator[str]:
    return (path.suffix for path in sorted(method.rglob("*")) if path.is_file() and path.suffix)


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _escaped(path: str) -> str:
    """Braces of a folder's own name, doubled as in any template."""
    return path.replace("{", "{{").replace("}", "}}")


def _quoted(text: str) -> str:
    """A TOML string."""
    escapes = {"\\": "\\\\", '"': '\\"'}
    plain = "".join(escapes.get(c, c if c.isprintable() else f"\\u{ord(c):04x}") for c in text)
    return f'"{plain}"'
