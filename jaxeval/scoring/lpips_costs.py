"""All LPIPS costs of a pair of clips within a memory budget: features in blocks, kept while there is room.

One block is a second of video (25 frames, 48 MB of features for `lpips_alex` at 224×224, 206 MB for `st_lpips_alex`). A
new block of both clips meets the blocks still in reach in one pass over their features, by products of one shape: so
identical clips give identical numbers in all three matrices.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment.core.band import in_band
from jaxeval.metrics.perceptual import weighted_taps
from jaxeval.numerics import precise_matmul
from jaxeval.scoring.aligned_scores import Costs
from jaxeval.scoring.blocks import BLOCK

_BUDGET = 2**29
_COLUMNS = 2**13

Features = tuple[jax.Array, ...]
"""`[BLOCK, D]` for each tap of a perceptual encoder, see `weighted_taps`."""
Place = tuple[int, int]
"""A block: 0 for the generated clip or 1 for the reference, and its index."""
Pair = tuple[Place, Place]
Kind = Literal["frames", "within", "between", ""]


class FeatureBlocks:
    """Features of clips' blocks, computed when asked for; the least recently used are dropped beyond the budget.

    Args:
        encoder: a perceptual encoder.
        budget: bytes of features to keep.
    """

    def __init__(self, encoder: Any, budget: int = _BUDGET) -> None:
        self._encoder = encoder
        self._budget = budget
        self._kept: OrderedDict[tuple[str, int], Features] = OrderedDict()

    @property
    def room(self) -> int:
        """How many blocks fit, as soon as the first one shows their size; at least 4, which meet at a time."""
        size = max((sum(tap.nbytes for tap in block) for block in self._kept.values()), default=1)
        return max(4, self._budget // size)

    @property
    def is_full(self) -> bool:
        """Whether the next blocks to meet would drive others out: then a reference keeps its first ones, not its last.

        The next pair begins with the first ones again.
        """
        return len(self._kept) + 2 > self.room

    def get(self, clip: str, crops: np.ndarray, index: int) -> Features:
        """Features of the block of that index; rows past the clip's end repeat its last frame."""
        if (clip, index) not in self._kept:
            rows = np.arange(index * BLOCK, (index + 1) * BLOCK).clip(max=len(crops) - 1)
            while len(self._kept) >= self.room:
                self._kept.popitem(last=False)
            self._kept[clip, index] = _features(self._encoder, crops[rows])
        self._kept.move_to_end((clip, index))
        return self._kept[clip, index]

    def drop(self, clip: str, index: int | None = None) -> None:
        """Forget a clip's block, or all of them, that will not be asked for again."""
        for key in [key for key in self._kept if key[0] == clip and index in (None, key[1])]:
            del self._kept[key]


