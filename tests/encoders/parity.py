"""An encoder filled through its recipe, and how far it is from its twin."""

import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jaxeval.checkpoints.load import array_shapes, fill
from jaxeval.checkpoints.recipe import make_arrays
from jaxeval.encoders.encoder import with_precision, with_remat


def fixtures(twin, encoder, recipe):
    """Of a test module: `module`, the seeded twin, and `encoder`, ours with the arrays of its file."""

    @pytest.fixture(scope="module", name="module")
    def a_module():
        return twin.build(0)

    @pytest.fixture(scope="module", name="encoder")
    def an_encoder(module):
        return filled(encoder, recipe, twin.save(module))

    return a_module, an_encoder


def filled(encoder, recipe, contents, dtype=None):
    """An encoder of that class with the arrays that the recipe makes of the upstream files' bytes."""
    abstract = nnx.eval_shape(encoder)
    shapes = {name: jax.ShapeDtypeStruct(a.shape, dtype or a.dtype) for name, a in array_shapes(abstract).items()}
    return fill(abstract, make_arrays(recipe, contents, shapes))


def saved(tensors):
    """The bytes of a PyTorch file, as contents of a recipe."""
    import torch

    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    return [buffer.getvalue()]


def relative(ours, theirs):
    """Norm of the difference over the norm."""
    ours, theirs = (np.asarray(array, np.float64) for array in (ours, theirs))
    assert ours.shape == theirs.shape
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def apply(encoder, inputs):
    """Our outputs, not compiled."""
    return encoder(inputs)


def run(encoder, inputs):
    """Our outputs, compiled."""
    return jax.jit(apply)(encoder, jnp.asarray(inputs))


@jax.jit
def value_and_gradient(encoder, inputs):
    """The output, and the gradient of its sum of squares."""

    def total(inputs):
        output = encoder(inputs)
        return (output**2).sum(), output

    (_, output), back = jax.value_and_grad(total, has_aux=True)(inputs)
    return output, back


def assert_value_and_gradient(encoder, inputs, expected, gradient):
    """In double precision: those of the twin, and a finite gradient on black, grey and white."""
    output, back = value_and_gradient(encoder, jnp.asarray(inputs))
    assert relative(output, expected) < 1e-11
    assert relative(back, gradient) < 1e-8
    for value in (0.0, 0.5, 1.0):
        _, back = value_and_gradient(encoder, jnp.full_like(inputs, value))
        assert bool(jnp.isfinite(back).all())
        assert float(jnp.abs(back).max()) > 0


def assert_parts(encoder, shape, count):
    """So many parts of the network are computed once more for a gradient, if that is asked for."""
    for remat, expected in ((False, 0), (True, count)):
        program = jax.make_jaxpr(apply)(with_remat(encoder, remat), jax.ShapeDtypeStruct(shape, jnp.float32))
        assert sum("policy" in equation.params for equation in program.jaxpr.eqns) == expected


def assert_products(encoder, shape, count):
    """There are so many convolutions and matrix products, and each is of the precision's type."""
    for precision, dtype in (("reference", jnp.float32), ("fast", jnp.bfloat16)):
        network = with_precision(encoder, precision)
        program = jax.make_jaxpr(apply)(network, jax.ShapeDtypeStruct(shape, jnp.float32))
        names = ("conv_general_dilated", "dot_general")
        products = [equation for equation in program.jaxpr.eqns if equation.primitive.name in names]
        assert len(products) == count
        assert {variable.aval.dtype for equation in products for variable in equation.invars} == {np.dtype(dtype)}
