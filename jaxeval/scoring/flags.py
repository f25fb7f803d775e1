"""What a reader of a row must know beside its numbers."""

import numpy as np

from jaxeval.media.color import UNTAGGED
from jaxeval.media.video import VideoInfo
from jaxeval.scoring.clip import Clip
from jaxeval.scoring.geometry import size_text

_ANNOUNCED = 0.01
"""Frames per second by which announced rates may differ: 30 and 29.97 do."""
_MEASURED = 0.01
"""Share by which measured rates may differ: more than the last frame's own duration is uncertain by in a second."""
_SAME_SIZE = 0.001
"""Share by which two pictures' scales may differ without being resized."""
_CHANGED = 0.02
"""Share of the frames by which rounding to the protocol's rate may leave out or repeat more in one clip."""

_GUESS = f"players assume bt709, not {UNTAGGED}, at this size"
_COMPOSITED = "composited on black in {} frames, assuming straight alpha"


def flags_of(x: Clip, y: Clip | None) -> tuple[str, ...]:
    """What was amiss with the files, or had to be done to compare them, each "code: text"."""
    flags = [flag for clip in (x, y) if clip for flag in _of_clip(clip)]
    if y is None:
        return (*flags, *_alone(x))
    if x.size != y.size:
        flags += _resized(x, y)
    flags += _transparency(x, y) + _colors(x.video.info, y.video.info) + _rates(x.video.info, y.video.info)
    if x.frames != y.frames:
        flags.append(
            f"lengths: generated {x.frames} frames, reference {y.frames}; frame-wise scores use the first "
            f"{min(x.frames, y.frames)}, aligned scores use all"
        )
    return tuple(flags)


def _of_clip(clip: Clip) -> list[str]:
    flags, role, info = [], clip.role, clip.video.info
    if info.damage:
        flags.append(f"damaged: {role}: {info.damage}")
    flags += [f"{code}: {role}: {text}" for code, text in info.remarks.items()]
    if clip.path is not None and not clip.path.track.found.all():
        found, gap = clip.path.track.found, clip.path.track.longest_gap
        counts = f"{found.sum()} of {len(found)} frames"
        flags.append(f"face gaps: {role}: face found in {counts}, longest gap {gap}")
    if clip.seen.face is not None and not clip.seen.face.sure.all():
        unsure = f"{(~clip.seen.face.sure).sum()} of {clip.frames} frames"
        flags.append(f"face unclear: {role}: mesh unsure in {unsure}; csim, pose and expr are doubtful")
    return flags


def _alone(x: Clip) -> list[str]:
    """What was done to a clip without a reference."""
    info, flags = x.video.info, []
    if info.transparent:
        flags.append(f"transparency: {x.role}: {_COMPOSITED.format(info.transparent)}")
    if info.color.guessed:
        flags.append(f"colour: {x.role}: {info.color.words}; {_GUESS}")
    if _changed(info) > max(_CHANGED, 2 / info.frames):
        rates = f"{_rate(info)}, resampled to {info.fps:.5g} fps (nearest frame)"
        flags.append(f"frame rates: {x.role}: {rates}: {_rounding(info)}")
    return flags


def _resized(x: Clip, y: Clip) -> list[str]:
    """Whole frames to the reference's size, or a section by how much its picture is larger or smaller."""
    frames = np.array([0, 0, *x.size]), x.placement.boxes(np.array([0, 0, *y.size]))
    if np.abs(frames[0] - frames[1]).max() < 1:
        return [f"resized: generated clip from {size_text(x.size)} to the reference's {size_text(y.size)}"]
    if abs(x.placement.zoom - 1) < _SAME_SIZE:
        return []
    return [f"resized: generated clip scaled by {1 / x.placement.zoom:.3f} to match the reference"]


def _transparency(x: Clip, y: Clip) -> list[str]:
    """What lies under transparent pixels isn't scored; what is, may be the other clip's background."""
    clips = [clip for clip in (x, y) if clip.video.info.transparent]
    told = [f"{clip.role}: {_COMPOSITED.format(clip.video.info.transparent)}" for clip in clips]
    if len(told) == 1:
        told.append(f"{(y if clips[0] is x else x).role}: no transparency")
    return [f"transparency: {'; '.join(told)}"] if told else []


def _colors(x: VideoInfo, y: VideoInfo) -> list[str]:
    """Clips that don't name the same colours, or name none where players take others than we."""
    if (x.color.matrix, x.color.taken) != (y.color.matrix, y.color.taken):
        hint = f"; {_GUESS}" if x.color.guessed or y.color.guessed else ""
        return [f"colour: generated: {x.color.words}; reference: {y.color.words}{hint}"]
    if x.color.guessed and y.color.guessed:
        return [f"colour: both clips: {x.color.words}; {_GUESS}"]
    return []


def _rates(x: VideoInfo, y: VideoInfo) -> list[str]:
    """Clips whose frames didn't come at the same rate, so that rounding to the protocol's changed them unlike."""
    announced = abs(x.source_fps - y.source_fps) > _ANNOUNCED
    measured = abs(x.average_fps / y.average_fps - 1) > _MEASURED
    changed = abs(_changed(x) - _changed(y)) > max(_CHANGED, 2 / min(x.frames, y.frames))
    if not (announced or measured or changed):
        return []
    rates = f"generated {_rate(x)}, reference {_rate(y)}, both resampled to {x.fps:.5g} fps (nearest frame)"
    return [f"frame rates: {rates}; generated: {_rounding(x)}; reference: {_rounding(y)}"]


def _changed(info: VideoInfo) -> float:
    return (info.left_out + info.repeated) / info.frames


def _rate(info: VideoInfo) -> str:
    """What a file announces, and what it holds where that is something else."""
    steady = abs(info.average_fps / info.source_fps - 1) <= _MEASURED
    return f"{info.source_fps:.5g} fps" + ("" if steady else f" ({info.average_fps:.5g} on average)")


def _rounding(info: VideoInfo) -> str:
    """What became of a file's frames."""
    counts = ((info.left_out, "dropped"), (info.repeated, "repeated"))
    return ", ".join(f"{count} frames {what}" for count, what in counts if count) or "every frame used once"
