"""The one definition of scoring: a pure function of a pair of padded clips, to every score.

    step = measured ∘ encoded

Networks make a trajectory of each clip, metrics make scores of both clips' trajectories; `lengths` says how many rows
of them are valid. A batch is `jax.vmap` of `step`. A `Suite` calls it as it is. The command calls its two halves:
networks block by block of frames, so that a clip of any length fits into memory, a run shows its progress, and a
reference is encoded once for all clips that are held against it (`jaxeval.scoring.clip`); then `measured`, compiled
once for clips of like length.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.band_costs import fill_padding
from jaxeval.alignment.checks import Lengths
from jaxeval.numerics import as_floats

FRAMES = "frames"
"""What a metric looks at that needs no network."""


@dataclass(frozen=True)
class OnEncoder:
    """A metric, and the encoder on whose trajectories it runs.

    Attributes:
        encoder: one of the networks, by name; "frames" for the clips themselves.
        metric: a function of the two clips' trajectories or frames. Either frame-wise, (x, y) -> `[T]`, such as
            `jaxeval.csim`; or of whole clips, (x, y, lengths) -> anything, such as `jaxeval.aligned` makes. Taking
            `lengths` marks the second kind.
    """

    encoder: str
    metric: Callable[..., Any]

    @property
    def is_framewise(self) -> bool:
        """Whether it gives a number for each frame."""
        return "lengths" not in signature(self.metric).parameters


class Rows(NamedTuple):
    """A trajectory of both clips.

    Attributes:
        x: `[T, ...]` of the generated clip, or a pytree of such.
        y: `[S, ...]` of the reference.
        lengths: (t, s), numbers of valid leading rows; None for (T, S).
    """

    x: Any
    y: Any
    lengths: Lengths | None = None


def step(networks: Mapping[str, Any], pair: Rows, metrics: Mapping[str, OnEncoder]) -> dict[str, Any]:
    """Every metric of a pair of clips, each network run once over each clip.

    Args:
        networks: name to encoder: a function of frames `[T, H, W, 3]` to a pytree of `[T, ...]`; or an object with a
            method `of_pair(x, y, lengths)` that gives both clips' trajectories.
        pair: frames `[T, H, W, 3]` and `[S, H, W, 3]`, RGB in [0, 1] or uint8.
        metrics: name to metric.

    Returns:
        See `measured`.

    Raises:
        ValueError: from a metric, if the shapes don't suit it.

    Example:
        >>> import jax.numpy as jnp
        >>> from jaxeval.metrics.image import l1
        >>> x = jnp.zeros((8, 5, 16, 16, 3))  # a batch of 8 pairs
        >>> scores = jax.vmap(lambda x, y: step({}, Rows(x, y), {"l1": OnEncoder(FRAMES, l1)}))(x, x + 0.5)
        >>> scores["l1"].shape, float(scores["l1"].mean())
        ((8, 5), 0.5)
    """
    return measured(metrics, encoded(networks, pair, {on.encoder for on in metrics.values()}))


def encoded(networks: Mapping[str, Any], pair: Rows, names: set[str]) -> dict[str, Rows]:
    """The trajectories that metrics ask for.

    Args:
        networks: see `step`.
        pair: see `step`.
        names: of networks, and perhaps "frames".

    Returns:
        Name to both clips' trajectory; padding holds finite numbers.
    """
    x, y = fill_padding(as_floats(pair.x), as_floats(pair.y), pair.lengths)
    seen = {name: _of_both(networks[name], Rows(x, y, pair.lengths)) for name in names - {FRAMES}}
    return seen | {FRAMES: Rows(x, y, pair.lengths)}


def _of_both(network: Any, pair: Rows) -> Rows:
    if hasattr(network, "of_pair"):
        x, y = network.of_pair(*pair)
        return Rows(x, y, pair.lengths)
    return Rows(network(pair.x), network(pair.y), pair.lengths)


def measured(metrics: Mapping[str, OnEncoder], seen: Mapping[str, Rows]) -> dict[str, Any]:
    """Every metric of a pair's trajectories.

    Args:
        metrics: name to metric.
        seen: name to trajectory.

    Returns:
        Name to what the metric gives: `[min(T, S)]` values, of which the first min(t, s) count, from a frame-wise one.

    Raises:
        ValueError: a metric that takes no `lengths` doesn't return one value per frame.
    """
    return {name: _measured(name, on, seen[on.encoder]) for name, on in metrics.items()}


def _measured(name: str, on: OnEncoder, rows: Rows) -> Any:
    if not on.is_framewise:
        return on.metric(rows.x, rows.y, lengths=rows.lengths)
    common = min(jax.tree.leaves(rows.x)[0].shape[0], jax.tree.leaves(rows.y)[0].shape[0])
    values = on.metric(*(jax.tree.map(lambda part: part[:common], side) for side in (rows.x, rows.y)))
    if jnp.shape(values) != (common,):
        raise ValueError(
            f"Expected {name} to give a value for each of {common} frames, got shape {jnp.shape(values)}. "
            "A metric of whole clips must also take `lengths`: (x, y, lengths)."
        )
    return values
