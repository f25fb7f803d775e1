"""Trained weights: where they come from, how they are converted, stored, verified and loaded."""

from jaxeval.checkpoints.convert import convert
from jaxeval.checkpoints.load import cache_folder, list_weights, load_encoder, verify_weights, weights_of

__all__ = ["cache_folder", "convert", "list_weights", "load_encoder", "verify_weights", "weights_of"]
