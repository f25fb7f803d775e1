"""The noise floor: what a reference scores against itself once it has been through a codec, as every clip has."""

from collections.abc import Sequence
from pathlib import Path

from jaxeval.files import file_sha256, make_folder
from jaxeval.media.span import Span
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.scoring.folders import id_of
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.trajectory_files import SUFFIX

CRF = 18
"""H.264's constant rate factor that is commonly taken for visually lossless."""

_CHUNK = 25


def floor_pairs(pairs: Sequence[Pair], folder: Path, count: int, fps: float = 25.0) -> list[Pair]:
    """References against themselves, coded once more at CRF 18: what is scored there is codec noise and nothing else.

    Args:
        pairs: of a run.
        folder: where the coded clips will stand; `code_again` writes them.
        count: how many references, the first ones; those that aren't there, or are trajectories, have no floor.
        fps: of the protocol, at which they are coded.

    Returns:
        A pair for each, under "floor/" and the reference's name.

    Example:
        >>> import tempfile
        >>> reference = Path(tempfile.mkdtemp()) / "a.mp4"
        >>> reference.touch()
        >>> pairs = [Pair("a", Path("gen/a.mp4"), reference), Pair("b", Path("gen/b.mp4"), None)]
        >>> [pair.id for pair in floor_pairs(pairs, Path("floor"), 5)]
        ['floor/a']
    """
    first: dict[tuple[Path, Span | None], Pair] = {}
    for pair in pairs:
        reference = pair.reference
        if reference is not None and reference.is_file() and reference.suffix.lower() != SUFFIX:
            first.setdefault((reference, pair.span), pair)
    return [
        Pair(_id(pair), folder / _name(reference, fps, span), reference, pair.audio, span=span)
        for (reference, span), pair in list(first.items())[:count]
    ]


def _id(pair: Pair) -> str:
    """The reference's; the pair's, if it is named after it, for subfolders may hold files of one name, or is a part."""
    assert pair.reference is not None
    name = id_of(pair.reference.name)
    return f"floor/{pair.id if pair.span or pair.id.rpartition('/')[2] == name else name}"


def _name(reference: Path, fps: float, span: Span | None) -> str:
    """Of the coded clip: it says all that the clip is made from."""
    try:
        digest = file_sha256(reference)[:16]
    except OSError:
        digest = "unreadable"
    part = "" if span is None else f"-{span[0]}-{'end' if span[1] is None else span[1]}s"
    return f"crf{CRF}-{fps:g}fps-{digest}{part}.mp4"


def code_again(pair: Pair, fps: float) -> None:
    """Write a floor pair's clip: the reference's frames as they are scored, without sound, which stays the reference's.

    A clip that is there already was made of this very file, for its name holds the reference's digest and the rate; so
    a run that is taken up again loses no time.

    Args:
        pair: from `floor_pairs`.
        fps: of the protocol.

    Raises:
        JaxevalError: the reference can't be read, or the clip can't be written.
    """
    assert pair.reference is not None
    if pair.generated.exists():
        return
    make_folder(pair.generated.parent)
    frames = (frame for chunk in Video(pair.reference, fps, pair.span).chunks(_CHUNK) for frame in chunk)
    write_video(pair.generated, frames, fps, crf=CRF, keep_size=True)
