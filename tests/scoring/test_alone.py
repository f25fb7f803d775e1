"""Clips without a reference: alone, and with a portrait."""

import json

import numpy as np
import pytest
import skimage.data
from PIL import Image

import jaxeval
from jaxeval.cli.main import main
from jaxeval.demo.clips import talking_face
from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.catalogue import catalogue
from jaxeval.scoring.materials import NO_REFERENCE
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.scorer import Scorer

COUNT = 60
KNOWN = catalogue(JAXEVAL_V1.encoders, JAXEVAL_V1.timing)
UNSURE = {"lip_sync_offset_ms", "lag_ms_lip_sync", "lag_std_ms_lip_sync"}
"""What a puppet's mouth, with a lip-sync confidence below 3, doesn't tell."""
TIME_FAULTS = {"frozen", "looped", "static"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    frames, speech = talking_face()
    frames, sound = frames[:COUNT], speech[: COUNT * 640]
    write_video(folder / "clip.mp4", frames, 25, audio=sound, crf=10)
    write_video(folder / "static.mp4", np.repeat(frames[:1], COUNT, 0), 25, audio=sound)
    write_video(folder / "frozen.mp4", np.concatenate([frames[:30], np.repeat(frames[29:30], 30, 0)]), 25, audio=sound)
    write_video(folder / "looped.mp4", np.tile(frames[:15], (4, 1, 1, 1)), 25, audio=sound)
    Image.fromarray(frames[0]).save(folder / "portrait.png")
    Image.fromarray(skimage.data.coffee()).save(folder / "coffee.png")
    (folder / "cut.png").write_bytes((folder / "portrait.png").read_bytes()[:999])
    return folder


@pytest.fixture(scope="module")
def scorer():
    scorer = Scorer(JAXEVAL_V1)
    scorer.load()
    return scorer


def scored(scorer, folder, name="clip", portrait=None):
    return scorer.score(Pair(name, folder / f"{name}.mp4", None, portrait=portrait and folder / portrait))


def told(*against):
    return {name for name, score in KNOWN.items() if score.against in against and score.per in ("frame", "clip")}


def codes(record):
    return {flag.partition(":")[0] for flag in record.flags}


def test_what_needs_no_reference_is_scored_and_the_rest_is_missing_for_one_reason(scorer, folder):
    record = scored(scorer, folder)
    selected = {name for metric in scorer.selection.metrics for name in KNOWN.scores(metric)}
    assert (record.status, record.frames) == ("ok", (COUNT, None))
    assert record.scores.keys() | UNSURE == told("") & selected
    assert set(record.missing) - UNSURE == told("reference", "portrait") & selected
    assert {record.missing[name] for name in told("reference", "portrait") & selected} == {NO_REFERENCE}
    assert record.reference is None
    assert record.portrait is None
    assert record.curves.keys() == {"lip_sync"}
    assert not codes(record) & TIME_FAULTS


def test_each_score_is_that_of_the_clip_against_itself(scorer, folder):
    record, path = scored(scorer, folder), folder / "clip.mp4"
    pair = scorer.score(Pair("pair", path, path))
    assert record.scores == {name: pair.scores[name] for name in record.scores}


def test_identity_is_held_against_the_portrait(scorer, folder):
    record = scored(scorer, folder, portrait="portrait.png")
    encoder = jaxeval.load_encoder("dlib_resnet")
    x, y = (
        np.asarray(encoder(jaxeval.face_chips(frames)), np.float64)
        for frames in (
            jaxeval.read_video(folder / "clip.mp4"),
            np.asarray(Image.open(folder / "portrait.png"))[None] / np.float32(255),
        )
    )
    cosine = (x @ y[0]) / np.linalg.norm(x, axis=1) / np.linalg.norm(y[0])
    np.testing.assert_allclose(record.per_frame["csim"], cosine, atol=1e-5)
    np.testing.assert_allclose(record.per_frame["id_distance"], np.linalg.norm(x - y, axis=1), atol=1e-4)
    assert record.missing["csim_div"] == NO_REFERENCE
    assert record.portrait.images.shape == (1, 112, 112, 3)


def test_a_portrait_without_a_face_costs_only_what_needs_one(scorer, folder):
    record, alone = scored(scorer, folder, portrait="coffee.png"), scored(scorer, folder)
    assert record.status == "ok"
    assert record.scores == alone.scores
    assert record.missing["csim"] == record.missing["id_distance"] == "no face found in the portrait coffee.png"


@pytest.mark.parametrize(
    ("portrait", "words"),
    [("cut.png", "expected a picture, found: OSError"), ("none.png", "expected a portrait, found no such file")],
)
def test_a_bad_portrait_is_named(scorer, folder, portrait, words):
    record = scored(scorer, folder, portrait=portrait)
    assert record.status == "failed"
    assert record.reason.startswith(f"{folder / portrait}: {words}")


@pytest.mark.parametrize("fault", ["static", "frozen", "looped"])
def test_faults_of_time_are_told(scorer, folder, fault):
    assert codes(scored(scorer, folder, fault)) & TIME_FAULTS == {fault}


def test_the_command_and_its_files(folder, tmp_path, capsys):
    for name in ("one", "two"):
        (tmp_path / "clips").mkdir(exist_ok=True)
        (tmp_path / "faces").mkdir(exist_ok=True)
        (tmp_path / "clips" / f"{name}.mp4").write_bytes((folder / "clip.mp4").read_bytes())
    (tmp_path / "faces" / "one.png").write_bytes((folder / "portrait.png").read_bytes())
    (tmp_path / "faces" / "three.png").touch()
    given = ("score", tmp_path / "clips", "--portrait", tmp_path / "faces", "--out", tmp_path / "out")
    with pytest.raises(SystemExit) as stopped:
        main([*map(str, given), "--scores", "csim,psnr,smooth,lag_ms"])
    out = capsys.readouterr().out
    document = json.loads((tmp_path / "out" / "scores.json").read_text())
    one, two = document["clips"]
    assert stopped.value.code == 1
    assert (one["status"], one["frames"]) == ("ok", [COUNT, None])
    assert one["scores"].keys() == {"csim", "smooth"}
    assert one["missing"] == dict.fromkeys(("psnr", "lag_ms"), NO_REFERENCE)
    assert two["reason"].startswith(f"{tmp_path / 'faces' / 'two'}: expected a portrait, found no such file")
    assert "|a:portrait|" in document["signatures"]["csim"]["short"]
    assert "|a:" not in document["signatures"]["smooth"]["short"]
    assert f"Not scored: timing, psnr: {NO_REFERENCE}" in " ".join(out.split())
    assert "PORTRAIT/three.png" in out
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"{COUNT} frames, no reference" in page
    assert ">portrait<" in page
    line = (tmp_path / "out" / "scores.csv").read_text().splitlines()[1]
    assert line.startswith(f"one,ok,,{COUNT},,")


def test_a_portrait_beside_a_reference_is_refused(folder, capsys):
    clip, picture = folder / "clip.mp4", folder / "portrait.png"
    with pytest.raises(jaxeval.JaxevalError, match="portrait: expected no reference, found both"):
        jaxeval.score(clip, clip, portrait=picture)
    with pytest.raises(jaxeval.JaxevalError, match="expected a reference or a portrait, found both"):
        Pair("a", clip, clip, portrait=picture)
    with pytest.raises(SystemExit) as stopped:
        main(["score", str(clip), str(clip), "--portrait", str(picture)])
    assert stopped.value.code == 2
    assert "--portrait: expected no REFERENCE, found both" in capsys.readouterr().err


def test_trajectories_need_a_reference(tmp_path):
    np.savez(tmp_path / "a.npz", gaze=np.zeros((9, 2)), fps=25.0)
    clip = jaxeval.score(tmp_path / "a.npz").clips[0]
    assert clip.status == "failed"
    assert "expected a reference for trajectories" in clip.reason


def test_frames_without_a_face(folder, tmp_path):
    write_video(tmp_path / "grey.mp4", np.full((12, 96, 96, 3), 90, np.uint8), 25)
    for region, status in (("face", "failed"), ("frame", "ok")):
        clip = jaxeval.score(tmp_path / "grey.mp4", region=region, scores=["l1", "csim", "smooth"]).clips[0]
        assert clip.status == status
    assert clip.scores.keys() == {"smooth"}
