"""Scores of the user's own: any function of a clip's frames, and numbers of a method that only its user knows."""

import hashlib
import math
import re
import runpy
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from jaxeval.errors import JaxevalError, one_line
from jaxeval.results.catalogue import is_reserved, own_metric
from jaxeval.results.metric import Metric
from jaxeval.scoring.aligned_scores import Scored, missing

SLOTS = ("iqa", "vqa")
"""Scores that jaxeval shows and has no scorer for."""

NUMBERS = ("fps",)
"""Numbers of a method that jaxeval shows and can't measure."""

FAILED = "its scorer"
"""How the reason begins where a scorer gave no number."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_VARIABLE = "SCORERS"


@dataclass(frozen=True)
class CustomScore:
    """A score that needs no reference, computed by the user's own function.

    Attributes:
        name: `iqa` or `vqa`, for which the tables have columns, or any name that no score of jaxeval has: lowercase
            letters, digits and _.
        function: (frames, fps) -> number. It gets the generated clip's frames `[T, H, W, 3]`, float32 RGB in [0, 1],
            cropped as for the image scores: to the reference's face window, or whole with `--region frame`.
        version: name and version of what computes the score, such as "musiq 1.2". It is part of the score's signature,
            so that numbers of two versions are never compared.
        better: "↑" if higher is better, "↓" if lower is, "" for neither. `iqa` and `vqa` must have "↑".
        unit: shown beside the number; "" for none.
        definition: one line for the report.

    Raises:
        JaxevalError: the name is taken or ill-formed, the version is empty, or a field has the wrong type.

    Example:
        >>> brightness = CustomScore("brightness", lambda frames, fps: float(frames.mean()), version="mean 1")
        >>> brightness.function(np.full((2, 4, 4, 3), 0.5, np.float32), 25.0)
        0.5
    """

    name: str
    function: Callable[[np.ndarray, float], float]
    version: str
    better: Literal["↑", "↓", ""] = "↑"
    unit: str = ""
    definition: str = ""

    def __post_init__(self) -> None:
        _check_name(f"the scorer {self.name!r}", self.name, SLOTS)
        where = f"the scorer {self.name!r}"
        if not callable(self.function):
            raise JaxevalError(f"{where}: expected a function of frames and fps, found {self.function!r}.")
        for field in ("version", "unit", "definition"):
            text = getattr(self, field)
            if not isinstance(text, str) or len(text.splitlines()) > 1 or "|" in text:
                raise JaxevalError(f"{where}: expected {field} to be one line without |, found {text!r}.")
        if not self.version.strip():
            raise JaxevalError(f"{where}: expected a version, found none; it is part of the score's signature.")
        if self.better not in ("↑", "↓", ""):
            raise JaxevalError(f"{where}: expected better to be '↑', '↓' or '', found {self.better!r}.")
        if self.name in SLOTS and self.better != "↑":
            raise JaxevalError(f"{where}: expected better to be '↑' for {self.name}, found {self.better!r}.")

    @property
    def metric(self) -> Metric:
        """Its entry of the catalogue."""
        return own_metric(self.name, self.as_dict())

    def as_dict(self) -> dict[str, str]:
        """Plain values, for a record's provenance: all but the function."""
        return {name: value for name, value in vars(self).items() if name not in ("name", "function")}


def custom_scores(scorers: Sequence[CustomScore], crops: np.ndarray, fps: float) -> Scored:
    """What the user's functions give; one that raises, or gives no finite number, is a missing score with its reason.

    Args:
        scorers: the user's.
        crops: `[T, H, W, 3]` uint8 of the generated clip.
        fps: frames per second.

    Returns:
        Numbers, and reasons for those that are missing.
    """
    scored = Scored()
    for scorer in scorers:
        try:
            value = float(scorer.function(crops.astype(np.float32) / np.float32(255), fps))
            reason = "" if math.isfinite(value) else f"{FAILED} gave {value}"
        except (Exception, SystemExit) as error:
            value, reason = math.nan, f"{FAILED} failed: {one_line(error)}"
        scored |= missing([scorer.name], reason) if reason else Scored({scorer.name: value})
    return scored


def load_scorers(path: Path) -> tuple[CustomScore, ...]:
    """The scorers of a Python file, which is run: its variable SCORERS is a list of `CustomScore`.

    Args:
        path: the file.

    Returns:
        The scorers; the file's digest stands behind each version, so that a changed file makes other signatures. It
        doesn't cover what the file imports: a changed model is to get another version.

    Raises:
        JaxevalError: the file can't be run, has no such list, or two scorers share a name.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        sys.path.insert(0, str(path.resolve().parent))  # as for any script; functions may import later, so it stays
        found = runpy.run_path(str(path)).get(_VARIABLE)
    except JaxevalError as error:
        raise JaxevalError(f"{path}: {error}") from error
    except (Exception, SystemExit) as error:
        raise JaxevalError(f"{path}: expected a Python file that runs, found: {one_line(error)}.") from error
    if not isinstance(found, list | tuple) or not found or not all(isinstance(scorer, CustomScore) for scorer in found):
        raise JaxevalError(f"{path}: expected {_VARIABLE} = [jaxeval.CustomScore(...), ...], found {str(found)[:60]}.")
    names = [scorer.name for scorer in found]
    if len(set(names)) < len(names):
        raise JaxevalError(f"{path}: expected a different name for each scorer, found {', '.join(names)}.")
    return tuple(replace(scorer, version=f"{scorer.version} (file {digest})") for scorer in found)


def read_values(given: Sequence[str]) -> dict[str, float]:
    """Numbers of a method, each given as NAME=NUMBER.

    Args:
        given: the words.

    Returns:
        Name to number.

    Raises:
        JaxevalError: a word has another form, a name is taken, ill-formed or given twice, or a number isn't finite.

    Example:
        >>> read_values(["fps=31.5"])
        {'fps': 31.5}
    """
    numbers: dict[str, float] = {}
    for word in given:
        name, equals, text = word.partition("=")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not equals or not math.isfinite(value):
            raise JaxevalError(f"--value: expected NAME=NUMBER, such as fps=31.5, found {word!r}.")
        check_value(name, value)
        if name in numbers:
            raise JaxevalError(f"--value: expected each name once, found {name} twice.")
        numbers[name] = value
    return numbers


def check_value(name: str, value: object) -> None:
    """Let no value that the user gives pass for a score.

    Raises:
        JaxevalError: the name is taken or ill-formed, or the value is no number.
    """
    _check_name(f"value {name}", name, NUMBERS)
    if not isinstance(value, int | float):
        raise JaxevalError(f"value {name}: expected a number, found {value!r}. Give one, or leave it out.")


def _check_name(where: str, name: str, free: Sequence[str]) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise JaxevalError(f"{where}: expected a name of lowercase letters, digits and _, found {name!r}.")
    if is_reserved(name) and name not in free:
        raise JaxevalError(f"{where}: expected {', '.join(free)} or a new name, found {name}, which is reserved.")
