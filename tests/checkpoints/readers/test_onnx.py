"""The reader of ONNX files against small networks made for the purpose."""

import sys

import numpy as np
import pytest

from jaxeval.checkpoints.readers.onnx import read_onnx
from jaxeval.errors import JaxevalError

RNG = np.random.default_rng(0)


def floats(*shape):
    return RNG.normal(size=shape).astype(np.float32)


@pytest.fixture
def onnx():
    return pytest.importorskip("onnx", reason="the reader's library comes with the extra `convert`")


class Maker:
    """Nodes and initialisers under numbers for names; operations that give constants are nodes, too."""

    def __init__(self, onnx):
        self.onnx = onnx
        self.nodes, self.stored = [], []

    def number(self):
        return str(len(self.nodes) + len(self.stored))

    def tensor(self, array):
        self.stored.append(self.onnx.numpy_helper.from_array(array, self.number()))
        return self.stored[-1].name

    def node(self, op, *inputs, **options):
        output = f"{op}:{self.number()}"
        self.nodes.append(self.onnx.helper.make_node(op, inputs, [output], **options))
        return output

    def model(self):
        graph = self.onnx.helper.make_graph(self.nodes, "made", [], [], self.stored)
        return self.onnx.helper.make_model(graph)

    def layers(self):
        return read_onnx(self.model().SerializeToString())


@pytest.fixture
def maker(onnx):
    return Maker(onnx)


def norm_of(maker, x, parts, **options):
    return maker.node("BatchNormalization", x, *map(maker.tensor, parts), **options)


def test_layers_in_the_order_of_computation(maker):
    kernel, bias, slope, norms = floats(4, 3, 3, 3), floats(4), floats(4, 1, 1), [floats(4) for _ in range(8)]
    x = norm_of(maker, maker.node("Conv", "data", *map(maker.tensor, (kernel, bias))), norms[:4], epsilon=1e-3)
    x = maker.node("PRelu", x, maker.tensor(slope))
    norm_of(maker, maker.node("Add", x, x), norms[4:])
    conv, prelu, norm = maker.layers()
    assert (conv.kind, prelu.kind, norm.kind) == ("conv", "prelu", "norm")
    np.testing.assert_array_equal(conv.tensors["weight"], kernel)
    np.testing.assert_array_equal(conv.tensors["bias"], bias)
    np.testing.assert_array_equal(prelu.tensors["weight"], slope)
    assert list(conv.norm) == list(norm.norm) == ["weight", "bias", "running_mean", "running_var"]
    np.testing.assert_array_equal([*conv.norm.values(), *norm.norm.values()], norms)
    assert (conv.eps, norm.eps) == (pytest.approx(1e-3), pytest.approx(1e-5))
    assert norm.tensors == {}
    assert prelu.norm is None


def test_two_normalisations_of_one_result(maker):
    x = maker.node("Conv", "data", maker.tensor(floats(4, 3, 3, 3)))
    norm_of(maker, norm_of(maker, x, [floats(4)] * 4), [floats(4)] * 4)
    norm_of(maker, x, [floats(4)] * 4)
    assert [(layer.kind, layer.norm is None) for layer in maker.layers()] == [
        ("conv", False),
        ("norm", False),
        ("norm", False),
    ]


@pytest.mark.parametrize("form", ["Gemm", "Gemm transposed", "MatMul", "MatMul and Add", "Add first"])
def test_dense_layers_are_laid_out_as_pytorch_does(maker, form):
    weight, bias = floats(5, 7), floats(5)
    if form.startswith("Gemm"):
        stored = weight if "transposed" in form else np.ascontiguousarray(weight.T)
        maker.node("Gemm", "x", *map(maker.tensor, (stored, bias)), transB=int("transposed" in form))
    else:
        x = maker.node("MatMul", "x", maker.tensor(np.ascontiguousarray(weight.T)))
        terms = [x, maker.tensor(bias)]
        if form != "MatMul":
            maker.node("Add", *(terms if form == "MatMul and Add" else terms[::-1]))
    (layer,) = maker.layers()
    assert layer.kind == "dense"
    np.testing.assert_array_equal(layer.tensors["weight"], weight)
    if form != "MatMul":
        np.testing.assert_array_equal(layer.tensors["bias"], bias)


def test_factors_of_a_dense_layer(maker):
    weight, bias = floats(5, 7), floats(5)
    maker.node("Gemm", "x", *map(maker.tensor, (weight, bias)), transB=1, alpha=2.0, beta=0.5)
    (layer,) = maker.layers()
    np.testing.assert_array_equal(layer.tensors["weight"], 2 * weight)
    np.testing.assert_array_equal(layer.tensors["bias"], bias / 2)


def test_a_norm_after_a_dense_layer_is_its_own(maker):
    x = maker.node("MatMul", "x", maker.tensor(floats(7, 5)))
    norm_of(maker, maker.node("Add", x, maker.tensor(floats(5))), [floats(5)] * 4)
    (layer,) = maker.layers()
    assert layer.norm is not None
    assert set(layer.tensors) == {"weight", "bias"}


