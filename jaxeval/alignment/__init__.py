"""Soft-DTW on a cost matrix: costs, the wavefront, value, alignment, divergence, exact DTW, timing."""

from jaxeval.alignment import distances
from jaxeval.alignment.divergence import divergence_from_costs, pairwise_costs, soft_dtw_divergence
from jaxeval.alignment.dtw import dtw, dtw_path
from jaxeval.alignment.gamma import suggest_gamma
from jaxeval.alignment.lag import Lag, expected_path, lag
from jaxeval.alignment.soft_dtw import soft_dtw, soft_dtw_alignment, soft_dtw_value_and_alignment
from jaxeval.alignment.variants import mean_cost, normalized_soft_dtw, sharp_soft_dtw

__all__ = [
    "Lag",
    "distances",
    "divergence_from_costs",
    "dtw",
    "dtw_path",
    "expected_path",
    "lag",
    "mean_cost",
    "normalized_soft_dtw",
    "pairwise_costs",
    "sharp_soft_dtw",
    "soft_dtw",
    "soft_dtw_alignment",
    "soft_dtw_divergence",
    "soft_dtw_value_and_alignment",
    "suggest_gamma",
]
