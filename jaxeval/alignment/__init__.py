"""Soft-DTW on a cost matrix: costs, the wavefront, value, alignment, divergence, exact DTW, timing."""
