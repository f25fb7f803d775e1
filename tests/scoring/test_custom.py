"""Scores of the user's own and numbers of a method: where they stand, what they depend on, and what is refused."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from jaxeval.errors import JaxevalError
from jaxeval.media.write import write_video
from jaxeval.report.table import print_table
from jaxeval.results.compare import compare
from jaxeval.results.record import ClipRecord
from jaxeval.scoring.custom import CustomScore, custom_scores, load_scorers, read_values
from jaxeval.scoring.documents import run_document
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.run import Run, Settings
from jaxeval.scoring.scorer import Scorer

from .runs import read, results_of

FRAMES = np.random.default_rng(0).integers(0, 255, (6, 96, 192, 3), dtype=np.uint8)


def brightness(frames, fps):
    return frames.mean()


def raises(frames, fps):
    raise RuntimeError("no model\nat all")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    for name, frames in (("x", FRAMES), ("y", FRAMES[::-1])):
        write_video(folder / f"{name}.mp4", frames, 25, crf=0)
    return Pair("x", folder / "x.mp4", folder / "y.mp4")


@pytest.fixture
def nothing_else(monkeypatch):
    """Clips get no scores but the user's own, which takes no time."""

    def own_only(self, pair, progress, following):
        return ClipRecord(pair.id, "ok", **vars(custom_scores(self.scorers, FRAMES, self.protocol.fps)))

    monkeypatch.setattr(Scorer, "_score", own_only)


def settings(*scorers, **values):
    return Settings(region="frame", scorers=scorers, values=values)


def scored(out, pair, *scorers, **values):
    run = Run(out, settings(*scorers, **values))
    record, fresh = run.record(pair)
    return results_of(run, [record]), fresh


def test_a_scorer_sees_the_frames_as_floats_and_the_rate():
    seen = []
    scorer = CustomScore("iqa", lambda frames, fps: seen.append((frames, fps)) or 0.5, version="1")
    assert custom_scores([scorer], FRAMES, 25.0).scores == {"iqa": 0.5}
    ((frames, fps),) = seen
    assert (frames.dtype, fps) == (np.float32, 25.0)
    np.testing.assert_array_equal(frames, FRAMES.astype(np.float32) / np.float32(255))


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda frames, fps: float("nan"), "its scorer gave nan"),
        (lambda frames, fps: float("inf"), "its scorer gave inf"),
        (lambda frames, fps: "good", "its scorer failed: ValueError: could not convert string to float: 'good'"),
        (raises, "its scorer failed: RuntimeError: no model"),
    ],
)
def test_a_scorer_without_a_number_is_a_missing_score(function, reason):
    good = CustomScore("vqa", brightness, version="1")
    found = custom_scores([CustomScore("iqa", function, version="1"), good], FRAMES, 25.0)
    assert found.missing == {"iqa": reason}
    assert found.scores == {"vqa": pytest.approx(FRAMES.mean() / 255, rel=1e-5)}


def test_in_the_document_and_the_page(tmp_path, pair):
    own = CustomScore("glow", brightness, version="mean 1", better="↓", unit="lux", definition="How bright it is.")
    iqa = CustomScore("iqa", brightness, version="m 2", definition="MUSIQ's.")
    results, _ = scored(tmp_path, pair, iqa, own, fps=31.5, cost=0.25)
    results.write(tmp_path / "out", title="One")
    document = read(tmp_path / "out")
    (clip,) = document["clips"]
    assert clip["scores"]["iqa"] == clip["scores"]["glow"] == document["summary"]["glow"]["mean"]
    assert document["summary"]["fps"] == {"mean": 31.5, "ci95": None, "n": 1, "of": 1}
    assert document["summary"]["cost"]["mean"] == 0.25
    assert "fps" not in clip["scores"]
    assert document["details"]["glow"]["worst"] == ["x"]
    short = {name: document["signatures"][name]["short"] for name in ("iqa", "glow", "fps")}
    assert short["iqa"].startswith("iqa|jaxeval-v1|e:m 2|c:frame224|f:25|")
    assert short["glow"].startswith("glow|jaxeval-v1|e:mean 1|c:frame224|f:25|")
    assert short["fps"].startswith("fps|jaxeval-v1|e:given|")
    json.dumps(document, allow_nan=False)
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "How bright it is." in page
    assert "MUSIQ&#39;s." in page
    console = Console(width=250, file=io.StringIO())
    print_table(results.document, console)
    told = console.file.getvalue()
    assert "Whole set: fps 31.5 1/s, cost 0.2500" in " ".join(told.split())
    assert "glow" in told
    assert "31.5" in page


