"""`jaxeval bench robustness` on a clip without a face, and on the demo's: rows, files, resuming, and what can't be."""

import csv
import io
from collections import Counter

import numpy as np
import pytest
from rich.console import Console

import jaxeval
from jaxeval.benchmark import robustness
from jaxeval.cli.bench_robustness import BenchRobustness
from jaxeval.demo.clips import make_demo
from jaxeval.errors import JaxevalError
from jaxeval.media.video import Video
from jaxeval.media.write import write_video

TABLES = ("robustness.csv", "separation.csv", "monotonicity.csv")
LIGHT = {"scores": ("l1", "ssim"), "region": "frame", "levels": 1}
CHANGES = ("shift", "freezes", "sound_delay", "blur", "identity")
CONDITIONS = 1 + len(CHANGES)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A bright square that moves over a grey gradient, without sound."""
    frames = np.tile(np.linspace(40, 200, 64).astype(np.uint8)[None, None, :, None], (12, 64, 1, 3))
    for k, frame in enumerate(frames):
        frame[20:36, 4 + 3 * k : 20 + 3 * k] = 250
    path = tmp_path_factory.mktemp("clip") / "square.mp4"
    write_video(path, frames, 25, crf=0)
    return path


def run(clips, out, **options):
    """Exit code, and what was printed."""
    told = io.StringIO()
    return BenchRobustness(clips, out, **options).run(Console(file=told, width=200)), told.getvalue()


def rows(out, table="robustness.csv"):
    return list(csv.DictReader((out / table).open()))


@pytest.fixture(scope="module")
def light(clip, tmp_path_factory):
    """Exit code, folder and text of a run that keeps its copies."""
    out = tmp_path_factory.mktemp("light") / "out"
    code, text = run(clip, out, changes=CHANGES, keep=True, **LIGHT)
    return code, out, text


def test_every_number_has_a_row_or_a_reason(light):
    code, out, _ = light
    found = rows(out)
    assert code == 0
    assert Counter(row["score"] for row in found) == {"l1": CONDITIONS, "ssim": CONDITIONS}
    assert all((row["value"] == "") == (row["reason"] != "") for row in found)
    missing = {row["change"]: row["reason"] for row in found if row["reason"]}
    assert missing == {"sound_delay": "the clip has no sound", "identity": "no face was found in the clip"}


def test_values_are_those_of_the_kept_copies(light):
    _, out, _ = light
    folder = out / "clips" / "square"
    for name, change in (("shift_240_ms", "shift"), ("blur_3.0_px", "blur")):
        results = jaxeval.score(folder / f"{name}.mp4", folder / "identical.mp4", scores=["l1", "ssim"], region="frame")
        told = {row["score"]: row for row in rows(out) if row["change"] == change}
        for score, sign in (("l1", 1), ("ssim", -1)):
            itself = next(float(r["value"]) for r in rows(out) if (r["change"], r["score"]) == ("identical", score))
            value = results.clips[0].scores[score]
            assert float(told[score]["value"]) == pytest.approx(value, rel=1e-5)
            assert float(told[score]["response"]) == pytest.approx(sign * (value - itself), rel=1e-4)


def test_the_clip_itself_is_its_reference_without_loss(light):
    itself = {row["score"]: float(row["value"]) for row in rows(light[1]) if row["change"] == "identical"}
    assert itself == {"l1": 0, "ssim": 1}


def test_tables_page_and_figures_are_written(light):
    _, out, text = light
    assert {path.name for path in (out / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("responses", "curves_l1", "curves_ssim") for kind in ("pdf", "svg")
    }
    page = (out / "robustness.html").read_text("utf-8")
    assert "the clip has no sound" in page
    assert "no face was found in the clip" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert [row["score"] for row in rows(out, "separation.csv")] == ["ssim", "l1"]
    assert {row["of"] for row in rows(out, "separation.csv")} == {"1"}
    assert f"{out / 'robustness.html'}" in text
    assert "AUC" in text


def test_a_second_run_makes_and_scores_nothing(light, clip, monkeypatch):
    _, out, _ = light
    before = {name: (out / name).read_bytes() for name in (*TABLES, "robustness.html")}
    monkeypatch.setattr(robustness, "write_video", None)
    monkeypatch.setattr(robustness, "Video", None)
    code, text = run(clip, out, changes=CHANGES, keep=True, **LIGHT)
    assert (code, text.count("(scored earlier)")) == (0, CONDITIONS)
    assert {name: (out / name).read_bytes() for name in before} == before


def made_copies(monkeypatch):
    """Names of the files that are written from now on."""
    names = []

    def write(path, *arguments, **options):
        names.append(path.stem)
        return write_video(path, *arguments, **options)

    monkeypatch.setattr(robustness, "write_video", write)
    return names


def test_an_interrupted_run_resumes_with_what_is_missing(light, clip, tmp_path, monkeypatch):
    names, record = made_copies(monkeypatch), robustness.Run.record

    def until_blur(self, pair, *rest):
        if "blur" in pair.id:
            raise KeyboardInterrupt
        return record(self, pair, *rest)

    monkeypatch.setattr(robustness.Run, "record", until_blur)
    with pytest.raises(KeyboardInterrupt):
        run(clip, tmp_path / "out", changes=CHANGES, **LIGHT)
    assert names == ["identical", "shift_240_ms", "freezes_1.2_s", "blur_3.0_px"]
    names.clear()
    monkeypatch.setattr(robustness.Run, "record", record)
    code, text = run(clip, tmp_path / "out", changes=CHANGES, **LIGHT)
    assert (code, text.count("(scored earlier)")) == (0, 4)
    assert names == ["blur_3.0_px", "identical"]  # the reference is stored again
    assert not (tmp_path / "out" / "clips").exists()  # nothing is kept
    assert all((tmp_path / "out" / name).read_bytes() == (light[1] / name).read_bytes() for name in TABLES)


def test_a_clip_that_cannot_be_read_is_failed_rows(clip, tmp_path):
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(b"no video")
    (folder / "b.mp4").write_bytes(clip.read_bytes())
    code, text = run(folder, tmp_path / "out", changes=("shift",), **LIGHT)
    found = rows(tmp_path / "out")
    assert code == 1
    assert "2 failed" in text
    assert all("a.mp4" in row["reason"] for row in found if row["clip"] == "a")
    assert Counter(row["clip"] for row in found) == {"a": 2, "b": 4}
    assert "What failed" in (tmp_path / "out" / "robustness.html").read_text("utf-8")


def test_a_clip_without_a_face_is_told_to_be_scored_as_frames(clip, tmp_path):
    code, _ = run(clip, tmp_path / "out", changes=("shift",), levels=1, scores=("l1",))
    assert code == 1
    assert {row["reason"].partition(";")[2] for row in rows(tmp_path / "out")} == {
        " --region frame scores whole frames"
    }


def test_only_the_first_seconds_are_used(clip, tmp_path):
    run(clip, tmp_path / "out", changes=("blur",), seconds=0.2, keep=True, **LIGHT)
    assert Video(tmp_path / "out" / "clips" / "square" / "identical.mp4", 25).info.frames == 5


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"changes": ("blurr",)}, "Did you mean blur?"),
        ({"scores": ("lpisp",)}, "Did you mean lpips?"),
        ({"scores": ("fid",), "protocol": "arxiv-2606.01031"}, "found only fid, .*of whole sets"),
        ({"levels": 0}, "--levels: expected at least 1, found 0"),
        ({"limit": 0}, "--clips: expected at least 1, found 0"),
        ({"seconds": 0.0}, "--seconds: expected more than 0, found 0"),
        ({"protocol": "jaxeval-v2"}, "Did you mean jaxeval-v1?"),
    ],
)
def test_what_cannot_run_is_one_line(clip, tmp_path, options, text):
    with pytest.raises(JaxevalError, match=text) as refused:
        run(clip, tmp_path / "out", **options)
    assert "\n" not in str(refused.value)


def test_clips_must_be_there(tmp_path):
    with pytest.raises(JaxevalError, match="expected CLIPS to be a video or a folder, found neither"):
        run(tmp_path / "gone.mp4", tmp_path / "out")


@pytest.mark.parametrize("place", ["clips", "clips/a.mp4", "clips/more"])
def test_the_user_s_clips_are_no_copies_to_be_deleted(tmp_path, place):
    (tmp_path / "clips" / "more").mkdir(parents=True)
    (tmp_path / "clips" / "a.mp4").touch()
    with pytest.raises(JaxevalError, match="expected a folder whose clips/ isn't CLIPS, found"):
        run(tmp_path / place, tmp_path)
    assert (tmp_path / "clips" / "a.mp4").exists()


def test_the_demo_s_face(tmp_path):
    demo = make_demo(tmp_path / "demo")
    scores = ("csim", "csim_div", "lip_sync")
    options = {"changes": ("shift", "sound_delay", "identity"), "levels": 2, "scores": scores}
    code, text = run(demo.reference, tmp_path / "out", **options)
    found = {row["score"]: row for row in rows(tmp_path / "out", "separation.csv")}
    assert code == 0, text
    assert not [row for row in rows(tmp_path / "out") if row["reason"]]
    # Alignment forgives a delay of 240 ms; another face's proportions, no.
    assert float(found["csim_div"]["own_auc"]) == 1
    assert float(found["csim_div"]["own_ratio"]) > 10 * float(found["csim"]["own_ratio"])
    late = [row for row in rows(tmp_path / "out") if row["change"] == "sound_delay"]
    assert {float(row["response"]) for row in late if row["score"] in ("csim", "csim_div")} == {0}
    assert all(float(row["response"]) != 0 for row in late if row["score"] == "lip_sync")
