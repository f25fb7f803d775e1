"""The one geometry of a pair: how the generated clip's picture lies in its reference's, and the flags that say so."""

from dataclasses import dataclass, replace

import numpy as np

from jaxeval.errors import JaxevalError
from jaxeval.media.geometry import Placement, area, same_shape
from jaxeval.media.section import Registered, register
from jaxeval.scoring.scan import Scan

VERIFIED = 0.6
"""Least agreement of both mean pictures under a placement that counts. Measured: two takes of one scene reach 0.86 to
0.99, other scenes at most 0.56, other speakers in one studio up to 0.70."""

_MOVED = 0.02
"""Share of a side by which bars must differ, and by which edges must lie elsewhere, to be treated."""
_SQUASHED = 0.01
"""Share by which a picture's sides may be out of proportion, or a section smaller than the whole, without a flag."""
_PICTURE = 48
"""Range of levels from which a strip of a mean picture counts as picture."""
_ENLARGED = 1.2
"""How much larger or smaller a face may be at the same shape; `misregistered` names smaller differences."""


@dataclass(frozen=True)
class Geometry:
    """Where a pair is compared.

    Attributes:
        placement: from the reference to the generated clip.
        section: `[4]` left, top, right, bottom of what both show, in pixels of the reference; None for all of it.
        flags: what was done, each "code: text".
    """

    placement: Placement
    section: np.ndarray | None = None
    flags: tuple[str, ...] = ()


def geometry_of(x: Scan, y: Scan) -> Geometry:
    """A pair's geometry.

    Clips of one shape (aspect ratios equal to 1 %, or as near as whole pixels allow) show the same section: one is
    resized to the other, and a face at another place or of another size is the generator's error, which scores see.
    Only bars that one clip has and the other hasn't are cut off. Clips of different shapes are registered by their mean
    pictures and faces; the common section is compared, where the detail of both correlates by `VERIFIED` there.

    Args:
        x: the generated clip.
        y: the reference.

    Returns:
        `Geometry`.

    Raises:
        JaxevalError: the shapes differ, and neither clip's picture was found in the other's.
    """
    plain = Geometry(Placement.between(y.still.frame, x.still.frame))
    alike = same_shape(x.size, y.size)
    if alike and not _bars_differ(x, y):
        return plain
    found = register(x.still, y.still, [(a, b) for a in x.boxes for b in y.boxes])
    if found.agreement < VERIFIED and not alike:
        raise _unregistered(x, y, found)
    moved = found.agreement >= VERIFIED and not _lies(found.placement, y.still.frame, x.still.frame, x, _MOVED)
    if alike and not (moved and _bars(found, x, y)):
        return replace(plain, flags=tuple(_painted(x, y)))
    return _flagged(found, plain, x, y)


def _bars_differ(x: Scan, y: Scan) -> bool:
    shares = [clip.still.content / np.tile(clip.size, 2) for clip in (x, y)]
    return bool(np.abs(shares[0] - shares[1]).max() > _MOVED)


def _lies(placement: Placement, box: np.ndarray, on: np.ndarray, x: Scan, share: float) -> bool:
    """Whether a box of the reference lies on another one of the generated clip, to a share of its frame."""
    return bool((np.abs(placement.boxes(box) - on) <= share * np.tile(x.size, 2)).all())


def _unregistered(x: Scan, y: Scan, found: Registered) -> JaxevalError:
    return JaxevalError(
        f"{x.video.path}: expected the reference's aspect ratio ({size_text(y.size)}) or a crop of its picture, found "
        f"{size_text(x.size)} and no matching section (agreement {max(found.agreement, 0):.2f}, needed {VERIFIED}); "
        "crop both clips to the same section."
    )


def _flagged(found: Registered, plain: Geometry, x: Scan, y: Scan) -> Geometry:
    pairs = (y.still.frame, x.still.frame), (y.still.content, x.still.content)
    if all(_lies(found.placement, a, b, x, _SQUASHED) for a, b in pairs):
        return replace(plain, flags=tuple(_squash(plain.placement)))
    flags = [*_bars(found, x, y), *_squash(found.placement), *_sections(found, x, y)]
    whole = area(found.section) > 0.9999 * area(y.still.frame)
    return Geometry(found.placement, None if whole else found.section, tuple(flags))


