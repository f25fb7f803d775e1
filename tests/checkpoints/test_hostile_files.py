"""Files that pretend to be PyTorch's: each is refused in one line, and nothing in them is executed."""

import builtins
import collections
import io
import json
import os
import pickle
import re
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from jaxeval.checkpoints.readers.torch import read_torch
from jaxeval.errors import JaxevalError

torch = pytest.importorskip("torch", reason="PyTorch reads its own files and comes with the extra `convert`")
pytestmark = pytest.mark.filterwarnings("ignore")  # quantised and scripted things are on their way out of PyTorch

FOUND = "Expected a PyTorch state dictionary of plain tensors, found: "
MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001
SYSTEM = {"little_endian": True, "protocol_version": VERSION, "type_sizes": {"int": 4, "long": 4, "short": 2}}


def saved(value, new_format=True):
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=new_format)
    return buffer.getvalue()


# Pickles are written by hand, operation by operation, where no honest program would write them.


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def integer(value):
    return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def function(module, name):
    return f"c{module}\n{name}\n".encode()


def row(*items):
    return b"(" + b"".join(items) + b"t"


def call(function, *arguments):
    return function + row(*arguments) + b"R"


def tensor(numbers, shape, strides, *, kind="FloatStorage", legacy=False):
    """A tensor that claims a storage of so many numbers."""
    origin = row(
        text("storage"), function("torch", kind), text("0"), text("cpu"), integer(numbers), *([b"N"] if legacy else [])
    )
    return call(
        function("torch._utils", "_rebuild_tensor_v2"),
        origin + b"Q",
        integer(0),
        row(*map(integer, shape)),
        row(*map(integer, strides)),
        b"\x89",
        call(function("collections", "OrderedDict")),
    )


def pickled(*body):
    return b"\x80\x02" + b"".join(body) + b"."


def dictionary(**entries):
    return pickled(b"}(", *(text(name) + value for name, value in entries.items()), b"u")


def archive(pickle, storage=bytes(16), **more):
    """The new format: a zip of a pickle and the storages."""
    buffer = io.BytesIO()
    files = {"data.pkl": pickle, "byteorder": b"little", "data/0": storage, "version": b"3\n", **more}
    with zipfile.ZipFile(buffer, "w") as out:
        for name, data in files.items():
            out.writestr(f"archive/{name}", data)
    return buffer.getvalue()


def stream(content, numbers=4):
    """The old format: pickles in a row, then each storage after the count of its numbers."""
    head = b"".join(pickle.dumps(value, 2) for value in (MAGIC, VERSION, SYSTEM))
    return head + content + pickle.dumps(["0"], 2) + struct.pack("<q", numbers) + bytes(16)


def test_the_writers_write_what_can_be_read():
    """Else the refusals below would prove nothing."""
    honest = {"a": np.zeros(4, np.float32)}
    for data in (
        archive(dictionary(a=tensor(4, [4], [1]))),
        stream(dictionary(a=tensor(4, [4], [1], legacy=True))),
    ):
        found = read_torch(data)
        assert found.keys() == honest.keys()
        np.testing.assert_array_equal(found["a"], honest["a"])
        assert found["a"].dtype == np.float32


def refusal(data):
    """The one line that is said of the file."""
    with pytest.raises(JaxevalError) as caught:
        read_torch(data)
    message = str(caught.value)
    assert message.startswith(FOUND)
    assert message.removeprefix(FOUND).strip()
    assert len(message.splitlines()) == 1
    assert len(message) < 400
    return message


class Subclass(torch.Tensor):
    pass


def scripted():
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), buffer)
    return buffer.getvalue()


