"""The Inception-v3 on whose 2048 numbers per picture the Fréchet Inception distance is defined."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.encoders.encoder import Encoder, Precision, as_input
from jaxeval.encoders.layers import Conv, StridingConv, fused_pointwise, sequential
from jaxeval.encoders.operations import average_pool, max_pool, resize_bilinear

STEM = (
    ("Conv2d_1a_3x3", 32, 3, 2, 0),
    ("Conv2d_2a_3x3", 32, 3, 1, 0),
    ("Conv2d_2b_3x3", 64, 3, 1, 1),
    ("Conv2d_3b_1x1", 80, 1, 1, 0),
    ("Conv2d_4a_3x3", 192, 3, 1, 0),
)
"""(upstream's name, channels, kernel, stride, padding); a max pool 3/2 follows the third and the fifth."""


class Branch(NamedTuple):
    """One of the branches of a block.

    Attributes:
        name: upstream's.
        entry: channels of the 1×1 convolution that it begins with; None if it has none.
        rest: the convolutions after that, each (channels, kernel), or (channels, kernel, kernel) for two that read the
            same maps, their results one behind the other.
    """

    name: str
    entry: int | None
    rest: tuple[tuple, ...] = ()


class Block(NamedTuple):
    """An Inception block: branches that read the same maps, their results one behind the other.

    Attributes:
        name: upstream's.
        pool: "average" or "maximum", of 3×3: what one more branch begins with, the last in order.
        projection: channels of the 1×1 convolution that ends that branch. If None, there is no such convolution and
            the block halves the maps: the pool and the other branches' last convolutions stride, without padding.
        branches: the others.
    """

    name: str
    pool: str
    projection: int | None
    branches: tuple[Branch, ...]


TALL, WIDE = (7, 1), (1, 7)


def _a(name: str, projection: int) -> Block:
    branches = (Branch("1x1", 64), Branch("5x5", 48, ((64, 5),)), Branch("3x3dbl", 64, ((96, 3), (96, 3))))
    return Block(name, "average", projection, branches)


def _c(name: str, c: int) -> Block:
    long = ((c, TALL), (c, WIDE), (c, TALL), (192, WIDE))
    branches = (Branch("1x1", 192), Branch("7x7", c, ((c, WIDE), (192, TALL))), Branch("7x7dbl", c, long))
    return Block(name, "average", 192, branches)


def _e(name: str, pool: str) -> Block:
    fork = (384, (1, 3), (3, 1))
    branches = (Branch("1x1", 320), Branch("3x3", 384, (fork,)), Branch("3x3dbl", 448, ((384, 3), fork)))
    return Block(name, pool, 192, branches)


BLOCKS = (
    _a("Mixed_5b", 32),
    _a("Mixed_5c", 64),
    _a("Mixed_5d", 64),
    Block("Mixed_6a", "maximum", None, (Branch("3x3", None, ((384, 3),)), Branch("3x3dbl", 64, ((96, 3), (96, 3))))),
    _c("Mixed_6b", 128),
    _c("Mixed_6c", 160),
    _c("Mixed_6d", 160),
    _c("Mixed_6e", 192),
    Block(
        "Mixed_7a",
        "maximum",
        None,
        (Branch("3x3", 192, ((320, 3),)), Branch("7x7x3", 192, ((192, WIDE), (192, TALL), (192, 3)))),
    ),
    _e("Mixed_7b", "average"),
    _e("Mixed_7c", "maximum"),
)
"""35×35 (5b–5d), 17×17 (6a–6e) and 8×8 (7a–7c). The maximum in 7c, unlike the paper's, is what FID's network has."""


class Fork(nnx.Module):
    """relu of a convolution, or of two of the same maps, one behind the other."""

    def __init__(self, inputs: int, row: tuple, stride: int):
        channels, *sizes = row
        self.convs = nnx.List([_conv(inputs, channels, size, stride) for size in sizes])

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H', W', D]`."""
        return jax.nn.relu(jnp.concatenate([conv(x) for conv in self.convs], -1))


def _conv(inputs: int, outputs: int, size: int | tuple[int, int], stride: int) -> Conv:
    sizes = (size, size) if isinstance(size, int) else size
    return Conv(inputs, outputs, sizes, stride=stride, padding=0 if stride > 1 else tuple(k // 2 for k in sizes))


class Mixed(nnx.Module):
    """One block of the table.

    The 1×1 convolutions that read x are computed as one. So is the one after an average pool, since the two commute:
    the pool then has fewer channels to go over.
    """

    precision: Precision = "reference"

    def __init__(self, inputs: int, block: Block):
        self.entries = nnx.List([Conv(inputs, b.entry, 1) for b in block.branches if b.entry])
        self.rests = nnx.List([_rest(inputs, branch, block) for branch in block.branches])
        self.projection = None if block.projection is None else Conv(inputs, block.projection, 1)
        self.average = block.pool == "average"

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H', W', D]`; H' = H, or ⌊(H − 1) / 2⌋ where the block halves."""
        if self.projection is None:
            entered, pooled = fused_pointwise(x, self.entries, self.precision), max_pool(x, 3, stride=2)
        elif self.average:
            *entered, projected = fused_pointwise(x, [*self.entries, self.projection], self.precision)
            pooled = jax.nn.relu(average_pool(projected, 3, stride=1, padding=1, count_padding=False))
        else:
            entered = fused_pointwise(x, self.entries, self.precision)
            pooled = jax.nn.relu(self.projection(max_pool(x, 3, stride=1, padding=1)))
        # A branch without an entry stands before those that have one.
        starts = [x] * (len(self.rests) - len(entered)) + [jax.nn.relu(maps) for maps in entered]
        ends = [sequential(start, rest) for start, rest in zip(starts, self.rests, strict=True)]
        return jnp.concatenate([*ends, pooled], -1)


