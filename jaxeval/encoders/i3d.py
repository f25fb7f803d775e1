"""Inflated 3-D Inception-v1 (I3D), trained on Kinetics-400: the network of the Fréchet video distance."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.encoders.encoder import Encoder, Precision, as_input
from jaxeval.encoders.layers import Conv, Dense, fused_pointwise
from jaxeval.encoders.operations import average_pool, convolve, max_pool, per_channel, resize_bilinear, shifts

MIN_FRAMES = 9
"""Of a clip: the network's four halvings leave two time steps of them, as many as its last pool needs."""

LAYERS = (
    ("Conv3d_1a_7x7", (64, 7, 2)),
    ("MaxPool3d_2a_3x3", ((1, 3, 3), (1, 2, 2))),
    ("Conv3d_2b_1x1", (64, 1, 1)),
    ("Conv3d_2c_3x3", (192, 3, 1)),
    ("MaxPool3d_3a_3x3", ((1, 3, 3), (1, 2, 2))),
    ("Mixed_3b", (64, 96, 128, 16, 32, 32)),
    ("Mixed_3c", (128, 128, 192, 32, 96, 64)),
    ("MaxPool3d_4a_3x3", ((3, 3, 3), (2, 2, 2))),
    ("Mixed_4b", (192, 96, 208, 16, 48, 64)),
    ("Mixed_4c", (160, 112, 224, 24, 64, 64)),
    ("Mixed_4d", (128, 128, 256, 24, 64, 64)),
    ("Mixed_4e", (112, 144, 288, 32, 64, 64)),
    ("Mixed_4f", (256, 160, 320, 32, 128, 128)),
    ("MaxPool3d_5a_2x2", ((2, 2, 2), (2, 2, 2))),
    ("Mixed_5b", (256, 160, 320, 32, 128, 128)),
    ("Mixed_5c", (384, 192, 384, 48, 128, 128)),
)
"""Upstream's names, and for a convolution (channels, kernel, stride), for a pool (window, stride), for a block the
channels of its convolutions b0, b1a, b1b, b2a, b2b and b3b. Every one of them pads as TensorFlow's SAME."""


class ClipConv(Conv):
    """A convolution of clips `[N, F, H, W, C]` with a cube, its kernel laid out `[H, W, F, C, D]`.

    Computed as one convolution of pictures, which have the channels of all the frames that the kernel sees at a time:
    the same products and sums, but several times faster than a three-dimensional convolution on a CPU.
    """

    def __init__(self, inputs: int, outputs: int, size: int, stride: int = 1):
        super().__init__(inputs, outputs, (size,) * 3, stride=stride, padding="SAME")
        self.size, self.step = size, stride

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[N, F, H, W, C]` to `[N, ⌈F / stride⌉, ⌈H / stride⌉, ⌈W / stride⌉, D]`."""
        kernel, bias = self.kernel[...], self.bias[...]
        ends = lax.padtype_to_pads(x.shape[1:2], (self.size,), (self.step,), "SAME")
        padded = jnp.pad(x, ((0, 0), *ends, (0, 0), (0, 0), (0, 0)))
        seen = jnp.concatenate(shifts(padded, self.size, stride=self.step, axis=1), -1)  # [N, F', H, W, k · C]
        kernel = kernel.reshape(*kernel.shape[:2], -1, kernel.shape[-1])  # [k, k, k · C, D]
        pictures = seen.reshape(-1, *seen.shape[2:])  # [N · F', H, W, k · C]
        y = convolve(pictures, kernel, stride=self.step, padding="SAME", precision=self.precision)
        return (y + per_channel(bias, y)).reshape(*seen.shape[:2], *y.shape[1:])


class Unit(ClipConv):
    """A convolution and a ReLU."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[N, F, H, W, C]` to `[N, F', H', W', D]`."""
        return jax.nn.relu(super().__call__(x))


class Pool(nnx.Module):
    """Largest value of each window.

    The original pads with zeros, which are the largest of a window if nothing else is positive. All that is pooled here
    has been through a ReLU: the same numbers as padding with values that are never the largest.
    """

    def __init__(self, window: tuple[int, ...], stride: tuple[int, ...]):
        self.window = window
        self.stride = stride

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[N, F, H, W, C]` to `[N, ⌈F / stride⌉, ⌈H / stride⌉, ⌈W / stride⌉, C]`."""
        return max_pool(x, self.window, stride=self.stride, padding="SAME")


