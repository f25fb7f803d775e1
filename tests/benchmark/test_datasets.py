"""Clips of a dataset after its rule: layouts, manifests, portraits with sounds, and trims to some seconds."""

import wave
from pathlib import Path

import fsspec
import numpy as np
import polars as pl
import pytest

from jaxeval.benchmark import datasets
from jaxeval.benchmark.datasets import Taken, clips_of, taken_of, to_table
from jaxeval.benchmark.layouts import Source
from jaxeval.benchmark.lengths import seconds_of
from jaxeval.benchmark.plan import Dataset
from jaxeval.benchmark.remote import StoreError
from jaxeval.errors import JaxevalError
from jaxeval.media.write import write_video
from jaxeval.scoring.pairing import Pair

RATE = 8000


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def sound(path, seconds):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * round(seconds * RATE)))
    return path


def video(path, seconds):
    write_video(path, np.zeros((round(seconds * 25), 16, 16, 3), np.uint8), 25)
    return path


def test_a_plain_folder_of_all_kinds(tmp_path):
    touch(tmp_path, "a.mp4", "a.wav", "a.png", "b.npz", "sub/c.jpg", "sub/c.mp3", "d.png", "e.wav", "f.txt", "g.mov")
    assert clips_of(Dataset("x", "."), tmp_path) == [
        Source("a", tmp_path / "a.mp4", tmp_path / "a.wav"),
        Source("b", tmp_path / "b.npz"),
        Source("g", tmp_path / "g.mov"),
        Source("sub/c", None, tmp_path / "sub/c.mp3", tmp_path / "sub/c.jpg"),
    ]


def test_a_clip_without_a_video_is_a_pair(tmp_path):
    touch(tmp_path, "c.jpg", "c.mp3")
    (clip,) = clips_of(Dataset("x", "."), tmp_path)
    pair = Pair(clip.id, Path("out/c.mp4"), clip.video, clip.audio, clip.portrait, clip.span)
    assert (pair.reference, pair.portrait, pair.span) == (None, tmp_path / "c.jpg", None)


@pytest.mark.parametrize(
    ("layout", "names", "text"),
    [
        ("plain", ["a.png", "b.wav"], "expected videos, .npz files, or pictures with sounds of the same name, found 2"),
        ("plain", ["a.mp4", "a.mov"], "expected one file named a, found a.mov and a.mp4. Move one away."),
        ("plain", ["a.wav", "a.jpg", "a.png"], "expected one file named a, found a.jpg and a.png. Move one away."),
        ("mead", ["a.mp4", "b.mp4"], "expected videos named as in this layout, found 2 others, such as a. Choose"),
        ("hdtf", [], "expected videos, found an empty folder. Check the folder."),
    ],
)
def test_a_folder_that_holds_no_such_dataset(tmp_path, layout, names, text):
    touch(tmp_path, *names)
    with pytest.raises(JaxevalError) as refused:
        clips_of(Dataset("x", ".", layout), tmp_path)
    assert str(refused.value).startswith(f"{tmp_path}: {text}")


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(JaxevalError, match="nowhere: expected a readable folder, found: No such file"):
        clips_of(Dataset("x", "nowhere"), tmp_path)


