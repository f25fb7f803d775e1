"""How upstream tensors become an encoder's arrays, as data: which tensors, with which axes, and what is made of them.

Axes are named by letters, as in an index expression: an array "hwio" taken from a tensor "oihw" is that tensor with its
axes permuted. "1" is an axis of extent 1, which is dropped; "o(chw)" has three axes stored as one, in C order.
"""

import fnmatch
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import jax
import numpy as np

from jaxeval.errors import JaxevalError

Reader = Callable[[bytes], dict[str, np.ndarray]]
Tensors = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Taken:
    """One of our arrays, as it is made of upstream tensors.

    Attributes:
        axes: our array's, a letter for each.
        parts: upstream tensors' names and axes.
        make: from the tensors, each with its axes in the order of ours, our array; the first of them by default. An
            axis that a tensor lacks is missing there, so that a tensor of the last axis alone spreads by itself.
    """

    axes: str
    parts: tuple[tuple[str, str], ...]
    make: Callable[..., np.ndarray] = lambda tensor: tensor


Names = dict[str, Taken]


@dataclass(frozen=True)
class Recipe:
    """A converter.

    Attributes:
        readers: for each source file in the manifest's order, what turns its bytes into named tensors.
        names: how each of our arrays is made.
        ignored: patterns of upstream tensors that are no weights, such as fixed blur filters: `*.num_batches_tracked`.
        prepare: renames tensors of files that exist in several forms.
    """

    readers: tuple[Reader, ...]
    names: Mapping[str, Taken]
    ignored: tuple[str, ...] = ()
    prepare: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]] = lambda tensors: tensors


def take(axes: str, theirs: str, layout: str | None = None) -> Taken:
    """One tensor with its axes in another order.

    Args:
        axes: our array's.
        theirs: the upstream tensor.
        layout: its axes; None if they are ours.
    """
    return Taken(axes, ((theirs, layout or axes),))


def merge(*tables: Names) -> Names:
    """One table of several.

    Args:
        tables: without a name in common.
    """
    return {ours: taken for table in tables for ours, taken in table.items()}


def torch_conv(ours: str, theirs: str) -> Names:
    """A PyTorch convolution of two axes, with its bias.

    Args:
        ours: our convolution.
        theirs: theirs.
    """
    return {f"{ours}.kernel": take("hwio", f"{theirs}.weight", "oihw"), f"{ours}.bias": take("o", f"{theirs}.bias")}


def torch_dense(ours: str, theirs: str) -> Names:
    """A PyTorch linear layer, with its bias.

    Args:
        ours: our layer.
        theirs: theirs.
    """
    return {f"{ours}.kernel": take("io", f"{theirs}.weight", "oi"), f"{ours}.bias": take("o", f"{theirs}.bias")}


def torch_norm(ours: str, theirs: str, eps: float) -> Names:
    """A PyTorch batch normalisation as a frozen `Affine`: γ/√(variance + ε), and β − mean·γ/√(variance + ε).

    Args:
        ours: our layer.
        theirs: theirs.
        eps: its ε.
    """
    return {
        f"{ours}.scale": Taken("c", _norm(theirs, "c", "weight", "running_var"), lambda w, v: w / np.sqrt(v + eps)),
        f"{ours}.shift": Taken(
            "c",
            _norm(theirs, "c", "bias", "running_mean", "weight", "running_var"),
            lambda b, m, w, v: b - m * w / np.sqrt(v + eps),
        ),
    }


def torch_conv_norm(ours: str, conv: str, norm: str, eps: float, *, bias: bool = False, axes: str = "hw") -> Names:
    """A PyTorch convolution and the batch normalisation after it, as one convolution with a bias.

    Args:
        ours: our convolution.
        conv: theirs.
        norm: their normalisation.
        eps: its ε.
        bias: whether their convolution has one.
        axes: its spatial ones.
    """
    own_bias = [(f"{conv}.bias", "o")] if bias else []
    return {
        f"{ours}.kernel": Taken(
            f"{axes}io",
            ((f"{conv}.weight", f"oi{axes}"), *_norm(norm, "o", "weight", "running_var")),
            lambda kernel, w, v: kernel * (w / np.sqrt(v + eps)),
        ),
        f"{ours}.bias": Taken(
            "o",
            (*_norm(norm, "o", "bias", "running_mean", "weight", "running_var"), *own_bias),
            lambda b, m, w, v, own=0.0: b + (own - m) * (w / np.sqrt(v + eps)),
        ),
    }


