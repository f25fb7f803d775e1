"""Checkpoints on disk: what comes back, what is refused, what the files give away."""

import shutil
import socket

import jax
import numpy as np
import pytest

from jaxeval.checkpoints.manifest import digest
from jaxeval.checkpoints.store import restore, save
from jaxeval.errors import JaxevalError


def arrays_of(seed):
    rng = np.random.default_rng(seed)
    return {
        "stem.kernel": rng.normal(size=(3, 3, 64, 64)).astype(np.float32),
        "blocks.0.bias": rng.normal(size=(64,)).astype(np.float32),
        "blocks.1.bias": np.zeros((1,), np.float32),
    }


def like(arrays):
    return {name: jax.ShapeDtypeStruct(array.shape, array.dtype) for name, array in arrays.items()}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store") / "one"
    save(folder, arrays_of(0))
    return folder


@pytest.fixture
def copy(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "copy")


def files(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def test_round_trip_is_exact(saved):
    restored = restore(saved, like(arrays_of(0)))
    assert restored.keys() == arrays_of(0).keys()
    for name, array in arrays_of(0).items():
        assert restored[name].dtype == array.dtype
        np.testing.assert_array_equal(restored[name], array)


def test_a_second_save_replaces_the_first_and_keeps_digests(copy):
    save(copy, arrays_of(1))
    save(copy, arrays_of(2))
    restored = restore(copy, like(arrays_of(2)))
    assert {n: digest(a) for n, a in restored.items()} == {n: digest(a) for n, a in arrays_of(2).items()}
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_a_failed_save_leaves_the_old_checkpoint(copy):
    before = {path: (copy / path).read_bytes() for path in files(copy)}
    with pytest.raises(Exception, match="object"):
        save(copy, {"stem.kernel": np.array([object()])})
    assert {path: (copy / path).read_bytes() for path in files(copy)} == before
    assert [path.name for path in copy.parent.iterdir()] == ["copy"]


def test_files_give_away_neither_place_nor_time(saved):
    contents = {path: (saved / path).read_bytes() for path in files(saved)}
    text = b"".join(content for content in contents.values() if len(content) < 10_000)
    assert str(saved.parent).encode() not in b"".join(contents.values())
    assert f'"{socket.gethostname()}"'.encode() not in text
    assert b'"init_timestamp_nsecs": null' in text
    assert b'"commit_timestamp_nsecs": null' in text


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"blocks.2.bias": jax.ShapeDtypeStruct((3,), np.float32)},
            r"blocks\.2\.bias: expected float32\[3\], found",
        ),
        ({"blocks.1.bias": None}, r"array blocks\.1\.bias: expected nothing, found float32\[1\]"),
        ({"blocks.0.bias": jax.ShapeDtypeStruct((65,), np.float32)}, r"expected float32\[65\], found float32\[64\]"),
        ({"blocks.0.bias": jax.ShapeDtypeStruct((64,), np.float16)}, r"expected float16\[64\], found float32\[64\]"),
    ],
)
def test_other_arrays_shapes_and_types_are_refused(saved, change, complaint):
    wanted = {name: value for name, value in {**like(arrays_of(0)), **change}.items() if value is not None}
    with pytest.raises(JaxevalError, match=complaint):
        restore(saved, wanted)


def test_no_folder(tmp_path):
    with pytest.raises(JaxevalError, match=r"nowhere.*expected a file of an Orbax checkpoint, found none"):
        restore(tmp_path / "nowhere", {})


def damages():
    yield "deleted", lambda path: path.unlink()
    yield "emptied", lambda path: path.write_bytes(b"")
    yield "cut", lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(("kind", "damage"), list(damages()), ids=[name for name, _ in damages()])
def test_every_file_is_needed(saved, tmp_path, kind, damage):
    for index, path in enumerate(files(saved)):
        if path.name == "_CHECKPOINT_METADATA" and kind != "deleted":
            continue  # Orbax restores whatever it says.
        copy = shutil.copytree(saved, tmp_path / str(index))
        damage(copy / path)
        with pytest.raises(JaxevalError) as caught:
            restore(copy, like(arrays_of(0)))
        text = str(caught.value)
        assert "\n" not in text
        assert text.startswith(str(copy))
        assert path.name in text or any(name in text for name in arrays_of(0))
