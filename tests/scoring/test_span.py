"""A part of a reference: it scores as if the part had been cut into a file of its own."""

import wave
from fractions import Fraction

import av
import numpy as np
import pytest

import jaxeval
from jaxeval.api import _by_reference
from jaxeval.demo.clips import talking_face
from jaxeval.errors import JaxevalError
from jaxeval.media.held import HeldVideo
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.noise_floor import code_again, floor_pairs
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.sound import SAMPLE_RATE, sound_of

from .runs import a_run, no_networks
from .test_sound import clip, muxed

START, END = 0.4, 2.4


def lossless(path, frames, samples, fps=25):
    """FFV1 in RGB, and 16-bit PCM at 16 kHz."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("ffv1", rate=fps)
        video.height, video.width, video.pix_fmt = *frames.shape[1:3], "bgr0"
        audio = output.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        for k, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, fps)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        for start in range(0, len(samples), 1600):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + 1600], format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), start
            output.mux(audio.encode(frame))
        output.mux(audio.encode(None))
    return path


def noise(seconds, seed=0):
    return np.random.default_rng(seed).integers(-9000, 9000, round(seconds * SAMPLE_RATE)).astype(np.int16)


def counted(count, side=32):
    """Frames that show their own number in grey."""
    return np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, side, side, 3)).copy()


def numbers(video):
    return np.concatenate(list(video.chunks(7)))[:, 0, 0, 0].tolist()


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """The demo's reference of 3 s, its part from 0.4 to 2.4 s as a file of its own, and a clip of that part."""
    folder, (frames, speech) = tmp_path_factory.mktemp("clips"), talking_face()
    samples = np.rint(speech * 32767).astype(np.int16)
    first, last = round(START * 25), round(END * 25)
    lossless(folder / "long.mkv", frames, samples)
    lossless(folder / "cut.mkv", frames[first:last], samples[round(START * SAMPLE_RATE) : round(END * SAMPLE_RATE)])
    write_video(folder / "x.mp4", np.roll(frames[first:last], 2, axis=0), 25, crf=10)
    for name, part in (("long", samples), ("cut", samples[round(START * SAMPLE_RATE) : round(END * SAMPLE_RATE)])):
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
            file.writeframes(part.tobytes())
    return folder


@pytest.mark.parametrize(
    ("audio", "scores"),
    [
        pytest.param(None, ["l1", "lip_sync"], id="own sound"),
        pytest.param(True, ["l1", "lip_sync"], id="given sound"),
        pytest.param(None, None, id="all", marks=pytest.mark.slow),
    ],
)
def test_a_part_scores_as_if_it_were_cut_beforehand(clips, audio, scores):
    part = Pair("a", clips / "x.mp4", clips / "long.mkv", audio and clips / "long.wav", span=(START, END))
    alone = Pair("a", clips / "x.mp4", clips / "cut.mkv", audio and clips / "cut.wav")
    (found,), (expected,) = (jaxeval.score([pair], scores=scores).clips for pair in (part, alone))
    assert found.status == expected.status == "ok"
    assert found.frames == expected.frames == (50, 50)
    assert set(scores or ()) <= found.scores.keys()
    assert found.scores == expected.scores
    assert found.missing == expected.missing
    assert found.flags == expected.flags


@pytest.mark.slow
def test_two_parts_of_one_reference_in_turn(clips, monkeypatch):
    """What is kept of the one is never taken for the other, nor for the whole."""
    spans = [(START, END), (0, 2.0), None, (START, END)]
    pairs = [Pair(f"{k}", clips / "x.mp4", clips / "long.mkv", span=span) for k, span in enumerate(spans)]
    assert _by_reference(pairs) == [0, 3, 1, 2]
    first, second, third, again = (clip.scores["l1"] for clip in jaxeval.score(pairs, scores=["l1"]).clips)
    assert first == again
    assert len({first, second, third}) == 3


def test_frames_of_a_part(tmp_path):
    path = lossless(tmp_path / "a.mkv", counted(50), noise(2))
    assert numbers(Video(path, 25, (0.4, 1.2))) == list(range(10, 30))
    assert numbers(Video(path, 25, (1.6, None))) == list(range(40, 50))
    assert numbers(Video(path, 25, (0.0, 9.0))) == list(range(50))
    video = HeldVideo(path, 25, span=(0.4, 1.2))
    assert video.hold()
    assert numbers(video) == list(range(10, 30))
    info = video.info
    assert (info.frames, info.left_out, info.repeated, info.damage) == (20, 0, 0, None)
    assert (info.start_s, info.duration_s, info.remarks) == (0.4, 0.8, {})


def test_the_grid_of_a_part_begins_with_it(tmp_path):
    """At 50 frames a second in and 20 out, from 0.5 s on: frames 25, 27.5 (the earlier), 30, …"""
    path = lossless(tmp_path / "a.mkv", counted(100), noise(2), fps=50)
    assert numbers(Video(path, 20, (0.5, 1.0))) == [25, 27, 30, 32, 35, 37, 40, 42, 45, 47]
    assert numbers(Video(path, 100, (0.5, 0.55))) == [25, 25, 26, 26, 27]


