"""How each upstream file becomes an encoder's arrays: tables of names and layouts.

A layout reads like an index expression: "oihw->hwio" permutes axes; an axis written "1" has extent 1 and is dropped.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from jaxeval.checkpoints.dlib_file import read_dlib
from jaxeval.checkpoints.geometry_file import read_geometry
from jaxeval.checkpoints.tflite_file import read_tflite
from jaxeval.checkpoints.torch_file import read_torch
from jaxeval.encoders import blaze_face, dlib_resnet, face_mesh, st_lpips

Names = dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Recipe:
    """A converter.

    Attributes:
        readers: for each source file in the manifest's order, what turns its bytes into named tensors.
        names: our array's name to the upstream tensor's name and the layout that turns one into the other.
        ignored: upstream tensors that are no weights, such as fixed blur filters.
    """

    readers: tuple[Callable[[bytes], dict[str, np.ndarray]], ...]
    names: Mapping[str, tuple[str, str]]
    ignored: frozenset[str] = frozenset()


def _torch_conv(ours: str, theirs: str) -> Names:
    return {f"{ours}.kernel": (f"{theirs}.weight", "oihw->hwio"), f"{ours}.bias": (f"{theirs}.bias", "o->o")}


def _dlib_conv(conv: str, affine: str, index: int) -> Names:
    return {
        f"{conv}.kernel": (f"con.{index}.filters", "oihw->hwio"),
        f"{conv}.bias": (f"con.{index}.biases", "o->o"),
        f"{affine}.scale": (f"affine.{index}.gamma", "c->c"),
        f"{affine}.shift": (f"affine.{index}.beta", "c->c"),
    }


def _numbered(stem: str, index: int) -> str:
    """Keras leaves out the number 0."""
    return f"{stem}_{index}" if index else stem


def _tflite_conv(ours: str, theirs: str) -> Names:
    return {f"{ours}.kernel": (f"{theirs}/Kernel", "ohwi->hwio"), f"{ours}.bias": (f"{theirs}/Bias", "o->o")}


def _prelu(ours: str, index: int) -> Names:
    return {f"{ours}.slope": (f"{_numbered('p_re_lu', index)}/Alpha", "11c->c")}


def _blaze_block(ours: str, depthwise: int, pointwise: int, prelu: int | None = None) -> Names:
    theirs = _numbered("depthwise_conv2d", depthwise)
    return {
        f"{ours}.depthwise.kernel": (f"{theirs}/Kernel", "1hwc->hwc"),
        f"{ours}.depthwise.bias": (f"{theirs}/Bias", "c->c"),
        **_tflite_conv(f"{ours}.pointwise", f"conv2d_{pointwise}"),
        **({} if prelu is None else _prelu(f"{ours}.activation", prelu)),
    }


def _merge(*tables: Names) -> Names:
    return {ours: theirs for table in tables for ours, theirs in table.items()}


ST_LPIPS_ALEX = Recipe(
    readers=(read_torch,),
    names=_merge(
        _torch_conv("conv1", "net.slice1.0"),
        _torch_conv("conv2", "net.slice2.5"),
        _torch_conv("conv3", "net.slice3.9"),
        _torch_conv("conv4", "net.slice4.11"),
        _torch_conv("conv5", "net.slice5.13"),
        {f"heads.{tap}": (f"lin{tap}.model.1.weight", "1c11->c") for tap in range(len(st_lpips.TAPS))},
    ),
    ignored=frozenset(
        ["scaling_layer.shift", "scaling_layer.scale", "net.slice1.1.filt", "net.slice2.4.filt", "net.slice3.8.filt"]
    ),
)

DLIB_RESNET = Recipe(
    readers=(read_dlib,),
    names=_merge(
        _dlib_conv("stem", "stem_affine", 0),
        *(
            _dlib_conv(f"blocks.{block}.conv{half}", f"blocks.{block}.affine{half}", 2 * block + half)
            for block in range(len(dlib_resnet.BLOCKS))
            for half in (1, 2)
        ),
        {"head": ("fc.0.weights", "io->io")},
    ),
)

FACE_MESH = Recipe(
    readers=(read_tflite, read_geometry),
    names=_merge(
        _tflite_conv("stem", "conv2d"),
        _prelu("stem_prelu", 0),
        *(_blaze_block(f"trunk.layers.{k}", k, k + 1, k + 1) for k in range(len(face_mesh.TRUNK))),
        *(
            _blaze_block(f"landmarks.blocks.layers.{k}", 14 + k, 15 + k, 15 + k)
            for k in range(len(face_mesh.LANDMARK_BLOCKS))
        ),
        _tflite_conv("landmarks.bottleneck", "conv2d_18"),
        _prelu("landmarks.bottleneck_prelu", 18),
        _blaze_block("landmarks.bottleneck_block.layers.0", 17, 19, 19),
        _tflite_conv("landmarks.output", "conv2d_20"),
        _blaze_block("presence.blocks.layers.0", 22, 27, 25),
        _tflite_conv("presence.bottleneck", "conv2d_28"),
        _prelu("presence.bottleneck_prelu", 26),
        _blaze_block("presence.bottleneck_block.layers.0", 23, 29, 27),
        _tflite_conv("presence.output", "conv2d_30"),
        {"canonical": ("canonical", "nx->nx"), "procrustes_weights": ("procrustes_weights", "n->n")},
    ),
)

BLAZE_FACE = Recipe(
    readers=(read_tflite,),
    names=_merge(
        _tflite_conv("stem", "conv2d"),
        *(_blaze_block(f"fine.layers.{k}", k, k + 1) for k in range(len(blaze_face.FINE_BLOCKS))),
        *(_blaze_block(f"coarse.layers.{k}", 11 + k, 12 + k) for k in range(len(blaze_face.COARSE_BLOCKS))),
        *(_tflite_conv(f"regressors.{k}", f"regressor_{stride}") for k, stride in enumerate((8, 16))),
        *(_tflite_conv(f"classifiers.{k}", f"classificator_{stride}") for k, stride in enumerate((8, 16))),
    ),
)

RECIPES = {
    "st_lpips_alex": ST_LPIPS_ALEX,
    "dlib_resnet": DLIB_RESNET,
    "face_mesh": FACE_MESH,
    "blaze_face": BLAZE_FACE,
}
"""The converter of each encoder by its public name."""
