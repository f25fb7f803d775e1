"""The command line on good and bad files: exit codes, one-line reasons, nothing lost, nothing silent."""

import csv
import json
import math
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from jaxeval.checkpoints.manifest import weights_folder
from jaxeval.cli.main import main
from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.lips import ENVELOPE

IMAGE = ("psnr", "ssim", "l1", "st_lpips", "st_lpips_seq", "st_lpips_div", "lag_ms", "lag_std_ms")
FACE = ("csim", "id_distance", "csim_seq", "csim_div", "pose", "pose_seq", "pose_div", "expr", "expr_seq", "expr_div")


def face_frames(count, size=160, phase=0.0):
    """The astronaut's head, swaying: the crop moves by a few pixels along a slow curve."""
    photo = Image.fromarray(skimage.data.astronaut())
    frames = []
    for k in range(count):
        left = 120 + 12 * math.sin(phase + 0.5 * k)
        top = 20 + 8 * math.cos(phase + 0.35 * k)
        frames.append(
            np.asarray(photo.resize((size, size), Image.Resampling.BILINEAR, (left, top, left + 220, top + 220)))
        )
    return np.stack(frames)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One folder of healthy and hostile files."""
    folder = tmp_path_factory.mktemp("files")
    frames = face_frames(12)
    write_video(folder / "reference.mp4", frames, 25, crf=10)
    write_video(folder / "generated.mp4", face_frames(12, phase=-0.5), 25, crf=10)
    write_video(folder / "one.mp4", frames[:1], 25)
    write_video(folder / "small.mp4", face_frames(12, size=128), 25)
    write_video(folder / "short.mp4", frames[:9], 25)
    write_video(folder / "fast.mp4", face_frames(24), 50)
    write_video(folder / "faceless.mp4", np.full_like(frames, 90), 25)
    vanishing = frames.copy()
    vanishing[4:7] = 90
    write_video(folder / "vanishing.mp4", vanishing, 25)
    gone = np.concatenate([frames[:2], np.full((12, *frames.shape[1:]), 90, np.uint8)])
    write_video(folder / "gone.mp4", gone, 25)
    tone = 0.5 * np.sin(np.arange(8000) / 5)
    write_video(folder / "sounding.mp4", frames, 25, audio=tone)
    (folder / "text.mp4").write_text("This is not a video.\n" * 50)
    (folder / "empty.mp4").touch()
    whole = (folder / "sounding.mp4").read_bytes()
    (folder / "headless.mp4").write_bytes(whole[: len(whole) // 3])
    return folder


def run(capsys, *arguments):
    """Exit code, standard output, standard error of `jaxeval arguments`; none may hold a traceback."""
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return stopped.value.code, out, err


def score(capsys, out, generated, reference, *more):
    """Exit code, and the rows of scores.json, checked against scores.csv."""
    floor = () if "--floor" in more else ("--floor", 0)
    code, text, _ = run(capsys, "score", generated, reference, "--out", out, *floor, *more)
    document = json.loads((out / "scores.json").read_text())
    rows = list(csv.DictReader((out / "scores.csv").open()))
    assert [row["id"] for row in rows] == [clip["id"] for clip in document["clips"]]
    for row, clip in zip(rows, document["clips"], strict=True):
        assert not clip["scores"].keys() & clip["missing"].keys()
        assert all(math.isfinite(value) for value in clip["scores"].values())
        assert all(float(row[name]) == value for name, value in clip["scores"].items())
        assert all(row[name] == "" for name in clip["missing"])
    page = (out / "report.html").read_text()
    assert all(clip["id"] in page for clip in document["clips"])
    assert code == int(any(clip["status"] == "failed" for clip in document["clips"]))
    return document, text


def only(document):
    (clip,) = document["clips"]
    return clip


def test_two_files_get_every_score(capsys, files, tmp_path):
    document, text = score(capsys, tmp_path, files / "generated.mp4", files / "reference.mp4")
    clip = only(document)
    assert clip["status"] == "ok"
    assert clip["reason"] is None
    assert clip["frames"] == [12, 12]
    assert set(IMAGE + FACE) <= clip["scores"].keys()
    assert set(clip["missing"]) == set(ENVELOPE), "the clips have no sound, and nothing else is missing"
    assert document["schema"] == 1
    assert clip["scores"]["lag_ms"] == clip["scores"]["lag_ms_st_lpips"]
    assert document["summary"]["st_lpips"] == {
        "mean": clip["scores"]["st_lpips"],
        "ci95": None,
        "n": 1,
        "of": 1,
    }
    assert "st_lpips" in text
    assert "scores.json" in text


def test_a_clip_against_itself(capsys, files, tmp_path):
    clip = only(score(capsys, tmp_path, files / "reference.mp4", files / "reference.mp4")[0])
    scores = clip["scores"]
    assert [scores[f"{m}_div"] for m in ("st_lpips", "csim", "pose", "expr")] == [0, 0, 0, 0]
    assert [scores[m] for m in ("st_lpips", "l1", "id_distance", "pose", "expr")] == [0, 0, 0, 0, 0]
    assert abs(scores["lag_ms"]) < 0.01
    assert clip["missing"].pop("psnr") == "identical frames: 12 of 12"
    assert set(clip["missing"]) == set(ENVELOPE)


def test_a_missing_path(capsys, files, tmp_path):
    code, _, err = run(capsys, "score", tmp_path / "nowhere.mp4", files / "reference.mp4", "--out", tmp_path / "out")
    assert code == 2
    assert err.count("\n") == 1
    assert "nowhere.mp4: expected GENERATED to be a file or a folder, found none there" in err


def test_a_pipe_is_not_waited_for(capsys, files, tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    code, _, err = run(capsys, "score", tmp_path / "pipe.mp4", files / "reference.mp4", "--out", tmp_path / "out")
    assert code == 2
    assert "pipe.mp4: expected GENERATED to be a file" in err


@pytest.mark.parametrize(
    ("name", "found"),
    [("text.mp4", "a text file (.mp4)"), ("empty.mp4", "an empty file (0 bytes)"), ("headless.mp4", "can't read")],
)
def test_a_file_that_is_no_video(capsys, files, tmp_path, name, found):
    clip = only(score(capsys, tmp_path, files / name, files / "reference.mp4")[0])
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
    clip = only(score(capsys, tmp_path / "out", tmp_path / "cut.mp4", tmp_path / "whole.mp4")[0])
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
    document, text = score(capsys, tmp_path / "out", tmp_path / "generated", tmp_path / "reference")
    good, bad = document["clips"]
    assert (good["status"], bad["status"]) == ("ok", "failed")
    assert "no face found in the generated clip b.mp4 (in none of 12 frames)" in bad["reason"]
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
    assert any("a face in 9 of 12 frames, longest gap 3" in flag for flag in clip["flags"])


def test_a_face_that_vanishes_for_long_leaves_its_scores_missing(capsys, files, tmp_path):
    clip = only(score(capsys, tmp_path, files / "gone.mp4", files / "reference.mp4")[0])
    assert clip["status"] == "ok"
    assert set(IMAGE) <= clip["scores"].keys()
    assert "no face in 12 consecutive frames" in clip["missing"]["expr_div"]


def test_a_clip_that_is_too_long_is_refused_early(capsys, files, tmp_path, monkeypatch):
    short = replace(JAXEVAL_V1, name="short", longest_clip=0.4)
    monkeypatch.setattr("jaxeval.cli.commands.PROTOCOLS", {"short": short})
    pair = (files / "generated.mp4", files / "reference.mp4")
    clip = only(score(capsys, tmp_path, *pair, "--protocol", "short")[0])
    assert clip["status"] == "failed"
    assert "reference.mp4: expected a clip of at most 0.4 s" in clip["reason"]


def test_one_frame_only(capsys, files, tmp_path):
    clip = only(score(capsys, tmp_path, files / "one.mp4", files / "one.mp4")[0])
    assert clip["status"] == "ok"
    assert clip["frames"] == [1, 1]
    assert clip["scores"]["st_lpips_div"] == 0
    assert "one frame" in clip["missing"]["lag_ms"]


@pytest.mark.parametrize(
    ("name", "flag", "frames"),
    [
        ("small.mp4", "resized: generated 128x128 to the reference's 160x160", [12, 12]),
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
    good = only(score(capsys, tmp_path / "a", *pair, "--audio", files / "sounding.mp4")[0])
    assert not any(flag.startswith("no sound") for flag in good["flags"])
    bad = only(score(capsys, tmp_path / "b", *pair, "--audio", files / "reference.mp4")[0])
    assert bad["status"] == "failed"
    assert "expected sound" in bad["reason"]


def test_names_without_a_partner_are_reported(capsys, files, tmp_path):
    for role, names in (("generated", "ab"), ("reference", "bc")):
        (tmp_path / role).mkdir()
        for name in names:
            shutil.copy(files / "reference.mp4", tmp_path / role / f"{name}.mp4")
    document, text = score(capsys, tmp_path / "out", tmp_path / "generated", tmp_path / "reference")
    assert {clip["id"]: clip["status"] for clip in document["clips"]} == {"a": "failed", "b": "ok", "c": "failed"}
    assert "a: failed: a: no reference clip of this name" in " ".join(text.split())
    assert "c: failed: c: no generated clip of this name" in " ".join(text.split())


@pytest.mark.parametrize("kind", ["a file stands there", "no permission"])
def test_an_output_folder_that_cannot_be_written(capsys, files, tmp_path, kind):
    out = tmp_path / "out"
    if kind == "a file stands there":
        out.write_text("")
    elif os.getuid() == 0:
        out = Path("/proc/jaxeval")  # root may write everywhere but here
    else:
        out.mkdir(mode=0o500)
    code, _, err = run(capsys, "score", files / "generated.mp4", files / "reference.mp4", "--out", out)
    assert code == 2
    assert err.count("\n") == 1
    assert f"{out}" in err


@pytest.mark.parametrize(
    "arguments",
    [[], ["score"], ["score", "a", "b", "--region", "mouth"], ["score", "a", "b", "--protocol"], ["nonsense"]],
)
def test_words_that_make_no_command(capsys, arguments):
    assert run(capsys, *arguments)[0] == 2


def test_an_unknown_protocol_is_named(capsys, files):
    code, _, err = run(capsys, "score", files / "generated.mp4", files / "reference.mp4", "--protocol", "mine")
    assert code == 2
    assert "--protocol: expected one of jaxeval-v1, arxiv-2606.01031, found mine" in err


def test_a_file_against_a_folder(capsys, files):
    code, _, err = run(capsys, "score", files, files / "reference.mp4")
    assert code == 2
    assert "files only or folders only" in err


def test_a_second_run_computes_nothing_and_changes_nothing(capsys, files, tmp_path):
    first, _ = score(capsys, tmp_path, files / "generated.mp4", files / "reference.mp4")
    second, text = score(capsys, tmp_path, files / "generated.mp4", files / "reference.mp4")
    assert "1 of 1 clips were scored by an earlier run" in " ".join(text.split())
    for document in (first, second):
        document.pop("provenance")
    assert first == second


def test_names_that_are_no_utf8_or_look_like_markup(capsys, files, tmp_path):
    for role in ("generated", "reference"):
        (tmp_path / role).mkdir()
        for name in (b"[red]<b>a", b"\xff\xfe"):
            os.symlink(files / "reference.mp4", os.fsencode(tmp_path / role) + b"/" + name + b".mp4")
    code, text, _ = run(capsys, "score", tmp_path / "generated", tmp_path / "reference", "--out", tmp_path / "out")
    clips = json.loads((tmp_path / "out" / "scores.json").read_text())["clips"]
    assert [clip["status"] for clip in clips] == ["ok", "ok"]
    assert code == 0
    assert "[red]<b>a" in "".join(text.split())


def test_a_fault_of_ours_fails_one_clip_and_not_the_run(capsys, files, tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr("jaxeval.scoring.metric_groups.image_scores", broken)
    clip = only(score(capsys, tmp_path, files / "one.mp4", files / "one.mp4")[0])
    assert clip["status"] == "failed"
    assert clip["reason"].startswith("unexpected RuntimeError: first line; please report it with ")
    assert "second line" in Path(clip["reason"].split(" with ")[1]).read_text()


def test_damaged_weights_stop_the_command(capsys, files, tmp_path, monkeypatch):
    shutil.copytree(weights_folder(), tmp_path / "weights")
    for path in (tmp_path / "weights" / "face_mesh").rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[:-7])
    monkeypatch.setenv("JAXEVAL_WEIGHTS_DIR", str(tmp_path / "weights"))
    code, _, err = run(capsys, "score", files / "one.mp4", files / "one.mp4", "--out", tmp_path / "out")
    assert code == 2
    assert err.count("\n") == 1
    assert "face_mesh" in err
    assert run(capsys, "weights", "verify")[0] == 1


def test_weights_commands(capsys):
    code, text, _ = run(capsys, "weights", "list")
    assert code == 0
    code, text, _ = run(capsys, "weights", "verify")
    assert code == 0
    for name in ("st_lpips_alex", "dlib_resnet", "face_mesh", "blaze_face"):
        assert f"{name}: verified" in text


def test_the_installed_command_prints_one_line_and_no_traceback(files, tmp_path):
    command = [sys.executable, "-m", "jaxeval.cli.main", "score", "nowhere.mp4", str(files / "reference.mp4")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("jaxeval: nowhere.mp4: expected ")
    assert done.stdout == ""


@pytest.mark.parametrize("module", ["jaxeval", "jaxeval.cli.main"])
def test_the_version(module):
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"jaxeval {version('jaxeval')}\n", "")


def test_the_package_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "jaxeval", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "usage: jaxeval" in done.stdout
    assert "--version" in done.stdout
