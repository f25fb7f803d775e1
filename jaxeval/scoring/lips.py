"""A generated clip's lips and its sound as SyncNet sees and hears them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import numpy as np

from jaxeval.media.audio import FULL_SCALE
from jaxeval.media.syncnet_crop import syncnet_crops
from jaxeval.media.video import Video
from jaxeval.metrics.mfcc import mfcc
from jaxeval.metrics.sync import legacy_windows
from jaxeval.protocol import Protocol
from jaxeval.scoring.aligned_scores import PAD
from jaxeval.scoring.blocks import BLOCK
from jaxeval.scoring.ingest import encode
from jaxeval.scoring.networks import Lacking
from jaxeval.scoring.plan import REACH
from jaxeval.scoring.sound import SAMPLE_RATE

_SAMPLES_PER_FRAME = 640
_MFCC_WINDOW, _MFCC_HOP = 400, 160
_OVERLAP = 4


def sync_net_lips(
    protocol: Protocol, encoder: Any, video: Video, boxes: np.ndarray, samples: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """SyncNet's embeddings `[W, 1024]` of lips and of sound, W windows.

    Args:
        protocol: for the form of the scores.
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
    return visual[:windows], audio[:windows]


def _visual(encoder: Any, video: Video, boxes: np.ndarray) -> np.ndarray:
    """Embeddings `[T - 4, 1024]` of all windows of five frames, 25 of them at a time by one program."""
    parts = _overlapping(video, boxes)
    return np.concatenate([np.asarray(encode(encoder, crops))[:count] for crops, count in parts])


def _overlapping(video: Video, boxes: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Crops of 25 windows, so 29 frames, of which 4 are the next ones' first; and how many windows are new."""
    held = np.zeros((0, 224, 224, 3), np.uint8)
    for crops in syncnet_crops(video.chunks(BLOCK), boxes):
        held = np.concatenate([held, crops])
        while len(held) >= BLOCK + _OVERLAP:
            yield held[: BLOCK + _OVERLAP], BLOCK
            held = held[BLOCK:]
    if len(held) > _OVERLAP:
        rows = np.arange(BLOCK + _OVERLAP).clip(max=len(held) - 1)
        yield held[rows], len(held) - _OVERLAP


def _audio(encoder: Any, samples: np.ndarray) -> np.ndarray:
    """Embeddings of the sound's windows, one for each frame that has a whole one after it."""
    length = len(samples)
    filled = np.pad((samples * FULL_SCALE).astype(np.float32), (0, -length % SAMPLE_RATE))
    rows = 1 + -(-max(length - _MFCC_WINDOW, 0) // _MFCC_HOP)
    cepstra = np.asarray(_mfcc(filled, length=np.int32(length)))[:rows]
    count = (rows - 20) // 4 + 1
    places = np.arange(rows + -(rows - 20) % (4 * PAD)).clip(max=rows - 1)
    return np.asarray(_embed_audio(encoder, cepstra[places]))[:count]


_mfcc = jax.jit(partial(mfcc, sample_rate=SAMPLE_RATE))


@jax.jit
def _embed_audio(encoder: Any, cepstra: jax.Array) -> jax.Array:
    return encoder.audio_clip(cepstra)
