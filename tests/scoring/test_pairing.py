"""Which files are held against which."""

import pytest

from jaxeval.errors import JaxevalError
from jaxeval.scoring.pairing import find_pairs


@pytest.fixture
def folders(tmp_path):
    files = {
        "generated": ["b.mp4", "a.avi", "notes.txt", ".hidden.mp4"],
        "reference": ["a.mp4", "c.MKV"],
        "sound": ["a.wav", "d.wav"],
    }
    for folder, names in files.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).touch()
    return [tmp_path / folder for folder in files]


def test_folders_are_paired_by_stem_in_order(folders):
    generated, reference, sound = folders
    pairs = find_pairs(*folders)
    assert [pair.id for pair in pairs] == ["a", "b", "c", "d"]
    assert (pairs[0].generated, pairs[0].reference) == (generated / "a.avi", reference / "a.mp4")
    assert pairs[0].audio == sound / "a.wav"
    assert (pairs[1].generated, pairs[1].reference, pairs[1].audio) == (generated / "b.mp4", None, sound / "b")
    assert (pairs[2].generated, pairs[2].reference) == (None, reference / "c.MKV")
    assert (pairs[3].generated, pairs[3].reference, pairs[3].audio) == (None, None, sound / "d.wav")


def test_two_files_need_no_common_name(folders):
    generated, reference, _ = folders
    (pair,) = find_pairs(generated / "b.mp4", reference / "a.mp4", None)
    assert pair.id == "b"


def test_two_files_of_one_name_are_refused(folders):
    (folders[0] / "a.mp4").touch()
    with pytest.raises(JaxevalError, match=r"expected one file named a, found a.avi and a.mp4"):
        find_pairs(folders[0], folders[1], None)


def test_an_empty_folder_is_refused(folders, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(JaxevalError, match=r"empty: expected media files .* found none"):
        find_pairs(tmp_path / "empty", folders[1], None)
