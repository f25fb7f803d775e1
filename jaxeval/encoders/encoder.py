"""What every network shares: its frames, its precision, and what it keeps for the way back."""

from collections.abc import Callable
from typing import ClassVar, Literal, TypeVar, get_args

import jax
import jax.numpy as jnp
from flax import nnx

Mode = Literal["reference", "fast"]
"""Of convolutions and matrix products: in float32 throughout, or of bfloat16 operands summed in float32."""

Net = TypeVar("Net", bound=nnx.Module)


class Encoder(nnx.Module):
    """A frozen network.

    Attributes:
        name: public name.
        size: side in pixels of the square frames that it was trained on; None if any size will do.
        window: how many successive frames each row of its result sees.
        mode: precision, of its layers too; see `with_mode`.
        keep_stages: what the way back of a gradient finds: every intermediate result, or if False each stage's input
            only, from which the stage is computed once more.
    """

    name: ClassVar[str]
    size: ClassVar[int | None]
    window: ClassVar[int] = 1
    mode: Mode = "reference"
    keep_stages: bool = True

    def stage(self, function: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
        """`function(x)`, one stage of the network."""
        return function(x) if self.keep_stages else jax.checkpoint(function)(x)


def as_input(frames: jax.Array, network: nnx.Module) -> jax.Array:
    """Frames in the type of the network's parameters; refuses anything but floating-point `[T, H, W, 3]` in tracing."""
    name = getattr(network, "name", "an encoder")
    if jnp.ndim(frames) != 4 or jnp.shape(frames)[-1] != 3:
        raise ValueError(f"Expected frames [T, H, W, 3] for {name}, got shape {jnp.shape(frames)}.")
    if not jnp.issubdtype(frames.dtype, jnp.floating):
        raise ValueError(f"Expected floating-point frames in [0, 1] for {name}, got {frames.dtype}.")
    return jnp.asarray(frames, jax.tree.leaves(network)[0].dtype)


def resize(frames: jax.Array, size: int) -> jax.Array:
    """`[T, H, W, 3]` to `[T, size, size, 3]`, linear with antialiasing; frames of that size pass untouched."""
    target = (frames.shape[0], size, size, 3)
    return frames if frames.shape == target else jax.image.resize(frames, target, "linear", antialias=True)


def with_mode(network: Net, mode: Mode) -> Net:
    """The same network, sharing its arrays, in another precision.

    Args:
        network: an encoder.
        mode: "reference" or "fast".

    Returns:
        A copy; compiled functions tell the two apart.

    Raises:
        ValueError: an unknown mode.

    Example:
        >>> from jaxeval.encoders.layers import Conv
        >>> with_mode(Conv(3, 8, 3), "fast").mode
        'fast'
    """
    if mode not in get_args(Mode):
        raise ValueError(f"Expected a precision mode ({', '.join(get_args(Mode))}), got {mode!r}.")
    return _with(network, "mode", mode)


def with_kept_stages(network: Net, keep: bool) -> Net:
    """The same network, sharing its arrays, with all it computes kept for a gradient or only its stages' inputs.

    Args:
        network: an encoder.
        keep: whether to keep all.

    Returns:
        A copy; compiled functions tell the two apart.
    """
    return _with(network, "keep_stages", keep)


def _with(network: Net, attribute: str, value: object) -> Net:
    copy = jax.tree.map(lambda leaf: leaf, network)
    for _, module in nnx.iter_modules(copy):
        if hasattr(type(module), attribute):
            setattr(module, attribute, value)
    return copy
