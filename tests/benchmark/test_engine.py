"""`jaxeval bench` on trajectories: each pair is scored once, whatever happens in between, and rows are as found."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest

import jaxeval
from jaxeval.benchmark.shards import Shards, only_run
from jaxeval.errors import JaxevalError
from jaxeval.files import atomic_file
from jaxeval.scoring.run import Run

from .material import METHODS, bench, folders, output, rows, trajectory


@pytest.fixture
def scored(monkeypatch):
    """The pairs that are scored, as opposed to found."""
    pairs, before = [], Run._scored

    def counted(self, pair, *rest):
        pairs.append(pair.id)
        return before(self, pair, *rest)

    monkeypatch.setattr(Run, "_scored", counted)
    return pairs


def table(out):
    return Shards(out / "rows").table()


def test_rows_are_what_score_finds(tmp_path):
    file = folders(tmp_path)
    bench("run", file, "--out", tmp_path / "RUN")
    found = table(tmp_path / "RUN")
    assert found.select("method", "dataset", "id").unique().height == 12
    assert found["identity"].unique().to_list() == [""]
    for method in METHODS:
        alone = jaxeval.score(tmp_path / f"outs/{method}/wild/c1.npz", tmp_path / "refs/wild/c1.npz")
        own = found.filter(method=method, dataset="wild", id="c1")
        assert dict(own.select("score", "value").iter_rows()) == alone.clips[0].scores
        signatures = {name: texts.short for name, texts in alone.document.signatures.items()}
        assert dict(own.select("score", "signature").iter_rows()) == signatures


def test_a_missing_score_is_a_row_with_its_reason(tmp_path):
    file = folders(tmp_path, clips=1, datasets=("wild",))
    file.write_text(f'scores = ["lpips"]\n{file.read_text()}'.replace("# scores", "# "))
    bench("run", file, "--out", tmp_path / "RUN")
    found = table(tmp_path / "RUN").filter(method="late", score="lpips")
    assert found["value"].to_list() == [None]
    assert found["reason"].to_list() == ["needs video frames; this pair has only trajectories"]


def test_other_gammas(tmp_path):
    """Each is what the clip scores by itself at that γ; the leaderboard knows nothing of them."""
    file = folders(tmp_path, clips=1, datasets=("wild",))
    file.write_text(f"gammas = [0.1, 10.0]\n{file.read_text()}")
    bench("run", file, "--out", tmp_path / "RUN")
    found = table(tmp_path / "RUN").filter(method="late", score="gaze_div")
    assert found["multiple"].to_list() == [1, 0.1, 10]
    for multiple, value, signature in found.select("multiple", "value", "signature").iter_rows():
        path = tmp_path / "outs/late/wild/c0.npz"
        alone = jaxeval.score(path, tmp_path / "refs/wild/c0.npz", gamma=0.01 * multiple)
        assert value == alone.clips[0].scores["gaze_div"]
        assert signature == alone.document.signatures["gaze_div"].short
    bench("report", tmp_path / "RUN")
    told = pl.read_parquet(tmp_path / "RUN/report/rows.parquet")
    assert told.filter(score="gaze_div").height == len(METHODS)


def test_again_nothing_is_scored(tmp_path, scored):
    file = folders(tmp_path)
    bench("run", file, "--out", tmp_path / "RUN")
    before = rows(tmp_path / "RUN")
    assert len(scored) == 12
    bench("run", file, "--out", tmp_path / "RUN")
    assert len(scored) == 12
    assert rows(tmp_path / "RUN") == before


def test_rows_stand_without_their_records(tmp_path, scored):
    file = folders(tmp_path, clips=1, datasets=("wild",))
    bench("run", file, "--out", tmp_path / "RUN")
    shutil.rmtree(tmp_path / "RUN/clips")
    bench("run", file, "--out", tmp_path / "RUN")
    assert len(scored) == 3


def test_each_reference_is_worked_off_with_all_methods(tmp_path, scored):
    bench("run", folders(tmp_path), "--out", tmp_path / "RUN")
    assert [pair.split("/", 1)[1] for pair in scored] == [
        clip for clip in ("studio/c0", "studio/c1", "wild/c0", "wild/c1") for _ in METHODS
    ]


def test_a_new_method_costs_only_itself(tmp_path, scored):
    file = folders(tmp_path)
    bench("run", file, "--out", tmp_path / "RUN")
    for dataset in ("wild", "studio"):
        for k in range(2):
            output(tmp_path, "new", f"c{k}", 2, dataset)
    before = table(tmp_path / "RUN")
    text = bench("add", file, "new", "outs/new/{dataset}/{id}.npz", "--paradigm", "lip-centric", "--year", 2020)
    assert "added new" in text
    bench("run", file, "--out", tmp_path / "RUN")
    assert sorted(scored[12:]) == [f"new/{dataset}/c{k}" for dataset in ("studio", "wild") for k in range(2)]
    after = table(tmp_path / "RUN")
    assert after.filter(pl.col("method") != "new").sort("key", "score").equals(before.sort("key", "score"))


def test_a_method_that_is_added_must_be_right(tmp_path):
    file = folders(tmp_path)
    before = file.read_text()
    assert "methods[3].name: expected each name once" in bench("add", file, "late", "{dataset}/{id}.mp4", code=2)
    assert "unknown {di}" in bench("add", file, "new", "{dataset}/{di}{id}.mp4", code=2)
    assert file.read_text() == before


def test_a_file_that_changed_is_scored_again(tmp_path, scored):
    file = folders(tmp_path)
    bench("run", file, "--out", tmp_path / "RUN")
    output(tmp_path, "late", "c0", 4, "studio")
    bench("run", file, "--out", tmp_path / "RUN")
    assert scored[12:] == ["late/studio/c0"]
    del scored[:]
    trajectory(tmp_path / "refs/wild/c1.npz", 1, "c1")
    bench("run", file, "--out", tmp_path / "RUN")
    assert scored == [f"{method}/wild/c1" for method in METHODS]


def test_a_file_that_changes_while_it_is_scored(tmp_path, monkeypatch):
    """Nothing that was read of one file is kept as if it were of another."""
    file, before = folders(tmp_path, clips=1, datasets=("wild",)), Run._scored

    def changing(self, pair, *rest):
        if pair.id == "late/wild/c0":
            output(tmp_path, "late", "c0", 5)
        return before(self, pair, *rest)

    monkeypatch.setattr(Run, "_scored", changing)
    text = bench("run", file, "--out", tmp_path / "RUN", code=1)
    assert "expected a file that stays as it is, found it changed while it was scored" in text
    monkeypatch.undo()
    bench("run", file, "--out", tmp_path / "RUN")
    bench("run", file, "--out", tmp_path / "ANEW")
    assert rows(tmp_path / "RUN") == rows(tmp_path / "ANEW")


def test_a_failed_clip_is_a_row_and_is_tried_again_on_request(tmp_path, scored):
    file = folders(tmp_path)
    path = tmp_path / "outs/late/wild/c0.npz"
    path.unlink()
    text = bench("run", file, "--out", tmp_path / "RUN", code=1)
    assert "1 failed (try them again with --again): 1 × expected two clips, found no generated clip at …" in text
    row = table(tmp_path / "RUN").filter(method="late", dataset="wild", id="c0")
    assert row.select("score", "value").rows() == [("", None)]
    assert f"found no generated clip at {path}" in row["reason"][0]
    del scored[:]
    bench("run", file, "--out", tmp_path / "RUN", code=1)
    assert scored == []
    bench("run", file, "--out", tmp_path / "RUN", "--again", code=1)
    assert scored == ["late/wild/c0"]
    output(tmp_path, "late", "c0", 3)
    bench("run", file, "--out", tmp_path / "RUN")
    assert "failed" not in bench("status", tmp_path / "RUN")


def test_damaged_rows_are_made_again(tmp_path):
    file = folders(tmp_path)
    bench("run", file, "--out", tmp_path / "RUN")
    before = rows(tmp_path / "RUN")
    paths = sorted((tmp_path / "RUN/rows").iterdir())
    for path, content in zip(paths, (b"", paths[1].read_bytes()[:-3], paths[2].read_bytes()[::-1]), strict=False):
        path.write_bytes(content)
    assert rows(tmp_path / "RUN") != before
    assert "3 of 12 pairs scored; nobody works on it" in bench("status", tmp_path / "RUN")
    bench("run", file, "--out", tmp_path / "RUN")
    assert rows(tmp_path / "RUN") == before


def test_parts_make_the_same_rows(tmp_path, scored):
    file = folders(tmp_path, clips=4)
    bench("run", file, "--out", tmp_path / "RUN")
    del scored[:]
    for number in (3, 1, 2):
        bench("run", file, "--out", tmp_path / "PARTS", "--shard", f"{number}/3")
    assert len(scored) == len(set(scored)) == 24
    assert rows(tmp_path / "PARTS") == rows(tmp_path / "RUN")


def test_a_second_run_is_refused(tmp_path):
    file = folders(tmp_path, clips=1)
    (tmp_path / "RUN").mkdir()
    with only_run(tmp_path / "RUN"):
        text = bench("run", file, "--out", tmp_path / "RUN", code=2)
        assert f"expected no other run to work on it, found process {os.getpid()} on " in text
        assert "running" in os.listdir(tmp_path / "RUN")
    with only_run(tmp_path / "RUN", "2 of 3"):
        bench("run", file, "--out", tmp_path / "RUN", "--shard", "2/3", code=2)
        bench("run", file, "--out", tmp_path / "RUN", code=2)
        bench("run", file, "--out", tmp_path / "RUN", "--shard", "1/3")


def test_status_while_a_part_works(tmp_path):
    file = folders(tmp_path, clips=2)
    bench("run", file, "--out", tmp_path / "RUN", "--shard", "1/2")
    with only_run(tmp_path / "RUN", "1 of 2"):
        log = (tmp_path / "RUN/log/1 of 2.jsonl").read_text().splitlines()
        assert [json.loads(line)["scored"] for line in log] == [3, 3]
        seconds = sum(json.loads(line)["seconds"] for line in log)
        text = bench("status", tmp_path / "RUN")
    assert f"6 of 12 pairs scored; {seconds / 6:.2g} s a pair, about " in text
    assert f"working: process {os.getpid()} on " in text
    assert text.endswith("part 1 of 2")


def test_verify(tmp_path):
    file = folders(tmp_path)
    bench("run", file, "--out", tmp_path / "RUN")
    assert "10 of 10 pairs stand" in bench("verify", tmp_path / "RUN")
    assert "12 of 12 pairs stand" in bench("verify", tmp_path / "RUN", "--pairs", 50, "--seed", 3)
    shards = Shards(tmp_path / "RUN/rows")
    (key, first), *rest = shards.read("wild/c1").items()
    wrong = [first[0]._replace(value=0.25), *first[1:]]
    shards.write("wild/c1", {key: wrong, **dict(rest)})
    text = bench("verify", tmp_path / "RUN", "--pairs", 12, code=1)
    assert f"early/wild/c1: {first[0].score}: expected 0.25, found {first[0].value!r}" in text
    assert "11 of 12 pairs stand" in text


def test_verify_without_rows(tmp_path):
    assert "expected the folder of a benchmark's run, found no plan.json" in bench("verify", tmp_path, code=2)


def test_plan_counts_what_is_there(tmp_path, scored):
    file = folders(tmp_path)
    (tmp_path / "outs/late/wild/c1.npz").unlink()
    text = bench("plan", file, "--out", tmp_path / "RUN", "--time", 2)
    assert f"missing: {tmp_path / 'outs/late/wild/c1.npz'}" in text
    assert "1 of 2" in text
    assert "12 pairs to score: about " in text
    assert "(2 timed)" in text
    assert len(scored) == 3
    bench("run", file, "--out", tmp_path / "RUN", code=1)
    assert len(scored) == 12, "each once: two that were timed, one before them that compiles, and the others"
    assert "No estimate" not in bench("plan", file, "--time", 0)


WRONG = [
    (("run", "none.toml", "--out", "RUN"), "none.toml: expected a benchmark, found no such file"),
    (("run", "bench.toml", "--out", "RUN", "--shard", "4/3"), "--shard: expected I/N with I from 1 to N"),
    (("run", "bench.toml", "--out", "RUN", "--shard", "auto"), "--shard auto: expected a SLURM array or job step"),
    (("run", "bench.toml", "--out", "RUN", "--shard", "1/2", "--ray"), "--ray and --shard: expected at most one"),
    (("run", "bench.toml", "--out", "bench.toml"), "bench.toml: expected a folder to write to, found: File exists"),
    (("status", "refs"), "refs: expected the folder of a benchmark's run, found no plan.json in it"),
    (("plan", "bench.toml", "--time", "-1"), "--time: expected 0 or more, found -1"),
    (("init", "outs", "refs", "--out", "bench.toml"), "bench.toml: expected no such file yet, found one"),
]


@pytest.mark.parametrize(("words", "expected"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_what_cannot_run(tmp_path, monkeypatch, words, expected):
    folders(tmp_path, clips=1)
    monkeypatch.chdir(tmp_path)
    assert expected in bench(*words, code=2)


def test_a_plan_that_is_damaged(tmp_path):
    (tmp_path / "plan.json").write_text('{"bench": 3')
    assert "plan.json: expected the plan of a run, found: " in bench("status", tmp_path, code=2)


def test_rows_that_cannot_be_written(tmp_path, monkeypatch):
    file = folders(tmp_path)

    def full(path):
        if path.suffix == ".parquet":
            raise JaxevalError(f"{path}: expected to write it, found: No space left on device.")
        return atomic_file(path)

    monkeypatch.setattr("jaxeval.benchmark.shards.atomic_file", full)
    assert "No space left on device" in bench("run", file, "--out", tmp_path / "RUN", code=2)
    monkeypatch.undo()
    bench("run", file, "--out", tmp_path / "RUN")
    bench("run", file, "--out", tmp_path / "ANEW")
    assert rows(tmp_path / "RUN") == rows(tmp_path / "ANEW")


def started(file, out, *words):
    command = [sys.executable, "-m", "jaxeval.cli.main", "bench", "run", str(file), "--out", str(out), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_killed_and_resumed(tmp_path):
    """benchmarks/bench_faults.py does it at 50 random moments."""
    file, rng = folders(tmp_path, clips=30), np.random.default_rng(0)
    bench("run", file, "--out", tmp_path / "WHOLE")
    for _ in range(3):
        process, before = started(file, tmp_path / "RUN"), len(list((tmp_path / "RUN").glob("rows/*.parquet")))
        while process.poll() is None and len(list((tmp_path / "RUN").glob("rows/*.parquet"))) <= before:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert len(rows(tmp_path / "RUN")) < 60
    bench("run", file, "--out", tmp_path / "RUN")
    assert rows(tmp_path / "RUN") == rows(tmp_path / "WHOLE")
    assert not list((tmp_path / "RUN").rglob("*.part"))


def test_on_ray_with_a_node_that_dies(tmp_path):
    pytest.importorskip("ray", reason="needs Ray (pip install 'jaxeval[ray]')")
    from ray.cluster_utils import Cluster

    file = folders(tmp_path, clips=20)
    bench("run", file, "--out", tmp_path / "WHOLE")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        other = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        process = started(file, tmp_path / "RUN", "--ray", cluster.address)
        while len(list((tmp_path / "RUN").glob("rows/*.parquet"))) < 10 and process.poll() is None:
            time.sleep(0.01)
        cluster.remove_node(other, allow_graceful=False)
        text, _ = process.communicate()
    finally:
        cluster.shutdown()
    assert process.returncode == 0, text
    assert "Ray: 2 units at once, 1 CPU for each" in text
    assert rows(tmp_path / "RUN") == rows(tmp_path / "WHOLE")


def test_without_ray(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it weren't there
    text = bench("run", folders(tmp_path, clips=1), "--out", tmp_path / "RUN", "--ray", code=2)
    assert "--ray: expected Ray, found none installed. Install it: pip install 'jaxeval[ray]'." in text
