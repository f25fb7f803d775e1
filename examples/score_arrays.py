"""Score arrays, without files: the identity of a talking face against itself 120 ms late, frame-wise and aligned.

python examples/score_arrays.py
"""

import jax
import jax.numpy as jnp

import jaxeval
from jaxeval.demo.clips import talking_face
from jaxeval.perturb.picture import late


@jax.jit
def embed(encoder, frames):
    """Identity embeddings of pictures of the face: [T, H, W, 3] uint8 to [T, 128]."""
    return encoder(frames.astype(jnp.float32) / 255)


def main() -> None:
    frames, _ = talking_face()
    face = frames[:, 40:190, 60:210]  # the encoder expects 150x150 pixels around the face
    encoder = jaxeval.load_encoder("dlib_resnet")
    reference, generated = embed(encoder, face), embed(encoder, late(face).frames)

    metric = jaxeval.aligned(jaxeval.distances.cosine, gamma=6e-4)
    score = metric(generated, reference)
    print(f"frame-wise    {score.framewise:.2e}   the delay looks like a different face")
    print(f"aligned       {score.divergence:.2e}   what remains after alignment")
    print(f"lag           {score.lag * 40:.0f} ± {score.lag_std * 40:.0f} ms   the delay, ± its spread over the frames")


if __name__ == "__main__":
    main()
