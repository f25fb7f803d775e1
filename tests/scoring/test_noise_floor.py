"""The noise floor: references against themselves, coded once more."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jaxeval.cli.main import main
from jaxeval.demo.clips import talking_face
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.metrics.image import psnr
from jaxeval.scoring.noise_floor import code_again, floor_pairs
from jaxeval.scoring.pairing import Pair


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    frames, speech = talking_face()
    for side, shift in (("gen", 3), ("ref", 0)):
        (folder / side).mkdir()
        for name, first in (("a", 0), ("b", 30)):
            shown = frames[first : first + 36 + shift][-36:]
            write_video(folder / side / f"{name}.mp4", shown, 25, crf=5, audio=speech[:23040])
    return folder


def score(out, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["score", *map(str, arguments), "--out", str(out)])
    return stopped.value.code, json.loads((out / "scores.json").read_text())


def test_each_reference_once_and_only_videos(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("r.mp4", "s.npz", "q.mkv"):
        (tmp_path / name).touch()
    pairs = [
        Pair("one", Path("m1.mp4"), Path("r.mp4")),
        Pair("two", Path("m2.mp4"), Path("r.mp4")),
        Pair("lost", Path("l.mp4"), Path("lost.mp4")),
        Pair("alone", Path("a.mp4"), None),
        Pair("array", Path("t.npz"), Path("s.npz")),
        Pair("three", Path("m3.mp4"), Path("q.mkv"), Path("q.wav")),
    ]
    found = floor_pairs(pairs, Path("f"), 9)
    assert [(pair.id, pair.reference, pair.audio) for pair in found] == [
        ("floor/r", Path("r.mp4"), None),
        ("floor/q", Path("q.mkv"), Path("q.wav")),
    ]
    assert floor_pairs(pairs, Path("f"), 1) == found[:1]
    assert floor_pairs(pairs, Path("f"), 0) == []


def test_it_is_the_reference_with_a_codecs_noise(clips, tmp_path):
    (pair,) = floor_pairs([Pair("a", clips / "gen" / "a.mp4", clips / "ref" / "a.mp4")], tmp_path / "floor", 1)
    code_again(pair, 25.0)
    again, original = (np.concatenate(list(Video(path, 25).chunks(25))) for path in (pair.generated, pair.reference))
    assert again.shape == original.shape
    assert 35 < float(psnr(again / np.float32(255), original / np.float32(255)).mean()) < 50
    first = pair.generated.read_bytes()
    pair.generated.unlink()
    code_again(pair, 25.0)
    assert pair.generated.read_bytes() == first, "or no run could go on where it was"


def test_an_odd_size_stays(clips, tmp_path):
    """Or the whole picture would be resampled, which is no codec's noise."""
    frames = np.concatenate(list(Video(clips / "ref" / "a.mp4", 25).chunks(25)))[:3, :255, :253]
    write_video(tmp_path / "odd.mp4", frames, 25, crf=1, keep_size=True)
    (pair,) = floor_pairs([Pair("a", tmp_path / "odd.mp4", tmp_path / "odd.mp4")], tmp_path / "floor", 1)
    code_again(pair, 25.0)
    again = np.concatenate(list(Video(pair.generated, 25).chunks(25)))
    assert again.shape == frames.shape
    assert float(psnr(again / np.float32(255), frames / np.float32(255)).mean()) > 35


def test_another_file_of_that_name_is_coded_anew(clips, tmp_path):
    (tmp_path / "r.mp4").write_bytes((clips / "ref" / "a.mp4").read_bytes())
    (first,) = floor_pairs([Pair("a", tmp_path / "r.mp4", tmp_path / "r.mp4")], tmp_path / "floor", 1)
    (tmp_path / "r.mp4").write_bytes((clips / "ref" / "b.mp4").read_bytes())
    (second,) = floor_pairs([Pair("a", tmp_path / "r.mp4", tmp_path / "r.mp4")], tmp_path / "floor", 1)
    assert first.generated != second.generated


def test_a_row_of_its_own(clips, tmp_path, capsys):
    code, document = score(tmp_path, clips / "gen", clips / "ref")
    assert code == 0
    floor = document["floor"]
    assert [clip["id"] for clip in floor["clips"]] == ["floor/a"]
    assert [clip["id"] for clip in document["clips"]] == ["a", "b"]
    assert 0.001 < floor["summary"]["lpips"]["mean"] < 0.03, "CRF 18 is nearly invisible, and not nothing"
    assert floor["summary"]["lpips_div"]["n"] == 1
    assert abs(floor["clips"][0]["scores"]["lag_ms"]) < 4
    assert "lip_sync" not in floor["clips"][0]["missing"], "the coded clip has no sound, but its reference has"
    assert "noise floor" in capsys.readouterr().out
    assert "noise floor" in (tmp_path / "report.html").read_text("utf-8")
    _, without = score(tmp_path, clips / "gen", clips / "ref", "--noise-floor", "0")
    assert without["floor"] == {"crf": 18, "clips": [], "summary": {}}
    assert without["summary"] == document["summary"]
    assert "2 of 2 clips were already scored by an earlier run" in capsys.readouterr().out


def test_a_floor_that_can_not_be_is_told_and_costs_nothing_else(clips, tmp_path, capsys):
    (tmp_path / "floor").write_text("in the way")
    code, document = score(tmp_path, clips / "gen" / "a.mp4", clips / "ref" / "a.mp4")
    assert code == 0
    assert document["clips"][0]["status"] == "ok"
    (row,) = document["floor"]["clips"]
    assert row["status"] == "failed"
    assert "expected a folder to write to" in row["reason"]
    assert "2 of 2  floor/a  failed: " in capsys.readouterr().out


def test_a_negative_count(clips, tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["score", str(clips / "gen"), str(clips / "ref"), "--noise-floor", "-1", "--out", str(tmp_path)])
    assert stopped.value.code == 2
    assert "--noise-floor: expected at least 0, found -1" in capsys.readouterr().err


def test_ids_are_printable(tmp_path):
    pair = Pair("x", Path("x.mp4"), tmp_path / "bad\udcff.mp4")
    pair.reference.touch()
    (found,) = floor_pairs([replace(pair)], Path("f"), 1)
    found.id.encode()


def test_another_rate_is_another_clip(tmp_path):
    pairs = [Pair("a", Path("g/a.mp4"), tmp_path / "a.mp4")]
    pairs[0].reference.touch()
    (one,), (other,) = (floor_pairs(pairs, Path("f"), 1, fps) for fps in (25.0, 30.0))
    assert one.generated != other.generated
