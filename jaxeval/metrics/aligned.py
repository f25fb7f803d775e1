"""Any distance as a frame-wise and as an aligned metric, with the timing that the alignment forgave."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.band_costs import Distance, fill_padding
from jaxeval.alignment.checks import Lengths, Scalar
from jaxeval.alignment.core.band import batched_lengths
from jaxeval.alignment.core.banded import to_matrix
from jaxeval.alignment.divergence import PairCosts, divergence_of, of_matrices, pair_costs
from jaxeval.alignment.edge import FLOATS, NUMBERS, edge
from jaxeval.alignment.lag import lag_in_band, lag_in_matrix
from jaxeval.alignment.soft_dtw import value_and_alignment_of


class AlignedScore(NamedTuple):
    """The scores of a generated clip x of t frames against its reference y of s frames, under one distance.

    Attributes:
        framewise: mean over the common frames of d(x_t, y_t); a late clip scores badly.
        seq: sdtw_γ(x, y) / max(t, s); forgives timing, but is biased and may be negative.
        divergence: the Soft-DTW divergence / max(t, s); forgives timing, and is 0 for identical clips.
        lag: frames by which the generated clip is late, the mean over its frames.
        lag_std: spread, the standard deviation of the lag over the frames: small for a constant delay (not 0, since the
            path starts and ends in the corners), larger if the tempo wanders.
        alignment: `[T, S]` the probability that the path passes each cell.
    """

    framewise: jax.Array
    seq: jax.Array
    divergence: jax.Array
    lag: jax.Array
    lag_std: jax.Array
    alignment: jax.Array

    def __repr__(self) -> str:
        """The numbers, or the shapes of what is traced or a batch; of the alignment the shape alone."""
        scores = ", ".join(f"{name}={_brief(getattr(self, name), '.3g')}" for name in self._fields[:3])
        lag = f"{_brief(self.lag, '+.1f')} ± {_brief(self.lag_std, '.1f')} frames"
        return f"AlignedScore({scores}, lag={lag}, alignment {list(getattr(self.alignment, 'shape', ()))})"


def _brief(value: Any, form: str) -> str:
    shape = getattr(value, "shape", ())
    if shape or isinstance(value, jax.core.Tracer) or not isinstance(value, jax.Array | np.ndarray | float | int):
        return str(list(shape))
    return format(float(value), form)


@dataclass(frozen=True, eq=False)
class AlignedMetric:
    """A metric of one pair of clips, frame-wise and aligned, as `aligned` makes it; batch it with `jax.vmap`.

    Metrics of equal settings are equal and have one hash, so that `jax.jit` compiles one program for both, also where
    they are static arguments. A metric can be pickled if its distance can.

    Attributes:
        distance: (x, y) -> `[T, S]` costs, symmetric: distance(y, x) is its transpose.
        gamma: smoothing, at least 0, in the cost's unit; a number, or traced.
        band: half-width of the Sakoe-Chiba band in frames of the longer clip; None for no band.

    Example:
        >>> from jaxeval.alignment.distances import cosine
        >>> metric = aligned(cosine, gamma=6e-4)
        >>> metric == AlignedMetric(cosine, gamma=6e-4), jax.vmap(metric)(jnp.ones((8, 5, 3)), jnp.ones((8, 4, 3)))
        (True, AlignedScore(framewise=[8], seq=[8], divergence=[8], lag=[8] ± [8] frames, alignment [8, 5, 4]))
    """

    distance: Distance
    gamma: Scalar = 0.01
    band: float | None = None

    def __post_init__(self) -> None:
        # A number that is there already, even as JAX's or NumPy's array, makes the metric hashable.
        if jnp.ndim(self.gamma) == 0 and not isinstance(self.gamma, jax.core.Tracer):
            object.__setattr__(self, "gamma", float(self.gamma))

    def __call__(self, x: jax.Array, y: jax.Array, lengths: Lengths | None = None) -> AlignedScore:
        """Score one pair.

        Args:
            x: `[T, ...]` trajectory of the generated clip, in whatever form the distance takes.
            y: `[S, ...]` trajectory of the reference.
            lengths: (t, s), numbers of valid leading frames; Python ints or traced. None for (T, S).

        Returns:
            The scores.

        Raises:
            ValueError: as `jaxeval.soft_dtw`.
        """
        return _aligned(x, y, lengths, distance=self.distance, gamma=self.gamma, band=self.band)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AlignedMetric) and self._settings == other._settings

    def __hash__(self) -> int:
        return hash(self._settings)

    @property
    def _settings(self) -> tuple[Any, ...]:
        """What metrics are told apart by; a traced gamma, which can't be compared, by identity."""
        return self.distance, self.gamma if isinstance(self.gamma, float) else (id(self.gamma),), self.band


