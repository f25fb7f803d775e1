"""Faults of time that alignment hides or a score doesn't name: frozen, looped, backwards, a copy, static.

Each function makes one number of a pair's costs; beside it stands the limit beyond which a scorer should warn. The
limits were fixed on two clips, the demo's puppet (75 frames) and carphone (100), under ST-LPIPS and under grey blocks,
and hold under LPIPS, each variant coded at crf 1 and 28; `python -m tests.metrics.fault_material` makes them again and
prints the table.
Harmless there: late by 120 and 240 ms, early by 160, wandering by ±15 and ±20 %, slower by 20 %, half the frame rate,
blurred, noisy, moving half as far, coded at crf 1 to 45. Noise at crf 18 was 0.007 and 0.022 under LPIPS, 0.006 and
0.012 under ST-LPIPS.
All costs are squared distances, or at least 0 and 0 between equal frames; padding is cut off by `lengths`.

No detector is misled by a few odd frames (black, flash, another scene) or a cut in either clip: see
`jaxeval.metrics.scenes`. `copy` is a median, which stands them by itself.
"""

import jax
import jax.numpy as jnp

from jaxeval.alignment import soft_dtw
from jaxeval.alignment.checks import Lengths, checked_cost, checked_length, checked_lengths
from jaxeval.alignment.edge import NUMBERS, edge
from jaxeval.metrics.scenes import Scenes, scenes, spread, without_foreign

FROZEN = 0.05
"""A clip of which more than this share is `frozen` should be flagged. Harmless variants: 0; stopped for 15 frames: 0.11
to 0.19; for 10: 0.09 to 0.12, but at crf 28 0 for carphone under ST-LPIPS and for the puppet under LPIPS."""
LOOPED = 0.2
"""A clip that is `looped` by more than this should be flagged. Harmless variants: 0; loops 0.25 to 1, to and fro 0.35
to 1, but 0.02 for the puppet, whose motion is smaller than the noise, under ST-LPIPS at crf 28."""
REVERSED = 0.7
"""A clip that is `reversed_in_time` by more than this should be flagged. Backwards: 0.82 to 1; harmless variants: −0.2
and less; halves exchanged: 0.3 to 0.5; other moments of the same clip: 0.56 in 99 of 100."""
COPY = 1.5
"""A clip whose `copy` is below this should be flagged. Under LPIPS, in units of 0.01 (the demo's reference coded again
at crf 18), the demo's face and carphone had 1.0 and 2.3 at crf 18, 2.7 and 4.6 at crf 23, and 2.1 to 39 noisy (σ = 4
and 8), moving half as far, or blurred. Under ST-LPIPS the unit is 0.006, what it costs the puppet at crf 18. Ten clips
(the puppet, carphone, real faces of 200 to 864 pixels) coded at crf 18 had 0.05 to 1.5: all flagged; at crf 23, 0.1 to
3: 6 flagged; at crf 28, 0.3 to 6.4: 4; at crf 35, 1.2 to 18: 1; at crf 40: none. Wav2Lip's output for the reference's
own picture and sound had 2.7. Where a face moves less than the codec errs, as the puppet does under ST-LPIPS, its own
frames in any order count as a copy."""
ALONE_FROZEN, ALONE_LOOPED, ALONE_STATIC, ALONE_NOISE = 0.15, 0.85, 3e-6, 1e-6
"""The limits where there is no reference whose pauses and returns could be taken off, the last two per block of a
picture in [0, 1]. Of 20 clips of real and generated talking faces, none of them frozen or looped, `frozen` was at most
0.09, `looped`, for heads return to where they were, at most 0.64, and `static` at least 8e-5; of one picture coded at
crf 18 to 40, `static` was at most 2e-7. A frozen picture's steps were at most 6e-7 at crf 18 and 1.4e-6 at crf 28, half
of them below 8e-8 and 6e-7."""
STATIC = 0.02
"""A clip that is `static`, its motion below this share of the reference's, should be flagged. One frame, coded: 0.005
and less; moving half as far: 0.25 and more; a loop of a third of the clip: 0.12."""

