"""Pairs read under one geometry: crops without networks, and whole clips of one photograph through all of them."""

from types import SimpleNamespace

import numpy as np
import pytest
import skimage.data
from PIL import Image

from jaxeval.errors import JaxevalError
from jaxeval.media.crops import Window
from jaxeval.media.geometry import Placement
from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.ingest import trajectories
from jaxeval.scoring.loading import Loader
from jaxeval.scoring.networks import Networks

PHOTO = Image.fromarray(skimage.data.astronaut())


def frames(box, width, height, count=8, sway=6):
    """The photograph seen through a window that sways by some pixels."""
    seen = []
    for k in range(count):
        x, y = sway * np.sin(k / 2), sway / 2 * np.cos(k / 3)
        moved = (box[0] + x, box[1] + y, box[2] + x, box[3] + y)
        seen.append(np.asarray(PHOTO.resize((width, height), Image.Resampling.BICUBIC, moved)))
    return np.stack(seen)


def resized(clip, width, height):
    return np.stack([np.asarray(Image.fromarray(f).resize((width, height), Image.Resampling.BICUBIC)) for f in clip])


WIDE = frames((20, 10, 484, 271), 480, 270)


def memory(clip):
    info = SimpleNamespace(frames=len(clip))
    return SimpleNamespace(width=clip.shape[2], height=clip.shape[1], chunks=lambda n: iter([clip]), info=info)


@pytest.mark.parametrize("side", [100, 64])
@pytest.mark.parametrize(
    ("clip", "placement"),
    [
        (WIDE[:, 20:220, 110:310], Placement((1, 1), (-110, -20))),
        (np.pad(WIDE, ((0, 0), (40, 40), (0, 0), (0, 0))), Placement((1, 1), (0, 40))),
        (WIDE, Placement()),
        (WIDE, None),
    ],
)
def test_crops_of_another_section_are_those_of_the_reference(clip, placement, side):
    window = Window(150, 40, 250, 140)
    expected = np.stack([window.cut(frame, side) for frame in WIDE])
    seen = trajectories(None, memory(clip), None, window, (480, 270), side, placement)
    assert seen.face is None
    np.testing.assert_array_equal(seen.crops, expected)


@pytest.fixture(scope="module")
def loader():
    return Loader(Networks(JAXEVAL_V1), JAXEVAL_V1, "face")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    left = frames((114, 20, 334, 240), 200, 200)
    right = frames((124, 30, 324, 230), 200, 200)[:, :, ::-1, [2, 1, 0]]
    away = frames((104, 10, 344, 250), 200, 200)
    clips = {
        "wide": WIDE,
        "square": resized(WIDE[:, 20:220, 110:310], 256, 256),
        "portrait": WIDE[:, :, 130:290],
        "letterbox": np.pad(WIDE, ((0, 0), (60, 60), (0, 0), (0, 0))),
        "squashed": resized(WIDE, 288, 288),
        "two": np.concatenate([left, right], axis=2),
        "two_left_away": np.concatenate([away, right], axis=2),
        "only_right": right[:, 10:190, 20:180],
        "other": np.stack([skimage.data.coffee()[:300, 100:400]] * 8),
        "other_wide": np.stack([skimage.data.rocket()[:270, :480]] * 8),
    }
    for name, clip in clips.items():
        write_video(folder / f"{name}.mp4", clip, 25, crf=10)
    return folder


def loaded(loader, folder, generated, reference):
    return loader.load(folder / f"{generated}.mp4", folder / f"{reference}.mp4")


