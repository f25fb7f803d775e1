"""How a batch of cost matrices is divided into pieces that suit the machine."""

import math
from dataclasses import dataclass
from typing import NamedTuple


class Sizes(NamedTuple):
    """How much goes through at once.

    Attributes:
        piece: lanes times steps of a piece; a pair that fits is one, for in strips most of the work is done twice.
        strip: the same of a strip of a pair that doesn't.
        lanes: of one step; fewer don't hide what a step costs.
    """

    piece: int
    strip: int
    lanes: int


# On CPU a piece of this size stays in memory that is used again, and a step of so many lanes runs in one thread, the
# quicker way. An accelerator wants all lanes at once, as far as its memory goes.
CPU, ACCELERATOR = Sizes(640_000, 512_000, 512), Sizes(2**28, 2**27, 2**22)


@dataclass(frozen=True)
class Chunks:
    """How a batch goes through: `count` chunks one after the other, `size` pairs in each, some of them side by side.

    Attributes:
        rows: of a strip, if the pairs go through in strips.
    """

    count: int
    size: int
    side_by_side: int
    rows: int


def chunks(batch: int, rows: int, columns: int, widest: int, sizes: Sizes) -> Chunks:
    """The division of a batch that leaves the fewest lanes idle.

    Args:
        batch: number of matrices; one that isn't known makes one chunk.
        rows: T.
        columns: S.
        widest: how many pairs may stand side by side.
        sizes: how much goes through at once.

    Returns:
        Chunks of at least `batch` pairs.

    Example:
        >>> chunks(32, 100, 100, 8, CPU)
        Chunks(count=1, size=32, side_by_side=8, rows=100)
        >>> chunks(2, 5000, 5000, 8, CPU)
        Chunks(count=2, size=1, side_by_side=1, rows=100)
    """
    if rows * (rows + columns) > sizes.piece:
        strip = _strip_rows(rows, columns, sizes.strip)
        return Chunks(batch, 1, 1, strip) if isinstance(batch, int) else Chunks(1, batch, 1, strip)
    if not isinstance(batch, int):
        return Chunks(1, batch, 1, rows)
    high = max(1, 2 ** round(math.log2(sizes.lanes / rows)))
    found = []
    for wide in (w for w in (1, 2, 4, 8) if w <= widest):
        piece = rows * (wide * (columns + 1) + rows)
        count = -(-batch // (high * wide))
        size = -(-batch // (count * wide)) * wide
        if wide == 1 or piece * size // wide <= sizes.piece:
            found.append((count * size // wide * piece, Chunks(count, size, wide, rows)))
    return min(found, key=lambda choice: choice[0])[1]


def _strip_rows(rows: int, columns: int, strip: int) -> int:
    """The largest h with h (h + S) <= strip; or a divisor of T, if there is one that is nearly as large."""
    most = (math.isqrt(columns**2 + 4 * strip) - columns) // 2
    strips = -(-rows // max(most, 1))
    even = (count for count in range(strips, min(2 * strips, rows) + 1) if rows % count == 0)
    return -(-rows // next(even, strips))
