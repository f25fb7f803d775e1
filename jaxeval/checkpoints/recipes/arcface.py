"""ArcFace's improved ResNets, from insightface's PyTorch files and from its ONNX files."""

import numpy as np

from jaxeval.checkpoints.readers.onnx import Layer, read_onnx
from jaxeval.checkpoints.readers.torch import read_torch
from jaxeval.checkpoints.recipe import Names, Recipe, Taken, merge, take, torch_conv_norm, torch_norm
from jaxeval.encoders.arcface import R50, R100, Table
from jaxeval.errors import JaxevalError

EPS = 1e-5

Tensors = dict[str, np.ndarray]

_TORCH, _ONNX = (b"PK", b"\x80"), b"\x08"
"""How the files begin: a zip archive or a pickle, and the version number of an ONNX file."""


def arcface(table: Table) -> Recipe:
    """The converter of the network with that table.

    Args:
        table: (channels, blocks) of each stage.
    """
    return Recipe(
        readers=(lambda data: _read(data, table),),
        names=merge(
            torch_conv_norm("stem", "conv1", "bn1", EPS),
            {"stem_prelu.slope": take("c", "prelu.weight")},
            *(_block(f"blocks.{k}", theirs) for k, theirs in enumerate(_blocks(table))),
            torch_norm("norm", "bn2", EPS),
            _head(table[-1][0]),
        ),
        ignored=("*.num_batches_tracked",),
    )


def _blocks(table: Table) -> list[str]:
    return [f"layer{stage}.{block}" for stage, (_, blocks) in enumerate(table, start=1) for block in range(blocks)]


def _block(ours: str, theirs: str) -> Names:
    return merge(
        torch_norm(f"{ours}.norm", f"{theirs}.bn1", EPS),
        torch_conv_norm(f"{ours}.conv1", f"{theirs}.conv1", f"{theirs}.bn2", EPS),
        {f"{ours}.prelu.slope": take("c", f"{theirs}.prelu.weight")},
        torch_conv_norm(f"{ours}.conv2", f"{theirs}.conv2", f"{theirs}.bn3", EPS),
        torch_conv_norm(f"{ours}.shortcut", f"{theirs}.downsample.0", f"{theirs}.downsample.1", EPS)
        if theirs.endswith(".0")
        else {},
    )


def _head(channels: int) -> Names:
    """A linear layer, whose inputs PyTorch has in the order channels, height, width, and the normalisation after it."""

    def kernel(weight: np.ndarray, w: np.ndarray, v: np.ndarray) -> np.ndarray:
        inputs, outputs = weight.shape
        ours = weight.reshape(channels, -1, outputs).swapaxes(0, 1).reshape(inputs, outputs)
        return ours * (w / np.sqrt(v + EPS))

    scale = (("features.weight", "o"), ("features.running_var", "o"))
    return {
        "head.kernel": Taken("io", (("fc.weight", "oi"), *scale), kernel),
        "head.bias": Taken(
            "o",
            (("fc.bias", "o"), *scale, ("features.bias", "o"), ("features.running_mean", "o")),
            lambda bias, w, v, b, m: (bias - m) * w / np.sqrt(v + EPS) + b,
        ),
    }


def _read(data: bytes, table: Table) -> Tensors:
    if data.startswith(_TORCH):
        return read_torch(data)
    if data.startswith(_ONNX):
        return _named(read_onnx(data), table)
    raise JaxevalError(
        f"Expected a PyTorch state dictionary or an ONNX network, got a file that begins {data[:16]!r}; "
        "download it again."
    )


def _named(layers: list[Layer], table: Table) -> Tensors:
    """An ONNX file's layers under PyTorch's names: of each kind, the first is the first in the network, and so on."""
    names = _onnx_names(table)
    found: dict[str, list[Layer]] = {kind: [] for kind in names}
    for layer in layers:
        found[_kind(layer)].append(layer)
    expected, got = ({kind: len(members) for kind, members in each.items()} for each in (names, found))
    if expected != got:
        raise JaxevalError(f"Expected the layers of this network ({_told(expected)}), got {_told(got)}.")
    pairs = ((name, layer) for kind in names for name, layer in zip(names[kind], found[kind], strict=True))
    return {key: tensor for name, layer in pairs for key, tensor in _torch_tensors(name, layer).items()}


def _onnx_names(table: Table) -> dict[str, list[tuple[str, str]]]:
    """Of each kind of layer: what PyTorch calls it, and the normalisation after it."""
    blocks = _blocks(table)
    halves = [(f"{block}.conv{k}", f"{block}.bn{k + 1}") for block in blocks for k in (1, 2)]
    shortcuts = [(f"{block}.downsample.0", f"{block}.downsample.1") for block in blocks if block.endswith(".0")]
    return {
        "3×3 convolutions": [("conv1", "bn1"), *halves],
        "1×1 convolutions": shortcuts,
        "PReLUs": [("prelu", ""), *((f"{block}.prelu", "") for block in blocks)],
        "normalisations by themselves": [*(("", f"{block}.bn1") for block in blocks), ("", "bn2")],
        "dense layers": [("fc", "features")],
    }


def _kind(layer: Layer) -> str:
    if layer.kind == "conv":
        return "1×1 convolutions" if layer.tensors["weight"].shape[2:] == (1, 1) else "3×3 convolutions"
    return {"prelu": "PReLUs", "norm": "normalisations by themselves", "dense": "dense layers"}[layer.kind]


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def _torch_tensors(name: tuple[str, str], layer: Layer) -> Tensors:
    layer_name, norm_name = name
    if layer.kind == "prelu":
        return {f"{layer_name}.weight": layer.tensors["weight"].reshape(-1)}
    tensors = {f"{layer_name}.{key}": tensor for key, tensor in layer.tensors.items()}
    norm = _norm(layer)
    if layer.kind == "conv":
        # PyTorch's convolutions have no bias here: one is a folded normalisation's, or is taken off its mean.
        norm["running_mean"] = norm["running_mean"] - tensors.pop(f"{layer_name}.bias", np.float64(0))
    elif layer.kind == "dense":
        tensors.setdefault(f"{layer_name}.bias", np.zeros(len(norm["bias"])))
    return tensors | {f"{norm_name}.{key}": tensor for key, tensor in norm.items()}


def _norm(layer: Layer) -> Tensors:
    """The normalisation of a layer with our ε; one that changes nothing where it has been folded away."""
    if layer.norm is None:
        channels = len(layer.tensors["weight"])
        zeros, ones = np.zeros(channels), np.ones(channels)
        return {"weight": ones, "bias": zeros, "running_mean": zeros, "running_var": ones - EPS}
    return layer.norm | {"running_var": layer.norm["running_var"].astype(np.float64) + (layer.eps - EPS)}


ARCFACE_R50 = arcface(R50)
ARCFACE_R100 = arcface(R100)
