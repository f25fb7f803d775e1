"""LivePortrait's motion extractor: a ConvNeXt V2 that tells head pose and expression of a face."""

import itertools
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.encoders.encoder import Encoder, as_input, resize
from jaxeval.encoders.layers import Affine, Conv, Dense, DepthwiseConv
from jaxeval.encoders.operations import per_channel

STAGES = ((96, 3), (192, 3), (384, 9), (768, 3))
"""(channels, blocks), ConvNeXt V2 tiny; between them the maps shrink from 64×64 to 8×8."""

POINTS = 21
"""Implicit keypoints, of three coordinates each."""

BINS = 66
"""Of an angle: bin i stands for 3i − 97.5 degrees."""

EPS = 1e-6
"""Of both normalisations: added to a variance in the one, to a mean of norms in the other."""


class Motion(NamedTuple):
    """What the motion extractor says of each frame.

    Attributes:
        pose: `[T, 7]` pitch, yaw and roll in degrees, scale, and the translation tx, ty, tz; the last four have no
            unit: LivePortrait's keypoints are scale · (keypoints · R + expression) + t, about −1 to 1 over the crop.
        expression: `[T, 63]` what the expression adds to each of the 21 keypoints: x, y, z of the first, and so on.
    """

    pose: jax.Array
    expression: jax.Array


def degrees(logits: jax.Array) -> jax.Array:
    """Mean angle of a distribution over bins, Σ_i softmax(logits)_i (3i − 97.5).

    Args:
        logits: `[T, 66]`.

    Returns:
        `[T, 1]`, −97.5 to 97.5.
    """
    angles = per_channel([3.0 * i - 97.5 for i in range(BINS)], logits)
    return (jax.nn.softmax(logits) * angles).sum(axis=-1, keepdims=True)


class LayerNorm(Affine):
    """γ (x − mean) / √(variance + ε) + β, mean and variance over the channels."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[..., C]` to the same."""
        return super().__call__(jax.nn.standardize(x, variance=x.var(axis=-1, keepdims=True), epsilon=EPS))


class GlobalResponseNorm(Affine):
    """x (1 + γ n) + β, n a channel's norm over the whole map, divided by ε + the mean of all channels' norms."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to the same."""
        squared = jnp.square(x).sum(axis=(1, 2), keepdims=True)
        # A channel is often exactly 0 everywhere, where the root has no derivative: it counts as 0, not as NaN.
        some = squared > 0
        norm = jnp.where(some, jnp.sqrt(jnp.where(some, squared, 1)), 0)
        norm = norm / (norm.mean(axis=-1, keepdims=True) + EPS)
        return x * (1.0 + per_channel(self.scale[...], x) * norm) + per_channel(self.shift[...], x)


class Block(nnx.Module):
    """x + narrow(GRN(gelu(widen(norm(depthwise(x)))))), four times as wide inside."""

    def __init__(self, channels: int):
        self.depthwise = DepthwiseConv(channels, 7, padding=3)
        self.norm = LayerNorm(channels)
        self.widen = Dense(channels, 4 * channels)
        self.response = GlobalResponseNorm(4 * channels)
        self.narrow = Dense(4 * channels, channels)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to the same."""
        wide = self.widen(self.norm(self.depthwise(x)))  # [T, H, W, 4 · C]
        return x + self.narrow(self.response(jax.nn.gelu(wide, approximate=False)))


class Shrink(nnx.Module):
    """Conv2×2(norm(x)) with stride 2, between the stages."""

    def __init__(self, inputs: int, outputs: int):
        self.norm = LayerNorm(inputs)
        self.conv = Conv(inputs, outputs, 2, stride=2)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[T, H, W, C]` to `[T, H / 2, W / 2, D]`."""
        return self.conv(self.norm(x))


class LivePortraitMotion(Encoder):
    """Faces to head pose and expression, as LivePortrait's motion extractor M tells them.

        h = norm(mean over H, W of ConvNeXtV2(x));  angle = Σ_i softmax(W h + b)_i (3i − 97.5);  others: W h + b

    x in [0, 1] as it is, without mean or standard deviation taken off.

    References:
        J. Guo et al., "LivePortrait: efficient portrait animation with stitching and retargeting control", 2024,
        arXiv 2407.03168; S. Woo et al., "ConvNeXt V2: co-designing and scaling ConvNets with masked autoencoders",
        CVPR 2023; N. Ruiz et al., "Fine-grained head pose estimation without keypoints", CVPRW 2018 (the bins).

    Example:
        After `jaxeval weights convert liveportrait_motion motion_extractor.pth`:

            encoder = jaxeval.load_encoder("liveportrait_motion")
            motion = jax.jit(lambda encoder, frames: encoder(frames))(encoder, frames)
            yaw = motion.pose[:, 1]
    """

    name = "liveportrait_motion"
    size = 256
    pixel_bytes = 552

    def __init__(self):
        widths = [channels for channels, _ in STAGES]
        self.stem = Conv(3, widths[0], 4, stride=4)
        self.stem_norm = LayerNorm(widths[0])
        self.stages = nnx.List([nnx.List([Block(channels) for _ in range(blocks)]) for channels, blocks in STAGES])
        self.shrinks = nnx.List([Shrink(c, d) for c, d in itertools.pairwise(widths)])
        self.norm = LayerNorm(widths[-1])
        self.pitch, self.yaw, self.roll = (Dense(widths[-1], BINS) for _ in range(3))
        self.scale = Dense(widths[-1], 1)
        self.translation = Dense(widths[-1], 3)
        self.expression = Dense(widths[-1], 3 * POINTS)
        self.canonical = Dense(widths[-1], 3 * POINTS)

    @edge(frames=FRAMES)
    def __call__(self, frames: jax.Array) -> Motion:
        """Tell pose and expression.

        Args:
            frames: `[T, H, W, 3]` RGB in [0, 1], square crops around the head, as LivePortrait crops them; any size but
                256×256 is resized first.

        Returns:
            `Motion(pose [T, 7], expression [T, 63])`.

        Raises:
            ValueError: frames are not floating-point `[T, H, W, 3]` (while tracing), or known to lie outside [0, 1].
        """
        x = self.features(frames)
        angles = [degrees(head(x)) for head in (self.pitch, self.yaw, self.roll)]
        return Motion(jnp.concatenate([*angles, self.scale(x), self.translation(x)], axis=-1), self.expression(x))

    @edge(frames=FRAMES)
    def keypoints(self, frames: jax.Array) -> jax.Array:
        """Canonical keypoints: the face in `frames` without pose and expression, `[T, 63]`; arguments as for a call.

        Args:
            frames: as for a call.
        """
        return self.canonical(self.features(frames))

    @edge(frames=FRAMES)
    def features(self, frames: jax.Array) -> jax.Array:
        """What all heads read, `[T, 768]`; arguments as for a call.

        Args:
            frames: as for a call.
        """
        x = self.stem_norm(self.stem(resize(as_input(frames, self), self.size)))  # [T, 64, 64, 96]
        for layer in self.trunk:
            x = self.maybe_remat(layer, x)  # stage by stage [T, 64, 64, 96], 32×32×192, 16×16×384, 8×8×768
        return self.norm(x.mean(axis=(1, 2)))

    @property
    def trunk(self) -> list[nnx.Module]:
        """The blocks of all stages, and what stands between these."""
        first, *later = self.stages
        return [*first, *(layer for pair in zip(self.shrinks, later, strict=True) for layer in (pair[0], *pair[1]))]
