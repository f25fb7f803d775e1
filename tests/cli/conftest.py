"""Files that several of the command's tests score."""

import json

import numpy as np
import pytest

from jaxeval.media.write import write_video

from .command import face_frames


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """One folder of healthy and hostile files."""
    folder = tmp_path_factory.mktemp("files")
    frames = face_frames(12)
    write_video(folder / "reference.mp4", frames, 25, crf=10)
    write_video(folder / "generated.mp4", face_frames(12, phase=-0.5), 25, crf=10)
    write_video(folder / "one.mp4", frames[:1], 25)
    write_video(folder / "small.mp4", face_frames(12, size=128), 25)
    write_video(folder / "short.mp4", frames[:9], 25)
    write_video(folder / "fast.mp4", face_frames(24), 50)
    write_video(folder / "faceless.mp4", np.full_like(frames, 90), 25)
    vanishing = frames.copy()
    vanishing[4:7] = 90
    write_video(folder / "vanishing.mp4", vanishing, 25)
    gone = np.concatenate([frames[:2], np.full((12, *frames.shape[1:]), 90, np.uint8)])
    write_video(folder / "gone.mp4", gone, 25)
    tone = 0.5 * np.sin(np.arange(8000) / 5)
    write_video(folder / "sounding.mp4", frames, 25, audio=tone)
    (folder / "text.mp4").write_text("This is not a video.\n" * 50)
    (folder / "empty.mp4").touch()
    whole = (folder / "sounding.mp4").read_bytes()
    (folder / "headless.mp4").write_bytes(whole[: len(whole) // 3])
    return folder


@pytest.fixture
def runs(tmp_path):
    """Two runs of eight clips: the second one's `ssim` is 0.1 higher, its `l1` the same."""
    for name, more in (("one", 0.0), ("other", 0.1)):
        scores = [{"ssim": 0.5 + k / 100 + more, "l1": 0.5 + k / 100} for k in range(8)]
        entry = {"mean": None, "ci95": None, "n": 0, "of": 8}
        document = {
            "schema": 1,
            "clips": [{"id": f"c{k}", "status": "ok", "scores": row, "missing": {}} for k, row in enumerate(scores)],
            "summary": dict.fromkeys(("ssim", "l1"), entry),
            "signatures": {key: {"short": "x", "long": "metric=x"} for key in ("ssim", "l1")},
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    return [tmp_path / "one.json", tmp_path / "other.json"]
