"""The pure function behind an entry of the catalogue."""

from collections.abc import Callable
from importlib import import_module

import jax

from jaxeval.results.metric import Metric


def function_of(metric: Metric) -> Callable[..., jax.Array]:
    """A metric's function: of the metric's name, in the file of `jaxeval.metrics` that its entry names.

    Example:
        >>> from jaxeval.results.definitions import METRICS
        >>> [function_of(metric).__name__ for metric in METRICS if metric.name == "csim"]
        ['csim']
    """
    return getattr(import_module(f"jaxeval.metrics.{metric.file or metric.name}"), metric.name)
