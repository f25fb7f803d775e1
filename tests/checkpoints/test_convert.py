"""Conversion: which files are taken, which tensors are found, what is written when."""

import hashlib
import os
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxeval.checkpoints import convert
from jaxeval.checkpoints.convert import checked_bytes, convert_bytes, lay_out
from jaxeval.checkpoints.load import abstract_encoder, array_shapes
from jaxeval.checkpoints.manifest import Source, read_manifest, tampered
from jaxeval.checkpoints.recipes import RECIPES, Recipe
from jaxeval.checkpoints.store import restore
from jaxeval.encoders import ENCODERS
from jaxeval.errors import JaxevalError

NAMES = sorted(ENCODERS)


def test_every_recipe_fills_exactly_its_encoder():
    assert RECIPES.keys() == ENCODERS.keys()
    for name, recipe in RECIPES.items():
        assert recipe.names.keys() == array_shapes(abstract_encoder(name)).keys()
        assert len(recipe.readers) == len(read_manifest()[name].sources)
        upstream = [theirs for theirs, _ in recipe.names.values()]
        assert len(set(upstream)) == len(upstream)


@pytest.mark.parametrize("name", NAMES)
def test_the_real_files_become_the_manifests_arrays(name, tmp_path):
    folder = os.environ.get("JAXEVAL_UPSTREAM")
    entry = read_manifest()[name]
    files = [Path(folder or "") / Path(source.file).name for source in entry.sources]
    if not folder:
        pytest.skip(f"set JAXEVAL_UPSTREAM to a folder that holds {', '.join(file.name for file in files)}")
    made = convert(name, files, tmp_path / "weights")
    assert tampered(entry, restore(made, array_shapes(abstract_encoder(name)))) == []


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((4, 3, 2, 5), "oihw->hwio"),
        ((4, 2, 5, 3), "ohwi->hwio"),
        ((1, 2, 5, 4), "1hwc->hwc"),
        ((1, 7, 1, 1), "1c11->c"),
    ],
)
def test_layouts_are_einsum_s(shape, layout):
    array = np.random.default_rng(0).normal(size=shape)
    named = array.reshape([side for side, letter in zip(shape, layout, strict=False) if letter != "1"])
    np.testing.assert_array_equal(lay_out(array, layout), np.einsum(layout.replace("1", ""), named))


@pytest.mark.parametrize(("shape", "layout"), [((4, 3, 2), "oihw->hwio"), ((2, 7, 1, 1), "1c11->c"), ((), "c->c")])
def test_layouts_refuse_other_axes(shape, layout):
    assert lay_out(np.zeros(shape), layout) is None


TENSORS = {"w": np.zeros((4, 3, 1, 1)), "b": np.zeros(4), "filt": np.zeros(9)}
SHAPES = {"k": jax.ShapeDtypeStruct((1, 1, 3, 4), np.float32), "bias": jax.ShapeDtypeStruct((4,), np.float32)}


def toy(tensors):
    names = {"k": ("w", "oihw->hwio"), "bias": ("b", "o->o")}
    return Recipe(readers=(lambda data: tensors,), names=names, ignored=frozenset(["filt"]))


def test_a_fitting_file():
    assert convert_bytes(toy(TENSORS), [b""], SHAPES).keys() == SHAPES.keys()


def test_all_that_is_wrong_is_listed_at_once():
    tensors = {"b": np.zeros(5), "extra": np.zeros((2, 2)), "filt": np.zeros(9)}
    with pytest.raises(JaxevalError) as caught:
        convert_bytes(toy(tensors), [b""], SHAPES)
    assert str(caught.value) == (
        "Upstream tensors differ from the recipe: missing w; surplus extra (2, 2); "
        "b (5,) does not fit bias (4,) as o->o. Nothing was written."
    )


def test_a_tensor_of_another_rank_is_told_with_both_shapes():
    with pytest.raises(JaxevalError, match=r"w \(4, 3\) does not fit k \(1, 1, 3, 4\) as oihw->hwio"):
        convert_bytes(toy({**TENSORS, "w": np.zeros((4, 3))}), [b""], SHAPES)


CONTENT = bytes(range(200))
SOURCE = Source("PyPI thing 1.0", "thing/net.pth", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, r"net\.pth of PyPI thing 1\.0 \(200 bytes, sha256 [0-9a-f]{64}\), found no file"),
        (CONTENT[:100], r"found 100 bytes \(cut short\?\), sha256 [0-9a-f]{64}; get it again"),
        (b"", r"found 0 bytes \(cut short\?\)"),
        (b"\n <!DOCTYPE html>\n<html>404</html>", r"found a web page of \d+ bytes"),
        (CONTENT[:-1] + b"\0", r"found 200 bytes, sha256"),
    ],
)
def test_another_file_than_the_expected_is_described(tmp_path, content, complaint):
    path = tmp_path / "mine.pth"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JaxevalError, match=complaint) as caught:
        checked_bytes(path, SOURCE)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_the_used_part_is_returned(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(CONTENT)
    assert checked_bytes(path, SOURCE) == CONTENT
    assert checked_bytes(path, Source("p", "f", SOURCE.bytes, SOURCE.sha256, (10, 20))) == CONTENT[10:20]


@pytest.mark.parametrize("name", NAMES)
def test_a_refused_file_writes_nothing(tmp_path, name):
    files = [tmp_path / Path(source.file).name for source in read_manifest()[name].sources]
    for file in files:
        file.write_text("<html>Sign in</html>")
    with pytest.raises(JaxevalError, match="found a web page"):
        convert(name, files, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_the_number_of_files(tmp_path):
    with pytest.raises(
        JaxevalError, match=r"Expected 2 file\(s\) for face_mesh \(face_landmark\.tflite, face_mesh_sol"
    ):
        convert("face_mesh", [tmp_path / "face_landmark.tflite"], tmp_path)
