"""Which run a results folder belongs to: a marker is left there as soon as the run starts."""

import json
from collections.abc import Mapping
from pathlib import Path

from jaxeval.errors import printable
from jaxeval.files import atomic_file, make_folder

MARKER = "jaxeval-run.json"
_INPUTS = ("generated", "reference", "pairs", "audio", "portrait")


def inputs_of(**paths: Path | None) -> dict[str, str]:
    """What a run scores, as absolute paths: any of `generated`, `reference`, `pairs`, `audio` and `portrait`.

    Example:
        >>> inputs_of(generated=Path("/data/a.mp4"), audio=None)
        {'generated': '/data/a.mp4'}
    """
    return {name: str(path.resolve()) for name, path in paths.items() if path is not None}


def choose_folder(default: Path, inputs: Mapping[str, str]) -> tuple[Path, str]:
    """The folder for a run that was given none: `default`, or `default-2`, … while those hold anything else.

    Args:
        default: the first choice.
        inputs: see `inputs_of`. A folder that holds a run of these inputs, finished or not, is chosen again.

    Returns:
        The folder, which needn't exist, and a line that names what `default` holds; "" if `default` is chosen.
    """
    number, folder = 1, default
    while _is_taken(folder, inputs):
        number += 1
        folder = default.with_name(f"{default.name}-{number}")
    return folder, f"{default} holds {_words(default)}; results go to {folder}" if number > 1 else ""


def claim_folder(folder: Path, inputs: Mapping[str, str]) -> None:
    """Create a run's folder if need be, and mark it as the run's.

    Raises:
        JaxevalError: the folder can't be created or written.
    """
    make_folder(folder)
    with atomic_file(folder / MARKER) as file:
        file.write(json.dumps(dict(inputs), indent=1).encode())


def _is_taken(folder: Path, inputs: Mapping[str, str]) -> bool:
    if not folder.is_dir():
        return folder.exists() or folder.is_symlink()
    return any(folder.iterdir()) and _read(folder) != inputs


def _read(folder: Path) -> dict[str, str]:
    try:
        inputs = json.loads((folder / MARKER).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    known = isinstance(inputs, dict) and all(isinstance(inputs.get(name, ""), str) for name in _INPUTS)
    return inputs if known else {}


def _words(folder: Path) -> str:
    """What a folder holds, to be named beside it."""
    inputs = _read(folder)
    if "pairs" in inputs:
        return printable(f"scores of {inputs['pairs']}")
    if "generated" in inputs:
        against = f" against {inputs['reference']}" if "reference" in inputs else ""
        return printable(f"scores of {inputs['generated']}{against}")
    return "other files"
