"""The error that every floor raises for bad input."""

import difflib
import os
import unicodedata
from collections.abc import Iterable

_UNPRINTABLE = ("Cc", "Zl", "Zp")  # control characters, line and paragraph separators
_NAMES_SHOWN = 10


class JaxevalError(Exception):
    """Bad input. The message is one line: where, what was expected, what was found, and what to do next.

    The command line prints this line and nothing else. A clip that raises it becomes a `failed` row with the line as
    its reason.

    Example:
        >>> import jaxeval
        >>> try:
        ...     jaxeval.score("late.mp4", "reference.mp4")
        ... except jaxeval.JaxevalError as error:
        ...     print(error)
        late.mp4: expected GENERATED to be a file or a folder, found neither. Check the path.
    """


class MissingWeightsError(JaxevalError):
    """An encoder's weights are missing; the message says which file to get, where, and how to convert it."""


def require(holds: object, text: str) -> None:
    """Refuse bad input.

    Args:
        holds: what must be true.
        text: of the error, if it isn't.

    Raises:
        JaxevalError: it isn't.

    Example:
        >>> require(2 > 1, "expected a larger number, found 1.")
    """
    if not holds:
        raise JaxevalError(text)


def require_jax() -> None:
    """Start JAX, or say in one line why it can't be.

    Raises:
        JaxevalError: no device of the platform that `JAX_PLATFORMS` asks for, or none at all.

    Example:
        >>> require_jax()
    """
    import jax

    try:
        jax.devices()
    except Exception as error:  # RuntimeError, AssertionError and others, as the platform has it
        asked = os.environ.get("JAX_PLATFORMS", "")
        reason = " ".join(str(error).split()) or "the installed jax doesn't support it"
        if not asked:
            raise JaxevalError(f"JAX can't start: {reason}. Install jax again, or set JAX_PLATFORMS=cpu.") from error
        install = f" or install {_PLUGINS[first]}" if (first := asked.split(",")[0]) in _PLUGINS else " or ask for cpu"
        raise JaxevalError(
            f"JAX can't start the platform {asked} that JAX_PLATFORMS asks for: {reason}; unset it{install}."
        ) from error


_PLUGINS = {"cuda": "jax[cuda13]", "gpu": "jax[cuda13]", "tpu": "jax[tpu]", "rocm": "a jax plugin for ROCm"}


def one_line(error: BaseException) -> str:
    r"""An unexpected error as its type and the first line of its text.

    Example:
        >>> one_line(ValueError("no such thing\nat all"))
        'ValueError: no such thing'
    """
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def nearest(name: str, names: Iterable[str]) -> str:
    """What to do about a misspelt name: the last sentence of its error.

    Args:
        name: as it was given.
        names: those that there are.

    Returns:
        The nearest of them as a question; all of them (at most ten) if none is near.

    Example:
        >>> nearest("lpisp_div", ["lpips_div", "csim"]), nearest("x", ["lpips_div", "csim"])
        ('Did you mean lpips_div?', 'Choose from lpips_div, csim.')
    """
    known = {other.lower(): other for other in names}
    if near := difflib.get_close_matches(name.lower(), known, n=1):
        return f"Did you mean {known[near[0]]}?"
    few = list(known.values())[:_NAMES_SHOWN]
    return f"Choose from {', '.join(few)}{', …' * (len(known) > len(few))}."


def printable(text: str) -> str:
    r"""A text that every file and terminal takes on one line.

    What is no Unicode, as in some file names, a control character or a break of lines is written as an escape.

    Example:
        >>> print(printable("clip\udcff\nb"))
        clip\udcff\nb
    """
    encoded = text.encode(errors="backslashreplace").decode()
    return "".join(repr(c)[1:-1] if unicodedata.category(c) in _UNPRINTABLE else c for c in encoded)
