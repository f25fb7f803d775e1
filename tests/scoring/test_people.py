"""Which face is scored, and what is said of it: places and identities that are made up."""

from types import SimpleNamespace

import numpy as np
import pytest

from jaxeval.errors import JaxevalError
from jaxeval.media.link import Linked
from jaxeval.scoring.people import (
    Chosen,
    alone_flags,
    check_face,
    choose,
    distances,
    like_portrait,
    main_face,
    other_person,
    people_flags,
    reunited,
)
from jaxeval.scoring.scan import Scan

ENCODER, LIMIT = "dlib_resnet", 0.6
RNG = np.random.default_rng(0)
ANNA, BERT = (0.5 * row / np.linalg.norm(row) for row in RNG.normal(size=(2, 128)))  # about 0.7 apart


def box(x, y=100, size=60):
    return np.array([x - size / 2, y - size / 2, x + size / 2, y + size / 2])


def linked(x, size=60, times=range(40)):
    one = Linked(40)
    for time in times:
        one.add(time, box(x, size=size), np.zeros((2, 2)), 0.9)
    return one


def clip(*faces):
    return Scan(SimpleNamespace(width=400, height=200, path="clip.mp4"), list(faces), None)


LEFT, RIGHT = box(100), box(300)


@pytest.mark.parametrize("boxes", [[LEFT, RIGHT], [RIGHT, LEFT]])
@pytest.mark.parametrize("of", [LEFT, RIGHT])
def test_place_decides_whoever_is_larger(of, boxes):
    jitter = [b + np.array([3, -2, 5, 1]) for b in boxes]
    found = choose(of, jitter)
    assert np.array_equal(boxes[found.index], of)
    assert (found.by, found.open, found.other) == ("place", False, False)


def test_size_tells_a_poster_behind_somebody_from_the_person():
    assert choose(box(100, size=60), [box(110, size=30), box(120, size=58)]).index == 1


def test_identity_decides_where_place_does_not():
    apart = np.array([[0.8, 0.2]])
    found = choose(box(200), [box(190), box(212)], apart, limit=LIMIT)
    assert (found.index, found.by, found.open, found.other) == (1, "identity", False, False)


@pytest.mark.parametrize("identity", [None, np.array([[0.5, 0.48]])])
def test_a_choice_that_nothing_settles_is_said_to_be_open(identity):
    found = choose(box(200), [box(212), box(190)], identity, limit=LIMIT)
    assert (found.index, found.by, found.open) == (1, "place", True)


def test_swapped_people_are_compared_by_place_and_that_is_said():
    apart = np.array([[0.8, 0.1], [0.1, 0.8]])  # the reference's left person stands to the right
    found = choose(LEFT, [LEFT, RIGHT], apart, 0, limit=LIMIT)
    assert (found.index, found.by, found.other) == (0, "place", True)


def test_one_face_that_is_the_references_other_person():
    found = choose(LEFT, [RIGHT], np.array([[0.8], [0.1]]), 0, limit=LIMIT)
    assert found.other
    assert found.apart == pytest.approx(200 / 60, abs=1e-3)


@pytest.mark.parametrize(
    ("x", "y", "chosen", "expected"),
    [
        ([linked(100)], [linked(110)], Chosen(0), []),
        ([], [linked(110), linked(300)], Chosen(0), []),
        (
            [linked(300), linked(100)],
            [linked(110), linked(300)],
            Chosen(1),
            [
                "several faces: reference: 2 people, scored: the left one (centre at x = 28 %), "
                "the largest and steadiest; "
                "generated: 2 people, scored: the left one (centre at x = 25 %), by place"
            ],
        ),
        (
            [linked(200), linked(100), linked(300)],
            [linked(200)],
            Chosen(0, "identity"),
            [
                "several faces: reference: 1 person (centre at x = 50 %); generated: 3 people, scored: "
                "number 2 from the left (centre at x = 50 %), by identity"
            ],
        ),
    ],
)
def test_several_faces_are_named(x, y, chosen, expected):
    assert people_flags(clip(*x), clip(*y), 0, chosen) == expected


@pytest.mark.parametrize(
    ("chosen", "words"),
    [(Chosen(0, open=True), "a guess"), (Chosen(0, other=True), "swapped"), (Chosen(0, apart=1.2), "no face where")],
)
def test_doubts_are_named(chosen, words):
    flags = people_flags(clip(linked(100), linked(300)), clip(linked(110)), 0, chosen)
    assert len(flags) == 2
    assert words in flags[1]
    assert flags[1].startswith("several faces: ")


