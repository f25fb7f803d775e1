"""`jaxeval score` on good and bad files: exit codes, one-line reasons, nothing lost, nothing silent."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.score import aligned_names

from .command import face_frames, only, run, score

IMAGE = ("psnr", "ssim", "l1", "lpips", "lpips_seq", "lpips_div", "lag_ms", "lag_std_ms")
FACE = ("csim", "id_distance", "csim_seq", "csim_div", "pose", "pose_seq", "pose_div", "expr", "expr_seq", "expr_div")

CHEAP = ("--scores", "psnr")
"""Where a test's subject isn't the scores: no network but those that find faces."""

BLINKS = {"blink_rate", "blink_rate_reference"}
LIP_SYNC = {
    "lip_sync",
    "lip_sync_offset_ms",
    "lip_sync_confidence",
    "lip_sync_offset_ms_reference",
    *aligned_names("lip_sync"),
}


def test_two_files_get_every_score(capsys, files, tmp_path):
    document, text = score(capsys, tmp_path, files / "generated.mp4", files / "reference.mp4")
    clip = only(document)
    assert clip["status"] == "ok"
    assert clip["reason"] is None
    assert clip["frames"] == [12, 12]
    assert set(IMAGE + FACE) <= clip["scores"].keys()
    assert set(clip["missing"]) == LIP_SYNC | BLINKS, "no sound, half a second, and nothing else is missing"
    assert document["schema"] == 1
    assert clip["scores"]["lag_ms"] == clip["scores"]["lag_ms_lpips"]
    assert document["summary"]["lpips"] == {
        "mean": clip["scores"]["lpips"],
        "ci95": None,
        "n": 1,
        "of": 1,
    }
    assert "lpips" in text
    assert "scores.json" in text


def test_a_clip_against_itself(capsys, files, tmp_path):
    clip = only(score(capsys, tmp_path, files / "reference.mp4", files / "reference.mp4")[0])
    scores = clip["scores"]
    assert [scores[f"{m}_div"] for m in ("lpips", "csim", "pose", "expr")] == [0, 0, 0, 0]
    assert [scores[m] for m in ("lpips", "l1", "id_distance", "pose", "expr")] == [0, 0, 0, 0, 0]
    assert abs(scores["lag_ms"]) < 0.01
    assert clip["missing"].pop("psnr") == "identical frames: 12 of 12"
    assert set(clip["missing"]) == LIP_SYNC | BLINKS


@pytest.mark.parametrize(
    ("name", "found"),
    [("text.mp4", "a text file (.mp4)"), ("empty.mp4", "an empty file (0 bytes)"), ("headless.mp4", "can't read")],
)
def test_a_file_that_is_no_video(capsys, files, tmp_path, name, found):
    clip = only(score(capsys, tmp_path, files / name, files / "reference.mp4", *CHEAP)[0])
    assert clip["status"] == "failed"
    assert name in clip["reason"]
    assert found in clip["reason"]
    assert "\n" not in clip["reason"]


def test_a_truncated_file_scores_what_decodes(capsys, files, tmp_path):
    """With its index in front (as for streaming) half a file still plays."""
    import av

    noisy = np.random.default_rng(0).integers(0, 60, (30, 160, 160, 3)).astype(np.uint8)
    frames = np.clip(face_frames(30).astype(int) + noisy - 30, 0, 255).astype(np.uint8)
    write_video(tmp_path / "whole.mp4", frames, 25)
    with (
        av.open(tmp_path / "whole.mp4") as source,
        av.open(tmp_path / "front.mp4", "w", options={"movflags": "faststart"}) as copy,
    ):
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    data = (tmp_path / "front.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(data[: len(data) // 2])
    clip = only(score(capsys, tmp_path / "out", tmp_path / "cut.mp4", tmp_path / "whole.mp4", *CHEAP)[0])
    assert clip["status"] == "ok"
    assert 1 <= clip["frames"][0] < clip["frames"][1] == 30
    assert any(flag.startswith("damaged: generated") for flag in clip["flags"])
    assert any(flag.startswith("lengths: ") for flag in clip["flags"])


def test_a_clip_without_a_face_fails_and_the_others_are_scored(capsys, files, tmp_path):
    for role in ("generated", "reference"):
        (tmp_path / role).mkdir()
        for name in ("a", "b"):
            source = "faceless" if (role, name) == ("generated", "b") else "reference"
            shutil.copy(files / f"{source}.mp4", tmp_path / role / f"{name}.mp4")
    folders = (tmp_path / "generated", tmp_path / "reference")
    document, text = score(capsys, tmp_path / "out", *folders, "--scores", "psnr,csim")
    good, bad = document["clips"]
    assert (good["status"], bad["status"]) == ("ok", "failed")
    assert "no face found in the generated clip b.mp4 (12 frames searched)" in bad["reason"]
    assert "no face found" in " ".join(text.split())
    assert document["summary"]["csim"]["n"] == 1
    assert document["summary"]["csim"]["of"] == 2


def test_whole_frames_need_no_face(capsys, files, tmp_path):
    clip = only(score(capsys, tmp_path, files / "faceless.mp4", files / "reference.mp4", "--region", "frame")[0])
    assert clip["status"] == "ok"
    assert set(IMAGE) <= clip["scores"].keys()
    assert set(FACE) <= clip["missing"].keys()
    assert "no face found in the generated clip faceless.mp4" in clip["missing"]["csim"]


def test_a_face_that_vanishes_shortly_is_interpolated(capsys, files, tmp_path):
    clip = only(score(capsys, tmp_path, files / "vanishing.mp4", files / "reference.mp4")[0])
    assert clip["status"] == "ok"
    assert set(IMAGE + FACE) <= clip["scores"].keys()
    assert any("face found in 9 of 12 frames, longest gap 3" in flag for flag in clip["flags"])


def test_a_face_that_vanishes_for_long_leaves_its_scores_missing(capsys, files, tmp_path):
    clip = only(score(capsys, tmp_path, files / "gone.mp4", files / "reference.mp4")[0])
    assert clip["status"] == "ok"
    assert set(IMAGE) <= clip["scores"].keys()
    assert "no face in 12 consecutive frames" in clip["missing"]["expr_div"]


def test_a_clip_that_is_too_long_is_refused_early(capsys, files, tmp_path, monkeypatch):
    short = replace(JAXEVAL_V1, name="short", longest_clip=0.4)
    monkeypatch.setattr("jaxeval.cli.score.PROTOCOLS", {"short": short})
    pair = (files / "generated.mp4", files / "reference.mp4")
    clip = only(score(capsys, tmp_path, *pair, "--protocol", "short")[0])
    assert clip["status"] == "failed"
    assert "reference.mp4: expected a clip of at most 0.4 s" in clip["reason"]


def test_one_frame_only(capsys, files, tmp_path):
    clip = only(score(capsys, tmp_path, files / "one.mp4", files / "one.mp4")[0])
    assert clip["status"] == "ok"
    assert clip["frames"] == [1, 1]
    assert clip["scores"]["lpips_div"] == 0
    assert "one frame" in clip["missing"]["lag_ms"]


@pytest.mark.parametrize(
    ("name", "flag", "frames"),
    [
        ("small.mp4", "resized: generated clip from 128x128 to the reference's 160x160", [12, 12]),
        ("fast.mp4", "frame rates: generated 50 fps, reference 25 fps", [12, 12]),
        ("short.mp4", "lengths: generated 9 frames, reference 12", [9, 12]),
        ("generated.mp4", "no sound: ", [12, 12]),
    ],
)
def test_differences_are_reconciled_and_flagged(capsys, files, tmp_path, name, flag, frames):
    clip = only(score(capsys, tmp_path, files / name, files / "reference.mp4")[0])
    assert clip["status"] == "ok"
    assert clip["frames"] == frames
    assert set(IMAGE + FACE) <= clip["scores"].keys() | {"psnr"}
    assert any(text.startswith(flag) for text in clip["flags"])


def test_sound_that_was_given_must_be_there(capsys, files, tmp_path):
    pair = (files / "generated.mp4", files / "reference.mp4")
    good = only(score(capsys, tmp_path / "a", *pair, "--audio", files / "sounding.mp4", *CHEAP)[0])
    assert not any(flag.startswith("no sound") for flag in good["flags"])
    bad = only(score(capsys, tmp_path / "b", *pair, "--audio", files / "reference.mp4", *CHEAP)[0])
    assert bad["status"] == "failed"
    assert "expected sound" in bad["reason"]


def test_names_without_a_partner_are_reported(capsys, files, tmp_path):
    for role, names in (("generated", "ab"), ("reference", "bc")):
        (tmp_path / role).mkdir()
        for name in names:
            shutil.copy(files / "reference.mp4", tmp_path / role / f"{name}.mp4")
    document, text = score(capsys, tmp_path / "out", tmp_path / "generated", tmp_path / "reference", *CHEAP)
    assert {clip["id"]: clip["status"] for clip in document["clips"]} == {"a": "failed", "b": "ok", "c": "failed"}
    assert "1 of 3 a failed: a: expected two clips, found no reference clip" in " ".join(text.split())
    assert "3 of 3 c failed: c: expected two clips, found no generated clip" in " ".join(text.split())


def test_a_second_run_computes_nothing_and_changes_nothing(capsys, files, tmp_path):
    first, _ = score(capsys, tmp_path, files / "generated.mp4", files / "reference.mp4")
    second, text = score(capsys, tmp_path, files / "generated.mp4", files / "reference.mp4")
    assert "1 of 1 clips were already scored by an earlier run" in " ".join(text.split())
    for document in (first, second):
        document.pop("provenance")
    assert first == second


def test_names_that_are_no_utf8_or_look_like_markup(capsys, files, tmp_path):
    for role in ("generated", "reference"):
        (tmp_path / role).mkdir()
        for name in (b"[red]<b>a", b"\xff\xfe"):
            os.symlink(files / "reference.mp4", os.fsencode(tmp_path / role) + b"/" + name + b".mp4")
    folders = (tmp_path / "generated", tmp_path / "reference")
    code, text, _ = run(capsys, "score", *folders, "--out", tmp_path / "out", "--noise-floor", 0, *CHEAP)
    clips = json.loads((tmp_path / "out" / "scores.json").read_text())["clips"]
    assert [clip["status"] for clip in clips] == ["ok", "ok"]
    assert code == 0
    assert "[red]<b>a" in "".join(text.split())


def test_a_fault_of_ours_fails_one_clip_and_not_the_run(capsys, files, tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr("jaxeval.scoring.metric_groups.against_reference", broken)
    clip = only(score(capsys, tmp_path, files / "one.mp4", files / "one.mp4", *CHEAP)[0])
    assert clip["status"] == "failed"
    assert clip["reason"].startswith("unexpected RuntimeError: first line; please report it with ")
    assert "second line" in Path(clip["reason"].split(" with ")[1]).read_text()