_STILL = 0.05  # of the clip's mean step: below it nothing moves but the codec
_RUN = 5  # steps, 0.2 s at 25 fps: shorter stops come from a lower frame rate or a wandering tempo
_ENDS = 8  # steps, 0.3 s: there a clip that is late or early is filled up
_SHORTEST_PERIOD = 5  # frames
_NEAR = 3  # frames by which the reference's own period may differ


@edge(xx=NUMBERS, yy=NUMBERS)
def frozen(
    xx: jax.Array,
    yy: jax.Array | None = None,
    *,
    lengths: Lengths | None = None,
    noise: float | jax.Array | None = None,
) -> jax.Array:
    """The share of a clip in which its picture stands still for long, more than the reference's does.

    A step is the cost of a frame to its predecessor, where no cut lies between them and odd frames are left out. It is
    still if it is below 5 % of the clip's own mean step (or of a tenth of the reference's, if that is more), which
    codec noise doesn't reach and blur or compression don't change.
    Still steps count in runs of 5 and more (0.2 s at 25 fps), so single repeated frames don't, and not within the first
    and the last 8 (0.3 s), where a delay shows as a held frame. The reference's own share, made the same way, is taken
    off: a pause isn't a fault, at whatever time it comes.

    Args:
        xx: `[T, T]` costs between the generated clip and itself.
        yy: `[S, S]` costs between the reference and itself; None without a reference: then nothing is taken off.
        lengths: (t, s), numbers of valid leading frames; Python ints or traced. None for (T, S).
        noise: what a still step costs at most, where that is known: in a lively clip 5 % of the mean step is motion.

    Returns:
        Scalar in [0, 1]; more than `FROZEN` is a fault, without a reference more than `ALONE_FROZEN`. A static clip is
        frozen but for its ends.

    Raises:
        ValueError: a matrix isn't square, or a static length is out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> shown = jnp.arange(40.0)
        >>> stuck = jnp.where((shown > 10) & (shown < 30), 10, shown)
        >>> cost = lambda a, b: jnp.square(a[:, None] - b[None])
        >>> print(f"{frozen(cost(stuck, stuck), cost(shown, shown)):.3f}")  # 19 of 39 steps
        0.487
    """
    clip, reference, (t, s) = _pair(xx, xx if yy is None else yy, lengths)
    (x, moves_x), (y, moves_y) = _steps(clip), _steps(reference)  # [T − 1] and [S − 1]
    scale_x, scale_y = _mean(x, moves_x), _mean(y, moves_y)
    most = _STILL * jnp.maximum(scale_x, scale_y / 10)
    still_x = moves_x & (x <= (most if noise is None else jnp.minimum(most, noise)))
    still_y = moves_y & (y <= _STILL * scale_y)
    share_x = _mean(_in_long_runs(still_x & _inner(t, x)).astype(x.dtype), moves_x)
    if yy is None:
        return share_x
    share_y = _mean(_in_long_runs(still_y & _inner(s, y)).astype(y.dtype), moves_y)
    return jnp.maximum(share_x - share_y, 0)


