"""A small benchmark whose clips are trajectories, so that a pair takes milliseconds."""

import contextlib
import io
import re

import numpy as np

from jaxeval.cli.main import main

METHODS = {"early": -1, "late": 3, "noisy": 0}


def output(folder, method, name, late, dataset="wild"):
    path = folder / f"outs/{method}/{dataset}/{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    trajectory(path, late, name)


def trajectory(path, late, name):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, gaze=np.sin((np.arange(30) - late) / 5 + ord(name[-1])), fps=25.0)


def folders(folder, clips=2, datasets=("wild", "studio")):
    """bench.toml of all methods on all datasets."""
    for dataset in datasets:
        for k in range(clips):
            trajectory(folder / f"refs/{dataset}/c{k}.npz", 0, f"c{k}")
            for method, late in METHODS.items():
                output(folder, method, f"c{k}", late, dataset)
    bench("init", folder / "outs", folder / "refs", "--out", folder / "bench.toml")
    return folder / "bench.toml"


def bench(*words, code=0):
    """What `jaxeval bench WORDS` prints: standard output, or the one line on standard error if it can't run."""
    out, err = io.StringIO(), io.StringIO()
    out.reconfigure = err.reconfigure = lambda **kwargs: None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(["bench", *map(str, words)])
        except SystemExit as stopped:
            found = stopped.code
    assert found == code, out.getvalue() + err.getvalue()
    assert "Traceback" not in out.getvalue() + err.getvalue()
    if code == 2:
        assert err.getvalue().count("\n") == 1
    return " ".join(re.sub(r"\s+", " ", text) for text in (out.getvalue(), err.getvalue())).strip()


def rows(out):
    """The files of a run's rows; anything else beside them counts too."""
    return {path.name: path.read_bytes() for path in (out / "rows").iterdir()}