# A builder of the file, and what the refusal says if the words are ours.
REFUSED = {
    "empty": (lambda: b"", ""),
    "HTML page": (lambda: b"<!DOCTYPE html>\n<html>\n<head><title>404 Not Found</title></head>\n</html>\n", ""),
    "Git LFS pointer": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", ""),
    "random bytes": (lambda: np.random.default_rng(0).bytes(4096), ""),
    "random bytes after a zip's first": (lambda: b"PK\x03\x04" + np.random.default_rng(1).bytes(4096), ""),
    "random bytes after a pickle's first": (lambda: b"\x80\x02" + np.random.default_rng(2).bytes(4096), ""),
    "a zip of something else": (lambda: archive(b"").replace(b"data.pkl", b"note.txt"), ""),
    "a list": (lambda: saved([torch.ones(2)]), "a list"),
    "a tensor": (lambda: saved(torch.ones(2)), "a Tensor"),
    "a whole module": (lambda: saved(torch.nn.Linear(2, 2)), "torch.nn.modules.linear.Linear"),
    "TorchScript": (scripted, ""),
    "numbers for tensors": (lambda: saved({"a": torch.ones(2), "epoch": 3}), "'epoch'"),
    "text for tensors": (lambda: saved({"a": "x"}), "'a'"),
    "nothing for tensors": (lambda: saved({"a": None}), "'a'"),
    "dictionaries for tensors": (lambda: saved({"net": {"a": torch.ones(2)}}), "'net'"),
    "a storage": (lambda: saved({"a": torch.ones(2).untyped_storage()}), "'a'"),
    "numbers for names": (lambda: saved({1: torch.ones(2)}), ""),
    "lines in a name": (lambda: saved({"a\nb\u2028c": 1}), r"a\nb"),
    "a name of a million letters": (lambda: saved({"a" * 1_000_000: 1}), ""),
    "an array": (lambda: saved({"a": np.ones(2)}), "numpy"),
    "an arbitrary object": (lambda: saved({"a": re.compile("x")}), "re._compile"),
    "a tensor's subclass": (lambda: saved({"a": torch.ones(2).as_subclass(Subclass)}), "Subclass"),
    "sparse": (lambda: saved({"a": torch.eye(3).to_sparse()}), "'a'"),
    "compressed rows": (lambda: saved({"a": torch.eye(3).to_sparse_csr()}), "'a'"),
    "quantised": (lambda: saved({"a": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8)}), "'a'"),
    "complex": (lambda: saved({"a": torch.ones(2, dtype=torch.complex64)}), "'a'"),
    "without values": (lambda: saved({"a": torch.empty(2, device="meta")}), ""),
    "of eight bits": (lambda: saved({"a": torch.ones(2).to(torch.float8_e4m3fn)}), ""),
    "nested lists": (lambda: archive(pickled(b"]" * 100_000 + b"a" * 99_999)), "a list"),
    "nested lists, bare": (lambda: pickled(b"]" * 100_000 + b"a" * 99_999), ""),
    "nested dictionaries": (
        lambda: archive(pickled(b"}" + (text("state_dict") + b"}") * 50_000 + b"s" * 50_000)),
        "'state_dict'",
    ),
    "a dictionary in itself": (lambda: archive(pickled(b"}q\x00" + text("model") + b"h\x00s")), "'model'"),
    "a storage outside": (
        lambda: archive(dictionary(a=tensor(4, [4], [1]).replace(b"X\1\0\0\x000", text("../0")))),
        "",
    ),
    "a negative size": (lambda: archive(dictionary(a=tensor(4, [-4], [1]))), ""),
    "a negative stride": (lambda: archive(dictionary(a=tensor(4, [4], [-1]))), ""),
    "a storage cut short": (lambda: archive(dictionary(a=tensor(4, [4], [1])), bytes(8)), ""),
    "a later version": (lambda: archive(dictionary(a=tensor(4, [4], [1])), version=b"99\n"), ""),
    "hooks": (lambda: archive(dictionary(a=call(function("torch._utils", "_rebuild_tensor_v2"), text("a")))), ""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(name):
    build, said = REFUSED[name]
    assert said in refusal(build())


@pytest.mark.parametrize("new_format", [True, False], ids=["new", "old"])
def test_cut_short_anywhere(new_format):
    whole = saved(collections.OrderedDict(a=torch.ones(3, 4), b=torch.ones(4)), new_format)
    for kept in sorted({*range(0, len(whole), 37), *range(len(whole) - 12, len(whole))}):
        refusal(whole[:kept])


@pytest.mark.parametrize("new_format", [True, False], ids=["new", "old"])
def test_damaged_anywhere_it_is_read_or_refused_in_one_line(new_format):
    rng = np.random.default_rng(0)
    whole = saved(collections.OrderedDict(a=torch.ones(3, 4), b=torch.ones(4)), new_format)
    refused = []
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[rng.integers(len(whole))] = rng.integers(256)
        try:
            read_torch(bytes(damaged))
        except JaxevalError as error:
            refused.append(str(error))
    assert len(refused) > 20
    assert all(message.startswith(FOUND) and len(message.splitlines()) == 1 for message in refused)


class Bomb:
    """Unpickling it calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


BOMBS = {
    "os.system": lambda marker: Bomb(os.system, f"echo > {marker}"),
    "open": lambda marker: Bomb(open, str(marker), "w"),
    "eval": lambda marker: Bomb(builtins.eval, f"open({str(marker)!r}, 'w')"),
    "getattr": lambda marker: Bomb(getattr, Bomb(open, str(marker), "w"), "name"),
}
CONTAINERS = {
    "pickle": pickle.dumps,
    "old": lambda bomb: saved({"a": torch.ones(2), "b": bomb}, new_format=False),
    "new": lambda bomb: saved({"a": torch.ones(2), "b": bomb}),
    "for a dictionary": saved,
    "for a name": lambda bomb: saved({bomb: torch.ones(2)}),
    "nested": lambda bomb: saved({"state_dict": {"a": torch.ones(2)}, "optimizer": [bomb]}),
    "in the old format's head": lambda bomb: pickle.dumps(MAGIC, 2) + pickle.dumps(bomb, 2),
    "before anything": lambda bomb: pickle.dumps(bomb, 2) + saved({"a": torch.ones(2)}, new_format=False),
}


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_does_not_go_off(tmp_path, bomb, container):
    marker = tmp_path / "sprung"
    data = CONTAINERS[container](BOMBS[bomb](marker))
    refusal(data)
    assert not marker.exists()


@pytest.mark.parametrize("bomb", BOMBS)
def test_the_bombs_are_live(tmp_path, bomb):
    marker = tmp_path / "sprung"
    pickle.loads(pickle.dumps(BOMBS[bomb](marker)))
    assert marker.exists()


@pytest.mark.parametrize(
    ("module", "name"), [("posix", "system"), ("nt", "system"), ("__builtin__", "eval"), ("torch", "load")]
)
def test_a_bomb_by_hand_does_not_go_off(tmp_path, module, name):
    """Also under names that Python 2 pickles use, which unpicklers translate."""
    marker = tmp_path / "sprung"
    body = pickled(call(function(module, name), text(f"echo > {marker}")))
    for data in (body, archive(body), stream(body)):
        assert name in refusal(data)
    assert not marker.exists()


# A file of some hundred bytes that claims a billion numbers.
MILLIARD = 10**9
CLAIMS = {
    "new": archive(dictionary(a=tensor(MILLIARD, [MILLIARD], [1]))),
    "new, of which few are used": archive(dictionary(a=tensor(MILLIARD, [4], [1]))),
    "new, in the shape only": archive(dictionary(a=tensor(4, [MILLIARD], [1]))),
    "old": stream(dictionary(a=tensor(MILLIARD, [MILLIARD], [1], legacy=True)), MILLIARD),
    "old, of which few are used": stream(dictionary(a=tensor(MILLIARD, [4], [1], legacy=True)), MILLIARD),
    "old, in the count only": stream(dictionary(a=tensor(4, [4], [1], legacy=True)), MILLIARD),
    "old, in the shape only": stream(dictionary(a=tensor(4, [MILLIARD], [1], legacy=True))),
    "more than any memory": stream(dictionary(a=tensor(MILLIARD**2 // 10, [4], [1], legacy=True)), MILLIARD**2 // 10),
}
IN_A_PROCESS_OF_ITS_OWN = """
import json, pickle, resource, sys
import torch
from jaxeval.checkpoints.readers.torch import read_torch
from jaxeval.errors import JaxevalError

said = {}
for name, data in pickle.load(sys.stdin.buffer).items():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        read_torch(data)
    except JaxevalError as error:
        said[name] = str(error), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps(said))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak of the memory has another unit, or none")
