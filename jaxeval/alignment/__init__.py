"""Soft-DTW on a cost matrix: costs, the wavefront, value, alignment, divergence, exact DTW, timing."""

from jaxeval.alignment import distances
from jaxeval.alignment.divergence import divergence_from_costs, pairwise_costs, soft_dtw_divergence
from jaxeval.alignment.hard import dtw, dtw_path
from jaxeval.alignment.soft import soft_dtw, soft_dtw_alignment, soft_dtw_value_and_alignment
from jaxeval.alignment.timing import Lag, lag

__all__ = [
    "Lag",
    "distances",
    "divergence_from_costs",
    "dtw",
    "dtw_path",
    "lag",
    "pairwise_costs",
    "soft_dtw",
    "soft_dtw_alignment",
    "soft_dtw_divergence",
    "soft_dtw_value_and_alignment",
]
