"""Conversion: which files are taken, which tensors are found, what is written when."""

import hashlib
import os
from pathlib import Path

import jax
import numpy as np
import pytest

from jaxeval.checkpoints import convert, load_encoder
from jaxeval.checkpoints.convert import checked_digest
from jaxeval.checkpoints.load import abstract_encoder, array_shapes, weights_of
from jaxeval.checkpoints.manifest import Source, read_manifest, tampered
from jaxeval.checkpoints.recipe import Recipe, Taken, make_arrays, take
from jaxeval.checkpoints.recipes import RECIPES
from jaxeval.checkpoints.store import restore
from jaxeval.encoders import ENCODERS
from jaxeval.errors import JaxevalError

NAMES = sorted(ENCODERS)
GOLDEN = Path(__file__).parents[1] / "golden"


def test_every_recipe_fills_exactly_its_encoder():
    assert RECIPES.keys() == ENCODERS.keys()
    for name, recipe in RECIPES.items():
        assert recipe.names.keys() == array_shapes(abstract_encoder(name)).keys()
        assert len(recipe.readers) == len(read_manifest()[name].sources)
        moved = [taken.parts[0] for taken in recipe.names.values() if len(taken.parts) == 1]
        assert len(set(moved)) == len(moved)


@pytest.mark.parametrize("name", NAMES)
def test_the_real_files_become_the_manifests_arrays(name, tmp_path):
    folder = os.environ.get("JAXEVAL_UPSTREAM")
    entry = read_manifest()[name]
    files = [Path(folder or "") / Path(source.file).name for source in entry.sources]
    if not folder:
        pytest.skip(f"set JAXEVAL_UPSTREAM to a folder that holds {', '.join(file.name for file in files)}")
    made = convert(name, files, tmp_path / "weights")
    arrays = restore(made, array_shapes(abstract_encoder(name)))
    assert entry.arrays or entry.sha256 == ""
    assert not entry.arrays or tampered(entry.arrays, arrays) == []


def test_axes_are_permuted_dropped_and_split():
    tensors = {
        "conv": np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5),
        "head": np.arange(7.0).reshape(1, 7, 1, 1),
        "flat": np.arange(2 * 24.0).reshape(2, 24),
    }
    names = {"k": take("hwio", "conv", "oihw"), "h": take("c", "head", "1c11"), "f": take("hwco", "flat", "o(chw)")}
    shapes = {"k": (4, 5, 3, 2), "h": (7,), "f": (4, 2, 3, 2)}
    like = {name: jax.ShapeDtypeStruct(shape, np.float32) for name, shape in shapes.items()}
    found = make_arrays(Recipe((lambda data: tensors,), names), [b""], like)
    np.testing.assert_array_equal(found["k"], np.einsum("oihw->hwio", tensors["conv"]))
    np.testing.assert_array_equal(found["h"], tensors["head"].ravel())
    np.testing.assert_array_equal(found["f"], np.einsum("ochw->hwco", tensors["flat"].reshape(2, 3, 4, 2)))


def test_what_is_computed_is_computed_in_float64():
    tensors = {"w": np.float32([[1, 3]]), "v": np.float32([3])}
    names = {"k": Taken("io", (("w", "oi"), ("v", "o")), lambda w, v: w / v)}
    found = make_arrays(Recipe((lambda data: tensors,), names), [b""], {"k": jax.ShapeDtypeStruct((2, 1), np.float32)})
    np.testing.assert_array_equal(found["k"], np.float32([[1 / 3], [1]]))


TENSORS = {"w": np.zeros((4, 3, 1, 1)), "b": np.zeros(4), "a.filt": np.zeros(9)}
SHAPES = {"k": jax.ShapeDtypeStruct((1, 1, 3, 4), np.float32), "bias": jax.ShapeDtypeStruct((4,), np.float32)}


def toy(tensors):
    names = {"k": take("hwio", "w", "oihw"), "bias": take("o", "b")}
    return Recipe(readers=(lambda data: tensors,), names=names, ignored=("*.filt",))


def test_a_fitting_file():
    assert make_arrays(toy(TENSORS), [b""], SHAPES).keys() == SHAPES.keys()