def _norm(theirs: str, axis: str, *parts: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"{theirs}.{part}", axis) for part in parts)


def make_arrays(
    recipe: Recipe,
    contents: Sequence[bytes],
    shapes: Mapping[str, jax.ShapeDtypeStruct],
    files: Sequence[object] = (),
) -> dict[str, np.ndarray]:
    """Upstream bytes to our arrays; what is computed, and not only moved, is computed in float64.

    Args:
        recipe: the encoder's.
        contents: the bytes of each source file.
        shapes: what the encoder needs, by name.
        files: what the source files are called in a complaint.

    Returns:
        The arrays by name.

    Raises:
        JaxevalError: any tensor is missing, surplus, misshapen or holds numbers that aren't finite; all are listed, the
            misshapen ones with both shapes.
    """
    tensors: dict[str, np.ndarray] = {}
    try:
        for reader, data in zip(recipe.readers, contents, strict=True):
            tensors |= reader(data)
        tensors = recipe.prepare(tensors)
        if problems := list(_problems(recipe, tensors, shapes)):
            raise JaxevalError(f"upstream tensors differ from the recipe: {'; '.join(problems)}. Nothing was written.")
    except JaxevalError as error:
        named = f"{', '.join(map(str, files))}: " if files else ""
        raise JaxevalError(f"{named}{error}") from error
    return {ours: _made(taken, tensors, shapes[ours]) for ours, taken in recipe.names.items()}


def _problems(recipe: Recipe, tensors: Tensors, shapes: Mapping[str, jax.ShapeDtypeStruct]) -> Iterable[str]:
    wanted = {
        theirs: _shape(layout, _extents(taken, shapes[ours]))
        for ours, taken in recipe.names.items()
        for theirs, layout in taken.parts
    }
    yield from (f"missing {name}" for name in sorted(wanted.keys() - tensors.keys()))
    for name in sorted(tensors.keys() - wanted.keys()):
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in recipe.ignored):
            yield f"surplus {name} {tensors[name].shape}"
    for name in sorted(wanted.keys() & tensors.keys()):
        if tensors[name].shape != wanted[name]:
            yield f"{name}: expected {wanted[name]}, found {tensors[name].shape}"
        elif not np.isfinite(tensors[name]).all():
            yield f"{name}: expected finite numbers, found others"


def _made(taken: Taken, tensors: Tensors, like: jax.ShapeDtypeStruct) -> np.ndarray:
    extents = _extents(taken, like)
    parts = [_permuted(tensors[theirs], layout, taken.axes, extents) for theirs, layout in taken.parts]
    if len(parts) > 1:
        parts = [part.astype(np.float64) for part in parts]
    return np.ascontiguousarray(taken.make(*parts), like.dtype)


def _extents(taken: Taken, like: jax.ShapeDtypeStruct) -> dict[str, int]:
    return {**dict(zip(taken.axes, like.shape, strict=True)), "1": 1}


def _groups(layout: str) -> list[str]:
    """Letters by upstream axis: "o(chw)" to ["o", "chw"]."""
    return [group.strip("()") for group in re.findall(r"\(\w+\)|\w", layout)]


def _shape(layout: str, extents: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(math.prod(extents[letter] for letter in group) for group in _groups(layout))


def _permuted(tensor: np.ndarray, layout: str, axes: str, extents: Mapping[str, int]) -> np.ndarray:
    letters = [letter for group in _groups(layout) for letter in group if letter != "1"]
    spread = tensor.reshape([extents[letter] for letter in letters])
    return spread.transpose([letters.index(letter) for letter in axes if letter in letters])
