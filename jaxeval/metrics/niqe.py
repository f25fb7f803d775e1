"""Naturalness without a reference: NIQE, the distance of a frame's statistics from those of pristine photographs."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln

from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.numerics import precise_matmul, safe_sqrt

_PATCH = 96
_RADIUS, _SIGMA = 3, 7 / 6
_LUMA = (255 * 0.2989, 255 * 0.5870, 255 * 0.1140)

_SHAPES = np.arange(0.2, 10, 0.001)
_LOG_GAMMA = np.vectorize(math.lgamma)
_RATIOS = np.exp(2 * _LOG_GAMMA(2 / _SHAPES) - _LOG_GAMMA(1 / _SHAPES) - _LOG_GAMMA(3 / _SHAPES))
"""Γ(2/α)² / (Γ(1/α) Γ(3/α)) of these α, rising: E[|x|]² / E[x²] of a generalised Gaussian."""

_DISTINCT = np.setdiff1d(np.arange(36), [13, 17, 31, 35]).astype(np.int32)
"""Of the 36 features; the other four repeat the ones before them."""


class NiqeModel(NamedTuple):
    """The multivariate Gaussian that the features of pristine photographs follow.

    The features, for patches of 96×96 pixels and then again at half the size: shape α and mean scale (β_l + β_r) / 2
    of the normalised picture; shape, mean, β_l and β_r of its products with the neighbour in the row and in the
    column, and shape, mean, β_l and β_l once more of those on the two diagonals.

    Attributes:
        mean: `[36]`.
        covariance: `[36, 36]`, of rank 32: rows and columns 13, 17, 31 and 35 equal the ones before them.
    """

    mean: jax.Array
    covariance: jax.Array


@edge(frames=FRAMES)
def niqe(frames: jax.Array, model: NiqeModel) -> jax.Array:
    """Natural image quality evaluator of each frame, a distance from natural photographs without a reference.

    The luma, 0 to 255, is normalised by its mean and its deviation under a 7×7 Gaussian window of σ = 7/6, outside of
    which the picture is black: (I − μ) / (σ_I + 1). An asymmetric generalised Gaussian is fitted to each 96×96 patch
    of it and to the products of neighbours, at full size and, after a bicubic reduction, at half size, which makes 36
    features ν. With mean and covariance over the patches, NIQE = √((ν̄ − ν₀)ᵀ ((Σ + Σ₀) / 2)⁺ (ν̄ − ν₀)).

    Incomplete patches at the right and at the bottom are left out. The conventions are those of scikit-video 1.1.11,
    but that the shapes, which it takes from a table in steps of 0.001, are interpolated, so that the value has a
    gradient: on photographs this moves it by up to 0.6 %. That package refuses frames under 194 pixels a side.
    Each fit parts its values at 0, and of some ten thousand values one or two lie so close to it that float32's
    rounding puts them on the other side, which moves NIQE by up to 0.3 % against float64.
    Compare values of equally large frames only: Σ of few patches is not that of many.

    Args:
        frames: `[T, H, W, 3]` RGB in [0, 1], with room for two whole 96×96 patches.
        model: the pristine model, such as `jaxeval.checkpoints.niqe_model.niqe_model()`.

    Returns:
        `[T]` values ≥ 0, lower is better.

    Raises:
        ValueError: the shape is not `[T, H, W, 3]`, it has no two patches, the model's shapes are others, or values are
            known to lie outside [0, 1].

    References:
        Mittal, Soundararajan, Bovik: Making a "completely blind" image quality analyzer, IEEE Signal Processing
        Letters 20(3), 2013.
        Lasmar, Stitou, Berthoumieu: Multiscale skewed heavy tailed model for texture analysis, ICIP 2009.

    Example:
        >>> import jax
        >>> from jaxeval.checkpoints.niqe_model import niqe_model
        >>> frames = jax.random.uniform(jax.random.key(0), (1, 224, 224, 3))
        >>> print(niqe(frames, niqe_model()) > 10)
        [ True]
    """
    _check(frames, model)
    mean, covariance = (jnp.asarray(array, frames.dtype) for array in model)
    return jax.lax.map(lambda frame: _distance(_features(frame), mean, covariance), frames)


def _features(frame: jax.Array) -> jax.Array:
    """`[H, W, 3]` to `[P, 36]`."""
    luma = jnp.sum(frame * jnp.array(_LUMA, frame.dtype)[None, None], axis=-1)
    height, width = (side // _PATCH * _PATCH for side in luma.shape)
    luma = luma[:height, :width]  # whole patches only
    half = (height // 2, width // 2)
    smaller = jax.image.resize(luma, half, "cubic", antialias=True, precision=jax.lax.Precision.HIGHEST)
    scales = ((luma, _PATCH), (smaller, _PATCH // 2))
    return jnp.concatenate([_statistics(_patches(_normalized(x), size)) for x, size in scales], axis=1)


def _check(frames: jax.Array, model: NiqeModel) -> None:
    if frames.ndim != 4 or frames.shape[-1] != 3:
        raise ValueError(f"Expected frames [T, H, W, 3], got {frames.shape}.")
    if (frames.shape[1] // _PATCH) * (frames.shape[2] // _PATCH) < 2:
        raise ValueError(f"Expected frames with room for two {_PATCH}x{_PATCH} patches for NIQE, got {frames.shape}.")
    if not jnp.issubdtype(frames.dtype, jnp.floating):
        raise ValueError(f"Expected floating-point frames in [0, 1], got {frames.dtype}.")
    if model.mean.shape != (36,) or model.covariance.shape != (36, 36):
        raise ValueError(f"Expected a model of [36] and [36, 36], got {model.mean.shape}, {model.covariance.shape}.")


def _distance(features: jax.Array, mean: jax.Array, covariance: jax.Array) -> jax.Array:
    """Mahalanobis distance of the patches' `[P, 36]` mean from the model's.

    A repeated feature repeats in both means and covariances: it drops out of the pseudo-inverse, which is then the
    inverse of what is left.
    """
    rows, mean = features[:, _DISTINCT], mean[_DISTINCT]  # [P, 32], [32]
    center = jnp.mean(rows, axis=0)
    rows = (rows - center[None]) / jnp.sqrt(jnp.asarray(rows.shape[0] - 1, rows.dtype))
    spread = precise_matmul(rows.T, rows)  # [32, 32]
    matrix = (spread + covariance[_DISTINCT[:, None], _DISTINCT[None]]) / 2
    scale = jnp.sqrt(jnp.diag(matrix))  # of features so unlike in size, for the solution's accuracy
    lower = jnp.linalg.cholesky(matrix / (scale[:, None] * scale[None]))
    white = jax.scipy.linalg.solve_triangular(lower, (center - mean) / scale, lower=True)
    return safe_sqrt(jnp.sum(white * white))


def _normalized(luma: jax.Array) -> jax.Array:
    """(I − μ) / (σ + 1) of `[H, W]`, with local moments, taken along one axis after the other."""
    mean, variance = luma, jnp.zeros_like(luma)
    for axis in (0, 1):
        mean, variance = _local_moments(mean, variance, axis)
    return (luma - mean) / (safe_sqrt(variance) + 1)


def _local_moments(mean: jax.Array, variance: jax.Array, axis: int) -> tuple[jax.Array, jax.Array]:
    """Mean and variance of a window of cells with these means and variances, black beyond the border.

    From differences to the middle: a flat area then has its own level as mean and no variance, exactly.
    """
    taps = np.exp(-0.5 * (np.arange(-_RADIUS, _RADIUS + 1) / _SIGMA) ** 2)
    taps /= taps.sum()
    size = mean.shape[axis]
    widths = [(_RADIUS, _RADIUS) if a == axis else (0, 0) for a in (0, 1)]
    means, variances = jnp.pad(mean, widths), jnp.pad(variance, widths)
    shift, square, within = (jnp.zeros_like(mean) for _ in range(3))
    for k, tap in enumerate(taps.tolist()):
        difference = jax.lax.slice_in_dim(means, k, k + size, axis=axis) - mean
        shift = shift + tap * difference
        square = square + tap * difference * difference
        within = within + tap * jax.lax.slice_in_dim(variances, k, k + size, axis=axis)
    return mean + shift, within + (square - shift * shift)


def _patches(x: jax.Array, size: int) -> jax.Array:
    """`[H, W]` to `[P, size, size]`, row by row."""
    blocks = x.reshape(x.shape[0] // size, size, x.shape[1] // size, size)
    return jnp.swapaxes(blocks, 1, 2).reshape(-1, size, size)


def _statistics(patches: jax.Array) -> jax.Array:
    """`[P, n, n]` to `[P, 18]`: one half of `NiqeModel`'s features."""
    steps = ((0, 1), (1, 0), (1, 1), (1, -1))
    products = [patches * jnp.roll(patches, step, axis=(1, 2)) for step in steps]
    shape, mean, left, right = _fit(jnp.stack([patches, *products], axis=1))  # [P, 5] each, of [P, 5, n, n]
    last = jnp.concatenate([right[:, :3], left[:, 3:]], axis=1)  # [P, 5]
    alone = jnp.stack([shape[:, 0], (left[:, 0] + right[:, 0]) / 2], axis=1)  # [P, 2]
    return jnp.concatenate([alone, jnp.stack([shape, mean, left, last], axis=2)[:, 1:].reshape(-1, 16)], axis=1)


