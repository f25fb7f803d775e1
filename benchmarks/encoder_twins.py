"""Every encoder and its PyTorch twin with the same weights, for the benchmarks `encoder_*.py`.

The weights that come with jaxeval are real. The others can't be shipped: their twins are filled with seeded values,
saved in the form in which the upstream file circulates, and converted by the public converter.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import torch

import jaxeval
from jaxeval.checkpoints import convert
from jaxeval.checkpoints.manifest import read_manifest
from jaxeval.encoders import ENCODERS

NAMES = list(ENCODERS)
TESTS = Path(__file__).parents[1] / "tests" / "encoders"
_FOLDER = tempfile.TemporaryDirectory(prefix="jaxeval-twins-")


def twin(name: str) -> ModuleType:
    """Its module under tests/encoders/twins."""
    if str(TESTS) not in sys.path:
        sys.path.insert(0, str(TESTS))
    return import_module(f"twins.{name}")


@cache
def module(name: str) -> Any:
    """The twin itself."""
    return twin(name).build(0)


def encoder(name: str, **options: Any) -> Any:
    """Our encoder with the twin's weights."""
    _converted(name)
    return jaxeval.load_encoder(name, **options)


@cache
def _converted(name: str) -> None:
    if not hasattr(twin(name), "save"):
        return
    folder = Path(_FOLDER.name)
    os.environ["JAXEVAL_WEIGHTS_DIR"] = str(folder / "weights")
    files = []
    for source, content in zip(read_manifest()[name].sources, twin(name).save(module(name)), strict=True):
        files.append(folder / Path(source.file).name)
        files[-1].write_bytes(content)
    convert(name, files, folder / "weights", unverified=True)
    for file in files:
        file.unlink()


def ours(name: str, net: Any, inputs: Any) -> tuple[Any, ...]:
    """Our outputs, in the order of the twin's."""
    inputs = jnp.asarray(inputs)
    if name == "blaze_face":
        return net.raw(inputs)
    if name == "liveportrait_motion":
        return (*net(inputs), net.keypoints(inputs))
    return tuple(jax.tree.leaves(net(inputs)))


def forward(name: str) -> Callable[[Any, torch.Tensor], Any]:
    """The twin's outputs from frames with the channels in the second place, all its preprocessing included."""
    found = twin(name)
    if hasattr(found, "forward_torch"):
        return found.forward_torch
    if name.startswith("arcface"):
        return lambda net, x: net((x * 255 - 127.5) / 127.5)[-1]
    if name == "syncnet":
        # As its users do: five frames for each window.
        return lambda net, x: net.forward_lip((x.flip(1) * 255).unfold(0, 5, 1).permute(0, 1, 4, 2, 3))
    if name == "liveportrait_motion":
        return lambda net, x: found.outputs(net, x.movedim(1, 3))
    return lambda net, x: net(x)


def table(rows: list[list[str]]) -> str:
    """Columns side by side, the first one to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    fields = [f"{'<' if column == 0 else '>'}{width}" for column, width in enumerate(widths)]
    lines = ("  ".join(f"{cell:{field}}" for cell, field in zip(row, fields, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
