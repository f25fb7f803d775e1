"""What a reader of a row must know beside its numbers."""

from jaxeval.scoring.trajectories import Clip


def flags_of(x: Clip, y: Clip) -> tuple[str, ...]:
    """What was amiss with the files, or had to be done to compare them, each "code: text"."""
    flags = []
    for clip in (x, y):
        if clip.video.info.damage:
            flags.append(f"damaged: {clip.role}: {clip.video.info.damage}")
        if clip.path is not None and not clip.path.track.found.all():
            found, gap = clip.path.track.found, clip.path.track.longest_gap
            flags.append(f"face gaps: {clip.role}: a face in {found.sum()} of {len(found)} frames, longest gap {gap}")
        if clip.seen.face is not None and not clip.seen.face.sure.all():
            unsure = f"{(~clip.seen.face.sure).sum()} of {clip.frames} frames"
            flags.append(f"face unclear: {clip.role}: in {unsure} the mesh is unsure; csim, pose and expr are doubtful")
    if x.size != y.size:
        flags.append(f"resized: generated {_by(x.size)} to the reference's {_by(y.size)}")
    if abs(x.video.info.source_fps - y.video.info.source_fps) > 0.01:
        flags.append(
            f"frame rates: generated {x.video.info.source_fps:.3g} fps, reference "
            f"{y.video.info.source_fps:.3g} fps, both brought to {x.video.fps:.3g}"
        )
    if x.frames != y.frames:
        flags.append(
            f"lengths: generated {x.frames} frames, reference {y.frames}: frame-wise scores over the first "
            f"{min(x.frames, y.frames)}, aligned scores over both wholes"
        )
    return tuple(flags)


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
