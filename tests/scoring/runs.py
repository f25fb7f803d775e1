"""What tests of runs share: pairs of trajectories in files, scored without loading a network."""

import json

import numpy as np

from jaxeval.report.results import Results
from jaxeval.scoring.documents import run_document
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.run import Run, Settings
from jaxeval.scoring.scorer import Scorer


def trajectories(folder, name, noise, count=3, frames=20):
    """`count` files in `folder/name`, the references' trajectories with some noise; pairs with `folder/references`."""
    for side, by in ((name, noise), ("references", 0.0)):
        (folder / side).mkdir(exist_ok=True, parents=True)
        for k in range(count):
            steps = np.random.default_rng(k).standard_normal((frames, 3)).cumsum(axis=0)
            more = by * np.random.default_rng(100 + k).standard_normal(steps.shape)
            np.savez(folder / side / f"clip{k}.npz", motion=steps + more)
    names = [f"clip{k}" for k in range(count)]
    return [Pair(n, folder / name / f"{n}.npz", folder / "references" / f"{n}.npz") for n in names]


def no_networks(monkeypatch):
    """Trajectories need none."""
    monkeypatch.setattr(Scorer, "load", lambda self: None)


def a_run(out, name="first", **more):
    return Run(out, Settings(names={"generated": name, "reference": "references"}, **more))


def results_of(run, records):
    return Results(run_document(run, records), run.clip, run.settings.protocol.fps)


def read(folder):
    return json.loads((folder / "scores.json").read_text())


def means(document):
    return {name: entry["mean"] for name, entry in document["summary"].items()}
