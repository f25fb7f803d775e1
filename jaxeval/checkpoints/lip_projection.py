"""The projections of mouth and voice for `lip_sync`, from the file that comes with jaxeval."""

import jax.numpy as jnp

from jaxeval.checkpoints.manifest import packaged_arrays
from jaxeval.metrics.lip_variates import LipProjection

PROJECTION_FILE = "lip_projection.npz"
"""In the weights' folder: `lips` `[25, 6]`, `sound` `[168, 6]` and `weights` `[6]`, float32."""

PROJECTION_SHA256 = "2459604730a2f4b2239482a673384e45537b92dc2d84ec0bca48fb87ed01ea11"


def lip_projection() -> LipProjection:
    """What canonical correlation over 23 real speakers found, as `lip_variates` and `voice_variates` take it.

    Returns:
        The projections, and the weights of the six variates, in JAX's default precision.

    Raises:
        JaxevalError: the file that comes with jaxeval is missing or changed.

    Example:
        >>> lip_projection().sound.shape
        (168, 6)
    """
    arrays = packaged_arrays(PROJECTION_FILE, PROJECTION_SHA256, "the projections of lips and voice")
    return LipProjection(*(jnp.asarray(arrays[name], float) for name in LipProjection._fields))
