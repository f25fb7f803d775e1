from .alignment import (
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
    suggest_gamma,
)
from .alignment.ranges import checked
from .api import score
from .checkpoints import load_encoder
from .errors import JaxevalError
from .media.reading import read_audio, read_video
from .metrics.aligned import AlignedMetric, AlignedScore, aligned
from .metrics.blink_rate import blink_rate, eye_openness
from .metrics.cpbd import cpbd
from .metrics.frechet import Moments, empty_moments, frechet_distance, merged, moments, updated
from .metrics.head_motion import HeadMotion, head_motion
from .metrics.identity import csim, id_distance, id_stability
from .metrics.image import l1, ms_ssim, psnr, ssim
from .metrics.kid import kid, kid_subsets
from .metrics.lag_summary import Timing, timing
from .metrics.landmarks import lmd, m_lmd
from .metrics.lip_sync import LipSync, lip_sync, standardized_variates
from .metrics.lip_variates import LipProjection, VoiceVariates, lip_variates, mouth_shape, voice_variates
from .metrics.mfcc import mfcc
from .metrics.niqe import NiqeModel, niqe
from .metrics.perceptual import lpips, lpips_matrix
from .metrics.smoothness import jerk, smooth, spectral_arc_length
from .metrics.sync import SyncScores, sync_scores
from .metrics.tlpips import perceptual_steps, tlpips
from .report.plots import plot_alignment
from .report.results import Results
from .scoring.chips import face_chips
from .scoring.custom import CustomScore
from .scoring.pairing import Pair
from .training.suite import LpipsFeatures, OnEncoder, Suite

__version__: str

__all__ = [
    "AlignedMetric",
    "AlignedScore",
    "CustomScore",
    "HeadMotion",
    "JaxevalError",
    "Lag",
    "LipProjection",
    "LipSync",
    "LpipsFeatures",
    "Moments",
    "NiqeModel",
    "OnEncoder",
    "Pair",
    "Results",
    "Suite",
    "SyncScores",
    "Timing",
    "VoiceVariates",
    "__version__",
    "aligned",
    "blink_rate",
    "checked",
    "cpbd",
    "csim",
    "distances",
    "dtw",
    "dtw_path",
    "empty_moments",
    "expected_path",
    "eye_openness",
    "face_chips",
    "frechet_distance",
    "head_motion",
    "id_distance",
    "id_stability",
    "jerk",
    "kid",
    "kid_subsets",
    "l1",
    "lag",
    "lip_sync",
    "lip_variates",
    "lmd",
    "load_encoder",
    "lpips",
    "lpips_matrix",
    "m_lmd",
    "mean_cost",
    "merged",
    "mfcc",
    "moments",
    "mouth_shape",
    "ms_ssim",
    "niqe",
    "normalized_soft_dtw",
    "perceptual_steps",
    "plot_alignment",
    "psnr",
    "read_audio",
    "read_video",
    "score",
    "sharp_soft_dtw",
    "smooth",
    "soft_dtw",
    "soft_dtw_alignment",
    "soft_dtw_divergence",
    "spectral_arc_length",
    "ssim",
    "standardized_variates",
    "suggest_gamma",
    "sync_scores",
    "timing",
    "tlpips",
    "updated",
    "voice_variates",
]
