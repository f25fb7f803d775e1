"""How smoothly a clip moves: jerk and spectral arc length of a trajectory, and frames against their neighbours."""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import checked_length
from jaxeval.alignment.edge import FLOATS, FRAMES, edge
from jaxeval.numerics import safe_sqrt

Interpolator = Callable[[jax.Array, jax.Array], jax.Array]

_ZERO_PADDING = 4  # SPARC's spectrum is drawn on a grid 2⁴ times as fine as the profile's own


@edge(trajectory=FLOATS)
def jerk(trajectory: jax.Array, *, fps: float, length: jax.Array | int | None = None) -> jax.Array:
    """Root-mean-square jerk, the third difference quotient: √(1/(T−3) Σ_t ‖Δ³x_t‖²) · fps³.

    It is the field's plain jerk, with an amplitude and a unit. It compares clips of one trajectory's kind at one frame
    rate, whatever their lengths, and belongs beside the reference's own jerk: a face that doesn't move has none, so
    less isn't better below that. Each unit of tracking noise of standard deviation σ gives √20 σ · fps³ of its own.

    Args:
        trajectory: `[T, D]`, T at least 4.
        fps: frames per second.
        length: number of valid leading rows, a Python int or traced; None for T.

    Returns:
        Scalar, units of the trajectory per s³, lower is smoother; the gradient is 0 where it is 0. NaN for fewer than
        4 valid rows.

    Raises:
        ValueError: the trajectory is no matrix, has fewer than 4 rows, or a static length is out of range.

    References:
        Hogan and Sternad: Sensitivity of smoothness measures to movement duration, amplitude, and arrests, Journal of
        Motor Behavior 41(6), 2009.

    Example:
        >>> import jax.numpy as jnp
        >>> seconds = jnp.arange(10.0)[:, None] / 25
        >>> print(jerk(seconds**3, fps=25.0).round(2))  # of t³: 6
        6.0
    """
    count = _checked_trajectory(trajectory, length, 4)
    third = jnp.sum(jnp.square(_differences(trajectory, 3, count)), axis=1)  # [T − 3]
    mean = jnp.sum(third) / jnp.maximum(count - 3, 1).astype(trajectory.dtype)
    return jnp.where(count < 4, jnp.nan, safe_sqrt(mean) * fps**3)


@edge(trajectory=FLOATS)
def log_dimensionless_jerk(trajectory: jax.Array, *, length: jax.Array | int | None = None) -> jax.Array:
    """Jerk without amplitude or unit, for single movements: LDLJ = −ln(D³ / v² · ∫ ‖jerk‖² dt).

    D is the movement's duration and v its peak speed: twice as far or twice as fast, and it stays as it is; nor does
    the frame rate matter. That holds for a movement from rest to rest. A clip that goes on moving is 4 ln 2 less
    smooth if it lasts twice as long, so of clips of different lengths it can't tell; `jerk` can.

    Args:
        trajectory: `[T, D]`, T at least 4.
        length: number of valid leading rows, a Python int or traced; None for T.

    Returns:
        Scalar, higher is smoother, about −6 for a single smooth reach; +inf where it moves without jerk, NaN where it
        doesn't move or has fewer than 4 valid rows, each with the gradient 0.

    Raises:
        ValueError: as `jerk`.

    References:
        Hogan and Sternad, as for `jerk`, for the dimensionless jerk; Balasubramanian, Melendez-Calderon, Burdet: A
        robust and sensitive metric for quantifying movement smoothness, IEEE TBME 59(8), 2012, for its logarithm.

    Example:
        >>> import jax.numpy as jnp
        >>> reach = jnp.cumsum(jnp.exp(-5 * jnp.linspace(-1, 1, 51) ** 2))[:, None]
        >>> print(log_dimensionless_jerk(reach).round(1), log_dimensionless_jerk(9 * reach).round(1))
        -5.8 -5.8
    """
    count = _checked_trajectory(trajectory, length, 4)
    speed = jnp.max(jnp.sum(jnp.square(_differences(trajectory, 1, count)), axis=1))
    third = jnp.sum(jnp.square(_differences(trajectory, 3, count)))
    still, even = speed == 0, third == 0
    # In frames, for the time's unit cancels.
    moves = (count - 1).astype(trajectory.dtype)
    ratio = moves**3 * jnp.where(even, 1, third) / jnp.where(still, 1, speed)
    value = jnp.where(even, jnp.inf, -jnp.log(jnp.where(even | still, 1, ratio)))
    return jnp.where(still | (count < 4), jnp.nan, value)


