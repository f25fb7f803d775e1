"""How long scoring a pair takes: this version, commit bcd730f and a plain PyTorch pipeline, in one run on one machine.

    python benchmarks/score_speed.py [--rounds N] [--old FOLDER] [--skip old,demo,torch,profile] [--keep FOLDER]

The clips last 8 s at 512×512 (`score_clips.py`). Every measurement is a process of its own, with an empty cache folder
of its own, so that nothing is found compiled or encoded; each of them scores two pairs (`score_pair.py`). In every
round all take their turn, and the fastest round counts: other programs only make it slower. Compared are

- the pair under the default scores, ST-LPIPS at bcd730f and LPIPS now;
- the pair under the scores of bcd730f's default, chosen by name: `lag_ms` now needs LPIPS, beside ST-LPIPS;
- `jaxeval demo`, whose time includes compiling;
- `torch_pipeline.py`, which aligns nothing (needs `pip install torch scikit-image`).

Below is where the second pair's time goes under the default (`score_profile.py`). bcd730f is taken from this
repository's history and runs in this environment, unless --old names a checkout of it.
"""

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import defaultdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OLD = "bcd730f"
HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PARTS = ("old", "demo", "torch", "profile")
GONE = {"f_lmd"}
"""Scores that only bcd730f had: `lmd` is the same number."""
PACKAGES = {"torch": "torch", "skimage": "scikit-image"}
"""What the PyTorch pipeline imports, and how it is installed."""

NEW, OLD_LIST, TORCH = "now", f"now, scores of {OLD}", "PyTorch, nothing aligned"
SECOND, DEMO = "second pair", "jaxeval demo"
Times = dict[tuple[str, str], list[float]]
"""(version, task) to the seconds of each round."""

RATIOS = (
    (SECOND, OLD, NEW, "at least", 4.0),
    (SECOND, OLD, OLD_LIST, "at least", 2.0),
    (DEMO, OLD, NEW, "at least", 3.0),
    (SECOND, NEW, TORCH, "at most", 1.0),
)
"""Task, version over version, and the target."""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2, help="how often each is measured (default: 2)")
    parser.add_argument("--old", type=Path, help=f"a checkout of {OLD}")
    parser.add_argument("--skip", default="", help=f"parts to leave out, of {','.join(PARTS)}")
    parser.add_argument("--keep", type=Path, help="where the clips are to stay (default: nowhere)")
    chosen = parser.parse_args()
    chosen.skip = set(filter(None, chosen.skip.split(",")))
    if unknown := chosen.skip - set(PARTS):
        parser.error(f"--skip: expected some of {','.join(PARTS)}, found {min(unknown)}")
    if chosen.rounds < 1:
        parser.error(f"--rounds: expected at least 1, found {chosen.rounds}")
    return chosen


def checkout(folder: Path) -> Path:
    """bcd730f out of this repository's history."""
    archive = subprocess.run(["git", "-C", str(ROOT), "archive", OLD], capture_output=True)
    if archive.returncode:
        reason = archive.stderr.decode().strip()
        sys.exit(f"score_speed: {reason}; fetch the whole history, name a checkout with --old, or --skip old.")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def run(package: Path, *words: str) -> str:
    """What a Python process prints, with a checkout's jaxeval and an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "JAXEVAL_"))}
        own = {"PYTHONPATH": str(package), "XDG_CACHE_HOME": cache, "JAX_PLATFORMS": "cpu"}
        # Elsewhere than here, for `python -c` takes what lies in its own folder first.
        done = subprocess.run([sys.executable, *words], env=kept | own, cwd=cache, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"score_speed: {' '.join(words)} with {package}:\n{done.stdout}{done.stderr}")
    return done.stdout


def measured(script: str, package: Path, *words: str) -> dict[str, Any]:
    """What one of the other benchmarks tells of its two pairs."""
    told = json.loads(run(package, str(HERE / script), *words))
    if told.get("package") not in (None, str(package.resolve() / "jaxeval")):
        sys.exit(f"score_speed: expected jaxeval of {package}, found {told['package']}.")
    return told


_DEMO = "import sys; from jaxeval.cli import main; sys.argv.insert(1, 'demo'); sys.exit(getattr(main, 'main', main)())"
"""The command's entry point is `jaxeval.cli:main` at bcd730f, and `jaxeval.cli.main:main` now."""


