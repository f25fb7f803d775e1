"""Selections: as many clips and persons as a rule says, the same everywhere."""

import random
from collections import Counter

import pytest

from jaxeval.benchmark.layouts import Source
from jaxeval.benchmark.subsets import RULES, Rule, chosen


def clips(people=60, each=5, style=""):
    return [
        Source(f"{style}p{p:02}/c{c}", None, identity=f"p{p:02}", style=style)
        for p in range(people)
        for c in range(each)
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_files_does_not_matter(seed):
    mixed = clips()
    random.Random(seed).shuffle(mixed)
    assert chosen(mixed, RULES["paper"], 5) == chosen(clips(), RULES["paper"], 5)


def test_seeds_choose_others():
    taken = [{clip.id for clip in chosen(clips(), RULES["paper"], seed)} for seed in range(2)]
    assert taken[0] != taken[1]
    assert all(len(ids) == 100 for ids in taken)


def test_at_least_two_a_person():
    lonely = [Source(f"lonely{k}", None, identity=f"lonely{k}") for k in range(50)]
    counts = Counter(clip.identity for clip in chosen([*clips(), *lonely], RULES["paper"]))
    assert set(counts.values()) == {2}
    assert len(counts) == 50


def test_forty_seven_persons_of_mead():
    counts = Counter(clip.identity for clip in chosen(clips(), RULES["paper-mead"]))
    assert (len(counts), sum(counts.values())) == (47, 100)
    assert set(counts.values()) == {2, 3}


def test_speech_and_song():
    both = [*clips(24, 8, "speech calm"), *clips(24, 8, "song sad")]
    taken = chosen(both, RULES["paper-ravdess"])
    assert Counter(clip.style.split()[0] for clip in taken) == {"speech": 50, "song": 50}


def test_all_and_fewer_than_asked_for():
    assert chosen(clips(3, 2), RULES["all"]) == clips(3, 2)
    assert chosen(clips(3, 2), RULES["paper"]) == clips(3, 2)
    assert chosen([], RULES["paper"]) == chosen([], RULES["paper-ravdess"]) == []


def test_unknown_persons_are_one_each():
    unknown = [Source(f"c{k}", None) for k in range(10)]
    assert len(chosen(unknown, Rule(clips=4))) == 4
    assert chosen(unknown, Rule(clips=4, per_identity=2)) == []


def test_of_clips_that_do_not_fit_others_take_the_place():
    def fits(clip):
        asked.append(clip.id)
        return clip.id[-1] in "024"

    for name in RULES:
        asked = []
        both = [*clips(style="speech calm"), *clips(style="song sad")]
        taken = chosen(both, RULES[name], fits=fits)
        assert taken == chosen([clip for clip in both if clip.id[-1] in "024"], RULES[name])
        assert len(asked) == len(set(asked))
        assert name == "all" or len(asked) < len(both)


def test_few_change_when_clips_are_added():
    before = {clip.id for clip in chosen(clips(60), RULES["paper"])}
    after = {clip.id for clip in chosen(clips(66), RULES["paper"])}
    assert len(before & after) > 70