@edge(trajectory=FLOATS)
def spectral_arc_length(
    trajectory: jax.Array,
    *,
    fps: float,
    cutoff: float = 10.0,
    threshold: float = 0.05,
    length: jax.Array | int | None = None,
) -> jax.Array:
    """Spectral arc length (SPARC): the length of the curve that the speed's spectrum draws, negated.

        SPARC = −Σ_k √((1/K)² + (M_k+1 − M_k)²) over k = 0 … K − 1

    where M is the magnitude of the spectrum of ‖x_t+1 − x_t‖, 1 at frequency 0, on the grid of the profile padded with
    zeros to 16 times the next power of two, and K the last point up to the cutoff with M ≥ threshold. A movement in one
    stroke has a spectrum that falls once, with stops and starts it has many humps. It has no unit, and neither the
    amplitude nor the speed matters.

    It was made for single movements, and its authors' function takes a speed profile. Of a clip that goes on moving it
    falls with the duration, so compare clips of one length. For a cutoff above half the frame rate the authors' goes on
    into the mirror image of the spectrum; this stops.

    Args:
        trajectory: `[T, D]`, T at least 3; any unit.
        fps: frames per second, static.
        cutoff: highest frequency that counts, in Hz, static.
        threshold: smallest magnitude that counts, in (0, 1].
        length: number of valid leading rows, a Python int or traced; None for T. The result is that of the shorter
            clip alone.

    Returns:
        Scalar, at most 0, higher (closer to 0) is smoother; NaN, with the gradient 0, where nothing moves or there are
        fewer than 3 valid rows.

    Raises:
        ValueError: the trajectory is no matrix, has fewer than 3 rows, a static length is out of range, or fps, cutoff
            or threshold isn't positive.

    References:
        Balasubramanian, Melendez-Calderon, Roby-Brami, Burdet: On the analysis of movement smoothness, Journal of
        NeuroEngineering and Rehabilitation 12:112, 2015.

    Example:
        >>> import jax.numpy as jnp
        >>> stroke = jnp.exp(-5 * jnp.linspace(-1, 1, 51) ** 2)
        >>> print(spectral_arc_length(jnp.cumsum(stroke)[:, None], fps=25.0).round(2))
        -1.41
        >>> print(spectral_arc_length(jnp.cumsum(jnp.tile(stroke, 3))[:, None], fps=25.0).round(2))
        -3.57
    """
    if not (fps > 0 and cutoff > 0 and 0 < threshold <= 1):
        raise ValueError(f"Expected fps > 0, cutoff > 0, threshold in (0, 1], got {fps}, {cutoff}, {threshold}.")
    count = _checked_trajectory(trajectory, length, 3)
    speed = safe_sqrt(jnp.sum(jnp.square(_differences(trajectory, 1, count)), axis=1))  # [T − 1]
    still = jnp.max(speed) == 0
    spectrum = jnp.fft.rfft(speed, _padded(len(speed)))
    magnitude = safe_sqrt(jnp.square(spectrum.real) + jnp.square(spectrum.imag)) / jnp.where(still, 1, jnp.sum(speed))
    # A shorter clip's grid is every other point, or every fourth, of the longest one's.
    step = 2 ** (_doublings(len(speed)) - _doublings(count - 1))
    points = jnp.arange(min(int(cutoff * _padded(len(speed)) / fps), len(magnitude) - 1) + 1, dtype=count.dtype)
    exists = points * step < len(points)
    curve = magnitude[jnp.where(exists, points * step, 0)]
    last = jnp.max(jnp.where(exists & (curve >= threshold), points, 0))
    width = 1 / jnp.maximum(last, 1).astype(curve.dtype)
    arcs = jnp.sqrt(jnp.square(width) + jnp.square(jnp.diff(curve)))
    total = -jnp.sum(jnp.where(points[:-1] < last, arcs, 0))
    return jnp.where(still | (count < 3), jnp.nan, total)


def mean_of_neighbors(a: jax.Array, b: jax.Array) -> jax.Array:
    """The frame halfway between two, if nothing moves: their mean. It stands in for an interpolating network.

    Args:
        a: `[H, W, 3]` frame before.
        b: `[H, W, 3]` frame after.

    Returns:
        `[H, W, 3]`.

    Example:
        >>> import jax.numpy as jnp
        >>> print(mean_of_neighbors(jnp.zeros(3), jnp.ones(3)))
        [0.5 0.5 0.5]
    """
    return (a + b) / 2


