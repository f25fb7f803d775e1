"""An encoder filled through its recipe, and how far two arrays are apart."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from jaxeval.checkpoints.load import array_shapes, fill
from jaxeval.checkpoints.recipe import make_arrays


def filled(encoder, recipe, contents):
    """An encoder of that class with the arrays that the recipe makes of the upstream files' bytes."""
    abstract = nnx.eval_shape(encoder)
    return fill(abstract, make_arrays(recipe, contents, array_shapes(abstract)))


def relative(ours, theirs):
    """Norm of the difference over the norm."""
    ours, theirs = (np.asarray(array, np.float64) for array in (ours, theirs))
    assert ours.shape == theirs.shape
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def run(encoder, inputs):
    """Our outputs, compiled."""
    return jax.jit(lambda encoder, inputs: encoder(inputs))(encoder, jnp.asarray(inputs))
