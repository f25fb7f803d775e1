"""SyncNet's scores: how well a mouth and a voice agree, and by how many frames one is late."""

import numbers
from typing import Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import Lengths, checked_lengths
from jaxeval.alignment.edge import FLOATS, edge
from jaxeval.numerics import safe_sqrt

Form = Literal["legacy", "valid"]

_EPSILON = 1e-6  # added to every component of a difference, as torch's pairwise_distance does
_SAMPLES_PER_FRAME = 640  # 16 kHz, 25 frames per second
_WINDOW = 5


class SyncScores(NamedTuple):
    """Sync-C, Sync-D and the offset of a clip, from SyncNet's embeddings.

    Attributes:
        sync_c: Sync-C, the confidence, median − minimum of the curve; higher is better, at least 0.
        sync_d: Sync-D, the distance, the minimum of the curve; lower is better, at least 0.
        offset: where that minimum lies, whole frames, from −max_offset to max_offset; positive: the picture is late.
        curve: `[2 · max_offset + 1]` mean distance at the offsets from −max_offset to max_offset.
    """

    sync_c: jax.Array
    sync_d: jax.Array
    offset: jax.Array
    curve: jax.Array


@edge(visual=FLOATS, audio=FLOATS)
def sync_scores(
    visual: jax.Array, audio: jax.Array, *, form: Form = "legacy", max_offset: int = 15, lengths: Lengths | None = None
) -> SyncScores:
    """Sync-C, Sync-D and the offset between the picture and its sound.

        curve(o) = mean over i of ‖v_i − a_{i−o} + 1e-6‖,   |o| ≤ max_offset
        Sync-D = min curve,   Sync-C = median curve − min curve,   offset = argmin curve

    Window i begins at frame i on both sides, so v_i ≈ a_{i−o} says that the picture shows at frame i what was heard o
    frames before: a positive offset means that the picture is late (the sound leads), as a positive lag does. Sound
    delayed by k frames lowers the offset by k. The original code's "15 − argmin" is the same number.

    - "legacy" is SyncNet's own evaluation. Beyond both ends of the sound a is 0, and i runs over all windows; at offset
      ±15 of a 100-frame clip 16 % of the terms are distances from 0, so that all three scores depend on the clip's
      length. Cut both sides to `legacy_windows`, by slicing or by `lengths`.
    - "valid" takes the mean, at each offset, over those i alone for which both windows exist: shorter clips are
      noisier, but not shifted. It needs more than 2 · max_offset windows, so that at least half of them always count.

    The aligned form, Sync-D_seq, is `jaxeval.aligned(jaxeval.distances.squared_euclidean)(visual, audio)`, the visual
    sequence in the generated clip's place: its lag has the same sign.

    Args:
        visual: `[M, D]` embeddings of five-frame windows at 25 frames per second, raw: `SyncNet.visual_clip`.
        audio: `[N, D]` embeddings of their sound, raw: `SyncNet.audio_clip`.
        form: "legacy" or "valid".
        max_offset: largest offset in frames, at least 1; 15 is upstream's.
        lengths: (m, n), numbers of valid leading windows; Python ints or traced. None for (M, N).

    Returns:
        The scores; NaN where traced lengths are too short, or in the legacy form unequal.

    Raises:
        ValueError: the shapes aren't `[M, D]` and `[N, D]` of floating-point numbers, the lengths are out of range, too
            short or in the legacy form unequal, the form is unknown or max_offset is below 1 (while tracing).

    References:
        Chung and Zisserman, Out of time: automated lip sync in the wild, ACCV workshop on multi-view lip-reading 2016;
        its public evaluation code for the numbers.

    Example:
        >>> sound = jax.random.normal(jax.random.key(0), (60, 8))
        >>> picture = jnp.roll(sound, 3, axis=0)  # three frames late
        >>> print(sync_scores(picture, sound, form="valid").offset)
        3.0
    """
    visual, audio, (m, n) = _checked(visual, audio, form, max_offset, lengths)
    is_legacy = form == "legacy"
    rows = jnp.arange(len(visual), dtype=m.dtype)
    if is_legacy:
        audio = jnp.where((jnp.arange(len(audio), dtype=n.dtype) < n)[:, None], audio, 0)
    padded = jnp.pad(audio, ((max_offset, max_offset + max(0, len(visual) - len(audio))), (0, 0)))

    def mean_distance(offset: jax.Array) -> jax.Array:
        partners = jax.lax.dynamic_slice_in_dim(padded, max_offset - offset, len(visual))  # [M, D], a_{i−o}
        exists = (rows - offset >= 0) & (rows - offset < n)
        counts = (rows < m) & (is_legacy | exists)
        # Padding is masked before the root: what lies there, NaN included, has no part in value and gradient.
        difference = jnp.where(counts[:, None], visual - partners + _EPSILON, 0)
        return jnp.sum(safe_sqrt(jnp.sum(jnp.square(difference), axis=1))) / jnp.sum(counts).astype(visual.dtype)

    curve = jax.vmap(mean_distance)(jnp.arange(-max_offset, max_offset + 1, dtype=m.dtype))
    curve = jnp.where((m == n) if is_legacy else (jnp.minimum(m, n) > 2 * max_offset), curve, jnp.nan)
    least = jnp.min(curve)
    # Of several minima upstream, which counts offsets downwards, takes the largest.
    offset = max_offset - jnp.argmin(curve[::-1]).astype(curve.dtype)
    return SyncScores(
        sync_c=jnp.sort(curve)[max_offset] - least,
        sync_d=least,
        offset=jnp.where(jnp.isnan(least), jnp.nan, offset),
        curve=curve,
    )


