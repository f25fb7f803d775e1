"""Face chips from Python: the arrays that the command gives the identity network, and which frames lack a face."""

import numpy as np
import pytest
from PIL import Image

from jaxeval.demo.clips import MATERIAL
from jaxeval.errors import JaxevalError
from jaxeval.media.crops import Window
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring import ingest
from jaxeval.scoring.chips import face_chips
from jaxeval.scoring.networks import Networks

PHOTO = np.asarray(Image.open(MATERIAL / "astronaut.png").convert("RGB"))[:260, 80:400]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The astronaut, who moves a little: more frames than go through a network at once."""
    path = tmp_path_factory.mktemp("chips") / "clip.mp4"
    frames = np.stack([np.roll(PHOTO, (k % 5, k), axis=(0, 1)) for k in range(27)])
    write_video(path, frames, 25)
    return path


@pytest.fixture(scope="module")
def frames(path):
    return np.concatenate(list(Video(path).chunks(9)))


def test_chips_are_those_that_the_command_embeds(path, frames):
    networks, video = Networks(JAXEVAL_V1), Video(path)
    face = ingest.find_face(networks, video, JAXEVAL_V1)
    seen = ingest.trajectories(networks, video, face, Window(0, 0, 320, 260), (320, 260), 64)
    np.testing.assert_array_equal(face_chips(frames), seen.face.chips)


def test_floats_give_floats(frames):
    floats = frames.astype(np.float32) / 255
    found = face_chips(floats[:3], "arcface_r50")
    assert (found.shape, found.dtype) == ((3, 112, 112, 3), np.float32)
    np.testing.assert_array_equal(np.rint(found * 255), face_chips(frames[:3], "arcface_r50"))


def test_frames_without_a_face_are_named(frames):
    blank = np.full_like(frames, 127)
    with pytest.raises(JaxevalError, match=r"^Expected a face in each of 27 frames, found none in any of them\.$"):
        face_chips(blank)
    mixed = frames.copy()
    mixed[[4, 20, 21, 22]] = 127
    with pytest.raises(JaxevalError, match=r"in each of 27 frames, found none in frames 4, 20–22\.$"):
        face_chips(mixed)


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (PHOTO, r"frames \[T, H, W, 3\] in \[0, 1\] or uint8, got uint8 \[260, 320, 3\]"),
        (PHOTO[None].astype(int), "got int64"),
        (255 * PHOTO[None].astype(np.float32), r"frames in \[0, 1\], got values from 0 to 65025"),
    ],
)
def test_what_are_no_frames_is_refused(given, match):
    with pytest.raises(ValueError, match=match):
        face_chips(given)


def test_another_encoder_is_refused():
    others = r"Choose from dlib_resnet, arcface_r50, arcface_r100\."
    with pytest.raises(ValueError, match=rf"Expected an identity encoder, got .*\. {others}"):
        face_chips(PHOTO[None], "lpips_alex")
