"""What is small and was made of a reference: kept under all that it depends on, and never believed if damaged."""

import numpy as np
import pytest

import jaxeval
from jaxeval.demo.clips import talking_face
from jaxeval.media.write import write_video
from jaxeval.scoring import ingest
from jaxeval.scoring.shelf import Shelf

from .watching import counted_calls

ROWS = np.arange(6.0).reshape(3, 2)


def never():
    pytest.fail("made again")


def test_arrays_are_made_once_and_found_by_the_next_run(tmp_path):
    assert Shelf(tmp_path, {"a": 1}).once("face", 0, lambda: {"rows": ROWS})["rows"] is ROWS
    found = Shelf(tmp_path, {"a": 1}).once("face", 0, never)
    np.testing.assert_array_equal(found["rows"], ROWS)


@pytest.mark.parametrize(
    ("inputs", "name", "of"), [({"a": 2}, "face", 0), ({"a": 1}, "mesh", 0), ({"a": 1}, "face", 1)]
)
def test_of_anything_else_there_is_nothing(tmp_path, inputs, name, of):
    Shelf(tmp_path, {"a": 1}).keep("face", 0, {"rows": ROWS})
    assert Shelf(tmp_path, inputs).find(name, of) is None


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_file_is_made_again(tmp_path, damage):
    Shelf(tmp_path, {}).keep("face", 0, {"rows": ROWS})
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(path.read_bytes()[:60] if damage is None else damage)
    assert Shelf(tmp_path, {}).find("face", 0) is None
    Shelf(tmp_path, {}).once("face", 0, lambda: {"rows": ROWS})
    np.testing.assert_array_equal(Shelf(tmp_path, {}).once("face", 0, never)["rows"], ROWS)


def test_without_a_folder_it_is_kept_in_memory():
    shelf = Shelf()
    shelf.keep("face", 0, {"rows": ROWS})
    assert shelf.find("face", 0)["rows"] is ROWS
    assert Shelf().find("face", 0) is None


def test_a_folder_that_can_not_be_written_keeps_nothing_and_breaks_nothing(tmp_path):
    (tmp_path / "file").touch()
    shelf = Shelf(tmp_path / "file" / "folder", {})
    assert shelf.once("face", 0, lambda: {"rows": ROWS})["rows"] is ROWS


@pytest.mark.slow
def test_another_run_begins_with_what_is_known_of_the_reference(tmp_path, monkeypatch):
    frames = talking_face()[0][:30]
    for name, pictures in (("y", frames), ("late", np.roll(frames, 3, axis=0)), ("early", frames[4:])):
        write_video(tmp_path / f"{name}.mp4", pictures, 25, crf=10)
    names, reference = ["lpips", "lpips_div", "csim", "expr_div"], tmp_path / "y.mp4"
    alone = jaxeval.score(tmp_path / "early.mp4", reference, scores=names).clips[0].scores
    jaxeval.score(tmp_path / "late.mp4", reference, scores=names, out=tmp_path / "out")
    done = counted_calls(monkeypatch, (ingest, "_mesh"), (ingest, "encode"))
    found = jaxeval.score(tmp_path / "early.mp4", reference, scores=names, out=tmp_path / "out").clips[0].scores
    assert found == alone
    assert done["_mesh"] == 3 * 2  # three looks at two blocks of the generated clip alone
    assert done["encode"] == 2