def legacy_windows(frames: int, samples: int) -> int:
    """How many windows SyncNet's own evaluation looks at: min(frames, ⌊samples / 640⌋) − 5.

    A clip of F frames has F − 4 windows; upstream leaves out the last one.

    Args:
        frames: of the clip, at 25 frames per second.
        samples: of its sound, at 16 kHz.

    Returns:
        The number of leading windows of both sides, at least 1.

    Raises:
        ValueError: the picture has fewer than 6 frames, or the sound fewer than 3840 samples.

    Example:
        >>> legacy_windows(100, 63000)
        93
    """
    windows = min(frames, samples // _SAMPLES_PER_FRAME) - _WINDOW
    if windows < 1:
        least = _WINDOW + 1
        raise ValueError(
            f"Expected at least {least} frames and {least * _SAMPLES_PER_FRAME} samples for SyncNet's evaluation, "
            f"got {frames} frames and {samples} samples."
        )
    return windows


def _checked(
    visual: jax.Array, audio: jax.Array, form: str, max_offset: int, lengths: Lengths | None
) -> tuple[jax.Array, jax.Array, tuple[jax.Array, jax.Array]]:
    if visual.ndim != 2 or audio.ndim != 2 or visual.shape[1] != audio.shape[1]:
        raise ValueError(f"Expected embeddings [M, D] and [N, D] of the same D, got {visual.shape} and {audio.shape}.")
    if not (jnp.issubdtype(visual.dtype, jnp.floating) and jnp.issubdtype(audio.dtype, jnp.floating)):
        raise ValueError(f"Expected floating-point embeddings, got {visual.dtype} and {audio.dtype}.")
    if form not in get_args(Form):
        raise ValueError(f"Expected form to be one of {', '.join(get_args(Form))}, got {form}.")
    if max_offset < 1:
        raise ValueError(f"Expected max_offset >= 1, got {max_offset}.")
    m, n = (len(visual), len(audio)) if lengths is None else lengths
    if isinstance(m, numbers.Integral) and isinstance(n, numbers.Integral):
        if form == "legacy" and m != n:
            raise ValueError(f"Expected as many visual as audio windows for the legacy form, got {m} and {n}.")
        if form == "valid" and min(m, n) <= 2 * max_offset:
            raise ValueError(f"Expected more than {2 * max_offset} windows on both sides, got {m} and {n}.")
    return visual, audio, checked_lengths((m, n), (len(visual), len(audio)))
