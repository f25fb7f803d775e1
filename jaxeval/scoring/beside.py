"""Work beside other work: a program rarely keeps every core busy by itself."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import jax

T = TypeVar("T")


def beside(call: Callable[[], T]) -> Callable[[], T]:
    """Begin a call in a thread of its own, on the caller's default device.

    Args:
        call: what to do; it shares no state with what the caller does meanwhile.

    Returns:
        Waits for the call, and returns its result or raises its error.

    Example:
        >>> found = beside(lambda: 1 + 1)
        >>> found()
        2
    """
    device = jax.config.jax_default_device  # type: ignore[attr-defined]  # JAX makes it while it is imported

    def placed() -> T:
        with jax.default_device(device):
            return call()

    pool = ThreadPoolExecutor(1, "jaxeval-beside")
    future = pool.submit(placed)
    pool.shutdown(wait=False)
    return future.result
