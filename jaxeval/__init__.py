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
from jaxeval.errors import JaxevalError
from jaxeval.metrics.aligned import AlignedScore, aligned
from jaxeval.metrics.identity import csim, id_distance
from jaxeval.metrics.image import l1, psnr, ssim
from jaxeval.metrics.perceptual import lpips, lpips_matrix

if TYPE_CHECKING:
    from jaxeval.checkpoints import load_encoder

__all__ = [
    "AlignedScore",
    "JaxevalError",
    "Lag",
    "aligned",
    "csim",
    "distances",
    "dtw",
    "dtw_path",
    "expected_path",
    "id_distance",
    "l1",
    "lag",
    "load_encoder",
    "lpips",
    "lpips_matrix",
    "mean_cost",
    "normalized_soft_dtw",
    "psnr",
    "sharp_soft_dtw",
    "soft_dtw",
    "soft_dtw_alignment",
    "soft_dtw_divergence",
    "ssim",
]


def __getattr__(name: str) -> Any:
    """`load_encoder` brings Flax and Orbax along, for which only those wait who load a network."""
    if name == "load_encoder":
        from jaxeval.checkpoints import load_encoder

        return load_encoder
    raise AttributeError(f"module 'jaxeval' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
