"""What the networks of the LPIPS family share: how RGB is scaled, and that they give taps and keep heads."""

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

import jax
from flax import nnx

from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.encoders.encoder import Encoder, as_input
from jaxeval.encoders.layers import parameter
from jaxeval.encoders.operations import per_channel

SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
"""Of RGB in [−1, 1]: the mean and the standard deviation of ImageNet's colours, as LPIPS rounds them."""


class LPIPSNetwork(Encoder):
    """Slices of a network, each ending in a feature map, the tap, on which the distance of two frames is measured:

        d(x, y) = Σ_l mean over H, W of Σ_c w_lc (x̂_lc − ŷ_lc)²,   x̂_l = x_l / (√(Σ_c x_lc²) + 1e-10)

    over the taps x_l. The distance itself is `jaxeval.lpips` or, for all pairs, `jaxeval.lpips_matrix`.

    Attributes:
        min_side: the least height and width in pixels for which every tap has a pixel.
        heads: the vectors of weights w_l ≥ 0, one for each tap.
    """

    size = None
    min_side: ClassVar[int]
    heads: nnx.List

    def slices(self) -> Iterable[Callable[[jax.Array], jax.Array]]:
        """From the scaled frames to the first tap, and from each tap to the next."""
        raise NotImplementedError

    @edge(frames=FRAMES)
    def __call__(self, frames: jax.Array) -> tuple[jax.Array, ...]:
        """Compute the taps.

        Args:
            frames: `[T, H, W, 3]` RGB in [0, 1], H and W at least `min_side`.

        Returns:
            A tuple of taps `[T, h_l, w_l, c_l]`, raw ReLU activations.

        Raises:
            ValueError: frames are not floating-point `[T, H, W, 3]`, or are too small (while tracing).
        """
        frames = as_input(frames, self)
        if min(frames.shape[1:3]) < self.min_side:
            raise ValueError(
                f"Expected frames of at least {self.min_side}×{self.min_side} pixels, got shape {frames.shape}."
            )
        x = (frames * 2.0 - 1.0 - per_channel(SHIFT, frames)) / per_channel(SCALE, frames)
        taps = []
        for part in self.slices():
            x = self.maybe_remat(part, x)
            taps.append(x)
        return tuple(taps)


def head_parameters(channels: Sequence[int]) -> nnx.List:
    """A vector of weights for each tap.

    Args:
        channels: of the taps.
    """
    return nnx.List([parameter(count) for count in channels])
