"""Pickled Flax parameters: read as they are, and nothing else is run."""

import os
import pickle
from pathlib import Path
from resource import RUSAGE_SELF, getrusage

import numpy as np
import pytest

from jaxeval.checkpoints.readers.flax import read_flax
from jaxeval.errors import JaxevalError

FOUND = "Expected a pickled tree of NumPy arrays, found: "
TREE = {
    "Conv_0": {"kernel": np.arange(24, dtype="f4").reshape(2, 3, 4), "bias": np.zeros((0, 2), "f8")},
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big-endian": np.arange(3, dtype=">i4"),
    "scalar": np.array(2, "f2"),
}
LAUGHS = {"a": np.zeros(1)}
for _ in range(10):
    LAUGHS = {str(key): LAUGHS for key in range(10)}


class Calls:
    def __init__(self, function, *arguments):
        self.reduced = function, arguments

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_by_dotted_name(protocol):
    found = read_flax(pickle.dumps(TREE, protocol))
    expected = {f"Conv_0.{name}": array for name, array in TREE["Conv_0"].items()}
    expected |= {name: array for name, array in TREE.items() if name != "Conv_0"}
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
        assert (found[name].dtype.kind, found[name].dtype.itemsize) == (array.dtype.kind, array.dtype.itemsize)
        assert found[name].dtype.isnative


@pytest.mark.parametrize(
    "call",
    [
        Calls(os.system, "touch ran"),
        Calls(eval, "open('ran', 'w')"),
        Calls(np.load, "ran"),
        Calls(getattr, "text", "upper"),
        Calls(np.save, "ran", 1),
    ],
)
@pytest.mark.parametrize("wrapped", [lambda call: call, lambda call: {"kernel": call}, lambda call: [TREE, call]])
def test_a_hostile_pickle_runs_nothing(tmp_path, monkeypatch, call, wrapped):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(JaxevalError, match=f"{FOUND}a pickle that would run .*; nothing was run"):
        read_flax(pickle.dumps(wrapped(call), 4))
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("tree", "found"),
    [
        ({}, "no array"),
        ([np.zeros(1)], "an object of type list under ''"),
        ({"a": 1}, "an object of type int under 'a'"),
        ({1: np.zeros(1)}, "a name of type int"),
        ({"a": np.array(["text"])}, "numbers of type <U4"),
        ({"a": np.zeros(2, complex)}, "numbers of type <c16"),
        ({"a": np.array([None])}, "an array without a plain type and bytes"),
        (LAUGHS, "no plain tree"),
    ],
)
def test_a_pickle_of_other_things(tree, found):
    with pytest.raises(JaxevalError) as caught:
        read_flax(pickle.dumps(tree, 4))
    assert str(caught.value).startswith(FOUND + found)


def test_an_array_whose_shape_is_not_its_bytes():
    data = pickle.dumps({"a": np.zeros(7)}, 4)
    with pytest.raises(JaxevalError, match=r"56 bytes for f8 \[8\]"):
        read_flax(data.replace(b"K\x07\x85", b"K\x08\x85"))


def test_an_index_of_two_billion_takes_no_memory():
    before = getrusage(RUSAGE_SELF).ru_maxrss
    assert complaint(b"\x80\x04}r\xff\xff\xff\x7f.") == FOUND + "no array"
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def complaint(content):
    try:
        read_flax(content)
    except JaxevalError as error:
        return str(error)
    return ""


def test_a_file_cut_anywhere_or_with_a_flipped_byte_is_refused_in_a_line_or_harmless():
    data = pickle.dumps(TREE, 4)
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        assert complaint(data[:at]).startswith(FOUND)
        assert "\n" not in complaint(bytes(damaged))