def aligned(distance: Distance, *, gamma: Scalar = 0.01, band: float | None = None) -> AlignedMetric:
    """Turn a distance between frames into a metric between clips, frame-wise and aligned by Soft-DTW.

        framewise = 1/min(t,s) Σ_t d(x_t, y_t)
        seq = sdtw_γ(x, y) / max(t, s)
        divergence = (sdtw_γ(x, y) − ½ sdtw_γ(x, x) − ½ sdtw_γ(y, y)) / max(t, s)

    Args:
        distance: (x, y) -> `[T, S]` costs, symmetric: distance(y, x) is its transpose.
        gamma: smoothing, at least 0, in the cost's unit; static or traced.
        band: half-width of the Sakoe-Chiba band in frames of the longer clip, static; None for no band. With one, only
            the costs inside are computed: time and memory are O((T + S) · band), but for `alignment`, where it is used.

    Returns:
        metric(x, y, lengths=None) -> AlignedScore of one pair: x `[T, ...]` is the generated clip, y `[S, ...]` the
        reference, lengths = (t, s) their numbers of valid leading frames. Batch it with `jax.vmap`. It is hashable,
        equal to any other of the same settings, and can be pickled.

    Raises:
        ValueError: when called, as `jaxeval.soft_dtw`.

    References:
        arXiv 2606.01031 for `framewise` and `seq`; Blondel, Mensch and Vert, Differentiable divergences between time
        series, AISTATS 2021.

    Example:
        >>> from jaxeval.alignment.distances import squared_euclidean
        >>> reference = jnp.arange(6.0)[:, None]
        >>> late = jnp.maximum(reference - 1, 0)
        >>> aligned(squared_euclidean, gamma=0.01)(late, reference)
        AlignedScore(framewise=0.833, seq=0.167, divergence=0.168, lag=+0.8 ± 0.4 frames, alignment [6, 6])
    """
    return AlignedMetric(distance, gamma, band)


@edge(x=FLOATS, y=FLOATS)
def _aligned(
    x: jax.Array, y: jax.Array, lengths: Lengths | None, *, distance: Distance, gamma: Scalar, band: float | None
) -> AlignedScore:
    costs = pair_costs(distance, x, y, lengths=lengths, band=band)
    rigid = _diagonal(distance, x, y, lengths) if costs.xy.layout.by_diagonals else jnp.diagonal(costs.xy.values)
    return _score(costs, rigid, gamma)


@edge(xy=NUMBERS, xx=NUMBERS, yy=NUMBERS)
def aligned_from_costs(
    xy: jax.Array,
    xx: jax.Array,
    yy: jax.Array,
    *,
    gamma: Scalar = 0.01,
    lengths: Lengths | None = None,
    band: float | None = None,
) -> AlignedScore:
    """`aligned` for costs that are known already, for example because they were computed by streaming.

    Args:
        xy: `[T, S]` costs between the generated clip x and the reference y.
        xx: `[T, T]` costs between x and itself.
        yy: `[S, S]` costs between y and itself.
        gamma: as for `aligned`.
        lengths: (t, s), numbers of valid leading frames; Python ints or traced. None for (T, S).
        band: as for `aligned`.

    Returns:
        The scores of the pair.

    Raises:
        ValueError: as `jaxeval.soft_dtw`, and if the three shapes don't fit.

    Example:
        >>> cost = jnp.ones((3, 3)) - jnp.eye(3)
        >>> score = aligned_from_costs(cost, cost, cost, gamma=0.1)
        >>> print(score.framewise, score.divergence)
        0.0 0.0
    """
    costs = of_matrices(xy, xx, yy, lengths=lengths, band=band)
    return _score(costs, jnp.diagonal(costs.xy.values), gamma)


def _score(costs: PairCosts, rigid: jax.Array, gamma: Scalar) -> AlignedScore:
    """All scores from the pair's costs and those `[min(T, S)]` of each frame against the one of its index."""
    _, lengths, layout = costs.xy
    value, alignment = value_and_alignment_of(costs.xy, gamma)
    t, s = layout.shape if lengths is None else lengths
    timing = lag_in_band(alignment, lengths, layout) if layout.by_diagonals else lag_in_matrix(alignment, lengths)
    if layout.by_diagonals:
        given = batched_lengths(lengths, layout.shape)
        alignment = to_matrix(alignment[None], layout.shape, given, layout.half_width)[0]  # [T, S]
    frames = jnp.maximum(t, s).astype(value.dtype)
    common = jnp.minimum(t, s)
    rigid = jnp.where(jnp.arange(len(rigid), dtype=common.dtype) < common, rigid, 0)  # [min(T, S)]
    return AlignedScore(
        framewise=rigid.sum() / common.astype(rigid.dtype),
        seq=value / frames,
        divergence=divergence_of(costs, gamma) / frames,
        lag=timing.mean,
        lag_std=timing.std,
        alignment=alignment,
    )


def _diagonal(distance: Distance, x: jax.Array, y: jax.Array, lengths: Lengths | None) -> jax.Array:
    """`[min(T, S)]` the distance of each frame from the one of its index, which need not lie inside the band."""
    x, y = fill_padding(x, y, lengths)
    common = min(len(x), len(y))
    pairs = (x[:common], y[:common])

    def apart(pair: tuple[jax.Array, jax.Array]) -> jax.Array:
        return distance(pair[0][None], pair[1][None])[0, 0]

    # Images one after the other, for a network behind the distance needs room.
    return jax.vmap(apart)(pairs) if x.ndim == 2 else jax.lax.map(apart, pairs)
