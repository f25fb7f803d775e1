"""dlib's face-recognition network: ResNet-29 with half the filters, 128 numbers per face."""

import jax
import jax.numpy as jnp
from flax import nnx

from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.encoders.encoder import Encoder, as_input, resize
from jaxeval.encoders.layers import Affine, Conv, StridingConv, parameter
from jaxeval.encoders.operations import average_pool, matmul, max_pool, pad_channels, per_channel

MEAN = (122.782, 117.001, 104.298)
"""Of the training faces, RGB, 0–255."""

BLOCKS = (*[(32, 1)] * 3, (64, 2), *[(64, 1)] * 3, (128, 2), *[(128, 1)] * 2, (256, 2), *[(256, 1)] * 2, (256, 2))
"""(channels, stride) of the residual blocks, after a stem of 32 channels."""


class ResidualBlock(nnx.Module):
    """relu(skip + affine(Conv(relu(affine(Conv(x)))))), where a striding block's skip is average-pooled.

    A striding block does not pad, so that its two branches differ by a row, a column and the number of channels: the
    smaller one is padded with zeros at the end, as dlib's sum layer does.
    """

    def __init__(self, inputs: int, outputs: int, stride: int):
        self.conv1 = Conv(inputs, outputs, 3, stride=stride, padding=1 if stride == 1 else 0)
        self.affine1 = Affine(outputs)
        self.conv2 = Conv(outputs, outputs, 3, padding=1)
        self.affine2 = Affine(outputs)
        self.stride = stride

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H', W', D]`; H' = H, or ⌊H / 2⌋ where the block strides."""
        branch = self.affine2(self.conv2(jax.nn.relu(self.affine1(self.conv1(x)))))
        if self.stride == 1:
            return jax.nn.relu(x + branch)
        skip = pad_channels(average_pool(x, 2, stride=2), branch.shape[-1])
        return jax.nn.relu(skip + _pad_to(branch, skip.shape[1:3]))


def _pad_to(x: jax.Array, size: tuple[int, ...]) -> jax.Array:
    rows, columns = (wanted - found for wanted, found in zip(size, x.shape[1:3], strict=True))
    return jnp.pad(x, ((0, 0), (0, rows), (0, columns), (0, 0)))


class DlibResNet(Encoder):
    """Face chips to identity embeddings, as dlib's `face_recognition_model_v1` computes them.

        φ(x) = Wᵀ · mean over H, W of ResNet((255x − mean) / 256)

    The embedding is raw: its length is not 1 and is part of what the network learned. Two chips of one person lie
    nearer than 0.6 in Euclidean distance (dlib's own threshold). Embeddings lie in a narrow cone, so cosines are high
    even between different people.

    References:
        D. E. King, "Dlib-ml: A machine learning toolkit", JMLR 2009; K. He et al., "Deep residual learning", CVPR 2016.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> from jaxeval.checkpoints import load_encoder
        >>> run = jax.jit(lambda encoder, frames: encoder(frames))
        >>> run(load_encoder("dlib_resnet"), jnp.zeros((2, 150, 150, 3))).shape
        (2, 128)
    """

    name = "dlib_resnet"
    size = 150
    pixel_bytes = 94

    def __init__(self):
        self.stem = StridingConv(3, 32, 7, stride=2)
        self.stem_affine = Affine(32)
        widths = [32, *(channels for channels, _ in BLOCKS)]
        rows = zip(widths, BLOCKS, strict=False)
        self.blocks = nnx.List([ResidualBlock(c, d, stride) for c, (d, stride) in rows])
        self.head = parameter(256, 128)

    @edge(frames=FRAMES)
    def __call__(self, frames: jax.Array) -> jax.Array:
        """Embed chips.

        Args:
            frames: `[T, H, W, 3]` RGB in [0, 1], aligned chips; any size but 150×150 is resized first.

        Returns:
            `[T, 128]` embeddings.

        Raises:
            ValueError: frames are not floating-point `[T, H, W, 3]` (while tracing), or known to lie outside [0, 1].
        """
        chips = resize(as_input(frames, self), self.size)  # [T, 150, 150, 3]
        x = (chips * 255.0 - per_channel(MEAN, chips)) / 256.0
        stem = lambda x: max_pool(jax.nn.relu(self.stem_affine(self.stem(x))), 3, stride=2)  # noqa: E731
        x = self.maybe_remat(stem, x)  # [T, 35, 35, 32]
        for block in self.blocks:
            x = self.maybe_remat(block, x)  # [T, 35, 35, 32], 17×17×64, 8×8×128, 4×4×256, 2×2×256
        return matmul(x.mean(axis=(1, 2)), self.head[...], self.precision)
