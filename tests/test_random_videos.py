"""Any two files in, one row out: the command on random videos. JAXEVAL_FUZZ_SECONDS says for how long (30 by default).

JAXEVAL_FUZZ_SECONDS=36000 JAXEVAL_FUZZ_EXAMPLES=500 pytest -n 0 -m slow tests/test_random_videos.py
"""

import json
import math
import os
import time
import warnings
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from jaxeval.cli.main import main
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.selection import select
from tests.random_videos import RECIPES, write

SECONDS = float(os.environ.get("JAXEVAL_FUZZ_SECONDS", "30"))
EXAMPLES = int(os.environ.get("JAXEVAL_FUZZ_EXAMPLES", "200"))
SCORED = select(JAXEVAL_V1)
EVERY_SCORE = {name for metric in SCORED.metrics if metric.per != "set" for name in SCORED.known.scores(metric)}
scored = {"ok": 0, "failed": 0}


def command(*words):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # NumPy's and SciPy's, which would land on the terminal
        with pytest.raises(SystemExit) as stopped:
            main([str(word) for word in words])
    return stopped.value.code


def check(code, out, row):
    assert row["status"] in ("ok", "failed")
    assert code == (0 if row["status"] == "ok" else 1)
    assert all(math.isfinite(value) for value in (*row["scores"].values(), *row["lag_support"].values()))
    assert not row["scores"].keys() & row["missing"].keys()
    texts = [*row["missing"].values(), *row["flags"], row["reason"] or ""]
    assert not any("\n" in text or "unexpected" in text for text in texts), texts
    if row["status"] == "ok":
        assert row["reason"] is None
        assert row["scores"].keys() | row["missing"].keys() == EVERY_SCORE
        assert all(row["missing"].values())
    else:
        assert row["reason"]
        assert row["id"] in out


@pytest.mark.slow
def test_any_two_files_make_one_row(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    ends: list[float] = []  # SECONDS after the first pair, which compiles

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, print_blob=True, suppress_health_check=list(HealthCheck)
    )
    @given(RECIPES, RECIPES, st.sampled_from(("face", "frame")), st.sampled_from((True, True, True, False)))
    def check_one(generated, reference, region, alike):
        assume(not ends or time.monotonic() < ends[0])
        if alike:  # clips of other shapes and contents are refused, mostly
            size = {name: getattr(generated, name) for name in ("shows", "width", "height")}
            reference = replace(reference, **size)
        with TemporaryDirectory() as folder:
            paths = [write(recipe, Path(folder), name) for recipe, name in ((generated, "x"), (reference, "y"))]
            assume(None not in paths)
            code = command("score", *paths, "--out", Path(folder) / "out", "--region", region, "--noise-floor", 0)
            out, err = capsys.readouterr()
            assert "Traceback" not in out + err
            assert not err, err
            (row,) = json.loads((Path(folder) / "out" / "scores.json").read_text("utf-8"))["clips"]
            check(code, out, row)
            assert all((Path(folder) / "out" / name).stat().st_size for name in ("scores.csv", "report.html"))
            scored[row["status"]] += 1
            ends[:] = ends or [time.monotonic() + SECONDS]

    check_one()
    with capsys.disabled():
        print(f"\nscored {scored['ok']} pairs, refused {scored['failed']} with a reason")
    assert sum(scored.values()) > 1