def middle(clip):
    box = clip.path.track.box
    return (box[0] + box[2]) / 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("generated", "reference", "code"),
    [
        ("square", "wide", "section"),
        ("portrait", "wide", "section"),
        ("wide", "square", "section"),
        ("letterbox", "wide", "bars"),
        ("squashed", "wide", "squashed"),
    ],
)
def test_crops_landmarks_and_identity_look_at_one_geometry(loader, folder, generated, reference, code):
    x, y, flags = loaded(loader, folder, generated, reference)
    assert [flag.partition(":")[0] for flag in flags] == [code]
    error = (x.seen.crops.astype(float) - y.seen.crops) ** 2
    assert 10 * np.log10(255**2 / error.mean()) > 28
    size = np.ptp(y.seen.face.landmarks[..., 0], axis=1).mean()
    apart = np.linalg.norm((x.seen.face.landmarks - y.seen.face.landmarks)[..., :2], axis=-1)
    assert apart.mean() < 0.02 * size
    assert np.linalg.norm(x.embeddings - y.embeddings, axis=1).max() < 0.2


@pytest.mark.slow
def test_the_generated_clips_face_is_that_of_the_reference_though_another_one_is_larger(loader, folder):
    x, y, flags = loaded(loader, folder, "two_left_away", "two")
    assert abs(middle(x) - middle(y)) < 10
    apart = np.linalg.norm((x.seen.face.landmarks - y.seen.face.landmarks)[..., :2], axis=-1)
    assert apart.mean() < 15
    assert flags[0].startswith("several faces: reference: 2 people, scored: the ")


@pytest.mark.slow
def test_of_the_references_faces_the_one_that_both_clips_show_is_scored(loader, folder):
    x, y, flags = loaded(loader, folder, "only_right", "two")
    assert middle(y) > 200
    assert np.abs(x.seen.face.landmarks - y.seen.face.landmarks)[..., :2].mean() < 2
    assert "reference: 2 people, scored: the right one" in flags[1]


@pytest.mark.slow
def test_without_faces_whole_frames_of_other_shapes_are_never_stretched(folder):
    loader = Loader(Networks(JAXEVAL_V1), JAXEVAL_V1, "frame")
    with pytest.raises(JaxevalError, match="expected the reference's aspect ratio \\(480x270"):
        loaded(loader, folder, "other", "other_wide")
    x, y, flags = loaded(loader, folder, "portrait", "wide")
    assert [flag.partition(":")[0] for flag in flags] == ["section"]
    assert (y.window.left, y.window.top, y.window.right, y.window.bottom) == (130, 0, 290, 270)
    error = (x.seen.crops.astype(float) - y.seen.crops) ** 2
    assert 10 * np.log10(255**2 / error.mean()) > 30


@pytest.mark.slow
@pytest.mark.parametrize(("face", "place"), [("left", 100), ("right", 300), ("2", 300)])
def test_the_face_that_is_asked_for_is_followed_in_both_clips(folder, face, place):
    chosen = Loader(Networks(JAXEVAL_V1), JAXEVAL_V1, "face", face)
    for clip in loaded(chosen, folder, "two", "two")[:2]:
        assert middle(clip) == pytest.approx(place, abs=30)
    alone, portrait, flags = chosen.load_alone(folder / "two.mp4")
    assert middle(alone) == pytest.approx(place, abs=30)
    assert portrait is None
    assert any(f"chosen by --face {face}" in flag for flag in flags)


@pytest.mark.slow
@pytest.mark.parametrize(("shown", "place"), [("left", 100), ("right", 300)])
def test_a_portrait_chooses_its_person(loader, folder, tmp_path, shown, place):
    box = {"left": (114, 20, 334, 240), "right": (124, 30, 324, 230)}[shown]
    picture = frames(box, 200, 200, count=1)[0]
    picture = picture if shown == "left" else picture[:, ::-1, [2, 1, 0]]
    Image.fromarray(picture).save(tmp_path / "portrait.png")
    clip, portrait, flags = loader.load_alone(folder / "two.mp4", tmp_path / "portrait.png")
    assert middle(clip) == pytest.approx(place, abs=30)
    assert any("most like the portrait" in flag for flag in flags)
    assert np.linalg.norm(clip.embeddings - portrait.embedding, axis=1).max() < 0.35
