"""Which section of one clip's picture another clip shows: registration of two mean pictures of any shapes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates, spline_filter
from scipy.signal import fftconvolve

from jaxeval.media.geometry import Placement, area, common
from jaxeval.media.still import Still

_GRID = 96
_COARSE = 6.0  # standard deviation, in cells of the grid, of the shading that doesn't count
_PYRAMID = (32, 64, 128, 256)
_STEPS = 12
# A finer level is more exact than the grid on which agreement is measured can tell.
_NOISE = 0.002
_FINALISTS = 4
# Of the smaller picture so much must lie in the other one, or their common part says nothing.
_SHARED = 0.5
_FEWEST = 16  # pixels
_SLIDING = 128  # cells along the longer side of a picture that is slid over another one
# On each side so much of a section isn't looked at, for what lies beyond its edge mixes in there.
_MARGIN = 0.03
# What agreement may fall by if both scales are made equal: two takes of one scene seem squashed by some percent.
_UNIFORM = 0.02
_WHOLE = 0.25


class Registered(NamedTuple):
    """How a generated clip's picture lies in the reference's.

    Attributes:
        placement: from the reference to the generated clip.
        section: `[4]` what both show, as left, top, right, bottom in pixels of the reference.
        agreement: correlation of both mean pictures' detail there, at most 1; -1 where they share too little.
    """

    placement: Placement
    section: np.ndarray
    agreement: float


class _Picture:
    """A mean picture that is read on square grids; shrunk first, so that nothing is aliased."""

    def __init__(self, still: Still) -> None:
        self.frame, self.content = still.frame, still.content
        self._image = Image.fromarray(still.picture.astype(np.float32))
        self._shrunk: dict[tuple[int, int], np.ndarray] = {}

    def reader(self, box: np.ndarray, grid: int) -> Callable[[np.ndarray], np.ndarray]:
        """A function from boxes about as large as this one to what they show, `[grid, grid]`."""
        sides = self._image.size
        factors = [min(1.0, grid / side) for side in box[2:] - box[:2]]
        size = max(1, round(sides[0] * factors[0])), max(1, round(sides[1] * factors[1]))
        if size not in self._shrunk:
            small = np.asarray(self._image.resize(size, Image.Resampling.BILINEAR), float)
            self._shrunk[size] = spline_filter(small, order=3, mode="nearest")
        return partial(_read, self._shrunk[size], np.array(size) / sides, grid)

    def detail(self, step: float) -> np.ndarray:
        """The whole picture's detail, in cells of so many pixels."""
        size = max(1, round(self._image.width / step)), max(1, round(self._image.height / step))
        return _detail(np.asarray(self._image.resize(size, Image.Resampling.BILINEAR), float))

    def patch(self, box: np.ndarray, grid: int) -> np.ndarray:
        """What a box shows."""
        return self.reader(box, grid)(box)


def register(x: Still, y: Still, faces: Iterable[tuple[np.ndarray, np.ndarray]] = ()) -> Registered:
    """The placement under which two mean pictures agree best.

    The hypotheses are, between the whole frames and between what lies inside their bars: one is stretched onto the
    other; one is a centred part of the other, scaled to its width, to its height or not at all; it is such a part
    anywhere in the other, where their detail correlates best; and, for each pair of faces, one face lies on the other.
    The best few are refined by least squares (Lucas and Kanade) on a pyramid, with both scales, both shifts, gain and
    offset free:

        Σ_p (y(p) − a · x(S p + d) − b)²  →  min over S = diag(s_x, s_y), d, a, b

    Edges within a quarter of a pixel of whole pixels are put there, since that is where pictures are cut; else both
    scales are made equal if agreement falls by no more than 0.02.

    Args:
        x: the generated clip's mean picture and bars.
        y: the reference's.
        faces: boxes (left, top, right, bottom) of a face in the generated clip and of one in the reference.

    Returns:
        The best, whether it is good or not.

    References:
        Lucas and Kanade: An iterative image registration technique with an application to stereo vision, IJCAI 1981.
    """
    generated, reference = _Picture(x), _Picture(y)
    scales = dict.fromkeys([*(x.frame[2:] / y.frame[2:]), 1.0])
    hypotheses = [*_hypotheses(x, y, faces), *(_slid(generated, reference, scale) for scale in scales)]
    tried = [_registered(generated, reference, each) for each in dict.fromkeys(hypotheses)]
    tried.sort(key=lambda found: -found.agreement)
    finals = [_refined(generated, reference, found, _PYRAMID[:-1]) for found in tried[:_FINALISTS]]
    best = _refined(generated, reference, max(finals, key=lambda found: found.agreement), _PYRAMID[-1:])
    return _tidied(generated, reference, best)


def _hypotheses(x: Still, y: Still, faces: Iterable[tuple[np.ndarray, np.ndarray]]) -> Iterator[Placement]:
    for a in (x.frame, x.content):
        for b in (y.frame, y.content):
            yield Placement.between(b, a)
            sides_a, sides_b = a[2:] - a[:2], b[2:] - b[:2]
            for scale in (*(sides_a / sides_b), 1.0):
                yield _uniform(scale, (a[:2] + a[2:]) / 2, (b[:2] + b[2:]) / 2)
    for a, b in faces:
        scale = np.sqrt(area(a) / area(b))
        for factor in (1.0, 0.88, 1.14):
            yield _uniform(factor * scale, (a[:2] + a[2:]) / 2, (b[:2] + b[2:]) / 2)


