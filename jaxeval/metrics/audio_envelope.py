"""The envelope of a voice, one value for each video frame."""

import math
from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.checks import checked_length
from jaxeval.alignment.edge import FLOATS, edge

_CARRIER_HZ, _BANDS, _ORDER = (100.0, 4000.0), 6, 4
_GREENWOOD = 165.4, 2.1, 0.88  # human cochlea: f = 165.4 (10^(2.1 x) − 0.88) at the share x of its length
_FARTHEST = 6e4  # in widths of a band, whose eighth power a float32 just has room for
_DECAY_S = 0.25  # by then the filters have rung out


class AudioEnvelope(NamedTuple):
    """A voice's envelope beside the pictures.

    Attributes:
        values: `[count]` at least 0, in the samples' unit; 0 in frames whose `mask` is False.
        mask: `[count]` boolean: whether the sound lasts for at least half of the frame.
    """

    values: jax.Array
    mask: jax.Array


@edge(samples=FLOATS)
def audio_envelope(
    samples: jax.Array,
    *,
    sample_rate: float,
    fps: float,
    count: int,
    start: float | jax.Array = 0.0,
    length: int | jax.Array | None = None,
) -> AudioEnvelope:
    """The wide-band envelope of a voice, averaged over each video frame.

        e(n) = 1/6 Σ_b |H_b x|(n),   values_k = mean of e over [k / fps, (k + 1) / fps) after the first picture

    H_b, one of six bands between 100 Hz and 4 kHz that are equally wide on the cochlea, is a Butterworth band-pass of
    order 4 run forwards and backwards, 1 / (1 + ((f² − lo·hi) / (f (hi − lo)))⁸), which delays nothing, of the analytic
    signal: so |H_b x| is the band's Hilbert envelope, and no rectified carrier has to be smoothed away.

    Sound that begins late, or ends early, leaves frames whose `mask` is False; sound that begins before the first
    picture, or lasts longer, is cut.

    Args:
        samples: `[N]` mono samples, any unit.
        sample_rate: samples per second, static, at least 8000.
        fps: frames per second, static, at most the sample rate.
        count: number of pictures, static.
        start: by how many seconds the sound begins after the first picture, negative if before; may be traced.
        length: number of valid leading samples; a Python int or traced. None for N.

    Returns:
        An `AudioEnvelope`. Its gradient is finite, and 0 in silence.

    Raises:
        ValueError: samples are not floating-point `[N]`, or a rate, the count or a static length is out of range.

    References:
        The construction (bands, filters, mean of Hilbert envelopes) is that of Giordano, Ince, Gross, Schyns, Panzeri
        and Kayser, Contributions of local speech encoding and functional connectivity to audio-visual speech
        perception, eLife 6, 2017, who follow Chandrasekaran et al., The natural statistics of audiovisual speech, PLoS
        Computational Biology 5(7), 2009. Greenwood, A cochlear frequency-position function for several species, JASA
        87(6), 1990.

    Example:
        >>> tone = jnp.sin(2 * jnp.pi * 500 / 16000 * jnp.arange(8000.0))
        >>> envelope = audio_envelope(tone, sample_rate=16000, fps=25, count=20, start=0.2)
        >>> print(envelope.mask.sum(), int(envelope.mask.argmax()))
        13 5
    """
    _check(samples, sample_rate, fps, count)
    valid = jnp.arange(len(samples), dtype=jnp.int32) < checked_length(samples, length)
    envelope = _wide_band(jnp.where(valid, samples, 0), sample_rate)
    # Whole samples since the first picture, then since the beginning of the sound.
    edges = np.rint(np.arange(count + 1) * (sample_rate / fps)).astype(np.int32)
    delay = jnp.rint(jnp.asarray(start * sample_rate)).astype(jnp.int32)
    widths = np.diff(edges)
    within = np.arange(widths.max(), dtype=np.int32)[None]
    index = jnp.asarray(edges[:-1, None] + within) - delay  # [count, samples of the longest frame]
    exists = (within < widths[:, None]) & (index >= 0) & (index < len(samples))
    index = jnp.clip(index, 0, len(samples) - 1)
    exists = exists & valid[index]
    present = jnp.sum(exists, axis=1, dtype=jnp.int32)  # [count]
    mask = 2 * present >= widths
    total = jnp.sum(jnp.where(exists, envelope[index], 0), axis=1)
    return AudioEnvelope(jnp.where(mask, total / jnp.maximum(present, 1).astype(total.dtype), 0), mask)


def _wide_band(samples: jax.Array, sample_rate: float) -> jax.Array:
    """`[N]`: the mean of the six bands' Hilbert envelopes."""
    size = 2 ** math.ceil(math.log2(len(samples) + _DECAY_S * sample_rate))
    spectrum = jnp.fft.rfft(samples, size)  # [size // 2 + 1]
    hertz = jnp.arange(len(spectrum)).astype(samples.dtype) * jnp.asarray(sample_rate / size, samples.dtype)
    total = jnp.zeros_like(samples)
    for low, high in pairwise(_band_edges()):
        gain = _gain(hertz, low, high)
        # Without negative frequencies the inverse transform is the analytic signal.
        analytic = jnp.fft.ifft(spectrum * gain.astype(spectrum.dtype), size)  # [size], complex
        total = total + jnp.abs(analytic[: len(samples)])
    return total / _BANDS


def _gain(hertz: jax.Array, low: float, high: float) -> jax.Array:
    """Twice the band-pass filter's, since only positive frequencies are there; 0 where floats can't hold it."""
    distance = jnp.square(hertz) - low * high
    width = hertz * (high - low)
    passes = jnp.abs(distance) < _FARTHEST * width
    ratio = jnp.where(passes, distance / jnp.where(passes, width, 1), 0)
    return jnp.where(passes, 2 / (1 + ratio ** (2 * _ORDER)), 0)


def _band_edges() -> list[float]:
    """Evenly spaced on the cochlea, in Hz."""
    scale, slope, floor = _GREENWOOD
    low, high = (math.log10(hertz / scale + floor) / slope for hertz in _CARRIER_HZ)
    return [scale * (10 ** (slope * place) - floor) for place in np.linspace(low, high, _BANDS + 1).tolist()]


def _check(samples: jax.Array, sample_rate: float, fps: float, count: int) -> None:
    if samples.ndim != 1 or len(samples) == 0 or not jnp.issubdtype(samples.dtype, jnp.floating):
        raise ValueError(f"Expected floating-point samples [N], got {samples.dtype} of shape {samples.shape}.")
    if not sample_rate >= 2 * _CARRIER_HZ[1]:
        raise ValueError(f"Expected sample_rate >= {2 * _CARRIER_HZ[1]:.0f}, got {sample_rate}.")
    if not 0 < fps <= sample_rate:
        raise ValueError(f"Expected 0 < fps <= {sample_rate}, got {fps}.")
    if count < 1:
        raise ValueError(f"Expected count >= 1, got {count}.")
