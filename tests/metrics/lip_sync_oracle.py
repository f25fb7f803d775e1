"""Lip synchrony in NumPy and float64, as it was first written down: the oracle of `lip_sync` and its variates."""

from typing import NamedTuple

import numpy as np

FPS, SAMPLE_RATE = 25, 16000
REACH = 15  # offsets tried on either side, frames
INNER = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402))  # upper and lower inner lip
LIPS, UNDER_NOSE, CORNERS, JAW = (0, 17), (1, 17), (61, 291), (1, 152)
# What speech doesn't move: eye corners, bridge and tip of the nose, forehead, temples, cheekbones.
RIGID = (33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 10, 151, 9, 8, 127, 356, 234, 454, 116, 345)
BANDS, LOW_HZ, HIGH_HZ = 24, 80.0, 7600.0
WINDOW, HOP, FFT = 400, 160, 512  # samples: 25 ms, 10 ms
PER_FRAME = 4  # windows of sound per picture
FLOOR = 1e-3  # of the clip's mean power: 30 dB down
SLOW = 25  # frames of the moving mean that is taken away
AROUND_LIPS, AROUND_SOUND = 2, 3  # frames of context on either side
SPREAD = 1.2  # standard deviation of a wrong pair's correlation, times sqrt(frames)


class Constants(NamedTuple):
    """What canonical correlation found.

    Attributes:
        lips: [5 (2 AROUND_LIPS + 1), K] projection of the mouth; row c·5 + i is shape i at frame t + c − AROUND_LIPS.
        sound: [BANDS (2 AROUND_SOUND + 1), K] of the voice, rows likewise.
        weights: [K] positive, sum 1: share of each variate, in proportion to its canonical correlation.
    """

    lips: np.ndarray
    sound: np.ndarray
    weights: np.ndarray


class Sync(NamedTuple):
    """How the mouth agrees with the voice.

    Attributes:
        correlation: highest of the curve, in [-1, 1]; higher is better.
        offset_ms: where; positive: the picture is late.
        confidence: correlation · sqrt(frames) / SPREAD, in standard deviations of a wrong pair at one offset. The
            largest over 31 offsets of a wrong pair passes 3.0 in about 5 of 100 clips, 3.4 in 1.
        curve: [2 REACH + 1].
    """

    correlation: float
    offset_ms: float
    confidence: float
    curve: np.ndarray


def mouth_shape(landmarks):
    """[T, 5] opening, lips' height, lower lip to nose, width, chin to nose; over the size of the rigid face.

    Size is the root-mean-square distance of the RIGID points from their mean, in three dimensions: no rotation, and
    so no registration, is needed.
    """

    def apart(pair):
        return np.linalg.norm(landmarks[:, pair[0]] - landmarks[:, pair[1]], axis=1)

    rigid = landmarks[:, RIGID]
    size = np.sqrt(np.square(rigid - rigid.mean(1, keepdims=True)).sum(2).mean(1))
    opening = np.mean([apart(pair) for pair in INNER], axis=0)
    return np.stack([opening, apart(LIPS), apart(UNDER_NOSE), apart(CORNERS), apart(JAW)], 1) / size[:, None]


