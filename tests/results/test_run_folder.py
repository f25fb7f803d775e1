"""Which folder a run takes, and how it finds it again."""

import json
from pathlib import Path

import pytest

from jaxeval.errors import JaxevalError
from jaxeval.results.run_folder import MARKER, choose_folder, claim_folder, inputs_of

MINE = {"generated": "/data/mine", "reference": "/data/references"}
THEIRS = MINE | {"generated": "/data/theirs"}


def test_an_absent_or_empty_folder_is_taken(tmp_path):
    assert choose_folder(tmp_path / "new", MINE) == (tmp_path / "new", "")
    assert choose_folder(tmp_path, MINE) == (tmp_path, "")


def test_a_runs_own_folder_is_taken_again(tmp_path):
    folder = tmp_path / "a" / "scores"
    claim_folder(folder, MINE)
    assert json.loads((folder / MARKER).read_text()) == MINE
    assert choose_folder(folder, dict(MINE)) == (folder, "")


def test_each_run_finds_its_own_of_several(tmp_path):
    folder = tmp_path / "scores"
    for inputs in (MINE, THEIRS, {"pairs": "/data/pairs.csv"}):
        claim_folder(choose_folder(folder, inputs)[0], inputs)
    found, line = choose_folder(folder, {"pairs": "/data/pairs.csv"})
    assert found == tmp_path / "scores-3"
    assert line == f"{folder} holds scores of /data/mine against /data/references; results go to {found}"
    assert choose_folder(folder, THEIRS)[0] == tmp_path / "scores-2"
    assert choose_folder(folder, MINE | {"audio": "/data/sounds"})[0] == tmp_path / "scores-4"


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"[]", b"\xff", b'{"generated": 1, "reference": 2}', b'{"pairs": "a\\nb"}'], ids=repr
)
def test_whatever_else_is_there_is_left_alone(tmp_path, content):
    folder = tmp_path / "scores"
    folder.mkdir()
    (folder / "mine.txt").write_text("precious")
    if content is not None:
        (folder / MARKER).write_bytes(content)
    found, line = choose_folder(folder, MINE)
    assert found == tmp_path / "scores-2"
    assert line.startswith(f"{folder} holds ")
    assert "\n" not in line


def test_a_file_or_a_dangling_link_is_no_folder(tmp_path):
    (tmp_path / "scores").write_text("")
    (tmp_path / "scores-2").symlink_to("nowhere")
    assert choose_folder(tmp_path / "scores", MINE)[0] == tmp_path / "scores-3"


def test_a_folder_that_can_not_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JaxevalError, match=r"file/scores: expected a folder to write to, found: Not a directory\."):
        claim_folder(tmp_path / "file" / "scores", MINE)


def test_names_that_are_no_utf8(tmp_path):
    inputs = inputs_of(generated=Path("/data/bad\udcff"), reference=Path("/data/r"), audio=None)
    claim_folder(tmp_path / "scores", inputs)
    assert choose_folder(tmp_path / "scores", inputs) == (tmp_path / "scores", "")
    choose_folder(tmp_path / "scores", MINE)[1].encode()
