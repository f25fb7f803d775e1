"""The shift-tolerant VGG-16 of ST-LPIPS."""

import jax

from jaxeval.encoders.blur import blur
from jaxeval.encoders.lpips_vgg import LPIPSVGG
from jaxeval.encoders.operations import max_pool


class STLPIPSVGG(LPIPSVGG):
    """Frames to the five feature maps on which shift-tolerant LPIPS (VGG-16) measures.

    A VGG-16 that never strides without blurring first: between its groups the pooling's stride of 2 is a stride of 1
    followed by a 3×3 blur that keeps every second pixel, with mirrored borders. It takes frames of any size from 18×18;
    `LPIPSNetwork` has the distance. It is ST-LPIPS, never to be called LPIPS.

    References:
        A. Ghildyal and F. Liu, "Shift-tolerant perceptual similarity metric", ECCV 2022; R. Zhang et al., "The
        unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018.

    Example:
        The user converts its weights once (`jaxeval weights list` says from which file); shapes need none:

        >>> import jax, jax.numpy as jnp
        >>> frames = jax.ShapeDtypeStruct((2, 64, 64, 3), jnp.float32)
        >>> [tap.shape for tap in jax.eval_shape(lambda frames: STLPIPSVGG()(frames), frames)]
        [(2, 64, 64, 64), (2, 33, 33, 128), (2, 17, 17, 256), (2, 9, 9, 512), (2, 5, 5, 512)]
    """

    name = "st_lpips_vgg"
    min_side = 18
    pixel_bytes = 1505

    def pool(self, x: jax.Array) -> jax.Array:
        """What stands between the groups: `[T, H, W, C]` to half the size, blurred."""
        return blur(max_pool(x, 2, stride=1))
