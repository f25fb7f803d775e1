"""The demonstration's clips: read back from their files, and looked at by the face mesh."""

import hashlib
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jaxeval.checkpoints import load_encoder
from jaxeval.demo.clips import CLOSED, FPS, MATERIAL, OPEN, make_demo, mouth_openings
from jaxeval.demo.puppet import CHIN, LEFT_EAR, LOWER_EDGE, RIGHT_EAR, UPPER_EDGE, Pose, Puppet
from jaxeval.errors import JaxevalError
from jaxeval.media.audio import decode_audio
from jaxeval.media.video import Video
from jaxeval.perturb.picture import late_audio

FACE = (69, 53, 205, 189)  # in the clip's pixels


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return make_demo(tmp_path_factory.mktemp("demo") / "new" / "folder")


@pytest.fixture(scope="module")
def clips(demo):
    paths = {"reference": demo.reference, **demo.methods}
    return {name: np.concatenate(list(Video(path, FPS).chunks(100))).astype(float) for name, path in paths.items()}


def gap_of_lips(frames):
    """[T] distance between the lips' inner edges in the mesh, in pixels of the clip."""
    crops = [Image.fromarray(frame.astype(np.uint8)).resize((192, 192), box=FACE) for frame in frames]
    run = jax.jit(lambda mesh, crops: mesh(crops))
    landmarks, _ = run(load_encoder("face_mesh"), jnp.asarray(np.stack(crops), jnp.float32) / 255)
    return np.asarray(landmarks[:, 14, 1] - landmarks[:, 13, 1]) * (FACE[2] - FACE[0]) / 192


def test_the_material_is_what_its_table_says():
    table = (MATERIAL / "README.md").read_text()
    listed = dict(re.findall(r"^\| `([\w.]+)` .*`(\w{64})` \|$", table, re.MULTILINE))
    files = {path.name: path for path in MATERIAL.iterdir() if path.suffix != ".md"}
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == listed


def test_files_and_their_lengths(demo):
    folder = demo.reference.parent
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*")) == [
        "methods/blurred.mp4",
        "methods/degraded.mp4",
        "methods/late.mp4",
        "methods/rubato.mp4",
        "reference.mp4",
    ]
    for path in (demo.reference, *demo.methods.values()):
        info = Video(path).info
        assert (info.frames, info.width, info.height, info.source_fps, info.damage) == (75, 272, 272, 25.0, None)


def test_the_sound_is_the_speech(demo):
    speech, _ = decode_audio(MATERIAL / "speech.wav")
    for name, expected in (("blurred", speech), ("late", late_audio(speech))):
        heard, start = decode_audio(demo.methods[name])
        assert start == 0
        assert np.corrcoef(heard[: len(expected)], expected)[0, 1] > 0.98


def test_the_mouth_follows_the_loudness(clips):
    speech, _ = decode_audio(MATERIAL / "speech.wav")
    openings = mouth_openings(speech)
    assert (openings.min(), openings.max(), len(openings)) == (CLOSED, OPEN, 75)
    gap = gap_of_lips(clips["reference"])
    assert np.corrcoef(gap, openings)[0, 1] > 0.95
    assert np.ptp(gap) > 5


def test_nothing_tears(clips):
    photo = np.asarray(Image.open(MATERIAL / "astronaut.png").convert("RGB").crop((84, 0, 356, 272)), float)
    steepest = max(np.abs(np.diff(photo, axis=axis)).max() for axis in (0, 1))
    for frame in clips["reference"]:
        assert max(np.abs(np.diff(frame, axis=axis)).max() for axis in (0, 1)) <= 1.15 * steepest
    apart = np.abs(np.diff(clips["reference"], axis=0)).mean(axis=(1, 2, 3))
    assert 0 < apart.min() <= apart.max() < 5


def test_late_shows_the_reference_three_frames_later(clips):
    assert np.abs(clips["late"][3:] - clips["reference"][:-3]).mean() < 1.5
    assert np.abs(clips["late"][:3] - clips["reference"][0]).mean() < 1.5


def test_rubato_shows_only_frames_of_the_reference(clips):
    differences = np.stack(
        [np.abs(clips["reference"][:, 120:200] - frame[120:200]).mean(axis=(1, 2, 3)) for frame in clips["rubato"]]
    )
    lag = np.arange(75) - differences.argmin(axis=1)
    assert differences.min(axis=1).max() < 1.5
    assert -5 <= lag.min() <= -3
    assert abs(lag[0]) <= 1 >= abs(lag[-1])


def detail(frames):
    return np.abs(np.diff(frames, axis=2)).mean()


def decibels(frames, reference):
    return 10 * np.log10(255**2 / np.square(frames - reference).mean())


@pytest.mark.parametrize("name", ["blurred", "degraded"])
def test_picture_faults_lose_detail_and_no_time(clips, name):
    assert detail(clips[name]) < detail(clips["reference"])
    assert decibels(clips[name], clips["reference"]) < 30 < decibels(clips["late"][3:], clips["reference"][:-3])
    mouths = {key: clips[key][:, 150:180, 110:160].mean(axis=(1, 2, 3)) for key in (name, "reference")}
    agreement = [
        np.corrcoef(mouths[name][5:-5], np.roll(mouths["reference"], shift)[5:-5])[0, 1] for shift in range(-5, 6)
    ]
    assert np.argmax(agreement) == 5


def face_landmarks():
    landmarks = np.zeros((468, 2))
    landmarks[[LEFT_EAR, RIGHT_EAR, 10, CHIN]] = [[16, 32], [48, 32], [32, 12], [32, 52]]
    landmarks[list(UPPER_EDGE)] = np.linspace([26, 41], [38, 41], 11)
    landmarks[list(LOWER_EDGE)] = np.linspace([26, 43], [38, 43], 11)
    return landmarks


def test_a_pose_at_rest_is_the_photograph():
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    np.testing.assert_array_equal(Puppet(photo / 255, face_landmarks()).frame(Pose(opening=0.0)), photo)


@pytest.mark.parametrize("opening", [-1.5, 2.0, 6.0])
def test_the_lower_lip_moves_by_the_opening_and_the_upper_one_stays(opening):
    y = np.mgrid[:64, :64][0] / 64.0
    photo = np.stack([y, y, y], axis=-1)
    column = Puppet(photo, face_landmarks()).frame(Pose(opening)).astype(float)[:, 32, 0] / 255 * 64
    assert np.abs(column[:38] - np.arange(38)).max() < 0.2
    assert column[47 + int(opening)] == pytest.approx(47 + int(opening) - opening, abs=0.3)


def test_a_folder_that_can_not_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JaxevalError, match=r"expected a folder to write to, found: Not a directory"):
        make_demo(tmp_path / "file")
