"""Frame-wise image metrics: PSNR, SSIM and L1, each `[T, H, W, 3]` against `[T, H, W, 3]` to `[T]`."""

from functools import reduce

import jax
import jax.numpy as jnp

_WINDOW, _SIGMA, _K1, _K2 = 11, 1.5, 0.01, 0.03


def psnr(x: jax.Array, y: jax.Array) -> jax.Array:
    """Peak signal-to-noise ratio of each frame, in dB: 10·log10(1 / MSE), over all pixels and channels.

    Args:
        x: `[T, H, W, 3]` generated frames, RGB in [0, 1].
        y: `[T, H, W, 3]` reference frames, RGB in [0, 1].

    Returns:
        `[T]` decibels, higher is better; +inf (with zero gradient) where two frames are identical.

    Raises:
        ValueError: the shapes are not equal or not `[T, H, W, 3]`.

    Example:
        >>> import jax.numpy as jnp
        >>> print(psnr(jnp.full((1, 8, 8, 3), 0.6), jnp.full((1, 8, 8, 3), 0.5)).round(3))
        [20.]
    """
    _check(x, y)
    mse = jnp.mean(jnp.square(x - y), axis=(1, 2, 3))
    same = mse == 0
    return jnp.where(same, jnp.inf, -10 * jnp.log10(jnp.where(same, 1, mse)))


def l1(x: jax.Array, y: jax.Array) -> jax.Array:
    """Mean absolute difference of each frame, over all pixels and channels.

    Args:
        x: `[T, H, W, 3]` generated frames, RGB in [0, 1].
        y: `[T, H, W, 3]` reference frames, RGB in [0, 1].

    Returns:
        `[T]` values in [0, 1], lower is better.

    Raises:
        ValueError: the shapes are not equal or not `[T, H, W, 3]`.

    Example:
        >>> import jax.numpy as jnp
        >>> print(l1(jnp.zeros((1, 2, 2, 3)), jnp.full((1, 2, 2, 3), 0.25)))
        [0.25]
    """
    _check(x, y)
    return jnp.mean(jnp.abs(x - y), axis=(1, 2, 3))


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
        ValueError: the shapes are not equal, not `[T, H, W, 3]`, or a side is under 11 pixels.

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
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _blur(x * x) - mean_x * mean_x
    var_y = _blur(y * y) - mean_y * mean_y
    cov = _blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + _K1**2) / (mean_x**2 + mean_y**2 + _K1**2)
    structure = (2 * cov + _K2**2) / (var_x + var_y + _K2**2)
    return jnp.mean(luminance * structure, axis=(1, 2, 3))


def _blur(x: jax.Array) -> jax.Array:
    """The Gaussian window's weighted mean at every position where it fits, one axis after the other."""
    offsets = jnp.arange(_WINDOW, dtype=x.dtype) - _WINDOW // 2
    weights = jnp.exp(-0.5 * jnp.square(offsets / _SIGMA))
    weights = weights / jnp.sum(weights)
    for axis in (1, 2):
        size = x.shape[axis] - _WINDOW + 1
        terms = [weights[k] * jax.lax.slice_in_dim(x, k, k + size, axis=axis) for k in range(_WINDOW)]
        x = reduce(jnp.add, terms)
    return x


def _check(x: jax.Array, y: jax.Array) -> None:
    if x.ndim != 4 or x.shape[-1] != 3 or x.shape != y.shape:
        raise ValueError(f"Expected two equal shapes [T, H, W, 3], got {x.shape} and {y.shape}.")
    if not (jnp.issubdtype(x.dtype, jnp.floating) and jnp.issubdtype(y.dtype, jnp.floating)):
        raise ValueError(f"Expected floating-point frames in [0, 1], got {x.dtype} and {y.dtype}.")