def _bars(found: Registered, x: Scan, y: Scan) -> list[str]:
    """Bars that one clip has, where the other shows a picture or nothing."""
    flags = []
    of_y, of_x = found.placement.boxes(y.still.content), found.placement.boxes_back(x.still.content)
    for role, clip, other in (("generated", x, of_y), ("reference", y, of_x)):
        widths = np.abs(clip.still.content - clip.still.frame)
        if (widths > _MOVED * np.tile(clip.size, 2)).any() and _inside(other, clip.still.content, clip.size):
            named = zip(widths, ("left", "above", "right", "below"), strict=True)
            sides = ", ".join(f"{width:.0f} pixels {side}" for width, side in named if width)
            flags.append(f"bars: the {role} clip has bars ({sides}); excluded from all scores")
    return flags


def _inside(box: np.ndarray, content: np.ndarray, size: tuple[int, int]) -> bool:
    """Whether the other clip's picture ends (to 2 %) where the bars begin, or before."""
    slack = _MOVED * np.tile(size, 2)
    return bool((box[:2] >= content[:2] - slack[:2]).all() and (box[2:] <= content[2:] + slack[2:]).all())


def _painted(x: Scan, y: Scan) -> list[str]:
    """Bars of one clip where the other shows a picture in the same place: an error that scores see."""
    flags = []
    for role, clip, other in (("generated", x, y), ("reference", y, x)):
        strips = _outside(clip.still.content / np.tile(clip.size, 2), other)
        if any(np.ptp(strip) >= _PICTURE for strip in strips):
            flags.append(f"bars: the {role} clip has bars where the other clip shows a picture; scored as they are")
    return flags


def _outside(content: np.ndarray, clip: Scan) -> list[np.ndarray]:
    """The strips of a clip's mean picture outside a box that is given in shares of the frame."""
    left, top, right, bottom = (content * np.tile(clip.size, 2)).round().astype(int)
    width, height = clip.size
    across = (left, np.s_[:, :left]), (width - right, np.s_[:, right:])
    down = (top, np.s_[:top]), (height - bottom, np.s_[bottom:])
    sides = [(wide / width, part) for wide, part in across] + [(high / height, part) for high, part in down]
    return [clip.still.picture[part] for share, part in sides if share > _MOVED]


def _squash(placement: Placement) -> list[str]:
    squash = placement.squash
    if abs(np.log(squash)) <= _SQUASHED:
        return []
    how = f"{squash:.2f} times as wide" if squash < 1 else f"{1 / squash:.2f} times as high"
    return [f"squashed: the generated picture is {how} as it should be; corrected before scoring"]


def _sections(found: Registered, x: Scan, y: Scan) -> list[str]:
    """What of either clip is compared, where it isn't all that it shows."""
    parts = {
        "reference": (found.section, y.still.content),
        "generated clip": (found.placement.boxes(found.section), x.still.content),
    }
    cut = {role: boxes for role, boxes in parts.items() if area(boxes[0]) < (1 - _SQUASHED) * area(boxes[1])}
    said = [f"{_percent(*boxes)} of the {role}" for role, boxes in cut.items()]
    if not said:
        return []
    zoom = f"the generated picture is {found.placement.zoom:.2f} times as large as the reference's"
    return [f"section: the clips show different sections; scored on the common part, {' and '.join(said)}; {zoom}"]


def _percent(box: np.ndarray, of: np.ndarray) -> str:
    left, top, right, bottom = 100 * (box - np.tile(of[:2], 2)) / np.tile(of[2:] - of[:2], 2)
    return f"x {left:.0f}–{right:.0f} %, y {top:.0f}–{bottom:.0f} %"


def face_flags(face: np.ndarray, reference: np.ndarray) -> list[str]:
    """A flag for a face of another size in clips of one shape, where it is left as it is.

    Args:
        face: `[4]` the generated clip's, in pixels of the reference.
        reference: `[4]` the reference's.
    """
    zoom = float(np.sqrt(area(face) / area(reference)))
    if 1 / _ENLARGED <= zoom <= _ENLARGED:
        return []
    text = f"the generated clip's face is {zoom:.2f} times as large as the reference's"
    return [f"zoomed: {text}, which affects image scores, lmd and pose"]


def size_text(size: tuple[int, int]) -> str:
    """Width and height as one word.

    Example:
        >>> size_text((640, 360))
        '640x360'
    """
    return f"{size[0]}x{size[1]}"
