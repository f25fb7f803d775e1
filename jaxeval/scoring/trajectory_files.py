"""Trajectories that were computed elsewhere, by any encoder of any modality: `.npz` files instead of videos."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jaxeval.errors import JaxevalError, one_line, printable, require
from jaxeval.media.span import Span, exact
from jaxeval.protocol import Protocol
from jaxeval.results.catalogue import is_reserved
from jaxeval.results.score import aligned_names
from jaxeval.scoring.aligned_scores import Scored, align, by_gamma, framewise, missing
from jaxeval.scoring.plan import trajectory_costs

SUFFIX = ".npz"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_SLOWEST, _FASTEST = 1e-3, 1e6
"""Frames per second that a trajectory may have: beyond them a lag in ms, or a band in frames, is no sensible number."""

_NEXT = "Save trajectories [T, D] with numpy.savez(FILE, NAME=array, fps=25.0)."


def trajectory_scores(
    generated: Path,
    reference: Path,
    protocol: Protocol,
    gamma: float,
    span: Span | None = None,
    gammas: Sequence[float] = (),
) -> tuple[Scored, tuple[str, ...], tuple[int, int], float]:
    """Frame-wise and aligned scores of every trajectory that both files hold.

    For each NAME: `NAME`, the mean squared Euclidean distance over the common frames, `NAME_seq`, `NAME_div`,
    `lag_ms_NAME` and `lag_std_ms_NAME`. Of unit vectors that distance is 2 − 2·cosine.

    Args:
        generated: a file of arrays `[T, D]` or `[T]`, and if it isn't the protocol's, `fps`.
        reference: another, of the same names and D.
        protocol: its band, and its fps where the files don't say.
        gamma: Soft-DTW's temperature, in the unit of the distance.
        gammas: multiples of γ at which each `_div` is computed too.
        span: the part of the reference that is held against the generated trajectories; None for all of it.

    Returns:
        The scores, a name that one file lacks being missing; the names; the longest trajectories' numbers of frames;
        their fps.

    Raises:
        JaxevalError: a file can't be read, or an array is of the wrong kind.
    """
    (x, fps), (y, other) = _read(generated, protocol), _read(reference, protocol)
    text = f"expected {other:g} frames per second as in {reference.name}, found {fps:g}"
    require(fps == other, f"{generated}: {text}. {_NEXT}")
    y = y if span is None else {name: _part(reference, rows, fps, span) for name, rows in y.items()}
    scored, names, costs = Scored(), tuple(dict.fromkeys((*y, *x))), {}
    for name in names:
        if name not in x or name not in y:
            lacking = generated.name if name not in x else reference.name
            scored |= missing([name, *aligned_names(name)], f"no trajectory {name} in {lacking}")
            continue
        found, expected = x[name].shape[1], y[name].shape[1]
        text = f"expected {name} of {expected} columns as in {reference.name}, found {found}"
        require(found == expected, f"{generated}: {text}. {_NEXT}")
        costs[name] = trajectory_costs("squared_euclidean", x[name], y[name])
        scored |= framewise(name, costs[name])
    own = replace(protocol, gamma=dict.fromkeys(costs, gamma), fps=fps)
    scored |= align(costs, own) | by_gamma(costs, own, gammas)
    return scored, names, (max(map(len, x.values())), max(map(len, y.values()))), fps


def _part(path: Path, rows: np.ndarray, fps: float, span: Span) -> np.ndarray:
    first, last = (None if seconds is None else round(exact(seconds) * exact(fps)) for seconds in span)
    text = f"{path}: expected trajectories of more than {span[0]:g} s, found {len(rows) / fps:.2f} s"
    require(len(rows[first:last]), f"{text}. Correct the part's start.")
    return rows[first:last]


def _read(path: Path, protocol: Protocol) -> tuple[dict[str, np.ndarray], float]:
    """The trajectories of a file by name, float32, and its frames per second."""
    arrays = _arrays(path)
    fps = arrays.pop("fps", np.float64(protocol.fps))
    is_number = isinstance(fps, np.ndarray | np.generic) and fps.shape == () and fps.dtype.kind in "iuf"
    if not is_number or not _SLOWEST <= float(fps) <= _FASTEST:
        kind = f" ({fps.dtype})" if isinstance(fps, np.ndarray | np.generic) else ""
        found = printable(" ".join(str(fps).split())[:60] + kind)
        text = f"expected fps to be a number from {_SLOWEST:g} to {_FASTEST:g}, found {found}"
        raise JaxevalError(f"{path}: {text}. {_NEXT}")
    require(arrays, f"{path}: expected at least one trajectory, found none. {_NEXT}")
    return {name: _checked(path, name, array) for name, array in arrays.items()}, float(fps)


def _arrays(path: Path) -> dict[str, Any]:
    """What an .npz file holds: arrays, and whatever else stands in the archive as bytes."""
    try:
        with path.open("rb") as file:
            first = file.read(6)
        if not first.startswith(b"PK"):
            raise JaxevalError(f"{path}: expected an .npz file of arrays, found {_kind(first)}. {_NEXT}")
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except JaxevalError:
        raise
    except Exception as error:  # whatever a wrong or damaged archive makes zipfile, zlib or numpy raise
        found = f"{error.strerror}" if isinstance(error, OSError) and error.strerror else one_line(error)
        raise JaxevalError(f"{path}: expected an .npz file of arrays, found: {printable(found)}. {_NEXT}") from error


def _kind(first: bytes) -> str:
    """What a file that is no archive is, by its first bytes."""
    if first.startswith(b"\x93NUMPY"):
        return "a single array, as numpy.save writes it"
    return "no archive" if first else "an empty file"


def _checked(path: Path, name: str, array: Any) -> np.ndarray:
    reserved = is_reserved(name)
    if reserved or not _NAME.fullmatch(name):
        found = f"{name}, which is reserved for scores" if reserved else repr(name)
        raise JaxevalError(f"{path}: expected a trajectory's name of letters, digits and _, found {found}; rename it.")
    text = f"{path}: expected {name} to be [T, D] numbers"
    require(isinstance(array, np.ndarray), f"{text}, found a file that is no array. {_NEXT}")
    array = array[:, None] if array.ndim == 1 else array
    is_numbers = array.ndim == 2 and array.size and array.dtype.kind in "iuf"
    require(is_numbers, f"{text}, found {array.dtype} {array.shape}. {_NEXT}")
    _require_finite(path, name, array, "finite numbers, found others", "Remove these rows, or fill them.")
    with np.errstate(over="ignore"):  # told in words
        narrow = array.astype(np.float32)
    text = "numbers in float32's range, up to 3.4e38, found larger ones"
    _require_finite(path, name, narrow, text, "Scale the trajectory down.")
    return narrow


def _require_finite(path: Path, name: str, rows: np.ndarray, text: str, then: str) -> None:
    wrong = ~np.isfinite(rows).all(axis=1)
    where = f"{wrong.sum()} of {len(rows)} rows of {name}, the first in row {wrong.argmax()}"
    require(not wrong.any(), f"{path}: expected {text} in {where}. {then}")