def test_a_claim_of_a_billion_numbers_fills_no_memory():
    assert max(map(len, CLAIMS.values())) < 2000
    own = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN], input=pickle.dumps(CLAIMS), capture_output=True
    )
    assert own.returncode == 0, own.stderr.decode()
    said = json.loads(own.stdout)
    assert said.keys() == CLAIMS.keys()
    for name, (message, kibibytes) in said.items():
        assert message.startswith(FOUND), name
        assert len(message.splitlines()) == 1, name
        assert kibibytes < 64 * 1024, name  # a billion numbers are 3.9 million KiB


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16", "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("new_format", [True, False], ids=["new", "old"])
def test_every_honest_type_is_read(dtype, new_format):
    values = [0, 1, 0, 1]
    found = read_torch(saved({"a": torch.tensor(values, dtype=getattr(torch, dtype))}, new_format))
    assert found.keys() == {"a"}
    assert found["a"].dtype == (np.float32 if dtype in ("float16", "bfloat16") else np.dtype(dtype))
    np.testing.assert_array_equal(found["a"], values)


def test_narrow_numbers_keep_their_values():
    exact = np.array([0.15625, -3.0, 2.0**-14, 65504.0], np.float32)
    found = read_torch(saved({"half": torch.tensor(exact).half(), "brain": torch.tensor(exact[:3]).bfloat16()}))
    np.testing.assert_array_equal(found["half"], exact)
    np.testing.assert_array_equal(found["brain"], exact[:3])


def test_views_and_shared_storages_are_read():
    """As in checkpoints with tied weights, or saved from slices of one tensor."""
    whole = torch.arange(12.0).reshape(3, 4)
    found = read_torch(saved({"whole": whole, "transposed": whole.T, "part": whole[1:, ::2], "tied": whole}))
    for name, expected in {"whole": whole, "transposed": whole.T, "part": whole[1:, ::2], "tied": whole}.items():
        np.testing.assert_array_equal(found[name], expected)


def deflated(data):
    """The same archive, compressed, as PyTorch never writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as stored, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for member in stored.namelist():
            packed.writestr(member, stored.read(member))
    return buffer.getvalue()


SWELLING = {
    "a compressed archive": lambda: deflated(saved({"w": torch.zeros(10**6)})),
    "repeats the numbers of a smaller one": lambda: saved({"w": torch.zeros(1, dtype=torch.bfloat16).expand(10**9)}),
    "bytearray": lambda: b"\x80\x02" + call(function("builtins", "bytearray"), integer(10**9)) + b".",
    "a name that is a tuple": lambda: saved({((("w",) * 9,) * 9,) * 9: torch.zeros(1)}),
}


@pytest.mark.parametrize("found", SWELLING)
def test_what_would_fill_the_memory_is_refused(found):
    data = SWELLING[found]()
    assert len(data) < 10_000
    with pytest.raises(JaxevalError, match=f"{FOUND}.*{found}") as caught:
        read_torch(data)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