@edge(xx=NUMBERS, yy=NUMBERS)
def looped(xx: jax.Array, yy: jax.Array | None = None, *, lengths: Lengths | None = None) -> jax.Array:
    """How much more exactly a clip repeats itself than the reference does.

    With d(p) the mean cost of frames p apart, d'(p) = d(p) / mean_{q ≤ p} d(q) is about 1 where nothing repeats, and
    near 0 at the period of a loop, an off-diagonal stripe of the costs (de Cheveigné and Kawahara's cumulative mean
    normalised difference). From the depth 1 − d'(p) of the clip's dip that of the reference's, at most 3 frames aside,
    is taken off; the result is the largest over periods from 5 frames to two thirds of the clip. Pairs of frames in
    different scenes don't count, costs are taken over their scene's mean, so that a still scene weighs as much as a
    lively one, and a period at which less than a third of the pairs are left is skipped.

    Args:
        xx: `[T, T]` costs between the generated clip and itself.
        yy: `[S, S]` costs between the reference and itself; None without a reference: then nothing is taken off.
        lengths: (t, s), numbers of valid leading frames; Python ints or traced. None for (T, S).

    Returns:
        Scalar in [0, 1]; more than `LOOPED` is a fault, without a reference more than `ALONE_LOOPED`. Played forwards
        and backwards in turn counts, with its whole period. Codec noise beyond the motion itself fills the dips.

    Raises:
        ValueError: a matrix isn't square, or a static length is out of range.

    References:
        De Cheveigné and Kawahara: YIN, a fundamental frequency estimator for speech and music, JASA 111(4), 2002.

    Example:
        >>> import jax.numpy as jnp
        >>> shown = jnp.arange(40.0)
        >>> cost = lambda a, b: jnp.square(a[:, None] - b[None])
        >>> print(looped(cost(shown % 12, shown % 12), cost(shown, shown)))
        1.0
    """
    clip, reference, (t, s) = _pair(xx, xx if yy is None else yy, lengths)
    x = _dips(clip, t)
    if yy is None:
        return jnp.max(x)
    y = _dips(reference, s)
    # The reference's deepest dip near each period, at the clip's periods.
    near = jnp.pad(y, (_NEAR, _NEAR + len(xx)))
    near = jnp.stack([near[k : k + len(x)] for k in range(2 * _NEAR + 1)]).max(axis=0)  # [T]
    return jnp.max(jnp.maximum(x - near, 0))


@edge(xy=NUMBERS)
def reversed_in_time(xy: jax.Array, *, lengths: Lengths | None = None, band: float | None = None) -> jax.Array:
    """Whether the clip fits the reference better when it is played backwards.

        (forward − backward) / (max(forward, backward) − floor)

    with the costs of the best alignment (exact, γ = 0) of the clip and of the clip reversed, and as floor what its
    frames cost each against its best partner in any order: what blur or another face cost anyway.

    Args:
        xy: `[T, S]` costs between the generated clip and the reference.
        lengths: (t, s), numbers of valid leading frames; Python ints or traced. None for (T, S).
        band: half-width of the Sakoe–Chiba band in frames of the longer clip; None for no band.

    Returns:
        Scalar in [-1, 1]: −1 if order is all that keeps the reversed clip from fitting, 1 the other way round, 0 where
        neither order fits better (a static clip, one that plays to and fro, another scene). More than `REVERSED` is a
        fault; two halves exchanged reach 0.5.

    Raises:
        ValueError: as `jaxeval.soft_dtw`.

    Example:
        >>> import jax.numpy as jnp
        >>> shown = jnp.arange(9.0)
        >>> print(reversed_in_time(jnp.square(shown[::-1, None] - shown[None])))
        1.0
    """
    xy = checked_cost(xy)
    t, s = checked_lengths(lengths, xy.shape)
    xy = without_foreign(xy, (t, s))
    rows, columns = (jnp.arange(size, dtype=jnp.int32) for size in xy.shape)
    backwards = xy[jnp.where(rows < t, t - 1 - rows, rows)]  # [T, S], its valid rows in reverse
    forward, backward = (soft_dtw(cost, gamma=0.0, lengths=(t, s), band=band) for cost in (xy, backwards))
    best = jnp.min(jnp.where(columns[None] < s, xy, jnp.inf), axis=1)
    floor = jnp.sum(jnp.where(rows < t, best, 0))
    order = jnp.maximum(forward, backward) - floor
    # Differences below the sums' rounding say nothing.
    told = order > 1e-5 * jnp.maximum(forward, backward)
    return jnp.clip(jnp.where(told, (forward - backward) / jnp.where(told, order, 1), 0), -1, 1)


