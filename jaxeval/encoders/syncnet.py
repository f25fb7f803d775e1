"""SyncNet: five frames of a mouth, and a fifth of a second of sound, to 1024 numbers each, near if they agree."""

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from jaxeval.alignment.edge import FLOATS, Kind, edge
from jaxeval.encoders.encoder import Encoder, as_input, resize
from jaxeval.encoders.layers import Conv, Dense
from jaxeval.encoders.operations import Padding, Size, convolve_in_columns, max_pool, per_channel

FRAMES = 5
"""Of a window, at 25 frames per second."""

CEPSTRA, COLUMNS, HOP = 13, 20, 4
"""Of an audio window: coefficients, columns at 100 per second, and how many columns go to a frame."""

FEATURES = 1024

Row = tuple[int, Size, int, Padding, tuple[int, Size, int] | None]

FACE: tuple[Row, ...] = (
    (256, 5, 2, 1, (3, 2, 1)),
    (256, 3, 1, 1, None),
    (256, 3, 1, 1, None),
    (256, 3, 1, 1, (3, 2, 0)),
    (512, 6, 1, 0, None),
)
"""Channels, size, stride and padding of each convolution after the first, and of the max pool behind it, if any."""

AUDIO: tuple[Row, ...] = (
    (64, 3, 1, 1, None),
    (192, 3, 1, 1, (3, (1, 2), 0)),
    (384, 3, 1, 1, None),
    (256, 3, 1, 1, None),
    (256, 3, 1, 1, (3, 2, 0)),
    (512, (5, 4), 1, 0, None),
)
"""The same of the audio tower; axes are cepstra and time."""

CHUNK = 8
"""Windows of a clip that go through the face tower at once; more are no faster, and take memory in proportion."""