def demo_seconds(package: Path) -> float:
    with tempfile.TemporaryDirectory() as out:
        start = time.perf_counter()
        run(package, "-c", _DEMO, "--out", out)
        return time.perf_counter() - start


def one_round(clips: Path, old: Path | None, skip: set[str], times: Times) -> dict[str, Any] | None:
    """Everything once; what the PyTorch pipeline tells, if it ran."""

    def pairs(version: str, script: str, package: Path, *words: str) -> dict[str, Any]:
        told = measured(script, package, str(clips), *words)
        for task, seconds in zip(("first pair", SECOND), told["seconds"], strict=True):
            times[version, task].append(seconds)
        return told

    if old:
        names = [name for name in pairs(OLD, "score_pair.py", old)["names"] if name not in GONE]
        pairs(OLD_LIST, "score_pair.py", ROOT, ",".join(names))
    pairs(NEW, "score_pair.py", ROOT)
    theirs = None if "torch" in skip else pairs(TORCH, "torch_pipeline.py", ROOT)
    if "demo" not in skip:
        for version, package in {OLD: old, NEW: ROOT}.items():
            if package:
                times[version, DEMO].append(demo_seconds(package))
    return theirs


def print_times(times: Times) -> None:
    print(f"\n{'':26} {'':14} {'seconds':>8}   each round")
    for (version, task), seconds in sorted(times.items(), key=lambda row: row[0][1]):
        rounds = "  ".join(f"{value:.1f}" for value in seconds)
        print(f"{version:26} {task:14} {min(seconds):8.1f}   {rounds}")


def print_ratios(times: Times) -> None:
    print()
    for task, above, below, bound, target in RATIOS:
        if not (times.get((above, task)) and times.get((below, task))):
            continue
        ratio = min(times[above, task]) / min(times[below, task])
        met = ratio >= target if bound == "at least" else ratio <= target
        verdict = "ok" if met else "MISSED"
        print(f"{task}: ({above}) / ({below}) = {ratio:.2f}, target {bound} {target:g}: {verdict}")


def main() -> None:
    chosen = options()
    lacking = [package for module, package in PACKAGES.items() if not find_spec(module)]
    if lacking and "torch" not in chosen.skip:
        print(f"The PyTorch pipeline is left out; it needs `pip install {' '.join(lacking)}`.")
        chosen.skip.add("torch")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, rounds: {chosen.rounds}", flush=True)
    if hasattr(os, "getloadavg") and (load := os.getloadavg()[0]) > 0.5:
        print(f"Other programs run (load {load:.1f}): the figures are rough, and PyTorch's suffer most.", flush=True)
    times: Times = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="jaxeval-speed-") as temporary:
        clips = (chosen.keep or Path(temporary) / "clips").resolve()
        run(ROOT, str(HERE / "score_clips.py"), str(clips))
        old = None if "old" in chosen.skip else (chosen.old or checkout(Path(temporary) / OLD)).resolve()
        for _ in range(chosen.rounds):
            theirs = one_round(clips, old, chosen.skip, times)
        print_times(times)
        print_ratios(times)
        if theirs:
            print("\nPyTorch's second pair in the last round, seconds and scores:")
            for told in ("stages", "scores"):
                print(", ".join(f"{name} {value:.3g}" for name, value in theirs[told].items()))
        if "profile" not in chosen.skip:
            print("\nThis version's second pair:", flush=True)
            print(run(ROOT, str(HERE / "score_profile.py"), str(clips)), end="")


if __name__ == "__main__":
    main()
