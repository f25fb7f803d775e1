"""Readers of upstream formats against small files written for the purpose."""

import io
import pickle
import sys

import numpy as np
import pytest

from jaxeval.checkpoints.readers.dlib import read_dlib
from jaxeval.checkpoints.readers.geometry import read_geometry
from jaxeval.checkpoints.readers.tflite import read_tflite
from jaxeval.checkpoints.readers.torch import read_torch
from jaxeval.errors import JaxevalError

from .. import upstream_files

RNG = np.random.default_rng(0)


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


DLIB = {
    "con.0.filters": floats(5, 3, 7, 7),
    "con.0.biases": floats(5),
    "affine.0.gamma": floats(5),
    "affine.0.beta": floats(5),
    "fc.0.weights": floats(256, 4),
}


def test_dlib():
    assert_same(read_dlib(upstream_files.dlib_network(*DLIB.values())), DLIB)


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.999])
def test_dlib_cut_short(kept):
    data = upstream_files.dlib_network(*DLIB.values())
    with pytest.raises(JaxevalError, match=r"dlib layer (con_4|fc_2) at byte \d+: "):
        read_dlib(data[: int(len(data) * kept)])


@pytest.mark.parametrize("packed", [True, False])
def test_geometry(packed):
    vertices, weights = floats(468, 3), {0: 0.5, 33: 0.25, 467: 1.0}
    found = read_geometry(upstream_files.geometry(vertices, weights, packed=packed))
    expected = np.zeros(468, np.float32)
    expected[list(weights)] = list(weights.values())
    assert_same(found, {"canonical": vertices, "procrustes_weights": expected})


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x0b", b"\xff" * 40, b"<!doctype html><html></html>"])
def test_geometry_that_is_none(data):
    with pytest.raises(JaxevalError, match="Expected a GeometryPipelineMetadata message, found: "):
        read_geometry(data)


def test_tflite_widens_float16_and_leaves_integers_out():
    pytest.importorskip("tflite", reason="the reader's library comes with the extra `convert`")
    half = floats(2, 3).astype(np.float16)
    data = upstream_files.tflite_network({"a": floats(1, 2), "b": half, "c": np.arange(3, dtype=np.int32)})
    found = read_tflite(data)
    assert found.keys() == {"a", "b"}
    assert found["b"].dtype == np.float32
    np.testing.assert_array_equal(found["b"], half.astype(np.float32))


@pytest.mark.parametrize("data", [b"", b"\xff" * 64, b"<!doctype html><html>" + b" " * 200])
def test_tflite_that_is_none(data):
    pytest.importorskip("tflite", reason="the reader's library comes with the extra `convert`")
    with pytest.raises(JaxevalError, match="Expected a TensorFlow Lite network, found: "):
        read_tflite(data)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch reads its own files and comes with the extra `convert`")


def torch_file(torch, value):
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


def test_torch(torch):
    arrays = {"conv.weight": floats(2, 3), "conv.bias": floats(2)}
    data = torch_file(torch, {name: torch.from_numpy(array) for name, array in arrays.items()})
    assert_same(read_torch(data), arrays)


class Trap:
    """Unpickling it writes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize("container", ["bare pickle", "torch.save", "legacy torch.save"])
def test_a_malicious_pickle_executes_nothing(torch, tmp_path, container):
    trap = Trap(str(tmp_path / "sprung"))
    if container == "bare pickle":
        data = pickle.dumps(trap)
    else:
        buffer = io.BytesIO()
        torch.save({"weight": trap}, buffer, _use_new_zipfile_serialization=container == "torch.save")
        data = buffer.getvalue()
    with pytest.raises(JaxevalError, match="Expected a PyTorch state dictionary of plain tensors, found: "):
        read_torch(data)
    assert not (tmp_path / "sprung").exists()
    pickle.loads(pickle.dumps(trap)).close()
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, 3.0])
def test_torch_files_of_other_things(torch, value):
    with pytest.raises(JaxevalError, match="Expected a PyTorch state dictionary"):
        read_torch(torch_file(torch, value))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"<!doctype html><html></html>"])
def test_torch_that_is_none(torch, data):
    with pytest.raises(JaxevalError, match="Expected a PyTorch state dictionary"):
        read_torch(data)


def test_torch_cut_short(torch):
    data = torch_file(torch, {"a": torch.zeros(1000)})
    with pytest.raises(JaxevalError, match="Expected a PyTorch state dictionary"):
        read_torch(data[: len(data) // 2])


@pytest.mark.parametrize(("module", "reader"), [("torch", read_torch), ("tflite", read_tflite)])
def test_without_the_extra_it_says_so(monkeypatch, module, reader):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(JaxevalError, match=r"pip install 'jaxeval\[convert\]'"):
        reader(b"")