def _slid(x: _Picture, y: _Picture, scale: float) -> Placement:
    """At one scale, the shift with the highest normalised correlation of detail, on a coarse grid."""
    step = max(*y.frame[2:], *(x.frame[2:] / scale)) / _SLIDING
    a, b = x.detail(step * scale)[::-1, ::-1], y.detail(step)
    shared = fftconvolve(np.ones_like(b), np.ones_like(a))
    energy = fftconvolve(b * b, np.ones_like(a)) * fftconvolve(np.ones_like(b), a * a)
    fit = fftconvolve(b, a) / np.sqrt(np.maximum(energy, 1e-6 * energy.max() + 1e-9))
    row, column = np.unravel_index(np.argmax(np.where(shared >= _SHARED * min(a.size, b.size), fit, -1)), fit.shape)
    shift = -scale * step * np.array([column - (a.shape[1] - 1), row - (a.shape[0] - 1)])
    return _uniform(scale, shift, np.zeros(2))


def _uniform(scale: float, generated: np.ndarray, reference: np.ndarray) -> Placement:
    shift = generated - scale * reference
    return Placement((float(scale), float(scale)), (float(shift[0]), float(shift[1])))


def _registered(x: _Picture, y: _Picture, placement: Placement) -> Registered:
    section = common(y.frame, placement.boxes_back(x.content))
    sides = section[2:] - section[:2]
    smaller = min(area(y.frame), area(placement.boxes_back(x.content)))
    if (sides < _FEWEST).any() or (sides * placement.scale < _FEWEST).any() or area(section) < _SHARED * smaller:
        return Registered(placement, section, -1.0)
    inner = _inner(section)
    return Registered(placement, section, _agreement(x, placement.boxes(inner), y, inner))


def _inner(section: np.ndarray) -> np.ndarray:
    margin = _MARGIN * (section[2:] - section[:2])
    return section + np.concatenate([margin, -margin])


def _agreement(x: _Picture, box_x: np.ndarray, y: _Picture, box_y: np.ndarray) -> float:
    """Correlation of two boxes' detail, each seen on a grid of 96 × 96."""
    a, b = _detail(x.patch(box_x, _GRID)), _detail(y.patch(box_y, _GRID))
    return float((a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-9))


def _detail(patch: np.ndarray) -> np.ndarray:
    detail = patch - gaussian_filter(patch, _COARSE)
    return detail - detail.mean()


def _read(splines: np.ndarray, factors: np.ndarray, grid: int, box: np.ndarray) -> np.ndarray:
    places = (np.arange(grid) + 0.5) / grid
    columns, rows = ((box[k] + places * (box[k + 2] - box[k])) * factors[k] - 0.5 for k in (0, 1))
    mesh = np.meshgrid(rows, columns, indexing="ij")
    return map_coordinates(splines, mesh, order=3, mode="nearest", prefilter=False)


def _refined(x: _Picture, y: _Picture, found: Registered, pyramid: Sequence[int]) -> Registered:
    """Coarse to fine; a level that makes it worse is left out."""
    if found.agreement < 0:
        return found
    for grid in pyramid:
        section = _inner(found.section)
        box = _least_squares(x, found.placement.boxes(section), y, section, grid)
        if (box[2:] - box[:2] < _FEWEST).any():
            continue
        moved = _registered(x, y, Placement.between(section, box))
        found = moved if moved.agreement >= found.agreement - _NOISE else found
    return found


def _least_squares(x: _Picture, box: np.ndarray, y: _Picture, section: np.ndarray, grid: int) -> np.ndarray:
    """The box of x near `box` that fits a section of y best."""
    read, target = x.reader(box, grid), y.patch(section, grid)
    across = np.broadcast_to((np.arange(grid) + 0.5) / grid, (grid, grid))
    gain = 1.0
    for _ in range(_STEPS):
        patch = read(box)
        down_slope, right_slope = np.gradient(patch, 1 / grid)
        sides = box[2:] - box[:2]
        # How the patch changes as the left, top, right and bottom edge move by a pixel.
        right, down = gain * right_slope / sides[0], gain * down_slope / sides[1]
        moves = [right * (1 - across), down * (1 - across.T), right * across, down * across.T]
        design = np.stack([part.ravel() for part in (*moves, patch, np.ones_like(patch))], axis=1)
        solution = np.linalg.lstsq(design.T @ design, design.T @ target.ravel(), rcond=None)[0]
        gain = float(solution[4])
        limit = 0.1 * sides.min()
        step = solution[:4].clip(-limit, limit)
        box = box + step
        if gain <= 0 or (box[2:] - box[:2] < _FEWEST).any() or np.abs(step).max() < 0.02 * sides.min() / grid:
            break
    return box


def _tidied(x: _Picture, y: _Picture, found: Registered) -> Registered:
    """On whole pixels, where one frame was cut out of the other or put into it; else with equal scales."""
    cut, put = found.placement.boxes_back(x.frame), found.placement.boxes(y.frame)
    if _whole(cut, y.frame):
        return _registered(x, y, Placement.between(cut.round(), x.frame))
    if _whole(put, x.frame):
        return _registered(x, y, Placement.between(y.frame, put.round()))
    middle = (found.section[:2] + found.section[2:]) / 2
    even = _registered(x, y, _uniform(found.placement.zoom, found.placement.points(middle), middle))
    return even if even.agreement >= found.agreement - _UNIFORM else found


def _whole(box: np.ndarray, frame: np.ndarray) -> bool:
    """Whether a box has its edges near whole pixels, and inside the frame."""
    nearest = box.round()
    inside = (nearest[:2] >= frame[:2]).all() and (nearest[2:] <= frame[2:]).all()
    return bool(inside and (np.abs(box - nearest) <= _WHOLE).all())
