"""Frame-wise identity metrics on face-recognition embeddings, `[T, D]` against `[T, D]` to `[T]`."""

import jax
import jax.numpy as jnp

from jaxeval.alignment.edge import NUMBERS, edge
from jaxeval.numerics import direction, safe_sqrt


@edge(x=NUMBERS, y=NUMBERS)
def csim(x: jax.Array, y: jax.Array) -> jax.Array:
    """Cosine similarity of each frame's identity embeddings: ⟨x_t, y_t⟩ / (‖x_t‖ ‖y_t‖).

    On unit vectors the squared ℓ2 distance that the aligned form uses is 2 − 2·csim. The value depends on the
    encoder (dlib's embeddings lie in a narrow cone: about .95 for one person, .8 for two), so it is comparable only
    with values from the same encoder.

    Args:
        x: `[T, D]` embeddings of the generated clip; need not be normalised.
        y: `[T, D]` embeddings of the reference.

    Returns:
        `[T]` values in [-1, 1], higher is better; 0 (with zero gradient) where an embedding is the zero vector.

    Raises:
        ValueError: the shapes are not equal or not `[T, D]`.

    Example:
        >>> import jax.numpy as jnp
        >>> print(csim(jnp.array([[3.0, 4.0]]), jnp.array([[4.0, 3.0]])).round(2))
        [0.96]
    """
    _check(x, y)
    return jnp.sum(direction(x)[0] * direction(y)[0], axis=1)


@edge(x=NUMBERS, y=NUMBERS)
def id_distance(x: jax.Array, y: jax.Array) -> jax.Array:
    """Euclidean distance of each frame's identity embeddings: ‖x_t − y_t‖.

    Args:
        x: `[T, D]` embeddings of the generated clip, as the encoder emits them.
        y: `[T, D]` embeddings of the reference.

    Returns:
        `[T]` distances, lower is better; for `dlib_resnet` its authors call two faces the same person below 0.6.
        The gradient is zero where two embeddings are equal.

    Raises:
        ValueError: the shapes are not equal or not `[T, D]`.

    Example:
        >>> import jax.numpy as jnp
        >>> print(id_distance(jnp.array([[3.0, 4.0]]), jnp.array([[0.0, 0.0]])))
        [5.]
    """
    _check(x, y)
    return safe_sqrt(jnp.sum(jnp.square(x - y), axis=1))


def _check(x: jax.Array, y: jax.Array) -> None:
    if x.ndim != 2 or x.shape != y.shape:
        raise ValueError(f"Expected two equal shapes [T, D], got {x.shape} and {y.shape}.")
