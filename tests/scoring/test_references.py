"""Many methods against one reference: it is read and encoded once, and every number is that of a run of its own."""

import numpy as np
import pytest

import jaxeval
from jaxeval.api import _by_reference
from jaxeval.demo.clips import talking_face
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring import ingest, lpips_costs
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.scorer import Scorer

from .watching import counted_calls

METHODS = ("late", "early", "blurred")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, frames = tmp_path_factory.mktemp("clips"), talking_face()[0][:30]
    clips = {"y": frames, "late": np.roll(frames, 3, axis=0), "early": frames[4:], "blurred": frames // 2}
    for name, pictures in clips.items():
        write_video(folder / f"{name}.mp4", pictures, 25, crf=10)
    return folder


@pytest.fixture
def done(monkeypatch):
    """Blocks by the function that looks at them, and passes over files."""
    places = (lpips_costs, "_features"), (ingest, "encode"), (ingest, "_mesh"), (Video, "_images")
    return counted_calls(monkeypatch, *places)


@pytest.mark.slow
def test_the_reference_is_encoded_once_and_numbers_are_those_of_separate_runs(folder, done):
    scorer = Scorer(JAXEVAL_V1)
    first = scorer.score(Pair("late", folder / "late.mp4", folder / "y.mp4"))
    both = dict(done)
    second = scorer.score(Pair("early", folder / "early.mp4", folder / "y.mp4"))
    assert {name: done[name] - both[name] for name in done} == {name: both[name] // 2 for name in done}
    for record, name in ((first, "late"), (second, "early")):
        alone = Scorer(JAXEVAL_V1).score(Pair(name, folder / f"{name}.mp4", folder / "y.mp4"))
        assert alone.scores == record.scores
        np.testing.assert_array_equal(alone.curves["lpips"].alignment, record.curves["lpips"].alignment)


def test_pairs_of_one_reference_are_worked_off_after_each_other(folder):
    pairs = [Pair(f"{m}/{r}", folder / f"{m}.mp4", folder / f"{r}.mp4") for m in METHODS for r in ("y", "late")]
    order = [pairs[number].id for number in _by_reference(pairs)]
    assert order == [f"{m}/{r}" for r in ("y", "late") for m in METHODS]


def test_records_stand_in_the_order_that_was_asked_for(folder):
    pairs = [(folder / f"{m}.mp4", folder / f"{r}.mp4") for m in ("late", "blurred") for r in ("y", "blurred")]
    results = jaxeval.score(pairs, scores=["l1"])
    alone = [jaxeval.score(*pair, scores=["l1"]).clips[0].scores for pair in pairs]
    assert [clip.scores for clip in results.clips] == alone


@pytest.mark.slow
def test_a_reference_that_is_written_anew_is_another_one(folder, tmp_path):
    """The same path, other frames: nothing of the first file may be left."""
    scorer, path = Scorer(JAXEVAL_V1), tmp_path / "y.mp4"
    path.write_bytes((folder / "y.mp4").read_bytes())
    first = scorer.score(Pair("late", folder / "late.mp4", path))
    path.write_bytes((folder / "blurred.mp4").read_bytes())
    second = scorer.score(Pair("late", folder / "late.mp4", path))
    alone = Scorer(JAXEVAL_V1).score(Pair("late", folder / "late.mp4", folder / "blurred.mp4"))
    assert second.scores == alone.scores
    assert first.scores["lpips_div"] != second.scores["lpips_div"]
