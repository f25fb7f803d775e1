"""ArcFace's face-recognition networks: improved ResNets of 50 and 100 layers, 512 numbers per face."""

import jax
from flax import nnx

from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.encoders.encoder import Encoder, as_input, resize
from jaxeval.encoders.layers import Affine, Conv, Dense, PReLU

Table = tuple[tuple[int, int], ...]
"""(channels, blocks) of the stages; the first block of each halves height and width."""

R50: Table = ((64, 3), (128, 4), (256, 14), (512, 3))
R100: Table = ((64, 3), (128, 13), (256, 30), (512, 3))

FEATURES = 512


class Block(nnx.Module):
    """shortcut(x) + Conv(PReLU(Conv(affine(x)))), where a striding block's shortcut is a 1×1 convolution.

    The affine layer can't be folded into the convolution after it, which pads with zeros what comes out of it.
    """

    def __init__(self, inputs: int, outputs: int, stride: int):
        self.norm = Affine(inputs)
        self.conv1 = Conv(inputs, outputs, 3, padding=1)
        self.prelu = PReLU(outputs)
        self.conv2 = Conv(outputs, outputs, 3, stride=stride, padding=1)
        self.shortcut = None if stride == 1 else Conv(inputs, outputs, 1, stride=stride)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H', W', D]`; H' = H, or ⌈H / 2⌉ where the block strides."""
        branch = self.conv2(self.prelu(self.conv1(self.norm(x))))
        return branch + (x if self.shortcut is None else self.shortcut(x))


class ArcFace(Encoder):
    """Aligned face crops to identity embeddings.

        φ(x) = fc(affine(blocks(PReLU(Conv(2x − 1)))))

    The embedding is raw, and identity is told by its direction: CSIM is the cosine of two of them. The crop is the one
    that the network was trained on: five landmarks of the face brought to ArcFace's template by a similarity transform.

    Attributes:
        stem: first convolution.
        blocks: the residual blocks, stage after stage.
        norm: the affine layer after them.
        head: from all that is left, 7×7×512 numbers, to the embedding.

    References:
        J. Deng et al., "ArcFace: Additive angular margin loss for deep face recognition", CVPR 2019; I. C. Duta et al.,
        "Improved residual networks for image and video recognition", ICPR 2020.
    """

    name = "arcface"
    size = 112
    pixel_bytes = 1640

    def __init__(self, table: Table):
        self.stem = Conv(3, table[0][0], 3, padding=1)
        self.stem_prelu = PReLU(table[0][0])
        outputs = [channels for channels, blocks in table for _ in range(blocks)]
        strides = [2 if first else 1 for _, blocks in table for first in (True, *[False] * (blocks - 1))]
        inputs = [table[0][0], *outputs]
        self.blocks = nnx.List([Block(c, d, s) for c, d, s in zip(inputs, outputs, strides, strict=False)])
        self.norm = Affine(outputs[-1])
        self.head = Dense((self.size >> len(table)) ** 2 * outputs[-1], FEATURES)

    @edge(frames=FRAMES)
    def __call__(self, frames: jax.Array) -> jax.Array:
        """Embed crops.

        Args:
            frames: `[T, H, W, 3]` RGB in [0, 1], aligned crops; any size but 112×112 is resized first.

        Returns:
            `[T, 512]` embeddings.

        Raises:
            ValueError: frames are not floating-point `[T, H, W, 3]` (while tracing), or known to lie outside [0, 1].
        """
        x = resize(as_input(frames, self), self.size) * 2.0 - 1.0  # [T, 112, 112, 3]
        x = self.maybe_remat(lambda x: self.stem_prelu(self.stem(x)), x)  # [T, 112, 112, 64]
        for block in self.blocks:
            x = self.maybe_remat(block, x)  # stage by stage [T, 56, 56, 64], 28×28×128, 14×14×256, 7×7×512
        return self.head(self.norm(x).reshape(x.shape[0], -1))  # [T, 25088] to [T, 512]


class ArcFaceR50(ArcFace):
    """The network of 50 layers.

    Example:
        Its weights are not free to pass on: convert insightface's `w600k_r50.onnx`, or a `backbone.pth`, by
        `jaxeval weights convert arcface_r50 w600k_r50.onnx`; then

            run = jax.jit(lambda encoder, frames: encoder(frames))
            run(jaxeval.load_encoder("arcface_r50"), frames)  # [T, 512]
    """

    name = "arcface_r50"

    def __init__(self, table: Table = R50):
        super().__init__(table)


class ArcFaceR100(ArcFace):
    """The network of 100 layers.

    Example:
        Its weights are not free to pass on: convert insightface's `glintr100.onnx`, or a `backbone.pth`, by
        `jaxeval weights convert arcface_r100 glintr100.onnx`; then

            run = jax.jit(lambda encoder, frames: encoder(frames))
            run(jaxeval.load_encoder("arcface_r100"), frames)  # [T, 512]
    """

    name = "arcface_r100"

    def __init__(self, table: Table = R100):
        super().__init__(table)
