"""Rows on disk: whole or absent, damaged ones found, and one run at a time."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jaxeval.benchmark.shards import Row, Shards, only_run, workers
from jaxeval.errors import JaxevalError


def rows(unit, methods=3):
    return [
        Row(f"m{m}", "wild", unit, "ann", score, None if m == 1 else m + 0.1, "no face" * (m == 1), f"{score}|v:1")
        for m in range(methods)
        for score in ("lpips", "csim")
    ]


def test_round_trip(tmp_path):
    shards = Shards(tmp_path / "rows")
    shards.write("wild/a", {"k": rows("a")})
    shards.write("wild/b", {"k": rows("b"), "l": rows("c")[:1]})
    assert shards.read("wild/a") == {"k": rows("a")}
    assert shards.read("wild/b") == {"k": rows("b"), "l": rows("c")[:1]}
    assert shards.read("wild/c") == {}
    table = shards.table()
    assert table.height == 13
    assert sorted(table["key"].unique()) == ["k", "l"]


def test_the_same_rows_are_the_same_file(tmp_path):
    names = []
    for name in ("one", "two"):
        Shards(tmp_path / name).write("wild/a", {"k": rows("a")})
        names.append([(path.name, path.read_bytes()) for path in (tmp_path / name).iterdir()])
    assert names[0] == names[1]


def test_new_rows_take_the_place_of_old_ones(tmp_path):
    shards = Shards(tmp_path)
    for key in ("one", "two", "two"):
        shards.write("wild/a", {key: rows("a", len(key))})
    assert len(list(tmp_path.iterdir())) == 1
    assert shards.read("wild/a") == {"two": rows("a")}


@pytest.mark.parametrize(
    "damage",
    [lambda b: b[:-1], lambda b: b"", lambda b: b[:99] + bytes([b[99] ^ 1]) + b[100:], lambda b: b + b"\0"],
)
def test_a_damaged_file_is_no_rows(tmp_path, damage):
    shards = Shards(tmp_path)
    shards.write("wild/a", {"k": rows("a")})
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert shards.read("wild/a") == {}
    assert shards.table().height == 0
    shards.write("wild/a", {"k": rows("a")})
    assert shards.read("wild/a") == {"k": rows("a")}


WRITER = """
import sys, time
from pathlib import Path
from tests.benchmark.test_shards import Shards, rows
shards = Shards(Path(sys.argv[1]))
print("ready", flush=True)
for k in range(60):
    if not shards.read(f"wild/{k}"):
        shards.write(f"wild/{k}", {"k": rows(str(k))})
    time.sleep(0.002)
"""


def writer(folder):
    command = [sys.executable, "-c", WRITER, str(folder)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE)


def test_killed_at_any_moment_nothing_is_lost_or_doubled(tmp_path):
    rng, whole = random.Random(0), Shards(tmp_path / "whole")
    for k in range(60):
        whole.write(f"wild/{k}", {"k": rows(str(k))})
    for _ in range(4):
        process = writer(tmp_path / "killed")
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.1))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert writer(tmp_path / "killed").wait() == 0
    left = {path.name: path.read_bytes() for path in (tmp_path / "killed").glob("*.parquet")}
    assert left == {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}


def test_a_second_run_names_the_first(tmp_path):
    words = f"expected no other run to work on it, found process {os.getpid()} on"
    with only_run(tmp_path):
        with pytest.raises(JaxevalError, match=words), only_run(tmp_path):
            pass
        with pytest.raises(JaxevalError, match=words), only_run(tmp_path, "2 of 3"):
            pass
    with only_run(tmp_path, "2 of 3"):
        with only_run(tmp_path, "1 of 3"):
            assert [name.partition(", ")[2] for name in workers(tmp_path)] == ["part 1 of 3", "part 2 of 3"]
        with pytest.raises(JaxevalError, match=f"{words} .*, part 2 of 3"), only_run(tmp_path, "2 of 3"):
            pass
        with pytest.raises(JaxevalError, match=f"{words} .*, part 2 of 3"), only_run(tmp_path):
            pass
    assert workers(tmp_path) == []
    with only_run(tmp_path):
        pass


def test_a_lock_ends_with_its_process(tmp_path):
    code = "import sys, time; from pathlib import Path; from jaxeval.benchmark.shards import only_run\n"
    code += "with only_run(Path(sys.argv[1])): print('here', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    process.stdout.readline()
    with pytest.raises(JaxevalError, match=f"found process {process.pid} on"), only_run(tmp_path):
        pass
    process.kill()
    process.wait()
    with only_run(tmp_path):
        pass


def test_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(JaxevalError, match="expected to write it, found: No such file"), only_run(tmp_path / "none"):
        pass
