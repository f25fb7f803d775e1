"""LPIPS as what it is: a squared ℓ2 distance between weighted features, frame by frame or for all pairs.

An LPIPS encoder maps frames to a tuple of taps `[T, h, w, c]` and holds one non-negative head `[c]` for each tap.
With unit feature vectors f̂ at every position, LPIPS(x, y) = Σ_taps mean_hw Σ_c w_c (f̂_c(x) − f̂_c(y))², which is
‖φ(x) − φ(y)‖² for φ = the concatenation of f̂·√(w/(h·w)): `lpips_features`.
"""

from collections.abc import Callable
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.core.band import in_band
from jaxeval.alignment.edge import BYTES, FLOATS, edge
from jaxeval.numerics import as_floats, chunked_map, precise_matmul

_EPSILON = 1e-10
_PIXELS_AT_A_TIME = 2**18
_HELD_BYTES = 1_100_000_000
_CENTER_FRAMES = 8
_COLUMNS = 2**15


class LPIPSEncoder(Protocol):
    """What a perceptual encoder offers: taps for frames, and a head for each tap."""

    heads: Any

    def __call__(self, frames: jax.Array) -> tuple[jax.Array, ...]:
        """Frames `[T, H, W, 3]` in [0, 1] to the taps `[T, h, w, c]`."""


@edge(frames=BYTES)
def lpips_features(encoder: LPIPSEncoder, frames: jax.Array) -> jax.Array:
    """The trajectory whose squared ℓ2 distances are LPIPS: φ = concat over taps of f̂·√(w/(h·w)).

    Args:
        encoder: a perceptual encoder, such as `load_encoder("lpips_alex")`.
        frames: `[T, H, W, 3]` RGB in [0, 1].

    Returns:
        `[T, D]`; for `lpips_alex` at 224×224 D is 484,992 (1.9 MB a frame), so long clips are to be
        handled in pieces, as `lpips_matrix` does.

    Raises:
        ValueError: the encoder is no perceptual one; or from it, if the frames have another shape.

    References:
        Zhang, Isola, Efros, Shechtman, Wang: The unreasonable effectiveness of deep features as a perceptual metric,
        CVPR 2018.

    Example:
        >>> import jax.numpy as jnp, jaxeval
        >>> encoder = jaxeval.load_encoder("lpips_alex")
        >>> lpips_features(encoder, jnp.zeros((2, 64, 64, 3))).shape[0]
        2
    """
    _check_encoder(encoder)
    return chunked_map(lambda few: _features(encoder, few), frames, _few(frames))


def _check_encoder(encoder: Any) -> None:
    if not hasattr(encoder, "heads"):
        raise ValueError(
            "Expected an LPIPS encoder (lpips_alex, lpips_vgg, lpips_squeeze, st_lpips_alex or st_lpips_vgg), got "
            f"{getattr(encoder, 'name', type(encoder).__name__)}; for embeddings use jaxeval.csim or jaxeval.aligned."
        )


def _features(encoder: LPIPSEncoder, frames: jax.Array) -> jax.Array:
    return jnp.concatenate(_weighted_taps(encoder, frames), axis=1)


@edge(frames=BYTES)
def weighted_taps(encoder: LPIPSEncoder, frames: jax.Array) -> tuple[jax.Array, ...]:
    """`lpips_features` tap by tap, which spares large ones a copy.

    Args:
        encoder: a perceptual encoder.
        frames: `[T, H, W, 3]` RGB in [0, 1], or uint8.

    Returns:
        `[T, h · w · c]` for each tap.

    Raises:
        ValueError: from the encoder, if the frames have another shape.
    """
    return chunked_map(lambda few: _weighted_taps(encoder, few), frames, _few(frames))


def _weighted_taps(encoder: LPIPSEncoder, frames: jax.Array) -> tuple[jax.Array, ...]:
    taps = zip(encoder(as_floats(frames)), encoder.heads, strict=True)
    return tuple(_weighted(tap, head[...]) for tap, head in taps)


