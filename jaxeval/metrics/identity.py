"""Identity metrics on face-recognition embeddings `[T, D]`: frame by frame against others, and over a clip."""

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import checked_length
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


@edge(x=NUMBERS)
def id_stability(x: jax.Array, *, length: jax.Array | int | None = None) -> jax.Array:
    """How steadily a clip shows one person: the mean resultant length of its embeddings' directions.

        R = ‖ 1/T Σ_t x_t / ‖x_t‖ ‖

    It is the mean cosine of all frames' embeddings with their mean direction. It needs no reference. Blur, large turns
    of the head and a covered face lower it, too, so hold it against that of a real clip under the same encoder.

    Args:
        x: `[T, D]` embeddings; need not be normalised.
        length: number of valid leading frames, a Python int or traced; None for T.

    Returns:
        Scalar in [0, 1]; higher is better, and 1 if no embedding turns. The gradient is 0 where R is 0.

    Raises:
        ValueError: the embeddings are not `[T, D]`, or a static length is out of range.

    References:
        Mardia and Jupp: Directional statistics, Wiley 1999, section 2.3 (mean resultant length).

    Example:
        >>> import jax.numpy as jnp
        >>> print(id_stability(jnp.array([[1.0, 0.0], [0.0, 1.0]])).round(4))
        0.7071
    """
    if x.ndim != 2:
        raise ValueError(f"Expected embeddings [T, D], got {x.shape}.")
    count = checked_length(x, length)
    valid = jnp.arange(len(x), dtype=jnp.int32)[:, None] < count
    resultant = jnp.sum(jnp.where(valid, direction(x)[0], 0), axis=0)
    return safe_sqrt(jnp.sum(jnp.square(resultant))) / count.astype(x.dtype)


def _check(x: jax.Array, y: jax.Array) -> None:
    if x.ndim != 2 or x.shape != y.shape:
        raise ValueError(f"Expected two equal shapes [T, D], got {x.shape} and {y.shape}.")
