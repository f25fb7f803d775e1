"""What `jaxeval weights convert` refuses, on the smallest upstream file: one line, exit code 2, nothing written."""

import hashlib
import importlib
import io
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from jaxeval.checkpoints.manifest import read_manifest
from jaxeval.cli.main import main

torch = pytest.importorskip("torch", reason="PyTorch writes the files and comes with the extra `convert`")
sys.path.insert(0, str(Path(__file__).parents[1] / "encoders"))
twins = importlib.import_module("twins.lpips_squeeze")
NAME = "lpips_squeeze"
TENSOR = "features.3.squeeze.weight"


@pytest.fixture(scope="module")
def state():
    """The tensors of a whole, seeded upstream file."""
    (data,) = twins.save(twins.build(0))
    return torch.load(io.BytesIO(data), weights_only=True)


@pytest.fixture
def convert(tmp_path, capsys):
    """Exit code, what was said, and whether anything was written, of converting a file of this content."""

    def run(content, *more):
        file, out = tmp_path / "mine.pth", tmp_path / "weights"
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            torch.save(content, file)
        with pytest.raises(SystemExit) as stopped:
            main(["weights", "convert", NAME, str(file), "--out", str(out), *more])
        out_text, error = capsys.readouterr()
        assert "Traceback" not in out_text + error
        assert stopped.value.code == 0 or error.count("\n") == 1
        assert stopped.value.code == 0 or str(tmp_path) in error
        return stopped.value.code, error, out.exists()

    return run


def test_a_whole_file_is_taken_but_not_as_the_known_one(state, convert):
    code, error, written = convert(state)
    assert (code, written) == (2, False)
    assert "--unverified" in error
    assert "squeezenet1_1-b8a52dc0.pth" in error
    assert convert(state, "--unverified") == (0, "", True)


@pytest.mark.parametrize("wrap", [lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": s}])
def test_wrapped_and_parallel_files_are_taken(state, convert, wrap):
    parallel = {f"module.{name}": tensor for name, tensor in state.items()}
    assert convert(wrap(parallel), "--unverified") == (0, "", True)


def test_the_old_format_is_taken(state, convert):
    buffer = io.BytesIO()
    torch.save(state, buffer, _use_new_zipfile_serialization=False)
    assert convert(buffer.getvalue(), "--unverified") == (0, "", True)


def renamed(state):
    return {("features.3.squeezed.weight" if name == TENSOR else name): tensor for name, tensor in state.items()}


def transposed(state):
    return {**state, TENSOR: state[TENSOR].transpose(0, 1)}


def surplus(state):
    return {**state, "features.13.weight": torch.zeros(2, 2)}


WRONG = {
    "renamed": (renamed, f"missing {TENSOR}; surplus features.3.squeezed.weight (16, 64, 1, 1)"),
    "transposed": (transposed, f"{TENSOR}: expected (16, 64, 1, 1), found (64, 16, 1, 1)"),
    "surplus": (surplus, "surplus features.13.weight (2, 2)"),
    "not finite": (lambda s: {**s, TENSOR: s[TENSOR] * float("nan")}, f"{TENSOR}: expected finite numbers"),
    "another network": (lambda s: torch.nn.Linear(2, 2).state_dict(), "missing features.0.bias; missing features.0.w"),
}


@pytest.mark.parametrize(("change", "complaint"), WRONG.values(), ids=WRONG)
def test_wrong_tensors_are_listed(state, convert, change, complaint):
    code, error, written = convert(change(state), "--unverified")
    assert (code, written) == (2, False)
    assert complaint in error
    assert "Nothing was written" in error


def data_of(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


class Bomb:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
def test_a_truncated_file(state, convert, share):
    data = data_of(state)
    code, error, written = convert(data[: int(share * len(data))], "--unverified")
    assert (code, written) == (2, False)
    assert "Expected a PyTorch state dictionary" in error


@pytest.mark.parametrize("more", [(), ("--unverified",)])
def test_a_page_saved_as_pth(convert, more):
    code, error, written = convert(b"<!DOCTYPE html>\n<html><body>Sign in to continue</body></html>", *more)
    assert (code, written) == (2, False)
    assert "found a web page" in error


@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_bomb_does_not_go_off(state, convert, tmp_path, new):
    buffer = io.BytesIO()
    torch.save({**state, "bomb": Bomb(str(tmp_path / "went off"))}, buffer, _use_new_zipfile_serialization=new)
    code, error, written = convert(buffer.getvalue(), "--unverified")
    assert (code, written) == (2, False)
    assert "a pickle that would run " in error
    assert not (tmp_path / "went off").exists()


def test_a_folder_that_cannot_be_written(state, convert, tmp_path):
    (tmp_path / "weights").write_text("a file in the folder's place")
    code, error, _ = convert(state, "--unverified")
    assert code == 2
    assert f"{tmp_path / 'weights' / NAME}: expected to write it, found: " in error


def test_the_known_digest_is_checked_first(state, convert, monkeypatch):
    """A file with the digest that the manifest knows needs no flag."""
    data = data_of(state)
    (source,) = read_manifest()[NAME].sources
    assert convert(data)[0] == 2
    known = replace(source, sha256=hashlib.sha256(data).hexdigest())
    manifest = {**read_manifest(), NAME: replace(read_manifest()[NAME], sources=(known,))}
    monkeypatch.setattr(importlib.import_module("jaxeval.checkpoints.convert"), "read_manifest", lambda: manifest)
    assert convert(data) == (0, "", True)
