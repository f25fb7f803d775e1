"""The spectrum of a voice, a few bands for each picture."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.checks import checked_length
from jaxeval.alignment.edge import FLOATS, edge

SAMPLE_RATE, FPS = 16000, 25
BANDS = 24
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7600.0
_WINDOW, _HOP, _FFT = 400, 160, 512
_WINDOWS = 4  # of a picture
_FLOOR = 1e-3  # of the clip's mean power: 30 dB down


class VoiceSpectrum(NamedTuple):
    """A voice beside the pictures.

    Attributes:
        values: `[count, 24]` log power over the clip's mean power, each band.
        mask: `[count]` boolean: whether the sound lasts for at least half of the picture.
    """

    values: jax.Array
    mask: jax.Array


@edge(samples=FLOATS)
def voice_spectrum(
    samples: jax.Array,
    *,
    count: int,
    start: float | jax.Array = 0.0,
    length: int | jax.Array | None = None,
    pictures: int | jax.Array | None = None,
) -> VoiceSpectrum:
    """The log-mel spectrum of a voice at 25 pictures per second.

        s_t = mean over a picture's four windows of log(P / P̄ + 10⁻³)

    P is the power of a window in 24 triangular bands, even on the mel scale 2595 lg(1 + f / 700) between 80 and
    7600 Hz, each of sum 1. A window is a Hann window of 400 samples, and the j-th is centred (j + ½) · 10 ms after the
    first picture begins. P̄ is the mean of P over bands and heard windows: so gain doesn't count, and what lies 30 dB
    below the voice counts little.

    Args:
        samples: `[N]` mono samples at 16 kHz, any unit.
        count: number of pictures, static.
        start: by how many seconds the sound begins after the first picture, negative if before; may be traced.
        length: number of valid leading samples; a Python int or traced. None for N.
        pictures: number of valid leading pictures; a Python int or traced. None for `count`.

    Returns:
        A `VoiceSpectrum`; the mask of pictures past the valid ones is False.

    Raises:
        ValueError: samples are not floating-point `[N]`, the count is below 1, or a static length is out of range.

    Example:
        >>> tone = jnp.sin(2 * jnp.pi * 500 / 16000 * jnp.arange(8000.0))
        >>> spectrum = voice_spectrum(tone, count=20, start=0.2)
        >>> spectrum.values.shape, int(spectrum.mask.sum()), int(spectrum.mask.argmax())
        ((20, 24), 13, 5)
    """
    if samples.ndim != 1 or len(samples) == 0 or not jnp.issubdtype(samples.dtype, jnp.floating):
        raise ValueError(f"Expected floating-point samples [N], got {samples.dtype} of shape {samples.shape}.")
    if count < 1:
        raise ValueError(f"Expected count >= 1, got {count}.")
    valid = jnp.arange(len(samples), dtype=jnp.int32) < checked_length(samples, length)
    late = jnp.rint(jnp.asarray(start * SAMPLE_RATE)).astype(jnp.int32)
    total = count * _WINDOWS * _HOP
    places = jnp.arange(total, dtype=jnp.int32) - late
    present = (places >= 0) & (places < jnp.sum(valid, dtype=jnp.int32))
    present = present.reshape(count, -1)  # [count, 640]
    shown = jnp.arange(count, dtype=jnp.int32) < checked_length(present, pictures)
    mask = shown & (2 * jnp.sum(present, axis=1, dtype=jnp.int32) >= _WINDOWS * _HOP)
    # Samples of all windows, counted from the first picture.
    index = np.arange(count * _WINDOWS)[:, None] * _HOP + np.arange(_WINDOW) - (_WINDOW - _HOP) // 2
    places = jnp.asarray(index, jnp.int32) - late
    column = jnp.clip(places, 0, len(samples) - 1)
    windows = jnp.where((index >= 0) & (places == column) & valid[column], samples[column], 0)  # [4 count, 400]
    spectrum = jnp.fft.rfft(windows * jnp.asarray(np.hanning(_WINDOW + 2)[1:-1], samples.dtype)[None], _FFT)
    power = jnp.square(spectrum.real) + jnp.square(spectrum.imag)
    power = jnp.matmul(power, jnp.asarray(_mel_bank().T, samples.dtype), precision=jax.lax.Precision.HIGHEST)
    heard = jnp.repeat(mask, _WINDOWS)[:, None]
    mean = jnp.sum(jnp.where(heard, power, 0)) / jnp.maximum(BANDS * jnp.sum(heard), 1).astype(power.dtype)
    level = jnp.log(power / jnp.where(mean > 0, mean, 1) + _FLOOR)  # [4 count, 24]
    return VoiceSpectrum(jnp.mean(level.reshape(count, _WINDOWS, BANDS), axis=1), mask)


def _mel_bank() -> np.ndarray:
    """`[24, 257]` triangles over the frequencies of the transform, each of sum 1."""
    lowest, highest = (2595 * np.log10(1 + hertz / 700) for hertz in (_LOWEST_HZ, _HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 2) / 2595) - 1)
    hertz = np.arange(_FFT // 2 + 1) * SAMPLE_RATE / _FFT
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bank = np.maximum(0, np.minimum((hertz - low) / (middle - low), (high - hertz) / (high - middle)))
    return bank / bank.sum(axis=1, keepdims=True)