def _fit(x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Shape, mean, left and right scale of an asymmetric generalised Gaussian, by moments over the last two axes.

    Without a positive value the ratio of the two sides has no meaning: the shape is then the least in the table.
    """
    square, negative = x * x, x < 0
    left, right = (safe_sqrt(_mean_where(square, side)) for side in (negative, ~negative))
    two_sided = right > 0
    second = jnp.where(two_sided, jnp.mean(square, axis=(-2, -1)), 1)
    right_or_1 = jnp.where(two_sided, right, 1)
    skew = (left**3 + right_or_1**3) * (left + right_or_1) / jnp.square(left**2 + right_or_1**2)
    ratio = jnp.square(jnp.mean(jnp.abs(x), axis=(-2, -1))) / second * skew
    ratios, shapes = jnp.asarray(_RATIOS, x.dtype), jnp.asarray(_SHAPES, x.dtype)
    shape = jnp.where(two_sided, jnp.interp(ratio, ratios, shapes), shapes[0])
    gamma1, gamma2, gamma3 = (gammaln(k / shape) for k in (1, 2, 3))
    scale = jnp.exp((gamma1 - gamma3) / 2)
    return shape, (right - left) * scale * jnp.exp(gamma2 - gamma1), left * scale, right * scale


def _mean_where(x: jax.Array, chosen: jax.Array) -> jax.Array:
    """Over the last two axes; 0 where none is chosen."""
    total = jnp.sum(jnp.where(chosen, x, 0), axis=(-2, -1))
    return total / jnp.maximum(jnp.sum(chosen, axis=(-2, -1), dtype=x.dtype), 1)