ROWS = [
    {"id": 2, "video": "v/b.mp4", "audio": None, "portrait": None, "identity": 7, "style": "fr", "start": 4,
     "end": 9.5},
    {"id": 1, "video": None, "audio": "a.wav", "portrait": "a.png", "identity": None, "style": None, "start": None,
     "end": 10},
]  # fmt: skip


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "ndjson", "parquet"])
def test_a_manifest_in_every_format(tmp_path, suffix):
    path, table = tmp_path / f"clips.{suffix}", pl.DataFrame(ROWS, strict=False)
    {"csv": table.write_csv, "parquet": table.write_parquet}.get(suffix, table.write_ndjson)(path)
    first, second = clips_of(Dataset("x", path.name, "manifest"), tmp_path)
    assert first == Source("1", None, tmp_path / "a.wav", tmp_path / "a.png", end=10.0)
    assert second == Source("2", tmp_path / "v/b.mp4", identity="7", style="fr", start=4.0, end=9.5)
    assert (first.span, second.span) == ((0.0, 10.0), (4.0, 9.5))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("video\na.mp4\n", ": expected a column named id, found video. Add id."),
        ("id,vidoe\na,b\n", ": expected the columns id, video, audio, portrait, identity, style, start, end, found 'v"),
        ("id,video\n", ": expected at least one row, found none. Add a row for each clip."),
        ("id,video\n,a.mp4\n", ", line 2: expected an id, found an empty cell. Give the clip one"),
        ("id,video\na,\n", ", line 2: expected a video, or a portrait and audio, found none. Fill the cells in"),
        ("id,portrait\na,b.png\n", ", line 2: expected a video, or a portrait and audio, found portrait. Fill"),
        ("id,video,portrait\na,b.mp4,b.png\n", ", line 2: expected a video or a portrait, found both. Empty one"),
        (
            "id,video\na,a.mp4\na,b.mp4\n",
            ", line 3: expected a unique id, found a, which line 2 has too. Give each clip",
        ),
        (
            "id,video,start\na,a.mp4,soon\n",
            ", line 2: expected a number of seconds in start, found 'soon'. Correct it.",
        ),
        (
            "id,video,start,end\na,a.mp4,5,4\n",
            ", line 2: expected a part that begins at 0 s or later and ends after it",
        ),
        ("id,video,end\na,a.mp4,nan\n", ", line 2: expected a part that begins"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_one_line(tmp_path, content, text):
    (tmp_path / "c.csv").write_text(content)
    with pytest.raises(JaxevalError) as refused:
        clips_of(Dataset("x", "c.csv", "manifest"), tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'c.csv'}{text}")


def test_a_manifest_that_is_not_there(tmp_path):
    with pytest.raises(
        JaxevalError, match=r"c\.csv: expected a readable file, found No such.*Check the dataset's root"
    ):
        clips_of(Dataset("x", "c.csv", "manifest"), tmp_path)


def test_short_clips_are_left_out_and_long_ones_trimmed(tmp_path):
    for name, seconds in (("a", 3.9), ("b", 4.0), ("c", 10.0), ("d", 10.5)):
        sound(tmp_path / f"{name}.wav", seconds)
        touch(tmp_path, f"{name}.png")
    touch(tmp_path, "e.npz", "f.mp4")
    taken = taken_of(Dataset("x", ".", shortest=4, longest=10), tmp_path)
    assert [(clip.id, clip.span) for clip in taken.clips] == [
        ("b", None), ("c", None), ("d", (0.0, 10.0)), ("e", None),
    ]  # fmt: skip
    assert taken.left_out["a"] == "too short: 3.90 s, expected at least 4 s"
    assert taken.left_out["f"].startswith("unreadable: ")
    assert taken.words().startswith("took 4 clips; left out 2: 1 too short, 1 unreadable, such as ")
    assert clips_of(Dataset("x", ".", longest=10), tmp_path)[-1].id == "f"


def test_limits_hold_for_the_part_that_a_manifest_names(tmp_path):
    sound(tmp_path / "a.wav", 30)
    parts = {"none": ",", "from": "25,", "far": "26.5,", "short": "2,5", "long": "5,20"}
    rows = "".join(f"{name},a.wav,a.png,{part}\n" for name, part in parts.items())
    (tmp_path / "c.csv").write_text(f"id,audio,portrait,start,end\n{rows}")
    taken = taken_of(Dataset("x", "c.csv", "manifest", shortest=4, longest=10), tmp_path)
    assert {clip.id: clip.span for clip in taken.clips} == {"none": (0, 10), "from": (25, None), "long": (5, 15)}
    assert set(taken.left_out) == {"far", "short"}


def test_the_papers_rules_trim_by_themselves(tmp_path):
    for person in "ABC":
        for k, seconds in enumerate((2.0, 5.0, 12.0)):
            video(tmp_path / f"RD_{person}_{k}.mp4", seconds)
    taken = taken_of(Dataset("x", ".", "hdtf", "paper"), tmp_path)
    assert [(clip.identity[-1], clip.id[-1], clip.span) for clip in taken.clips] == [
        (person, k, span) for person in "ABC" for k, span in (("1", None), ("2", (0.0, 10.0)))
    ]
    assert set(taken.left_out) == {f"RD_{person}_0" for person in "ABC"}
    assert taken.words().startswith("took 6 clips of the 100 that the rule asks for; left out 3: 3 too short, such as")


def test_no_more_headers_are_read_than_needed(tmp_path, monkeypatch):
    """VoxCeleb2 has a million files; a hundred are taken."""
    touch(tmp_path, *(f"mp4/id{person:05}/v/{k:05}.mp4" for person in range(200) for k in range(20)))
    asked = []
    monkeypatch.setattr(datasets, "seconds_of", lambda place: asked.append(place) or 5.0)
    assert len(clips_of(Dataset("x", ".", "voxceleb2", "paper"), tmp_path)) == 100
    assert len(asked) == 100


def test_a_store_that_fails_changes_no_selection(monkeypatch, tmp_path):
    def fails(place):
        raise StoreError("memory://x/a.mp4: expected to read it within 3 tries, found Timeout. Try again.")

    with fsspec.open("memory://few/a.mp4", "wb") as file:
        file.write(b"")
    monkeypatch.setattr(datasets, "seconds_of", fails)
    for limits in ({"shortest": 4}, {"longest": 4}):
        with pytest.raises(StoreError, match="within 3 tries"):
            clips_of(Dataset("x", "memory://few", **limits), tmp_path)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov"])
def test_lengths_of_videos_here_and_elsewhere(tmp_path, suffix):
    path = video(tmp_path / f"a.{suffix}", 2.4)
    url = f"memory://lengths/a.{suffix}"
    with fsspec.open(url, "wb") as file:
        file.write(path.read_bytes())
    assert seconds_of(path) == pytest.approx(2.4, abs=1e-3)
    assert seconds_of(url) == seconds_of(path)


def test_lengths_that_no_header_tells(tmp_path):
    import av

    path = tmp_path / "a.h264"
    with av.open(str(path), "w", format="h264") as output:
        stream = output.add_stream("libx264", rate=25)
        stream.width = stream.height = 64
        for _ in range(30):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        output.mux(stream.encode(None))
    assert seconds_of(path) == pytest.approx(1.2)


def test_the_table_of_clips(tmp_path):
    table = to_table(
        [Source("a", tmp_path / "a.mp4", end=10.0), Source("b", None, "s3://b/b.wav", "s3://b/b.png", "Ann")]
    )
    assert table.columns == ["id", "video", "audio", "portrait", "identity", "style", "start", "end"]
    assert table.rows() == [
        ("a", str(tmp_path / "a.mp4"), None, None, "", "", None, 10.0),
        ("b", None, "s3://b/b.wav", "s3://b/b.png", "Ann", "", None, None),
    ]
    assert to_table([]).shape == (0, 8)


def test_nothing_left_out_is_nothing_said():
    assert Taken([Source("a", None)], 1).words() == "took 1 clip"
