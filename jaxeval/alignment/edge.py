"""The edge of every public function: which numbers it takes, of which type, from which range, on which mesh.

One rule for all, applied once, before any arithmetic:

- float16 and bfloat16 become float32; float32 and float64 stay. If one array of a call is float64, all are.
- Whole numbers become float32 where they can be values (costs, landmarks, embeddings); frames as bytes are divided by
  255 where a function takes bytes; elsewhere they are refused, as are booleans and complex numbers everywhere.
- Frames outside [0, 1] are refused: at once where they are concrete, by `jaxeval.checked` where they are traced.
- Arrays on a mesh with explicit axes are computed on the same mesh with automatic ones, by the compiler's choice.
"""

import functools
import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any, ParamSpec, TypeVar

import jax
import jax.numpy as jnp

from jaxeval.alignment.meshes import on_automatic_axes
from jaxeval.alignment.ranges import check_frames, is_checking, without_checks

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Kind(Enum):
    """What an argument is."""

    FRAMES = "floating-point frames in [0, 1]"
    BYTES = "frames in [0, 1], or uint8 from 0 to 255"
    FLOATS = "floating-point numbers"
    NUMBERS = "real numbers (integers too)"
    TREE = "a tuple of arrays that this library made"


FRAMES, BYTES, FLOATS, NUMBERS, TREE = Kind.FRAMES, Kind.BYTES, Kind.FLOATS, Kind.NUMBERS, Kind.TREE


def edge(**kinds: Kind) -> Callable[[Callable[Parameters, Result]], Callable[Parameters, Result]]:
    """Make a function take its arrays by the rule of this module.

    Args:
        kinds: parameter's name to what it is; other arguments go through as they are. A parameter `length` or `lengths`
            says how many leading frames count, and only those are checked.

    Returns:
        A decorator.

    Example:
        >>> @edge(x=NUMBERS, y=NUMBERS)
        ... def difference(x, y):
        ...     return x - y
        >>> difference(jnp.array([1], jnp.uint8), jnp.array([2.0], jnp.bfloat16))
        Array([-1.], dtype=float32)
    """

    def decorate(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
        names = list(inspect.signature(function).parameters)
        frames = [name for name, kind in kinds.items() if kind in (FRAMES, BYTES)]

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            given |= _of_one_type({name: (kind, given[name]) for name, kind in kinds.items() if name in given})
            args = tuple(given[name] for name in names[: len(args)]) + args[len(names) :]
            return on_automatic_axes(call, args, {name: given[name] for name in kwargs})

        def call(*args: Any, **kwargs: Any) -> Any:
            if not frames or not is_checking():
                return function(*args, **kwargs)
            _check_ranges(frames, {**dict(zip(names, args, strict=False)), **kwargs})
            with without_checks():
                return function(*args, **kwargs)

        return wrapper

    return decorate


def widened(array: Any) -> jax.Array:
    """An array in at least float32 if it is a floating-point one, otherwise as it is.

    Args:
        array: what `jnp.asarray` takes.

    Returns:
        The array.

    Example:
        >>> widened(jnp.ones(1, jnp.float16)).dtype, widened(jnp.ones(1, jnp.int32)).dtype
        (dtype('float32'), dtype('int32'))
    """
    array = jnp.asarray(array)
    if not jnp.issubdtype(array.dtype, jnp.floating) or array.dtype == jnp.float64:
        return array
    return array.astype(jnp.float32)


def _of_one_type(given: dict[str, tuple[Kind, Any]]) -> dict[str, Any]:
    """Each argument by its kind, all floating-point ones in float32, or in float64 if one of them is."""
    found = {
        name: jax.tree.map(widened, value) if kind is TREE else _real(name, kind, value)
        for name, (kind, value) in given.items()
        if value is not None
    }
    if any(array.dtype == jnp.float64 for array in jax.tree.leaves(found)):
        found = jax.tree.map(_doubled, found)
    pictures = {name: found[name] for name, (kind, _) in given.items() if kind is BYTES}
    floats = [array.dtype for array in pictures.values() if jnp.issubdtype(array.dtype, jnp.floating)]
    return found | {name: _unit(array, floats[0]) for name, array in pictures.items() if floats}


def _real(name: str, kind: Kind, value: Any) -> jax.Array:
    if isinstance(value, str) or not (hasattr(value, "dtype") or isinstance(value, list | float | int | tuple)):
        hint = "; pass its output for a clip" if callable(value) else ""
        raise ValueError(f"Expected {name} to be an array of {kind.value}, got {type(value).__name__}{hint}.")
    if isinstance(value, tuple) and any(hasattr(part, "dtype") for part in value):
        raise ValueError(
            f"Expected {name} to be an array of {kind.value}, got {type(value).__name__} of {len(value)}; use one of "
            "them, or for an LPIPS network's taps jaxeval.LpipsFeatures(network)."
        )
    array = jnp.asarray(value)
    if not jnp.issubdtype(array.dtype, jnp.floating) and not jnp.issubdtype(array.dtype, jnp.integer):
        raise ValueError(f"Expected {name} to be {kind.value}, got {array.dtype}{list(array.shape)}.")
    return array.astype(jnp.float32) if kind is NUMBERS and array.dtype != jnp.float64 else widened(array)


def _doubled(array: jax.Array) -> jax.Array:
    return array.astype(jnp.float64) if jnp.issubdtype(array.dtype, jnp.floating) else array


def _unit(frames: jax.Array, dtype: jnp.dtype) -> jax.Array:
    return frames.astype(dtype) / 255 if frames.dtype == jnp.uint8 else frames


def _check_ranges(frames: list[str], given: dict[str, Any]) -> None:
    lengths = given.get("lengths") or [given.get("length")] * len(frames)
    for name, length in zip(frames, lengths, strict=True):
        if name in given:
            check_frames(given[name], length)