def test_another_version_is_scored_anew_and_not_compared(tmp_path, pair, nothing_else):
    one, fresh = scored(tmp_path, pair, CustomScore("iqa", brightness, version="1"))
    assert fresh
    assert not scored(tmp_path, pair, CustomScore("iqa", brightness, version="1"), fps=3.0)[1]
    other, fresh = scored(tmp_path, pair, CustomScore("iqa", brightness, version="2"))
    assert fresh
    with pytest.raises(JaxevalError, match=r"iqa with encoder 1 against 2"):
        compare(one.document, other.document, ["iqa"])


def test_a_file_of_scorers(tmp_path):
    file = tmp_path / "mine.py"
    (tmp_path / "beside_mine.py").write_text("SCALE = 1\n")
    text = """import jaxeval
from beside_mine import SCALE

def seconds(frames, fps):
    return SCALE * len(frames) / fps

SCORERS = [jaxeval.CustomScore('vqa', seconds, version='1')]
"""
    file.write_text(text)
    (scorer,) = load_scorers(file)
    assert custom_scores([scorer], FRAMES, 25.0).scores == {"vqa": 0.24}
    file.write_text(text + "# changed\n")
    assert load_scorers(file)[0].version != scorer.version


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SCORERS = 3", r"expected SCORERS = \[jaxeval.CustomScore\(...\), ...\], found 3"),
        ("SCORERS = []", r"found \[\]"),
        ("x = 1", "found None"),
        ("import sys; sys.exit(3)", "expected a Python file that runs, found: SystemExit: 3"),
        ("1 +", "expected a Python file that runs, found: SyntaxError"),
        ("import jaxeval\njaxeval.CustomScore('psnr', len, version='1')", "found psnr, which is reserved"),
        (
            "import jaxeval\nSCORERS = [jaxeval.CustomScore('a', len, version='1')] * 2",
            "name for each scorer, found a, a",
        ),
    ],
)
def test_files_that_are_none(tmp_path, text, reason):
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(JaxevalError, match=f"^{file}: .*{reason}"):
        load_scorers(file)
    with pytest.raises(JaxevalError, match="expected a Python file that runs"):
        load_scorers(tmp_path / "none.py")


@pytest.mark.parametrize(
    "name", ["psnr", "fps", "lag_ms_iqa", "iqa_div", "fd_mine", "Iqa", "a b", "", "status", "kid", "sync", None]
)
def test_names_that_are_taken(name):
    with pytest.raises(JaxevalError, match="expected"):
        CustomScore(name, brightness, version="1")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"function": 3}, "expected a function of frames and fps, found 3"),
        ({"better": "high"}, "expected better to be '↑', '↓' or '', found 'high'"),
        ({"version": "1\n2"}, "expected version to be one line"),
        ({"version": " "}, "expected a version, found none"),
        ({"unit": 3}, "expected unit to be one line"),
        ({"name": "iqa", "better": "↓"}, "expected better to be '↑' for iqa"),
    ],
)
def test_fields_of_another_kind(fields, reason):
    with pytest.raises(JaxevalError, match=reason):
        CustomScore(**{"name": "mine", "function": brightness, "version": "1"} | fields)


def test_a_scorer_that_failed_is_asked_again(tmp_path, pair, nothing_else):
    tries = iter([RuntimeError("busy"), None])

    def moody(frames, fps):
        if error := next(tries):
            raise error
        return 0.5

    own = CustomScore("iqa", moody, version="1")
    results, _ = scored(tmp_path, pair, own)
    assert results.clips[0].missing["iqa"] == "its scorer failed: RuntimeError: busy"
    results, fresh = scored(tmp_path, pair, own)
    assert fresh
    assert results.clips[0].scores["iqa"] == 0.5
    assert not scored(tmp_path, pair, CustomScore("iqa", moody, version="1", definition="Another text."))[1]


def test_no_two_things_of_one_name(tmp_path, pair):
    own = CustomScore("gaze", brightness, version="1")
    with pytest.raises(JaxevalError, match="value gaze: expected a name that no scorer has"):
        settings(own, gaze=1.0)
    np.savez(tmp_path / "x.npz", gaze=np.eye(5))
    given = Pair("x", tmp_path / "x.npz", tmp_path / "x.npz")
    record, _ = Run(tmp_path / "one", settings(own)).record(given)
    assert record.status == "failed"
    assert "expected trajectory names that no scorer has, found gaze" in record.reason
    run = Run(tmp_path / "other", settings(gaze=99.0))
    with pytest.raises(JaxevalError, match="value gaze: that name is already a per-clip score"):
        run_document(run, [run.record(given)[0]])


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["fps"], "expected NAME=NUMBER, such as fps=31.5, found 'fps'"),
        (["fps=fast"], "found 'fps=fast'"),
        (["fps=nan"], "found 'fps=nan'"),
        (["psnr=30"], "found psnr, which is reserved"),
        (["fps=1", "fps=2"], "found fps twice"),
    ],
)
def test_values_that_are_refused(words, reason):
    with pytest.raises(JaxevalError, match=reason):
        read_values(words)
