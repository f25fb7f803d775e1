"""Every benchmark and every example can be imported, and what they name is there."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = [path for folder in ("benchmarks", "examples") for path in sorted((ROOT / folder).glob("*.py"))]
OPTIONAL = {"torch", "numba"}
UNLIKE = r" \((?:golden file only|float64 loop|not installed)\)| \d+(?:\.\d+)+\S*?(?=[,; )]|$)"
"""What a reference is called differently for, from one machine to another."""


@pytest.fixture(autouse=True)
def _scripts_can_be_imported(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")  # as a benchmark sets it
    for folder in ("examples", "benchmarks"):
        monkeypatch.syspath_prepend(ROOT / folder)
    yield
    for path in SCRIPTS:
        sys.modules.pop(path.stem, None)


def script(name):
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in OPTIONAL:
            raise
        pytest.skip(f"needs {error.name}")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_can_be_imported(path):
    module = script(path.stem)
    assert Path(module.__file__) == path
    text = path.read_text("utf-8")
    assert ("def main(" in text) == ('__name__ == "__main__"' in text)
    assert f"python {path.relative_to(ROOT)}" in text or "def main(" not in text


def test_what_the_stopwatch_watches_is_there():
    profile = script("score_profile")
    places = [place for places in profile.WATCHED.values() for place in places]
    assert len(set(places)) == len(places)
    for holder, name in map(profile.resolved, places):
        assert callable(getattr(holder, name))


@pytest.mark.parametrize(
    "place", ["jaxeval.scoring.gone:_run", "jaxeval.media.video:Video.gone", "jaxeval.errors:gone"]
)
def test_the_profile_names_what_is_gone(place):
    with pytest.raises(LookupError, match=re.escape(place)):
        script("score_profile").resolved(place)


def test_the_stopwatch_counts_each_second_once(monkeypatch):
    profile, clock = script("score_profile"), [0.0]
    monkeypatch.setattr(profile.time, "perf_counter", lambda: clock[0])

    def passing(seconds, then=lambda: None):
        clock[0] += seconds
        return then()

    def ticking():
        for _ in range(3):
            passing(1)
            yield

    watch = profile.Stopwatch()
    inner, ticks = watch.watched("inner", passing), watch.watched("ticks", ticking)
    watch.watched("outer", passing)(5, lambda: inner(7))
    for _ in ticks():
        passing(10)
    watch.switch()
    assert watch.spent == {"outer": 5, "inner": 7, "ticks": 3, "the rest": 30}


def test_what_the_timing_of_pairs_imports_is_there():
    pair = script("score_pair")
    assert {pair.found(name).__module__ for name in ("Pair", "Scorer")} == {
        pair.PLACES[n][0] for n in ("Pair", "Scorer")
    }
    assert pair.found("JAXEVAL_V1").name == "jaxeval-v1"


def test_the_demo_of_own_scores_prints_both(capsys):
    script("own_scores").main()
    assert re.findall(r"^(\w+) +\d+\.\d{3}", capsys.readouterr().out, flags=re.MULTILINE) == ["colorfulness", "flicker"]


def test_oracles_under_tests_are_there():
    oracles, calls = script("metric_oracles"), set()
    for path in (ROOT / "benchmarks").glob("metric_*.py"):
        calls |= set(re.findall(r'of_tests\("([\w.]+)"\)(?:\.(\w+))?', path.read_text("utf-8")))
    assert len(calls) > 10
    for module, name in calls:
        assert hasattr(oracles.of_tests(module), name or "__file__")


def test_parity_prints_the_rows_of_the_documentation():
    parity = script("metric_parity")
    exact = {row.score: (0.0, 0.0) for row in parity.PAPER + parity.OURS if row.limit}
    shown = parity.markdown(parity.PAPER, exact) + "\n" + parity.markdown(parity.OURS, exact)
    documented = (ROOT / "docs" / "scores.md").read_text("utf-8").partition("## What each score was checked against")[2]
    shown = shown.replace(parity.MIMIC, "the original's own code (PyPI mimic-head 0.1.5)")  # where it isn't installed
    assert rows(shown) == rows(documented)


def rows(text):
    """Of each row of a table all but the deviation, and the reference without its version."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| `")]
    return [
        (score, paper, re.sub(UNLIKE, "", reference), limit, tests, encoder)
        for score, paper, reference, _, limit, tests, encoder in cells
    ]