def test_constants_shared_or_given_by_nodes(maker):
    first, second = floats(4), floats(4, 1, 1)
    shared = maker.tensor(first)
    norm_of_shared = [maker.node("Identity", shared), shared, shared, maker.node("Identity", shared)]
    maker.node("BatchNormalization", "x", *norm_of_shared)
    given = maker.onnx.numpy_helper.from_array(second)
    maker.node("PRelu", "x", maker.node("Constant", value=given))
    norm, prelu = maker.layers()
    np.testing.assert_array_equal(list(norm.norm.values()), [first] * 4)
    np.testing.assert_array_equal(prelu.tensors["weight"], second)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_floats_become_float32(maker, dtype):
    slope = floats(4).astype(dtype)
    maker.node("PRelu", "x", maker.tensor(slope))
    (layer,) = maker.layers()
    assert layer.tensors["weight"].dtype == np.float32
    np.testing.assert_array_equal(layer.tensors["weight"], slope.astype(np.float32))


def test_integers_and_ratios_are_no_weights(maker):
    maker.node("PRelu", "x", maker.tensor(floats(4)))
    maker.node("Reshape", "x", maker.tensor(np.array([1, -1])))
    maker.node("Dropout", "x", maker.tensor(np.float32(0.5)))
    assert [layer.kind for layer in maker.layers()] == ["prelu"]


def refused(match):
    text = rf"\AExpected an ONNX network, got(?=.*{match})[^\n]*; download it again.\Z"
    return pytest.raises(JaxevalError, match=text)


def test_numbers_of_other_operations_are_not_lost_in_silence(maker):
    maker.node("Sub", "x", name := maker.tensor(np.float32([127.5])))
    maker.node("PRelu", "x", maker.tensor(floats(4)))
    with refused(rf"an operation Sub with numbers of its own \({name}\)"):
        maker.layers()


@pytest.mark.parametrize(("op", "parts"), [("Conv", 1), ("Gemm", 2), ("MatMul", 1), ("PRelu", 1)])
def test_missing_tensors(maker, op, parts):
    maker.node(op, "x", *["lost"] * parts)
    with refused(f"a {op} without its weight lost"):
        maker.layers()


def test_a_normalisation_without_its_variance(maker):
    maker.node("BatchNormalization", "x", *(maker.tensor(floats(4)) for _ in range(3)))
    with refused("a BatchNormalization without its running_var"):
        maker.layers()


def test_weights_that_are_no_floats(maker):
    maker.node("Conv", "x", name := maker.tensor(np.ones((4, 3, 3, 3), np.int8)))
    with refused(f"tensor {name} that is stored in another file or is not of floating-point numbers"):
        maker.layers()


def test_no_other_file_is_read(maker, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_bytes(floats(4).tobytes())
    maker.node("PRelu", "x", maker.tensor(floats(4)))
    tensor = maker.stored[0]
    tensor.ClearField("raw_data")
    tensor.data_location = tensor.EXTERNAL
    tensor.external_data.add(key="location", value="secret")
    with refused("stored in another file"):
        maker.layers()


def test_a_tensor_of_another_size_than_it_says(maker):
    maker.node("PRelu", "x", maker.tensor(floats(4)))
    maker.stored[0].dims[0] = 5
    with refused("reshape"):
        maker.layers()


@pytest.mark.parametrize("data", [b"", b"\x08\x07"])
def test_networks_without_layers(onnx, data):
    with refused("one without layers"):
        read_onnx(data)


@pytest.mark.parametrize("data", [b"<!doctype html><html></html>", b"\xff" * 64, b"PK\x03\x04"])
def test_files_that_are_none(onnx, data):
    with refused(""):
        read_onnx(data)


def sample(maker):
    x = maker.node("Conv", "data", *map(maker.tensor, (floats(4, 3, 3, 3), floats(4))))
    x = maker.node("PRelu", norm_of(maker, x, [floats(4) for _ in range(4)]), maker.tensor(floats(4, 1, 1)))
    maker.node("Gemm", x, *map(maker.tensor, (floats(5, 4), floats(5))), transB=1)
    return maker.model().SerializeToString()


def test_files_cut_short(maker):
    data = sample(maker)
    for length in range(len(data) - 20):  # behind the graph stand a few bytes more
        with refused(""):
            read_onnx(data[:length])


def complaint_about(data):
    try:
        read_onnx(data)
    except JaxevalError as error:
        return str(error)
    return ""


def test_damaged_files_give_layers_or_one_line(maker):
    data = sample(maker)
    rng = np.random.default_rng(0)
    for _ in range(2000):
        damaged = bytearray(data)
        for at in rng.integers(len(data), size=rng.integers(1, 4)):
            damaged[at] = rng.integers(256)
        assert "\n" not in complaint_about(bytes(damaged))


def test_without_the_extra_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(JaxevalError, match=r"pip install 'jaxeval\[convert\]'"):
        read_onnx(b"")
