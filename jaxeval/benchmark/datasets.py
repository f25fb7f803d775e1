"""A dataset's clips: all that its layout or manifest knows, of which its rule takes some and trims the long ones."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from jaxeval.benchmark.layouts import MANIFEST, Source, sources
from jaxeval.benchmark.lengths import seconds_of
from jaxeval.benchmark.plan import Dataset
from jaxeval.benchmark.remote import StoreError, located
from jaxeval.benchmark.source_manifest import read_sources
from jaxeval.benchmark.subsets import chosen
from jaxeval.errors import JaxevalError
from jaxeval.scoring.trajectory_files import SUFFIX

_SHORT, _UNREADABLE = "too short", "unreadable"


@dataclass(frozen=True)
class Taken:
    """What a dataset's rule takes.

    Attributes:
        clips: by their ids.
        asked: how many clips the rule asks for; None for all.
        left_out: id to the reason, of the clips that were passed over on the way.
    """

    clips: list[Source]
    asked: int | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_short(self) -> bool:
        """Whether the rule asks for more clips than there are."""
        return self.asked is not None and len(self.clips) < self.asked

    def words(self) -> str:
        """How many were taken, and how many left out for what reason, in one line.

        Example:
            >>> Taken([], 100, {"a": "too short: 2.1 s, expected 4 s"}).words()
            'took 0 clips of the 100 that the rule asks for; left out 1: 1 too short, such as a (2.1 s, expected 4 s)'
        """
        few = f" of the {self.asked} that the rule asks for" if self.is_short else ""
        told = f"took {len(self.clips)} clip{'s' * (len(self.clips) != 1)}{few}"
        kinds = Counter(reason.partition(":")[0] for reason in self.left_out.values())
        if not kinds:
            return told
        counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        name, reason = min(self.left_out.items())
        return f"{told}; left out {sum(kinds.values())}: {counts}, such as {name} ({reason.partition(': ')[2]})"


def clips_of(dataset: Dataset, folder: Path) -> list[Source]:
    """A dataset's clips after its rule, by their ids; the same ones on every machine.

    Args:
        dataset: the dataset.
        folder: what its root is relative to.

    Raises:
        JaxevalError: its folder or manifest can't be read, or holds no clip.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name in ("RD_Ann1_000.mp4", "RD_Bob1_000.mp4"):
        ...     (folder / name).touch()
        >>> [clip.identity for clip in clips_of(Dataset("radio", ".", "hdtf"), folder)]
        ['RD_Ann1', 'RD_Bob1']
    """
    return taken_of(dataset, folder).clips


def taken_of(dataset: Dataset, folder: Path) -> Taken:
    """The same as `clips_of`, with what was left out.

    How long a clip is, is asked only if the rule limits it, of no more clips than needed, and of their headers alone.

    Args:
        dataset: see `clips_of`.
        folder: see `clips_of`.

    Raises:
        JaxevalError: see `clips_of`.
    """
    root, rule = located(folder, dataset.root), dataset.rule
    known = read_sources(root) if dataset.layout == MANIFEST else sources(root, dataset.layout)
    limits = _Limits(rule.shortest, rule.longest)
    clips = [limits.trimmed(clip) for clip in chosen(known, rule, dataset.seed, limits.fits)]
    return Taken(clips, rule.clips, limits.left_out)


def to_table(clips: Sequence[Source]) -> pl.DataFrame:
    """The table of a dataset's clips: id, video, audio, portrait, identity, style, start and end.

    Args:
        clips: of the dataset.

    Returns:
        A row each; paths and URLs as text, `start` and `end` in seconds, what isn't there null.

    Example:
        >>> to_table([Source("a", Path("a.mp4"), end=10.0)]).row(0)
        ('a', 'a.mp4', None, None, '', '', None, 10.0)
    """
    rows = [[str(cell) if isinstance(cell, Path) else cell for cell in clip] for clip in clips]
    times = ("start", "end")
    schema = {name: pl.Float64 if name in times else pl.String for name in Source._fields}
    return pl.DataFrame(rows, schema=schema, orient="row")


@dataclass
class _Limits:
    """Leaves out short clips and trims long ones; trajectories pass as they are."""

    shortest: float
    longest: float | None
    left_out: dict[str, str] = field(default_factory=dict)
    _lengths: dict[str, float] = field(default_factory=dict)

    def fits(self, clip: Source) -> bool:
        if not self.shortest or _place(clip).endswith(SUFFIX):
            return True
        try:
            length = self._length(clip)
        except StoreError:  # which says nothing of the clip, and must not change what is taken
            raise
        except JaxevalError as error:
            self.left_out[clip.id] = f"{_UNREADABLE}: {error}"
            return False
        if length < self.shortest:
            self.left_out[clip.id] = f"{_SHORT}: {length:.2f} s, expected at least {self.shortest:g} s"
        return length >= self.shortest

    def trimmed(self, clip: Source) -> Source:
        if self.longest is None or _place(clip).endswith(SUFFIX):
            return clip
        try:
            length = self._length(clip)
        except StoreError:
            raise
        except JaxevalError:  # which its scores will say
            return clip
        start = clip.start or 0.0
        return clip._replace(start=start, end=start + self.longest) if length > self.longest else clip

    def _length(self, clip: Source) -> float:
        """Of the part that the clip is, in seconds."""
        if clip.id not in self._lengths:
            place = clip.video or clip.audio
            assert place is not None
            end = seconds_of(place) if clip.end is None else min(seconds_of(place), clip.end)
            self._lengths[clip.id] = end - (clip.start or 0.0)
        return self._lengths[clip.id]


def _place(clip: Source) -> str:
    return str(clip.video or clip.audio).lower()
