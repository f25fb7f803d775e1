"""The aligned metric as a loss: pull a blurred, late clip towards its reference without punishing the delay.

Plain gradient descent on the pixels of eight frames. The loss is the Soft-DTW divergence of LPIPS features.

    python examples/aligned_loss.py
"""

from functools import partial

import jax
import jax.numpy as jnp

import jaxeval
from jaxeval.demo.clips import talking_face
from jaxeval.perturb.picture import blurred, late

STEPS, RATE = 10, 8.0


@jax.jit
def step(encoder, generated, reference):
    """One step of gradient descent. The encoder is an argument, so that its weights don't become constants."""

    def loss(frames):
        distance = partial(jaxeval.lpips_matrix, encoder)
        return jaxeval.aligned(distance, gamma=2e-3)(frames, reference).divergence

    value, gradient = jax.value_and_grad(loss)(generated)
    return value, jnp.clip(generated - RATE * gradient, 0, 1)


def main() -> None:
    frames, _ = talking_face()
    mouth = frames[20:28, 100:164, 100:164]
    reference = jnp.asarray(mouth, jnp.float32) / 255
    generated = jnp.asarray(late(blurred(mouth, 1.0).frames, 0.08).frames, jnp.float32) / 255
    encoder = jaxeval.load_encoder("lpips_alex")
    for index in range(STEPS):
        value, generated = step(encoder, generated, reference)
        print(f"step {index:2}: lpips_div {value:.4f}")


if __name__ == "__main__":
    main()
