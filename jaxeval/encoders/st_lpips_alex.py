"""The shift-tolerant AlexNet of ST-LPIPS."""

from collections.abc import Callable, Iterable

import jax
import jax.numpy as jnp

from jaxeval.encoders.blur import blur, blurred_conv
from jaxeval.encoders.lpips_alex import LPIPSAlex
from jaxeval.encoders.operations import max_pool, per_channel


class STLPIPSAlex(LPIPSAlex):
    """Frames to the five feature maps on which shift-tolerant LPIPS (AlexNet) measures.

    The layers of LPIPS's AlexNet, but it never strides without blurring first: every stride of the original is a stride
    of 1 followed by a 3×3 blur that keeps every second pixel, with mirrored borders. It takes frames of any size from
    21×21; `LPIPSNetwork` has the distance. It is ST-LPIPS, never to be called LPIPS.

    References:
        A. Ghildyal and F. Liu, "Shift-tolerant perceptual similarity metric", ECCV 2022; R. Zhang et al., "The
        unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jaxeval.checkpoints import load_encoder
        >>> encoder = load_encoder("st_lpips_alex")
        >>> run = jax.jit(lambda encoder, frames: encoder(frames))
        >>> [tap.shape for tap in run(encoder, jnp.zeros((2, 64, 64, 3)))]
        [(2, 30, 30, 64), (2, 15, 15, 192), (2, 8, 8, 384), (2, 8, 8, 256), (2, 8, 8, 256)]
        >>> [head[...].shape for head in encoder.heads]
        [(64,), (192,), (384,), (256,), (256,)]
    """

    name = "st_lpips_alex"
    min_side = 21
    pixel_bytes = 340

    def slices(self) -> Iterable[Callable[[jax.Array], jax.Array]]:
        """From the scaled frames to the first tap, and from each tap to the next."""
        return (  # of 224 × 224 pixels:
            self._first,  # [T, 110, 110, 64]
            lambda x: jax.nn.relu(self.conv2(blur(max_pool(x, 3, stride=1)))),  # [T, 55, 55, 192]
            lambda x: jax.nn.relu(self.conv3(blur(max_pool(x, 3, stride=1)))),  # [T, 28, 28, 384]
            lambda x: jax.nn.relu(self.conv4(x)),  # [T, 28, 28, 256]
            lambda x: jax.nn.relu(self.conv5(x)),  # [T, 28, 28, 256]
        )

    def _first(self, x: jax.Array) -> jax.Array:
        """The first convolution, whose stride the blur takes over."""
        x = jnp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
        maps = blurred_conv(x, self.conv1.kernel[...], self.precision)
        return jax.nn.relu(maps + per_channel(self.conv1.bias[...], x))
