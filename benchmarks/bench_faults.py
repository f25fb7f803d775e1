"""Does `jaxeval bench run` end with the same rows whatever befalls it?

One small benchmark of trajectories (60 clips, 3 methods, some outputs missing) is run undisturbed. Then, each in a
folder of its own:

    kills      SIGKILL at random moments, resumed each time
    disk       a disk too small for the rows (a tmpfs, for which it must run as root), then one with room
    damage     rows' files cut, changed and emptied, then resumed
    change     an output that is written anew while the run goes on
    two runs   the second one must refuse, naming the first
    parts      three parts at once; one is killed and started again
    Ray        a local cluster of two nodes, one of which is killed in the middle (if Ray is installed)

    python benchmarks/bench_faults.py [--kills 50] [--seed 0]

Prints a line for each with what was compared: the rows' files, byte by byte. Exit code 1 if any differs.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

COMMAND = [sys.executable, "-m", "jaxeval.cli.main", "bench"]
METHODS, CLIPS, FRAMES = ("early", "late", "noisy"), 60, 50


def material(folder: Path, seed: int) -> Path:
    """A benchmark's file, with outputs and references; every tenth output of one method is missing."""
    rng, times = np.random.default_rng(seed), np.arange(FRAMES)
    (folder / "refs/wild").mkdir(parents=True)
    for k in range(CLIPS):
        np.savez(folder / f"refs/wild/c{k}.npz", gaze=np.sin(times / 5 + k), fps=25.0)
        for method, late in zip(METHODS, (-1, 3, 0), strict=True):
            (folder / f"outs/{method}/wild").mkdir(parents=True, exist_ok=True)
            if method != "late" or k % 10:
                output(folder, method, k, late + 0.1 * rng.normal(size=FRAMES) * (method == "noisy"))
    done = subprocess.run([*COMMAND, "init", "outs", "refs"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "bench.toml"


def output(folder: Path, method: str, clip: int, late: float | np.ndarray) -> None:
    path = folder / f"outs/{method}/wild/c{clip}.npz"
    np.savez(path.with_suffix(".new"), gaze=np.sin((np.arange(FRAMES) - late) / 5 + clip), fps=25.0)
    path.with_suffix(".new.npz").replace(path)


def start(bench: Path, out: Path, *words: str) -> subprocess.Popen:
    command = [*COMMAND, "run", str(bench), "--out", str(out), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(bench: Path, out: Path, *words: str) -> str:
    """Run to the end; some outputs are missing, so the exit code is 1."""
    process = start(bench, out, *words)
    text, _ = process.communicate()
    assert process.returncode == 1, text
    assert "Traceback" not in text, text
    return text


def rows(out: Path) -> dict[str, bytes]:
    """The rows' files; what else is there counts as a difference."""
    return {path.name: path.read_bytes() for path in sorted((out / "rows").iterdir()) if path.is_file()}


def seconds_of(bench: Path, out: Path) -> float:
    began = time.monotonic()
    finish(bench, out)
    return time.monotonic() - began


def kills(bench: Path, out: Path, whole: dict[str, bytes], rng: random.Random, number: int, seconds: float) -> str:
    """Each process is killed at a random moment of its own; the folder begins anew when a run ends before that."""
    killed, folders = 0, 0
    while killed < number:
        target = out / f"{folders}"
        process = start(bench, target)
        try:
            process.wait(rng.uniform(0.3, 1.1) * seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
        if process.returncode == 1 or killed == number:
            finish(bench, target)
            assert rows(target) == whole, f"rows differ in {target}"
            folders += 1
    return f"{killed} kills in {folders} runs"


def disk(bench: Path, out: Path, whole: dict[str, bytes]) -> str:
    out.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(out)], capture_output=True).returncode:
        return "not tried: no tmpfs can be mounted here"
    try:
        process = start(bench, out / "run")
        text, _ = process.communicate()
        assert process.returncode == 2, text
        assert "No space left on device" in text.splitlines()[-1], text
        before = rows(out / "run")
        assert before.items() <= whole.items(), "rows on the full disk aren't whole"
        subprocess.run(["mount", "-o", "remount,size=64m", str(out)], check=True)
        finish(bench, out / "run")
        assert rows(out / "run") == whole
        return f"stopped with {len(before)} of {len(whole)} units, then finished"
    finally:
        subprocess.run(["umount", str(out)], check=True)


def damage(bench: Path, out: Path, whole: dict[str, bytes], rng: random.Random) -> str:
    finish(bench, out)
    changes = (lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:-9] + bytes([b[-9] ^ 1]) + b[-8:])
    for change in changes:
        path = rng.choice(sorted((out / "rows").iterdir()))
        path.write_bytes(change(path.read_bytes()))
    assert rows(out) != whole
    finish(bench, out)
    assert rows(out) == whole
    return f"{len(changes)} damaged files replaced"


def change(bench: Path, out: Path, whole: dict[str, bytes], rng: random.Random) -> str:
    """The file ends as it was, so the rows must; in between there is another one."""
    process, path = start(bench, out), bench.parent / "outs/early/wild/c7.npz"
    before, changes = path.read_bytes(), 0
    while process.poll() is None:
        output(bench.parent, "early", 7, rng.uniform(-3, 3))
        changes += 1
        time.sleep(0.005)
    process.communicate()
    path.write_bytes(before)
    finish(bench, out)
    assert rows(out) == whole
    return f"{changes} changes of one file"


def two_runs(bench: Path, out: Path) -> str:
    first = start(bench, out)
    while not (out / "running").exists() or not (out / "running").read_text():
        time.sleep(0.01)
    second = start(bench, out)
    text, _ = second.communicate()
    first.communicate()
    assert second.returncode == 2, text
    assert f"process {first.pid} on " in text, text
    return text.strip()


def parts(bench: Path, out: Path, whole: dict[str, bytes], seconds: float) -> str:
    running = [start(bench, out, "--shard", f"{number}/3") for number in (1, 2, 3)]
    time.sleep(0.8 * seconds)
    running[1].send_signal(signal.SIGKILL)
    for process in running:
        process.communicate()
    before = len(rows(out))
    process = start(bench, out, "--shard", "2/3")
    process.communicate()
    assert rows(out) == whole
    return f"{before} of {len(whole)} units when one of three had died"


def on_ray(bench: Path, out: Path, whole: dict[str, bytes]) -> str:
    try:
        from ray.cluster_utils import Cluster
    except ImportError:
        return "not tried: Ray isn't installed"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        other = cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        process = start(bench, out, "--ray", cluster.address)
        while len(list((out / "rows").glob("*.parquet"))) < len(whole) // 3:
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.01)
        cluster.remove_node(other, allow_graceful=False)
        before = len(rows(out))
        text, _ = process.communicate()
        assert process.returncode == 1, text
        assert rows(out) == whole
        return f"one of two nodes was lost at {before} of {len(whole)} units"
    finally:
        cluster.shutdown()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng, failed = random.Random(asked.seed), False
    os.environ["JAX_ENABLE_COMPILATION_CACHE"] = "true"
    with tempfile.TemporaryDirectory(prefix="bench-faults-") as name:
        folder = Path(name)
        bench = material(folder, asked.seed)
        finish(bench, folder / "warm")
        seconds = seconds_of(bench, folder / "whole")
        whole = rows(folder / "whole")
        print(f"undisturbed: {len(whole)} units in {seconds:.1f} s", flush=True)
        tries = {
            "kills": lambda: kills(bench, folder / "kills", whole, rng, asked.kills, seconds),
            "disk": lambda: disk(bench, folder / "disk", whole),
            "damage": lambda: damage(bench, folder / "damage", whole, rng),
            "change": lambda: change(bench, folder / "change", whole, rng),
            "two runs": lambda: two_runs(bench, folder / "two"),
            "parts": lambda: parts(bench, folder / "parts", whole, seconds),
            "Ray": lambda: on_ray(bench, folder / "ray", whole),
        }
        for what, attempt in tries.items():
            try:
                print(f"{what:9} equal  {attempt()}", flush=True)
            except AssertionError as error:
                failed = True
                print(f"{what:9} DIFFERENT  {error}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
