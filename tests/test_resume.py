"""A run that is killed goes on where it was, and ends with the same scores as one that was not."""

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import skimage.data

from jaxeval.media.write import write_video


@pytest.fixture
def folders(tmp_path):
    face = skimage.data.astronaut()[:180, 130:310]
    for role in ("generated", "reference"):
        (tmp_path / role).mkdir()
        write_video(tmp_path / role / "a.mp4", np.stack([np.roll(face, k, axis=1) for k in range(8)]), 25)
        for name in "bc":
            shutil.copy(tmp_path / role / "a.mp4", tmp_path / role / f"{name}.mp4")
    return tmp_path


def start(folder, out):
    paths = [str(folder / name) for name in ("generated", "reference")]
    return subprocess.Popen(
        [sys.executable, "-m", "jaxeval.cli.main", "score", *paths, "--out", str(out), "--noise-floor", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=None,
    )


def scored(out):
    return sorted(out.glob("clips/*.npz"))


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_resumes(folders, stop):
    out = folders / "out"
    run = start(folders, out)
    deadline = time.monotonic() + 300
    while not scored(out) and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(stop)
    text, _ = run.communicate(timeout=60)
    assert run.returncode != 0
    assert "Traceback" not in text
    if stop == signal.SIGINT:
        assert "jaxeval: interrupted." in text
        assert run.returncode == 130
    kept = {path: path.stat().st_mtime_ns for path in scored(out)}
    assert kept
    assert not (out / "scores.json").exists()

    again = start(folders, out)
    text, _ = again.communicate(timeout=600)
    assert again.returncode == 0, text
    assert f"{len(kept)} of 3 clips were already scored by an earlier run" in " ".join(text.split())
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    clips = json.loads((out / "scores.json").read_text())["clips"]
    assert [clip["id"] for clip in clips] == ["a", "b", "c"]
    assert clips[0]["scores"] == clips[1]["scores"] == clips[2]["scores"]
    assert not list(out.rglob("*.part"))