def _rest(inputs: int, branch: Branch, block: Block) -> nnx.List:
    widths = [branch.entry or inputs, *(row[0] for row in branch.rest)]
    strides = [1] * (len(branch.rest) - 1) + [2 if block.projection is None else 1]
    return nnx.List([Fork(c, row, s) for c, row, s in zip(widths, branch.rest, strides, strict=False)])


def _width(inputs: int, block: Block) -> int:
    """Channels that a block makes of `inputs`."""
    last = [branch.rest[-1] if branch.rest else (branch.entry, 1) for branch in block.branches]
    return sum(row[0] * len(row[1:]) for row in last) + (block.projection or inputs)


class InceptionFID(Encoder):
    """Frames to the 2048 numbers whose mean and covariance FID compares.

    Inception-v3 as it was trained in 2015 with 1008 classes, up to its global average pool: average pools leave the
    padding out of the mean, and the last block has a max pool where the paper has an average pool. Frames of another
    size than 299×299 are brought to it bilinearly without antialiasing; FID is defined so, although it aliases.

    References:
        C. Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016; M. Heusel et al.,
        "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", NeurIPS 2017.

    Example:
        Once its weights are converted (`jaxeval weights convert inception_fid FILE`):

            run = jax.jit(lambda encoder, frames: encoder(frames))
            run(load_encoder("inception_fid"), jnp.zeros((2, 256, 256, 3))).shape  # (2, 2048)
    """

    name = "inception_fid"
    size = 299
    pixel_bytes = 398

    def __init__(self):
        widths = [3, *(channels for _, channels, *_ in STEM)]
        self.stem = nnx.List(
            [
                (StridingConv if s > 1 else Conv)(c, d, k, stride=s, padding=p)
                for c, (_, d, k, s, p) in zip(widths, STEM, strict=False)
            ]
        )
        blocks, inputs = [], widths[-1]
        for block in BLOCKS:
            blocks.append(Mixed(inputs, block))
            inputs = _width(inputs, block)
        self.blocks = nnx.List(blocks)

    @edge(frames=FRAMES)
    def __call__(self, frames: jax.Array) -> jax.Array:
        """Compute the features.

        Args:
            frames: `[T, H, W, 3]` RGB in [0, 1]; any size but 299×299 is resized first.

        Returns:
            `[T, 2048]`, none below 0.

        Raises:
            ValueError: frames are not floating-point `[T, H, W, 3]` (while tracing), or known to lie outside [0, 1].
        """
        x = resize_bilinear(as_input(frames, self), self.size) * 2.0 - 1.0  # [T, 299, 299, 3]
        for _, part in self.endpoints():
            x = self.maybe_remat(part, x)  # stem [T, 35, 35, 192], blocks 35×35×288, 17×17×768, 8×8×2048
        return x.mean(axis=(1, 2))

    def endpoints(self) -> list[tuple[str, Callable[[jax.Array], jax.Array]]]:
        """What frames in [−1, 1] go through before the global average, with upstream's names for where it ends."""
        convs = list(self.stem)
        stem = [("maxpool1", partial(_stem, convs[:3])), ("maxpool2", partial(_stem, convs[3:]))]
        return [*stem, *zip((block.name for block in BLOCKS), self.blocks, strict=True)]


def _stem(convs: Sequence[Conv], x: jax.Array) -> jax.Array:
    for conv in convs:
        x = jax.nn.relu(conv(x))
    return max_pool(x, 3, stride=2)