def test_one_person_lost_in_between_is_one_face_and_two_people_are_two():
    early, late = linked(100, times=range(15)), linked(300, times=range(18, 40))
    both, known = reunited(clip(late, early), [ANNA, ANNA + 0.01], ENCODER)
    assert [face.times for face in both.faces] == [[*range(15), *range(18, 40)]]
    assert len(known) == 1
    assert len(reunited(clip(late, early), [ANNA, BERT], ENCODER)[0].faces) == 2
    twins = clip(linked(100), linked(300))
    assert len(reunited(twins, [ANNA, ANNA], ENCODER)[0].faces) == 2
    assert reunited(twins, None, ENCODER) == (twins, None)


def test_distances_are_those_of_the_encoder():
    np.testing.assert_allclose(distances(ANNA, [BERT], ENCODER), [np.linalg.norm(ANNA - BERT)])
    np.testing.assert_allclose(
        distances(3 * ANNA, [7 * BERT], "arcface_r50"), [np.linalg.norm(ANNA - BERT) / 0.5], rtol=1e-6
    )


def embeddings(*runs):
    rows = np.concatenate([np.tile(who, (count, 1)) for who, count in runs])
    return rows + 0.01 * np.random.default_rng(1).normal(size=rows.shape)


@pytest.mark.parametrize(
    ("runs", "stretches"),
    [
        ([(ANNA, 60)], []),
        ([(ANNA, 40), (BERT, 20)], [(40, 60)]),
        ([(ANNA, 20), (BERT, 12), (ANNA, 20), (BERT, 15)], [(20, 32), (52, 67)]),
        ([(ANNA, 40), (BERT, 4), (ANNA, 20)], []),  # too short to be sure
    ],
)
def test_a_change_of_person_is_found_to_the_frame(runs, stretches):
    rows = embeddings(*runs)
    found = other_person(rows, ENCODER, np.ones(len(rows), bool), 10)
    assert len(found) == len(stretches)
    assert np.abs(np.array(found, int) - np.array(stretches, int)).max(initial=0) <= 2


def test_blur_that_resembles_nobody_is_nobody_else():
    rows = embeddings((ANNA, 60))
    rows[20:40] += 0.08 * np.random.default_rng(2).normal(size=(20, 128))
    assert other_person(rows, ENCODER, np.ones(60, bool), 10) == []


def test_where_the_mesh_sees_no_face_nobody_is():
    rows, sure = embeddings((ANNA, 40), (BERT, 20)), np.ones(60, bool)
    sure[40:] = False
    assert other_person(rows, ENCODER, sure, 10) == []


CROWD = clip(linked(200, size=60), linked(300, size=50), linked(100, size=80, times=range(20)))
"""The first one has the largest weight, the last one is the largest."""


@pytest.mark.parametrize(
    ("face", "expected"), [(None, 0), ("left", 2), ("right", 1), ("largest", 2), ("1", 2), ("2", 0), ("3", 1)]
)
def test_the_face_that_is_asked_for(face, expected):
    assert main_face(CROWD, face) == expected


def test_faces_outside_the_common_section_do_not_count():
    section = np.array([150.0, 0, 400, 200])
    assert [main_face(CROWD, face, section) for face in (None, "left", "largest", "2")] == [0, 0, 0, 1]
    nobody = np.array([0.0, 0, 10, 10])
    assert main_face(CROWD, "left", nobody) == 2
    assert main_face(clip(), "left") == 0


def test_a_face_that_is_not_there():
    with pytest.raises(JaxevalError, match=r"clip\.mp4: expected face 4 from the left, found 3 faces; choose one"):
        main_face(CROWD, "4")


@pytest.mark.parametrize("face", ["top", "0", "-1", "1.5", "", 0, True, 1.5])
def test_what_names_no_face(face):
    with pytest.raises(JaxevalError, match="face: expected left, right, largest or a number from 1 on, found"):
        check_face(face)


def test_a_portrait_chooses_whom_it_clearly_shows():
    assert like_portrait([ANNA, BERT], BERT, 0, ENCODER) == (1, True)
    assert like_portrait([ANNA, BERT], ANNA, 0, ENCODER) == (0, True)
    assert like_portrait([ANNA, BERT], (ANNA + BERT) / 2, 1, ENCODER) == (1, False)
    assert like_portrait([ANNA, BERT], None, 1, ENCODER) == (1, False)
    assert like_portrait(None, ANNA, 1, ENCODER) == (1, False)


def test_a_clip_alone_says_whom_it_shows():
    assert alone_flags("generated", clip(linked(100)), 0, "why") == []
    assert alone_flags("generated", CROWD, 2, "chosen by --face left") == [
        "several faces: generated: 3 people, scored: the left one (centre at x = 25 %), chosen by --face left"
    ]
