"""Mel-frequency cepstral coefficients, the sound that SyncNet listens to; pure JAX, so that a loss can reach it."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.checks import checked_length
from jaxeval.alignment.edge import FLOATS, edge
from jaxeval.numerics import precise_matmul

_WINDOW_S, _HOP_S = 0.025, 0.01
_FFT = 512
_FILTERS, _CEPSTRA, _LIFTER = 26, 13, 22
_PRE_EMPHASIS = 0.97
_EPSILON = float(np.finfo(np.float64).eps)  # stands for an energy of 0, in every precision


@edge(samples=FLOATS)
def mfcc(samples: jax.Array, *, sample_rate: float = 16000, length: jax.Array | int | None = None) -> jax.Array:
    """MFCCs as the package python_speech_features 0.6 computes them by default, which SyncNet was trained on.

    With y_n = x_n − 0.97 x_{n−1} (y_0 = x_0), cut into frames of 25 ms every 10 ms (whole samples, halves rounded up),
    the last one filled up with zeros, no window, and P_k = |FFT_512(y)_k|² / 512 for k = 0 … 256:

        c_n = l_n √(2/26) Σ_j cos(π n (j + ½) / 26) log(Σ_k F_jk P_k),   l_n = 1 + 11 sin(π n / 22),   n = 1 … 12
        c_0 = log(Σ_k P_k)

    F are 26 triangles whose corners lie evenly on the mel scale, 2595 log₁₀(1 + f/700), from 0 to half the sample rate,
    each moved down to a whole FFT bin, ⌊513 f / sample_rate⌋. An energy of exactly 0 counts as 2.2e-16.

    From 20.5 kHz on a frame is longer than the FFT, and only its first 512 samples count; so does the package, which
    warns. Values in float32 agree with its float64 to 1e-4 at 16 kHz; at higher rates, whose lowest filters see one bin
    each, the rounding of the FFT may show ten times as much.

    Args:
        samples: `[N]` mono samples in the range of int16 (what `read_audio` gives), N ≥ 1; floating-point,
            or int16 itself.
        sample_rate: samples per second, static, at least 50.
        length: number of valid leading samples, a Python int or traced; None for N. Whatever stands behind them counts
            for nothing, so that sounds of many lengths, filled up to one, share a program.

    Returns:
        `[1 + ⌈max(N − window, 0) / hop⌉, 13]`, 100 rows per second; finite, on silence too, where the gradient is 0.
        With a length n the first 1 + ⌈max(n − window, 0) / hop⌉ rows are those of the sound alone.

    Raises:
        ValueError: samples are not `[N]`, empty, or neither floating-point nor int16, the sample rate is below 50, or a
            static length is out of range.

    References:
        Davis and Mermelstein, Comparison of parametric representations for monosyllabic word recognition in
        continuously spoken sentences, IEEE TASSP 28(4), 1980; J. Lyons, python_speech_features 0.6, 2017.

    Example:
        >>> tone = 1000 * jnp.sin(2 * jnp.pi * 440 / 16000 * jnp.arange(16000.0))
        >>> mfcc(tone).shape
        (99, 13)
    """
    samples = _checked(samples, sample_rate)
    # x_n − 0.97 x_{n−1} as a difference, which is exact for whole numbers, and the small rest.
    emphasized = jnp.concatenate([samples[:1], jnp.diff(samples) + (1 - _PRE_EMPHASIS) * samples[:-1]])
    if length is not None:
        valid = jnp.arange(len(samples), dtype=jnp.int32) < checked_length(samples, length)
        emphasized = jnp.where(valid, emphasized, 0)
    frames = _frames(emphasized, _whole(_WINDOW_S * sample_rate), _whole(_HOP_S * sample_rate))
    spectrum = jnp.fft.rfft(frames, _FFT)  # [frames, 257]
    power = (jnp.square(spectrum.real) + jnp.square(spectrum.imag)) / _FFT
    filters, cosines = (jnp.asarray(table, samples.dtype) for table in (_mel_filters(sample_rate), _liftered_cosines()))
    energies = _positive(precise_matmul(power, filters.T))  # [frames, 26]
    # No cosine has a mean, so a common factor changes nothing; without it the logarithms stay small and exact.
    energies = energies / jax.lax.stop_gradient(jnp.max(energies, axis=1, keepdims=True))
    total = _positive(jnp.sum(power, axis=1, keepdims=True))  # [frames, 1]
    return jnp.concatenate([jnp.log(total), precise_matmul(jnp.log(energies), cosines)], axis=1)


def _positive(energy: jax.Array) -> jax.Array:
    return jnp.where(energy == 0, _EPSILON, energy)


def _frames(signal: jax.Array, window: int, hop: int) -> jax.Array:
    """`[N]` to `[frames, window]`, the last filled up with zeros."""
    count = 1 + max(0, -((window - len(signal)) // hop))
    signal = jnp.pad(signal, (0, (count - 1) * hop + window - len(signal)))
    return signal[hop * np.arange(count)[:, None] + np.arange(window)[None]]


def _mel_filters(sample_rate: float) -> np.ndarray:
    """`[26, 257]` triangles over the FFT's bins."""
    mel = np.linspace(0, 2595 * np.log10(1 + sample_rate / 2 / 700), _FILTERS + 2)
    corners = np.floor((_FFT + 1) * 700 * (10 ** (mel / 2595) - 1) / sample_rate)
    left, middle, right = (corners[i : i + _FILTERS, None] for i in range(3))
    bins = np.arange(_FFT // 2 + 1)[None]
    rising, falling = (bins >= left) & (bins < middle), (bins >= middle) & (bins < right)
    up, down = (bins - left) / np.maximum(middle - left, 1), (right - bins) / np.maximum(right - middle, 1)
    return np.where(rising, up, np.where(falling, down, 0))


def _liftered_cosines() -> np.ndarray:
    """`[26, 12]` the orthonormal DCT-II without its first column, each column times its lifter."""
    n, j = np.arange(1, _CEPSTRA)[None], np.arange(_FILTERS)[:, None]
    lifter = 1 + _LIFTER / 2 * np.sin(np.pi * n / _LIFTER)
    return lifter * np.sqrt(2 / _FILTERS) * np.cos(np.pi * n * (j + 0.5) / _FILTERS)


def _whole(samples: float) -> int:
    """To the nearest whole number, a half up."""
    return math.floor(samples + 0.5)


def _checked(samples: jax.Array, sample_rate: float) -> jax.Array:
    samples = jnp.asarray(samples)
    if samples.ndim != 1 or len(samples) == 0:
        raise ValueError(f"Expected samples [N] with N at least 1, got shape {samples.shape}.")
    if not (jnp.issubdtype(samples.dtype, jnp.floating) or samples.dtype == jnp.int16):
        raise ValueError(f"Expected floating-point or int16 samples, got {samples.dtype}.")
    if not sample_rate >= 50:
        raise ValueError(f"Expected sample_rate >= 50, got {sample_rate}.")
    return samples if samples.dtype == jnp.float64 else samples.astype(jnp.float32)