@edge(frames=FRAMES)
def smooth(
    frames: jax.Array, interpolator: Interpolator = mean_of_neighbors, *, length: jax.Array | int | None = None
) -> jax.Array:
    """Motion smoothness in VBench's form: how well every other frame can be told from its neighbours.

        smooth = (255 − mean_k MAE(frame_2k+1, interpolator(frame_2k, frame_2k+2))) / 255

    in levels of 0 to 255, over the odd frames that have two neighbours: of an even number of frames the last one is
    left out. The interpolated picture is clipped and rounded down to whole levels, as VBench does; the gradient passes
    as if it weren't.

    VBench interpolates with the network AMT-S, whose weights can't be shipped. The default, `mean_of_neighbors`, is
    a stand-in: with it the score measures how little moves, and isn't comparable with VBench's. For that, pass
    a network's function, which must handle size requirements itself (VBench pads to multiples of 16).

    Args:
        frames: `[T, H, W, 3]` RGB in [0, 1], T at least 3.
        interpolator: (a, b) -> the frame halfway between, each `[H, W, 3]` in [0, 1]; called for one pair at a time.
        length: number of valid leading frames, a Python int or traced; None for T.

    Returns:
        Scalar in [0, 1], higher is smoother; 1 if nothing moves. NaN for fewer than 3 valid frames.

    Raises:
        ValueError: the shape is not `[T, H, W, 3]`, T is under 3, a static length is out of range, or values are known
            to lie outside [0, 1].

    References:
        Huang et al.: VBench: comprehensive benchmark suite for video generative models, CVPR 2024, and its public
        code, vbench/motion_smoothness.py; Li et al.: AMT: all-pairs multi-field transforms for efficient frame
        interpolation, CVPR 2023.

    Example:
        >>> import jax.numpy as jnp
        >>> levels = jnp.array([0.0, 51.0, 0.0, 255.0]) / 255  # the last frame has one neighbour only
        >>> print(smooth(levels[:, None, None, None] * jnp.ones((4, 8, 8, 3))).round(3))
        0.8
    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or not jnp.issubdtype(frames.dtype, jnp.floating):
        raise ValueError(f"Expected floating-point frames [T, H, W, 3], got {frames.dtype}{list(frames.shape)}.")
    count = checked_length(frames, length, 3)
    kept = frames[::2]  # [⌈T / 2⌉, H, W, 3]
    pairs = len(kept) - 1

    def error(triple: tuple[jax.Array, jax.Array, jax.Array]) -> jax.Array:
        before, dropped, after = triple
        return jnp.mean(jnp.abs(dropped - _whole_levels(interpolator(before, after))))

    errors = jax.lax.map(error, (kept[:-1], frames[1::2][:pairs], kept[1:]))  # [pairs]
    valid = 2 * jnp.arange(pairs, dtype=count.dtype) + 2 < count
    mean = jnp.sum(jnp.where(valid, errors, 0)) / jnp.maximum(jnp.sum(valid), 1).astype(errors.dtype)
    return jnp.where(count < 3, jnp.nan, 1 - mean)


def _whole_levels(frame: jax.Array) -> jax.Array:
    rounded = jnp.floor(jnp.clip(frame, 0, 1) * 255) / 255
    return frame + jax.lax.stop_gradient(rounded - frame)


def _differences(trajectory: jax.Array, order: int, count: jax.Array) -> jax.Array:
    """`[T - order, D]` forward differences of the valid rows, 0 beyond; padding may hold anything."""
    rows = jnp.arange(len(trajectory), dtype=count.dtype)[:, None]
    found = jnp.diff(jnp.where(rows < count, trajectory, 0), n=order, axis=0)
    return jnp.where(rows[order:] < count, found, 0)


def _doublings(frames: jax.Array | int) -> jax.Array:
    """⌈log₂ frames⌉, exactly."""
    powers = 2 ** jnp.arange(30, dtype=jnp.int32)
    return jnp.sum(powers < jnp.asarray(frames).astype(jnp.int32)).astype(jnp.int32)


def _padded(frames: int) -> int:
    return 2 ** (math.ceil(math.log2(frames)) + _ZERO_PADDING)


def _checked_trajectory(trajectory: jax.Array, length: jax.Array | int | None, least: int) -> jax.Array:
    if trajectory.ndim != 2 or not jnp.issubdtype(trajectory.dtype, jnp.floating):
        raise ValueError(
            f"Expected a floating-point trajectory [T, D], got {trajectory.dtype}{list(trajectory.shape)}."
        )
    return checked_length(trajectory, length, least)
