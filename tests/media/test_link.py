"""Faces linked over time: people who cross, hide and appear late; and which of them count."""

import numpy as np
import pytest

from jaxeval.media.faces import Faces
from jaxeval.media.link import candidates, link
from jaxeval.media.track import track_of


def face(x, y, size, score=0.9):
    box = np.array([x - size / 2, y - size / 2, x + size / 2, y + size / 2])
    eyes = np.array([[x - size / 4, y], [x + size / 4, y]])
    return box, np.concatenate([eyes, np.zeros((4, 2))]), score


def frame(*faces):
    if not faces:
        return Faces(np.zeros((0, 4)), np.zeros((0, 6, 2)), np.zeros(0))
    return Faces(*(np.stack(part) for part in zip(*faces, strict=True)))


def middles(linked):
    return (np.stack(linked.boxes)[:, 0] + np.stack(linked.boxes)[:, 2]) / 2


def crossing(hidden=()):
    """A walks to the right and B to the left, past each other at frame 20; A hides B in some frames."""
    places = [(100 + 6 * k, 340 - 6 * k) for k in range(40)]
    frames = []
    for k, (a, b) in enumerate(places):
        seen = [face(a, 100, 60, 0.95)] + ([] if k in hidden else [face(b, 100, 56, 0.9)])
        frames.append(frame(*(seen if k % 2 else seen[::-1])))
    return frames


@pytest.mark.parametrize("hidden", [(), range(18, 23), range(17, 24)])
def test_people_who_cross_keep_their_tracks(hidden):
    first, second = link(crossing(hidden))[:2]
    np.testing.assert_allclose(middles(first), 100 + 6 * np.array(first.times))
    np.testing.assert_allclose(middles(second), 340 - 6 * np.array(second.times))
    assert len(first.times) == 40
    assert len(second.times) == 40 - len(hidden)


@pytest.mark.parametrize("black", [[10], [10, 11], [5, 20]])
def test_black_frames_break_no_track(black):
    frames = [frame() if k in black else frame(face(100 + 2 * k, 100, 60), face(300, 100, 58)) for k in range(30)]
    assert [len(one.times) for one in link(frames)] == [30 - len(black)] * 2


def test_a_face_that_grows_where_another_one_was_is_not_that_one():
    frames = [frame(face(100, 100, 60), face(150, 100, 30))] * 10 + [frame(face(140, 100, 31))] * 5
    big, small = link(frames)
    assert (len(big.times), len(small.times)) == (10, 15)


def test_the_main_face_is_the_first_and_ties_are_settled_by_order():
    frames = [frame(face(100, 50, 40), face(300, 50, 40))] * 10
    assert middles(link(frames)[0])[0] == 100
    np.testing.assert_allclose(track_of(link(frames)[0]).box, face(100, 50, 40)[0])


@pytest.mark.parametrize(
    ("other", "seen", "counts"),
    [
        (face(300, 100, 58), range(40), True),  # a second speaker
        (face(300, 100, 45), range(25, 40), True),  # who enters late
        (face(300, 100, 35, 0.7), range(40), True),  # a poster
        (face(300, 100, 25), range(40), False),  # somebody far behind
        (face(300, 100, 58), range(5), False),  # somebody who passes by
        (face(300, 100, 58, 0.52), range(40), False),  # a texture
    ],
)
def test_who_counts_beside_the_main_face(other, seen, counts):
    frames = [frame(face(100, 100, 60), *([other] if k in seen else [])) for k in range(40)]
    found = candidates(link(frames))
    assert len(found) == 1 + counts
    assert middles(found[0])[0] == 100


def test_a_person_who_was_lost_in_between_can_be_made_one_again():
    frames = [frame(face(100, 100, 60))] * 10 + [frame(face(300, 100, 50))] * 10
    first, second = link(frames)
    assert first.apart(second)
    whole = second.joined(first)
    assert whole.times == list(range(20))
    assert middles(whole).tolist() == [100] * 10 + [300] * 10
    assert track_of(whole).longest_gap == 0
    both = link([frame(face(100, 100, 60), face(300, 100, 50))] * 10)
    assert not both[0].apart(both[1])
