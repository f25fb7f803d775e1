"""Frames are decoded once while they fit, and again beyond; the next clip is read ahead."""

import numpy as np
import pytest

from jaxeval.errors import JaxevalError
from jaxeval.media.ahead import Ahead
from jaxeval.media.held import CHUNK, HeldVideo
from jaxeval.media.video import Video
from jaxeval.media.write import write_video

FRAMES = np.random.default_rng(0).integers(0, 255, (60, 32, 32, 3), dtype=np.uint8)
SIZE = FRAMES.nbytes


@pytest.fixture
def path(tmp_path):
    write_video(tmp_path / "clip.mp4", FRAMES, 25)
    return tmp_path / "clip.mp4"


@pytest.fixture
def converted(monkeypatch):
    """Frames that were decoded and converted so far."""
    done, original = [], Video._images

    def counted(self):
        for image in original(self):
            done.append(self.path)
            yield image

    monkeypatch.setattr(Video, "_images", counted)
    return done


def frames_of(video, n=CHUNK):
    return np.concatenate(list(video.chunks(n)))


@pytest.mark.parametrize(("budget", "decoded"), [(SIZE, 60), (SIZE - 1, 180), (0, 180)])
def test_three_passes_decode_once_if_the_frames_fit(path, converted, budget, decoded):
    expected = frames_of(Video(path))
    converted.clear()
    video = HeldVideo(path, budget=budget)
    for _ in range(3):
        np.testing.assert_array_equal(frames_of(video), expected)
    assert len(converted) == decoded
    assert video.info == Video(path).info


@pytest.mark.parametrize("n", [1, 7, 24, 26, 100])
def test_other_chunks_are_right_too(path, n):
    video = HeldVideo(path)
    video.hold()
    chunks = list(video.chunks(n))
    assert [len(chunk) for chunk in chunks] == [len(chunk) for chunk in Video(path).chunks(n)]
    np.testing.assert_array_equal(np.concatenate(chunks), frames_of(Video(path)))


def test_a_pass_that_is_given_up_holds_nothing(path, converted):
    video = HeldVideo(path)
    next(video.chunks(CHUNK))
    converted.clear()
    frames_of(video)
    assert len(converted) == 60


def test_what_is_released_is_decoded_again(path, converted):
    video = HeldVideo(path)
    assert video.hold()
    video.release()
    frames_of(video)
    assert len(converted) == 120


def test_a_clip_that_does_not_fit_is_given_up_at_the_budget(path, converted):
    assert not HeldVideo(path, budget=SIZE // 2).hold()
    assert len(converted) < 60


def test_shared_frames_can_not_be_written_to(path):
    video = HeldVideo(path)
    video.hold()
    with pytest.raises(ValueError, match="read-only"):
        next(video.chunks(CHUNK))[0] = 0


def test_a_file_that_was_read_ahead_is_in_memory(path, converted):
    ahead = Ahead(25.0)
    ahead.read([path])
    video = ahead.opened(path)
    assert len(converted) == 60
    frames_of(video)
    assert len(converted) == 60


def test_a_file_that_changed_meanwhile_is_read_anew(path):
    ahead = Ahead(25.0)
    ahead.read([path])
    ahead._read[path, None][1].result()
    write_video(path, FRAMES[:30], 25)
    assert len(frames_of(ahead.opened(path))) == 30


def test_what_is_wrong_with_a_file_is_told_when_it_is_asked_for(tmp_path, path):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    ahead = Ahead(25.0)
    ahead.read([tmp_path / "broken.mp4", tmp_path / "missing.mp4", path])
    assert len(frames_of(ahead.opened(path))) == 60
    for name in ("broken", "missing"):
        with pytest.raises(JaxevalError, match=name):
            ahead.opened(tmp_path / f"{name}.mp4")


def test_what_nobody_asked_for_is_forgotten(path, tmp_path):
    write_video(tmp_path / "other.mp4", FRAMES, 25)
    ahead = Ahead(25.0)
    ahead.read([path])
    ahead.read([tmp_path / "other.mp4"])
    assert [*ahead._read] == [(tmp_path / "other.mp4", None)]
