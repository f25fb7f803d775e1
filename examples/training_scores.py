"""Scores inside a training loop: several metrics on a batch of generated clips, each encoder run once per clip.

The "generator" is the demo's talking face, late and blurred; two clips are scored in one compiled call.

    python examples/training_scores.py
"""

import jax
import jax.numpy as jnp

import jaxeval
from jaxeval.demo.clips import talking_face
from jaxeval.perturb.picture import blurred, late

FPS = 25


def main() -> None:
    frames = talking_face()[0][:40, 40:190, 60:210]  # 150x150 pixels around the face, as dlib's encoder expects
    suite = jaxeval.Suite(
        {
            "ssim": jaxeval.ssim,
            "csim": jaxeval.OnEncoder("identity", jaxeval.csim),
            "identity": jaxeval.OnEncoder("identity", jaxeval.aligned(jaxeval.distances.cosine, gamma=6e-4)),
        },
        encoders={"identity": jaxeval.load_encoder("dlib_resnet")},
    )
    generated = jnp.stack([late(frames).frames, blurred(frames).frames])
    references = jnp.stack([frames, frames])

    # The suite is an argument of the compiled function, so that its weights don't become constants of the program.
    scores = jax.jit(jax.vmap(jaxeval.Suite.__call__, in_axes=(None, 0, 0)))(suite, generated, references)
    for k, name in enumerate(("late", "blurred")):
        aligned = jax.tree.map(lambda rows, k=k: rows[k], scores["identity"])
        lag = 1000 / FPS * aligned.lag
        print(f"{name:8} ssim {scores['ssim'][k]:.3f}  csim {scores['csim'][k]:.4f}  ", end="")
        print(f"frame-wise {aligned.framewise:.2e}  aligned {aligned.divergence:.2e}  lag {lag:+.0f} ms")


if __name__ == "__main__":
    main()
