"""The trained layers of an ONNX network."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxeval.errors import JaxevalError

Tensors = dict[str, np.ndarray]

_PRODUCTS = {"Conv": "conv", "Gemm": "dense", "MatMul": "dense"}
_NORM = ("weight", "bias", "running_mean", "running_var")
_WITHOUT_WEIGHTS = {"Dropout"}
"""Operations whose constants are no weights."""


@dataclass
class Layer:
    """A layer with weights.

    Attributes:
        kind: "conv", "dense", "norm" or "prelu".
        tensors: `weight` and maybe `bias` of a product, the weights laid out as PyTorch does (`[out, in, ...]`), or
            `weight` of a PReLU; empty for a normalisation.
        norm: `weight`, `bias`, `running_mean` and `running_var` of the batch normalisation that the layer is, or that
            directly follows the product; None if none does, as where it has been folded into it.
        eps: the normalisation's ε.
    """

    kind: str
    tensors: Tensors
    norm: Tensors | None = None
    eps: float = 0.0


def read_onnx(data: bytes) -> list[Layer]:
    """The layers with weights in the order in which the network computes them.

    Tensors are found by what uses them, since in a file made by PyTorch their names may be mere numbers. Nothing in the
    file is executed, and nothing outside of it is read.

    Args:
        data: the whole `.onnx` file.

    Returns:
        Convolutions, dense layers, PReLUs and batch normalisations, float32.

    Raises:
        JaxevalError: the `onnx` package is not installed; the file is no ONNX network; a layer's tensor is missing,
            or stands in another file; numbers are used by an operation that is none of these layers.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError:
        raise JaxevalError("Converting an .onnx file needs a reader: pip install 'jaxeval[convert]'.") from None
    try:
        with np.errstate(all="ignore"):  # whether numbers are finite is for the caller to say
            layers = _Walk(onnx.ModelProto.FromString(data).graph, onnx).layers
    except (DecodeError, ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise JaxevalError(f"Expected an ONNX network, got: {reason}; download it again.") from error
    if not layers:
        raise JaxevalError("Expected an ONNX network, got one without layers; download it again.")
    return layers


class _Walk:
    """Through the nodes of a graph, which ONNX keeps in an order of computation."""

    def __init__(self, graph: Any, onnx: Any):
        self.onnx = onnx
        self.layers: list[Layer] = []
        self.stored = {tensor.name: tensor for tensor in graph.initializer}
        self.made: dict[str, Layer] = {}  # products by the name of their result
        for node in graph.node:
            self._visit(node, {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute})

    def _visit(self, node: Any, options: dict[str, Any]) -> None:
        after = self.made.get(node.input[0]) if node.input else None
        stored = [name for name in node.input if name in self.stored]
        if node.op_type == "Constant" and "value" in options:
            self.stored[node.output[0]] = options["value"]
        elif node.op_type == "Identity" and stored:
            self.stored[node.output[0]] = self.stored[stored[0]]
        elif node.op_type in _PRODUCTS:
            self.made[node.output[0]] = self._add(Layer(_PRODUCTS[node.op_type], self._product(node, options)))
        elif node.op_type == "PRelu":
            self._add(Layer("prelu", self._tensors(node, ["weight"])))
        elif node.op_type == "BatchNormalization":
            if after is None or after.norm is not None:
                after = self._add(Layer("norm", {}))
            after.norm, after.eps = self._tensors(node, _NORM), float(options.get("epsilon", 1e-5))
        elif node.op_type == "Add" and stored and (product := self._product_before(node)):
            product.tensors["bias"] = self._array(stored[0])
            self.made[node.output[0]] = product
        elif node.op_type not in _WITHOUT_WEIGHTS and (floats := [name for name in stored if self._is_float(name)]):
            raise ValueError(f"an operation {node.op_type} with numbers of its own ({', '.join(floats)})")

    def _add(self, layer: Layer) -> Layer:
        self.layers.append(layer)
        return layer

    def _product(self, node: Any, options: dict[str, Any]) -> Tensors:
        tensors = self._tensors(node, ["weight", "bias"][: max(1, len(node.input) - 1)])
        if node.op_type == "MatMul" or (node.op_type == "Gemm" and not options.get("transB", 0)):
            tensors["weight"] = tensors["weight"].swapaxes(0, -1)
        for name, factor in (("weight", "alpha"), ("bias", "beta")):
            if name in tensors:
                tensors[name] = tensors[name] * np.float32(options.get(factor, 1.0))
        return tensors

    def _product_before(self, node: Any) -> Layer | None:
        """The product without bias and normalisation whose result is added to."""
        found = [self.made[name] for name in node.input if name in self.made]
        return next((layer for layer in found if "bias" not in layer.tensors and layer.norm is None), None)

    def _tensors(self, node: Any, roles: Iterable[str]) -> Tensors:
        names = dict(zip(roles, node.input[1:], strict=False))
        if missing := [f"{role} {names.get(role, '')}".strip() for role in roles if names.get(role) not in self.stored]:
            raise ValueError(f"a {node.op_type} without its {' and '.join(missing)}")
        return {role: self._array(name) for role, name in names.items()}

    def _array(self, name: str) -> np.ndarray:
        tensor = self.stored[name]
        if tensor.data_location == tensor.EXTERNAL or not self._is_float(name):
            raise ValueError(f"tensor {name} that is stored in another file or is not of floating-point numbers")
        return np.asarray(self.onnx.numpy_helper.to_array(tensor), np.float32)

    def _is_float(self, name: str) -> bool:
        types = self.onnx.TensorProto
        return self.stored[name].data_type in (types.FLOAT, types.FLOAT16, types.DOUBLE, types.BFLOAT16)
