"""Which files are held against which, and that nothing in a folder is passed over in silence."""

import json
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from jaxeval.cli.main import main
from jaxeval.errors import JaxevalError
from jaxeval.scoring.folders import id_of
from jaxeval.scoring.pairing import find_pairs, given_pairs, read_identities


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


@pytest.fixture
def folders(tmp_path):
    return [
        make(tmp_path / "generated", "b.mp4", "a.avi", "notes.txt", ".hidden.mp4"),
        make(tmp_path / "reference", "a.mp4", "c.MKV"),
        make(tmp_path / "sound", "a.wav", "d.wav"),
    ]


def ids(left, right):
    return [pair.id for pair in find_pairs(left, right, None).pairs]


def test_folders_are_paired_by_stem_in_order(folders):
    generated, reference, sound = folders
    pairs = find_pairs(*folders).pairs
    assert [pair.id for pair in pairs] == ["a", "b", "c"]
    assert (pairs[0].generated, pairs[0].reference) == (generated / "a.avi", reference / "a.mp4")
    assert pairs[0].audio == sound / "a.wav"
    assert (pairs[1].generated, pairs[1].reference, pairs[1].audio) == (
        generated / "b.mp4",
        reference / "b",
        sound / "b",
    )
    assert (pairs[2].generated, pairs[2].reference) == (generated / "c", reference / "c.MKV")


def test_what_is_passed_over_is_said(folders):
    make(folders[1], "sub/cover.png")
    found = find_pairs(*folders)
    assert found.passed_over == ["GENERATED/notes.txt", "REFERENCE/sub/cover.png", "AUDIO/d.wav"]
    assert found.words() == (
        "skipped 3 files (not a clip, or audio without a clip): "
        "GENERATED/notes.txt, REFERENCE/sub/cover.png, AUDIO/d.wav"
    )
    assert found.provenance() == {"count": 3, "paths": found.passed_over}


def test_of_very_many_a_few_are_named(folders):
    make(folders[0], *(f"{k:03}.txt" for k in range(150)))
    found = find_pairs(folders[0], folders[1], None)
    assert found.provenance()["count"] == 151
    assert len(found.provenance()["paths"]) == 100
    assert found.words().endswith("GENERATED/000.txt, GENERATED/001.txt, GENERATED/002.txt, GENERATED/003.txt, "
                                  "GENERATED/004.txt, ...")  # fmt: skip


def test_nothing_to_say_of_a_tidy_folder(tmp_path):
    make(tmp_path, "x/a.mp4", "y/a.mp4")
    assert find_pairs(tmp_path / "x", tmp_path / "y", None).words() == ""


def test_subfolders_are_part_of_the_name(tmp_path):
    left = make(tmp_path / "x", "id1/v/00001.mp4", "id2/v/00001.mp4", "top.mp4")
    right = make(tmp_path / "y", "id2/v/00001.mkv", "id1/v/00001.mkv", "top.webm")
    pairs = find_pairs(left, right, None).pairs
    assert [pair.id for pair in pairs] == ["id1/v/00001", "id2/v/00001", "top"]
    assert pairs[1].generated == left / "id2" / "v" / "00001.mp4"
    assert pairs[1].reference == right / "id2" / "v" / "00001.mkv"


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a.v2.mp4", "a.v2.avi", "a.v2"),
        ("A.MP4", "A.mp4", "A"),
        (unicodedata.normalize("NFC", "Zoë.mp4"), unicodedata.normalize("NFD", "Zoë.mp4"), "Zoë"),
        ("two\nlines.mp4", "two\nlines.mov", "two\\nlines"),
        ("tab\tand\x1b[31m.mp4", "tab\tand\x1b[31m.avi", "tab\\tand\\x1b[31m"),
        ("bad\udcff.mp4", "bad\udcff.avi", "bad\\udcff"),
        ("-.mp4", "-.mkv", "-"),
        ("with space, and comma.mp4", "with space, and comma.mkv", "with space, and comma"),
    ],
)
def test_names_of_every_kind(tmp_path, left, right, expected):
    pairing = find_pairs(make(tmp_path / "x", left), make(tmp_path / "y", right), None)
    (pair,) = pairing.pairs
    assert pair.id == unicodedata.normalize("NFC", expected)
    assert pair.generated.exists()
    assert pair.reference.exists()
    assert len(pair.id.splitlines()) == 1
    pair.id.encode()


