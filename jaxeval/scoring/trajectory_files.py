"""Trajectories that were computed elsewhere, by any encoder of any modality: `.npz` files instead of videos."""

import re
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from jaxeval.alignment import distances
from jaxeval.errors import JaxevalError
from jaxeval.scoring.costs import trajectory_costs
from jaxeval.scoring.protocol import Protocol
from jaxeval.scoring.score_names import catalogue
from jaxeval.scoring.scored import Scored, align, aligned_names, mean, missing

SUFFIX = ".npz"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NEXT = "Save trajectories [T, D] by numpy.savez(FILE, NAME=array, fps=25.0)."


def trajectory_scores(
    generated: Path, reference: Path, protocol: Protocol, gamma: float
) -> tuple[Scored, tuple[int, int], float]:
    """Frame-wise and aligned scores of every trajectory that both files hold.

    For each NAME: `NAME`, the mean squared Euclidean distance over the common frames, `NAME_seq`, `NAME_div`,
    `lag_ms_NAME` and `lag_std_ms_NAME`. Of unit vectors that distance is 2 − 2·cosine.

    Args:
        generated: a file of arrays `[T, D]` or `[T]`, and if it isn't the protocol's, `fps`.
        reference: another, of the same names and D.
        protocol: its band, and its fps where the files don't say.
        gamma: Soft-DTW's temperature, in the unit of the distance.

    Returns:
        The scores, a name that one file lacks being missing; the longest trajectories' numbers of frames; their fps.

    Raises:
        JaxevalError: a file can't be read, or an array is of the wrong kind.
    """
    (x, fps), (y, other) = _read(generated, protocol), _read(reference, protocol)
    if fps != other:
        text = f"expected {other:g} frames per second as in {reference.name}, found {fps:g}"
        raise JaxevalError(f"{generated}: {text}. {_NEXT}")
    scored = Scored()
    for name in dict.fromkeys((*y, *x)):
        if name not in x or name not in y:
            lacking = generated.name if name not in x else reference.name
            scored |= missing([name, *aligned_names(name)], f"no trajectory {name} in {lacking}")
            continue
        if x[name].shape[1] != y[name].shape[1]:
            raise JaxevalError(
                f"{generated}: expected {name} of {y[name].shape[1]} columns as in {reference.name}, "
                f"found {x[name].shape[1]}. {_NEXT}"
            )
        costs = trajectory_costs(distances.squared_euclidean, x[name], y[name])
        scored |= Scored({name: mean(costs.framewise)})
        scored |= align(name, costs, replace(protocol, gamma={name: gamma}, fps=fps))
    return scored, (max(map(len, x.values())), max(map(len, y.values()))), fps


def _read(path: Path, protocol: Protocol) -> tuple[dict[str, np.ndarray], float]:
    """The trajectories of a file by name, float32, and its frames per second."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        found = " ".join(str(error).split())
        raise JaxevalError(f"{path}: expected an .npz file of arrays, found: {found}. {_NEXT}") from error
    fps = arrays.pop("fps", np.float64(protocol.fps))
    if fps.shape != () or not np.issubdtype(fps.dtype, np.number) or not 0 < float(fps) < float("inf"):
        raise JaxevalError(f"{path}: expected fps to be a positive number, found {fps}. {_NEXT}")
    if not arrays:
        raise JaxevalError(f"{path}: expected at least one trajectory, found none. {_NEXT}")
    return {name: _checked(path, name, array, protocol) for name, array in arrays.items()}, float(fps)


def _checked(path: Path, name: str, array: np.ndarray, protocol: Protocol) -> np.ndarray:
    reserved = name in catalogue(protocol.encoders)
    if reserved or not _NAME.fullmatch(name):
        found = f"{name}, which is a score's own" if reserved else repr(name)
        raise JaxevalError(f"{path}: expected names of letters, digits and _, found {found}; call it otherwise.")
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or not array.size or not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise JaxevalError(f"{path}: expected {name} to be [T, D] numbers, found {array.dtype} {array.shape}. {_NEXT}")
    wrong = ~np.isfinite(array).all(axis=1)
    if wrong.any():
        raise JaxevalError(
            f"{path}: expected finite numbers, found others in {wrong.sum()} of {len(array)} rows of {name}, "
            f"the first in row {int(wrong.argmax())}. Leave such rows out, or fill them."
        )
    return array.astype(np.float32)
