"""The engine on datasets of other kinds: parts of files, files elsewhere, portraits with a sound."""

import wave

import fsspec
import numpy as np
import polars as pl
import pytest
from PIL import Image

import jaxeval
from jaxeval.benchmark.shards import Shards
from jaxeval.demo.clips import talking_face
from jaxeval.media.write import write_video
from jaxeval.scoring.materials import NO_REFERENCE
from jaxeval.scoring.run import Run

from .material import bench, output, rows, trajectory

METHOD = '[[methods]]\nname = "late"\noutputs = "outs/late/wild/{id}.npz"\n'


def table(out):
    return Shards(out / "rows").table()


def manifest(folder, person="ann"):
    """Clips of one long file: seconds 0 to 1, and 0.4 to 1.2."""
    lines = ["id,video,start,end,identity", f"a,long.npz,0,0.8,{person}", f"b,long.npz,0.4,1.2,{person}"]
    (folder / "clips.csv").write_text("\n".join(lines))
    dataset = '[[datasets]]\nname = "wild"\nroot = "clips.csv"\nlayout = "manifest"\n'
    (folder / "bench.toml").write_text(METHOD + dataset)
    return folder / "bench.toml"


def test_parts_of_one_file(tmp_path):
    trajectory(tmp_path / "long.npz", 0, "a")
    for name in "ab":
        output(tmp_path, "late", name, 3)
    bench("run", manifest(tmp_path), "--out", tmp_path / "RUN")
    gaze = np.load(tmp_path / "long.npz")["gaze"]
    for name, first in (("a", 0), ("b", 10)):
        np.savez(tmp_path / "part.npz", gaze=gaze[first : first + 20], fps=25.0)
        alone = jaxeval.score(tmp_path / f"outs/late/wild/{name}.npz", tmp_path / "part.npz")
        own = table(tmp_path / "RUN").filter(id=name)
        assert dict(own.select("score", "value").iter_rows()) == alone.clips[0].scores


def test_another_person_is_another_row_and_no_other_score(tmp_path, monkeypatch):
    trajectory(tmp_path / "long.npz", 0, "a")
    for name in "ab":
        output(tmp_path, "late", name, 3)
    bench("run", manifest(tmp_path), "--out", tmp_path / "RUN")
    assert table(tmp_path / "RUN")["identity"].unique().to_list() == ["ann"]
    monkeypatch.setattr(Run, "_scored", lambda *_: pytest.fail("scored again"))
    bench("run", manifest(tmp_path, "bob"), "--out", tmp_path / "RUN")
    assert table(tmp_path / "RUN")["identity"].unique().to_list() == ["bob"]


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    """A folder elsewhere, with references and outputs of two clips."""
    monkeypatch.setenv("JAXEVAL_REMOTE_CACHE", str(tmp_path / "cache"))
    store = fsspec.filesystem("memory")
    for name in "ab":
        trajectory(tmp_path / "here.npz", 0, name)
        store.put_file(str(tmp_path / "here.npz"), f"/bench/refs/{name}.npz")
        trajectory(tmp_path / "here.npz", 3, name)
        store.put_file(str(tmp_path / "here.npz"), f"/bench/outs/late/wild/{name}.npz")
    dataset = '[[datasets]]\nname = "wild"\nroot = "memory://bench/refs"\n'
    (tmp_path / "bench.toml").write_text(METHOD.replace("outs/", "memory://bench/outs/") + dataset)
    yield store
    store.rm("/bench", recursive=True)


def test_files_elsewhere(tmp_path, bucket):
    bench("run", tmp_path / "bench.toml", "--out", tmp_path / "RUN")
    for name in "ab":
        trajectory(tmp_path / f"refs/wild/{name}.npz", 0, name)
        output(tmp_path, "late", name, 3)
    (tmp_path / "here.toml").write_text(METHOD + '[[datasets]]\nname = "wild"\nroot = "refs/wild"\n')
    bench("run", tmp_path / "here.toml", "--out", tmp_path / "HERE")
    assert rows(tmp_path / "RUN") == rows(tmp_path / "HERE")


def test_a_file_elsewhere_that_is_not_there(tmp_path, bucket):
    bucket.rm("/bench/outs/late/wild/b.npz")
    assert "missing: memory://bench/outs/late/wild/b.npz" in bench("plan", tmp_path / "bench.toml", "--time", 0)
    text = bench("run", tmp_path / "bench.toml", "--out", tmp_path / "RUN", code=1)
    assert "memory://bench/outs/late/wild/b.npz: expected a file, found no such file" in text
    assert table(tmp_path / "RUN").filter(id="b")["score"].to_list() == [""]
    trajectory(tmp_path / "here.npz", 3, "b")
    bucket.put_file(str(tmp_path / "here.npz"), "/bench/outs/late/wild/b.npz")
    bench("run", tmp_path / "bench.toml", "--out", tmp_path / "RUN")
    assert table(tmp_path / "RUN").filter(id="b").height == 5


def test_a_portrait_with_a_sound(tmp_path):
    """Beside a clip with a recording: what needs one is missing for that reason, and the rest stands."""
    frames, speech = talking_face()
    for folder in ("refs", "outs/late/wild"):
        (tmp_path / folder).mkdir(parents=True)
    for path in ("refs/a.mp4", "outs/late/wild/a.mp4", "outs/late/wild/b.mp4"):
        write_video(tmp_path / path, frames[:20], 25, crf=10)
    Image.fromarray(frames[0]).save(tmp_path / "refs/b.png")
    with wave.open(str(tmp_path / "refs/b.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes((speech[: 20 * 640] * 32767).astype("<i2").tobytes())
    dataset = '[[datasets]]\nname = "wild"\nroot = "refs"\n'
    head = 'scores = ["csim", "l1", "niqe"]\n'
    (tmp_path / "bench.toml").write_text(head + METHOD.replace(".npz", ".mp4") + dataset)
    bench("run", tmp_path / "bench.toml", "--out", tmp_path / "RUN")
    found = table(tmp_path / "RUN")
    told = {(name, score): (value, reason) for name, score, value, reason in
            found.select("id", "score", "value", "reason").iter_rows()}  # fmt: skip
    assert told["a", "l1"] == (0, "")
    assert told["b", "l1"] == (None, NO_REFERENCE)
    assert told["b", "csim"][0] > 0.95
    assert told["b", "niqe"][0] == pytest.approx(told["a", "niqe"][0], rel=0.2)
    assert "a:portrait" in found.filter(pl.col("id") == "b", pl.col("score") == "csim")["signature"][0]
