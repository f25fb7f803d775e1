"""Manifests of pairs: three formats with the same meaning, and one line for whatever is wrong with one."""

import json
import random
from pathlib import Path

import polars as pl
import pytest

from jaxeval.errors import JaxevalError
from jaxeval.scoring.manifest import COLUMNS, read_manifest
from jaxeval.scoring.pairing import Pair

ROWS = [
    {"id": "one", "generated": "g/a.mp4", "reference": "r/a.mp4", "audio": "a.wav", "identity": "Ann"},
    {"id": "7", "generated": "g/b, c.mp4", "reference": "/elsewhere/b.mp4", "audio": None, "identity": None},
    {"id": None, "generated": "g/sub/Zoe\u0308.mp4", "reference": None, "audio": None, "identity": "Zoë"},
]


def write(folder, name, rows=ROWS):
    """Rows as a manifest in the format of the name's suffix."""
    path, table = folder / name, pl.DataFrame(rows)
    if path.suffix == ".csv":
        table.write_csv(path)
    elif path.suffix == ".parquet":
        table.write_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "ndjson", "parquet", "CSV"])
def test_every_format_reads_alike(tmp_path, suffix):
    pairs, persons = read_manifest(write(tmp_path, f"pairs.{suffix.lower()}").rename(tmp_path / f"p.{suffix}"))
    assert pairs == [
        Pair("one", tmp_path / "g/a.mp4", tmp_path / "r/a.mp4", tmp_path / "a.wav"),
        Pair("7", tmp_path / "g/b, c.mp4", Path("/elsewhere/b.mp4")),
        Pair("sub/Zoë", tmp_path / "g/sub/Zoe\u0308.mp4", None),
    ]
    assert persons == {"one": "Ann", "sub/Zoë": "Zoë"}


def test_a_clip_without_a_reference_may_have_a_portrait(tmp_path):
    row = {"generated": "g/a.mp4", "reference": "", "portrait": "faces/a.png"}
    (pair,), _ = read_manifest(write(tmp_path, "p.csv", [row]))
    assert pair == Pair("a", tmp_path / "g/a.mp4", None, portrait=tmp_path / "faces/a.png")
    both = write(tmp_path, "both.csv", [row | {"reference": "r/a.mp4"}])
    with pytest.raises(JaxevalError, match=r"both.csv, line 2: expected a reference or a portrait, found both\. Empty"):
        read_manifest(both)


def test_ids_may_be_numbers(tmp_path):
    for name in ("p.jsonl", "p.parquet"):
        rows = [{"id": k, "generated": f"{k}.mp4", "reference": "r.mp4"} for k in range(2)]
        assert [pair.id for pair in read_manifest(write(tmp_path, name, rows))[0]] == ["0", "1"]


@pytest.mark.parametrize(
    ("paths", "ids"),
    [
        (["g/a.mp4", "g/b.v2.mp4"], ["a", "b.v2"]),
        (["out/x/a.mp4", "out/y/a.mp4"], ["x/a", "y/a"]),
        (["a.mp4"], ["a"]),
        (["deep/er/a.mp4"], ["a"]),
        (["/data/g/a.mp4", "/data/g/s/b.mp4"], ["a", "s/b"]),
        (["../g/a.mp4", "../g/./b.mp4"], ["a", "b"]),
        (["g/a.mp4", "/data/b.mp4"], ["g/a", "/data/b"]),
    ],
)
def test_without_an_id_a_pair_is_named_as_in_a_folder(tmp_path, paths, ids):
    rows = [{"generated": path, "reference": "r.mp4"} for path in paths]
    assert [pair.id for pair in read_manifest(write(tmp_path, "pairs.csv", rows))[0]] == ids


