"""Frame-wise image metrics: PSNR, SSIM, MS-SSIM and L1, each `[T, H, W, 3]` against `[T, H, W, 3]` to `[T]`."""

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.edge import FRAMES, edge

_WINDOW, _SIGMA, _K1, _K2 = 11, 1.5, 0.01, 0.03

_TILE = 54
"""Positions of the window that one matrix product serves: 64 rows or columns in."""

_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""The exponents of MS-SSIM, from the finest scale to the coarsest."""


@edge(x=FRAMES, y=FRAMES)
def psnr(x: jax.Array, y: jax.Array) -> jax.Array:
    """Peak signal-to-noise ratio of each frame, in dB: 10·log10(1 / MSE), over all pixels and channels.

    Args:
        x: `[T, H, W, 3]` generated frames, RGB in [0, 1].
        y: `[T, H, W, 3]` reference frames, RGB in [0, 1].

    Returns:
        `[T]` decibels, higher is better; +inf (with zero gradient) where two frames are identical.

    Raises:
        ValueError: the shapes are not equal or not `[T, H, W, 3]`, or values are known to lie outside [0, 1].

    Example:
        >>> import jax.numpy as jnp
        >>> print(psnr(jnp.full((1, 8, 8, 3), 0.6), jnp.full((1, 8, 8, 3), 0.5)).round(3))
        [20.]
    """
    _check(x, y)
    mse = jnp.mean(jnp.square(x - y), axis=(1, 2, 3))
    same = mse == 0
    return jnp.where(same, jnp.inf, -10 * jnp.log10(jnp.where(same, 1, mse)))


@edge(x=FRAMES, y=FRAMES)
def l1(x: jax.Array, y: jax.Array) -> jax.Array:
    """Mean absolute difference of each frame, over all pixels and channels.

    Args:
        x: `[T, H, W, 3]` generated frames, RGB in [0, 1].
        y: `[T, H, W, 3]` reference frames, RGB in [0, 1].

    Returns:
        `[T]` values in [0, 1], lower is better.

    Raises:
        ValueError: the shapes are not equal or not `[T, H, W, 3]`, or values are known to lie outside [0, 1].

    Example:
        >>> import jax.numpy as jnp
        >>> print(l1(jnp.zeros((1, 2, 2, 3)), jnp.full((1, 2, 2, 3), 0.25)))
        [0.25]
    """
    _check(x, y)
    return jnp.mean(jnp.abs(x - y), axis=(1, 2, 3))


@edge(x=FRAMES, y=FRAMES)
def ssim(x: jax.Array, y: jax.Array) -> jax.Array:
    """Structural similarity of each frame.

    SSIM = (2 μ_x μ_y + c₁)(2 σ_xy + c₂) / ((μ_x² + μ_y² + c₁)(σ_x² + σ_y² + c₂)) with c₁ = 0.01², c₂ = 0.03²,
    moments under an 11×11 Gaussian window of σ = 1.5, at those positions where the window lies inside the frame,
    averaged over positions and the three colour channels.

    Args:
        x: `[T, H, W, 3]` generated frames, RGB in [0, 1], H and W at least 11.
        y: `[T, H, W, 3]` reference frames, RGB in [0, 1].

    Returns:
        `[T]` values in [-1, 1], higher is better, 1 for identical frames.

    Raises:
        ValueError: the shapes are not equal, not `[T, H, W, 3]`, a side is under 11 pixels, or values are known to lie
            outside [0, 1].

    References:
        Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from error visibility to structural similarity,
        IEEE TIP 13(4), 2004.

    Example:
        >>> import jax.numpy as jnp
        >>> print(ssim(jnp.ones((1, 16, 16, 3)), jnp.ones((1, 16, 16, 3))))
        [1.]
    """
    _check(x, y)
    if min(x.shape[1:3]) < _WINDOW:
        raise ValueError(f"Expected frames of at least {_WINDOW}x{_WINDOW} pixels for SSIM, got {x.shape}.")
    luminance, contrast = _similarity(x, y)  # [T, H − 10, W − 10, 3] each
    return jnp.mean(luminance * contrast, axis=(1, 2, 3))


@edge(x=FRAMES, y=FRAMES)
def ms_ssim(x: jax.Array, y: jax.Array) -> jax.Array:
    """Multi-scale structural similarity of each frame.

    MS-SSIM = mean(l₅ c₅)^w₅ · Π_{j=1..4} mean(c_j)^w_j with w = .0448, .2856, .3001, .2363, .1333, l and c being the
    factors of `ssim` on each of five scales, luminance and (2 σ_xy + c₂) / (σ_x² + σ_y² + c₂), with its window, its
    constants and its border. A mean below 0 counts as 0. Each scale is the one before, averaged over 2×2 pixels; an
    odd side first gets a row of zeros in front. Each colour channel has its own product, and the three are averaged.
    So does pytorch-msssim; torchmetrics mirrors the border on the coarsest scale and drops the last row of an odd
    side, which moves the value by some 1e-4.

    Args:
        x: `[T, H, W, 3]` generated frames, RGB in [0, 1], H and W at least 161.
        y: `[T, H, W, 3]` reference frames, RGB in [0, 1].

    Returns:
        `[T]` values in [0, 1], higher is better, 1 for identical frames. The gradient through a mean that counts as 0
        is 0.

    Raises:
        ValueError: the shapes are not equal, not `[T, H, W, 3]`, a side is under 161 pixels, or values are known to lie
            outside [0, 1].

    References:
        Wang, Simoncelli, Bovik: Multi-scale structural similarity for image quality assessment, Asilomar 2003.

    Example:
        >>> import jax.numpy as jnp
        >>> print(ms_ssim(jnp.ones((1, 176, 176, 3)), jnp.ones((1, 176, 176, 3))))
        [1.]
    """
    _check(x, y)
    least = (_WINDOW - 1) * 2 ** (len(_SCALES) - 1) + 1
    if min(x.shape[1:3]) < least:
        raise ValueError(f"Expected frames of at least {least}x{least} pixels for MS-SSIM, got {x.shape}.")
    *finer, coarsest = _SCALES
    score = jnp.ones((), x.dtype)  # then [T, 3], the product so far
    for weight in finer:
        _, contrast = _similarity(x, y)
        score = score * _power(jnp.mean(contrast, axis=(1, 2)), weight)
        x, y = _halved(x), _halved(y)
    luminance, contrast = _similarity(x, y)
    return jnp.mean(score * _power(jnp.mean(luminance * contrast, axis=(1, 2)), coarsest), axis=1)


def _similarity(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """SSIM's two factors at every position of the window: luminance; contrast and structure."""
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _blur(x * x) - mean_x * mean_x
    var_y = _blur(y * y) - mean_y * mean_y
    cov = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _K1**2) / (mean_x**2 + mean_y**2 + _K1**2)
    contrast = (2 * cov + _K2**2) / (var_x + var_y + _K2**2)
    return luminance, contrast


