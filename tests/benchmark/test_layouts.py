"""Layouts of published datasets, on trees made as their documentation describes them."""

import pytest

from jaxeval.benchmark.layouts import LAYOUTS, sources
from jaxeval.errors import JaxevalError

TREES = {
    "plain": (
        ["b.mp4", "sub/a.mov", "notes.txt"],
        [("b", "", "", None), ("sub/a", "", "", None)],
    ),
    "hdtf": (
        ["RD_Radio11_000.mp4", "WRA_JohnBarrasso1_001.mp4", "WDA_BarackObama_000.mp4", "other.mp4", "RD_R_0.txt"],
        [
            ("RD_Radio11_000", "RD_Radio11", "radio", None),
            ("WDA_BarackObama_000", "WDA_BarackObama", "debate", None),
            ("WRA_JohnBarrasso1_001", "WRA_JohnBarrasso1", "address", None),
        ],
    ),
    "voxceleb2": (
        ["dev/mp4/id00012/21Uxsk56VDQ/00001.mp4", "dev/aac/id00012/21Uxsk56VDQ/00001.m4a",
         "test/mp4/id00017/01dfn2spqyE/00002.mp4", "dev/mp4/other/21Uxsk56VDQ/00001.mp4"],
        [
            ("dev/mp4/id00012/21Uxsk56VDQ/00001", "id00012", "", "dev/aac/id00012/21Uxsk56VDQ/00001.m4a"),
            ("test/mp4/id00017/01dfn2spqyE/00002", "id00017", "", None),
        ],
    ),
    "celebvhq": (
        ["M2Ohb0FAaJU_1.mp4", "-cC_h1a2b3c_12.mp4", "short_1.mp4"],
        [("-cC_h1a2b3c_12", "-cC_h1a2b3c", "", None), ("M2Ohb0FAaJU_1", "M2Ohb0FAaJU", "", None)],
    ),
    "mead": (
        ["M003/video/front/angry/level_1/001.mp4", "M003/audio/angry/level_1/001.m4a",
         "M003/video/left_30/angry/level_1/001.mp4", "W009/video/front/neutral/level_1/004.mp4"],
        [
            ("M003/video/front/angry/level_1/001", "M003", "angry level_1", "M003/audio/angry/level_1/001.m4a"),
            ("W009/video/front/neutral/level_1/004", "W009", "neutral level_1", None),
        ],
    ),
    "ravdess": (
        ["Video_Speech_Actor_01/Actor_01/01-01-03-02-01-02-01.mp4", "Actor_24/01-02-05-01-02-01-24.mp4",
         "Actor_01/02-01-03-02-01-02-01.mp4", "Actor_01/03-01-03-02-01-02-01.wav"],
        [
            ("Actor_24/01-02-05-01-02-01-24", "Actor_24", "song angry", None),
            ("Video_Speech_Actor_01/Actor_01/01-01-03-02-01-02-01", "Actor_01", "speech happy", None),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_tree(tmp_path, layout):
    files, expected = TREES[layout]
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = sources(tmp_path, layout)
    sounds = [clip.audio and clip.audio.relative_to(tmp_path).as_posix() for clip in found]
    assert [(clip.id, clip.identity, clip.style, sound) for clip, sound in zip(found, sounds, strict=True)] == expected
    assert all(
        clip.video.is_file() and clip.video.relative_to(tmp_path).with_suffix("").as_posix() == clip.id
        for clip in found
    )


def test_a_folder_without_videos(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(JaxevalError, match="expected videos, found 1 other files"):
        sources(tmp_path, "hdtf")
