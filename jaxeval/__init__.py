"""Aligned evaluation of talking heads, and of any generated sequence, in JAX.

The public names, one by one; everything else may be reached by its folder and may move.
"""

from typing import TYPE_CHECKING, Any

from jaxeval.alignment import (
    Lag,
    distances,
    dtw,
    dtw_path,
    expected_path,
    lag,
    mean_cost,
    normalized_soft_dtw,
    sharp_soft_dtw,
    soft_dtw,
    soft_dtw_alignment,
    soft_dtw_divergence,
)
from jaxeval.alignment.ranges import checked
from jaxeval.errors import JaxevalError
from jaxeval.metrics.aligned import AlignedScore, aligned
from jaxeval.metrics.audio_envelope import audio_envelope
from jaxeval.metrics.cpbd import cpbd
from jaxeval.metrics.frechet import Moments, empty_moments, frechet_distance, merged, moments, updated
from jaxeval.metrics.identity import csim, id_distance
from jaxeval.metrics.image import l1, ms_ssim, psnr, ssim
from jaxeval.metrics.kid import kid, kid_subsets
from jaxeval.metrics.lag_summary import Timing, timing
from jaxeval.metrics.landmarks import f_lmd, lmd, m_lmd
from jaxeval.metrics.lip_envelope import lip_envelope, mouth_opening, speech_rhythm, standardised
from jaxeval.metrics.mfcc import mfcc
from jaxeval.metrics.niqe import NiqeModel, niqe
from jaxeval.metrics.perceptual import lpips, lpips_matrix
from jaxeval.metrics.smoothness import jerk, smooth, spectral_arc_length
from jaxeval.metrics.sync import SyncScores, sync_scores
from jaxeval.training.suite import LpipsFeatures, Of, Suite

if TYPE_CHECKING:
    from jaxeval.checkpoints import load_encoder
    from jaxeval.media.reading import read_audio, read_video
    from jaxeval.scoring.chips import face_chips
    from jaxeval.scoring.custom import CustomScore

__all__ = [
    "AlignedScore",
    "CustomScore",
    "JaxevalError",
    "Lag",
    "LpipsFeatures",
    "Moments",
    "NiqeModel",
    "Of",
    "Suite",
    "SyncScores",
    "Timing",
    "aligned",
    "audio_envelope",
    "checked",
    "cpbd",
    "csim",
    "distances",
    "dtw",
    "dtw_path",
    "empty_moments",
    "expected_path",
    "f_lmd",
    "face_chips",
    "frechet_distance",
    "id_distance",
    "jerk",
    "kid",
    "kid_subsets",
    "l1",
    "lag",
    "lip_envelope",
    "lmd",
    "load_encoder",
    "lpips",
    "lpips_matrix",
    "m_lmd",
    "mean_cost",
    "merged",
    "mfcc",
    "moments",
    "mouth_opening",
    "ms_ssim",
    "niqe",
    "normalized_soft_dtw",
    "psnr",
    "read_audio",
    "read_video",
    "sharp_soft_dtw",
    "smooth",
    "soft_dtw",
    "soft_dtw_alignment",
    "soft_dtw_divergence",
    "spectral_arc_length",
    "speech_rhythm",
    "ssim",
    "standardised",
    "sync_scores",
    "timing",
    "updated",
]


def __getattr__(name: str) -> Any:
    """What brings Flax and Orbax along is imported when it is first used."""
    if name == "load_encoder":
        from jaxeval.checkpoints import load_encoder

        return load_encoder
    if name in ("read_audio", "read_video"):
        from jaxeval.media import reading

        return getattr(reading, name)
    if name == "face_chips":
        from jaxeval.scoring.chips import face_chips

        return face_chips
    if name == "CustomScore":
        from jaxeval.scoring.custom import CustomScore

        return CustomScore
    raise AttributeError(f"module 'jaxeval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