def _halved(x: jax.Array) -> jax.Array:
    """Means over 2×2 pixels; an odd side gets a row of zeros in front."""
    count, height, width, channels = x.shape
    x = jnp.pad(x, ((0, 0), (height % 2, 0), (width % 2, 0), (0, 0)))
    return jnp.mean(x.reshape(count, -(-height // 2), 2, -(-width // 2), 2, channels), axis=(2, 4))


def _power(x: jax.Array, exponent: float) -> jax.Array:
    """x^exponent, and 0 with the gradient 0 where x ≤ 0."""
    positive = x > 0
    return jnp.where(positive, jnp.where(positive, x, 1) ** exponent, 0)


def _blur(x: jax.Array) -> jax.Array:
    """The Gaussian window's weighted mean at every position where it fits, one axis after the other."""
    return _blurred_along(_blurred_along(x, 1), 2)


def _blurred_along(x: jax.Array, axis: int) -> jax.Array:
    """By products with a matrix of shifted windows, a tile of positions at a time: sums of slices take far longer."""
    positions = x.shape[axis] - _WINDOW + 1
    tile = min(_TILE, positions)
    weights = np.exp(-0.5 * np.square((np.arange(_WINDOW) - _WINDOW // 2) / _SIGMA))
    weights /= weights.sum()
    shifted = np.stack([np.pad(weights, (k, tile - 1 - k)) for k in range(tile)])  # [tile, tile + 10]
    ends = [*range(tile, positions, tile), positions]  # the last tile may overlap the one before
    tiles = [jax.lax.slice_in_dim(x, end - tile, end + _WINDOW - 1, axis=axis) for end in ends]
    contract = "pk,ntkwc->ntpwc" if axis == 1 else "pk,nthkc->nthpc"
    means = jnp.einsum(
        contract, jnp.asarray(shifted, x.dtype), jnp.stack(tiles, 1), precision=jax.lax.Precision.HIGHEST
    )
    kept = [means[:, t] for t in range(len(ends) - 1)]
    kept.append(jax.lax.slice_in_dim(means[:, -1], tile * len(ends) - positions, tile, axis=axis))
    return jnp.concatenate(kept, axis=axis)


def _check(x: jax.Array, y: jax.Array) -> None:
    if x.ndim != 4 or x.shape[-1] != 3 or x.shape != y.shape:
        raise ValueError(f"Expected two equal shapes [T, H, W, 3], got {x.shape} and {y.shape}.")
    if not (jnp.issubdtype(x.dtype, jnp.floating) and jnp.issubdtype(y.dtype, jnp.floating)):
        raise ValueError(f"Expected floating-point frames in [0, 1], got {x.dtype} and {y.dtype}.")