class OwnCosts(NamedTuple):
    """What the perceptual distance says of one clip.

    Attributes:
        matrix: `[S, S]` costs between its frames.
        steps: `[S − 1]` each frame against the one before.
    """

    matrix: np.ndarray
    steps: np.ndarray


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
    known: OwnCosts | None = None,
) -> PerceptualCosts:
    """Frame-wise costs, steps, and the three matrices of a pair.

    Args:
        blocks: where features are kept; the reference's stay for the next pair as long as there is room.
        x: the generated clip's unique name and its crops `[T, H, W, 3]` uint8.
        y: the reference's.
        progress: called with the share of the work that is done, in [0, 1].
        band: half-width in frames of the longer clip; costs that are far outside are not computed, and 0.
        framewise_only: whether the matrices are left out; they are zero then.
        known: the reference's own, from an earlier pair of the same band.

    Returns:
        `PerceptualCosts`.
    """
    clips, counts = (x, y), (len(x[1]), len(y[1]))
    found = _Found(counts)
    center = _mean(blocks.get(*y, 0))
    meetings = list(_meetings(counts, blocks.room // 2 - 1, 0.0 if framewise_only else band))
    if known:
        meetings = [mine for pairs in meetings if (mine := [pair for pair in pairs if not _of_reference(pair)])]
    last = {place: number for number, pairs in enumerate(meetings) for pair in pairs for place in pair}
    for number, pairs in enumerate(meetings):
        progress(number / len(meetings))
        held = list(dict.fromkeys(place for pair in pairs for place in pair))
        rows = tuple(blocks.get(*clips[side], index) for side, index in held)
        told = tuple((held.index(p), held.index(q), _kind(p, q)) for p, q in pairs)
        for pair, values in zip(pairs, jax.device_get(_meet(rows, center, told, not framewise_only)), strict=True):
            found.enter(pair, *values)
        for side, index in held:
            if last[side, index] == number and (side == 0 or blocks.is_full):
                blocks.drop(clips[side][0], index)
    return found.of_pair(known)


class _Found:
    """The costs of a pair as they come in, block by block."""

    def __init__(self, counts: tuple[int, int]) -> None:
        size = [-(-count // BLOCK) * BLOCK for count in counts]
        self._counts = counts
        self._matrices = {(a, b): np.zeros((size[a], size[b]), np.float32) for a, b in ((0, 1), (0, 0), (1, 1))}
        self._framewise = np.empty(min(size), np.float32)
        self._steps = [np.empty(count, np.float32) for count in size]

    def enter(self, pair: Pair, costs: np.ndarray | None, direct: np.ndarray | None) -> None:
        """What a meeting gives of a pair of blocks."""
        (a, i), (b, j) = pair
        here, there = slice(i * BLOCK, (i + 1) * BLOCK), slice(j * BLOCK, (j + 1) * BLOCK)
        if direct is not None and a != b:
            self._framewise[here] = direct
        elif direct is not None:
            self._steps[a][there.start - (i < j) :][: len(direct)] = direct
        if costs is not None and a <= b:
            self._matrices[a, b][here, there] = costs
        if costs is not None and (a, i) != (b, j) and a >= b:
            self._matrices[b, a][there, here] = costs.T

    def of_pair(self, known: OwnCosts | None) -> PerceptualCosts:
        """All of them."""
        t, s = self._counts
        xy, xx, yy = self._matrices[0, 1][:t, :s], self._matrices[0, 0][:t, :t], self._matrices[1, 1][:s, :s]
        steps = self._steps[0][: t - 1], self._steps[1][: s - 1]
        if known:
            yy, steps = known.matrix, (steps[0], known.steps)
        return PerceptualCosts(Costs(self._framewise[: min(t, s)], xy, xx, yy), steps)


def _meetings(counts: tuple[int, int], held: int, band: float | None) -> Iterator[list[Pair]]:
    """All pairs of blocks that are needed, those that are computed together in one list.

    Blocks of an index, one of each clip, meet those of the same index and of the one before at a time. The blocks of
    `held` indices stay while the others pass by once.
    """
    count = max(-(-frames // BLOCK) for frames in counts)
    for start in range(0, count, held):
        for k in range(start, count):
            staying = range(start, min(start + held, k + 1))
            pairs = _pairs(counts, k, k, band) if k in staying else []
            for i in reversed(staying):
                pairs += _pairs(counts, i, k, band) if i < k else []
                if pairs and i < max(k, start + 1):
                    yield pairs
                    pairs = []


def _pairs(counts: tuple[int, int], i: int, j: int, band: float | None) -> list[Pair]:
    """The needed pairs of a block i and a block j, i ≤ j.

    The block of the lower index comes first, whichever clip it is of: so the three matrices of identical clips are made
    of the same products.
    """
    sides = (0, 0), (0, 1), (1, 0), (1, 1)
    pairs = [((a, i), (b, j)) for a, b in sides if i < j or a <= b]
    there = [(p, q) for p, q in pairs if p[1] * BLOCK < counts[p[0]] and q[1] * BLOCK < counts[q[0]]]
    return [(p, q) for p, q in there if _kind(p, q) or _in_band(p, q, counts, band)]


def _in_band(p: Place, q: Place, counts: tuple[int, int], band: float | None) -> bool:
    """Whether two blocks have a cell in the band."""
    if band is None:
        return True
    rows, columns = (np.arange(k * BLOCK, min((k + 1) * BLOCK, counts[side])) for side, k in (p, q))
    return bool(in_band(rows[:, None], columns[None], (counts[p[0]], counts[q[0]]), band).any())


def _kind(p: Place, q: Place) -> Kind:
    """What is computed of two blocks directly: frames of one index, or each frame and the next one in a clip."""
    if p[0] != q[0]:
        return "frames" if p[1] == q[1] else ""
    return "within" if p == q else "between" if p[1] + 1 == q[1] else ""


def _of_reference(pair: Pair) -> bool:
    return pair[0][0] == pair[1][0] == 1


@jax.jit
def _features(encoder: Any, crops: jax.Array) -> Features:
    return weighted_taps(encoder, crops)


@jax.jit
def _mean(block: Features) -> Features:
    return tuple(jnp.mean(tap, axis=0) for tap in block)


@partial(jax.jit, static_argnames=("pairs", "products"))
def _meet(
    blocks: tuple[Features, ...], center: Features, pairs: tuple[tuple[int, int, Kind], ...], products: bool
) -> list[tuple[jax.Array | None, jax.Array | None]]:
    """Of each pair of blocks the costs `[BLOCK, BLOCK]` between all of their frames, and those computed directly.

    ‖a − b‖² = ‖a‖² + ‖b‖² − 2⟨a, b⟩ after subtracting `center`, see `jaxeval.metrics.perceptual.feature_costs`; columns
    by the piece, so that what is read once from memory serves all pairs.
    """

    def of_columns(rows: list[jax.Array], middle: jax.Array) -> Any:
        centered = [part - middle[None] for part in rows]
        squares = [jnp.sum(part * part, axis=1) for part in centered]
        found = []
        for i, j, kind in pairs:
            product = precise_matmul(centered[i], centered[j].T) if products else None
            costs = None if product is None else squares[i][:, None] + squares[j][None, :] - 2 * product
            found.append((costs, _apart(kind, rows[i], rows[j])))
        return found

    by_tap = [_over_columns(of_columns, rows, middle) for *rows, middle in zip(*blocks, center, strict=True)]
    sums = jax.tree.map(lambda *parts: sum(parts), *by_tap)
    return [(None if costs is None else jnp.maximum(costs, 0), direct) for costs, direct in sums]


def _over_columns(function: Callable[..., Any], rows: list[jax.Array], middle: jax.Array) -> Any:
    """The sum of a function of a few columns over all of them; `rows` are `[BLOCK, D]` each, `middle` is `[D]`."""
    count = _pieces(middle.size)
    pieces = [part.reshape(BLOCK, count, -1) for part in rows], middle.reshape(count, -1)

    def of_piece(k: jax.Array | int) -> Any:
        return function([jax.lax.dynamic_index_in_dim(part, k, 1, keepdims=False) for part in pieces[0]], pieces[1][k])

    none = jax.tree.map(lambda part: jnp.zeros(part.shape, part.dtype), jax.eval_shape(of_piece, 0))
    return jax.lax.fori_loop(0, count, lambda k, sums: jax.tree.map(jnp.add, sums, of_piece(k)), none)


def _pieces(width: int) -> int:
    """The least number of equal pieces of at most `_COLUMNS` columns."""
    return next(count for count in range(-(-width // _COLUMNS), width + 1) if width % count == 0)


def _apart(kind: Kind, a: jax.Array, b: jax.Array) -> jax.Array | None:
    """Squared distances of rows: of the same row, of each row and the next, or of the last row and b's first."""
    if not kind:
        return None
    first, second = {"frames": (a, b), "within": (a[:-1], a[1:]), "between": (a[-1:], b[:1])}[kind]
    return jnp.sum(jnp.square(second - first), axis=1)
