"""Files as arrays: the frames and samples are those that PyAV decodes, in the range that the metrics take."""

import wave

import av
import numpy as np
import pytest

import jaxeval
from jaxeval.errors import JaxevalError
from jaxeval.media.reading import as_type, read_audio, read_video
from jaxeval.media.upright import EXACT
from jaxeval.media.write import write_video

from .numbered_clips import evenly, write_numbered

RATE = 16000


@pytest.fixture
def clip(tmp_path):
    """40 frames at 25 per second, each of one smooth colour ramp, which 4:2:0 keeps; and a tone."""
    rows, columns, times = np.arange(32)[:, None], np.arange(48), np.arange(40)[:, None, None]
    ramps = np.broadcast_arrays(4 * rows + times, 3 * columns + 2 * times, 200 - 2 * rows - times)
    frames = np.stack(ramps, axis=-1).astype(np.uint8)
    tone = 0.5 * np.sin(2 * np.pi * 440 / RATE * np.arange(RATE))
    write_video(tmp_path / "clip.mp4", frames, 25, audio=tone.astype(np.float32))
    return tmp_path / "clip.mp4"


def test_frames_are_those_that_pyav_decodes(clip):
    with av.open(str(clip)) as container:
        options = {"format": "rgb24", "src_colorspace": "ITU709", "dst_color_range": "JPEG", "interpolation": EXACT}
        decoded = np.stack([frame.reformat(**options).to_ndarray() for frame in container.decode(video=0)])
    found = read_video(clip, dtype=np.uint8)
    np.testing.assert_array_equal(found, decoded)
    np.testing.assert_array_equal(read_video(clip), found.astype(np.float32) / np.float32(255))


def test_another_rate(clip):
    every = read_video(clip, dtype=np.uint8)
    np.testing.assert_array_equal(read_video(clip, fps=12.5, dtype=np.uint8), every[::2])


def test_every_metric_takes_what_is_read(clip):
    frames = read_video(clip)
    assert np.isinf(jaxeval.psnr(frames, frames)).all()
    assert jaxeval.mfcc(read_audio(clip)).shape[1] == 13


def test_a_damaged_file_is_told(tmp_path):
    noise = lambda k: np.random.default_rng(k).integers(0, 256, (48, 64, 3), np.uint8)  # noqa: E731
    path = write_numbered(tmp_path / "clip.mp4", **evenly(60, 25), options={"movflags": "faststart"}, draw=noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.warns(UserWarning, match=r"clip\.mp4: decoded \d+ of 60 frames; the file is truncated or damaged\.$"):
        assert 0 < len(read_video(path)) < 60


def test_samples_are_those_of_the_file(tmp_path):
    samples = np.random.default_rng(0).integers(-32768, 32768, 5000).astype(np.int16)
    with wave.open(str(tmp_path / "noise.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    found = read_audio(tmp_path / "noise.wav")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, samples)


def test_sound_of_a_video_is_what_pyav_decodes(clip):
    with av.open(str(clip)) as container:
        decoded = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    found = read_audio(clip)
    offset = len(decoded) - len(found)
    assert 0 <= offset <= 2048  # the codec's priming
    np.testing.assert_allclose(found, 32768 * decoded[offset : offset + len(found)], atol=2)


def test_bytes_and_floats_there_and_back():
    every = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(as_type(as_type(every, np.float32), np.uint8), every)


@pytest.mark.parametrize(
    ("call", "match"), [(read_video, "a video, found no such"), (read_audio, "sound, found no such")]
)
def test_a_file_that_is_not_there(tmp_path, call, match):
    with pytest.raises(JaxevalError, match=match):
        call(tmp_path / "nowhere.mp4")


def test_other_types_are_refused(clip):
    with pytest.raises(ValueError, match=r"Expected dtype float32 or uint8, got float64\."):
        read_video(clip, dtype=np.float64)
