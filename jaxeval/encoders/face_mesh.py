"""MediaPipe's face mesh: 468 points of a face in three dimensions."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.encoders.blaze import blaze_blocks
from jaxeval.encoders.encoder import Encoder, as_input, resize
from jaxeval.encoders.layers import Conv, PReLU

TRUNK = (
    *((16, 1), (16, 1)),
    *((32, 2), (32, 1), (32, 1)),
    *((64, 2), (64, 1), (64, 1)),
    *((128, 2), (128, 1), (128, 1)),
    *((128, 2), (128, 1), (128, 1)),
)
"""(channels, stride) of the blocks that both heads share: 96×96×16 to 6×6×128."""

LANDMARK_BLOCKS = ((128, 2), (128, 1), (128, 1))
PRESENCE_BLOCKS = ((128, 2),)
POINTS = 468


class Mesh(NamedTuple):
    """What the face mesh says of each frame.

    Attributes:
        landmarks: `[T, 468, 3]` x to the right, y downwards, z away from the viewer, all in pixels of the 192×192 crop
            (z has its origin near the head's centre, so the nose is negative).
        presence: `[T]` raw logit that the crop holds a face: sigmoid it for a probability.
    """

    landmarks: jax.Array
    presence: jax.Array


class Head(nnx.Module):
    """Blocks down to 3×3, a bottleneck of 32 channels, and one convolution over all that is left."""

    def __init__(self, table: tuple[tuple[int, int], ...], outputs: int):
        self.blocks = blaze_blocks(128, table, PReLU)
        self.bottleneck = Conv(128, 32, 1)
        self.bottleneck_prelu = PReLU(32)
        self.bottleneck_block = blaze_blocks(32, ((32, 1),), PReLU)
        self.output = Conv(32, outputs, 3)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, 6, 6, 128]` to `[T, outputs]`."""
        x = self.bottleneck_prelu(self.bottleneck(self.blocks(x)))  # [T, 3, 3, 32]
        return self.output(self.bottleneck_block(x)).reshape(x.shape[0], -1)


class FaceMesh(Encoder):
    """Face crops to 468 landmarks in three dimensions and the evidence that there is a face.

    Beside the network stand two constants of MediaPipe's geometry pipeline, for whoever fits a rigid pose:
    `canonical` `[468, 3]`, the mesh of a standard face in centimetres (x to the viewer's right, y up, z toward the
    viewer), and `procrustes_weights` `[468]`, the weight of each point in that fit: 0 but for the few points that
    move least with the expression.

    References:
        Y. Kartynnik et al., "Real-time facial surface geometry from monocular video on mobile GPUs", CVPRW 2019.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jaxeval.checkpoints import load_encoder
        >>> run = jax.jit(lambda encoder, frames: encoder(frames))
        >>> mesh = run(load_encoder("face_mesh"), jnp.zeros((2, 192, 192, 3)))
        >>> mesh.landmarks.shape, mesh.presence.shape
        ((2, 468, 3), (2,))
    """

    name = "face_mesh"
    size = 192
    pixel_bytes = 80

    def __init__(self):
        self.stem = Conv(3, 16, 3, stride=2, padding="SAME")
        self.stem_prelu = PReLU(16)
        self.trunk = blaze_blocks(16, TRUNK, PReLU)
        self.landmarks = Head(LANDMARK_BLOCKS, POINTS * 3)
        self.presence = Head(PRESENCE_BLOCKS, 1)
        self.canonical = nnx.Variable(jnp.zeros((POINTS, 3), jnp.float32))
        self.procrustes_weights = nnx.Variable(jnp.zeros((POINTS,), jnp.float32))

    @edge(frames=FRAMES)
    def __call__(self, frames: jax.Array) -> Mesh:
        """Find the landmarks.

        Args:
            frames: `[T, H, W, 3]` RGB in [0, 1], upright square crops, the face with a quarter of its size as margin on
                each side; any size but 192×192 is resized first, and the landmarks stay in pixels of 192×192.

        Returns:
            `Mesh(landmarks [T, 468, 3], presence [T])`.

        Raises:
            ValueError: frames are not floating-point `[T, H, W, 3]` (while tracing), or known to lie outside [0, 1].
        """
        x = resize(as_input(frames, self), self.size)  # [T, 192, 192, 3]
        x = self.maybe_remat(lambda x: self.stem_prelu(self.stem(x)), x)  # [T, 96, 96, 16]
        x = self.maybe_remat(self.trunk, x)  # [T, 6, 6, 128]
        return Mesh(self.landmarks(x).reshape(-1, POINTS, 3), self.presence(x)[:, 0])
