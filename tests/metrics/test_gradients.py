"""The aligned metrics as losses: gradients with respect to the generated frames, through encoder and alignment."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.alignment import distances
from jaxeval.checkpoints import load_encoder
from jaxeval.metrics.aligned import aligned
from jaxeval.metrics.perceptual import lpips_matrix
from tests.quickly import QUICKLY


def identity_distance(encoder, x, y):
    return distances.cosine(encoder(x), encoder(y))


LOSSES = {
    "lpips_div": ("lpips_alex", lpips_matrix, 32),
    "st_lpips_div": ("st_lpips_alex", lpips_matrix, 32),
    "csim_div": ("dlib_resnet", identity_distance, 150),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_with_respect_to_the_generated_frames(name):
    encoder_name, distance, size = LOSSES[name]
    rng = np.random.default_rng(0)
    with jax.enable_x64(True), jax.numpy_dtype_promotion("standard"):
        # float64, for differences of float32 values tell nothing at a step small enough for the network's kinks.
        encoder = jax.tree.map(lambda a: a.astype(jnp.float64), load_encoder(encoder_name))
        # Noise, for at exact ties of a max pool there is no derivative to compare with.
        frames = jnp.asarray(rng.uniform(0.1, 0.9, (5, size, size, 3)))
        x, y = frames[:3], frames[2:]

        def divergence(generated, encoder):
            return aligned(partial(distance, encoder), gamma=1e-3)(generated, y).divergence

        gradient = jax.jit(jax.grad(divergence))(x, encoder)
        value = jax.jit(divergence, compiler_options=QUICKLY)
        assert np.isfinite(gradient).all()
        for seed in range(3):
            direction = jax.random.normal(jax.random.key(seed), x.shape, jnp.float64)
            step = 1e-8
            ahead, behind = (value(x + sign * step * direction, encoder) for sign in (1, -1))
            np.testing.assert_allclose(jnp.vdot(gradient, direction), (ahead - behind) / (2 * step), rtol=1e-4)
