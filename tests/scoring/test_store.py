"""Records survive the disk, stale or damaged ones are not taken for good ones."""

import numpy as np
import pytest

from jaxeval.errors import JaxevalError
from jaxeval.scoring.record import ClipRecord, Curves, Strip
from jaxeval.scoring.store import ClipStore

RNG = np.random.default_rng(0)


def record(name="a"):
    curves = Curves(RNG.random(3), RNG.random(3), RNG.random(3), RNG.random((3, 4)))
    strip = Strip(np.arange(2), RNG.integers(0, 255, (2, 4, 4, 3), dtype=np.uint8))
    return ClipRecord(
        name,
        "ok",
        None,
        (3, 4),
        {"x": 0.1},
        {"y": "no face"},
        ("resized: a to b",),
        {"expr": curves},
        strip,
        strip,
        np.linspace(0, 1, 5),
    )


def test_round_trip(tmp_path):
    store, saved = ClipStore(tmp_path), record()
    store.save(saved, {"file": 1})
    loaded = store.load("a", {"file": 1})
    plain = ("id", "status", "reason", "frames", "scores", "missing", "flags")
    assert [getattr(loaded, name) for name in plain] == [getattr(saved, name) for name in plain]
    for name, array in vars(saved.curves["expr"]).items():
        np.testing.assert_array_equal(getattr(loaded.curves["expr"], name), array)
    np.testing.assert_array_equal(loaded.generated.images, saved.generated.images)
    np.testing.assert_array_equal(loaded.audio, saved.audio)


def test_a_failed_clip_without_pictures(tmp_path):
    store = ClipStore(tmp_path)
    store.save(ClipRecord("b", "failed", "no face"), {})
    loaded = store.load("b", {})
    assert (loaded.status, loaded.reason, loaded.generated, loaded.audio) == ("failed", "no face", None, None)


def test_other_inputs_are_not_found(tmp_path):
    store = ClipStore(tmp_path)
    store.save(record(), {"file": 1})
    assert store.load("a", {"file": 2}) is None
    assert store.load("c", {"file": 1}) is None


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b[:200] + bytes(100) + b[300:]]
)
def test_a_damaged_record_is_computed_anew(tmp_path, damage):
    store = ClipStore(tmp_path)
    store.save(record(), {})
    path = store.path("a")
    path.write_bytes(damage(path.read_bytes()))
    assert store.load("a", {}) is None


def test_names_that_no_file_may_have(tmp_path):
    store = ClipStore(tmp_path)
    names = ["a/b", "a_b", "ä" * 200, "..", "A"]
    for name in names:
        store.save(record(name), {})
    assert [store.load(name, {}).id for name in names] == names
    assert len(list(tmp_path.iterdir())) == len(names)


def test_nothing_is_left_of_a_write_that_failed(tmp_path):
    store = ClipStore(tmp_path)
    with pytest.raises(TypeError):
        store.save(record(), {"inputs": object()})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JaxevalError, match=r"file/clips: expected a folder to write to, found: Not a directory"):
        ClipStore(tmp_path / "file" / "clips")