class Mixed(nnx.Module):
    """An Inception block: four branches, their results one behind the other; those three that begin with a 1×1×1
    convolution of x have it computed as one.
    """

    precision: Precision = "reference"

    def __init__(self, inputs: int, widths: tuple[int, ...]):
        b0, b1a, b1b, b2a, b2b, b3b = widths
        self.b0 = Unit(inputs, b0, 1)
        self.b1a = Unit(inputs, b1a, 1)
        self.b1b = Unit(b1a, b1b, 3)
        self.b2a = Unit(inputs, b2a, 1)
        self.b2b = Unit(b2a, b2b, 3)
        self.b3a = Pool((3, 3, 3), (1, 1, 1))
        self.b3b = Unit(inputs, b3b, 1)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[N, F, H, W, C]` to `[N, F, H, W, D]`."""
        b0, b1, b2 = map(jax.nn.relu, fused_pointwise(x, [self.b0, self.b1a, self.b2a], self.precision))
        return jnp.concatenate([b0, self.b1b(b1), self.b2b(b2), self.b3b(self.b3a(x))], -1)


def _layer(name: str, inputs: int, numbers: tuple) -> tuple[nnx.Module, int]:
    """One row of the table: the module, and the channels of what it makes of `inputs` channels."""
    if name.startswith("MaxPool3d"):
        return Pool(*numbers), inputs
    if name.startswith("Conv3d"):
        return Unit(inputs, *numbers), numbers[0]
    b0, _, b1b, _, b2b, b3b = numbers
    return Mixed(inputs, numbers), b0 + b1b + b2b + b3b


class I3D(Encoder):
    """Clips to the 400 logits whose mean and covariance FVD compares.

    The logits are linear in the last maps, averaged over pairs of time steps and all of the picture, and are averaged
    over time. Frames of another size than 224×224 are brought to it bilinearly without antialiasing, as the PyTorch
    implementations of FVD do it.

    References:
        J. Carreira and A. Zisserman, "Quo vadis, action recognition? A new model and the Kinetics dataset", CVPR 2017;
        T. Unterthiner et al., "Towards accurate generative models of video: a new metric and challenges", 2018.

    Example:
        Once its weights are there (`jaxeval weights get i3d`):

            run = jax.jit(lambda encoder, clips: encoder(clips))
            run(load_encoder("i3d"), jnp.zeros((2, 16, 224, 224, 3))).shape  # (2, 400)
    """

    name = "i3d"
    size = 224
    pixel_bytes = 163

    def __init__(self):
        layers, channels = [], 3
        for name, numbers in LAYERS:
            module, channels = _layer(name, channels, numbers)
            layers.append(module)
        self.layers = nnx.List(layers)
        self.logits = Dense(channels, 400)

    @edge(clips=FRAMES)
    def __call__(self, clips: jax.Array) -> jax.Array:
        """Classify clips.

        Args:
            clips: `[N, F, H, W, 3]` RGB in [0, 1], of at least 9 frames; 16 in FVD. Any size but 224×224 is resized
                first.

        Returns:
            `[N, 400]` logits.

        Raises:
            ValueError: clips are not floating-point `[N, F, H, W, 3]`, or too short (while tracing).
        """
        x = _pictures(clips, self) * 2.0 - 1.0  # [N, F, 224, 224, 3]
        for module in self.layers:
            x = self.maybe_remat(module, x)  # of 16 frames, at last [N, 2, 7, 7, 1024]
        # The mean of the logits over time is the logits of the mean, since they are linear.
        return self.logits(average_pool(x, (2, 7, 7), stride=1).mean(axis=(1, 2, 3)))


def _pictures(clips: jax.Array, network: I3D) -> jax.Array:
    """Clips of the network's size, in the type of its parameters."""
    if jnp.ndim(clips) != 5 or jnp.shape(clips)[-1] != 3:
        raise ValueError(f"Expected clips [N, F, H, W, 3] for {network.name}, got shape {jnp.shape(clips)}.")
    if clips.shape[1] < MIN_FRAMES:
        raise ValueError(
            f"Expected clips of at least {MIN_FRAMES} frames for {network.name}, got shape {jnp.shape(clips)}."
        )
    frames = as_input(clips.reshape(-1, *clips.shape[2:]), network)
    return resize_bilinear(frames, network.size).reshape(*clips.shape[:2], network.size, network.size, 3)
