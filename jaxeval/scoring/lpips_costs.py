"""All LPIPS costs of a pair of clips within a memory budget: features in blocks, kept while there is room.

One block is a second of video (25 frames, 48 MB of features for `lpips_alex` at 224×224). Every pair of
blocks goes through one compiled step of one shape, so identical clips give identical numbers in all three matrices.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.core.band import in_band
from jaxeval.metrics.perceptual import feature_costs, lpips_features
from jaxeval.scoring.aligned_scores import Costs

BLOCK = 25
_BUDGET = 2 * 2**30


class FeatureBlocks:
    """Features of clips' blocks, computed when asked for; the least recently used are dropped beyond the budget.

    Args:
        encoder: a perceptual encoder.
        budget: bytes of features to keep.
    """

    def __init__(self, encoder: Any, budget: int = _BUDGET) -> None:
        self._encoder = encoder
        self._budget = budget
        self._kept: OrderedDict[tuple[str, int], jax.Array] = OrderedDict()

    @property
    def room(self) -> int:
        """How many blocks fit, as soon as the first one shows their size; at least 2, which a pair of blocks needs."""
        size = max((block.nbytes for block in self._kept.values()), default=1)
        return max(2, self._budget // size)

    def get(self, clip: str, crops: np.ndarray, index: int) -> jax.Array:
        """Features `[BLOCK, D]` of the block of that index; rows past the clip's end repeat its last frame."""
        if (clip, index) not in self._kept:
            rows = np.arange(index * BLOCK, (index + 1) * BLOCK).clip(max=len(crops) - 1)
            while len(self._kept) >= self.room:
                self._kept.popitem(last=False)
            self._kept[clip, index] = _features(self._encoder, crops[rows])
        self._kept.move_to_end((clip, index))
        return self._kept[clip, index]

    def drop(self, clip: str) -> None:
        """Forget a clip that will not be asked for again."""
        for key in [key for key in self._kept if key[0] == clip]:
            del self._kept[key]


class PerceptualCosts(NamedTuple):
    """What the perceptual distance says of a pair.

    Attributes:
        costs: frame-wise, and the three matrices.
        steps: `[T − 1]` each frame of the generated clip against the one before, and `[S − 1]` the reference's.
    """

    costs: Costs
    steps: tuple[np.ndarray, np.ndarray]


def lpips_costs(
    blocks: FeatureBlocks,
    x: tuple[str, np.ndarray],
    y: tuple[str, np.ndarray],
    progress: Callable[[float], None],
    *,
    band: float | None = None,
    framewise_only: bool = False,
) -> PerceptualCosts:
    """Frame-wise costs, steps, and the three matrices of a pair.

    Args:
        blocks: where features are kept; features of a clip stay for the next pair as long as there is room.
        x: the generated clip's unique name and its crops `[T, H, W, 3]` uint8.
        y: the reference's.
        progress: called with the share of the work that is done, in [0, 1].
        band: half-width in frames of the longer clip; costs that are far outside are not computed, and 0.
        framewise_only: whether the matrices are left out; they are zero then.

    Returns:
        `PerceptualCosts`.
    """
    clips = (x, y)
    counts = [len(crops) for _, crops in clips]
    size = [-(-count // BLOCK) * BLOCK for count in counts]
    matrices = {(a, b): np.zeros((size[a], size[b]), np.float32) for a, b in ((0, 1), (0, 0), (1, 1))}
    framewise, steps = np.empty(min(size), np.float32), [np.empty(count, np.float32) for count in size]
    center = jnp.mean(blocks.get(*y, 0), axis=0)
    pairs = list(_pairs(counts, blocks.room - 1, 0.0 if framewise_only else band))
    for number, ((a, i), (b, j)) in enumerate(pairs):
        progress(number / len(pairs))
        left, right = blocks.get(*clips[a], i), blocks.get(*clips[b], j)
        here, there = slice(i * BLOCK, (i + 1) * BLOCK), slice(j * BLOCK, (j + 1) * BLOCK)
        if a == b and i == j:
            steps[a][here] = _steps(left)
        elif a == b and j == i + 1:
            steps[a][there.start - 1] = _step_between(left, right)
        elif a != b and i == j:
            framewise[here] = _framewise(left, right)
        if framewise_only:
            continue
        # The block of the lower index comes first, whichever clip it is of: so the three matrices of identical clips
        # are made of the same products.
        costs = np.asarray(_costs(left, right, center) if i <= j else _costs(right, left, center).T)
        matrices[a, b][here, there] = costs
        if a == b:
            matrices[a, b][there, here] = costs.T
    t, s = counts
    xy, xx, yy = matrices[0, 1][:t, :s], matrices[0, 0][:t, :t], matrices[1, 1][:s, :s]
    return PerceptualCosts(Costs(framewise[: min(t, s)], xy, xx, yy), (steps[0][: t - 1], steps[1][: s - 1]))


Place = tuple[int, int]
"""A block: 0 for the generated clip or 1 for the reference, and its index."""


def _pairs(counts: list[int], held: int, band: float | None) -> Iterator[tuple[Place, Place]]:
    """All pairs of blocks that are needed, in an order in which `held` blocks stay while the others pass by once."""
    places = [(side, i) for side in (0, 1) for i in range(-(-counts[side] // BLOCK))]
    places.sort(key=lambda place: place[1])
    for start in range(0, len(places), held):
        for q in range(start, len(places)):
            for p in range(start, min(start + held, q + 1)):
                first, second = sorted((places[p], places[q]))
                if _needed(first, second, counts, band):
                    yield first, second


def _needed(first: Place, second: Place, counts: list[int], band: float | None) -> bool:
    """Whether a pair of blocks has a cell in the band, frames of the same index, or neighbours in one clip."""
    (a, i), (b, j) = first, second
    if band is None or (a != b and i == j) or (a == b and j - i <= 1):
        return True
    rows, columns = (np.arange(k * BLOCK, min((k + 1) * BLOCK, counts[side])) for side, k in (first, second))
    return bool(in_band(rows[:, None], columns[None], (counts[a], counts[b]), band).any())


@jax.jit
def _features(encoder: Any, crops: jax.Array) -> jax.Array:
    return lpips_features(encoder, crops.astype(jnp.float32) / 255)


_costs = jax.jit(feature_costs)


@jax.jit
def _framewise(left: jax.Array, right: jax.Array) -> jax.Array:
    return jnp.sum(jnp.square(left - right), axis=1)


@jax.jit
def _steps(features: jax.Array) -> jax.Array:
    """`[BLOCK]` each row against the next one; the last against itself, until the next block is there."""
    following = jnp.concatenate([features[1:], features[-1:]])
    return jnp.sum(jnp.square(following - features), axis=1)


@jax.jit
def _step_between(left: jax.Array, right: jax.Array) -> jax.Array:
    """A block's last row against the next block's first."""
    return jnp.sum(jnp.square(left[-1] - right[0]))
