"""What every network shares: its frames, its precision, and what it keeps for the way back."""

from collections.abc import Callable
from typing import ClassVar, Literal, TypeVar, get_args

import jax
import jax.numpy as jnp
from flax import nnx

Precision = Literal["reference", "fast"]
"""Of convolutions and matrix products: in float32 throughout, or of bfloat16 operands summed in float32."""

Net = TypeVar("Net", bound=nnx.Module)


class Encoder(nnx.Module):
    """A frozen network.

    Attributes:
        name: public name.
        size: side in pixels of the square frames that it was trained on; None if any size will do.
        window: how many successive frames each row of its result sees.
        pixel_bytes: memory that its layers take at once for each pixel of a frame, once it has its size.
        precision: of the products, of its layers too; see `with_precision`.
        remat: what a gradient finds on its way back: False for every intermediate result, True for the inputs of the
            parts that `maybe_remat` was given only, from which these are computed once more (rematerialized).
    """

    name: ClassVar[str]
    size: ClassVar[int | None]
    window: ClassVar[int] = 1
    pixel_bytes: ClassVar[int]
    precision: Precision = "reference"
    remat: bool = False

    def maybe_remat(self, function: Callable[[jax.Array], jax.Array], x: jax.Array) -> jax.Array:
        """`function(x)`, a part of the network, which a gradient computes once more if `remat`.

        Args:
            function: one part of the network.
            x: its input.
        """
        return jax.checkpoint(function)(x) if self.remat else function(x)


def as_input(frames: jax.Array, network: nnx.Module) -> jax.Array:
    """Frames in the type of the network's parameters.

    Args:
        frames: `[T, H, W, 3]`.
        network: an encoder.

    Raises:
        ValueError: frames are not floating-point `[T, H, W, 3]` (while tracing).
    """
    name = getattr(network, "name", "an encoder")
    if jnp.ndim(frames) != 4 or jnp.shape(frames)[-1] != 3:
        raise ValueError(f"Expected frames [T, H, W, 3] for {name}, got shape {jnp.shape(frames)}.")
    if not jnp.issubdtype(frames.dtype, jnp.floating):
        raise ValueError(f"Expected floating-point frames in [0, 1] for {name}, got {frames.dtype}.")
    return jnp.asarray(frames, jax.tree.leaves(network)[0].dtype)


def resize(frames: jax.Array, size: int) -> jax.Array:
    """Frames at another size, linearly interpolated and antialiased.

    Args:
        frames: `[T, H, W, 3]`.
        size: side in pixels.

    Returns:
        `[T, size, size, 3]`; frames of that size pass untouched.
    """
    target = (frames.shape[0], size, size, 3)
    return frames if frames.shape == target else jax.image.resize(frames, target, "linear", antialias=True)


def with_precision(network: Net, precision: Precision) -> Net:
    """The same network, sharing its arrays, in another precision.

    Args:
        network: an encoder.
        precision: "reference" or "fast".

    Returns:
        A copy; compiled functions tell the two apart.

    Raises:
        ValueError: an unknown precision.

    Example:
        >>> from jaxeval.encoders.layers import Conv
        >>> with_precision(Conv(3, 8, 3), "fast").precision
        'fast'
    """
    if precision not in get_args(Precision):
        raise ValueError(f"Expected a precision ({', '.join(get_args(Precision))}), got {precision!r}.")
    return _with(network, "precision", precision)


def with_remat(network: Net, remat: bool) -> Net:
    """The same network, sharing its arrays, which keeps all that it computes for a gradient, or its parts' inputs only.

    Args:
        network: an encoder.
        remat: whether to compute the parts once more.

    Returns:
        A copy; compiled functions tell the two apart.
    """
    return _with(network, "remat", remat)


def _with(network: Net, attribute: str, value: object) -> Net:
    copy = jax.tree.map(lambda leaf: leaf, network)
    for _, module in nnx.iter_modules(copy):
        if hasattr(type(module), attribute):
            setattr(module, attribute, value)
    return copy
