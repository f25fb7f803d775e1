"""Compiled programs are kept from one command to the next, and no state of the folder stops a command."""

import os
import subprocess
import sys

import numpy as np
import pytest

from jaxeval.compiled import keep_compiled_programs

NAMES = ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "TF_CPP_MIN_LOG_LEVEL")


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """That of a user who has set nothing."""
    for name in NAMES:
        monkeypatch.setenv(name, "")  # so that what the function sets goes again
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def score(tmp_path, **environment):
    for name, late in (("generated", 2), ("reference", 0)):
        np.savez(tmp_path / f"{name}.npz", gaze=np.sin((np.arange(30) - late) / 5), fps=25.0)
    files = [str(tmp_path / f"{name}.npz") for name in ("generated", "reference")]
    words = ["score", *files, "--out", str(tmp_path / f"out{np.random.default_rng().integers(1e9)}"), "--no-report"]
    done = subprocess.run(
        [sys.executable, "-m", "jaxeval", *words], env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return sorted(path for path in (tmp_path / "cache" / "jaxeval").rglob("*") if path.is_file())


@pytest.mark.usefixtures("environment")
def test_the_second_command_compiles_nothing(tmp_path):
    kept = score(tmp_path)
    assert any(path.name.startswith("jit_") for path in kept)
    times = {path: path.stat().st_mtime_ns for path in kept if path.name.endswith("-cache")}
    assert score(tmp_path) == kept
    assert {path: path.stat().st_mtime_ns for path in times} == times


@pytest.mark.usefixtures("environment")
def test_a_damaged_entry_is_compiled_again(tmp_path):
    for path in score(tmp_path):
        path.write_bytes(path.read_bytes()[:50])
    score(tmp_path)


@pytest.mark.usefixtures("environment")
def test_it_can_be_turned_off_and_needs_no_folder(tmp_path):
    assert score(tmp_path, JAX_ENABLE_COMPILATION_CACHE="false") == []
    (tmp_path / "cache" / "jaxeval").write_text("no folder")
    assert score(tmp_path) == []


@pytest.mark.usefixtures("environment")
def test_what_the_environment_says_stands(tmp_path, monkeypatch):
    keep_compiled_programs()
    folder = os.environ["JAX_COMPILATION_CACHE_DIR"]
    assert folder.startswith(str(tmp_path / "cache" / "jaxeval" / "compiled"))
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "mine")
    for name in NAMES[1:]:
        monkeypatch.delenv(name)
    keep_compiled_programs()
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == "mine"
    assert not any(name in os.environ for name in NAMES[1:])
