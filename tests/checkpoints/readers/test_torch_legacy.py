"""PyTorch's older format without PyTorch: as PyTorch reads it, and nothing else is run."""

import io
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from jaxeval.checkpoints.readers.torch_legacy import _Storage, _Tensor, is_legacy_torch, read_legacy_torch
from jaxeval.errors import JaxevalError

GOLDEN = Path(__file__).parents[2] / "golden" / "legacy.pth"
FOUND = "Expected a PyTorch state dictionary of plain tensors, found: "


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch writes its own files and comes with the extra `convert`")


def saved(torch, value):
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def test_without_pytorch():
    """Written by PyTorch 2.13: see the recipe in tests/golden/README.md."""
    found = read_legacy_torch(GOLDEN.read_bytes())
    numbers = np.arange(24.0, dtype=np.float32).reshape(2, 3, 4)
    expected = {"whole": numbers, "turned": numbers.transpose(2, 0, 1), "part": numbers[1, :, 2], "count": np.array(7)}
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
        assert (found[name].shape, found[name].dtype) == (array.shape, array.dtype)


@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "int64"])
def test_as_pytorch_reads_it(torch, kind):
    whole = (100 * torch.rand(4, 5, 6)).to(getattr(torch, kind))
    state = OrderedDict(
        a=whole, b=whole[1:, ::2].permute(2, 0, 1), c=torch.zeros(0, 3, dtype=whole.dtype), d=whole[0, 0, 0]
    )
    data = saved(torch, state)
    found = read_legacy_torch(data)
    assert is_legacy_torch(data)
    assert found.keys() == state.keys()
    for name, tensor in state.items():
        np.testing.assert_array_equal(found[name], tensor.numpy())
        assert (found[name].shape, found[name].dtype) == (tuple(tensor.shape), tensor.numpy().dtype)


def test_other_things_are_refused(torch):
    for value in (
        [torch.zeros(2)],
        {},
        {"a": 1},
        {1: torch.zeros(2)},
        torch.zeros(2),
        {"a": torch.zeros(2).bfloat16()},
    ):
        with pytest.raises(JaxevalError, match=FOUND):
            read_legacy_torch(saved(torch, value))
    assert not is_legacy_torch(b"PK\x03\x04")


def test_a_tensor_that_repeats_few_numbers_is_refused(torch):
    with pytest.raises(JaxevalError, match="repeats the numbers"):
        read_legacy_torch(saved(torch, {"a": torch.zeros(1).expand(10**9)}))


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [(1, (4,), (1,)), (0, (2, 2), (3, 1)), (4, (), ()), (-1, (2,), (1,)), (0, (-2,), (1,)), (3, (2,), (-1,))],
)
def test_a_tensor_beyond_its_numbers_is_refused(offset, shape, strides):
    tensor = _Tensor(_Storage("0", "FloatStorage", 4), offset, shape, strides)
    with pytest.raises(ValueError, match=r"beyond its 4 numbers"):
        tensor.of({"0": np.zeros(4, np.float32)})


class Calls:
    def __reduce__(self):
        return os.system, ("touch ran",)


@pytest.mark.parametrize("position", range(5))
def test_a_hostile_pickle_in_any_place_runs_nothing(tmp_path, monkeypatch, position):
    monkeypatch.chdir(tmp_path)
    pickles = [pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {}, {}, [])]
    pickles[position] = pickle.dumps(Calls(), 2)
    found = complaint(b"".join(pickles))
    assert "would run" in found if position < 4 else found.startswith(FOUND)  # an empty dictionary is refused before
    assert not list(Path().iterdir())


def test_a_file_cut_anywhere_or_with_a_flipped_byte_is_refused_in_a_line_or_harmless():
    data = GOLDEN.read_bytes()
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1 << at % 8
        assert complaint(data[:at]).startswith(FOUND)
        assert "\n" not in complaint(bytes(damaged))


def complaint(content):
    try:
        read_legacy_torch(content)
    except JaxevalError as error:
        return str(error)
    return ""
