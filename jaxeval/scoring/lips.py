"""A generated clip's lips against its sound: by SyncNet, or without a network by the mouth's opening."""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.media.audio import FULL_SCALE
from jaxeval.media.syncnet_crop import syncnet_crops
from jaxeval.media.video import Video
from jaxeval.metrics.audio_envelope import audio_envelope
from jaxeval.metrics.lip_envelope import LipEnvelope, lip_envelope, mouth_opening, standardize
from jaxeval.metrics.mfcc import mfcc
from jaxeval.metrics.sync import SyncScores, legacy_windows, sync_scores
from jaxeval.protocol import Protocol
from jaxeval.scoring.aligned_scores import PAD, padded
from jaxeval.scoring.ingest import encode
from jaxeval.scoring.networks import Lacking
from jaxeval.scoring.sound import SAMPLE_RATE, Sound

REACH = 15
"""Offsets that are tried on either side, frames."""

_SAMPLES_PER_FRAME = 640
_MFCC_WINDOW, _MFCC_HOP = 400, 160
_WINDOWS = 25
_OVERLAP = 4


class Lips(NamedTuple):
    """Lips and sound as trajectories.

    Attributes:
        rows: `[T, D]` of the lips, and `[T, D]` of the sound.
        values: the metric's own numbers, by name.
    """

    rows: tuple[np.ndarray, np.ndarray]
    values: dict[str, float]


def envelope_lips(protocol: Protocol, landmarks: np.ndarray, sound: Sound) -> Lips:
    """The lips' opening and the sound's envelope, over the frames that have both picture and sound.

    Args:
        protocol: for its fps.
        landmarks: `[T, 468, 3]` of the generated clip.
        sound: the pair's, which is there.

    Raises:
        Lacking: too few frames have both, or the sound is silent.
    """
    assert sound.samples is not None
    count, samples = len(landmarks), sound.samples[sound.late :]
    filled = np.pad(samples, (0, max(1, -len(samples) % SAMPLE_RATE))).astype(np.float32)
    sizes = jnp.int32(count), jnp.int32(max(len(samples), 1)), jnp.float32(sound.late / SAMPLE_RATE)
    lips, voice, heard, found = jax.device_get(_envelope(padded(landmarks), filled, *sizes, protocol.fps))
    frames = np.flatnonzero(heard)
    if len(frames) <= 2 * REACH:
        raise Lacking(f"too short for offsets of ±{REACH} frames: {len(frames)} have both picture and sound")
    if not np.any(voice):
        raise Lacking("the sound is silent")
    offset = float(found.offset) * 1000 / protocol.fps
    values = {"lip_envelope": float(found.correlation), "lip_envelope_offset_ms": offset}
    return Lips((lips[frames], voice[frames]), values)


@partial(jax.jit, static_argnames="fps")
def _envelope(
    landmarks: jax.Array, samples: jax.Array, count: jax.Array, length: jax.Array, start: jax.Array, fps: float
) -> tuple[jax.Array, jax.Array, jax.Array, LipEnvelope]:
    size = len(landmarks)
    envelope = audio_envelope(samples, sample_rate=SAMPLE_RATE, fps=fps, count=size, start=start, length=length)
    seen = jnp.arange(size) < count
    heard = envelope.mask & seen
    lips, voice = standardize(mouth_opening(landmarks), valid=seen), standardize(envelope.values, valid=heard)
    return lips, voice, heard, lip_envelope(lips, voice, max_offset=REACH, lengths=(count, count), mask=heard)


def sync_net_lips(protocol: Protocol, encoder: Any, video: Video, boxes: np.ndarray, samples: np.ndarray) -> Lips:
    """SyncNet's embeddings of lips and sound.

    Args:
        protocol: for its fps and the form of the scores.
        encoder: SyncNet.
        video: the generated clip.
        boxes: `[T, 4]` of its face.
        samples: `[N]` mono sound in [-1, 1] at 16 kHz, its first sample beside the first picture.

    Raises:
        Lacking: picture or sound is too short.
    """
    frames = len(boxes)
    needed = 2 * REACH + _OVERLAP + 2 if protocol.sync == "valid" else 7
    if min(frames, len(samples) // _SAMPLES_PER_FRAME) < needed:
        found = f"{frames} frames and {len(samples) / SAMPLE_RATE:.2f} s of sound"
        raise Lacking(f"too short for SyncNet: {found}, needs {needed} frames with sound")
    visual = _visual(encoder, video, boxes)
    audio = _audio(encoder, samples)
    windows = min(len(visual), len(audio))
    if protocol.sync == "legacy":
        windows = min(windows, legacy_windows(frames, len(samples)))
    visual, audio = visual[:windows], audio[:windows]
    length = jnp.int32(windows)
    found = jax.device_get(_sync(padded(visual), padded(audio), (length, length), protocol.sync or "valid"))
    offset = float(found.offset) * 1000 / protocol.fps
    values = {"sync_c": float(found.sync_c), "sync_d": float(found.sync_d), "sync_offset_ms": offset}
    return Lips((visual, audio), values)


@partial(jax.jit, static_argnames="form")
def _sync(visual: jax.Array, audio: jax.Array, lengths: tuple[jax.Array, jax.Array], form: Any) -> SyncScores:
    return sync_scores(visual, audio, form=form, max_offset=REACH, lengths=lengths)


def _visual(encoder: Any, video: Video, boxes: np.ndarray) -> np.ndarray:
    """Embeddings `[T - 4, 1024]` of all windows of five frames, 25 of them at a time by one program."""
    parts = _overlapping(video, boxes)
    return np.concatenate([np.asarray(encode(encoder, crops))[:count] for crops, count in parts])


def _overlapping(video: Video, boxes: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Crops of 25 windows, so 29 frames, of which 4 are the next ones' first; and how many windows are new."""
    held = np.zeros((0, 224, 224, 3), np.uint8)
    for crops in syncnet_crops(video.chunks(_WINDOWS), boxes):
        held = np.concatenate([held, crops])
        while len(held) >= _WINDOWS + _OVERLAP:
            yield held[: _WINDOWS + _OVERLAP], _WINDOWS
            held = held[_WINDOWS:]
    if len(held) > _OVERLAP:
        rows = np.arange(_WINDOWS + _OVERLAP).clip(max=len(held) - 1)
        yield held[rows], len(held) - _OVERLAP


def _audio(encoder: Any, samples: np.ndarray) -> np.ndarray:
    """Embeddings of the sound's windows, one for each frame that has a whole one after it."""
    length = len(samples)
    filled = np.pad((samples * FULL_SCALE).astype(np.float32), (0, -length % SAMPLE_RATE))
    rows = 1 + -(-max(length - _MFCC_WINDOW, 0) // _MFCC_HOP)
    cepstra = np.asarray(_mfcc(filled, length=jnp.int32(length)))[:rows]
    count = (rows - 20) // 4 + 1
    places = np.arange(rows + -(rows - 20) % (4 * PAD)).clip(max=rows - 1)
    return np.asarray(_embed_audio(encoder, cepstra[places]))[:count]


_mfcc = jax.jit(partial(mfcc, sample_rate=SAMPLE_RATE))


@jax.jit
def _embed_audio(encoder: Any, cepstra: jax.Array) -> jax.Array:
    return encoder.audio_clip(cepstra)