def test_all_that_is_wrong_is_listed_at_once():
    tensors = {"b": np.zeros(5), "extra": np.zeros((2, 2)), "a.filt": np.zeros(9)}
    with pytest.raises(JaxevalError) as caught:
        make_arrays(toy(tensors), [b""], SHAPES, ["a.pth"])
    assert str(caught.value) == (
        "a.pth: upstream tensors differ from the recipe: missing w; surplus extra (2, 2); "
        "b: expected (4,), found (5,). Nothing was written."
    )


@pytest.mark.parametrize("shape", [(4, 3), (3, 4, 1, 1), (4, 3, 1, 1, 1), ()])
def test_a_misshapen_tensor_is_told_with_both_shapes(shape):
    with pytest.raises(JaxevalError) as caught:
        make_arrays(toy({**TENSORS, "w": np.zeros(shape)}), [b""], SHAPES)
    assert f"w: expected (4, 3, 1, 1), found {shape}" in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(value):
    with pytest.raises(JaxevalError, match="b: expected finite numbers"):
        make_arrays(toy({**TENSORS, "b": np.full(4, value)}), [b""], SHAPES)


CONTENT = bytes(range(200))
SOURCE = Source("PyPI thing 1.0", "thing/net.pth", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())


OTHERS = {
    "no file": (None, r"net\.pth of PyPI thing 1\.0 \(200 bytes, sha256 [0-9a-f]{64}\), found no file"),
    "cut short": (
        CONTENT[:100],
        r"found 100 bytes \(cut short\?\), sha256 [0-9a-f]{64}; download it again or .* --unv",
    ),
    "empty": (b"", r"found 0 bytes \(cut short\?\)"),
    "a page": (b"\n <!DOCTYPE html>\n<html>404</html>", r"found a web page of \d+ bytes"),
    "changed": (CONTENT[:-1] + b"\0", r"found 200 bytes, sha256"),
}


def written(path, content):
    if content is not None:
        path.write_bytes(content)
    return path


@pytest.mark.parametrize(("content", "complaint"), OTHERS.values(), ids=OTHERS)
def test_another_file_than_the_expected_is_described(tmp_path, content, complaint):
    path = written(tmp_path / "mine.pth", content)
    with pytest.raises(JaxevalError, match=complaint) as caught:
        checked_digest(path, SOURCE)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", OTHERS)
def test_unverified_takes_any_file_but_no_web_page(tmp_path, kind):
    content, complaint = OTHERS[kind]
    path = written(tmp_path / "mine.pth", content)
    if kind in ("no file", "a page"):
        with pytest.raises(JaxevalError, match=complaint):
            checked_digest(path, SOURCE, unverified=True)
    else:
        assert checked_digest(path, SOURCE, unverified=True) == hashlib.sha256(content).hexdigest()


def test_digits_of_a_digest_are_enough_but_none_are_nothing(tmp_path):
    path = written(tmp_path / "net.pth", CONTENT)
    assert checked_digest(path, Source("p", "net.pth", 0, SOURCE.sha256[:8])) == SOURCE.sha256
    with pytest.raises(JaxevalError, match="its digest isn't known: accept this one with --unverified"):
        checked_digest(path, Source("p", "net.pth"))


def test_an_unverified_file_makes_unverified_weights(tmp_path, monkeypatch):
    """The real upstream file of the face detector, with one number changed."""
    pytest.importorskip("tflite", reason="tflite reads the file and comes with the extra `convert`")
    data = bytearray((GOLDEN / "face_detection_short_range.tflite").read_bytes())
    verified = written(tmp_path / "a.tflite", bytes(data))
    data[len(data) // 2] ^= 1
    other = written(tmp_path / "b.tflite", bytes(data))
    monkeypatch.setenv("JAXEVAL_WEIGHTS_DIR", str(tmp_path / "weights"))
    convert("blaze_face", [verified], tmp_path / "weights")
    assert weights_of("blaze_face").verified
    assert str(weights_of("blaze_face")) == read_manifest()["blaze_face"].sha256
    with pytest.raises(JaxevalError, match="accept this one with --unverified"):
        convert("blaze_face", [other], tmp_path / "weights")
    convert("blaze_face", [other], tmp_path / "weights", unverified=True)
    assert not weights_of("blaze_face").verified
    assert str(weights_of("blaze_face")).endswith(" (unverified)")
    assert str(weights_of("blaze_face")) != read_manifest()["blaze_face"].sha256
    load_encoder("blaze_face")


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
