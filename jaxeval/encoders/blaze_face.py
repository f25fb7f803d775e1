"""BlazeFace, short range: MediaPipe's face detector for faces within two metres of the camera."""

import jax
import jax.numpy as jnp
from flax import nnx

from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.encoders.blaze import blaze_blocks
from jaxeval.encoders.detections import GRIDS, Detections, decode
from jaxeval.encoders.encoder import Encoder, as_input, resize
from jaxeval.encoders.layers import Conv, StridingConv

FINE_BLOCKS = ((24, 1), (28, 1), (32, 2), (36, 1), (42, 1), (48, 2), (56, 1), (64, 1), (72, 1), (80, 1), (88, 1))
"""(channels, stride): 64×64×24 to the 16×16×88 map on which small faces are found."""

COARSE_BLOCKS = ((96, 2), *[(96, 1)] * 4)
"""(channels, stride): on to the 8×8×96 map on which large faces are found."""

NUMBERS = 16
"""Per anchor: centre, size and six keypoints, two numbers each."""


class BlazeFace(Encoder):
    """Square frames to 896 candidate faces each; merge them with `weighted_non_maximum_suppression`.

    References:
        V. Bazarevsky et al., "BlazeFace: Sub-millisecond neural face detection on mobile GPUs", CVPRW 2019.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jaxeval.checkpoints import load_encoder
        >>> from jaxeval.encoders import weighted_non_maximum_suppression
        >>> run = jax.jit(lambda encoder, frames: encoder(frames))
        >>> candidates = run(load_encoder("blaze_face"), jnp.zeros((2, 128, 128, 3)))
        >>> jax.vmap(weighted_non_maximum_suppression)(candidates).scores.shape
        (2, 8)
    """

    name = "blaze_face"
    size = 128
    pixel_bytes = 144

    def __init__(self):
        self.stem = StridingConv(3, 24, 5, stride=2, padding="SAME")
        self.fine = blaze_blocks(24, FINE_BLOCKS, lambda _: jax.nn.relu)
        self.coarse = blaze_blocks(FINE_BLOCKS[-1][0], COARSE_BLOCKS, lambda _: jax.nn.relu)
        maps = list(zip((FINE_BLOCKS[-1][0], COARSE_BLOCKS[-1][0]), GRIDS, strict=True))
        self.regressors = nnx.List([Conv(width, n * NUMBERS, 1) for width, (_, n) in maps])
        self.classifiers = nnx.List([Conv(width, n, 1) for width, (_, n) in maps])

    @edge(frames=FRAMES)
    def raw(self, frames: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What the network itself says: offsets `[T, 896, 16]` in pixels of 128×128, logits `[T, 896]`.

        Args:
            frames: as for a call.
        """
        x = resize(as_input(frames, self), self.size) * 2.0 - 1.0  # [T, 128, 128, 3]
        stem = self.maybe_remat(lambda x: jax.nn.relu(self.stem(x)), x)  # [T, 64, 64, 24]
        fine = self.maybe_remat(self.fine, stem)  # [T, 16, 16, 88]
        maps = (fine, self.maybe_remat(self.coarse, fine))  # and [T, 8, 8, 96]
        count = frames.shape[0]
        # Two anchors a cell of the fine map, six of the coarse one: 512 and 384.
        offsets = [head(x).reshape(count, -1, NUMBERS) for head, x in zip(self.regressors, maps, strict=True)]
        logits = [head(x).reshape(count, -1) for head, x in zip(self.classifiers, maps, strict=True)]
        return jnp.concatenate(offsets, axis=1), jnp.concatenate(logits, axis=1)

    @edge(frames=FRAMES)
    def __call__(self, frames: jax.Array) -> Detections:
        """Propose faces.

        Args:
            frames: `[T, H, W, 3]` RGB in [0, 1]; any size but 128×128 is resized first, so that a frame that is not
                square must be padded by the caller if its faces are not to be stretched.

        Returns:
            `Detections(boxes [T, 896, 4], keypoints [T, 896, 6, 2], scores [T, 896])`, places in [0, 1] of the square.

        Raises:
            ValueError: frames are not floating-point `[T, H, W, 3]` (while tracing), or known to lie outside [0, 1].
        """
        return decode(*self.raw(frames), self.size)
