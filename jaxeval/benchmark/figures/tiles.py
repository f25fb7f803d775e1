"""Tables of colored tiles, as heat maps are drawn here: each says its number where it fits, and gaps are hatched."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.patches import Rectangle

from jaxeval.benchmark.figures import style
from jaxeval.report.figures import GREY

PALE_TO_BLUE = LinearSegmentedColormap.from_list("pale to blue", ["#f2f6fa", "#bcd9ec", "#005f96", "#00304f"])
RED_TO_BLUE = LinearSegmentedColormap.from_list(
    "red to blue", ["#6e2c00", "#b84f00", "#f1c9a8", "#f4f4f4", "#bcd9ec", "#005f96", "#00304f"]
)
"""Both pass quickly through the middle tones, on which neither black nor white text has much contrast."""

_GAP = 0.06


def draw_tiles(
    axes: Axes,
    shades: np.ndarray,
    colors: Colormap,
    texts: np.ndarray | None = None,
    shown: np.ndarray | None = None,
) -> None:
    """Draw a table of tiles, the first row on top.

    Args:
        axes: bare; its limits are set.
        shades: `[R, C]` in [0, 1] along `colors`; NaN for a gap.
        colors: of the tiles.
        texts: `[R, C]` what to write on each; nothing if None.
        shown: `[R, C]` bool, whether there is a tile at all; everywhere if None.
    """
    rows, columns = shades.shape
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    cells = [cell for cell in np.ndindex(rows, columns) if shown is None or shown[cell]]
    known = [cell for cell in cells if not np.isnan(shades[cell])]
    gaps = [cell for cell in cells if np.isnan(shades[cell])]
    fills = colors([shades[cell] for cell in known])
    axes.add_collection(PatchCollection([_tile(*cell) for cell in known], facecolors=fills, linewidths=0))
    hatched: Any = {"facecolors": "none", "edgecolors": GREY, "linewidths": 0.0, "hatch": "//////"}
    axes.add_collection(PatchCollection([_tile(*cell) for cell in gaps], **hatched))
    if texts is not None:
        for (r, c), fill in zip(known, fills, strict=True):
            told: Any = {"ha": "center", "va": "center", "fontsize": style.SMALL, "color": ink_on(fill[:3])}
            axes.text(c + 0.5, r + 0.52, str(texts[r, c]), **told)


def _tile(row: int, column: int) -> Rectangle:
    return Rectangle((column + _GAP / 2, row + _GAP / 2), 1 - _GAP, 1 - _GAP)


def ink_on(fill: tuple[float, float, float]) -> str:
    """Black or white text, whichever has the greater contrast on a color (WCAG 2's relative luminance).

    Args:
        fill: red, green and blue in [0, 1].

    Example:
        >>> ink_on((1.0, 1.0, 1.0)), ink_on((0.0, 0.2, 0.4))
        ('#000000', '#ffffff')
    """
    here = _luminance(fill)
    return "#000000" if (here + 0.05) / 0.05 > 1.05 / (here + 0.05) else "#ffffff"


def _luminance(color: tuple[float, float, float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def scale(axes: Axes, colors: Colormap, ends: tuple[str, ...]) -> None:
    """Draw what the colors mean, as a strip with words under it.

    Args:
        axes: bare, some times wider than high.
        colors: of the tiles.
        ends: words, spread evenly from left to right.
    """
    steps = 24
    draw_tiles(axes, np.linspace(0, 1, steps)[None], colors)
    for number, text in enumerate(ends):
        at = number / (len(ends) - 1)
        side = ("left", "center", "right")[int(2 * at)]
        axes.text(steps * at, 1.25, text, ha=side, va="top", fontsize=style.SMALL)
