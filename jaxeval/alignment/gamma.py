"""How a protocol's γ is chosen: once, on reference data."""

import jax
import numpy as np

SHARE = 0.1
"""γ as a share of what a misstep of one frame costs: a path that strays by one then counts e⁻¹⁰ as much."""


def suggest_gamma(cost: jax.Array | np.ndarray) -> float:
    """A tenth of the median cost between neighbouring frames of a reference clip, to one significant digit.

        γ = 0.1 · median_t D_{t,t+1}

    γ has the cost's unit, so each distance and each encoder needs its own. With this one a path that strays by one
    frame counts about e⁻¹⁰ as much as the right one: alignments are sharp, and the soft minimum still joins paths whose
    costs differ by less than frames do. The γ of jaxeval-v1 were chosen by this rule, from the clip `carphone` and the
    demo's speech (benchmarks/calibrate.py).

    Choose γ on reference data, once, and keep it: a γ that is estimated from the clips being scored makes the score of
    one clip depend on the others, and scores made with different γ can't be compared.

    Args:
        cost: `[T, T]` costs between a reference clip and itself, T at least 2, at one frame rate. Concrete: a γ is a
            constant of a protocol and isn't computed under `jax.jit`.

    Returns:
        γ, above 0, in the cost's unit.

    Raises:
        ValueError: for a matrix that isn't square, one of fewer than 2 frames, or a median that is 0 or no number: of
            a clip whose frames mostly repeat nothing can be told.

    References:
        The rule is jaxeval's own, see docs/alignment.md; it is no part of Soft-DTW.

    Example:
        >>> import jax.numpy as jnp
        >>> from jaxeval.alignment.distances import squared_euclidean
        >>> reference = jnp.sin(jnp.arange(50.0))[:, None]
        >>> suggest_gamma(squared_euclidean(reference, reference))
        0.05
    """
    if len(cost.shape) != 2 or cost.shape[0] != cost.shape[1] or len(cost) < 2:
        raise ValueError(f"Expected costs [T, T] of a clip and itself, T at least 2, got shape {cost.shape}.")
    median = float(np.median(np.diagonal(np.asarray(cost, np.float64), offset=1)))
    if not 0 < median < np.inf:
        raise ValueError(f"Expected a median cost of neighbouring frames above 0, got {median}.")
    return float(f"{SHARE * median:.0e}")