def _few(frames: jax.Array) -> int:
    """How many frames at a time: the network's inner layers need far more room than its taps."""
    return max(1, _PIXELS_AT_A_TIME // (frames.shape[1] * frames.shape[2]))


def _weighted(tap: jax.Array, head: jax.Array) -> jax.Array:
    """One tap's unit feature vectors, times √(w/(h·w)), a row for each frame; the gradient of the norm at 0 is 0."""
    count, height, width, _ = tap.shape
    square = jnp.sum(jnp.square(tap), axis=-1, keepdims=True)  # [T, h, w, 1]
    positive = square > 0
    norm = jnp.where(positive, jnp.sqrt(jnp.where(positive, square, 1)), 0)
    scale = jnp.sqrt(head / (height * width)).reshape(1, 1, 1, -1)  # [1, 1, 1, c]
    return (tap / (norm + _EPSILON) * scale).reshape(count, -1)  # [T, h · w · c]


@edge(x=BYTES, y=BYTES)
def lpips(encoder: LPIPSEncoder, x: jax.Array, y: jax.Array) -> jax.Array:
    """LPIPS of each frame against the frame of the same index, computed directly.

    Args:
        encoder: a perceptual encoder, such as `load_encoder("lpips_alex")`.
        x: `[T, H, W, 3]` generated frames, RGB in [0, 1].
        y: `[T, H, W, 3]` reference frames, RGB in [0, 1]; or uint8, 0 to 255.

    Returns:
        `[T]` distances, lower is better; exactly 0 for identical frames.

    Raises:
        ValueError: the shapes are not equal, the encoder is no perceptual one, or frames aren't in [0, 1].

    Example:
        >>> import jax.numpy as jnp, jaxeval
        >>> encoder = jaxeval.load_encoder("lpips_alex")
        >>> x = jnp.linspace(0.0, 1.0, 64 * 64 * 3).reshape(1, 64, 64, 3)
        >>> print(jaxeval.lpips(encoder, x, x))
        [0.]
    """
    _check_encoder(encoder)
    if x.shape != y.shape:
        raise ValueError(f"Expected x and y of one shape [T, H, W, 3], got {x.shape} and {y.shape}.")

    def distance(pair: tuple[jax.Array, jax.Array]) -> jax.Array:
        return jnp.sum(jnp.square(_features(encoder, pair[0]) - _features(encoder, pair[1])), axis=1)

    return chunked_map(distance, (x, y), _few(x))


@edge(a=FLOATS, b=FLOATS, center=FLOATS)
def feature_costs(a: jax.Array, b: jax.Array, center: jax.Array | None = None) -> jax.Array:
    """All squared ℓ2 distances by matrix products: ‖a_i‖² + ‖b_j‖² − 2⟨a_i, b_j⟩ after subtracting `center`.

    Features of one face have most of their length in common; without the centre that common part is squared,
    subtracted again, and takes the small distances' digits with it.

    Args:
        a: `[T, D]` features.
        b: `[S, D]` features.
        center: `[D]` a feature in their midst, the same for all matrices of one divergence; None if it has been
            subtracted.

    Returns:
        `[T, S]` costs, at least 0.

    Example:
        >>> import jax.numpy as jnp
        >>> feature_costs(jnp.array([[0.0, 0.0]]), jnp.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
        [[25.0, 1.0]]
    """
    width = a.shape[1]
    rest = width % _COLUMNS

    def add(costs: jax.Array, start: jax.Array | int, size: int) -> jax.Array:
        # Columns by the piece: centred, squared and multiplied while they are in the processor's cache.
        left, right = (jax.lax.dynamic_slice_in_dim(rows, start, size, -1) for rows in (a, b))  # [T, size], [S, size]
        if center is not None:
            middle = jax.lax.dynamic_slice_in_dim(center, start, size)[None]
            left, right = left - middle, right - middle
        product = precise_matmul(left, right.T)  # [T, S]
        return costs + (_squares(left)[:, None] + _squares(right)[None, :] - 2 * product)

    costs = add(jnp.zeros_like(a, shape=(a.shape[0], b.shape[0])), width - rest, rest)
    if width > rest:
        starts = jnp.arange(0, width - rest, _COLUMNS)
        costs, _ = jax.lax.scan(lambda sum, start: (add(sum, start, _COLUMNS), None), costs, starts)
    return jnp.maximum(costs, 0)


def _squares(rows: jax.Array) -> jax.Array:
    return jnp.sum(rows * rows, axis=1)


@edge(y=BYTES)
def lpips_center(encoder: LPIPSEncoder, y: jax.Array) -> jax.Array:
    """The mean feature of a few evenly spaced reference frames: the centre that `feature_costs` subtracts.

    Args:
        encoder: a perceptual encoder.
        y: `[S, H, W, 3]` reference frames, RGB in [0, 1].

    Returns:
        `[D]`.
    """
    step = -(-y.shape[0] // _CENTER_FRAMES)
    return jnp.mean(lpips_features(encoder, y[::step]), axis=0)


@edge(x=BYTES, y=BYTES)
def lpips_matrix(
    encoder: LPIPSEncoder, x: jax.Array, y: jax.Array, *, band: float | None = None, block: int | None = None
) -> jax.Array:
    """LPIPS of every frame of x against every frame of y, by matrix products instead of T·S network calls.

    Streams: at most `block` frames of x are held as features at a time, and y passes by them, a fifth as many at a
    time, so the encoder runs T + S·⌈T / block⌉ times. With a band only those frames of y pass by that some frame of the
    block meets, so that encoder runs and products are O((T + S) · band). Divergences need the three matrices (x, y),
    (x, x), (y, y); for identical clips these are the same numbers bit for bit.

    Args:
        encoder: a perceptual encoder, such as `load_encoder("lpips_alex")`.
        x: `[T, H, W, 3]` generated frames, RGB in [0, 1]; or uint8, 0 to 255, a quarter of the memory.
        y: `[S, H, W, 3]` reference frames, likewise.
        band: half-width of the Sakoe–Chiba band in frames; None for all pairs.
        block: frames of x whose features are held at a time, 1.9 MB each for `lpips_alex` at 224×224; None for as
            many as 1.1 GB hold beside those of y that pass by.

    Returns:
        `[T, S]` costs, at least 0; +inf outside the band.

    Raises:
        ValueError: x and y differ in more than their number of frames, block is under 1, the encoder is no perceptual
            one, or frames aren't in [0, 1].

    Example:
        >>> import jax.numpy as jnp, jaxeval
        >>> encoder = jaxeval.load_encoder("lpips_alex")
        >>> jaxeval.lpips_matrix(encoder, jnp.zeros((3, 64, 64, 3)), jnp.zeros((2, 64, 64, 3))).shape
        (3, 2)
    """
    _check_encoder(encoder)
    if x.shape[1:] != y.shape[1:]:
        raise ValueError(f"Expected frames of one size, got {x.shape} and {y.shape}.")
    if block is None:
        feature = jax.eval_shape(lambda one: _features(encoder, one), x[:1])
        room = _HELD_BYTES // (feature.size * feature.dtype.itemsize)
        block = max(1, room - _passing(room))
    if block < 1:
        raise ValueError(f"Expected block >= 1, got {block}.")
    center = lpips_center(encoder, y)

    def centered(frames: jax.Array) -> jax.Array:
        return chunked_map(lambda few: _features(encoder, few) - center[None], frames, _few(frames))

    def against(x: jax.Array, y: jax.Array) -> jax.Array:
        held = centered(x)  # [rows, D]
        return chunked_map(lambda some: feature_costs(centered(some), held), y, _passing(x.shape[0])).T

    t, s = x.shape[0], y.shape[0]
    places = np.indices((t, s))
    inside = np.full((t, s), True) if band is None else in_band(places[0], places[1], (t, s), band)
    return _by_blocks(against, x, y, inside, -(-t // -(-t // block)))


def _passing(block: int) -> int:
    """How many frames of y pass by a block at a time: fewer than five lose digits; the block is read for each few."""
    return max(5, block // 5)


def _by_blocks(
    against: Callable[[jax.Array, jax.Array], jax.Array], x: jax.Array, y: jax.Array, inside: np.ndarray, rows: int
) -> jax.Array:
    """The costs `against(x, y)` inside a band, +inf elsewhere: each block of x with the frames of y that it meets."""
    t, s = inside.shape
    starts = np.minimum(np.arange(0, t, rows), t - rows)
    first, last = inside.argmax(axis=1), s - 1 - inside[:, ::-1].argmax(axis=1)
    width = int((last[starts + rows - 1] - first[starts]).max()) + 1
    columns = np.minimum(first[starts], s - width)
    if len(starts) == 1:
        return jnp.where(inside, against(x, y), jnp.inf)

    def costs(place: tuple[jax.Array, jax.Array]) -> jax.Array:
        row, column = place
        return against(jax.lax.dynamic_slice_in_dim(x, row, rows), jax.lax.dynamic_slice_in_dim(y, column, width))

    blocks = jax.lax.map(costs, (jnp.asarray(starts), jnp.asarray(columns)))  # [blocks, rows, width]
    block = np.arange(t) // rows
    narrow = blocks[block, np.arange(t) - starts[block]]  # [T, width]
    place = np.clip(np.arange(s)[None] - columns[block][:, None], 0, width - 1)  # [T, S]
    return jnp.where(inside, jnp.take_along_axis(narrow, jnp.asarray(place), axis=1), jnp.inf)
