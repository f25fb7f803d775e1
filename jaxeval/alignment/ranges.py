"""Frames outside [0, 1] refused: where they are concrete at once, and inside compiled functions on request."""

import functools
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental import checkify

TOLERANCE = 0.002
"""How far beyond [0, 1] a value may lie: about half a level of 8 bits, by which no stored picture changes."""

_EXPECTED = "Expected frames in [0, 1]"
_RANGE = f"{_EXPECTED}, got values from {{low}} to {{high}}"
_PATTERN = re.compile(re.escape(_EXPECTED) + r", got values from (\S+) to ([^\s;]+)")

# A part of the key under which compiled functions are kept: with checks and without, they are different programs.
_staged = jax.make_user_context(False)
_inside: ContextVar[bool] = ContextVar("inside", default=False)


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function so that frames out of range raise the errors that they raise outside `jax.jit`.

    Under `jax.jit` values aren't known while a metric is traced, so none is checked. Here the checks become part of the
    program (`jax.experimental.checkify`), and their outcome is looked at after each call, which waits for its result.

    Args:
        function: of arrays and pytrees of them, as `jax.jit` takes it; `jax.jit`, `jax.vmap` and `jax.grad` may stand
            inside, not around.

    Returns:
        The compiled function, of the same arguments and results.

    Raises:
        ValueError: when called, for frames outside [0, 1], or if it is called within another traced function.

    Example:
        >>> import jaxeval
        >>> distance = checked(jax.vmap(jaxeval.psnr))
        >>> distance(jnp.zeros((2, 1, 8, 8, 3)), jnp.full((2, 1, 8, 8, 3), 128.0))
        Traceback (most recent call last):
        ValueError: Expected frames in [0, 1], got values from 128.0 to 128.0; scale them: x / 255.
    """

    @functools.wraps(function)
    def staged(*args: Any, **kwargs: Any) -> Any:
        with _staged(True):
            return function(*args, **kwargs)

    compiled = jax.jit(checkify.checkify(staged, errors=checkify.user_checks))

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        error, result = compiled(*args, **kwargs)
        if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(error)):
            raise ValueError("Expected jaxeval.checked outside jax.jit, jax.vmap and jax.grad: checked(jit(f)).")
        if (text := error.get()) is not None:
            raise ValueError(_told(text))
        return result

    return run


def is_checking() -> bool:
    """Whether a function that is called now has to check its frames: not within another that has."""
    return not _inside.get()


@contextmanager
def without_checks() -> Iterator[None]:
    """What is called here is given frames that have been checked, or what has been made of them."""
    token = _inside.set(True)
    try:
        with _staged(False):
            yield
    finally:
        _inside.reset(token)


def check_frames(frames: jax.Array, length: Any = None) -> None:
    """Refuse frames outside [0, 1], and NaN; bytes, and what is no frames at all, are left to others.

    Args:
        frames: `[..., H, W, 3]`.
        length: how many leading frames count, a Python int or traced; None for all.

    Raises:
        ValueError: they aren't in [0, 1], if that is known now.

    Example:
        >>> check_frames(jnp.linspace(-1, 1, 12).reshape(1, 2, 2, 3))
        Traceback (most recent call last):
        ValueError: Expected frames in [0, 1], got values from -1.0 to 1.0; scale them: (x + 1) / 2.
    """
    if frames.ndim < 4 or 0 in frames.shape or not jnp.issubdtype(frames.dtype, jnp.floating):
        return
    count = frames.shape[0] if length is None else length
    if not isinstance(frames, jax.core.Tracer) and not isinstance(count, jax.core.Tracer):
        with jax.ensure_compile_time_eval():  # of an array that a traced function closes over
            low, high = map(float, _extent(frames, count))
        if not _in_range(low, high):
            raise ValueError(_complaint(low, high))
    elif _staged.value:
        low, high = _extent(jax.lax.stop_gradient(frames), count)
        checkify.check(_in_range(low, high), _RANGE, low=low, high=high)


@jax.jit
def _extent(frames: jax.Array, count: Any) -> tuple[jax.Array, jax.Array]:
    """The least and the greatest value of the frames that count; NaN if there is one."""
    there = jnp.arange(frames.shape[0], dtype=jnp.int32) < jnp.asarray(count, jnp.int32)
    frames = jnp.where(there.reshape(-1, *[1] * (frames.ndim - 1)), frames, 0)
    # On CPU XLA's least and greatest pass NaN over.
    is_nan = jnp.isnan(frames).any()
    return jnp.where(is_nan, jnp.nan, frames.min()), jnp.where(is_nan, jnp.nan, frames.max())


def _in_range(low: Any, high: Any) -> Any:
    return (low >= -TOLERANCE) & (high <= 1 + TOLERANCE)


def _complaint(low: float, high: float) -> str:
    text = _RANGE.format(low=low, high=high)
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{text}; remove or repair frames that aren't finite."
    if low >= -1 - TOLERANCE and high <= 1 + TOLERANCE:
        return f"{text}; scale them: (x + 1) / 2."
    if low >= -TOLERANCE and 2 < high < 256:
        return f"{text}; scale them: x / 255."
    return f"{text}; scale them, or clip what resampling overshot: jnp.clip(x, 0, 1)."


def _told(text: str) -> str:
    """A check's text as the error outside `jax.jit` has it; under `jax.vmap`, that of the first element."""
    found = _PATTERN.search(text)
    return _complaint(*map(float, found.groups())) if found else text.splitlines()[0].removesuffix(" (`check` failed)")