def test_hidden_folders_and_loops_are_left_out(tmp_path):
    left = make(tmp_path / "x", "a.mp4", ".cache/b.mp4", "sub/c.mp4", "sub/.DS_Store")
    (left / "sub" / "up").symlink_to(left)
    (left / "sub" / "self").symlink_to(".")
    assert ids(left, make(tmp_path / "y", "a.mp4")) == ["a", "sub/c"]


def test_links_and_what_is_no_file(tmp_path):
    left = make(tmp_path / "x", "a.mp4")
    elsewhere = make(tmp_path / "elsewhere", "b.mp4")
    (left / "linked").symlink_to(elsewhere)
    (left / "twin").symlink_to(elsewhere)
    (left / "dangling.mp4").symlink_to("nowhere")
    os.mkfifo(left / "pipe.mp4")
    found = find_pairs(left, make(tmp_path / "y", "a.mp4"), None)
    assert [pair.id for pair in found.pairs] == ["a", "linked/b", "twin/b"]
    assert found.passed_over == ["GENERATED/dangling.mp4", "GENERATED/pipe.mp4"]


def test_two_files_need_no_common_name(folders):
    generated, reference, _ = folders
    (pair,) = find_pairs(generated / "b.mp4", reference / "a.mp4", None).pairs
    assert pair.id == "b"


@pytest.mark.parametrize("names", [("a.mp4", "a.avi"), ("x/a.mp4", "x/a.npz"), ("é.mp4", "e\u0301.mkv")])
def test_two_files_of_one_name_are_refused(tmp_path, names):
    left = make(tmp_path / "x", *names)
    with pytest.raises(JaxevalError, match=rf"expected one file named {id_of(names[0])}, found .* and .*\. Move one"):
        find_pairs(left, make(tmp_path / "y", "a.mp4"), None)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ((), "found an empty folder"),
        ((".a.mp4", ".b"), r"found only hidden files, such as \.a\.mp4"),
        (("one.txt", "two.csv", ".c"), r"found 2 other files, such as one\.txt"),
    ],
)
def test_a_folder_without_clips_says_what_it_holds(folders, tmp_path, names, found):
    empty = tmp_path / "empty"
    empty.mkdir()
    make(empty, *names)
    with pytest.raises(JaxevalError, match=rf"empty: expected videos or \.npz files, {found}\. Check the folder\."):
        find_pairs(empty, folders[1], None)
    with pytest.raises(JaxevalError, match=rf"empty: expected sounds or videos, {found}\."):
        find_pairs(folders[0], folders[1], empty)