def test_a_part_of_a_slow_video_holds_no_frame_too_many(tmp_path):
    path = lossless(tmp_path / "a.mkv", counted(6), noise(6), fps=1)
    assert numbers(Video(path, 4, (1.0, 3.5))) == [1, 1, 1, 2, 2, 2, 2, 3, 3, 3]


def test_nothing_after_a_part_is_decoded(tmp_path, monkeypatch):
    seen = []
    path = lossless(tmp_path / "a.mkv", counted(200), noise(8))
    video = Video(path, 25, (0.0, 0.4))
    monkeypatch.setattr("jaxeval.media.video.Seen.add", lambda self, picture: seen.append(picture))
    with pytest.raises(JaxevalError):  # for nothing was counted
        _ = video.info
    assert len(seen) == 10


def test_a_part_that_the_file_does_not_reach(tmp_path):
    path = lossless(tmp_path / "a.mkv", counted(50), noise(2))
    with pytest.raises(JaxevalError, match=r"expected a video of more than 3 s, found one of 2\.00 s\. Correct"):
        list(Video(path, 25, (3.0, None)).chunks(9))
    told = Video(path, 25, (1.0, 3.0)).info.remarks
    assert told == {"part": "asked for 1–3 s, but the file ends at 2.00 s"}


@pytest.mark.parametrize("span", [(-1, 2), (2, 2), (3, 1), (float("nan"), 1), (0, float("nan")), (1, float("inf"))])
def test_no_such_part(span):
    with pytest.raises(JaxevalError, match="a: expected a part that begins at 0 s or later and ends after it begins"):
        Pair("a", "a.mp4", "b.mp4", span=span)


@pytest.mark.parametrize(("sound_starts", "picture_starts"), [(0.0, 0.0), (0.08, 0.0), (0.0, 0.48)])
def test_the_sound_of_a_part_to_the_sample(tmp_path, sound_starts, picture_starts):
    """Sample n of the file's sound has the level n / 160000, so the first one tells where it was cut."""
    path = muxed(tmp_path, sound_starts=sound_starts, picture_starts=picture_starts, sound_s=3)
    whole, part = clip(path), clip(path)
    part.video = Video(path, 25, (0.4, 1.3))
    expected = sound_of(None, [whole]).samples[round(0.4 * SAMPLE_RATE) : round(1.3 * SAMPLE_RATE)]
    found = sound_of(None, [part])
    assert found.flags == ()
    np.testing.assert_array_equal(found.samples, expected)


def test_a_sound_that_does_not_reach_a_part(tmp_path):
    path = muxed(tmp_path, sound_s=0.5)
    part = clip(path)
    part.video = Video(path, 25, (1.0, 2.0))
    assert sound_of(None, [part]).reason == f"{path}: expected sound in 1–2 s, found none. " + (
        "Correct the part, or give another sound."
    )


def test_a_record_is_that_of_its_part(tmp_path, monkeypatch):
    no_networks(monkeypatch)
    rows = np.random.default_rng(0).standard_normal((50, 3))
    for name, part in (("x", rows[10:30] + 0.1), ("long", rows), ("cut", rows[10:30])):
        np.savez(tmp_path / f"{name}.npz", motion=part, fps=25.0)
    run, pair = a_run(tmp_path / "out"), Pair("a", tmp_path / "x.npz", tmp_path / "long.npz", span=(0.4, 1.2))
    (record, fresh), (_, again) = run.record(pair), run.record(pair)
    assert (record.status, record.frames, fresh, again) == ("ok", (20, 20), True, False)
    assert record.scores == run.record(Pair("b", pair.generated, tmp_path / "cut.npz"))[0].scores
    other, fresh = run.record(Pair("a", pair.generated, pair.reference, span=(0.0, 1.2)))
    assert fresh
    assert other.scores != record.scores
    failed, _ = run.record(Pair("a", pair.generated, pair.reference, span=(3.0, None)))
    assert failed.reason.endswith("long.npz: expected trajectories of more than 3 s, found 2.00 s. " + (
        "Correct the part's start."
    ))  # fmt: skip


def test_the_noise_floor_is_that_of_the_part(tmp_path):
    path = lossless(tmp_path / "a.mkv", counted(50, 64), noise(2))
    pairs = [Pair(f"{k}", path, path, span=span) for k, span in enumerate([(0.4, 1.2), (0, None), (0.4, 1.2)])]
    first, second = floor_pairs(pairs, tmp_path / "floor", 9)
    assert (first.id, first.span, second.id, second.span) == ("floor/0", (0.4, 1.2), "floor/1", (0.0, None))
    assert first.generated != second.generated
    code_again(first, JAXEVAL_V1.fps)
    assert Video(first.generated, 25).info.frames == 20