class Layer(nnx.Module):
    """max_pool(relu(Conv(x)))."""

    def __init__(self, inputs: int, row: Row):
        outputs, size, stride, padding, self.pool = row
        self.conv = Conv(inputs, outputs, size, stride=stride, padding=padding)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[N, H, W, C]` to `[N, H', W', D]`."""
        x = jax.nn.relu(self.conv(x))
        if self.pool is None:
            return x
        size, stride, padding = self.pool
        return max_pool(x, size, stride=stride, padding=padding)


def _tower(inputs: int, table: tuple[Row, ...]) -> nnx.List:
    widths = [inputs, *(row[0] for row in table)]
    return nnx.List([Layer(width, row) for width, row in zip(widths, table, strict=False)])


class Head(nnx.Module):
    """Dense(relu(Dense(x)))."""

    def __init__(self):
        self.dense1 = Dense(512, 512)
        self.dense2 = Dense(512, FEATURES)

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[N, 1, 1, 512]` to `[N, 1024]`."""
        return self.dense2(jax.nn.relu(self.dense1(x.reshape(x.shape[0], -1))))


class SyncNet(Encoder):
    """Mouth crops and sound to embeddings that are near in Euclidean distance where they belong together.

    Window i of a clip is its frames i to i + 4 and the MFCC columns 4i to 4i + 19 of its sound; the two towers give
    φ(window) and ψ(window), raw. Their distances at a range of shifts make Sync-D and Sync-C.

    - `visual`, `audio`: windows that the caller has cut out.
    - `visual_clip`, `audio_clip`: all windows of a clip; the same numbers.

    Of the face tower only the first convolution sees more than one frame. So five frames of every window are stacked as
    its channels, for a few windows at a time, and all is two-dimensional: a clip is never held five times, and takes
    little memory beside its own. Windows of sound overlap too, but each convolution pads a window's ends with zeros,
    where the clip would have its neighbours: all that two windows share exactly are inner columns of the first two
    convolutions, 1 % of the whole work. So `audio_clip` computes window by window.

    Attributes:
        conv1: the face tower's first convolution, 5×7×7 over time, height and width.
        face: its further layers.
        face_head: from them to the embedding.
        sound: the audio tower's layers.
        sound_head: from them to the embedding.

    References:
        J. S. Chung and A. Zisserman, "Out of time: automated lip sync in the wild", ACCV workshop on multi-view
        lip-reading 2016.

    Example:
        Its weights are not shipped: convert `syncnet_v2.model` by `jaxeval weights convert syncnet syncnet_v2.model`;
        then, with a clip of 25 frames per second and its sound,

            encoder = jaxeval.load_encoder("syncnet")
            visual = jax.jit(lambda encoder, frames: encoder(frames))(encoder, frames)
            audio = jax.jit(lambda encoder, mfcc: encoder.audio_clip(mfcc))(encoder, jaxeval.mfcc(samples))
    """

    name = "syncnet"
    size = 224
    window = FRAMES
    pixel_bytes = 730

    def __init__(self):
        self.conv1 = Conv(3, 96, (FRAMES, 7, 7), stride=(1, 2, 2))
        self.face = _tower(96, FACE)
        self.face_head = Head()
        self.sound = _tower(1, AUDIO)
        self.sound_head = Head()

    @edge(frames=Kind.FRAMES)
    def __call__(self, frames: jax.Array) -> jax.Array:
        """The same as `visual_clip`."""
        return self.visual_clip(frames)

    @edge(frames=Kind.FRAMES)
    def visual_clip(self, frames: jax.Array) -> jax.Array:
        """Embed the mouth in every window of a clip.

        Args:
            frames: `[T, H, W, 3]` RGB in [0, 1], T ≥ 5, at 25 frames per second, crops of one face; any size but
                224×224 is resized first. A long clip may be given in parts that overlap by 4 frames.

        Returns:
            `[T - 4, 1024]`; row i embeds frames i to i + 4.

        Raises:
            ValueError: frames are not floating-point `[T, H, W, 3]`, or are fewer than 5 (while tracing).
        """
        frames = as_input(frames, self)
        if frames.shape[0] < FRAMES:
            raise ValueError(f"Expected at least {FRAMES} frames for {self.name}, got {frames.shape[0]}.")
        frames = resize(frames, self.size)
        windows = frames.shape[0] - FRAMES + 1
        chunks = -(-windows // CHUNK)
        length = -(-windows // chunks)
        frames = jnp.pad(frames, ((0, chunks * length - windows), *[(0, 0)] * 3))

        def embed_chunk(start: jax.Array) -> jax.Array:
            part = lax.dynamic_slice_in_dim(frames, start, length + FRAMES - 1)
            return self._embed([part[k : k + length] for k in range(FRAMES)])

        return lax.map(embed_chunk, length * jnp.arange(chunks)).reshape(-1, FEATURES)[:windows]

    @edge(windows=Kind.FRAMES)
    def visual(self, windows: jax.Array) -> jax.Array:
        """Embed the mouth in windows.

        Args:
            windows: `[N, 5, H, W, 3]` RGB in [0, 1], each of five successive frames.

        Returns:
            `[N, 1024]`.

        Raises:
            ValueError: windows are not floating-point `[N, 5, H, W, 3]` (while tracing).
        """
        if windows.ndim != 5 or windows.shape[1] != FRAMES:
            raise ValueError(f"Expected windows [N, {FRAMES}, H, W, 3] for {self.name}, got shape {windows.shape}.")
        frames = resize(as_input(windows.reshape(-1, *windows.shape[2:]), self), self.size)
        return self._embed([frames[k::FRAMES] for k in range(FRAMES)])

    @edge(mfcc=FLOATS)
    def audio_clip(self, mfcc: jax.Array) -> jax.Array:
        """Embed the sound of every window of a clip.

        Args:
            mfcc: `[M, 13]` of `jaxeval.mfcc`, 100 rows per second, M ≥ 20. A whole number of frames' sound, 640 samples
                each, has 4T − 1 rows, and so one window less than the frames themselves: its last frames have no sound
                after them.

        Returns:
            `[⌊(M - 20) / 4⌋ + 1, 1024]`; row i embeds MFCC rows 4i to 4i + 19.

        Raises:
            ValueError: mfcc is not floating-point `[M, 13]`, or has fewer than 20 rows (while tracing).
        """
        if mfcc.ndim != 2 or mfcc.shape[1] != CEPSTRA or mfcc.shape[0] < COLUMNS:
            raise ValueError(
                f"Expected mfcc [M, {CEPSTRA}] with M >= {COLUMNS} for {self.name}, got shape {mfcc.shape}."
            )
        starts = jnp.arange(0, mfcc.shape[0] - COLUMNS + 1, HOP)
        return self.audio(mfcc[starts[:, None] + jnp.arange(COLUMNS)[None]].swapaxes(1, 2))

    @edge(mfcc=FLOATS)
    def audio(self, mfcc: jax.Array) -> jax.Array:
        """Embed the sound of windows.

        Args:
            mfcc: `[N, 13, 20]` coefficients by time, of sound in the range of int16.

        Returns:
            `[N, 1024]`.

        Raises:
            ValueError: mfcc is not floating-point `[N, 13, 20]` (while tracing).
        """
        if mfcc.ndim != 3 or mfcc.shape[1:] != (CEPSTRA, COLUMNS) or not jnp.issubdtype(mfcc.dtype, jnp.floating):
            raise ValueError(
                f"Expected floating-point mfcc [N, {CEPSTRA}, {COLUMNS}] for {self.name}, "
                f"got {mfcc.dtype} of shape {mfcc.shape}."
            )
        x = jnp.asarray(mfcc, self.conv1.kernel[...].dtype)[..., None]  # [N, 13, 20, 1]
        for layer in self.sound:
            x = self.maybe_remat(layer, x)  # [N, 13, 20, 64], 11×9×192, 11×9×384, 11×9×256, 5×4×256, 1×1×512
        return self.sound_head(x)

    def _embed(self, five: list[jax.Array]) -> jax.Array:
        """The five frames of N windows, each `[N, 224, 224, 3]`, to `[N, 1024]`; inside, they are BGR, 0–255."""
        x = 255.0 * jnp.concatenate([frames[..., ::-1] for frames in five], axis=-1)  # [N, 224, 224, 15]
        x = self.maybe_remat(self._first, x)  # [N, 54, 54, 96]
        for layer in self.face:
            x = self.maybe_remat(layer, x)  # [N, 13, 13, 256], the same, the same, 6×6×256, 1×1×512
        return self.face_head(x)

    def _first(self, stacked: jax.Array) -> jax.Array:
        """`[N, 224, 224, 15]` to `[N, 54, 54, 96]`: the convolution over time as one over five times the channels."""
        kernel = jnp.concatenate([*self.conv1.kernel[...]], axis=2)  # [7, 7, 15, 96]
        x = convolve_in_columns(stacked, kernel, stride=2, precision=self.conv1.precision)
        return max_pool(jax.nn.relu(x + per_channel(self.conv1.bias[...], x)), 3, stride=2)