def test_identities_go_by_the_same_names(tmp_path):
    table = tmp_path / "people.csv"
    table.write_text("clip,person\nid2/00001,Ann\nZoe\u0308,Zoë\n")
    assert read_identities(table) == {"id2/00001": "Ann", "Zoë": "Zoë"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read(tmp_path):
    left = make(tmp_path / "x", "a.mp4", "locked/b.mp4")
    (left / "locked").chmod(0)
    try:
        with pytest.raises(JaxevalError, match="locked: expected a readable folder, found: Permission denied"):
            find_pairs(left, left, None)
    finally:
        (left / "locked").chmod(0o700)


def test_a_folder_that_goes_away_is_told(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    left = make(tmp_path / "x", "a.mp4")
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(JaxevalError, match="x: expected a readable folder, found: Permission denied"):
        find_pairs(left, left, None)


def run(*words):
    with pytest.raises(SystemExit) as stopped:
        main([*map(str, words)])
    return stopped.value.code


def test_the_command_scores_subfolders_and_says_what_it_passes_over(tmp_path, capsys):
    for side in ("generated", "reference", "sounds"):
        (tmp_path / side / "id2").mkdir(parents=True)
    for side in ("generated", "reference"):
        for name in ("a", "id2/00001"):
            np.savez(tmp_path / side / f"{name}.npz", motion=np.arange(40.0)[:, None])
    make(tmp_path, "generated/two\nlines.txt", "sounds/id2/00001.wav", "sounds/stranger.wav")
    people = tmp_path / "people.csv"
    people.write_text("a,Ann\nid2/00001,Ben\n")
    folders = [tmp_path / "generated", tmp_path / "reference"]
    options = ["--audio", tmp_path / "sounds", "--identities", people, "--noise-floor", 0, "--out", tmp_path / "out"]
    assert run("score", *folders, *options) == 0
    document = json.loads((tmp_path / "out" / "scores.json").read_text())
    assert [(row["id"], row["status"]) for row in document["clips"]] == [("a", "ok"), ("id2/00001", "ok")]
    passed_over = ["GENERATED/two\\nlines.txt", "AUDIO/stranger.wav"]
    assert document["provenance"]["passed_over"] == {"count": 2, "paths": passed_over}
    line = "skipped 2 files (not a clip, or audio without a clip): " + ", ".join(passed_over)
    assert line in capsys.readouterr().out.splitlines()


def test_a_table_given_as_a_clip_is_named_for_what_it_is(tmp_path, capsys):
    (tmp_path / "clips.csv").write_text("generated,reference\na.mp4,b.mp4\n")
    make(tmp_path, "b.mp4")
    assert (
        run("score", tmp_path / "clips.csv", tmp_path / "clips.csv", "--noise-floor", 0, "--out", tmp_path / "out") == 1
    )
    assert "expected a video, found a text file (.csv). Give a media file" in " ".join(capsys.readouterr().out.split())


def test_results_among_the_clips_are_no_clips(tmp_path):
    """The second run finds what the first one wrote into GENERATED, and so does one into another folder."""
    for side in ("generated", "references"):
        trajectory(tmp_path / side / "a.npz")
    own, earlier = tmp_path / "generated" / "scores", tmp_path / "references" / "earlier"
    for folder in (own, earlier):
        trajectory(folder / "clips" / "a-0123456789abcdef.npz")
    (earlier / "scores.json").write_text("{}")
    found = find_pairs(tmp_path / "generated", tmp_path / "references", None, own)
    assert [pair.id for pair in found.pairs] == ["a"]
    assert found.passed_over == ["GENERATED/scores", "REFERENCE/earlier"]


def test_results_have_a_folder_of_their_own(tmp_path):
    for side in ("generated", "references"):
        trajectory(tmp_path / side / "a.npz")
    with pytest.raises(JaxevalError, match=r"--out .*: expected a separate folder, found GENERATED itself"):
        find_pairs(tmp_path / "generated", tmp_path / "references", None, tmp_path / "generated")


def trajectory(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, motion=np.arange(9.0)[:, None])


def test_clips_without_references(folders, tmp_path):
    generated, _, sound = folders
    make(tmp_path / "faces", "a.png", "c.jpg", "notes.txt")
    alone = find_pairs(generated, None, sound, None, tmp_path / "faces")
    assert [(pair.id, pair.reference) for pair in alone.pairs] == [("a", None), ("b", None)]
    assert [pair.portrait for pair in alone.pairs] == [tmp_path / "faces" / "a.png", tmp_path / "faces" / "b"]
    assert alone.passed_over == ["GENERATED/notes.txt", "AUDIO/d.wav", "PORTRAIT/notes.txt", "PORTRAIT/c.jpg"]
    assert "audio or a portrait without a clip" in alone.words()
    one = find_pairs(generated, None, None, None, tmp_path / "faces" / "a.png")
    assert {pair.portrait for pair in one.pairs} == {tmp_path / "faces" / "a.png"}
    (single,) = find_pairs(generated / "a.avi", None, None).pairs
    assert (single.reference, single.portrait) == (None, None)
    with pytest.raises(JaxevalError, match="expected only files or only folders, found both: GENERATED"):
        find_pairs(generated / "a.avi", None, None, None, tmp_path / "faces")


def test_files_without_references_one_by_one():
    pairs = given_pairs(["ab", "x/c.mp4", ("d.mp4", None)], portrait=Path("p.png"))
    assert [(pair.id, pair.reference, pair.portrait) for pair in pairs] == [
        (name, None, Path("p.png")) for name in ("ab", "c", "d")
    ]
    (pair,) = given_pairs([("a.mp4", "b.mp4")], portrait=Path("p.png"))
    assert (pair.reference, pair.portrait) == (Path("b.mp4"), None)
    for wrong in ([("a.mp4", None)], [("a.mp4", 3)]):
        with pytest.raises(JaxevalError, match="found something else at position 1"):
            given_pairs([one for one, _ in wrong], [other for _, other in wrong])