HEAD = "generated,reference\n"


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("p.csv", "", "p.csv: expected columns named generated and reference, found an empty file. Add generated."),
        (
            "p.csv",
            "generated\n",
            "p.csv: expected columns named generated and reference, found generated. Add reference.",
        ),
        ("p.csv", HEAD, "p.csv: expected at least one row, found none."),
        ("p.csv", "generated,refrence\na,b\n", "found 'refrence'. Did you mean reference?"),
        ("p.csv", "generated;reference\na;b\n", "found 'generated;reference'."),
        ("p.csv", "generated,reference,generated\na,b,c\n", "expected each column once, found generated twice."),
        ("p.csv", HEAD + "a,b\n\nc\n", "p.csv, line 4: expected 2 cells as in the heading, found 1."),
        ("p.csv", HEAD + "a,b,c\n", "p.csv, line 2: expected 2 cells as in the heading, found 3. Quote a cell"),
        ("p.csv", HEAD + " ,b\n", "p.csv, line 2: expected a path in generated, found an empty cell. Fill it in"),
        ("p.csv", HEAD + 'a,"b\n', "p.csv: expected a complete csv file, found Error: unexpected end of data."),
        ("p.csv", HEAD + "a,b\nx/../a,b\n", "p.csv, line 3: expected a unique id, found a, which line 2 has too."),
        ("p.csv", "id," + HEAD + "k,a,b\nk,c,d\n", "line 3: expected a unique id, found k, which line 2 has too."),
        ("p.csv", HEAD.encode("utf-16"), "p.csv: expected a complete csv file, found UnicodeDecodeError"),
        ("p.csv", HEAD + "a\0,b\n", "found"),
        ("p.jsonl", "", "p.jsonl: expected at least one row, found none."),
        (
            "p.jsonl",
            '{"generated": "a", "reference": "b"}\n{"generated": "c", "ref',
            "p.jsonl, line 2: expected a JSON",
        ),
        ("p.jsonl", "[1, 2]\n", "p.jsonl, line 1: expected a JSON object, found [1, 2]. Write one object a line."),
        ("p.jsonl", '{"generated": "a"}\n', "found generated. Add reference."),
        ("p.jsonl", '{"generated": "a", "refs": "b"}\n', "p.jsonl, line 1: expected the columns id, generated"),
        ("p.jsonl", '{"generated": ["a"], "reference": "b"}\n', "line 1, generated: expected text, found ['a']."),
        ("p.jsonl", '{"generated": 3, "reference": "b"}\n', "line 1, generated: expected text, found 3."),
        ("p.jsonl", '{"generated": "a", "reference": null, "id": true}\n', "line 1, id: expected text, found True."),
        (
            "p.jsonl",
            '{"reference": "b"}\n{"generated": "a", "reference": "b"}\n',
            "line 1: expected a path in generated",
        ),
        ("p.parquet", "", "p.parquet: expected a complete parquet file, found "),
        ("p.parquet", "no parquet", "p.parquet: expected a complete parquet file, found "),
        ("p.txt", HEAD, "p.txt: expected one of .csv, .jsonl, .ndjson, .parquet, found '.txt'. Convert it"),
        ("pairs", HEAD, "pairs: expected one of .csv, .jsonl, .ndjson, .parquet, found ''."),
    ],
    ids=range(27),
)
def test_what_is_wrong_is_one_line(tmp_path, name, content, line):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(JaxevalError) as refused:
        read_manifest(tmp_path / name)
    assert line in str(refused.value)
    assert str(refused.value).startswith(f"{tmp_path}/{name}")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_or_is_a_folder(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    for name, found in (
        ("none.csv", "No such file"),
        ("folder.csv", "Is a directory"),
        ("none.parquet", "No such file"),
    ):
        with pytest.raises(JaxevalError, match=rf"{name}: expected a readable file, found {found}.*Check --pairs"):
            read_manifest(tmp_path / name)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_file_cut_anywhere_or_damaged_is_read_right_or_refused(tmp_path, suffix):
    """Half a line of text can look whole, so a shorter last path passes; nothing else does, and nothing crashes."""
    rows = [dict.fromkeys(COLUMNS, "") | {"generated": f"g/{k}.mp4", "reference": f"r/{k}.mp4"} for k in range(9)]
    whole = write(tmp_path, f"whole.{suffix}", rows).read_bytes()
    path, rng = tmp_path / f"p.{suffix}", random.Random(0)
    for trial in range(60):
        cut, damaged = whole[: rng.randrange(len(whole))], bytearray(whole)
        damaged[rng.randrange(len(whole))] = rng.randrange(256)
        path.write_bytes(cut if trial % 2 else bytes(damaged))
        try:
            told = "".join(pair.id for pair in read_manifest(path)[0])
        except JaxevalError as error:
            told = str(error)
        assert told
        assert "\n" not in told