def mel_bank():
    """[BANDS, FFT/2 + 1] triangles, even on the mel scale 2595 lg(1 + f/700), each of sum 1."""
    mel = 2595 * np.log10(1 + np.array([LOW_HZ, HIGH_HZ]) / 700)
    edges = 700 * (10 ** (np.linspace(*mel, BANDS + 2) / 2595) - 1)
    hertz = np.arange(FFT // 2 + 1) * SAMPLE_RATE / FFT
    low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bank = np.maximum(0, np.minimum((hertz - low) / (mid - low), (high - hertz) / (high - mid)))
    return bank / bank.sum(1, keepdims=True)


def voice_spectrum(samples, late, count):
    """[count, BANDS] mean log power of each picture's four windows, [count] whether half the picture has sound.

    log(P / mean P + FLOOR), the mean over all bands and heard windows: gain doesn't count, and what lies 30 dB below
    the voice counts little. Window j is centred (j + ½) · 10 ms after the first picture.
    """
    total = count * PER_FRAME * HOP
    sound, present = np.zeros(total + WINDOW), np.zeros(total)
    before = (WINDOW - HOP) // 2
    used = np.asarray(samples, float)[: total + WINDOW - before]
    sound[before : before + len(used)] = used
    present[min(late, total) : min(len(samples), total)] = 1
    heard = present.reshape(count, -1).mean(1) >= 0.5
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[:total:HOP]
    power = np.square(np.abs(np.fft.rfft(windows * np.hanning(WINDOW + 2)[1:-1], FFT))) @ mel_bank().T
    mean = power[np.repeat(heard, PER_FRAME)].mean() if heard.any() else 0.0
    level = np.log(power / (mean if mean > 0 else 1.0) + FLOOR)
    return level.reshape(count, PER_FRAME, BANDS).mean(1), heard


def detrended(values, valid):
    """Less the clip's mean and then a moving mean of SLOW frames (fewer at the ends); 0 in frames not valid."""
    count = len(values)
    values = np.where(valid[:, None], values - values[valid].mean(0) if valid.any() else 0, 0)
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, 0)])
    first, last = np.maximum(np.arange(count) - SLOW // 2, 0), np.minimum(np.arange(count) + SLOW // 2 + 1, count)
    return np.where(valid[:, None], values - (sums[last] - sums[first]) / (last - first)[:, None], 0)


def context(values, around):
    """[T, D (2 around + 1)] each frame beside its neighbours; the ends are repeated."""
    count = len(values)
    rows = np.clip(np.arange(count)[:, None] + np.arange(-around, around + 1), 0, count - 1)
    return values[rows].reshape(count, -1)


def features(landmarks, samples, late):
    """[T, 25] of the mouth, [T, 168] of the voice, [T] heard: what is projected."""
    count = len(landmarks)
    lips = context(detrended(mouth_shape(landmarks), np.ones(count, bool)), AROUND_LIPS)
    spectrum, heard = voice_spectrum(samples, late, count)
    return lips, context(detrended(spectrum, heard), AROUND_SOUND), heard


def correlation_curve(lips, sound, heard, weights, reach=REACH):
    """[2 reach + 1] Σ_k w_k corr_t(lips_{t,k}, sound_{t−o,k}), o = −reach … reach, over frames seen and heard.

    NaN where reach or fewer pairs of frames remain.
    """
    count, curve = len(lips), np.full(2 * reach + 1, np.nan)
    for offset in range(-reach, reach + 1):
        frames = np.arange(max(0, offset), min(count, count + offset))
        frames = frames[heard[frames - offset]]
        if len(frames) <= reach:
            continue
        x, y = lips[frames], sound[frames - offset]
        x, y = x - x.mean(0), y - y.mean(0)
        scale = np.sqrt(np.square(x).sum(0) * np.square(y).sum(0))
        curve[offset + reach] = (x * y).sum(0) / np.where(scale > 1e-12, scale, np.inf) @ weights
    return curve


def score(lips, sound, heard, constants):
    """`Sync` of `features`."""
    curve = correlation_curve(lips @ constants.lips, sound @ constants.sound, heard, constants.weights)
    if np.isnan(curve).all():
        return Sync(np.nan, np.nan, np.nan, curve)
    best = int(np.nanargmax(curve))
    shift = 0.0
    if 0 < best < 2 * REACH:
        left, right = curve[best - 1] - curve[best], curve[best + 1] - curve[best]
        shift = 0.5 * (left - right) / (left + right) if left + right < 0 else 0.0
    frames = int(heard.sum()) - abs(best - REACH)
    confidence = curve[best] * np.sqrt(max(frames, 1)) / SPREAD
    return Sync(float(curve[best]), (best - REACH + shift) * 1000 / FPS, float(confidence), curve)
