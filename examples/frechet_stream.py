"""The Fréchet distance of two sets of frames that don't fit into memory: batch by batch, and from two halves.

python examples/frechet_stream.py
"""

from collections.abc import Iterator
from functools import reduce

import jax
import jax.numpy as jnp
import numpy as np

import jaxeval
from jaxeval.metrics.frechet import empty_moments, frechet_distance_exact, merged, updated

WAVE, WAVES = 16, 5


@jax.jit
def update(moments, encoder, frames):
    """Moments of all embeddings so far, with one more batch of frames added, [16, 150, 150, 3] uint8."""
    return updated(moments, encoder(frames.astype(jnp.float32) / 255))


def waves(seed: int, contrast: float) -> Iterator[np.ndarray]:
    """Random frames, one batch at a time; frames from files or a generator work the same way."""
    rng = np.random.default_rng(seed)
    for _ in range(WAVES):
        coarse = 0.5 + contrast * rng.uniform(-0.5, 0.5, size=(WAVE, 10, 10, 3))
        yield (255 * coarse.repeat(15, axis=1).repeat(15, axis=2)).astype(np.uint8)


def main() -> None:
    encoder = jaxeval.load_encoder("dlib_resnet")

    def half(seed: int, contrast: float):
        """The moments of one half of a set, as one host would compute them."""
        return reduce(
            lambda moments, frames: update(moments, encoder, frames), waves(seed, contrast), empty_moments(128)
        )

    reference = merged(half(0, contrast=1.0), half(1, contrast=1.0))
    same = merged(half(2, contrast=1.0), half(3, contrast=1.0))
    dull = merged(half(4, contrast=0.5), half(5, contrast=0.5))
    print(f"{reference.n} frames against {same.n}, {WAVE} at a time")
    print(f"frames of the same kind    {frechet_distance_exact(same, reference):.4f}   0 if there were very many")
    print(f"frames of half contrast    {frechet_distance_exact(dull, reference):.4f}")


if __name__ == "__main__":
    main()
