"""Which clips of a dataset are taken: named rules that give the same clips on every machine."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from jaxeval.benchmark.layouts import Source


@dataclass(frozen=True)
class Rule:
    """A choice among a dataset's clips.

    Attributes:
        clips: how many at most; None for all.
        per_identity: how many at least of each person; persons with fewer are left out.
        identities: how many persons at most; None for as many as `clips` needs.
        by_style: whether the first words of the clips' styles, such as speech and song, get equal shares.
        shortest: seconds; shorter clips are left out.
        longest: seconds; of longer clips the beginning is taken; None for no limit.
    """

    clips: int | None = None
    per_identity: int = 1
    identities: int | None = None
    by_style: bool = False
    shortest: float = 0.0
    longest: float | None = None


RULES: Mapping[str, Rule] = {
    "all": Rule(),
    "paper": (_PAPER := Rule(clips=100, per_identity=2, shortest=4.0, longest=10.0)),
    "paper-mead": replace(_PAPER, identities=47),
    "paper-ravdess": replace(_PAPER, by_style=True),
}
"""The selections of arXiv 2606.01031, as far as it states them: 100 videos of HDTF, VoxCeleb2 and CelebV-HQ with at
least two a person, 100 of 47 persons of MEAD, and 100 of RAVDESS, speech and song; trimmed to 4–10 s. Which ones isn't
published."""


def chosen(
    clips: Sequence[Source], rule: Rule, seed: int = 0, fits: Callable[[Source], bool] = lambda clip: True
) -> list[Source]:
    """The clips that a rule takes.

    Persons and clips are ordered by the SHA-256 of seed and name, so that the choice depends neither on the machine nor
    on the order of the files, and changes little when files are added. From one person after the other
    `per_identity` clips are taken, and then one more of each in turn, until there are enough.

    Args:
        clips: of the dataset. A clip whose person isn't known is a person of its own.
        rule: the rule.
        seed: of the order.
        fits: whether a clip may be taken, as by its length; asked once a clip, and of no more clips than needed.

    Returns:
        Those taken, by their ids; fewer than the rule allows if there are no more.

    Example:
        >>> clips = [Source(f"{who}{k}", None, identity=who) for who in "abc" for k in range(3)]
        >>> people = [clip.identity for clip in chosen(clips, Rule(clips=4, per_identity=2))]
        >>> len(people), len(set(people))
        (4, 2)
    """
    if rule.by_style:
        return _by_style(clips, rule, seed, fits)
    people: dict[str, list[Source]] = {}
    for clip in sorted(clips, key=lambda clip: _place(seed, clip.id)):
        people.setdefault(clip.identity or clip.id, []).append(clip)
    least = rule.per_identity if rule.clips is not None else 1
    order = sorted((name for name in people if len(people[name]) >= least), key=lambda name: _place(seed, name))
    taken = islice(_in_turn((filter(fits, people[name]) for name in order), least, rule.identities), rule.clips)
    return sorted(taken, key=lambda clip: clip.id)


def _in_turn(people: Iterable[Iterator[Source]], least: int, most: int | None) -> Iterator[Source]:
    """`least` clips of each person who has them, of so many persons at most; then one more of each in turn."""
    left: list[Iterator[Source]] = []
    for own in people:
        if len(first := list(islice(own, least))) == least:
            yield from first
            left.append(own)
        if len(left) == most:
            break
    while left:
        for own in [*left]:
            if (clip := next(own, None)) is None:
                left.remove(own)
            else:
                yield clip


def _by_style(clips: Sequence[Source], rule: Rule, seed: int, fits: Callable[[Source], bool]) -> list[Source]:
    styles: dict[str, list[Source]] = {}
    for clip in clips:
        styles.setdefault(clip.style.partition(" ")[0], []).append(clip)
    shares = [len(range(k, rule.clips or 0, len(styles))) for k in range(len(styles))]
    taken = []
    for share, style in zip(shares, sorted(styles), strict=True):
        own = replace(rule, clips=None if rule.clips is None else share, by_style=False)
        taken += chosen(styles[style], own, seed, fits)
    return sorted(taken, key=lambda clip: clip.id)


def _place(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed} {name}".encode()).digest()