@edge(costs=NUMBERS)
def copy(costs: jax.Array, *, noise: float | jax.Array, length: jax.Array | int | None = None) -> jax.Array:
    """How far a clip is from its reference, in units of what coding it again would cost.

    Args:
        costs: `[T]` of each frame: frame by frame, which finds the reference itself; or each frame's expected cost
            under the alignment, Σ_s E_ts C_ts / Σ_s E_ts, which finds it at any delay or tempo, too.
        noise: the same metric's cost between a clip and itself coded again (crf 18), more than 0: the reference's own
            if that has been measured, else a constant of the metric.
        length: number of valid leading frames, a Python int or traced; None for T.

    Returns:
        Scalar, at least 0: median cost over noise; 0 for the very same frames. Less than `COPY` is suspicious.

    Raises:
        ValueError: the costs are no vector, or noise or a static length is out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> print(f"{copy(jnp.array([0.0, 0.002, 0.004, 0.9]), noise=0.01):.2f}")
        0.30
    """
    if costs.ndim != 1 or not len(costs):
        raise ValueError(f"Expected costs [T], got shape {list(costs.shape)}.")
    if isinstance(noise, int | float) and not noise > 0:
        raise ValueError(f"Expected noise > 0, got {noise}.")
    count = checked_length(costs, length)
    # Sorted with the padding at the end, for its place depends on the length.
    ordered = jnp.sort(jnp.where(jnp.arange(len(costs), dtype=jnp.int32) < count, costs, jnp.inf))
    return (ordered[(count - 1) // 2] + ordered[count // 2]) / 2 / noise


@edge(xx=NUMBERS, yy=NUMBERS)
def static(xx: jax.Array, yy: jax.Array | None = None, *, lengths: Lengths | None = None) -> jax.Array:
    """How much a clip moves, as a share of what the reference does: the ratio of their pairs' mean costs.

    All pairs of frames count that lie in one scene; odd frames don't. For squared Euclidean costs that is the ratio of
    variances: a clip that moves half as far has 0.25.

    Args:
        xx: `[T, T]` costs between the generated clip and itself.
        yy: `[S, S]` costs between the reference and itself; None without a reference.
        lengths: (t, s), numbers of valid leading frames; Python ints or traced. None for (T, S).

    Returns:
        Scalar, at least 0; less than `STATIC` is a fault. NaN where the reference doesn't move either. Without a
        reference the mean cost of all pairs, of which less than `ALONE_STATIC` for each number of a frame is a fault.

    Raises:
        ValueError: a matrix isn't square, or a static length is out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> shown = jnp.arange(9.0)
        >>> cost = jnp.square(shown[:, None] - shown[None])
        >>> print(static(cost / 4, cost))
        0.25
    """
    if yy is None:
        return _mean_pair(checked_cost(xx), lengths)
    clip, reference, _ = _pair(xx, yy, lengths)
    x, y = _variance(clip), _variance(reference)
    return jnp.where(y == 0, jnp.nan, x / jnp.where(y == 0, 1, y))


def _pair(xx: jax.Array, yy: jax.Array, lengths: Lengths | None) -> tuple[Scenes, Scenes, tuple[jax.Array, jax.Array]]:
    """Both clips by scenes, told apart by the livelier one's spread, and their lengths."""
    xx, yy = checked_cost(xx), checked_cost(yy)
    if xx.shape[0] != xx.shape[1] or yy.shape[0] != yy.shape[1]:
        raise ValueError(f"Expected square matrices [T, T] and [S, S], got shapes {xx.shape} and {yy.shape}.")
    t, s = checked_lengths(lengths, (len(xx), len(yy)))
    scale = jnp.maximum(spread(xx, t), spread(yy, s))
    return scenes(xx, t, scale), scenes(yy, s, scale), (t, s)


def _steps(clip: Scenes) -> tuple[jax.Array, jax.Array]:
    """`[T − 1]` the cost of each frame to its predecessor, and which of them are valid: no cut lies between."""
    valid = jnp.diagonal(clip.pairs, offset=1)
    return jnp.where(valid, jnp.diagonal(clip.costs, offset=1), 0), valid


def _mean(values: jax.Array, valid: jax.Array) -> jax.Array:
    return jnp.sum(jnp.where(valid, values, 0)) / jnp.maximum(jnp.sum(valid), 1).astype(values.dtype)


def _inner(count: jax.Array, steps: jax.Array) -> jax.Array:
    """Which steps of a clip of so many frames are none of its first or last ones."""
    number = jnp.arange(len(steps), dtype=jnp.int32)
    return (number >= _ENDS) & (number < count - 1 - _ENDS)


def _in_long_runs(still: jax.Array) -> jax.Array:
    """Which steps belong to a run of `_RUN` still ones or more."""
    width = _RUN
    ends = jnp.pad(still, (width - 1, width - 1))
    # Where a run of that many starts, and then what lies within one.
    starts = jnp.stack([ends[k : k + len(still) + width - 1] for k in range(width)]).all(axis=0)
    return jnp.stack([starts[k : k + len(still)] for k in range(width)]).any(axis=0)


def _dips(clip: Scenes, count: jax.Array) -> jax.Array:
    """`[T]` how deep 1 − d'(p) is at each period p that counts, and 0 at others."""
    size = len(clip.costs)
    frames = jnp.arange(size, dtype=jnp.int32)
    level = _levels(clip)
    pairs = _skewed(clip.pairs & (level > 0)[:, None])  # [T, T]: frame, period
    number = jnp.sum(pairs, axis=0, dtype=jnp.int32)
    costs = _skewed(clip.costs / jnp.where(level > 0, level, 1)[:, None])
    apart = jnp.sum(jnp.where(pairs, costs, 0), axis=0) / jnp.maximum(number, 1).astype(costs.dtype)
    usual = jnp.cumsum(apart) / jnp.maximum(frames, 1).astype(apart.dtype)
    moves = usual > 0
    depth = jnp.where(moves, 1 - apart / jnp.where(moves, usual, 1), 0)
    counts = (frames >= _SHORTEST_PERIOD) & (3 * frames <= 2 * count) & (3 * number >= count - frames)
    return jnp.where(counts, jnp.maximum(depth, 0), 0)


def _levels(clip: Scenes) -> jax.Array:
    """`[T]` the mean cost of all pairs in each frame's scene."""
    number = jnp.maximum(jnp.sum(clip.pairs, axis=1, dtype=jnp.int32), 1).astype(clip.costs.dtype)
    rows = jnp.sum(jnp.where(clip.pairs, clip.costs, 0), axis=1) / number
    return jnp.sum(jnp.where(clip.pairs, rows[None], 0), axis=1) / number


def _skewed(square: jax.Array) -> jax.Array:
    """`[T, T]` row i moved i places to the left: column p has what belongs to frames that are p apart."""
    size = len(square)
    return jnp.pad(jnp.pad(square, ((0, 0), (0, size))).reshape(-1), (0, size)).reshape(size, -1)[:, :size]


def _mean_pair(xx: jax.Array, lengths: Lengths | None) -> jax.Array:
    """Mean cost of all pairs of valid frames."""
    count = checked_lengths(lengths, (len(xx), len(xx)))[0]
    valid = jnp.arange(len(xx), dtype=jnp.int32) < count
    return jnp.sum(jnp.where(valid[:, None] & valid[None], xx, 0)) / jnp.square(count.astype(xx.dtype))


def _variance(clip: Scenes) -> jax.Array:
    """Mean cost of all pairs of frames that lie in one scene."""
    total = jnp.sum(jnp.where(clip.pairs, clip.costs, 0))
    return total / jnp.maximum(jnp.sum(clip.pairs, dtype=jnp.int32), 1).astype(total.dtype)
