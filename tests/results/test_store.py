"""Records survive the disk; stale, damaged or odd ones are not taken for good ones, whatever they hold."""

import io
import json
import zipfile

import numpy as np
import pytest

from jaxeval.errors import JaxevalError
from jaxeval.results.record import ClipRecord, Curves, OffsetCurve, Strip
from jaxeval.results.store import ClipStore

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
        offsets={"reference": OffsetCurve(np.append(RNG.random(30), np.nan), 0.3)},
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
    np.testing.assert_array_equal(loaded.offsets["reference"].values, saved.offsets["reference"].values)
    assert loaded.offsets["reference"].sure == 0.3


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
    path = store.path("a", {})
    path.write_bytes(damage(path.read_bytes()))
    assert store.load("a", {}) is None


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def archive(*members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in members:
            made.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"no archive",
        npy(np.zeros(3)),
        archive(),
        archive(("head.npy", npy(np.array("{")))),
        archive(("head.npy", npy(np.array("[]")))),
        archive(("head.npy", npy(np.array('{"inputs": {}, "record": 5}')))),
        archive(("head", b"text")),
        archive(("head.npy", b"\x93NUMPY garbage")),
    ],
    ids=range(8),
)
def test_another_file_in_its_place_is_computed_anew(tmp_path, content):
    store = ClipStore(tmp_path)
    store.path("a", {}).write_bytes(content)
    assert store.load("a", {}) is None


def rewritten(store, change, arrays=None):
    """A sound record on disk, whose head and arrays were changed since."""
    store.save(record(), {})
    with np.load(store.path("a", {})) as kept:
        parts = {name: kept[name] for name in kept.files}
    head = json.loads(str(parts["head"]))
    change(head["record"])
    parts |= {"head": np.array(json.dumps(head))} | (arrays or {})
    with store.path("a", {}).open("wb") as file:
        np.savez(file, **{name: array for name, array in parts.items() if array is not None})
    return store.load("a", {})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_missing_when_it_is_read(tmp_path, value):
    found = rewritten(ClipStore(tmp_path), lambda plain: plain["scores"].update(bad=value))
    assert found.scores == {"x": 0.1}
    assert found.missing["bad"].startswith("no finite number")


@pytest.mark.parametrize(
    "changed",
    [
        {"scores": {"x": "0.5"}},
        {"scores": {"x": None}},
        {"scores": {"x": [1]}},
        {"scores": {"x": True}},
        {"scores": [1]},
        {"missing": {"x": 3}},
        {"missing": None},
        {"flags": "text"},
        {"flags": [1]},
        {"frames": [1]},
        {"frames": ["a", "b"]},
        {"frames": 7},
        {"status": "perhaps"},
        {"reason": 5},
        {"fps": "fast"},
        {"fps": float("nan")},
        {"fps": 0},
        {"id": "b"},
        {"more": 1},
        {"unset": {"fid": 1}},
    ],
    ids=str,
)
def test_a_record_of_other_kinds_is_computed_anew(tmp_path, changed):
    assert rewritten(ClipStore(tmp_path), lambda plain: plain.update(changed)) is None


@pytest.mark.parametrize("name", ["id", "status", "reason", "frames", "scores", "missing", "flags", "fps"])
def test_a_record_that_lacks_a_part_is_computed_anew(tmp_path, name):
    assert rewritten(ClipStore(tmp_path), lambda plain: plain.pop(name)) is None


@pytest.mark.parametrize(
    "arrays",
    [
        {"curve expr lag": np.zeros(2)},
        {"curve expr alignment": np.zeros(3)},
        {"curve expr lag": None},
        {"curve expr more": np.zeros(2)},
        {"curve expr lag": np.float64(1)},
        {"strip generated images": np.zeros((2, 4, 4, 3))},
        {"strip generated images": np.zeros((3, 4, 4, 3), np.uint8)},
        {"strip generated frames": np.array([1, 0])},
        {"audio": np.zeros((2, 2))},
        {"what is this thing": np.zeros(2)},
    ],
    ids=str,
)
def test_arrays_of_other_shapes_are_computed_anew(tmp_path, arrays):
    assert rewritten(ClipStore(tmp_path), lambda plain: None, arrays) is None


def test_curves_that_are_not_finite_are_left_out_when_they_are_read(tmp_path):
    found = rewritten(ClipStore(tmp_path), lambda plain: None, {"curve expr lag": np.full(3, np.nan)})
    assert (found.curves, found.scores) == ({}, {"x": 0.1})


def test_names_that_no_file_may_have(tmp_path):
    store = ClipStore(tmp_path)
    names = ["a/b", "a_b", "a\nb", "a\tb", "ä" * 200, "名" * 200, "\U00020000" * 200, "\udcff", "..", "A", ""]
    for name in names:
        store.save(record(name), {})
    assert [store.load(name, {}).id for name in names] == names
    assert len(list(tmp_path.iterdir())) == len(names)


def test_records_of_several_inputs_stand_side_by_side(tmp_path):
    store, inputs = ClipStore(tmp_path), [{"file": k} for k in range(3)]
    for k, made_from in enumerate(inputs):
        store.save(ClipRecord("a", "ok", scores={"x": float(k)}), made_from)
    assert [store.load("a", made_from).scores["x"] for made_from in inputs] == [0, 1, 2]
    assert all(path.name.startswith("a-") for path in tmp_path.iterdir())


def test_nothing_is_left_of_a_write_that_failed(tmp_path):
    store = ClipStore(tmp_path)
    with pytest.raises(TypeError):
        store.save(record(), {"inputs": object()})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JaxevalError, match=r"file/clips: expected a folder to write to, found: Not a directory"):
        ClipStore(tmp_path / "file" / "clips")
